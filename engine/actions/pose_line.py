"""Pose lines: a camera move as one line of text, such as `w-8 left-4 w+left-8`.

Moves are separated by blanks; each is `what-ticks`, `+` joins what happens together. One tick is one latent (four
frames) at trained speed.
"""

from __future__ import annotations

import re

import numpy as np

from engine.actions.modality import CAMERA, ActionTrack
from engine.actions.moves import HOLD, MEANINGS, MOVES, camera_row

MAX_TICKS = 100_000
_MOVE = re.compile(r"(?P<what>[a-z]+(?:\+[a-z]+)*)-(?P<ticks>\d{1,9})")


class PoseLineError(ValueError):
    """A pose line that cannot be read; says which move, what is wrong and how to write it."""


def looks_like_pose_line(text: str) -> bool:
    """Whether every blank-separated part has the form of a move, whatever it names."""
    parts = text.lower().split()
    return bool(parts) and all(_MOVE.fullmatch(part) for part in parts)


def parse_pose_line(text: str) -> ActionTrack:
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
            row = camera_row(what)
        except ValueError as error:
            raise PoseLineError(f"move {number}, {part!r}: {error}") from error
        rows.append(np.tile(row, (ticks, 1)))
    return ActionTrack(CAMERA, np.concatenate(rows))


def explain_moves() -> str:
    """The moves in words, one line."""
    return ", ".join(f"{name} {MEANINGS[name]}" for name in [*MOVES, HOLD])
