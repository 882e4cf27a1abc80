"""Sampling: flow-matching schedule, solvers, guidance, history noise, and the denoising of one chunk."""
