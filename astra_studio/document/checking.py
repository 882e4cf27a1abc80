"""Invariants of every project, whatever edits made it."""

from __future__ import annotations

from collections.abc import Iterable

from astra_studio.document.derived import lanes
from astra_studio.document.edits import checked_seed
from astra_studio.document.model import Changes, Project, Take
from astra_studio.document.parameters import checked
from engine.settings import Settings


def check(project: Project) -> None:
    """Raise ValueError naming the first thing that does not hold. What a file gives is checked by it, too."""
    _unique("take ids", (take.id for take in project.takes))
    _unique("take names", (take.name for take in project.takes))
    _unique("marker ids", (marker.id for marker in project.markers))
    _unique("preset names", (preset.name for preset in project.presets))
    _unique("path names", (path.name for path in project.paths))
    _holds(bool(project.takes), "a project has at least one take")
    ids = {take.id for take in project.takes}
    _holds(project.selection.take in ids, "the current take exists")
    _holds(project.selection.compared in {None, *ids}, "the compared take exists")
    for take in project.takes:
        _check_take(take)
        _holds(take.parent in {None, *ids}, f"the parent of {take.name} exists")
    # A take that is its own ancestor is reached from no root, and has no lane.
    _holds(len(lanes(project)) == len(project.takes), "no take is its own ancestor")
    frames = [marker.frame for marker in project.markers]
    _holds(frames == sorted(frames) and min(frames, default=0) >= 0, "markers lie in the order of their frames, from 0")
    area = project.work_area
    _holds((area.start or 0) >= 0 and (area.stop is None or area.stop > (area.start or 0)), "in comes before out")
    for preset in project.presets:
        _check_changes(preset.changes, f"preset {preset.name}")


def _check_take(take: Take) -> None:
    _check_changes(take.recipe.changes, take.name)
    checked_seed(take.recipe.seed)
    _holds(bool(take.name.strip()), "a take has a name")
    _holds(checked(take.keys) == take.keys, f"the keys of {take.name} lie in their order, each in a place of its own")
    before = None
    for index, chunk in enumerate(take.chunks):
        _holds(chunk.parent == before, f"chunk {index} of {take.name} follows the one before it")
        _holds(chunk.request.index == index, f"chunk {index} of {take.name} knows its number")
        _holds(chunk.request.actions.modality == take.actions.modality, f"{take.name} has actions of one modality")
        _holds(chunk.clock.counts_like(take.clock), f"chunk {index} of {take.name} goes by the take's clock")
        _holds(chunk.num_ticks > 0, f"chunk {index} of {take.name} has a tick")
        before = chunk.id


def _check_changes(changes: Changes, owner: str) -> None:
    """Values of settings; what they may be is their world's to say, and that world need not be at hand."""
    Settings(changes)
    _holds(list(changes) == sorted(dict(changes).items()), f"the settings of {owner} are in order, each named once")


def _holds(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(f"the project is not sound; it does not hold that {sentence}")


def _unique(things: str, names: Iterable[str]) -> None:
    found = list(names)
    _holds(len(set(found)) == len(found), f"no two {things} are the same")
