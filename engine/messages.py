"""The contract between the engine and whoever drives it: requests, results, events. Frozen, numpy only.

Shape letters: C latent channels, T latents, h w latent height and width, N frames, H W pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.actions.modality import ActionTrack
from engine.clock import Clock
from engine.settings import SettingsPreset, Specs

Picture = NDArray[np.uint8]
"""(H, W, 3) sRGB."""
Frames = NDArray[np.uint8]
"""(N, H, W, 3) sRGB."""
Latents = NDArray[np.float32]
"""(C, T, h, w), normalised."""

FRAMES_PER_LATENT = 4
"""Except for a take's first latent, which is one frame."""

Solver = Literal["euler", "unipc"]
HistoryNoiseOn = Literal["recent", "all"]


LARGEST = 1e6
"""Of any number that is set; also keeps NaN and infinity out."""


def _is_finite(value: Any) -> bool:
    number: Any = value
    return isinstance(value, Real) and bool(abs(number) <= LARGEST)


@dataclass(frozen=True, kw_only=True)
class SamplingSettings:
    """How a chunk is denoised."""

    num_steps: int = 50
    solver: Solver = "euler"
    shift: float = 5.0
    """Flow shift of the noise schedule."""
    guidance: float = 2.0
    """Action-Free Guidance scale; 1 and below is off (reference section 8)."""
    text_guidance: float = 1.0
    """1 and below is off. Ignored by worlds without text."""
    history_noise: float = 0.0
    """Level in [0, 1) mixed into the history; 0 is clean."""
    history_noise_on: HistoryNoiseOn = "recent"
    """"recent": the two full-resolution history latents, as the released training; "all": all of them, as the paper."""
    history_mode: Literal["upstream", "aligned", "anchored"] = "anchored"

    def __post_init__(self) -> None:
        for name in ("shift", "guidance", "text_guidance", "history_noise"):
            value = getattr(self, name)
            if not _is_finite(value):
                raise ValueError(f"{name.replace('_', ' ')} must be a finite number, got {value!r}")
        if not isinstance(self.num_steps, Integral) or self.num_steps < 1:
            raise ValueError(f"the number of denoising steps must be a whole number from 1, got {self.num_steps!r}")
        if self.guidance < 0 or self.text_guidance < 0:
            raise ValueError(f"guidance scales must not be negative, got {min(self.guidance, self.text_guidance)}")
        if not 0 <= self.history_noise < 1:
            raise ValueError(f"history noise must lie in 0 (clean) up to but not including 1, got {self.history_noise}")
        if self.shift <= 0:
            raise ValueError(f"the flow shift must be positive, got {self.shift}")
        if self.solver not in ("euler", "unipc"):
            raise ValueError(f"the solver must be euler or unipc, got {self.solver!r}")
        if self.history_noise_on not in ("recent", "all"):
            raise ValueError(f'history noise goes on "recent" or "all" latents, got {self.history_noise_on!r}')
        if self.history_mode not in ("upstream", "aligned", "anchored"):
            raise ValueError(f"the history mode must be upstream, aligned or anchored, got {self.history_mode!r}")

    def changed(self, changes: Mapping[str, Any]) -> SamplingSettings:
        """These settings with some replaced. Raises ValueError for a name that does not exist."""
        known = {f.name for f in fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ValueError(f"unknown sampling setting {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        return replace(self, **changes)


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
    defaults: SamplingSettings
    device: str
    licence: str = ""
    settings: Specs = ()
    """What can be set of its chunks, in the order of forms and reports."""
    presets: tuple[SettingsPreset, ...] = ()
    """Settings that it recommends together."""

    @property
    def aspect(self) -> float:
        return self.width / self.height


@dataclass(frozen=True, kw_only=True)
class ChunkRequest:
    """Everything that decides a chunk, given the state it follows. Same request, same chunk, on the same device."""

    index: int
    """Number of the chunk in its take, from 0."""
    actions: ActionTrack
    """One row per latent of the chunk."""
    seed: int
    """Of this chunk; see `chunk_seed`."""
    settings: SamplingSettings
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
    """Of these latents; the first chunk of a take has the start picture's frame before them."""
    seconds: Mapping[str, float]
    """Wall time by part: pack, denoise, decode."""
    routing: NDArray[np.float32] | None = None
    """(latents, experts): weight of each action expert, where the world has experts."""
    arrays: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """Small arrays by name that the world wants back when it goes on from what is stored (`TakeHistory.arrays`)."""

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
    """

    latents: Latents
    num_latents: int
    num_start: int
    actions: ActionTrack
    arrays: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

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


Event = Progress | Preview
Listener = Callable[[Event], None]


class Cancelled(Exception):
    """Raised inside the engine when the caller's cancel flag was seen. Not an error; the state before is still good."""


def chunk_seed(take_seed: int, index: int, purpose: str = "noise") -> int:
    """Seed of one chunk, in [0, 2^63): chunk k can be redone without the chunks before it drawing any number."""
    digest = hashlib.sha256(f"{take_seed}/{index}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def num_frames(num_latents: int) -> int:
    """Frames that a stream of `num_latents` latents decodes to: 4L - 3."""
    return FRAMES_PER_LATENT * num_latents - (FRAMES_PER_LATENT - 1)
