"""Owns the worker thread: takes requests one by one, hosts the engine in a child process, restarts one that died."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from astra_studio.problems import Problem
from astra_studio.services.engine_host import CANCEL, CLOSE, EngineHost, Opener, failure, opened, serve
from astra_studio.services.engine_messages import (
    Answer,
    Done,
    Failed,
    FailureKind,
    MakeChunk,
    Opened,
    Stopped,
    WorldPlace,
)
from astra_studio.services.engine_pipe import receive

_LOG = logging.getLogger(__name__)
_POLL_S = 0.03
"""How soon a cancel goes out. Shorter than a denoising step of any world."""
_KILLED = -9
"""Exit code of a process that the system ended, which it does where memory runs out."""
_CLOSE_S = 3.0
"""How long a child that is at rest may take to end before it is killed. One that is busy is killed at once: opening a
world hears nothing, for as long as reading its weights takes, and nothing that such a child still has is needed."""


class _Forced(Exception):
    """The user has asked twice to stop."""


@dataclass(frozen=True)
class _Order:
    ticket: str | None
    prepare: Callable[[], WorldPlace | MakeChunk]


class EngineThread:
    """The worker thread. Its callback is called on it, in the order of what happens."""

    def __init__(
        self, on_answer: Callable[[Answer], None], *, in_process: bool = False, open_world: Opener = opened
    ) -> None:
        """Start it. `on_answer` may be replaced while nothing is asked for.

        With `in_process` the engine runs on the thread itself: for tests, and worlds without torch; `open_world` is
        then what opens a world.
        """
        self.on_answer = on_answer
        self._in_process = in_process
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._cancelled: str | None = None
        self._is_forced = False
        self._closing = False
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._is_busy = False
        self._ticket: str | None = None
        self._host = EngineHost(self._tell, self._is_cancelled, open_world)
        self._thread = threading.Thread(target=self._run, name="engine")
        self._thread.start()

    @property
    def child_pid(self) -> int | None:
        """Process id of the child; None where there is none."""
        return self._process.pid if self._process is not None else None

    def open_world(self, place: WorldPlace) -> None:
        """Open a world ahead of need: answers Opened, or Failed without a ticket."""
        self._orders.put(_Order(None, lambda: place))

    def make(self, ticket: str, prepare: Callable[[], MakeChunk]) -> None:
        """Make a chunk: answers Done, Stopped or Failed with the ticket. `prepare` runs on the thread, and may read."""
        self._orders.put(_Order(ticket, prepare))

    def cancel(self, ticket: str) -> None:
        """Stop the chunk of that ticket at its next step, or before it begins.

        Asked a second time it does not wait for the step: the child is ended, and another one opens the world anew.
        """
        self._is_forced = self._cancelled == ticket
        self._cancelled = ticket

    def close(self) -> None:
        """Cancel what runs, forget what waits, end the child and the thread."""
        self._closing = True
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (order := self._orders.get()) is not None and not self._closing:
            self._ticket = order.ticket
            if self._is_cancelled():
                self._tell(Stopped(order.ticket or ""))
                continue
            try:
                asked = order.prepare()
                if self._in_process:
                    self._host.handle(asked)
                else:
                    self._ask_child(asked, order.ticket)
            except Exception as error:  # a worker's loop: a file that cannot be read, a process that cannot be started
                _LOG.exception("the engine could not do what it was asked")
                self._end_child()
                self._tell(failure(order.ticket, error))
        self._end_child()

    def _tell(self, answer: Answer) -> None:
        """Answer; what goes wrong where it is heard is not the engine's, and must not end it."""
        try:
            self.on_answer(answer)
        except Exception:  # a worker's loop
            _LOG.exception("an answer of the engine was not taken")

    def _is_cancelled(self) -> bool:
        return self._closing or (self._ticket is not None and self._cancelled == self._ticket)

    # ------------------------------------------------------------------ the child

    def _ask_child(self, asked: WorldPlace | MakeChunk, ticket: str | None) -> None:
        code = None
        for attempt in (1, 2):
            try:
                self._exchange(asked)
            except _Forced:
                self._end_child(at_once=True)
                self._tell(Stopped(ticket or ""))
                return
            except (EOFError, OSError) as error:
                code = self._end_child()
                if ticket is not None and self._is_cancelled() and not self._closing:
                    self._tell(Stopped(ticket))
                    return
                _LOG.warning("the engine's process has ended (exit code %s, attempt %d): %r", code, attempt, error)
                if self._closing:
                    return
            else:
                return
        kind: FailureKind = "out_of_memory" if code == _KILLED else "bug"
        why = "Its process ended twice without a word; the computer may have run out of memory"
        todo = "Close other programs or use fewer latents per chunk, then generate again; what was made is kept"
        self._tell(Failed(ticket, kind, Problem("The engine has stopped", why, todo)))

    def _exchange(self, asked: WorldPlace | MakeChunk) -> None:
        """Ask, and pass answers on until the last one, or until all is closed. Raises EOFError or OSError where the
        child is gone."""
        connection = self._child()
        self._is_busy = True
        connection.send(asked)
        has_cancelled = False
        while not self._closing:
            # Asked before every answer: a fast world never leaves the pipe empty.
            if self._is_cancelled() and not has_cancelled:
                connection.send(CANCEL)
                has_cancelled = True
            if not connection.poll(_POLL_S):
                if has_cancelled and self._is_forced and self._is_cancelled():
                    raise _Forced
                continue
            answer: Answer = receive(connection)
            is_last = isinstance(answer, (Done, Stopped, Failed))
            if is_last or (isinstance(answer, Opened) and isinstance(asked, WorldPlace)):
                self._is_busy = False
            if isinstance(answer, Failed) and answer.kind == "device_lost":
                self._end_child()  # nothing more can be done on that device in that process
            self._tell(answer)
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
