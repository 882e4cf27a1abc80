"""A fake world for tests and for working on the window: deterministic, numpy only, takes as long as asked.

Its latents hold the action rows themselves and the camera's place, its frames are a painted landscape seen from
there, so that a test can read off a frame or a latent which action reached it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine import poses
from engine.actions.modality import MODALITIES, modality, rest_rows
from engine.clock import ASTRA_CLOCK, Clock
from engine.messages import (
    Cancelled,
    ChunkRequest,
    ChunkResult,
    Frames,
    Latents,
    Listener,
    Picture,
    Preview,
    Progress,
    TakeHistory,
    WorldInfo,
)
from engine.settings import Specs, num_steps
from engine.worlds.astra_settings import ASTRA_PRESETS
from engine.worlds.fake_settings import FAKE_SETTINGS
from engine.worlds.protocol import Opened, check_frames, check_request, tell_frames

FINGERPRINT = "fake-1"
WIDTH, HEIGHT = 112, 64
ROW_CHANNELS = 12
POSE_CHANNELS = 12
NOISE_CHANNEL = ROW_CHANNELS + POSE_CHANNELS
NUM_CHANNELS = NOISE_CHANNEL + 1
"""Channels of a fake latent: its action row, its camera-to-world pose, one number drawn from the chunk's seed."""
FIELD = 0.7
"""Half the width of the picture at depth 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FakeState:
    """Where a fake take stands."""

    pose: NDArray[np.float64]
    """Camera to world, (4, 4)."""
    num_latents: int
    is_shown: bool
    """Whether the start frame has been shown."""
    modality: str
    tint: NDArray[np.float64]
    """Mean colour of the start picture in [0, 1]."""


class FakeWorld:
    """Paints a checkered plain from the commanded pose."""

    restore_latents = 1

    def __init__(
        self,
        seconds_per_chunk: float = 0.0,
        width: int = WIDTH,
        height: int = HEIGHT,
        *,
        settings: Specs = FAKE_SETTINGS,
        clock: Clock = ASTRA_CLOCK,
    ) -> None:
        self.seconds_per_chunk = seconds_per_chunk
        self.info = WorldInfo(
            name="fake",
            fingerprint=FINGERPRINT if clock == ASTRA_CLOCK else f"{FINGERPRINT} {clock.as_record()}",
            width=width,
            height=height,
            clock=clock,
            modalities=tuple(MODALITIES),
            has_text=False,
            device="cpu",
            settings=settings,
            presets=ASTRA_PRESETS if settings is FAKE_SETTINGS else (),
        )

    def open(self, frames: Frames, modality_name: str, picture: Picture | None = None) -> Opened:
        check_frames(frames, self.info)
        kind = modality(modality_name)
        num = self.info.clock.num_latents(len(frames))
        tint = (frames[-1].reshape(-1, 3).mean(0) / 255).astype(np.float32).astype(np.float64)
        state = FakeState(pose=np.eye(4), num_latents=num, is_shown=False, modality=kind.name, tint=tint)
        latents = np.stack([_latent(row, np.eye(4), 0.0, tint) for row in rest_rows(kind, num)], axis=1)
        return Opened(state, latents)

    def step(
        self,
        state: FakeState,
        request: ChunkRequest,
        listener: Listener = lambda _event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[FakeState, ChunkResult]:
        check_request(request, self.info, state.modality)
        started, clock = time.perf_counter(), self.info.clock
        steps = num_steps(self.info.settings, request.settings)
        for step in range(steps):
            if cancelled():
                raise Cancelled
            time.sleep(self.seconds_per_chunk / steps)
            listener(Progress(request.index, step + 1, steps))
            listener(Preview(request.index, step + 1, self._paint(state.pose, state.tint)[::8, ::8]))
        path, kind = [state.pose], modality(state.modality)
        for row in request.actions.rows:
            path.append(kind.moved(path[-1], row, clock))
        numbers = np.random.default_rng(request.seed).standard_normal(len(request.actions))
        parts = zip(request.actions.rows, path[1:], numbers, strict=True)
        latents = np.stack([_latent(row, pose, number, state.tint) for row, pose, number in parts], axis=1)
        shown = [] if state.is_shown else [self._paint(state.pose, state.tint)] * clock.num_frames(state.num_latents)
        for before, after in pairwise(path):
            for f in range(1, clock.frames_per_latent + 1):
                blend = f / clock.frames_per_latent
                shown.append(self._paint(before * (1 - blend) + after * blend, state.tint))
        frames = np.stack(shown)
        tell_frames(frames, request, self.info, listener)
        following = FakeState(
            # From the latent, as after `restore`, so that both give the same to the last bit.
            pose=_pose_in(latents[:, -1]),
            num_latents=state.num_latents + len(request.actions),
            is_shown=True,
            modality=state.modality,
            tint=state.tint,
        )
        seconds = {"pack": 0.0, "denoise": time.perf_counter() - started, "decode": 0.0}
        return following, ChunkResult(
            request=request, first_latent=state.num_latents, latents=latents, frames=frames, seconds=seconds
        )

    def restore(self, history: TakeHistory) -> FakeState:
        history.check(self.restore_latents)
        last = history.latents[:, -1]
        tint = np.array([last[NOISE_CHANNEL, 0, c] for c in (1, 2, 3)], np.float64)
        return FakeState(
            pose=_pose_in(last),
            num_latents=history.num_latents,
            is_shown=history.num_latents > history.num_start,
            modality=history.actions.modality.name,
            tint=tint,
        )

    def state_bytes(self, state: FakeState) -> int:
        return state.pose.nbytes + state.tint.nbytes

    def off_device(self, state: FakeState) -> FakeState:
        return state

    def _paint(self, pose: NDArray[np.float64], tint: NDArray[np.float64]) -> Picture:
        """A checkered plain under a striped sky, seen from `pose`; one stripe per 10 degrees of heading."""
        width, height = self.info.width, self.info.height
        x = ((np.arange(width) + 0.5) / width * 2 - 1) * FIELD
        y = ((np.arange(height) + 0.5) / height * 2 - 1) * FIELD * height / width
        grid = np.stack([*np.meshgrid(x, y), np.ones((height, width))], axis=-1) @ pose[:3, :3].T
        down = np.where(np.abs(grid[..., 1]) < 1e-6, 1e-6, grid[..., 1])
        reach = np.clip((0.5 - pose[1, 3]) / down, 0, 50)
        ground_x, ground_z = pose[0, 3] + reach * grid[..., 0], pose[2, 3] + reach * grid[..., 2]
        checks = (np.floor(ground_x * 2) + np.floor(ground_z * 2)) % 2
        heading = np.degrees(np.arctan2(grid[..., 0], grid[..., 2]))
        stripes = np.floor(heading / 10) % 2
        ground = (0.25 + 0.35 * checks)[..., None] * (0.5 + tint)
        sky = (0.55 + 0.2 * stripes)[..., None] * (0.6 + 0.6 * tint[::-1])
        picture = np.where((down > 0)[..., None], ground, sky)
        return np.clip(picture * 255, 0, 255).round().astype(np.uint8)


def _pose_in(latent: Latents) -> NDArray[np.float64]:
    return poses.from_row(latent[ROW_CHANNELS:NOISE_CHANNEL, 0, 0].astype(np.float64))


def _latent(row: NDArray[np.float32], pose: NDArray[np.float64], number: float, tint: NDArray[np.float64]) -> Latents:
    latent = np.zeros((NUM_CHANNELS, 2, 4), np.float32)
    latent[: len(row)] = row[:, None, None]
    latent[ROW_CHANNELS:NOISE_CHANNEL] = poses.to_row(pose)[:, None, None]
    latent[NOISE_CHANNEL, :, 0] = number
    latent[NOISE_CHANNEL, :, 1:] = tint
    return latent
