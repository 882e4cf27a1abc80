"""`astra-studio evaluate`: how good a world is, in numbers and a strip of pictures."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from astra_studio.commands import OK
from astra_studio.paths import BUNDLED_WORLD, world_catalogue


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "evaluate",
        parents=[common],
        help="measure how good a world is",
        description="Measure how well a world follows commands, how like the truth and how sharp its frames are and "
        "how fast it is, on procedural scenes and photographs that it was not trained on. Writes evaluation.json, "
        "evaluation.md and strip.png.",
    )
    add = parser.add_argument
    add("--world", default=BUNDLED_WORLD, metavar="NAME|PATH", help=f"world model (default: {BUNDLED_WORLD})")
    add("--photographs", type=Path, required=True, metavar="DIR", help="folder of photographs, not used in training")
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write to; made if it is not there")
    add("--quick", action="store_true", help="few starts and one noise seed: under a minute with the bundled world")
    add("--starts", type=int, metavar="N", help="starts of each kind (default 24, with --quick 3)")
    add("--seeds", type=int, metavar="N", help="noise seeds per start (default 3, with --quick 1)")
    add("--chunks", type=int, choices=(4, 8), help="chunks of the long takes (default 4)")
    add("--device", default="auto", metavar="D", help="where the model runs: auto, cpu, cuda:1, mps ... (default auto)")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from engine.evaluation.report import TEXT_NAME, write_evaluation
    from engine.evaluation.run import evaluate
    from engine.evaluation.settings import QUICK, EvaluationSettings
    from engine.worlds.registry import open_world, resolve_world

    given = {"num_starts": options.starts, "num_seeds": options.seeds, "num_chunks": options.chunks}
    changes = {name: value for name, value in given.items() if value is not None}
    settings = replace(QUICK if options.quick else EvaluationSettings(), **changes)
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"Opening the world {options.world} ...", file=sys.stderr)
    world = open_world(options.world, world_catalogue(), options.device)
    with _Progress() as progress:
        evaluation = evaluate(
            world,
            options.photographs,
            settings,
            place=resolve_world(options.world, world_catalogue()).path,
            on_progress=progress.heard,
        )
    write_evaluation(evaluation, options.out)
    print(f"{options.out / TEXT_NAME}: {len(evaluation.figures)} figures in {evaluation.seconds:.0f} s")
    return OK


class _Progress:
    """What is being measured and how far it is, on stderr."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def heard(self, what: str, done: int, total: int) -> None:
        if self._bar is None or done == 0:
            self._close()
            self._bar = tqdm(total=total, desc=what, file=sys.stderr)
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
