"""`astra-studio bench`: the engine's speed and memory on this machine."""

from __future__ import annotations

import argparse
from typing import Any

from astra_studio.commands import FAILED, OK
from astra_studio.paths import BUNDLED_WORLD, world_catalogue


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "bench",
        parents=[common],
        help="measure the engine on this machine",
        description="Measure the engine on this machine; takes a few minutes. Exit 1 if a figure misses its limit.",
    )
    parser.add_argument(
        "--window",
        action="store_true",
        help="how long the window's event loop is held up while chunks are made, and how long the timeline paints",
    )
    parser.add_argument(
        "--in-process", action="store_true", help="with --window: torch in the window's process, for comparison"
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    if options.window:
        return _run_window(options.in_process)
    from engine.benchmarks import run_benchmarks
    from engine.worlds.registry import open_world

    figures = []
    for figure in run_benchmarks(lambda: open_world(BUNDLED_WORLD, world_catalogue(), "cpu")):
        figures.append(figure)
        print(figure.line(), flush=True)
    return OK if all(figure.value <= figure.limit for figure in figures) else FAILED


def _run_window(in_process: bool) -> int:
    from ui.benchmarks import event_loop_delays
    from ui.timeline.benchmark import timeline_repaints

    delays = []
    for delay in event_loop_delays(in_process=in_process):
        delays.append(delay)
        print(delay.line(), flush=True)
    paintings = []
    for painting in timeline_repaints():
        paintings.append(painting)
        print(painting.line(), flush=True)
    is_met = all(delay.is_met for delay in delays) and all(painting.is_met for painting in paintings)
    return OK if is_met else FAILED
