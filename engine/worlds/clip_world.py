"""Worlds over models that make a whole clip from one picture: every chunk goes on from the last frame.

The state is the take's last latents. The frame that a clip starts from is decoded from them, in a fresh run as after
`restore`, so that both give the same to the last bit.

Shape letters: C latent channels, T latents, h w latent height and width.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.actions.modality import ActionTrack, modality
from engine.messages import (
    Cancelled,
    ChunkRequest,
    ChunkResult,
    Frames,
    Latents,
    Listener,
    Picture,
    Progress,
    TakeHistory,
    WorldInfo,
)
from engine.settings import num_steps
from engine.worlds.protocol import MAX_START_LATENTS, Opened, check_frames, check_request, tell_frames

KEPT_LATENTS = MAX_START_LATENTS
"""Of a take's end: as many as a start may have, whose frames the first chunk shows."""
SEEN_LATENTS = 9
"""Latents that the frame a clip starts from is decoded from: what lies further back hardly shows in it."""


class ClipModel(Protocol):
    """A model that makes clips, and its video autoencoder. Belongs to one thread."""

    def encode(self, frames: Frames) -> Latents:
        """Normalised latents (C, T, h, w) float32 of frames, which are whole latents."""
        ...

    def decode(self, latents: Latents) -> Frames:
        """Frames of latents that begin a stream."""
        ...

    def make(self, picture: Picture, request: ChunkRequest, step_done: Callable[[int], None]) -> Latents:
        """Latents (C, 1 + n, h, w) of a clip: its picture, and one for each action row.

        Calls `step_done` with the number of every step, from 1; what that raises ends the clip and is passed on.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipState:
    """Where a take stands."""

    latents: Latents
    """The last of the take, at most `KEPT_LATENTS`."""
    num_latents: int
    """Of the whole take."""
    is_shown: bool
    """Whether the start frames have been shown."""
    modality: str


class ClipWorld:
    """A world over a `ClipModel`."""

    restore_latents = KEPT_LATENTS

    def __init__(self, info: WorldInfo, model: ClipModel) -> None:
        self.info, self._model = info, model

    def open(self, frames: Frames, modality_name: str, picture: Picture | None = None) -> Opened:
        check_frames(frames, self.info)
        if modality_name not in self.info.modalities:
            known = ", ".join(self.info.modalities)
            raise ValueError(f"the world {self.info.name} knows {known} actions, not {modality_name!r}")
        latents = self._model.encode(frames)
        state = ClipState(
            latents=latents, num_latents=latents.shape[1], is_shown=False, modality=modality(modality_name).name
        )
        return Opened(state, latents)

    def step(
        self,
        state: ClipState,
        request: ChunkRequest,
        listener: Listener = lambda _event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[ClipState, ChunkResult]:
        check_request(request, self.info, state.modality)
        self._check_length(request.actions)
        started = time.perf_counter()
        steps = num_steps(self.info.settings, request.settings)

        def step_done(number: int) -> None:
            listener(Progress(request.index, number, steps))
            if cancelled():
                raise Cancelled

        if cancelled():
            raise Cancelled
        picture = self._model.decode(state.latents[:, -SEEN_LATENTS:])[-1]
        packed = time.perf_counter()
        clip = self._model.make(picture, request, step_done)
        denoised = time.perf_counter()
        frames = self._model.decode(clip)[self.info.clock.first_latent_frames :]
        if not state.is_shown:
            frames = np.concatenate([self._model.decode(state.latents), frames])
        tell_frames(frames, request, self.info, listener)
        latents = np.ascontiguousarray(clip[:, 1:])
        following = ClipState(
            latents=np.concatenate([state.latents, latents], axis=1)[:, -KEPT_LATENTS:].copy(),
            num_latents=state.num_latents + len(request.actions),
            is_shown=True,
            modality=state.modality,
        )
        seconds = {
            "pack": packed - started,
            "denoise": denoised - packed,
            "decode": time.perf_counter() - denoised,
        }
        return following, ChunkResult(
            request=request, first_latent=state.num_latents, latents=latents, frames=frames, seconds=seconds
        )

    def restore(self, history: TakeHistory) -> ClipState:
        history.check(self.restore_latents)
        return ClipState(
            latents=np.array(history.latents[:, -KEPT_LATENTS:], np.float32),
            num_latents=history.num_latents,
            is_shown=history.num_latents > history.num_start,
            modality=history.actions.modality.name,
        )

    def state_bytes(self, state: ClipState) -> int:
        return state.latents.nbytes

    def off_device(self, state: ClipState) -> ClipState:
        return state

    def _check_length(self, actions: ActionTrack) -> None:
        clock = self.info.clock
        if not clock.min_latents_per_chunk <= len(actions) <= clock.max_latents_per_chunk:
            raise ValueError(
                f"{self.info.name} makes {clock.min_latents_per_chunk} to {clock.max_latents_per_chunk} latents at "
                f"once, got {len(actions)} action rows"
            )
