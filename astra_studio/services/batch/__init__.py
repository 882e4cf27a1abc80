"""Batches: JOBS.toml, the run, its child process, its report."""
