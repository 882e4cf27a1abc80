"""An engine in a child process, which is started anew where it died.

A process of its own, because importing torch and starting its kernels hold the interpreter's lock for longer than a
window may stand still.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from engine.serving.child_process import ignore_interrupts, lower_priority
from engine.serving.failures import EngineStopped, failure_of
from engine.serving.host import EngineHost
from engine.serving.messages import (
    ChunkCancelled,
    ChunkDone,
    EngineRequest,
    MakeChunk,
    OpenWorld,
    RequestFailed,
    WorldOpened,
)
from engine.serving.transport import receive, send
from engine.serving.worker import Worker

_LOG = logging.getLogger(__name__)
_POLL_S = 0.03
"""How soon a cancel goes out. Shorter than a denoising step of any world."""
_KILLED = -9
"""Exit code of a process that the system ended, which it does where memory runs out."""
_CLOSE_S = 3.0
"""How long a child that is at rest may take to end before it is killed. One that is busy is killed at once: opening a
world hears nothing, for as long as reading its weights takes, and nothing that such a child still has is needed."""

CANCEL = "cancel"
"""Sent while a chunk is made: stop at the next step."""
CLOSE = "close"


class _Forced(Exception):
    """The user has asked twice to stop."""


class ChildEngine(Worker):
    """An `Engine` in a child process. A second cancel ends the process; the next request starts another one."""

    def __init__(self) -> None:
        """Start the thread; the process is started with the first request."""
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._is_busy = False
        super().__init__()

    @property
    def child_pid(self) -> int | None:
        """Process id of the child; None where there is none."""
        return self._process.pid if self._process is not None else None

    def _handle(self, request: EngineRequest) -> None:
        code = None
        for attempt in (1, 2):
            try:
                self._exchange(request)
            except _Forced:
                self._end_child(at_once=True)
                self._emit(ChunkCancelled(request.request_id))
                return
            except (EOFError, OSError) as error:
                code = self._end_child()
                if isinstance(request, MakeChunk) and self._is_cancelled() and not self._closing:
                    self._emit(ChunkCancelled(request.request_id))
                    return
                _LOG.warning("the engine's process has ended (exit code %s, attempt %d): %r", code, attempt, error)
                if self._closing:
                    return
            else:
                return
        why = "its process ended twice without a word; the computer may have run out of memory"
        failure = failure_of(EngineStopped(why))
        if code == _KILLED:
            failure = replace(failure, kind="out_of_memory")
        self._emit(RequestFailed(request.request_id, failure))

    def _exchange(self, request: EngineRequest) -> None:
        """Ask, and pass events on until the last one, or until all is closed. Raises EOFError or OSError where the
        child is gone."""
        connection = self._child()
        self._is_busy = True
        connection.send(request)
        has_cancelled = False
        while not self._closing:
            # Asked before every event: a fast world never leaves the pipe empty.
            if self._is_cancelled() and not has_cancelled:
                connection.send(CANCEL)
                has_cancelled = True
            if not connection.poll(_POLL_S):
                if has_cancelled and self._is_forced and self._is_cancelled():
                    raise _Forced
                continue
            event = receive(connection)
            is_last = isinstance(event, (ChunkDone, ChunkCancelled, RequestFailed))
            if is_last or (isinstance(event, WorldOpened) and isinstance(request, OpenWorld)):
                self._is_busy = False
            if isinstance(event, RequestFailed) and event.failure.kind == "device_lost":
                self._end_child()  # nothing more can be done on that device in that process
            self._emit(event)
            if not self._is_busy:
                return

    def _child(self) -> Connection:
        if self._connection is None:
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            self._process = context.Process(target=serve, args=(theirs,), name="astra-engine", daemon=True)
            self._process.start()
            theirs.close()
            self._connection = ours
        return self._connection

    def _end(self) -> None:
        self._end_child()

    def _end_child(self, *, at_once: bool = False) -> int | None:
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is None or connection is None:
            return None
        if not (at_once or (self._closing and self._is_busy)):
            with contextlib.suppress(OSError):
                connection.send(CLOSE)
            process.join(_CLOSE_S if self._closing else 0.5)
        self._is_busy = False
        if process.is_alive():
            process.kill()
            process.join()
        connection.close()
        code = process.exitcode
        process.close()
        return code


def serve(connection: Connection) -> None:
    """The child process: requests in and events out until the other end is gone or asks to close."""
    lower_priority()
    ignore_interrupts()
    waiting: list[object] = []
    is_cancelled = False

    def cancelled() -> bool:
        nonlocal is_cancelled
        while connection.poll():
            word = connection.recv()
            if word == CANCEL:
                is_cancelled = True
            else:
                waiting.append(word)
        return is_cancelled

    host = EngineHost(lambda event: send(connection, event), cancelled)
    try:
        while True:
            asked = waiting.pop(0) if waiting else connection.recv()
            if asked == CLOSE:
                return
            if asked == CANCEL:
                continue  # it came after the chunk was done
            is_cancelled = False
            assert isinstance(asked, EngineRequest)
            host.handle(asked)
    except (EOFError, OSError):
        return  # the window is gone
