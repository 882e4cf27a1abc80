"""Owns what a chunk to be made needs from its take: the actions at its ticks, and what lies before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from astra_studio.document.actions import Actions, joined
from astra_studio.document.chunk_files import decode_latents
from astra_studio.document.derived import made_ticks
from astra_studio.document.model import Chunk, Take
from engine.actions.modality import ActionTrack, rest_rows
from engine.actions.pose_line import parse_pose_line
from engine.serving.messages import TakeHistory


def planned_actions(take: Take, num_latents: int) -> Actions:
    """The actions of a take's next chunk: what is planned there; after the plan, the way it last went.

    Without any plan the camera walks forward: a first Generate is to walk into the picture. Absolute modalities, whose
    rows are places, stand still after their plan.
    """
    begin = made_ticks(take)
    if not len(take.actions):
        return joined([_forward(num_latents)])
    planned = take.actions.part(min(begin, len(take.actions)), min(begin + num_latents, len(take.actions)))
    missing = num_latents - len(planned)
    if missing and not take.actions.kind.is_absolute:
        last = take.actions.part(len(take.actions) - 1, len(take.actions))
        return joined([planned, *[last] * missing])
    return planned.part(0, num_latents) if len(planned) else take.actions.part(begin, begin + num_latents)


def history_of(chunks: Iterable[Chunk], read: Callable[[str], bytes], restore_latents: int) -> TakeHistory:
    """What a chain of stored chunks holds, as the engine rebuilds its state from it. Raises ArtifactDamaged."""
    chain = list(chunks)
    assert chain[0].start_latents is not None, "the first chunk of a take has the start's latents"
    num_start = chain[0].first_latent
    num_latents = chain[-1].first_latent + chain[-1].num_ticks
    found: list[np.ndarray] = []
    count = 0
    for chunk in reversed(chain):
        if count >= restore_latents:
            break
        found.insert(0, decode_latents(read(chunk.latents)))
        count += chunk.num_ticks
    if count < restore_latents:
        found.insert(0, decode_latents(read(chain[0].start_latents)))
    kind = chain[0].request.actions.kind
    rows = [rest_rows(kind, num_start), *(chunk.request.actions.rows for chunk in chain)]
    tail = np.concatenate(found, axis=1)
    return TakeHistory(
        latents=tail[:, max(0, tail.shape[1] - restore_latents) :],
        num_latents=num_latents,
        num_start=num_start,
        actions=ActionTrack(kind, np.concatenate(rows)),
    )


def _forward(num_latents: int) -> Actions:
    return Actions(data=parse_pose_line(f"w-{num_latents}").rows.astype("<f4").tobytes())
