"""Parts of a project that a view can watch, and which of them a change touched."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from astra_studio.document.model import Project


class Facet(Enum):
    """A part of the project that some view shows."""

    START = "start"
    WORLD = "world"
    SETTINGS = "settings"
    """Recipes of takes: sampling settings, prompt, seed, chunk length."""
    PRESETS = "presets"
    PATHS = "paths"
    """Those kept under a name."""
    ACTIONS = "actions"
    """What takes ask for, and what that was made from."""
    KEYS = "keys"
    """Keys of parameters."""
    CHUNKS = "chunks"
    """Which chunks takes have, and which of them are locked."""
    TAKES = "takes"
    """Which takes there are, their names, stars and parents."""
    MARKERS = "markers"
    WORK_AREA = "work area"
    SELECTION = "selection"


_SHOWN: dict[Facet, Callable[[Project], object]] = {
    Facet.START: lambda project: project.start,
    Facet.WORLD: lambda project: project.world,
    Facet.SETTINGS: lambda project: [(take.id, take.recipe) for take in project.takes],
    Facet.PRESETS: lambda project: project.presets,
    Facet.PATHS: lambda project: project.paths,
    Facet.ACTIONS: lambda project: [(take.id, take.actions, take.path, take.clock) for take in project.takes],
    Facet.KEYS: lambda project: [(take.id, take.keys) for take in project.takes],
    Facet.CHUNKS: lambda project: [
        (take.id, take.locked, [chunk.id for chunk in take.chunks]) for take in project.takes
    ],
    Facet.TAKES: lambda project: [(take.id, take.name, take.is_starred, take.parent) for take in project.takes],
    Facet.MARKERS: lambda project: project.markers,
    Facet.WORK_AREA: lambda project: project.work_area,
    Facet.SELECTION: lambda project: project.selection,
}


def changed_facets(before: Project, after: Project) -> frozenset[Facet]:
    """The facets in which two projects differ."""
    if before is after:
        return frozenset()
    return frozenset(facet for facet, shown in _SHOWN.items() if shown(before) != shown(after))
