"""Chunks as clips: each begins with the last frame of the one before, whatever was made in between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import ChunkRequest, Frames, Latents, Picture, WorldInfo
from engine.rollout import Rollout
from engine.worlds.clip_settings import NUM_STEPS
from engine.worlds.clip_world import KEPT_LATENTS, ClipWorld

INFO = WorldInfo(
    name="numbers",
    fingerprint="numbers-1",
    width=2,
    height=2,
    clock=ASTRA_CLOCK,
    modalities=("camera",),
    has_text=True,
    settings=(NUM_STEPS,),
    device="cpu",
)


class Numbers:
    """Its latents and frames hold one number each: that of the start, and one more for every latent after."""

    def __init__(self) -> None:
        self.pictures: list[int] = []

    def encode(self, frames: Frames) -> Latents:
        numbers = frames[:: ASTRA_CLOCK.frames_per_latent, 0, 0, 0].astype(np.float32)
        return numbers[None, :, None, None]

    def decode(self, latents: Latents) -> Frames:
        frames = np.repeat(latents[0, :, 0, 0], ASTRA_CLOCK.frames_per_latent)[ASTRA_CLOCK.frames_per_latent - 1 :]
        return np.broadcast_to(frames[:, None, None, None], (len(frames), 2, 2, 3)).astype(np.uint8)

    def make(self, picture: Picture, request: ChunkRequest, step_done: Callable[[int], None]) -> Latents:
        self.pictures.append(int(picture[0, 0, 0]))
        step_done(1)
        numbers = self.pictures[-1] + np.arange(1 + len(request.actions), dtype=np.float32)
        return numbers[None, :, None, None]


def walk(text: str):
    return parse_pose_line(text, clock=ASTRA_CLOCK)


@pytest.fixture
def take() -> tuple[Numbers, Rollout]:
    model = Numbers()
    start = np.full((1, 2, 2, 3), 5, np.uint8)
    return model, Rollout(ClipWorld(INFO, model), start)


def test_a_clip_begins_with_the_last_frame_before_it(take):
    model, rollout = take
    frames = [rollout.step(walk(line)).frames[:, 0, 0, 0] for line in ("w-3", "w-20", "w-1", "w-8")]
    assert model.pictures == [5, 8, 28, 29]
    shown = np.concatenate(frames)
    assert shown[0] == 5
    assert shown[1:].tolist() == np.repeat(np.arange(6, 6 + 32), 4).tolist(), "every frame once, in order"


def test_after_going_back_it_begins_with_that_chunks_frame(take):
    model, rollout = take
    for line in ("w-8", "w-8", "w-8", "w-8"):
        rollout.step(walk(line))
    rollout.rewind(2)
    rollout.step(walk("w-2"))
    assert model.pictures[-1] == 5 + 16


def test_a_state_keeps_no_more_than_a_start_has(take):
    _, rollout = take
    for _ in range(9):
        rollout.step(walk("w-8"))
    states = rollout._branches._states.values()
    assert {state.latents.shape[1] for state in states} == {KEPT_LATENTS}
