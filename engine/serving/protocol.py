"""The engine as its clients see it. It may run in this process, in a child process or elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.messages import TakeHistory
from engine.serving.messages import EngineEvent, MakeChunk
from engine.worlds.location import WorldLocation

OnEvent = Callable[[EngineEvent], None]
"""Is called on a thread of the engine's, in the order of what happens. What it raises is logged and goes no further."""


ReadHistory = Callable[[int], TakeHistory]
"""What lies before a chunk, with so many of its last latents at most."""


class EngineClient(Protocol):
    """One user of an engine, such as an open project. Its events are its own."""

    def open_world(self, world: WorldLocation) -> str:
        """Open a world ahead of need; returns the id of the request, which `WorldOpened` or `RequestFailed` answers."""
        ...

    def make_chunk(self, request_id: str, prepare: Callable[[], MakeChunk], history: ReadHistory) -> None:
        """Make a chunk, after what was asked for before: `ChunkDone`, `ChunkCancelled` or `RequestFailed` follows.

        Both functions are called on a thread of the engine's, and may read files: `prepare` when it is the chunk's
        turn; `history` where the engine does not hold the state before the chunk.
        """
        ...

    def cancel(self, request_id: str) -> None:
        """Stop that chunk at its next step, or before it begins.

        Asked a second time, the engine does not wait for the step: see the implementation for what it does instead.
        """
        ...

    def disconnect(self) -> None:
        """Cancel what runs and what waits for this client; it gets no further events."""
        ...


class Engine(Protocol):
    """Makes chunks, one at a time, for any number of clients."""

    def connect(self, on_event: OnEvent) -> EngineClient:
        """A new client."""
        ...

    def close(self) -> None:
        """Cancel what runs, forget what waits, and end. The engine is of no use after."""
        ...
