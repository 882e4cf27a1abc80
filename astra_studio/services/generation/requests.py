"""What a chunk to be made needs from its take: the actions at its ticks, and what lies before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from astra_studio.document.actions import Actions, actions_of, joined
from astra_studio.document.chunk_files import decode_arrays, decode_latents
from astra_studio.document.derived import latents_per_chunk, made_ticks, total_ticks
from astra_studio.document.model import ArtifactId, Chunk, Project, Take
from astra_studio.document.writer import Finished
from astra_studio.services.playback.starts import best_picture
from engine.actions.modality import ActionTrack
from engine.actions.steering import Stand, Steering
from engine.messages import Latents, StoredArrays, WorldInfo
from engine.rollout import StoredTake


def planned_actions(take: Take, begin: int, num_latents: int) -> Actions:
    """The actions of a chunk that begins at a tick: what is planned there; after the plan, the way it last went.

    Without any plan it goes forward: a first Generate is to walk into the picture.
    """
    if not len(take.actions):
        return _forward(take, num_latents)
    planned = take.actions.part(min(begin, len(take.actions)), min(begin + num_latents, len(take.actions)))
    kind, last = take.actions.kind, take.actions.rows[-1]
    return joined([planned, actions_of(ActionTrack(kind, kind.going_on(last, num_latents - len(planned))))])


def num_missing(project: Project, take: Take, first: int) -> int:
    """Chunks that the plan of a take still needs when its first `first` are made or on their way."""
    length = latents_per_chunk(project, take)
    waiting = first - len(take.chunks)
    missing = total_ticks(take) - made_ticks(take) - waiting * length
    return -(-missing // length) if missing > 0 else 0


def stored_take(
    chunks: Sequence[Chunk],
    read: Callable[[ArtifactId], bytes],
    unstored: Sequence[Finished] = (),
    *,
    info: WorldInfo,
) -> StoredTake:
    """A chain of stored chunks and of those behind them in memory, as a rollout rebuilds its state from it.

    Reading from it raises ArtifactDamaged.
    """
    parts = _Latents()
    if chunks:
        first = chunks[0].first_latent
        parts.add(first, lambda: decode_latents(read(chunks[0].start_latents or "")))
    else:
        first, start_latents = unstored[0].result.first_latent, unstored[0].start_latents
        assert start_latents is not None, "the first chunk of a take has the start's latents"
        parts.add(first, lambda: start_latents)
    for chunk in chunks:
        parts.add(chunk.num_ticks, lambda artifact=chunk.latents: decode_latents(read(artifact)))  # type: ignore[misc]
    for finished in unstored:
        latents = finished.result.latents
        parts.add(latents.shape[1], lambda latents=latents: latents)  # type: ignore[misc]
    tracks = [chunk.request.actions.track for chunk in chunks]
    start = chunks[0].request.start if chunks else unstored[0].start
    arrays = unstored[-1].result.arrays if unstored else _arrays(chunks[-1], read)
    return StoredTake(
        latents=parts,
        chunks=[*tracks, *(finished.result.request.actions for finished in unstored)],
        num_start=first,
        arrays=arrays,
        picture=best_picture(start, read(start.artifact), info) if arrays else None,
    )


def _arrays(chunk: Chunk, read: Callable[[ArtifactId], bytes]) -> StoredArrays:
    return {} if chunk.arrays is None else decode_arrays(read(chunk.arrays))


class _Latents:
    """A `LatentReader` over pieces that are one after another; only those that are asked for are read."""

    def __init__(self) -> None:
        self._pieces: list[tuple[int, int, Callable[[], Latents]]] = []
        self._count = 0

    def add(self, count: int, read: Callable[[], Latents]) -> None:
        """Add a piece of so many latents at the end."""
        self._pieces.append((self._count, count, read))
        self._count += count

    def read(self, start: int, stop: int) -> Latents:
        parts = []
        for first, count, read in self._pieces:
            begin, end = max(start - first, 0), min(stop - first, count)
            if begin < end:
                parts.append(read()[:, begin:end])
        return np.concatenate(parts, axis=1)


def _forward(take: Take, num_latents: int) -> Actions:
    kind = take.actions.kind
    rows, _ = kind.from_input(Steering(forward=1.0), num_latents, Stand(), take.clock)
    return actions_of(ActionTrack(kind, rows))
