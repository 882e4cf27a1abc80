"""Writer thread: finished chunks are encoded and committed there, each in one transaction.

The engine's thread hands chunks over and waits while the queue is full, so that memory stays bounded on a slow disk. A
chunk is told of only after it is in the file: whoever has heard of it can rely on it.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from astra_studio.document.actions import actions_of
from astra_studio.document.chunk_files import (
    FrameFormat,
    encode_arrays,
    encode_frames,
    encode_latents,
    encode_thumbnail,
)
from astra_studio.document.database import connect, transaction
from astra_studio.document.model import ArtifactId, Chunk, ChunkId, Parameter, Request, Start, TakeId
from astra_studio.document.store import put_artifact, put_chunk
from engine.clock import Clock
from engine.messages import ChunkResult, Latents

_LOG = logging.getLogger(__name__)

CAPACITY = 2
"""Chunks that may wait; 40 MB each at 480 x 832."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Finished:
    """A chunk as the engine made it, and where it belongs.

    Attributes:
        seed: of the take.
        world: fingerprint.
        start_latents: of the start, with the first chunk of a take; None with others.
        keyed: parameters whose values keys of the take decided.
        clock: of the world.
    """

    id: ChunkId
    take: TakeId
    parent: ChunkId | None
    world: str
    start: Start
    seed: int
    result: ChunkResult
    clock: Clock
    start_latents: Latents | None = None
    frame_format: FrameFormat = "mjpeg"
    keyed: tuple[Parameter, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A chunk that is in the file, as the `number`-th that arrived there."""

    number: int
    chunk: Chunk


class ArtifactWriter:
    """A thread with a connection of its own to an open project. Its callbacks are called on that thread."""

    def __init__(
        self,
        path: Path,
        on_stored: Callable[[Stored], None],
        on_failed: Callable[[Finished, Exception], None],
        capacity: int = CAPACITY,
    ) -> None:
        """Start it. `on_failed` gets the chunk back, which may be submitted again: nothing of it is in the file."""
        self._path = path
        self._on_stored, self._on_failed = on_stored, on_failed
        self._waiting: queue.Queue[Finished | None] = queue.Queue(capacity)
        self._thread = threading.Thread(target=self._run, name="artifact writer")
        self._thread.start()

    def submit(self, finished: Finished, timeout_s: float | None = None) -> None:
        """Hand a chunk over; waits while `capacity` others do. Raises queue.Full after `timeout_s`."""
        self._waiting.put(finished, timeout=timeout_s)

    def close(self) -> None:
        """Store what waits, then end the thread. Nothing may be submitted after."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        with ExitStack() as held:
            connection: sqlite3.Connection | None = None
            while (finished := self._waiting.get()) is not None:
                try:
                    # In here, so that a file that cannot be opened is told, chunk by chunk, and not waited for.
                    connection = connection or held.enter_context(closing(connect(self._path)))
                    files = _Files.of(finished)
                    with transaction(connection, self._path):
                        chunk = files.put(connection, finished)
                        number = put_chunk(connection, chunk)
                except Exception as error:  # a worker's loop: whatever it was, the next chunk is to be stored
                    self._on_failed(finished, error)
                else:
                    self._on_stored(Stored(number=number, chunk=chunk))
                    _move_log(connection)


def _move_log(connection: sqlite3.Connection) -> None:
    """Move the log into the file, which waits for the disk: here, and never on the thread of the session.

    Where that has no room the chunk is stored all the same, in the log; it is moved another time.
    """
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.Error as error:
        _LOG.warning("the log could not be moved into the project file: %s", error)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Files:
    """The bytes of a chunk, made before the transaction begins: encoding takes longer than writing."""

    frames: bytes
    latents: bytes
    thumbnail: bytes
    start_latents: bytes | None
    soft_frames: bytes | None
    arrays: bytes | None

    @staticmethod
    def of(finished: Finished) -> _Files:
        result = finished.result
        return _Files(
            frames=encode_frames(result.shown, finished.frame_format),
            latents=encode_latents(result.latents),
            thumbnail=encode_thumbnail(result.shown),
            start_latents=None if finished.start_latents is None else encode_latents(finished.start_latents),
            soft_frames=None if result.detailed is None else encode_frames(result.frames, finished.frame_format),
            arrays=encode_arrays(result.arrays) if result.arrays else None,
        )

    def put(self, connection: sqlite3.Connection, finished: Finished) -> Chunk:
        """Store them; the chunk that refers to them."""
        result, asked = finished.result, finished.result.request

        def stored(kind: str, data: bytes | None) -> ArtifactId | None:
            return None if data is None else put_artifact(connection, kind, data)

        return Chunk(
            id=finished.id,
            take=finished.take,
            parent=finished.parent,
            request=Request(
                world=finished.world,
                start=finished.start,
                index=asked.index,
                actions=actions_of(asked.actions),
                prompt=asked.prompt,
                negative_prompt=asked.negative_prompt,
                seed=finished.seed,
                settings=asked.settings,
            ),
            latents=put_artifact(connection, "latents", self.latents),
            frames=put_artifact(connection, "frames", self.frames),
            thumbnail=put_artifact(connection, "thumbnail", self.thumbnail),
            start_latents=stored("latents", self.start_latents),
            soft_frames=stored("frames", self.soft_frames),
            arrays=stored("arrays", self.arrays),
            latents_sha256=result.latents_sha256,
            first_latent=result.first_latent,
            num_frames=len(result.frames),
            seconds=tuple((part, float(value)) for part, value in result.seconds.items()),
            keyed=finished.keyed,
            clock=finished.clock,
        )
