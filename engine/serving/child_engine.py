"""An engine in a child process, restarted if that dies.

A process of its own, because importing torch and starting its kernels hold the interpreter's lock for longer than a
window may stand still.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from engine.serving.child_process import ChildGone, ChildProcess
from engine.serving.failures import EngineStopped, failure_of
from engine.serving.host import HistoryUnavailable
from engine.serving.messages import (
    PARENT_MESSAGES,
    CancelRequest,
    ChunkCancelled,
    ChunkDone,
    EngineRequest,
    HistoryFound,
    HistoryMissing,
    HistoryNeeded,
    MakeChunk,
    OpenWorld,
    RequestFailed,
    WorldOpened,
)
from engine.serving.worker import Worker

_LOG = logging.getLogger(__name__)
_POLL_S = 0.03
"""How soon a cancel goes out. Shorter than a denoising step of any world."""
_KILLED = -9
"""Exit code of a process that the system ended, which it does where memory runs out."""
_CLOSE_S = 3.0
"""How long a child that is at rest may take to end before it is killed. One that is busy is killed at once: opening a
world hears nothing, for as long as reading its weights takes, and nothing that such a child still has is needed."""
_END_S = 0.5
"""The same for a child that is in the way, while others wait."""


class _Forced(Exception):
    """The user has asked twice to stop."""


class ChildEngine(Worker):
    """An `Engine` in a child process. A second cancel ends the process; the next request starts another one."""

    def __init__(self) -> None:
        """Start the thread; the process is started with the first request."""
        self._child: ChildProcess | None = None
        self._is_busy = False
        super().__init__()

    @property
    def child_pid(self) -> int | None:
        """Process id of the child; None where there is none."""
        child = self._child
        return None if child is None else child.pid

    def _handle(self, request: EngineRequest) -> None:
        code = None
        for attempt in (1, 2):
            if self._child is None:
                self._child = ChildProcess("engine.serving.engine_child", PARENT_MESSAGES)
            try:
                self._exchange(self._child, request)
            except _Forced:
                self._end_child(0)
                self._emit(ChunkCancelled(request.request_id))
                return
            except ChildGone as error:
                code = self._end_child(_END_S)
                if isinstance(request, MakeChunk) and self._is_cancelled() and not self._closing:
                    self._emit(ChunkCancelled(request.request_id))
                    return
                _LOG.warning("the engine's process has ended (exit code %s, attempt %d): %s", code, attempt, error)
                if self._closing:
                    return
            else:
                return
        why = "its process ended twice without a word; the computer may have run out of memory"
        failure = failure_of(EngineStopped(why))
        if code == _KILLED:
            failure = replace(failure, kind="out_of_memory")
        self._emit(RequestFailed(request.request_id, failure))

    def _exchange(self, child: ChildProcess, request: EngineRequest) -> None:
        """Ask, and pass events on until the last one, or until all is closed. Raises ChildGone."""
        self._is_busy = True
        child.send(request)
        has_cancelled = False
        while not self._closing:
            # Asked before every event: a fast world is never silent.
            if self._is_cancelled() and not has_cancelled:
                child.send(CancelRequest(request.request_id))
                has_cancelled = True
            event = child.receive(_POLL_S)
            if event is None:
                if has_cancelled and self._is_forced and self._is_cancelled():
                    raise _Forced
                continue
            if isinstance(event, HistoryNeeded):
                child.send(self._found_history(event))
                continue
            is_last = isinstance(event, (ChunkDone, ChunkCancelled, RequestFailed))
            if is_last or (isinstance(event, WorldOpened) and isinstance(request, OpenWorld)):
                self._is_busy = False
            if isinstance(event, RequestFailed) and event.failure.kind == "device_lost":
                self._end_child(_END_S)  # nothing more can be done on that device in that process
            self._emit(event)
            if not self._is_busy:
                return

    def _found_history(self, needed: HistoryNeeded) -> HistoryFound | HistoryMissing:
        try:
            return HistoryFound(self._history(needed.num_latents))
        except HistoryUnavailable as error:
            return HistoryMissing(error.failure)

    def _end(self) -> None:
        is_needless = self._closing and self._is_busy
        self._end_child(0 if is_needless else _CLOSE_S if self._closing else _END_S)

    def _end_child(self, patience_s: float) -> int | None:
        child, self._child = self._child, None
        self._is_busy = False
        return None if child is None else child.end(patience_s)
