"""The contract between the engine and whoever drives it: requests, results, events. Frozen, numpy only.

Shape letters: C latent channels, T latents, h w latent height and width, N frames, H W pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.actions.modality import ActionTrack
from engine.clock import Clock
from engine.settings import Settings, SettingsPreset, Specs, changed_settings, default_settings

Picture = NDArray[np.uint8]
"""(H, W, 3) sRGB."""
Frames = NDArray[np.uint8]
"""(N, H, W, 3) sRGB."""
Latents = NDArray[np.float32]
"""(C, T, h, w), normalised."""

StoredArrays = Mapping[str, NDArray[Any]]
"""Arrays by name that are stored with a chunk, from which a world goes on."""


@dataclass(frozen=True, kw_only=True)
class WorldInfo:
    """What a world is and can do."""

    name: str
    fingerprint: str
    """sha256 over everything that decides what comes out, weights first."""
    width: int
    height: int
    clock: Clock
    modalities: tuple[str, ...]
    has_text: bool
    settings: Specs
    """What can be set of its chunks, in the order of forms and reports."""
    device: str
    licence: str = ""
    presets: tuple[SettingsPreset, ...] = ()
    """Settings that it recommends together."""
    ignores: tuple[str, ...] = ()
    """What it is given and does not heed: "actions", "picture"."""
    detail: str = "off"
    """Whether its frames are shown with detail where nobody chooses: auto, on or off."""

    @property
    def aspect(self) -> float:
        return self.width / self.height

    @property
    def defaults(self) -> Settings:
        """What a chunk is made with where nothing is set."""
        return default_settings(self.settings)

    def settings_with(self, changes: Mapping[str, Any]) -> Settings:
        """The defaults with some replaced. Raises ValueError for a setting that it has not, or a value that cannot
        be."""
        return changed_settings(self.settings, self.defaults, changes)


@dataclass(frozen=True, kw_only=True)
class ChunkRequest:
    """Everything that decides a chunk, given the state it follows. Same request, same chunk, on the same device."""

    index: int
    """Number of the chunk in its take, from 0."""
    actions: ActionTrack
    """One row per latent of the chunk."""
    seed: int
    """Of this chunk; see `chunk_seed`."""
    settings: Settings
    """Of every setting that the world declares."""
    prompt: str = ""
    negative_prompt: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChunkResult:
    """A finished chunk."""

    request: ChunkRequest
    first_latent: int
    """Absolute number of its first latent; the start picture's is 0."""
    latents: Latents
    frames: Frames
    """Of these latents, as the world decodes them: soft frames, in which following, drift and sharpness are measured.
    The first chunk of a take has the start picture's frame before them."""
    seconds: Mapping[str, float]
    """Wall time by part: pack, denoise, decode, and detail where it was added."""
    routing: NDArray[np.float32] | None = None
    """(latents, experts): weight of each action expert, where the world has experts."""
    arrays: StoredArrays = field(default_factory=dict)
    """What the world wants back when it goes on from what is stored (`TakeHistory.arrays`)."""
    detailed: Frames | None = None
    """As many frames as `frames`, with detail of the start picture; None where none was added."""

    @property
    def shown(self) -> Frames:
        """The frames that a user sees: with detail where there is any."""
        return self.frames if self.detailed is None else self.detailed

    @property
    def latents_sha256(self) -> str:
        """Hash of the latents' float32 bytes, little-endian, C order."""
        return hashlib.sha256(np.ascontiguousarray(self.latents, dtype="<f4").tobytes()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class TakeHistory:
    """What is stored of a take, to rebuild the state after it.

    Attributes:
        latents: the last of them (C, T, h, w), at least as many as the world's `restore_latents`, or all.
        num_latents: how many there are in all, those of the start included.
        num_start: how many came from the start.
        actions: one row per latent of the whole take, those of the start at rest.
        arrays: of the newest chunk (`ChunkResult.arrays`); empty where there is none.
        picture: the last start frame at the best resolution there is, where detail is to go on.
    """

    latents: Latents
    num_latents: int
    num_start: int
    actions: ActionTrack
    arrays: StoredArrays = field(default_factory=dict)
    picture: Picture | None = None

    def check(self, restore_latents: int) -> None:
        """Raise ValueError unless it holds what a world needs that wants so many latents."""
        needed = min(self.num_latents, restore_latents)
        if self.latents.shape[1] < needed:
            raise ValueError(
                f"restoring after {self.num_latents} latents needs the last {needed}, got {self.latents.shape[1]}"
            )
        if len(self.actions) != self.num_latents:
            raise ValueError(
                f"restoring after {self.num_latents} latents needs as many action rows, got {len(self.actions)}"
            )


# ---------------------------------------------------------------------- events


@dataclass(frozen=True)
class Progress:
    """Denoising step `step` of `num_steps` of a chunk is done."""

    chunk: int
    step: int
    num_steps: int


@dataclass(frozen=True, eq=False)
class Preview:
    """What the chunk's last latent looks like so far: small, rough, made at every step."""

    chunk: int
    step: int
    picture: Picture = field(repr=False)


@dataclass(frozen=True, eq=False)
class FramesDecoded:
    """Frames of the chunk, those of one latent, the first of which is frame `first_frame` of `ChunkResult.shown`.

    They come in order and without a gap, as soon as they are decoded, and are those of the result to the last bit.
    """

    chunk: int
    first_frame: int
    frames: Frames = field(repr=False)


Event = Progress | Preview | FramesDecoded
Listener = Callable[[Event], None]


class Cancelled(Exception):
    """Raised inside the engine when the caller's cancel flag was seen. Not an error; the state before is still good."""


def chunk_seed(take_seed: int, index: int, purpose: str = "noise") -> int:
    """Seed of one chunk, in [0, 2^63): chunk k can be redone without the chunks before it drawing any number."""
    digest = hashlib.sha256(f"{take_seed}/{index}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
