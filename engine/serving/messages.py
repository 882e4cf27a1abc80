"""Requests to the engine and its events: frozen, plain values and numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass

from engine.actions.modality import ActionTrack
from engine.messages import ChunkResult, Frames, Latents, Picture, TakeHistory, WorldInfo
from engine.serving.failures import EngineFailure
from engine.serving.wire import message_types
from engine.settings import Settings
from engine.worlds.location import WorldLocation


@dataclass(frozen=True, kw_only=True)
class OpenWorld:
    """Open a world ahead of need: `WorldOpened` or `RequestFailed` comes back."""

    request_id: str
    world: WorldLocation


@dataclass(frozen=True, kw_only=True, eq=False)
class MakeChunk:
    """Make one chunk: `ChunkDone`, `ChunkCancelled` or `RequestFailed` comes back.

    Attributes:
        request_id: of this request, and from then on of the state after its chunk.
        fingerprint: of the world that is meant, so that another one in its place is not taken for it; "" for any.
        parent_id: of the request for the chunk before it; None for the first of a take.
        start: frames (1 + 4k, H, W, 3) of the world's size, with the first chunk alone.
        picture: the last of them at the best resolution there is, with the first chunk alone.
        index: number of the chunk in its take, from 0.
        take_seed: of the take; the chunk's own is derived from it.
        actions: one row per latent of the chunk.

    What lies before a later chunk is asked for where the engine no longer holds that state (`HistoryNeeded`).
    """

    request_id: str
    world: WorldLocation
    fingerprint: str = ""
    parent_id: str | None
    start: Frames | None = None
    picture: Picture | None = None
    index: int
    take_seed: int
    actions: ActionTrack
    settings: Settings
    prompt: str = ""
    negative_prompt: str = ""


@dataclass(frozen=True)
class CancelRequest:
    """Stop the request at its next step. Does nothing where it is over."""

    request_id: str


EngineRequest = OpenWorld | MakeChunk

# ---------------------------------------------------------------------- events


@dataclass(frozen=True)
class WorldOpening:
    """The world is being opened."""

    spec: str


@dataclass(frozen=True)
class WorldOpened:
    """The world is open."""

    spec: str
    info: WorldInfo
    restore_latents: int


@dataclass(frozen=True)
class StepDone:
    """Denoising step `step` of `num_steps` is done."""

    request_id: str
    step: int
    num_steps: int


@dataclass(frozen=True, eq=False)
class PreviewReady:
    """What the last latent of the chunk looks like so far."""

    request_id: str
    step: int
    picture: Picture


@dataclass(frozen=True, eq=False)
class FramesReady:
    """Frames of the chunk, from its frame `first_frame` on, which are decoded while it goes on.

    They come in order and without a gap; where the engine's process was lost and the chunk is made again, once more
    from the first on, and equal.
    """

    request_id: str
    first_frame: int
    frames: Frames


@dataclass(frozen=True, eq=False)
class ChunkDone:
    """The chunk is finished. `start_latents` come with the first chunk of a take."""

    request_id: str
    result: ChunkResult
    start_latents: Latents | None


@dataclass(frozen=True)
class ChunkCancelled:
    """The chunk was cancelled. Not an error."""

    request_id: str


@dataclass(frozen=True)
class RequestFailed:
    """It could not be done; the next request may be."""

    request_id: str
    failure: EngineFailure


# ---------------------------------------------------------------------- between client and host


@dataclass(frozen=True)
class HistoryNeeded:
    """The host no longer holds the state before a chunk: `HistoryFound` or `HistoryMissing` is to follow.

    `num_latents` is how many of the take's last latents it needs at most.
    """

    request_id: str
    num_latents: int


@dataclass(frozen=True, eq=False)
class HistoryFound:
    """What lies before the chunk."""

    history: TakeHistory


@dataclass(frozen=True)
class HistoryMissing:
    """What lies before the chunk cannot be read."""

    failure: EngineFailure


EngineEvent = (
    WorldOpening | WorldOpened | StepDone | PreviewReady | FramesReady | ChunkDone | ChunkCancelled | RequestFailed
)

CHILD_MESSAGES = message_types(OpenWorld, MakeChunk, CancelRequest, HistoryFound, HistoryMissing)
"""What an engine's process takes."""
PARENT_MESSAGES = message_types(
    WorldOpening,
    WorldOpened,
    StepDone,
    PreviewReady,
    FramesReady,
    ChunkDone,
    ChunkCancelled,
    RequestFailed,
    HistoryNeeded,
)
"""What an engine's process sends."""
