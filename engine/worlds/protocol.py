"""Protocol of a world model: a picture opens it, a request steps it, stored latents restore it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from engine.messages import (
    ChunkRequest,
    ChunkResult,
    Frames,
    FramesDecoded,
    Latents,
    Listener,
    Picture,
    StoredArrays,
    TakeHistory,
    WorldInfo,
)
from engine.settings import changed_settings

MAX_START_LATENTS = 30
"""As much history as a window ever reaches back."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A world at the start of a take."""

    state: Any
    latents: Latents
    """(C, T, h, w) of the start frames; T = 1 for one picture."""


class WorldModel(Protocol):
    """A backend that makes chunks.

    A state is a value: `step` returns a new one and leaves the old one valid, so that a cancelled or failed step
    costs nothing and a branch is another step from the same state. States are opaque to everyone but their world, and
    their size does not grow with the take. Lives on one thread, the engine's.
    """

    info: WorldInfo
    restore_latents: int
    """How many of a take's last latents `restore` needs at most."""

    def open(self, frames: Frames, modality: str, picture: Picture | None = None) -> Opened:
        """Start a take from frames of the world's size: whole latents of its clock, at most `MAX_START_LATENTS`.

        `picture` is the last of them at the best resolution there is; worlds that show no detail pass it over.

        Raises ValueError for frames that are something else.
        """
        ...

    def step(
        self, state: Any, request: ChunkRequest, listener: Listener, cancelled: Callable[[], bool]
    ) -> tuple[Any, ChunkResult]:
        """Make the chunk that follows `state`, telling `listener` of every step and of all its frames.

        Raises Cancelled, or ValueError for a request that this world cannot meet.
        """
        ...

    def restore(self, history: TakeHistory) -> Any:
        """The state after what is stored of a take. Raises ValueError where that is less than it needs."""
        ...

    def state_bytes(self, state: Any) -> int:
        """Bytes that a state holds, whatever it shares with others counted as its own."""
        ...

    def off_device(self, state: Any) -> Any:
        """The same state with its arrays in the computer's main memory. `step` takes it as it takes any other."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A world that can go on from other frames than its own."""

    refreshes: bool
    """Whether it can with its autoencoder, which has to encode each latent by itself."""

    def refreshed(self, state: Any, num_latents: int, frames: Mapping[int, tuple[Frames, Frames]]) -> Any:
        """The state after a chunk of `num_latents`, its history corrected.

        Args:
            frames: by number of a latent in the chunk, its soft frames as they were decoded, and those that the world
                is to go on from.

        What is stored of the take stays as it was; `refresh_arrays` tells what else is needed to restore it.
        """
        ...

    def refresh_arrays(self, state: Any) -> StoredArrays:
        """What `restore` needs in `TakeHistory.arrays` to have a refreshed state again."""
        ...


def check_frames(frames: Frames, info: WorldInfo) -> None:
    """Raise ValueError unless frames are (N, height, width, 3) uint8 of this world's size, N whole latents."""
    clock = info.clock
    most = clock.num_frames(MAX_START_LATENTS)
    expected = (info.height, info.width, 3)
    is_shaped = frames.dtype == np.uint8 and frames.ndim == 4 and frames.shape[1:] == expected
    if not is_shaped or not clock.is_whole(len(frames)) or len(frames) > most:
        known = ", ".join(str(clock.num_frames(number)) for number in (1, 2, 3))
        raise ValueError(
            f"{info.name} starts from {known} ... up to {most} frames of {info.width} x {info.height} "
            f"pixels as uint8 RGB, got an array of shape {frames.shape} and type {frames.dtype}"
        )


def check_request(request: ChunkRequest, info: WorldInfo, modality: str) -> None:
    """Raise ValueError for a request that no state of this take can meet."""
    if not len(request.actions):
        raise ValueError("a chunk needs at least one action row")
    if request.actions.modality.name != modality:
        raise ValueError(
            f"this take is driven by {modality} actions; it cannot go on with {request.actions.modality.name} ones"
        )
    changed_settings(info.settings, request.settings, request.settings)
    missing = sorted({spec.name for spec in info.settings} - set(request.settings))
    if missing:
        raise ValueError(f"the request says nothing of {', '.join(missing)}; give it all settings of {info.name}")
    if (request.prompt or request.negative_prompt) and not info.has_text:
        raise ValueError(f"the world {info.name} reads no text; leave the prompt empty")


def tell_frames(frames: Frames, request: ChunkRequest, info: WorldInfo, listener: Listener) -> None:
    """Tell a chunk's frames where they were decoded all at once: those of the start, if any, and then latent by
    latent."""
    length = info.clock.frames_per_latent
    first = len(frames) - length * len(request.actions)
    if first:
        listener(FramesDecoded(request.index, 0, frames[:first]))
    for begin in range(first, len(frames), length):
        listener(FramesDecoded(request.index, begin, frames[begin : begin + length]))
