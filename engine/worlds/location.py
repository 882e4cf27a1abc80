"""Location of a world, and the device it is to run on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.worlds.protocol import WorldModel
from engine.worlds.registry import open_world


@dataclass(frozen=True, kw_only=True)
class WorldLocation:
    """Which world to open, and on which device. Plain values: it may travel to another process.

    Attributes:
        spec: as `engine.worlds.registry.open_world` takes it.
        catalogue: worlds by name, as (name, folder).
        device: "auto" or a torch device string, such as "cpu", "cuda:1" or "mps".
    """

    spec: str
    catalogue: tuple[tuple[str, str], ...] = ()
    device: str = "auto"

    @property
    def folders(self) -> dict[str, Path]:
        """The catalogue as `open_world` takes it."""
        return {name: Path(folder) for name, folder in self.catalogue}


def open_location(location: WorldLocation) -> WorldModel:
    """The world that is meant. Raises what opening it raises."""
    return open_world(location.spec, location.folders, location.device)
