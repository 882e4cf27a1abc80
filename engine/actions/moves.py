"""The elementary camera moves of one tick and the action rows they make.

How far a tick goes is the clock's to say. Signs are those of world-to-camera rows with OpenCV axes: see
`engine.poses`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine import poses
from engine.actions.modality import CAMERA, Rows
from engine.clock import Clock

# Camera motion of each move: (right, down, forward) in scene units, (turn left, look up) in radians; each +-1 times
# the trained speed or turn.
MOVES: dict[str, tuple[int, int, int, int, int]] = {
    "w": (0, 0, 1, 0, 0),
    "s": (0, 0, -1, 0, 0),
    "a": (-1, 0, 0, 0, 0),
    "d": (1, 0, 0, 0, 0),
    "q": (0, 1, 0, 0, 0),
    "e": (0, -1, 0, 0, 0),
    "left": (0, 0, 0, 1, 0),
    "right": (0, 0, 0, -1, 0),
    "up": (0, 0, 0, 0, 1),
    "down": (0, 0, 0, 0, -1),
}
HOLD = "hold"

MEANINGS: dict[str, str] = {
    "w": "move forward",
    "s": "move back",
    "a": "move left",
    "d": "move right",
    "q": "sink",
    "e": "rise",
    "left": "turn left",
    "right": "turn right",
    "up": "look up",
    "down": "look down",
    HOLD: "rest",
}


def camera_row(moves: Iterable[str], pace: float = 1.0, *, clock: Clock) -> Rows:
    """Row (12,) of one tick of moves made together, at `pace` times the trained speeds of a clock.

    Raises ValueError for an unknown move, a move named twice, or moves that cancel each other.
    """
    names = [name for name in moves if name != HOLD]
    total = np.zeros(5)
    for name in names:
        if name not in MOVES:
            raise ValueError(f"unknown move {name!r}; there are {', '.join([*MOVES, HOLD])}")
        step = np.array(MOVES[name])
        if np.any((step != 0) & (total != 0)):
            raise ValueError(f"{'+'.join(names)} asks for one direction twice, or for a direction and its opposite")
        total += step
    speed, turn = pace * clock.trained_speed, pace * clock.trained_turn
    right, down, forward, left, up = total * (speed, speed, speed, turn, turn)
    # The row holds the world's motion in camera axes: the camera's own, reversed.
    rotation = poses.rotation_x(-up) @ poses.rotation_y(left)
    row = poses.to_row(poses.from_parts(rotation, [-right, -down, -forward]))
    assert len(row) == CAMERA.width
    return row.astype(np.float32) + np.float32(0)  # -0.0 becomes 0.0
