"""`astra-studio parity`: the engine against golden files of the released code."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from astra_studio.commands import FAILED, OK


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "parity",
        parents=[common],
        help="compare the engine with golden files of the released code",
        description="Compare the engine with golden files computed by the released code; exit 1 if any case is outside "
        "its limit.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder with files such as dit_a.json")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from engine.parity.run import run_parity, summary

    checks = []
    for check in run_parity(options.folder):
        checks.append(check)
        print(check.line(), flush=True)
    print(summary(checks))
    return OK if all(check.passed for check in checks) else FAILED
