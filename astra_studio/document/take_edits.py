"""Edits of takes: new, branch, redo, delete a tail, rename, star, lock, delete, restore; and placing a chunk.

A finished chunk is a fact and no edit. `place` puts it at the end of the take that it was made for, if that take still
ends where the chunk begins and goes by its clock; if not, the project stays as it is and the chunk is loose: in the
file, in no take, there to be restored. The session applies `place` to every value of its history, so no undo takes a
chunk out of a take that exists.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from astra_studio.document.actions import joined
from astra_studio.document.clocks import with_worlds_clock, worlds_clock
from astra_studio.document.declared import defaults_of, keyable_specs, merged_changes
from astra_studio.document.derived import made_ticks, num_shared, recipe_at
from astra_studio.document.edits import Edit, changed_take, checked_name, checked_seed
from astra_studio.document.locks import named_locks
from astra_studio.document.model import (
    Chunk,
    ChunkId,
    Project,
    Recipe,
    Request,
    Selection,
    Take,
    TakeId,
    World,
)
from astra_studio.document.parameters import check_value, checked, is_same, rebuilt, set_from
from engine.settings import SettingValue

_NUMBERED = re.compile(r"Take (\d{1,9})")


def new_take(take: TakeId) -> Edit:
    """An empty take with the id `take`, the current take's recipe, path and keys, under the clock of the world.

    It becomes current.
    """

    def change(project: Project) -> Project:
        added = replace(
            project.current, id=take, name=_next_name(project), is_starred=False, parent=None, chunks=(), locked=()
        )
        return with_worlds_clock(_with_new(project, added))

    return Edit(label="New take", change=change)


def branch(take: TakeId, num_chunks: int, new: TakeId) -> Edit:
    """A take `new` that shares the first `num_chunks` chunks of `take`, with all that is planned there.

    It becomes current. Raises ValueError for more chunks than there are.
    """
    return Edit(label="Branch", change=lambda project: _branched(project, take, num_chunks, new))


def redo_from(
    take: TakeId, num_chunks: int, new: TakeId, changes: Mapping[str, SettingValue], seed: int | None = None
) -> Edit:
    """Make the chunks of `take` after the first `num_chunks` again, as a branch with other settings.

    A setting that has keys gets one there, and those after it go: it is the same for all that is made again. `seed`
    None keeps the take's. Raises ValueError for settings that none can be.
    """

    def change(project: Project) -> Project:
        branched = _branched(project, take, num_chunks, new)
        made = branched.take(new)
        begin, keys = made_ticks(made), made.keys
        asked, keyed = recipe_at(branched, made, begin), {key.parameter for key in keys}
        specs = keyable_specs(project.world)
        for name in sorted(keyed & set(changes)):
            check_value(specs, name, changes[name])
            if not is_same(changes[name], asked.value(name)):
                keys = set_from(keys, name, begin, changes[name])
                keys = tuple(key for key in keys if key.parameter != name or key.tick <= begin)
        plain = {name: value for name, value in changes.items() if name not in keyed}
        recipe = replace(
            made.recipe,
            changes=merged_changes(project.world, made.recipe.changes, plain),
            seed=made.recipe.seed if seed is None else checked_seed(seed),
        )
        return changed_take(branched, new, lambda known: replace(known, recipe=recipe, keys=checked(keys)))

    return Edit(label="Redo from here", change=change)


def delete_tail(take: TakeId, num_chunks: int) -> Edit:
    """Keep the first `num_chunks` chunks of a take; what is planned stays, and so do branches. Raises ValueError."""

    def change(known: Take) -> Take:
        _check_count(known, num_chunks)
        return replace(known, chunks=known.chunks[:num_chunks])

    return Edit(label="Delete tail", change=lambda project: with_worlds_clock(changed_take(project, take, change)))


def rename(take: TakeId, name: str) -> Edit:
    """Give a take another name. Raises ValueError for an empty one, or one that another take has."""

    def change(project: Project) -> Project:
        wanted = checked_name(name, "take")
        if any(other.name == wanted and other.id != take for other in project.takes):
            raise ValueError(f"there is already a take called {wanted!r}; choose another name")
        return changed_take(project, take, lambda known: replace(known, name=wanted))

    return Edit(label="Rename take", change=change)


def star(take: TakeId, is_starred: bool) -> Edit:
    """Star a take, or take the star away."""
    return Edit(
        label="Star take" if is_starred else "Unstar take",
        change=lambda project: changed_take(project, take, lambda known: replace(known, is_starred=is_starred)),
    )


def lock(take: TakeId, chunks: Collection[ChunkId], is_locked: bool) -> Edit:
    """Keep chunks of a take as they are, or no longer: see `locks`. Raises ValueError for chunks that are not there."""

    def change(known: Take) -> Take:
        missing = set(chunks) - {chunk.id for chunk in known.chunks}
        if missing:
            raise ValueError(f"{known.name} has no chunk {', '.join(sorted(missing))} that could be locked")
        kept = set(known.locked) | set(chunks) if is_locked else set(known.locked) - set(chunks)
        return replace(known, locked=tuple(chunk.id for chunk in known.chunks if chunk.id in kept))

    word = ("Lock" if is_locked else "Unlock") + (" chunks" if len(chunks) > 1 else " chunk")
    return Edit(label=word, change=lambda project: changed_take(project, take, change))


def delete_take(take: TakeId, empty: TakeId) -> Edit:
    """Remove a take. Its branches stay whole and hang on its parent; its chunks stay in the file.

    A project is never without a take: in place of the last one comes an empty one with the id `empty`. Raises
    ValueError for a take with a locked chunk.
    """

    def change(project: Project) -> Project:
        gone = project.take(take)
        if any(chunk.id in gone.locked for chunk in gone.chunks):
            raise ValueError(f"{named_locks(gone)} locked; open the lock before the take is deleted")
        left = tuple(
            replace(other, parent=gone.parent) if other.parent == take else other
            for other in project.takes
            if other.id != take
        )
        if not left:
            left = (Take(id=empty, name="Take 1", recipe=gone.recipe, clock=worlds_clock(project, gone.clock)),)
        selection = project.selection
        if selection.take == take:
            place = min(project.takes.index(gone), len(left) - 1)
            selection = Selection(take=gone.parent or left[place].id)
        if selection.compared == take:
            selection = replace(selection, compared=None)
        return replace(project, takes=left, selection=selection)

    return Edit(label="Delete take", change=change)


def restore(tip: ChunkId, library: Mapping[ChunkId, Chunk], new: TakeId) -> Edit:
    """A take `new` of the chain that ends with the chunk `tip`, below the take that has most of it.

    `library` holds every chunk of the file. Raises ValueError for a chunk that is not there, or whose chain is broken.
    """

    def change(project: Project) -> Project:
        chain = chain_to(tip, library)
        asked = joined([chunk.request.actions for chunk in chain])
        recipe = recipe_of(chain[-1].request, project.world)
        restored = Take(
            id=new,
            name=_next_name(project),
            recipe=recipe,
            actions=asked,
            chunks=chain,
            keys=rebuilt(chain),
            clock=chain[-1].clock,
        )
        nearest = max(project.takes, key=lambda take: num_shared(take, restored))
        parent = nearest.id if num_shared(nearest, restored) else None
        return _with_new(project, replace(restored, parent=parent))

    return Edit(label="Restore chunks", change=change)


def chain_to(tip: ChunkId | None, library: Mapping[ChunkId, Chunk]) -> tuple[Chunk, ...]:
    """The chunks from the start to `tip`; none for None. Raises ValueError where one of them is missing."""
    chain: list[Chunk] = []
    while tip is not None:
        if tip not in library or len(chain) > len(library):
            raise ValueError(f"chunk {tip} is not in the project, so the take that ends with it cannot be shown")
        chain.append(library[tip])
        tip = library[tip].parent
    return tuple(reversed(chain))


def recipe_of(request: Request, world: World) -> Recipe:
    """What makes more chunks like one that was made: its settings as changes against the world's defaults."""
    defaults = defaults_of(world)
    changes = [(name, value) for name, value in request.settings.items() if value != defaults.get(name, value)]
    return Recipe(
        changes=tuple(changes),
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        seed=request.seed,
    )


def place(project: Project, chunk: Chunk) -> Project:
    """The project with a finished chunk at the end of its take; the same project where it does not follow there.

    Where the take asks for nothing at the chunk's ticks, it asks for the chunk's own actions from now on; what it asks
    for stays, so a chunk whose actions were changed while it was made arrives stale.
    """
    if not project.has_take(chunk.take):
        return project
    take = project.take(chunk.take)
    tip = take.chunks[-1].id if take.chunks else None
    fits_kind = not len(take.actions) or take.actions.modality == chunk.request.actions.modality
    fits = fits_kind and take.clock.counts_like(chunk.clock)
    if tip != chunk.parent or chunk.request.index != len(take.chunks) or not fits:
        return project
    begin = made_ticks(take)
    asked = take.actions
    if len(asked) < begin + chunk.num_ticks:
        known = max(len(asked), begin)
        before = [asked.part(0, known)] if known else []
        asked = joined([*before, chunk.request.actions.part(known - begin, chunk.num_ticks)])
    return changed_take(project, take.id, lambda known: replace(known, chunks=(*known.chunks, chunk), actions=asked))


def _branched(project: Project, take: TakeId, num_chunks: int, new: TakeId) -> Project:
    parent = project.take(take)
    _check_count(parent, num_chunks)
    made = replace(
        parent,
        id=new,
        name=_next_name(project),
        is_starred=False,
        parent=parent.id,
        chunks=parent.chunks[:num_chunks],
        locked=(),
    )
    return with_worlds_clock(_with_new(project, made))


def _with_new(project: Project, take: Take) -> Project:
    if project.has_take(take.id):
        raise ValueError(f"there is a take {take.id} already; take a new id")
    return replace(project, takes=(*project.takes, take), selection=Selection(take=take.id))


def _next_name(project: Project) -> str:
    numbers = [int(found[1]) for take in project.takes if (found := _NUMBERED.fullmatch(take.name))]
    return f"Take {max(numbers, default=0) + 1}"


def _check_count(take: Take, num_chunks: int) -> None:
    if not 0 <= num_chunks <= len(take.chunks):
        raise ValueError(f"{take.name} has {len(take.chunks)} chunks; cannot keep {num_chunks} of them")
