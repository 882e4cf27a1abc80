"""The command line: finds the command, runs it, and turns an error into one paragraph."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NoReturn

from astra_studio import __version__
from astra_studio.commands import (
    CANCELLED,
    FAILED,
    MISUSED,
    batch,
    bench,
    doctor,
    drive,
    evaluate,
    export,
    info,
    parity,
    pretokenize,
    render,
    train,
    trajectory,
)
from astra_studio.document.store import SUFFIX
from astra_studio.problems import Problem, UserError, problem_of
from astra_studio.services.playback.starts import PICTURE_SUFFIXES, VIDEO_SUFFIXES

ENDS: dict[str, Literal["shown", "generated"]] = {"--quit-when-shown": "shown", "--quit-when-generated": "generated"}
"""Show the window, tell how long that took, and end; or make one chunk first: for tests and checks of packages."""
FILE_SUFFIXES = frozenset({SUFFIX, ".json"}) | PICTURE_SUFFIXES | VIDEO_SUFFIXES
COMMANDS = (render, drive, batch, export, info, trajectory, doctor, evaluate, pretokenize, train, parity, bench)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors become one paragraph on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        if is_for_window(given):
            return _show_window(given)
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except KeyboardInterrupt:
        print("Cancelled.", file=sys.stderr)
        return CANCELLED
    except BrokenPipeError:
        return FAILED
    except Exception as error:
        if debug:
            traceback.print_exc()
        print(problem_of(error).paragraph(), file=sys.stderr)
        return MISUSED if isinstance(error, UsageError) else FAILED


def is_for_window(arguments: Sequence[str]) -> bool:
    """Whether the window is asked for: no arguments, or a file that it can open: a project, a picture, an export."""
    positional = [word for word in arguments if not word.startswith("-")]
    if not positional:
        return all(argument in ENDS for argument in arguments)
    return Path(positional[0]).suffix.lower() in FILE_SUFFIXES


def _show_window(arguments: Sequence[str]) -> int:
    from astra_studio.services.machine.machine import without_screen

    problem = without_screen()
    if problem is not None:
        raise UserError(problem)
    from astra_studio.app import run

    positional = [word for word in arguments if not word.startswith("-")]
    ends = [end for flag, end in ENDS.items() if flag in arguments]
    return run(Path(positional[0]) if positional else None, ends[0] if ends else "closed")


class UsageError(UserError):
    """A command line that cannot be understood."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        todo = f"See {self.prog} --help"
        raise UsageError(Problem("The command line cannot be understood", message[:1].upper() + message[1:], todo))


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where an error happened")
    parser = _Parser(
        prog="astra-studio",
        description="Walk into a picture: the Astra world model on your own computer. Without a command, or with a "
        "project file or a start picture alone, the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"Astra Studio {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands, common)
    return parser


if __name__ == "__main__":
    sys.exit(main())
