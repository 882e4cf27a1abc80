"""What the child process of a batch is asked and what it tells."""

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
class AskedBatch:
    """A batch that the user asks for."""

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

    batch: AskedBatch


@dataclass(frozen=True)
class RenderBatch:
    """Render a batch: `Rendered` or `BatchFailed` comes back."""

    batch: AskedBatch


@dataclass(frozen=True)
class Steering:
    """What is to become of the batch from its next step on."""

    word: Literal["pause", "resume", "cancel"]


@dataclass(frozen=True, kw_only=True)
class Told:
    """How far it is, 0 to 1."""

    share: float
    detail: str


@dataclass(frozen=True)
class Forecasted:
    """What the batch will take."""

    forecast: Forecast


@dataclass(frozen=True)
class Rendered:
    """The batch is over: how many jobs have ended in which way."""

    counts: Mapping[str, int]


@dataclass(frozen=True)
class BatchFailed:
    """The batch could not be begun or gone on with."""

    problem: Problem


CHILD_MESSAGES = message_types(ForecastBatch, RenderBatch, Steering)
PARENT_MESSAGES = message_types(Told, Forecasted, Rendered, BatchFailed)
