"""The even motion from one pose to another that moves and turns at once: a screw, on a circle where it does both.

It is what a constant action row makes: a pose line's moves are screws. Source: Lynch and Park, Modern Robotics, 3.3.3.
"""

from __future__ import annotations

import numpy as np

from engine import poses
from engine.poses import Floats

_SMALL = 1e-4
"""Radians, below which a series stands for what would divide by the angle."""


class Screws:
    """The screws from each of S + 1 poses to the next one.

    Args:
        points: (S + 1, 3) positions.
        turns: (S + 1, 4) unit quaternions, x y z w, each on the side of the one before it.
    """

    def __init__(self, points: Floats, turns: Floats) -> None:
        self._points, self._turns = points, turns
        self._rotations = poses.quaternion_to_matrix(turns)
        # The rotation in the axes of the first pose: the vector part of conj(q) * q_next, and twice its angle.
        first, last = turns[:-1], turns[1:]
        vector = first[:, 3:] * last[:, :3] - last[:, 3:] * first[:, :3] - np.cross(first[:, :3], last[:, :3])
        scalar = np.einsum("ni,ni->n", first, last)
        length = np.linalg.norm(vector, axis=1)
        self._angles = 2 * np.arctan2(length, scalar)
        self._axes = vector / np.where(length > 0, length, 1)[:, None]
        across = np.einsum("nji,nj->ni", self._rotations[:-1], np.diff(points, axis=0))
        half = np.maximum(self._angles, _SMALL) / 2
        curved = np.where(self._angles < _SMALL, 1 / 12, (1 - half / np.tan(half)) / (4 * half**2))
        turned = np.cross(self._axes, across) * self._angles[:, None]
        twice = np.cross(self._axes, turned) * self._angles[:, None]
        self._moves = across - turned / 2 + curved[:, None] * twice

    @property
    def lengths(self) -> Floats:
        """Of the ways, (S,)."""
        return np.asarray(np.linalg.norm(self._moves, axis=1))

    def directions(self) -> tuple[Floats, Floats]:
        """Derivatives (S, 3) of the position at the start and at the end, for a share from 0 to 1."""
        start = np.einsum("nij,nj->ni", self._rotations[:-1], self._moves)
        end = np.einsum("nij,nj->ni", self._rotations[1:], self._moves)
        return start, end

    def position(self, segment: np.ndarray, share: Floats) -> Floats:
        """Positions (M, 3) at shares (M,), 0 to 1, of segments (M,)."""
        axis, move = self._axes[segment], self._moves[segment] * share[:, None]
        angle = self._angles[segment] * share
        safe = np.maximum(angle, _SMALL)
        once = np.where(angle < _SMALL, angle / 2, (1 - np.cos(safe)) / safe)
        twice = np.where(angle < _SMALL, angle**2 / 6, 1 - np.sin(safe) / safe)
        turned = np.cross(axis, move)
        inside = move + once[:, None] * turned + twice[:, None] * np.cross(axis, turned)
        moved = np.einsum("nij,nj->ni", self._rotations[segment], inside)
        # The end is met to the last digit: what comes after begins there.
        whole = share[:, None] >= 1
        return np.where(whole, self._points[segment + 1], self._points[segment] + moved)
