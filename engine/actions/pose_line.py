"""Pose lines: a camera move as one line of text, such as `w-8 left-4 w+left-8`.

Moves are separated by blanks; each is `what-ticks`, `+` joins what happens together. One tick is one latent at trained
speed, by the clock of the world that it is read for.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import product

import numpy as np

from engine.actions.modality import CAMERA, ActionTrack
from engine.actions.moves import HOLD, MEANINGS, MOVES, camera_row
from engine.clock import Clock

MAX_TICKS = 100_000
_ROUNDING = 5e-7
"""By how much numbers of a row may be off and still be those of a move: a path sampled in float32."""
_MOST_MOVES = 200
"""A longer line is no line that anybody would read."""
_MOVE = re.compile(r"(?P<what>[a-z]+(?:\+[a-z]+)*)-(?P<ticks>\d{1,9})")


class PoseLineError(ValueError):
    """A pose line that cannot be read; says which move, what is wrong and how to write it."""


def looks_like_pose_line(text: str) -> bool:
    """Whether every blank-separated part has the form of a move, whatever it names."""
    parts = text.lower().split()
    return bool(parts) and all(_MOVE.fullmatch(part) for part in parts)


def parse_pose_line(text: str, *, clock: Clock) -> ActionTrack:
    """The camera track of a pose line. Raises PoseLineError."""
    parts = text.lower().split()
    if not parts:
        raise PoseLineError("the pose line is empty; write moves such as: w-8 left-4")
    rows, total = [], 0
    for number, part in enumerate(parts, 1):
        found = _MOVE.fullmatch(part)
        if found is None:
            raise PoseLineError(
                f"move {number} of the pose line, {part!r}, is not of the form what-ticks; write for example w-8, "
                "or w+left-8 for two moves together"
            )
        ticks, what = int(found["ticks"]), found["what"].split("+")
        total += ticks
        if not ticks or total > MAX_TICKS:
            raise PoseLineError(f"move {number}, {part!r}: a move lasts at least 1 tick, a line at most {MAX_TICKS}")
        if HOLD in what and len(what) > 1:
            raise PoseLineError(f"move {number}, {part!r}: {HOLD} means no motion and cannot be joined with a move")
        try:
            row = camera_row(what, clock=clock)
        except ValueError as error:
            raise PoseLineError(f"move {number}, {part!r}: {error}") from error
        rows.append(np.tile(row, (ticks, 1)))
    return ActionTrack(CAMERA, np.concatenate(rows))


def pose_line_of(track: ActionTrack, *, clock: Clock) -> str | None:
    """The pose line that gives this track by a clock, to the rounding of float32; None where none does. Empty: ""."""
    if track.modality is not CAMERA:
        return None
    if not len(track):
        return ""
    changes = np.abs(np.diff(track.rows, axis=0)).max(axis=1, initial=0) > _ROUNDING
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    if len(starts) > _MOST_MOVES:
        return None
    names, rows = _known_rows(clock)
    parts: list[str] = []
    for begin, end in zip(starts, np.append(starts[1:], len(track)), strict=True):
        away = np.abs(rows - track.rows[begin]).max(axis=1)
        nearest = int(np.argmin(away))
        # Rows that creep from one to the next are no repeated move.
        if away[nearest] > _ROUNDING or np.abs(track.rows[begin:end] - rows[nearest]).max() > _ROUNDING:
            return None
        parts.append(f"{names[nearest]}-{end - begin}")
    return " ".join(parts)


@cache
def _known_rows(clock: Clock) -> tuple[list[str], np.ndarray]:
    """Every move and every combination of moves that a line can ask for, and their rows (n, 12)."""
    choices = (("", "w", "s"), ("", "a", "d"), ("", "q", "e"), ("", "left", "right"), ("", "up", "down"))
    combined = [[name for name in names if name] for names in product(*choices)]
    return ["+".join(names) or HOLD for names in combined], np.stack(
        [camera_row(names, clock=clock) for names in combined]
    )


def explain_moves() -> str:
    """The moves in words, one line."""
    return ", ".join(f"{name} {MEANINGS[name]}" for name in [*MOVES, HOLD])
