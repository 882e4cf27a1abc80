"""`astra-studio batch`: a list of pictures x trajectories x settings into video files and a report."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from astra_studio.commands import CANCELLED, FAILED, OK
from astra_studio.paths import world_catalogue


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "batch",
        parents=[common],
        help="render a list of pictures x trajectories x settings",
        description="Render a list of pictures x trajectories x settings. What is there already is skipped, so a run "
        "that was stopped goes on; a job that fails is told in the report, and the rest goes on.",
    )
    add = parser.add_argument
    add("jobs", type=Path, metavar="JOBS.toml", help="see docs/batch.md")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for videos, report.json and report.html")
    add("--device", default="auto", choices=("auto", "cpu", "cuda"), help="where the model runs (default auto)")
    add("--dry-run", action="store_true", help="say how many chunks, how much time and disk it will take")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from astra_studio.commands.render import Interrupt
    from astra_studio.services.batch import BatchHooks, BatchJob, BatchResult, forecast, read_jobs, run_batch
    from engine.worlds.registry import open_world

    jobs = read_jobs(options.jobs)

    def opened(spec: str) -> Any:
        return open_world(spec, world_catalogue(), options.device)

    if options.dry_run:
        infos: dict[str, Any] = {}

        def info(spec: str) -> Any:
            if spec not in infos:
                infos[spec] = opened(spec).info
            return infos[spec]

        told = forecast(jobs, options.out, info)
        print(f"{told.num_jobs} jobs, {told.num_present} of them there already; {told.num_chunks} chunks to make")
        print("Time: not known yet on this machine" if told.seconds is None else f"Time: about {told.seconds:.0f} s")
        print(f"Disk: at most {told.num_bytes / 1e6:.1f} MB")
        return OK
    interrupt = Interrupt()
    interrupt.listen()

    def began(number: int, job: BatchJob) -> None:
        print(f"{number + 1}/{len(jobs)} {job.name} ...", file=sys.stderr)

    def ended(_number: int, result: BatchResult) -> None:
        print(f"  {result.status}" + (f": {result.problem.why}" if result.problem else ""), file=sys.stderr)

    hooks = BatchHooks(began=began, ended=ended, cancelled=lambda: interrupt.was_asked)
    results = run_batch(jobs, options.out, opened, hooks)
    counts = {name: sum(result.status == name for result in results) for name in ("done", "skipped", "failed")}
    print(f"{options.out / 'report.html'}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    if any(result.status == "cancelled" for result in results):
        return CANCELLED
    return FAILED if counts["failed"] else OK
