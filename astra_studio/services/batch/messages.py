"""Messages between the window and the child process of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from astra_studio.paths import world_catalogue
from astra_studio.problems import Problem
from astra_studio.services.batch.run import Forecast
from engine.serving.wire import message_types
from engine.worlds.location import WorldLocation, open_location
from engine.worlds.protocol import WorldModel


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """A batch as the user requests it."""

    jobs: Path
    out: Path
    device: str = "auto"

    def open_world(self, spec: str) -> WorldModel:
        """A world of the batch, in the process that renders it."""
        catalogue = tuple((name, str(path)) for name, path in world_catalogue().items())
        return open_location(WorldLocation(spec=spec, catalogue=catalogue, device=self.device))


@dataclass(frozen=True)
class ForecastBatch:
    """Find out what a batch will take: `Forecasted` or `BatchFailed` comes back."""

    batch: BatchRequest


@dataclass(frozen=True)
class RenderBatch:
    """Render a batch: `Rendered` or `BatchFailed` comes back."""

    batch: BatchRequest


@dataclass(frozen=True)
class Steering:
    """A command to the running batch; it counts from the next step on."""

    word: Literal["pause", "resume", "cancel"]


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """Progress of the batch: its share, 0 to 1, and what is being rendered."""

    share: float
    detail: str


@dataclass(frozen=True)
class Forecasted:
    """The forecast of the batch."""

    forecast: Forecast


@dataclass(frozen=True)
class Rendered:
    """The batch is over: number of jobs by how they ended."""

    counts: Mapping[str, int]


@dataclass(frozen=True)
class BatchFailed:
    """The batch could not be started or continued."""

    problem: Problem


CHILD_MESSAGES = message_types(ForecastBatch, RenderBatch, Steering)
PARENT_MESSAGES = message_types(BatchProgress, Forecasted, Rendered, BatchFailed)
