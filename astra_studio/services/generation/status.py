"""What is told of the chunks being made: the one under way, those that wait, what failed. Plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from astra_studio.document.model import ChunkId, TakeId
from astra_studio.problems import Problem
from engine.messages import Frames, Picture
from engine.serving.failures import FailureKind

Stage = Literal["opening the world", "denoising", "decoding", "storing", "stopping"]
"""Of one chunk. The first opening of a world belongs to no chunk: `GenerationStatus.world_stage`."""

SlotKey = tuple[TakeId, int]
"""A take and the number of a chunk in it."""


@dataclass(frozen=True, kw_only=True)
class ActiveChunk:
    """The chunk that is being made."""

    take: TakeId
    index: int
    chunk_id: ChunkId
    step: int
    num_steps: int
    stage: Stage
    seconds_left: float | None = None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a chunk could not be made."""

    take: TakeId
    index: int
    problem: Problem
    kind: FailureKind
    details: str = ""


@dataclass(frozen=True, kw_only=True)
class GenerationStatus:
    """All of it at one moment."""

    active: ActiveChunk | None = None
    queued: tuple[SlotKey, ...] = ()
    storing: tuple[SlotKey, ...] = ()
    """Finished chunks that are not in the file yet."""
    failures: Mapping[SlotKey, Failure] = field(default_factory=dict)
    is_paused: bool = False
    seconds_per_chunk: float | None = None
    world_stage: Literal["closed", "opening", "open", "failed"] = "closed"
    world_problem: Problem | None = None

    @property
    def is_busy(self) -> bool:
        return self.active is not None or bool(self.queued)

    @property
    def coming(self) -> frozenset[TakeId]:
        """Takes that will have more frames than they have now."""
        active = self.active
        making = [active.take] if active is not None and active.stage not in ("storing", "stopping") else []
        return frozenset([*making, *(() if self.is_paused else (take for take, _ in self.queued))])

    @property
    def seconds_left(self) -> float | None:
        """Until everything that is asked for is made; None where nothing is known yet."""
        if self.active is None or self.seconds_per_chunk is None:
            return None
        left = self.active.seconds_left
        return (self.seconds_per_chunk if left is None else left) + self.seconds_per_chunk * len(self.queued)


@dataclass(frozen=True, kw_only=True, eq=False)
class NewFrames:
    """Frames of a chunk that is being made.

    Attributes:
        first_frame: number in the chunk of the first of them; the others follow.
    """

    take: TakeId
    chunk_id: ChunkId
    first_frame: int
    frames: Frames


@dataclass(frozen=True, eq=False)
class ChunkPreview:
    """What a chunk looks like so far."""

    take: TakeId
    index: int
    step: int
    picture: Picture
