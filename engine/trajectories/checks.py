"""Checks that poses were read correctly: the walk-forward check and its companions, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.poses import Floats
from engine.rotations import angles_between, quaternions

Direction = Literal["forward", "backward", "sideways", "still"]

_CLEAR = 0.5
"""Above this mean cosine between movement and view a camera goes forward: within 60 degrees of where it looks."""
_STILL = 1e-9


@dataclass(frozen=True, kw_only=True)
class Checks:
    """Of camera-to-world poses in OpenCV axes.

    Attributes:
        length: of the whole way, scene units.
        largest_step: between two poses, scene units, and the number of the first of the two.
        largest_turn_rad: between two poses, and the number of the first of the two.
        forwardness: mean cosine between movement and view direction, -1 to 1, weighed by the distance moved.
        direction: the same in a word; few real cameras go backward, so that is the sign of a wrong reading.
        determinant_error: the largest distance of a rotation's determinant from +1, before it was made exact.
        skew: the largest number in R^T R - 1, likewise.
        quaternion_error: the largest distance of a quaternion's length from 1; 0 where there are none.
    """

    length: float
    largest_step: float
    largest_step_at: int
    largest_turn_rad: float
    largest_turn_at: int
    forwardness: float
    direction: Direction
    determinant_error: float
    skew: float
    quaternion_error: float


def check(c2w: Floats, *, determinant_error: float = 0.0, skew: float = 0.0, quaternion_error: float = 0.0) -> Checks:
    """The checks of poses (N, 4, 4), N >= 2; the errors are those of the file, before the poses were made rigid."""
    steps = np.linalg.norm(np.diff(c2w[:, :3, 3], axis=0), axis=1)
    turns = quaternions(c2w[:, :3, :3])
    angles = angles_between(turns[:-1], turns[1:])
    ahead = forwardness(c2w)
    direction: Direction = "still" if steps.sum() < _STILL else "sideways"
    if abs(ahead) > _CLEAR:
        direction = "forward" if ahead > 0 else "backward"
    return Checks(
        length=float(steps.sum()),
        largest_step=float(steps.max()),
        largest_step_at=int(np.argmax(steps)),
        largest_turn_rad=float(angles.max()),
        largest_turn_at=int(np.argmax(angles)),
        forwardness=ahead,
        direction=direction,
        determinant_error=determinant_error,
        skew=skew,
        quaternion_error=quaternion_error,
    )


def forwardness(c2w: Floats) -> float:
    """Mean cosine between movement and view direction of poses (N, 4, 4), weighed by distance; 0 for none."""
    moves = np.diff(c2w[:, :3, 3], axis=0)
    total = np.linalg.norm(moves, axis=1).sum()
    if total < _STILL:
        return 0.0
    # The view between two poses is half of each.
    views = (c2w[:-1, :3, 2] + c2w[1:, :3, 2]) / 2
    return float(np.einsum("ni,ni->", moves, views) / total)
