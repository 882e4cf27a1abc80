"""`astra-studio train`: a training run from a config."""

from __future__ import annotations

import argparse
import sys
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
    parser.add_argument("config", type=Path, metavar="CONFIG.toml", help="what to train, on what, and how")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in the output folder")
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to train (default auto)"
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from engine.training.config import load_train_config
    from engine.training.run import train

    config = load_train_config(options.config)
    folder = train(
        config, resume=options.resume, device=options.device, say=lambda text: print(text, file=sys.stderr, flush=True)
    )
    print(f"{folder}: finished after {config.loop.num_steps} steps")
    return OK
