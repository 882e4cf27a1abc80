"""Edits of paths of keys: a take's own path, and those that the project keeps under a name."""

from __future__ import annotations

from dataclasses import replace

from astra_studio.document.actions import Actions
from astra_studio.document.clocks import resampled
from astra_studio.document.edits import Edit, changed_take, checked_name
from astra_studio.document.model import MAX_TICKS, NamedPath, Project, Take, TakeId
from astra_studio.document.paths import Drawn, actions_of_path, authored_of, steadied
from engine.clock import Clock


def set_path(
    take: TakeId,
    drawn: Drawn | None,
    *,
    like: Actions | None = None,
    label: str = "Change path",
    merge_key: str = "",
) -> Edit:
    """Ask for what a path of keys asks for; None: for nothing. `merge_key` where a key is dragged.

    `like` are the rows that the keys were made of, None those that the take has: where the path gives the same but for
    rounding, they are kept to the last bit, so that chunks made of them stay good. Raises ValueError for another
    modality than the take's chunks have, and for more ticks than a take can have.
    """

    def change(known: Take) -> Take:
        if drawn is None:
            return replace(known, actions=Actions(known.actions.modality), path=None)
        asked = steadied(actions_of_path(drawn, clock=known.clock), known.actions if like is None else like)
        return _asking(known, asked, replace(known, actions=asked, path=authored_of(drawn)))

    return Edit(label=label, change=lambda project: changed_take(project, take, change), merge_key=merge_key)


def set_modality(take: TakeId, modality: str) -> Edit:
    """What a take without actions will be driven by. Raises ValueError for one that has some, or an unknown name."""

    def change(known: Take) -> Take:
        empty = Actions(modality)
        if len(known.actions) or known.chunks:
            raise ValueError(f"{known.name} asks for {known.actions.modality} actions already; clear its path first")
        return replace(known, actions=empty, path=None)

    return Edit(label="Change modality", change=lambda project: changed_take(project, take, change))


def keep_path(take: TakeId, name: str) -> Edit:
    """Keep what a take asks for under a name, in place of an older path of that name. Raises ValueError."""

    def change(project: Project) -> Project:
        known = project.take(take)
        if not len(known.actions):
            raise ValueError(f"{known.name} has no path yet that could be kept; draw one, or choose a preset")
        kept = NamedPath(name=checked_name(name, "path"), actions=known.actions, path=known.path, clock=known.clock)
        return _with_path(project, kept)

    return Edit(label="Keep path", change=change)


def add_path(name: str, actions: Actions, source: str, *, clock: Clock) -> Edit:
    """Keep rows of a clock's ticks that came from a file under a name of their own.

    Raises ValueError for no name or no rows.
    """

    def change(project: Project) -> Project:
        if not len(actions):
            raise ValueError(f"{source or 'the path'} holds no tick that could be kept")
        wanted, number = checked_name(name, "path"), 2
        taken = {path.name for path in project.paths}
        unique = wanted
        while unique in taken:
            unique, number = f"{wanted} {number}", number + 1
        return _with_path(project, NamedPath(name=unique, actions=actions, source=source, clock=clock))

    return Edit(label="Import path", change=change)


def use_path(name: str, take: TakeId) -> Edit:
    """Ask for what a kept path asks for. Raises ValueError for a name that is not there, or another modality."""

    def change(project: Project) -> Project:
        kept = named_path(project, name)

        def used(known: Take) -> Take:
            asked = resampled(kept.actions, kept.path, kept.clock, known.clock)
            return _asking(known, asked, replace(known, actions=asked, path=kept.path))

        return changed_take(project, take, used)

    return Edit(label="Use path", change=change)


def rename_path(name: str, new: str) -> Edit:
    """Give a kept path another name. Raises ValueError for an empty one, or one that another path has."""

    def change(project: Project) -> Project:
        kept, wanted = named_path(project, name), checked_name(new, "path")
        if wanted != name and any(path.name == wanted for path in project.paths):
            raise ValueError(f"there is already a path called {wanted!r}; choose another name")
        return _with_path(_without_path(project, name), replace(kept, name=wanted))

    return Edit(label="Rename path", change=change)


def delete_path(name: str) -> Edit:
    """Forget a kept path; takes that use it keep what they ask for. Raises ValueError for one that is not there."""

    def change(project: Project) -> Project:
        named_path(project, name)
        return _without_path(project, name)

    return Edit(label="Delete path", change=change)


def named_path(project: Project, name: str) -> NamedPath:
    """The kept path of that name. Raises ValueError naming those that there are."""
    for path in project.paths:
        if path.name == name:
            return path
    known = ", ".join(path.name for path in project.paths) or "none"
    raise ValueError(f"there is no path {name!r} any more; there are {known}")


def _asking(known: Take, asked: Actions, after: Take) -> Take:
    """The changed take, where it may ask for these actions. Raises ValueError."""
    if known.chunks and asked.modality != known.actions.modality:
        raise ValueError(
            f"{known.name} has chunks made from {known.actions.modality} actions; start a new take for "
            f"{asked.modality} ones"
        )
    if len(asked) > MAX_TICKS:
        raise ValueError(f"a take has at most {MAX_TICKS} ticks, this would be {len(asked)}")
    return after


def _with_path(project: Project, path: NamedPath) -> Project:
    others = (other for other in project.paths if other.name != path.name)
    return replace(project, paths=tuple(sorted((*others, path), key=_sorting)))


def _without_path(project: Project, name: str) -> Project:
    return replace(project, paths=tuple(path for path in project.paths if path.name != name))


def _sorting(path: NamedPath) -> tuple[str, str]:
    return path.name.casefold(), path.name
