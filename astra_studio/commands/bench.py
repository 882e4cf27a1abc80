"""`astra-studio bench`: speed and memory of the engine, or of the window, on this machine."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from astra_studio.commands import FAILED, OK
from astra_studio.paths import BUNDLED_WORLD, HOME_VARIABLE, world_catalogue
from astra_studio.problems import UserError
from astra_studio.services.machine.machine import without_screen


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
        help="measure the window instead: start, event loop while chunks are made, scrubbing, memory, painting",
    )
    parser.add_argument(
        "--in-process", action="store_true", help="with --window: torch in the window's process, for comparison"
    )
    parser.add_argument("--quick", action="store_true", help="with --window: little of everything, to see that it runs")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    if options.window:
        return _run_window(options.in_process, options.quick)
    from engine.benchmarks import run_benchmarks
    from engine.worlds.registry import open_world

    figures = []
    for figure in run_benchmarks(lambda: open_world(BUNDLED_WORLD, world_catalogue(), "cpu")):
        figures.append(figure)
        print(figure.line(), flush=True)
    return OK if all(figure.value <= figure.limit for figure in figures) else FAILED


def _run_window(in_process: bool, is_quick: bool) -> int:
    problem = without_screen()
    if problem is not None:
        todo = "Start it from a desktop, or with QT_QPA_PLATFORM=offscreen in the environment, which paints as much"
        raise UserError(replace(problem, todo=todo))
    from ui.benchmarks import run_window_benchmarks
    from ui.timing import HEADER

    counts = {"num_starts": 1, "num_chunks": 1, "num_stored": 4, "num_frames": 20} if is_quick else {}
    print(HEADER, flush=True)
    is_met = True
    with _home_of_its_own():
        for timing in run_window_benchmarks(in_process=in_process, **counts):
            print(timing.line(), flush=True)
            is_met = is_met and timing.is_met
    return OK if is_met else FAILED


@contextmanager
def _home_of_its_own() -> Iterator[None]:
    """Projects, settings and times of the user's stay as they are."""
    before = os.environ.get(HOME_VARIABLE)
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        try:
            yield
        finally:
            if before is None:
                del os.environ[HOME_VARIABLE]
            else:
                os.environ[HOME_VARIABLE] = before
