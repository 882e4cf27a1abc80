"""`astra-studio train`: a training run from a config."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from astra_studio.commands import OK


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "train",
        parents=[common],
        help="train a world from latent shards",
        description="Train a world from latent shards. On several GPUs: accelerate launch -m astra_studio.cli train "
        "CONFIG.toml",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("config", type=Path, nargs="?", metavar="CONFIG.toml", help="what to train, on what, and how")
    what.add_argument(
        "--smoke",
        action="store_true",
        help="try every stage of the bundled world's recipe at toy size, in under a minute; keeps nothing",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in the output folder")
    parser.add_argument(
        "--device", default="auto", metavar="D", help="where to train: auto, cpu, cuda:1 ... (default auto)"
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    if options.smoke:
        return _smoke()
    from engine.training.config import load_train_config
    from engine.training.run import train

    config = load_train_config(options.config)
    folder = train(
        config, resume=options.resume, device=options.device, say=lambda text: print(text, file=sys.stderr, flush=True)
    )
    print(f"{folder}: finished after {config.loop.num_steps} steps")
    return OK


def _smoke() -> int:
    from engine.training.smoke import smoke

    with tempfile.TemporaryDirectory(prefix="astra-smoke-") as folder:
        report = smoke(Path(folder), lambda text: print(f"{text} ...", file=sys.stderr, flush=True))
    count, height, width, _ = report.frames_shape
    print(
        f"smoke: all stages ran in {report.seconds:.0f} s; a world of {report.num_parameters / 1000:.0f} thousand "
        f"parameters, losses {report.losses[0]:.3f} and {report.losses[1]:.3f}, made {count} frames of {width} x "
        f"{height}"
    )
    return OK
