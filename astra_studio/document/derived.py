"""Values derived from a project: stale chunks, lengths, lanes. None of it is stored, so it cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal

from astra_studio.document.declared import has_text, keyable_specs, settings_with
from astra_studio.document.model import (
    PROMPT,
    Chunk,
    ChunkId,
    Parameter,
    ParameterValue,
    Project,
    Start,
    Take,
    TakeId,
)
from astra_studio.document.parameters import Tracks, is_same, made_with, usable_value, value_at
from astra_studio.document.remembering import remembered
from engine.clock import Clock
from engine.settings import Settings, SettingValue, Specs


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One place of the chunk strip: ticks `start` to `stop` - 1 of a take.

    Attributes:
        chunk: what was made there; None: nothing yet.
        state: "stale": made of something else than the take now asks for, or after such a chunk.
        differing: what that is, "actions" and parameters; nothing for a chunk that merely follows.
        is_locked: whether it is to be kept as it is.
    """

    index: int
    start: int
    stop: int
    chunk: Chunk | None
    state: Literal["planned", "stored", "stale"]
    differing: tuple[str, ...] = ()
    is_locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRecipe:
    """The recipe of the chunk that begins at a tick: its settings and prompt, those of keys among them.

    Attributes:
        keyed: parameters whose values keys decide there.
    """

    settings: Settings
    prompt: str
    keyed: tuple[Parameter, ...] = ()

    def value(self, parameter: Parameter) -> ParameterValue:
        """Of a parameter."""
        return self.prompt if parameter == PROMPT else self.settings[parameter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The row of a take below the ruler.

    Attributes:
        row: from the top, 0 first; a branch lies below its parent.
        depth: how many branchings lead to it.
        start: first tick that is the take's own; before it lie chunks of its parent.
        stop: past its last made tick.
    """

    take: TakeId
    row: int
    depth: int
    parent: TakeId | None
    num_shared: int
    start: int
    stop: int


@remembered
def made_ticks(take: Take) -> int:
    """Ticks that have been generated."""
    return sum(chunk.num_ticks for chunk in take.chunks)


def total_ticks(take: Take) -> int:
    """Ticks made or planned, whichever is more."""
    return max(made_ticks(take), len(take.actions))


def start_frames(project: Project, take: Take) -> int:
    """Frames before tick 0: those of the start, of a clip as many as are whole latents."""
    if take.chunks:
        first = take.chunks[0]
        return first.num_frames - first.clock.frames_per_latent * first.num_ticks
    start = start_of(project, take)
    return take.clock.whole_frames(start.num_frames if start else 1)


@remembered
def made_frames(take: Take) -> int:
    """Frames that can be shown, those of the start included."""
    return sum(chunk.num_frames for chunk in take.chunks)


def locate_frame(take: Take, frame: int) -> tuple[Chunk, int]:
    """The chunk that holds frame `frame` of a take, and the frame's number in it.

    Raises ValueError for a frame that has not been made.
    """
    first = 0
    for chunk in take.chunks:
        if 0 <= frame - first < chunk.num_frames:
            return chunk, frame - first
        first += chunk.num_frames
    raise ValueError(f"{take.name} has {first} frames, counted from 0; asked for {frame}")


def total_frames(project: Project, take: Take) -> int:
    """Frames made or planned, those of the start included."""
    return start_frames(project, take) + take.clock.frames_per_latent * total_ticks(take)


def start_of(project: Project, take: Take) -> Start | None:
    """What a take started from, or will start from while it has no chunk."""
    return take.chunks[0].request.start if take.chunks else project.start


def active_parameters(project: Project) -> tuple[Parameter, ...]:
    """The parameters that count in the project's world, in the order of their lanes."""
    return tuple(spec.name for spec in active_specs(project))


def active_specs(project: Project) -> Specs:
    """What can have keys and counts in the project's world: without text, less."""
    reads = has_text(project.world)
    return tuple(spec for spec in keyable_specs(project.world) if reads or not spec.needs_text)


def recipe_at(project: Project, take: Take, tick: int) -> TickRecipe:
    """The recipe of a chunk that begins at a tick: the take's, with the values of the keys there.

    What the world does not have, or cannot use, counts for nothing.
    """
    changes: dict[str, SettingValue] = dict(take.recipe.changes)
    prompt, keyed = take.recipe.prompt, list[Parameter]()
    for spec in active_specs(project) if take.keys else ():
        value = usable_value(spec, value_at(take.keys, spec.name, tick))
        if value is None:
            continue
        keyed.append(spec.name)
        if spec.name == PROMPT:
            prompt = str(value)
        else:
            changes[spec.name] = value
    return TickRecipe(settings=settings_with(project.world, changes), prompt=prompt, keyed=tuple(keyed))


def latents_per_chunk(project: Project, take: Take) -> int:
    """Ticks of the take's next chunk."""
    return chunk_clock(project, take).chunk_length(take.recipe.num_latents)


def chunk_clock(project: Project, take: Take) -> Clock:
    """The clock that says how long chunks of a take may be: the world's, where it can go on with the take."""
    info = project.world.info
    return info.clock if info is not None and info.clock.counts_like(take.clock) else take.clock


def follows_project(project: Project, take: Take) -> bool:
    """Whether the take's next chunk would be of the project's start and world; if not, a new take is what is meant."""
    if not take.chunks:
        return True
    request = take.chunks[-1].request
    info = project.world.info
    return request.start == project.start and (info is None or request.world == info.fingerprint)


class Staleness:
    """In what chunks of a take differ from what the take now asks for; made once for all chunks of it.

    That is "actions", and every parameter that keys decide now or decided then. A recipe is of chunks to come, and
    makes none stale.
    """

    def __init__(self, project: Project, take: Take) -> None:
        self._take, self._tracks = take, Tracks(take.keys)
        self._active = tuple(spec for spec in active_specs(project) if spec.affects_latents)
        self._recipe = recipe_at(project, replace(take, keys=()), 0)

    def differing(self, chunk: Chunk, tick: int) -> tuple[str, ...]:
        """What differs of a chunk that begins at a tick."""
        take, told = self._take, list[str]()
        if take.actions.part(tick, tick + chunk.num_ticks) != chunk.request.actions:
            told.append("actions")
        if take.keys or chunk.keyed:
            for spec in self._active:
                asked = usable_value(spec, self._tracks.value(spec.name, tick))
                if asked is None and spec.name in chunk.keyed:
                    asked = self._recipe.value(spec.name)
                made = made_with(chunk, spec.name)
                if asked is not None and not is_same(asked, spec.default if made is None else made):
                    told.append(spec.name)
        return tuple(told)


def first_stale(project: Project, take: Take) -> int:
    """Number of the first stale chunk; `len(take.chunks)` where none is. Every later one is stale too."""
    staleness, tick = Staleness(project, take), 0
    for index, chunk in enumerate(take.chunks):
        if staleness.differing(chunk, tick):
            return index
        tick += chunk.num_ticks
    return len(take.chunks)


def slots(project: Project, take: Take) -> tuple[Slot, ...]:
    """The chunk strip of a take: what was made, then what is planned."""
    staleness, tick, state = Staleness(project, take), 0, "stored"
    found: list[Slot] = []
    for index, chunk in enumerate(take.chunks):
        stop = tick + chunk.num_ticks
        told = staleness.differing(chunk, tick)
        state = "stale" if told else state
        found.append(
            Slot(
                index=index,
                start=tick,
                stop=stop,
                chunk=chunk,
                state="stale" if state == "stale" else "stored",
                differing=told,
                is_locked=chunk.id in take.locked,
            )
        )
        tick = stop
    length = latents_per_chunk(project, take)
    while tick < len(take.actions):
        stop = min(tick + length, len(take.actions))
        found.append(Slot(index=len(found), start=tick, stop=stop, chunk=None, state="planned"))
        tick = stop
    return tuple(found)


def num_shared(first: Take, second: Take) -> int:
    """Chunks that two takes have in common, from the start on."""
    pairs = zip(first.chunks, second.chunks, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].id == pair[1].id, pairs))


def lanes(project: Project) -> tuple[Lane, ...]:
    """One lane per take: branches below their parent, in the order in which they were made."""
    found: list[Lane] = []
    for take, depth in _by_tree(project):
        shared = num_shared(take, project.take(take.parent)) if take.parent else 0
        start = sum(chunk.num_ticks for chunk in take.chunks[:shared])
        found.append(
            Lane(
                take=take.id,
                row=len(found),
                depth=depth,
                parent=take.parent,
                num_shared=shared,
                start=start,
                stop=made_ticks(take),
            )
        )
    return tuple(found)


def placed_chunks(project: Project) -> frozenset[ChunkId]:
    """The chunks that are in a take."""
    return frozenset(chunk.id for take in project.takes for chunk in take.chunks)


def loose_tips(project: Project, library: Mapping[ChunkId, Chunk]) -> tuple[Chunk, ...]:
    """The last chunks of every chain that is in no take, in the library's order: what can be restored."""
    placed = placed_chunks(project)
    loose = {key: chunk for key, chunk in library.items() if key not in placed}
    followed = {chunk.parent for chunk in loose.values()}
    return tuple(chunk for key, chunk in loose.items() if key not in followed)


def _by_tree(project: Project) -> Iterator[tuple[Take, int]]:
    """Takes with their depth, each followed by its branches. A loop, for branches may lie deep."""
    children: dict[TakeId | None, list[Take]] = {}
    for take in project.takes:
        children.setdefault(take.parent, []).append(take)
    waiting = [(take, 0) for take in reversed(children.get(None, []))]
    while waiting:
        take, depth = waiting.pop()
        yield take, depth
        waiting += [(branch, depth + 1) for branch in reversed(children.get(take.id, []))]
