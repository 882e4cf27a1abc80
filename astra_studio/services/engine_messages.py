"""Owns what the engine's thread is asked and what it answers: frozen, plain values and numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from astra_studio.problems import Problem
from engine.actions.modality import ActionTrack
from engine.messages import ChunkRequest, ChunkResult, Frames, Latents, Picture, WorldInfo

FailureKind = Literal["out_of_memory", "weights_missing", "weights_mismatch", "bad_input", "device_lost", "bug"]


@dataclass(frozen=True, kw_only=True)
class WorldPlace:
    """Which world to open, and where it may be found.

    Attributes:
        spec: as `engine.worlds.registry.open_world` takes it.
        catalogue: worlds by name, as (name, folder).
        device: "auto", "cpu" or "cuda".
        seconds_per_chunk: of the fake world: how long it takes, for tests and for working on the window.
    """

    spec: str
    catalogue: tuple[tuple[str, str], ...] = ()
    device: str = "auto"
    seconds_per_chunk: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Past:
    """What a take holds so far, to rebuild the state after it.

    Attributes:
        latents: the last of them (C, T, h, w), at least as many as the world's `restore_latents`, or all.
        num_latents: how many there are in all, those of the start included.
        num_start: how many came from the start.
        actions: one row per latent of the whole take, those of the start at rest.
    """

    latents: Latents
    num_latents: int
    num_start: int
    actions: ActionTrack


@dataclass(frozen=True, kw_only=True, eq=False)
class MakeChunk:
    """Make one chunk.

    Attributes:
        ticket: id of the chunk to be.
        tip: id of the chunk before it; None for the first of a take.
        start: frames (1 + 4k, H, W, 3) of the world's size, with the first chunk alone.
        past: what lies before it, with later ones: used where the engine no longer holds that state.
    """

    ticket: str
    world: WorldPlace
    request: ChunkRequest
    tip: str | None
    start: Frames | None = None
    past: Past | None = None


# ---------------------------------------------------------------------- answers


@dataclass(frozen=True)
class Opening:
    """The world is being opened."""

    spec: str


@dataclass(frozen=True)
class Opened:
    """The world is open."""

    spec: str
    info: WorldInfo
    restore_latents: int


@dataclass(frozen=True)
class Stepped:
    """Denoising step `step` of `num_steps` is done."""

    ticket: str
    step: int
    num_steps: int


@dataclass(frozen=True, eq=False)
class Previewed:
    """What the last latent of the chunk looks like so far."""

    ticket: str
    step: int
    picture: Picture


@dataclass(frozen=True, eq=False)
class Done:
    """The chunk is made. `start_latents` come with the first chunk of a take."""

    ticket: str
    result: ChunkResult
    start_latents: Latents | None


@dataclass(frozen=True)
class Stopped:
    """The chunk was cancelled. Not an error."""

    ticket: str


@dataclass(frozen=True)
class Failed:
    """It could not be done; the next request may be. `ticket` None: the world could not be opened."""

    ticket: str | None
    kind: FailureKind
    problem: Problem
    details: str = ""


Answer = Opening | Opened | Stepped | Previewed | Done | Stopped | Failed
