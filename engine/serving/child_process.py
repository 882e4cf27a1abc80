"""A child process of this program that talks in messages: the parent's end, and the child's.

The child is started as `python -P -m MODULE` on the parent's own import path without the working folder, so that no
file that happens to lie there is run. Messages travel through its standard input and output (`wire`); what it prints
goes to standard error. It ends when its input ends, so none outlives the program that started it.
"""

from __future__ import annotations

import importlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import psutil

from engine.serving.wire import WireError, encode, read_message

CHILD_FLAG: Final = "--child-process"
"""What a packaged program is started with to become a child, before the name of the module that it runs."""
CHILD_MODULES: Final = ("engine.serving.engine_child", "astra_studio.services.batch.child")
"""Modules with a `main` for a child process; no other is run by a packaged program."""

_NICENESS = 10
"""The window goes first where both want a core."""
_ORPHAN_S = 5.0
"""How long a child may go on computing after its parent has gone, to end in an orderly way."""


class ChildGone(Exception):
    """The process at the other end has ended, or spoke in a way that is not understood."""


class ChildProcess:
    """The parent's end. `send`, `receive` and `end` belong to one thread."""

    def __init__(self, module: str, incoming: Mapping[str, type]) -> None:
        """Start a process that runs `main` of `module`, one of `CHILD_MODULES`.

        `incoming` is what it may send. Raises OSError where no process can be started.
        """
        self._process = subprocess.Popen(
            _command(module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._inbox = _Inbox(self._process.stdout, incoming, "messages of a child")  # type: ignore[arg-type]

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: Any) -> None:
        """Send a message. Raises ChildGone."""
        try:
            for piece in encode(message):
                self._stdin.write(piece)
            self._stdin.flush()
        except (OSError, ValueError) as error:
            if isinstance(error, WireError):
                raise
            raise ChildGone(f"nothing can be sent to the child process: {error}") from error

    def receive(self, timeout_s: float) -> Any | None:
        """The next message, or None where none came in that time. Raises ChildGone."""
        return self._inbox.get(timeout_s)

    def end(self, patience_s: float) -> int:
        """Let it end by itself, which it does when its input ends, or kill it after that time; returns its exit
        code."""
        with suppress(OSError, ValueError):
            self._stdin.close()
        if patience_s > 0:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait()
        self._inbox.close()
        return code


class ParentLink:
    """The child's end. `receive` and `send` belong to one thread; the others may be called from any."""

    def __init__(self, incoming: Mapping[str, type]) -> None:
        """Take over standard input and output. What is printed from now on goes to standard error."""
        lower_priority()
        ignore_interrupts()
        source, sink = os.dup(0), os.dup(1)
        with Path(os.devnull).open("r+b", buffering=0) as nothing:
            os.dup2(nothing.fileno(), 0)
            try:
                os.dup2(2, 1)
            except OSError:  # a program without a console may have no standard error
                os.dup2(nothing.fileno(), 1)
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(source, os.O_BINARY)
            msvcrt.setmode(sink, os.O_BINARY)
        self._sink = os.fdopen(sink, "wb")
        self._inbox = _Inbox(os.fdopen(source, "rb"), incoming, "messages of the parent", on_end=self._end_soon)

    @property
    def is_open(self) -> bool:
        """Whether the parent is still there."""
        return not self._inbox.has_ended

    def receive(self, timeout_s: float | None = None) -> Any | None:
        """The next message, or None where none came in that time. Raises ChildGone where the parent has gone."""
        return self._inbox.get(timeout_s)

    def send(self, message: Any) -> None:
        """Send a message. Raises OSError where the parent has gone."""
        for piece in encode(message):
            self._sink.write(piece)
        self._sink.flush()

    def _end_soon(self) -> None:
        time.sleep(_ORPHAN_S)
        os._exit(1)


class _Inbox:
    """Messages that a thread reads from a pipe, in order, until it ends."""

    def __init__(self, source: BinaryIO, incoming: Mapping[str, type], name: str, on_end: Any = None) -> None:
        self._source, self._incoming, self._on_end = source, incoming, on_end
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.has_ended = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def get(self, timeout_s: float | None) -> Any | None:
        try:
            message = self._messages.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(message, ChildGone):
            self._messages.put(message)  # also for whoever asks again
            raise message
        return message

    def close(self) -> None:
        """Wait for the thread, whose pipe has ended."""
        self._thread.join()
        self._source.close()

    def _run(self) -> None:
        try:
            while True:
                self._messages.put(read_message(self._read, self._incoming))
        except EOFError:
            gone = ChildGone("the other end is gone")
        except (OSError, WireError) as error:
            gone = ChildGone(f"the other end is not understood: {error}")
        self.has_ended = True
        self._messages.put(gone)
        if self._on_end is not None:
            self._on_end()

    def _read(self, count: int) -> bytearray:
        content = bytearray(count)
        view, have = memoryview(content), 0
        while have < count:
            got = self._source.readinto(view[have:])  # type: ignore[attr-defined]
            if not got:
                raise EOFError
            have += got
        return content


def lower_priority() -> None:
    """Let the window go first where both want a core. To be called before torch is loaded."""
    # Torch's threads wait for one another by spinning; where other programs want the cores, too, a chunk then takes ten
    # times as long. Alone on the machine it takes up to half as long again without: so this is for processes beside a
    # window.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(_NICENESS)


def ignore_interrupts() -> None:
    """Ctrl+C in a terminal reaches the whole group; the window decides what becomes of this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_child(arguments: list[str]) -> bool:
    """Be the child process that a packaged program is asked to be by its arguments; False where it is asked for none.

    Raises ValueError for a module that is no child's.
    """
    if arguments[:1] != [CHILD_FLAG]:
        return False
    (module,) = arguments[1:]
    if module not in CHILD_MODULES:
        raise ValueError(f"a child process runs one of {', '.join(CHILD_MODULES)}, got {module}")
    importlib.import_module(module).main()
    return True


def _command(module: str) -> list[str]:
    assert module in CHILD_MODULES, f"{module} is not among the modules of child processes"
    if getattr(sys, "frozen", False):
        return [sys.executable, CHILD_FLAG, module]
    return [sys.executable, "-P", "-m", module]


def _import_path() -> list[str]:
    """Where this process takes its modules from, without the working folder, unless the program itself lies there."""
    program = Path(__file__).resolve().parents[2]
    here = Path.cwd()
    return [entry for entry in sys.path if entry and (Path(entry).resolve() != here or here == program)]
