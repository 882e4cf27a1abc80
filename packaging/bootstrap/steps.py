"""Commands of a set-up, run quietly: a line with the time of each, a log, and pip's last lines on failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from bootstrap.problems import SetupError, failure_message

TICK = 0.2
GRACE = 10.0

# pip must not install elsewhere than into .venv, nor see other packages, nor leave its work without bytecode.
DROPPED = (
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
)


def pip_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the user's environment, with their index, proxy and certificates, less what would lead pip astray."""
    kept = {name: value for name, value in environment.items() if name not in DROPPED}
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}


def say(text: str) -> None:
    """Tell the user something. On stderr, because stdout belongs to the command that is run in the end."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class Steps:
    """The numbered steps of one set-up."""

    def __init__(self, log: Path, inherited: Sequence[int] = (), stream: TextIO | None = None) -> None:
        """`inherited` are file descriptors for the children: of the lock, which they then hold while they live."""
        self.total = 0
        self.log = log
        self._inherited = tuple(inherited) if os.name == "posix" else ()
        self._stream = stream or sys.stderr
        self._number = 0

    def run(self, doing: str, *commands: Sequence[str]) -> None:
        """Run commands as one step, such as "installing torch"; raise SetupError where one fails."""
        self._number += 1
        line = f"[{self._number}/{self.total}] {doing} ..."
        self._write(self._clipped(line))
        started = time.monotonic()
        for command in commands:
            exit_code, output = self._run_quietly(line, started, command)
            if exit_code != 0:
                self._write("\n")
                raise SetupError(failure_message(doing, output, exit_code, str(self.log)))
        again = f"\r{line}" if self._stream.isatty() else ""
        self._write(f"{again} {time.monotonic() - started:.0f} s\n")

    def ask(self, command: Sequence[str]) -> tuple[int, str, str]:
        """Run a command for its answer: exit code, stdout and stderr. What it complains of is logged too."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=pip_environment(os.environ),
            pass_fds=self._inherited,
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(command)}\n{done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def _run_quietly(self, line: str, started: float, command: Sequence[str]) -> tuple[int, str]:
        with self.log.open("a+", encoding="utf-8", errors="replace") as log:
            log.write(f"\n$ {' '.join(command)}\n")
            log.flush()
            begin = log.tell()
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=pip_environment(os.environ),
                pass_fds=self._inherited,
            )
            try:
                exit_code = self._wait(line, started, child)
            except KeyboardInterrupt:
                self._write("\n")
                _end(child)
                raise
            log.seek(begin)
            return exit_code, log.read()

    def _wait(self, line: str, started: float, child: subprocess.Popen[bytes]) -> int:
        while True:
            try:
                return child.wait(TICK)
            except subprocess.TimeoutExpired:
                if self._stream.isatty():
                    self._write(f"\r{self._clipped(line)} {time.monotonic() - started:.0f} s")

    def _clipped(self, line: str) -> str:
        """Cut what is to be written over to the width of the terminal: a line that wraps cannot be."""
        return line[: shutil.get_terminal_size().columns - len(" 9999 s") - 1] if self._stream.isatty() else line

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Let an interrupted child tidy up after itself, but not for ever."""
    try:
        child.wait(GRACE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()
