"""Rotations in other forms: quaternions (x, y, z, w) of matrices, slerp between them, and Euler angles."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike

from engine import poses
from engine.poses import Floats

EULER_ORDERS: tuple[str, ...] = tuple("".join(order) for order in permutations("xyz"))
"""The axes in the order in which they are turned about, all fixed: "zxy" is the matrix Ry Rx Rz. This is what Nuke's
ZXY and Blender's ZXY mean."""


_HALF_TURN = 1e-9
"""Products of quaternions above minus this are no sign that one should be turned round: at half a turn both ways are
equally short, and rounding must not choose between them."""


def quaternions(rotations: ArrayLike) -> Floats:
    """Unit quaternions (N, 4) of rotation matrices (N, 3, 3); of the two each has, the one nearer to its predecessor.

    The first has w >= 0. Source: Bar-Itzhack 2000, the eigenvector of the largest eigenvalue; a matrix that is not
    quite a rotation gives the nearest one's.
    """
    m = np.asarray(rotations, np.float64)
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = np.moveaxis(m, 0, -1)
    symmetric = np.array(
        [
            [xx - yy - zz, xy + yx, xz + zx, zy - yz],
            [xy + yx, yy - xx - zz, yz + zy, xz - zx],
            [xz + zx, yz + zy, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    turns: Floats = np.linalg.eigh(np.moveaxis(symmetric, -1, 0))[1][..., -1]
    if len(turns) and turns[0, 3] < 0:
        turns = -turns
    return nearest_signs(turns)


def nearest_signs(turns: ArrayLike) -> Floats:
    """Quaternions (N, 4) with signs such that each is on the same side as the one before; the first stays."""
    q = np.asarray(turns, np.float64)
    flips = np.where(np.einsum("ni,ni->n", q[1:], q[:-1]) < -_HALF_TURN, -1.0, 1.0)
    return q * np.cumprod(np.concatenate([np.ones(min(len(q), 1)), flips]))[:, None]


def product(first: ArrayLike, second: ArrayLike) -> Floats:
    """The quaternion (4,), x y z w, of the rotation `second` followed by `first`; signs are kept."""
    (ax, ay, az, aw), (bx, by, bz, bw) = np.asarray(first, np.float64), np.asarray(second, np.float64)
    return np.array(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ]
    )


def angles_between(start: ArrayLike, end: ArrayLike) -> Floats:
    """Angles (N,) in radians, 0 to pi, between rotations given as unit quaternions (N, 4)."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    # By the half chord: the arc cosine of a product near 1 would lose half of the digits of a small angle.
    half_chord = np.minimum(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1)) / 2
    return 4 * np.arcsin(np.clip(half_chord, 0, 1))


def slerp(start: ArrayLike, end: ArrayLike, share: ArrayLike) -> Floats:
    """Unit quaternions (N, 4) at `share` (N,) of the shorter way from `start` to `end`, both (N, 4)."""
    a, b, at = np.asarray(start, np.float64), np.asarray(end, np.float64), np.asarray(share, np.float64)[:, None]
    b = np.where(np.einsum("ni,ni->n", a, b)[:, None] < -_HALF_TURN, -b, b)
    angle = angles_between(a, b)[:, None] / 2
    # Below this angle the straight line is the arc to the last digit, and the sine would divide by zero.
    is_short = angle < 1e-7
    sine = np.where(is_short, 1, np.sin(angle))
    mixed = np.where(is_short, 1 - at, np.sin((1 - at) * angle) / sine) * a
    mixed = mixed + np.where(is_short, at, np.sin(at * angle) / sine) * b
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def interpolated(times: Floats, c2w: Floats, new_times: Floats) -> Floats:
    """Poses (M, 4, 4) at times (M,): turned by slerp, moved on straight lines between poses (N, 4, 4) at `times` (N,).

    Before the first and after the last pose the camera stands still.
    """
    at = np.clip(new_times, times[0], times[-1])
    before = np.clip(np.searchsorted(times, at, "right") - 1, 0, len(times) - 2)
    share = (at - times[before]) / (times[before + 1] - times[before])
    turns, positions = quaternions(c2w[:, :3, :3]), c2w[:, :3, 3]
    moved = positions[before] + (positions[before + 1] - positions[before]) * share[:, None]
    return assembled(poses.quaternion_to_matrix(slerp(turns[before], turns[before + 1], share)), moved)


def assembled(rotations: ArrayLike, positions: ArrayLike) -> Floats:
    """Poses (N, 4, 4) of rotations (N, 3, 3) and positions (N, 3)."""
    out = np.zeros((len(np.asarray(positions)), 4, 4))
    out[:, :3, :3], out[:, :3, 3], out[:, 3, 3] = rotations, positions, 1.0
    return out


def from_euler(angles: ArrayLike, order: str) -> Floats:
    """Rotation matrices (N, 3, 3) of angles (N, 3) in radians about x, y and z, turned in the order of EULER_ORDERS."""
    values = np.asarray(angles, np.float64)
    whole = np.repeat(np.eye(3)[None], len(values), axis=0)
    for axis in order:
        own = "xyz".index(axis)
        first, second = (own + 1) % 3, (own + 2) % 3
        cosine, sine = np.cos(values[:, own]), np.sin(values[:, own])
        turn = np.zeros_like(whole)
        turn[:, own, own] = 1
        turn[:, first, first] = turn[:, second, second] = cosine
        turn[:, first, second], turn[:, second, first] = -sine, sine
        whole = turn @ whole
    return whole


def to_euler(rotations: ArrayLike, order: str) -> Floats:
    """The inverse of `from_euler`: angles (N, 3) in radians about x, y and z, the middle one within a quarter turn.

    Where the middle angle is a quarter turn the first is 0, since only one of the other two is known then.
    """
    m = np.asarray(rotations, np.float64)
    first, middle, last = ("xyz".index(axis) for axis in order)
    sign = 1.0 if (first, middle, last) in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) else -1.0
    out = np.zeros((len(m), 3))
    sine = np.clip(-sign * m[:, last, first], -1, 1)
    is_locked = np.abs(sine) > 1 - 1e-12
    out[:, middle] = np.arcsin(sine)
    out[:, first] = np.where(is_locked, 0, np.arctan2(sign * m[:, last, middle], m[:, last, last]))
    free = np.arctan2(sign * m[:, middle, first], m[:, first, first])
    locked = np.arctan2(-sign * m[:, first, middle], m[:, middle, middle])
    out[:, last] = np.where(is_locked, locked, free)
    return out
