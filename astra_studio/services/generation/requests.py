"""Owns what a chunk to be made needs from its take: the actions at its ticks, and what lies before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from astra_studio.document.actions import Actions, joined
from astra_studio.document.chunk_files import decode_latents
from astra_studio.document.derived import made_ticks
from astra_studio.document.model import Chunk, Take
from engine.actions.pose_line import parse_pose_line
from engine.clock import Clock
from engine.messages import Latents
from engine.rollout import StoredTake


def planned_actions(take: Take, num_latents: int) -> Actions:
    """The actions of a take's next chunk: what is planned there; after the plan, the way it last went.

    Without any plan the camera walks forward: a first Generate is to walk into the picture. Absolute modalities, whose
    rows are places, stand still after their plan.
    """
    begin = made_ticks(take)
    if not len(take.actions):
        return joined([_forward(num_latents, take.clock)])
    planned = take.actions.part(min(begin, len(take.actions)), min(begin + num_latents, len(take.actions)))
    missing = num_latents - len(planned)
    if missing and not take.actions.kind.is_absolute:
        last = take.actions.part(len(take.actions) - 1, len(take.actions))
        return joined([planned, *[last] * missing])
    return planned.part(0, num_latents) if len(planned) else take.actions.part(begin, begin + num_latents)


def stored_take(chunks: Sequence[Chunk], read: Callable[[str], bytes]) -> StoredTake:
    """A chain of stored chunks, as a rollout rebuilds its state from it. Reading it raises ArtifactDamaged."""
    assert chunks[0].start_latents is not None, "the first chunk of a take has the start's latents"
    return StoredTake(
        latents=_StoredLatents(chunks, read),
        chunks=[chunk.request.actions.track for chunk in chunks],
        num_start=chunks[0].first_latent,
    )


class _StoredLatents:
    """A `LatentReader` over chunks of a project; only those that are asked for are read."""

    def __init__(self, chunks: Sequence[Chunk], read: Callable[[str], bytes]) -> None:
        self._chunks, self._read = chunks, read

    def read(self, start: int, stop: int) -> Latents:
        parts: list[Latents] = []
        first = self._chunks[0]
        if start < first.first_latent:
            assert first.start_latents is not None
            parts.append(decode_latents(self._read(first.start_latents))[:, start:stop])
        for chunk in self._chunks:
            begin = max(start - chunk.first_latent, 0)
            end = min(stop - chunk.first_latent, chunk.num_ticks)
            if begin < end:
                parts.append(decode_latents(self._read(chunk.latents))[:, begin:end])
        return np.concatenate(parts, axis=1)


def _forward(num_latents: int, clock: Clock) -> Actions:
    return Actions(data=parse_pose_line(f"w-{num_latents}", clock=clock).rows.astype("<f4").tobytes())
