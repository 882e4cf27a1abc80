"""View-model of the timeline: rows of takes, cells and curves, from the project and the services."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from astra_studio.document.actions import Actions
from astra_studio.document.declared import spec_of_parameter
from astra_studio.document.derived import Lane, Slot, lanes, latents_per_chunk, num_shared, slots, start_frames
from astra_studio.document.model import Chunk, Project, Take, TakeId, World
from astra_studio.services.generation.status import GenerationStatus
from astra_studio.services.playback.player import Player
from engine.clock import Clock
from engine.poses import Floats
from ui.timeline.cells import Cell, State
from ui.timeline.translation import tr


@dataclass(frozen=True, kw_only=True)
class PlacedCell:
    """A cell and its frames: `start` to `stop` - 1. Those of a first chunk begin with the start's."""

    cell: Cell
    start: int
    stop: int
    first_tick: int
    last_tick: int
    chunk: Chunk | None = None


@dataclass(frozen=True, kw_only=True)
class TakeRow:
    """One take's strip.

    Attributes:
        cells: of the current take all, of another those that it does not share with the row it hangs on.
        branch_frame: where it leaves the row it hangs on; None for a take of its own.
        hangs_on: the current take, or its parent, whichever it shares more with.
    """

    take: TakeId
    name: str
    hint: str
    is_current: bool
    is_starred: bool
    is_compared: bool
    num_locked: int = 0
    num_chunks: int = 0
    cells: tuple[PlacedCell, ...] = ()
    branch_frame: int | None = None
    hangs_on: TakeId | None = None

    @property
    def bounds(self) -> list[int]:
        """Frames at which chunks begin, and the end."""
        return [0, *(cell.stop for cell in self.cells)]


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Motion per tick: units per tick, and radians of left turn per tick."""

    speed: Floats = field(default_factory=lambda: np.zeros(0))
    turn: Floats = field(default_factory=lambda: np.zeros(0))


class RowBook:
    """Works the rows out, and what did not change not again: takes are values, so the same one has the same slots."""

    def __init__(self) -> None:
        self._slots: dict[TakeId, tuple[Take, object, tuple[Slot, ...]]] = {}
        self._lanes: tuple[object, tuple[Lane, ...]] = (None, ())

    def rows(self, project: Project, status: GenerationStatus, player: Player) -> tuple[TakeRow, ...]:
        """The current take first, then its relatives in the order of the tree."""
        current, takes = project.current, {take.id: take for take in project.takes}
        if self._lanes[0] is not project.takes:
            self._lanes = (project.takes, lanes(project))
        found = [
            self._row(project, takes[lane.take], lane.num_shared, current, status, player) for lane in self._lanes[1]
        ]
        self._slots = {row.take: self._slots[row.take] for row in found}
        return tuple(sorted(found, key=lambda row: not row.is_current))

    def _known_slots(self, project: Project, take: Take) -> tuple[Slot, ...]:
        known = self._slots.get(take.id)
        if known is None or known[0] is not take or known[1] is not project.world:
            known = (take, project.world, slots(project, take))
            self._slots[take.id] = known
        return known[2]

    def _row(
        self, project: Project, take: Take, with_parent: int, current: Take, status: GenerationStatus, player: Player
    ) -> TakeRow:
        is_current = take.id == current.id
        with_current = 0 if is_current else num_shared(take, current)
        shared = 0 if is_current else max(with_current, with_parent)
        first, per_tick = start_frames(project, take), take.clock.frames_per_latent
        asked = _asked(take.id, status)
        found, cells = self._all_slots(project, take, asked), []
        # Of other takes what is planned is not shown, unless it is on its way.
        last = len(found) if is_current else max(len(take.chunks), *(index + 1 for index in asked), 0)
        for slot in found[shared:last]:
            cells.append(
                PlacedCell(
                    cell=_cell(project, take, slot, status, player),
                    start=0 if slot.index == 0 else first + per_tick * slot.start,
                    stop=first + per_tick * slot.stop,
                    first_tick=slot.start,
                    last_tick=slot.stop,
                    chunk=slot.chunk,
                )
            )
        ticks = found[shared - 1].stop if shared else 0
        hangs_on = current.id if with_current and with_current >= with_parent else take.parent
        return TakeRow(
            take=take.id,
            name=take.name,
            hint=tr("seed {0}").format(take.recipe.seed),
            is_current=is_current,
            is_starred=take.is_starred,
            is_compared=take.id == project.selection.compared,
            num_locked=sum(chunk.id in take.locked for chunk in take.chunks),
            num_chunks=len(take.chunks),
            cells=tuple(cells),
            branch_frame=first + per_tick * ticks if shared else None,
            hangs_on=hangs_on if shared else None,
        )

    def _all_slots(self, project: Project, take: Take, asked: Collection[int]) -> list[Slot]:
        """Those made and planned, and those that are asked for beyond the plan."""
        found = list(self._known_slots(project, take))
        length = latents_per_chunk(project, take)
        while len(found) <= max(asked, default=-1):
            start = found[-1].stop if found else 0
            found.append(Slot(index=len(found), start=start, stop=start + length, chunk=None, state="planned"))
        return found


def _asked(take: TakeId, status: GenerationStatus) -> list[int]:
    """Numbers of a take's chunks that are being made, wait or have failed."""
    found = [index for owner, index in status.queued if owner == take]
    if status.active is not None and status.active.take == take:
        found.append(status.active.index)
    found += [index for owner, index in status.storing if owner == take]
    return found + [index for owner, index in status.failures if owner == take]


def curves_of(actions: Actions, clock: Clock) -> Curves:
    """What the motion lane draws; empty for rows that are places and not steps."""
    found = actions.kind.motions(actions.rows, clock) if len(actions) else None
    return Curves() if found is None else Curves(speed=found.speed, turn=found.left_turn)


def _cell(project: Project, take: Take, slot: Slot, status: GenerationStatus, player: Player) -> Cell:
    key = (take.id, slot.index)
    active = status.active
    ticks = project.selection.ticks
    is_selected = take.id == project.selection.take and ticks == (slot.start, slot.stop)
    state: State = "planned"
    words, share, is_here = "", 0.0, False
    if slot.chunk is not None:
        is_here = player.is_in_memory(slot.chunk)
        state = "stale" if slot.state == "stale" else "in_memory" if is_here else "stored"
        words = stale_words(slot, project.world) if state == "stale" else ""
    elif active is not None and (active.take, active.index) == key:
        share = active.step / max(active.num_steps, 1)
        state, words = "generating", f"{active.step} / {active.num_steps}"
        if active.stage == "decoding":
            # Its latents are there, its frames are not yet.
            state, words = "latent_only", tr("Decoding")
        elif active.stage == "storing":
            state, words = "in_memory", tr("Storing")
        elif active.stage == "opening the world":
            words = tr("Opening the world")
        elif active.stage == "stopping":
            words = tr("Stopping")
    elif key in status.storing and key not in status.failures:
        state, words = "in_memory", tr("Storing")
    elif key in status.queued:
        state, place = "queued", status.queued.index(key)
        words = tr("Next") if place == 0 else tr("{0} in queue").format(ordinal(place + 1))
    elif key in status.failures:
        state, words = "failed", _cause(status.failures[key].kind)
    return Cell(
        number=slot.index + 1,
        state=state,
        text=words,
        share=share,
        was="in_memory" if is_here else "stored",
        is_locked=slot.is_locked,
        is_selected=is_selected,
    )


def stale_words(slot: Slot, world: World) -> str:
    """Why a chunk is stale in a project of this world, in two or three words."""
    if not slot.differing:
        return tr("Follows a stale one")
    if len(slot.differing) > 1:
        return tr("Path and settings" if "actions" in slot.differing else "Settings changed")
    if slot.differing == ("actions",):
        return tr("Path changed")
    spec = spec_of_parameter(world, slot.differing[0])
    return tr("{0} changed").format(slot.differing[0] if spec is None else tr(spec.short))


def _cause(kind: str) -> str:
    return tr({"out_of_memory": "Out of memory", "device_lost": "Device lost"}.get(kind, "Failed"))


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
