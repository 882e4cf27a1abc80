"""Where a world is found, and on which device it is to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.worlds.protocol import WorldModel
from engine.worlds.registry import open_world


@dataclass(frozen=True, kw_only=True)
class WorldLocation:
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


def open_location(location: WorldLocation) -> WorldModel:
    """The world that is meant. Raises what opening it raises."""
    if location.spec == "fake":
        from engine.worlds.fake import FakeWorld

        return FakeWorld(seconds_per_chunk=location.seconds_per_chunk)
    return open_world(location.spec, {name: Path(folder) for name, folder in location.catalogue}, location.device)
