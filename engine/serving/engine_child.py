"""The engine's child process: requests in and events out until the other end is gone."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Any

from engine.messages import Cancelled, TakeHistory
from engine.serving.child_process import ChildGone, ParentLink
from engine.serving.host import EngineHost, HistoryUnavailable
from engine.serving.messages import (
    CHILD_MESSAGES,
    CancelRequest,
    HistoryFound,
    HistoryMissing,
    HistoryNeeded,
    MakeChunk,
    OpenWorld,
)


def main() -> None:
    """Serve the process that started this one."""
    with suppress(ChildGone, OSError):  # the client has gone
        _Child(ParentLink(CHILD_MESSAGES)).run()


class _Child:
    """Meets requests one by one, and reads ahead meanwhile to hear of a cancel."""

    def __init__(self, link: ParentLink) -> None:
        self._link = link
        self._waiting: deque[Any] = deque()
        self._request_id = ""
        self._is_cancelled = False
        self._host = EngineHost(link.send, self._cancelled, self._history)

    def run(self) -> None:
        """Until the parent has gone. Raises ChildGone or OSError then."""
        while True:
            message = self._waiting.popleft() if self._waiting else self._link.receive()
            if isinstance(message, (OpenWorld, MakeChunk)):  # a cancel that came after the chunk was done is dropped
                self._request_id, self._is_cancelled = message.request_id, False
                self._host.handle(message)

    def _cancelled(self) -> bool:
        while (message := self._link.receive(0)) is not None:
            self._take(message)
        return self._is_cancelled

    def _take(self, message: Any) -> None:
        if isinstance(message, CancelRequest):
            self._is_cancelled = self._is_cancelled or message.request_id == self._request_id
        else:
            self._waiting.append(message)

    def _history(self, request: MakeChunk, num_latents: int) -> TakeHistory:
        """Ask the other end for what lies before a chunk, and wait for it."""
        self._link.send(HistoryNeeded(request.request_id, num_latents))
        while not self._is_cancelled:
            message = self._link.receive()
            if isinstance(message, HistoryFound):
                return message.history
            if isinstance(message, HistoryMissing):
                raise HistoryUnavailable(message.failure)
            self._take(message)
        raise Cancelled


if __name__ == "__main__":
    main()
