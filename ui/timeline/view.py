"""Owns what the timeline is about to paint: lanes, cells and curves out of the project and the services."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtGui import QImage

from astra_studio.document.actions import Actions
from astra_studio.document.derived import Slot, lanes, latents_per_chunk, slots, start_frames
from astra_studio.document.model import Chunk, Project, Take, TakeId
from astra_studio.services.generation import Making
from astra_studio.services.player import Player
from engine.messages import FRAMES_PER_LATENT
from engine.poses import Floats
from ui.timeline.cells import Cell, State
from ui.viewport.images import image_of


@dataclass(frozen=True, kw_only=True)
class PlacedCell:
    """A cell and its frames: `start` to `stop` - 1. Those of a first chunk begin with the start's."""

    cell: Cell
    start: int
    stop: int
    first_tick: int
    last_tick: int


@dataclass(frozen=True, kw_only=True)
class TakeRow:
    """One take's strip.

    Attributes:
        branch_frame: where it leaves its parent; None for a take of its own.
    """

    take: TakeId
    name: str
    hint: str
    is_current: bool
    is_starred: bool
    is_compared: bool
    cells: tuple[PlacedCell, ...] = ()
    branch_frame: int | None = None
    parent: TakeId | None = None


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Motion per tick: units per tick, and radians of left turn per tick."""

    speed: Floats = field(default_factory=lambda: np.zeros(0))
    turn: Floats = field(default_factory=lambda: np.zeros(0))


def rows_of(project: Project, making: Making, player: Player) -> tuple[TakeRow, ...]:
    """The current take first, then its relatives in the order of the tree."""
    found = [_row(project, project.take(lane.take), lane.num_shared, making, player) for lane in lanes(project)]
    return tuple(sorted(found, key=lambda row: not row.is_current))


def curves_of(actions: Actions) -> Curves:
    """What the motion lane draws; empty for driving rows, which are places and not steps."""
    if actions.modality == "driving" or not len(actions):
        return Curves()
    rows = actions.rows.astype(np.float64)
    speed = np.linalg.norm(rows[:, [3, 7, 11]], axis=1)
    return Curves(speed=speed, turn=np.arctan2(rows[:, 2], rows[:, 10]))


def bounds_of(row: TakeRow) -> list[int]:
    """Frames at which chunks begin, and the end."""
    return [0, *(cell.stop for cell in row.cells)]


def _row(project: Project, take: Take, num_shared: int, making: Making, player: Player) -> TakeRow:
    is_current = take.id == project.selection.take
    first = start_frames(project, take)
    cells: list[PlacedCell] = []
    for slot in _all_slots(project, take, making):
        if not is_current and slot.index < num_shared:
            continue
        begin = 0 if slot.index == 0 else first + FRAMES_PER_LATENT * slot.start
        cells.append(
            PlacedCell(
                cell=_cell(project, take, slot, making, player),
                start=begin,
                stop=first + FRAMES_PER_LATENT * slot.stop,
                first_tick=slot.start,
                last_tick=slot.stop,
            )
        )
    shared_ticks = sum(chunk.num_ticks for chunk in take.chunks[:num_shared])
    return TakeRow(
        take=take.id,
        name=take.name,
        hint=f"seed {take.recipe.seed}",
        is_current=is_current,
        is_starred=take.is_starred,
        is_compared=take.id == project.selection.compared,
        cells=tuple(cells),
        branch_frame=first + FRAMES_PER_LATENT * shared_ticks if num_shared and take.parent else None,
        parent=take.parent,
    )


def _all_slots(project: Project, take: Take, making: Making) -> list[Slot]:
    """Those made and planned, and those that are asked for beyond the plan."""
    found = list(slots(project, take))
    asked = [index for owner, index in making.queued if owner == take.id]
    if making.underway is not None and making.underway.take == take.id:
        asked.append(making.underway.index)
    asked += [index for owner, index in making.failures if owner == take.id]
    length = latents_per_chunk(project, take)
    while len(found) <= max(asked, default=-1):
        start = found[-1].stop if found else 0
        found.append(Slot(index=len(found), start=start, stop=start + length, chunk=None, state="planned"))
    return found


def _cell(project: Project, take: Take, slot: Slot, making: Making, player: Player) -> Cell:
    key = (take.id, slot.index)
    underway = making.underway
    ticks = project.selection.ticks
    is_selected = take.id == project.selection.take and ticks == (slot.start, slot.stop)
    thumbnail = None if slot.chunk is None else _thumbnail(slot.chunk, player)
    state: State
    words, share = "", 0.0
    if slot.chunk is not None:
        state = "stale" if slot.state == "stale" else "in_memory" if player.is_in_memory(slot.chunk) else "stored"
        words = "Path changed" if state == "stale" else ""
    elif underway is not None and (underway.take, underway.index) == key:
        state, share = "generating", underway.step / max(underway.num_steps, 1)
        words = "Storing" if underway.stage == "storing" else f"{underway.step} / {underway.num_steps}"
    elif key in making.queued:
        state, place = "queued", making.queued.index(key)
        words = "Next" if place == 0 else f"{_ordinal(place + 1)} in queue"
    elif key in making.failures:
        state, words = "failed", _cause(making.failures[key].kind)
    else:
        state = "planned"
    return Cell(
        number=slot.index + 1, state=state, thumbnail=thumbnail, words=words, share=share, is_selected=is_selected
    )


def _thumbnail(chunk: Chunk, player: Player) -> QImage | None:
    picture = player.thumbnail(chunk)
    return None if picture is None else image_of(picture)


def _cause(kind: str) -> str:
    return {"out_of_memory": "Out of memory", "device_lost": "Device lost"}.get(kind, "Failed")


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
