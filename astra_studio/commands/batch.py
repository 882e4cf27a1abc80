"""`astra-studio batch`: a list of pictures x trajectories x settings into video files and a report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astra_studio.commands import CANCELLED, FAILED, OK
from astra_studio.paths import world_catalogue

if TYPE_CHECKING:
    from astra_studio.services.batch.jobs_file import BatchJob
    from astra_studio.services.batch.run import BatchResult, Forecast
    from engine.messages import WorldInfo
    from engine.worlds.protocol import WorldModel


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "batch",
        parents=[common],
        help="render a list of pictures x trajectories x settings",
        description="Render a list of pictures x trajectories x settings. Finished videos are skipped, so a run "
        "that was stopped or killed can be resumed; a job that fails is named in the report, and the rest goes on. "
        "The exit code is 0 where every job has its video, 1 where one has failed, 130 where it was stopped.",
        epilog='A small JOBS.toml: [grid], then images = ["pictures/*.jpg"], trajectories = ["w-8", "orbit-left"] and '
        "seeds = [1, 2], each on a line of its own. docs/batch.md has every key.",
    )
    add = parser.add_argument
    add("jobs", type=Path, metavar="JOBS.toml", help="what to render, see docs/batch.md")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for videos, report.json and report.html")
    add("--device", default="auto", metavar="D", help="where the model runs: auto, cpu, cuda:1, mps ... (default auto)")
    add("--dry-run", action="store_true", help="say how many chunks, how much time and disk it will take")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from astra_studio.services.batch.jobs_file import read_jobs
    from engine.worlds.registry import open_world

    jobs = read_jobs(options.jobs)

    def opened(spec: str) -> WorldModel:
        print(f"Opening the world {spec} ...", file=sys.stderr)
        return open_world(spec, world_catalogue(), options.device)

    if options.dry_run:
        return _foretell(jobs, options.out, opened)
    return _render(options, jobs, opened)


def _render(options: argparse.Namespace, jobs: Sequence[BatchJob], opened: Any) -> int:
    from astra_studio.commands.render import Interrupt
    from astra_studio.services.batch.report import PAGE, BatchName, Reporter, counts
    from astra_studio.services.batch.run import BatchHooks, run_batch

    interrupt = Interrupt()
    interrupt.listen()
    totals: dict[int, int] = {}

    def began(number: int, job: BatchJob) -> None:
        print(f"{number + 1}/{len(jobs)} {job.name} ...", file=sys.stderr)

    def world_opened(number: int, _info: WorldInfo, num_chunks: int) -> None:
        totals[number] = num_chunks

    def chunk_done(number: int, num_chunks: int) -> None:
        if totals[number] > 1:
            print(f"  chunk {num_chunks} of {totals[number]}", file=sys.stderr)

    def ended(_number: int, result: BatchResult) -> None:
        labels = {"done": f"rendered in {result.seconds:.1f} s", "skipped": "there already", "cancelled": "stopped"}
        outcome = result.problem.why if result.problem else labels.get(result.status, result.status)
        print(f"  {'failed: ' if result.problem else ''}{outcome}", file=sys.stderr)

    reporter = Reporter(BatchName(title=options.jobs.stem, out=options.out))
    hooks = BatchHooks(
        began=began,
        opened=world_opened,
        chunk_done=chunk_done,
        ended=ended,
        reported=reporter.update,
        cancelled=lambda: interrupt.was_asked,
    )
    found = counts(run_batch(jobs, options.out, opened, hooks))
    shown = ", ".join(f"{found[status]} {status}" for status in ("done", "skipped", "failed"))
    print(f"{options.out / PAGE}: {shown}" + (f", {found['cancelled']} stopped" if found["cancelled"] else ""))
    if found["cancelled"]:
        return CANCELLED
    return FAILED if found["failed"] else OK


def _foretell(jobs: Sequence[BatchJob], out: Path, opened: Any) -> int:
    from astra_studio.services.batch.run import forecast

    infos: dict[str, WorldInfo] = {}

    def info(spec: str) -> WorldInfo:
        if spec not in infos:
            infos[spec] = opened(spec).info
        return infos[spec]

    estimate = forecast(jobs, out, info)
    print("\n".join(_lines(estimate)))
    return FAILED if estimate.problems else OK


def _lines(estimate: Forecast) -> list[str]:
    """The forecast as a table, and its sums."""
    from astra_studio.services.batch.page import duration

    width = max(len(job.job.name) for job in estimate.jobs)
    lines = []
    for job in estimate.jobs:
        if job.problem is not None:
            text = f"cannot be rendered: {job.problem.why}"
        elif job.is_present:
            text = "there already"
        else:
            time = "not known" if job.seconds is None else duration(job.seconds)
            text = f"{job.num_chunks:>3} chunks  {time:>10}  {job.num_bytes / 1e6:>8.1f} MB"
        lines.append(f"  {job.job.name:<{width}}  {text}")
    count = len(estimate.jobs)
    seconds = estimate.seconds
    known = "not known: no such chunk has been made on this machine yet" if seconds is None else duration(seconds)
    room = "" if estimate.has_room else ": NOT ENOUGH"
    return [
        *lines,
        "",
        f"{count} jobs, {estimate.num_present} of them there already; {estimate.num_chunks} chunks to make",
        f"Time: {known}",
        f"Disk: at most {estimate.num_bytes / 1e6:.1f} MB of {estimate.num_free_bytes / 1e6:,.0f} MB free{room}",
        *([f"{len(estimate.problems)} of them cannot be rendered"] if estimate.problems else []),
    ]
