"""Edits of a project as a whole: start, world, settings, presets, markers, work area, selection.

An edit is a pure function from project to project with the words of its undo step. Edits of takes are in `take_edits`,
of actions in `action_edits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from astra_studio.document.clocks import with_worlds_clock
from astra_studio.document.declared import merged_changes
from astra_studio.document.locks import check_kept
from astra_studio.document.model import (
    MAX_SEED,
    Marker,
    MarkerId,
    Preset,
    Project,
    Recipe,
    Selection,
    Start,
    Take,
    TakeId,
    WorkArea,
    World,
)
from engine.messages import WorldInfo
from engine.settings import SettingValue
from engine.video.pictures import Crop


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change and how undo calls it.

    Attributes:
        label: what follows "Undo" and "Redo", such as "Move crop"; "" makes no step: what is looked at, what became
            known.
        change: raises ValueError where it cannot be done, KeyError for a take that is gone.
        merge_key: edits one after another with one key, which is not "", are one step: those of one drag, which ends
            with `Session.end_merge`.
    """

    label: str
    change: Callable[[Project], Project]
    merge_key: str = ""


def changed_take(project: Project, take_id: TakeId, change: Callable[[Take], Take]) -> Project:
    """The project with one take changed.

    Raises KeyError for a take that is gone, ValueError where a locked chunk would be deleted or made stale.
    """
    after = change(project.take(take_id))
    changed = replace(project, takes=tuple(after if take.id == take_id else take for take in project.takes))
    check_kept(project, changed, take_id)
    return changed


def together(label: str, parts: Sequence[Edit], merge_key: str = "") -> Edit:
    """Several edits as one step, in their order. Raises what any of them raises, and then none is done."""

    def change(project: Project) -> Project:
        for part in parts:
            project = part.change(project)
        return project

    return Edit(label=label, change=change, merge_key=merge_key)


# ---------------------------------------------------------------------- start and world


def set_start(start: Start | None, *, prompt: str | None = None) -> Edit:
    """What the next take from scratch starts from; a scene preset brings its prompt for the current take."""

    def change(project: Project) -> Project:
        started = replace(project, start=start)
        if prompt is None:
            return started
        return _with_recipe(started, project.selection.take, lambda recipe: replace(recipe, prompt=prompt))

    return Edit(label="Set start" if start else "Remove start", change=change)


def set_crop(crop: Crop) -> Edit:
    """Move the crop of the start. Raises ValueError without a start, or for a crop that leaves the picture."""

    def change(project: Project) -> Project:
        if project.start is None:
            raise ValueError("there is no start picture to crop; choose one first")
        _check_crop(crop, project.start)
        return replace(project, start=replace(project.start, crop=crop))

    return Edit(label="Move crop", change=change, merge_key="crop")


def set_world(spec: str) -> Edit:
    """Choose the world by name, folder or file. Raises ValueError for an empty name."""

    def change(project: Project) -> Project:
        if not spec:
            raise ValueError("a world needs a name, a folder or a file; the name is empty")
        return project if spec == project.world.spec else replace(project, world=World(spec=spec))

    return Edit(label="Choose world", change=change)


def world_opened(spec: str, info: WorldInfo) -> Edit:
    """What became known of a world when it was opened; nothing, where another one has been chosen since.

    Takes without chunks go by its clock from now on.
    """

    def change(project: Project) -> Project:
        if project.world.spec != spec:
            return project
        return with_worlds_clock(replace(project, world=World(spec=spec, info=info)))

    return Edit(label="", change=change)


# ---------------------------------------------------------------------- recipe and presets


def set_prompt(take: TakeId, prompt: str, negative_prompt: str = "") -> Edit:
    """What the take's next chunks are told in words."""
    return _recipe_edit(
        "Change prompt",
        take,
        lambda recipe: replace(recipe, prompt=prompt, negative_prompt=negative_prompt),
        f"prompt/{take}",
    )


def set_settings(take: TakeId, changes: Mapping[str, SettingValue]) -> Edit:
    """Settings of the take's next chunks; those not named stay. Raises ValueError for what the world cannot have."""
    names = " and ".join(sorted(changes)).replace("_", " ")

    def change(project: Project) -> Project:
        def changed(recipe: Recipe) -> Recipe:
            return replace(recipe, changes=merged_changes(project.world, recipe.changes, changes))

        return _with_recipe(project, take, changed)

    return Edit(label=f"Change {names}", change=change, merge_key=f"settings/{take}/{names}")


def reset_settings(take: TakeId) -> Edit:
    """Back to the world's defaults."""
    return _recipe_edit("Reset settings", take, lambda recipe: replace(recipe, changes=()))


def set_seed(take: TakeId, seed: int, *, is_locked: bool) -> Edit:
    """The take's seed, 0 to `MAX_SEED`, and whether a redo keeps it. Raises ValueError for another."""
    return _recipe_edit(
        "Change seed",
        take,
        lambda recipe: replace(recipe, seed=checked_seed(seed), seed_is_locked=is_locked),
        f"seed/{take}",
    )


def set_num_latents(take: TakeId, num_latents: int | None) -> Edit:
    """Latents per chunk from the next one on, at least 1; None: the world's own. Raises ValueError for another."""

    def change(recipe: Recipe) -> Recipe:
        if num_latents is not None and num_latents < 1:
            raise ValueError(f"a chunk has at least 1 latent, got {num_latents}")
        return replace(recipe, num_latents=num_latents)

    return _recipe_edit("Change chunk length", take, change)


def save_preset(name: str, take: TakeId) -> Edit:
    """Keep the take's sampling settings under a name, in place of any older ones. Raises ValueError for no name."""

    def change(project: Project) -> Project:
        preset = Preset(name=checked_name(name, "preset"), changes=project.take(take).recipe.changes)
        others = tuple(other for other in project.presets if other.name != preset.name)
        return replace(project, presets=tuple(sorted((*others, preset), key=lambda entry: entry.name)))

    return Edit(label="Save preset", change=change)


def use_preset(name: str, take: TakeId) -> Edit:
    """Give a take the settings of a preset. Raises ValueError for a preset that is not there."""

    def change(project: Project) -> Project:
        changes = {preset.name: preset.changes for preset in project.presets}
        if name not in changes:
            raise ValueError(f"there is no preset {name!r}; there are {', '.join(changes) or 'none'}")
        return _with_recipe(project, take, lambda recipe: replace(recipe, changes=changes[name]))

    return Edit(label="Use preset", change=change)


def delete_preset(name: str) -> Edit:
    """Forget a preset; takes that used it keep their settings."""
    return Edit(
        label="Delete preset",
        change=lambda project: replace(
            project, presets=tuple(preset for preset in project.presets if preset.name != name)
        ),
    )


# ---------------------------------------------------------------------- markers, work area, selection


def add_marker(marker: MarkerId, frame: int, name: str = "") -> Edit:
    """Mark a frame. Raises ValueError for a frame below 0 or an id that is taken."""

    def change(project: Project) -> Project:
        if any(other.id == marker for other in project.markers):
            raise ValueError(f"there is a marker {marker} already; take a new id")
        added = Marker(id=marker, frame=_checked_frame(frame), name=name)
        return replace(project, markers=_by_frame((*project.markers, added)))

    return Edit(label="Add marker", change=change)


def move_marker(marker: MarkerId, frame: int) -> Edit:
    """Move a marker to another frame, at least 0. Raises ValueError."""
    edit = _marker_edit("Move marker", marker, lambda known: replace(known, frame=_checked_frame(frame)))
    return replace(edit, merge_key=f"marker/{marker}")


def rename_marker(marker: MarkerId, name: str) -> Edit:
    """Give a marker another name, which may be empty. Raises ValueError for one that is gone."""
    return _marker_edit("Rename marker", marker, lambda known: replace(known, name=name))


def delete_marker(marker: MarkerId) -> Edit:
    """Remove a marker. Raises ValueError for one that is gone."""
    return _marker_edit("Delete marker", marker, lambda _known: None)


def set_work_area(start: int | None, stop: int | None, merge_key: str = "") -> Edit:
    """In and out: frames `start` to `stop` - 1, None being open; `merge_key` where they are dragged.

    Raises ValueError for a range that is none.
    """

    def change(project: Project) -> Project:
        first = 0 if start is None else start
        if first < 0 or (stop is not None and stop <= first):
            raise ValueError(f"the work area needs 0 <= in < out, got in {start} and out {stop}")
        return replace(project, work_area=WorkArea(start=start, stop=stop))

    return Edit(label="Set work area", change=change, merge_key=merge_key)


def select(take: TakeId | None = None, *, compared: TakeId | None = None, ticks: tuple[int, int] | None = None) -> Edit:
    """Look at a take (None: stay), beside another, with ticks selected. No undo step. Raises KeyError, ValueError."""

    def change(project: Project) -> Project:
        shown = project.take(project.selection.take if take is None else take)
        if compared is not None:
            project.take(compared)
        if ticks is not None and not 0 <= ticks[0] < ticks[1]:
            raise ValueError(f"selected ticks need 0 <= first < last, got {ticks}")
        return replace(project, selection=Selection(take=shown.id, compared=compared, ticks=ticks))

    return Edit(label="", change=change)


# ---------------------------------------------------------------------- what several edits check


def checked_seed(seed: int) -> int:
    """The seed. Raises ValueError unless it is a whole number from 0 to `MAX_SEED`."""
    if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise ValueError(f"a seed is a whole number from 0 to {MAX_SEED}, got {seed!r}")
    return seed


def checked_name(name: str, thing: str) -> str:
    """The name without blanks around it. Raises ValueError where nothing is left."""
    if not name.strip():
        raise ValueError(f"a {thing} needs a name; it is empty")
    return name.strip()


def _checked_frame(frame: int) -> int:
    if frame < 0:
        raise ValueError(f"frames are counted from 0, got {frame}")
    return frame


def _check_crop(crop: Crop, start: Start) -> None:
    slack = 1e-6 * max(start.width_px, start.height_px)  # as `fit_picture` allows
    right, bottom = crop.left + crop.width, crop.top + crop.height
    if min(crop.left, crop.top) < -slack or right > start.width_px + slack or bottom > start.height_px + slack:
        raise ValueError(f"{crop} leaves the start of {start.width_px} x {start.height_px} pixels; move it inside")


def _by_frame(markers: tuple[Marker, ...]) -> tuple[Marker, ...]:
    return tuple(sorted(markers, key=lambda marker: (marker.frame, marker.id)))


def _marker_edit(label: str, marker: MarkerId, change: Callable[[Marker], Marker | None]) -> Edit:
    def changed(project: Project) -> Project:
        known = {other.id: other for other in project.markers}
        if marker not in known:
            raise ValueError(f"there is no marker {marker} any more")
        after = (change(other) if other.id == marker else other for other in project.markers)
        return replace(project, markers=_by_frame(tuple(other for other in after if other is not None)))

    return Edit(label=label, change=changed)


def _recipe_edit(label: str, take: TakeId, change: Callable[[Recipe], Recipe], merge_key: str = "") -> Edit:
    return Edit(label=label, change=lambda project: _with_recipe(project, take, change), merge_key=merge_key)


def _with_recipe(project: Project, take: TakeId, change: Callable[[Recipe], Recipe]) -> Project:
    return changed_take(project, take, lambda known: replace(known, recipe=change(known.recipe)))
