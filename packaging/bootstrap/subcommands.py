"""Subcommands of go.py, and the hand-over to the program once everything is set up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bootstrap.environment import Environment, TorchBuild
from bootstrap.problems import SetupError, explain
from bootstrap.project import Kind, Project
from bootstrap.steps import say
from bootstrap.system_libraries import ensure_qt_starts, has_display

ROOT = Path(__file__).resolve().parents[2]
INTERRUPTED = 130
WINDOWS_CTRL_C = 0xC000013A

SETUP_USAGE = """\
usage: go.py setup [--cpu | --cuda]

Installs Astra Studio with all its libraries into .venv in this checkout, without starting it. The build of torch is
chosen by what nvidia-smi says, the first time; --cpu and --cuda choose it here, and change it later.

go.py ARGUMENTS       sets up where needed, then runs astra-studio with these arguments; without any, its window
go.py test            sets up where needed, then runs every check
go.py test ARGUMENTS  the same, but only pytest, with these arguments
go.py package         sets up where needed, then makes a program of its own in build/dist, and tries it"""

Word = Literal["setup", "test", "package", "start"]
_KINDS: dict[Word, tuple[Kind, ...]] = {"test": ("run", "dev"), "package": ("run", "package")}


@dataclass(frozen=True)
class Order:
    """What the command line asks for."""

    word: Word
    arguments: tuple[str, ...]


def read_order(arguments: Sequence[str]) -> Order:
    """Split off go.py's own word; everything else belongs to astra-studio, untouched."""
    if arguments[:1] == ["setup"]:
        return Order("setup", tuple(arguments[1:]))
    if arguments[:1] == ["test"]:
        return Order("test", tuple(arguments[1:]))
    if arguments[:1] == ["package"]:
        return Order("package", tuple(arguments[1:]))
    return Order("start", tuple(arguments))


def main(arguments: Sequence[str]) -> int:
    """Do what was asked and return the exit code: the command's own, 1 where set-up failed, 130 on Ctrl-C."""
    try:
        return _run(read_order(list(arguments)), Environment(Project.read(ROOT)))
    except SetupError as problem:
        say(str(problem))
        return 1
    except OSError as error:
        # A disk that fills up or a folder that cannot be written shows itself here as well as in pip.
        say(f"Set-up stopped: {error}\n{explain(str(error)) or ''}".rstrip())
        return 1
    except KeyboardInterrupt:
        say("stopped; the next start goes on from here")
        return INTERRUPTED


def _run(order: Order, environment: Environment) -> int:
    if order.word == "setup":
        return _set_up(order.arguments, environment)
    kinds = _KINDS.get(order.word, ("run",))
    if not environment.ready(kinds):
        environment.set_up(kinds)
    if order.word == "test":
        _ready_qt(environment, "offscreen")
        check = str(ROOT / "packaging" / "check.py")
        return _become([str(environment.python), check, *order.arguments], test_environment(os.environ, has_display()))
    if order.word == "package":
        _ready_qt(environment, "offscreen")
        freeze = str(ROOT / "packaging" / "freeze.py")
        return _become([str(environment.python), freeze, "--try", *order.arguments], os.environ)
    if not order.arguments:
        _ready_qt(environment, "window" if has_display() else "offscreen")
    return _become([*_command(environment), *order.arguments], os.environ)


def _set_up(arguments: Sequence[str], environment: Environment) -> int:
    builds: dict[tuple[str, ...], TorchBuild | None] = {(): None, ("--cpu",): "cpu", ("--cuda",): "cuda"}
    if tuple(arguments) not in builds:
        say(SETUP_USAGE)
        return 0 if arguments[0] in ("-h", "--help") else 1
    environment.set_up(("run",), builds[tuple(arguments)])
    state = environment.load()
    assert state is not None, "set_up leaves a state"
    say(f"Astra Studio is set up in {environment.folder} (Python {state.python}, torch's {state.build} build)")
    return 0


def _ready_qt(environment: Environment, platform: Literal["offscreen", "window"]) -> None:
    """See once that Qt starts in this way. Where it does not, the user has been told, and the command may still run."""
    state = environment.load()
    if state is None or platform in state.qt:
        return
    if ensure_qt_starts(environment.python, on_screen=platform == "window"):
        state.qt.append(platform)
        environment.save(state)


def test_environment(environment: Mapping[str, str], display: bool) -> dict[str, str]:
    """Let tests draw into memory where there is no screen, unless told otherwise."""
    return dict(environment) if display else {"QT_QPA_PLATFORM": "offscreen", **environment}


def _command(environment: Environment) -> list[str]:
    """Return how to start astra-studio. On POSIX not by its first line, which a long path would break."""
    if os.name == "nt":
        return [str(environment.command)]
    return [str(environment.python), str(environment.command)]


def _become(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Turn into the command, so that signals and exit codes need no passing on; Windows needs a child for that."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execve(command[0], list(command), dict(environment))
    child = subprocess.Popen(command, env=dict(environment))
    while True:
        try:
            exit_code = child.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C goes to the child as well, which answers it in its own time.
        return INTERRUPTED if exit_code == WINDOWS_CTRL_C else exit_code
