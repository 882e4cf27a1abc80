"""Written fakes: worlds whose following is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine import poses
from engine.actions.modality import ActionTrack
from engine.messages import ChunkRequest
from engine.worlds.fake import FakeWorld

SIZE = (56, 32)


def small_fake() -> FakeWorld:
    """The fake world, which follows perfectly, in a quarter of its pixels."""
    return FakeWorld(width=SIZE[0], height=SIZE[1])


class BackwardsWorld(FakeWorld):
    """Does the opposite of every command."""

    def step(self, state, request: ChunkRequest, listener=lambda _event: None, cancelled=lambda: False):
        opposite = poses.to_row(poses.inverse(poses.from_row(request.actions.rows)))
        actions = ActionTrack(request.actions.modality, opposite)
        return super().step(state, replace(request, actions=actions), listener, cancelled)


class StillWorld(FakeWorld):
    """Shows its start, whatever is asked."""

    def open(self, frames, modality_name, picture=None):
        self.start = frames[-1]
        return super().open(frames, modality_name)

    def step(self, state, request: ChunkRequest, listener=lambda _event: None, cancelled=lambda: False):
        following, result = super().step(state, request, listener, cancelled)
        frames = np.repeat(self.start[None], len(result.frames), axis=0)
        return following, replace(result, frames=frames)


class CountingWorld(FakeWorld):
    """Each frame is as grey as its number: the start 0, then 1, 2, 3 and so on."""

    def step(self, state, request: ChunkRequest, listener=lambda _event: None, cancelled=lambda: False):
        following, result = super().step(state, request, listener, cancelled)
        last = 4 * (following.num_latents - 1)
        numbers = np.arange(last + 1 - len(result.frames), last + 1, dtype=np.uint8)
        return following, replace(result, frames=np.broadcast_to(numbers[:, None, None, None], result.frames.shape))


class AdornedWorld(CountingWorld):
    """Shows white in place of every frame, as what is added to it."""

    def step(self, state, request: ChunkRequest, listener=lambda _event: None, cancelled=lambda: False):
        following, result = super().step(state, request, listener, cancelled)
        return following, replace(result, detailed=np.full_like(result.frames, 255))
