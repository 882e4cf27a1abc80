"""Edits of a whole camera path, as pure functions from path to path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from engine import poses
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import product, quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.path import CameraPath, Easing, Key, Vector, key_from_pose

Grid = Literal["frame", "tick", "chunk"]
GRIDS: dict[Grid, Callable[[Clock], float]] = {
    "frame": lambda clock: clock.seconds_per_frame,
    "tick": lambda clock: clock.seconds_per_tick,
    "chunk": lambda clock: clock.seconds_per_chunk,
}
"""Seconds between the lines that keys snap to."""


def transform(path: CameraPath, world: ArrayLike) -> CameraPath:
    """The path moved and turned as a whole: `world` (4, 4), rigid, is applied to every pose. Raises TrajectoryError."""
    matrix = np.asarray(world, np.float64)
    rotation = matrix[:3, :3]
    if matrix.shape != (4, 4) or np.abs(rotation.T @ rotation - np.eye(3)).max() > 1e-6 or np.linalg.det(rotation) < 0:
        raise TrajectoryError("a path is moved by a rigid 4 x 4 matrix; to make it larger or smaller, scale it")

    turn = quaternions(rotation[None])[0]

    def moved(point: Vector) -> Vector:
        return _vector(rotation @ point + matrix[:3, 3])

    def changed(key: Key) -> Key:
        # By quaternions: their signs say which way round a half turn goes, which matrices cannot.
        x, y, z, w = map(float, product(turn, key.quaternion))
        look_at = None if key.look_at is None else moved(key.look_at)
        tangent = None if key.tangent is None else _vector(rotation @ key.tangent)
        return replace(key, position=moved(key.position), quaternion=(x, y, z, w), look_at=look_at, tangent=tangent)

    return _each(path, changed)


def scale(path: CameraPath, factor: float, about: Vector = (0.0, 0.0, 0.0)) -> CameraPath:
    """Positions and look-at points brought `factor` times as far from `about`. Raises TrajectoryError unless > 0."""
    _check_positive("a scale", factor)
    centre = np.array(about)

    def moved(point: Vector) -> Vector:
        return _vector(centre + factor * (np.array(point) - centre))

    return _each(
        path,
        lambda key: replace(
            key, position=moved(key.position), look_at=None if key.look_at is None else moved(key.look_at)
        ),
    )


def mirror(path: CameraPath) -> CameraPath:
    """Left and right exchanged, as the camera of the first key sees them: left turns become right turns."""
    first = poses.from_parts(poses.quaternion_to_matrix(path.keys[0].quaternion), path.keys[0].position)

    def across(point: Vector | None) -> Vector | None:
        return None if point is None else (-point[0], point[1], point[2])

    def flipped(key: Key) -> Key:
        x, y, z = key.position
        # A rotation about an axis in the mirror turns the other way round; about the axis across it, the same way.
        qx, qy, qz, qw = key.quaternion
        look_at, tangent = across(key.look_at), across(key.tangent)
        return replace(key, position=(-x, y, z), quaternion=(qx, -qy, -qz, qw), look_at=look_at, tangent=tangent)

    return transform(_each(transform(path, poses.inverse(first)), flipped), first)


def reverse(path: CameraPath) -> CameraPath:
    """The same way walked backwards, facing the same way, in the same time."""
    first, last = path.keys[0].time_s, path.keys[-1].time_s
    # The easing belongs to a segment, and a segment to the key that it leaves, which is now its other one.
    easings = [*(key.easing for key in path.keys[-2::-1]), path.keys[-1].easing]

    def turned_back(key: Key, easing: Easing) -> Key:
        tangent = None if key.tangent is None else _vector(-np.array(key.tangent))
        return replace(key, time_s=first + (last - key.time_s), easing=easing, tangent=tangent)

    return replace(path, keys=tuple(map(turned_back, reversed(path.keys), easings)))


def retime(path: CameraPath, *, start_s: float | None = None, duration_s: float | None = None) -> CameraPath:
    """Moved and stretched in time: from `start_s`, for `duration_s` seconds in all; None keeps what is there."""
    start = path.start_s if start_s is None else start_s
    factor = 1.0
    if duration_s is not None and path.end_s > path.start_s:
        _check_positive("a duration", duration_s)
        factor = duration_s / (path.end_s - path.start_s)
    keys = tuple(replace(key, time_s=start + factor * (key.time_s - path.start_s)) for key in path.keys)
    return replace(path, keys=keys, closing_s=None if path.closing_s is None else path.closing_s * factor)


def join(first: CameraPath, second: CameraPath) -> CameraPath:
    """`second`, moved to begin where and when `first` ends, after it. Raises TrajectoryError for a loop."""
    if first.closing_s is not None or second.closing_s is not None:
        raise TrajectoryError("a loop has no end that another path could be joined to; open it first")
    end, begin = first.at(np.array([first.end_s]))[0], second.at(np.array([second.start_s]))[0]
    moved = retime(transform(second, end @ poses.inverse(begin)), start_s=first.end_s)
    seam = replace(first.keys[-1], easing=second.keys[0].easing)
    return replace(first, keys=(*first.keys[:-1], seam, *moved.keys[1:]))


def snap(path: CameraPath, grid: Grid, *, clock: Clock) -> CameraPath:
    """Every key moved to the nearest line of the grid, counted from time 0.

    Of keys that would meet on one line the later ones go to the next free line: no key is lost.
    """
    step, line, keys = GRIDS[grid](clock), -np.inf, []
    for key in path.keys:
        line = max(round(key.time_s / step), line + 1)
        keys.append(replace(key, time_s=float(line * step)))
    closing = None if path.closing_s is None else max(1, round(path.closing_s / step)) * step
    return replace(path, keys=tuple(keys), closing_s=closing)


def split(path: CameraPath, time_s: float) -> CameraPath:
    """The path with one key more, on it at `time_s`, of the easing of its segment. Raises TrajectoryError."""
    times = [key.time_s for key in path.keys]
    if not path.start_s < time_s < path.end_s or time_s in times:
        raise TrajectoryError(f"a key can be put in between {path.start_s:g} s and {path.end_s:g} s, off the others")
    before = int(np.searchsorted(times, time_s)) - 1
    made = key_from_pose(time_s, path.at(np.array([time_s]))[0], path.keys[before].easing)
    return replace(path, keys=(*path.keys[: before + 1], made, *path.keys[before + 1 :]))


def _each(path: CameraPath, change: Callable[[Key], Key]) -> CameraPath:
    return replace(path, keys=tuple(change(key) for key in path.keys))


def _vector(numbers: Floats) -> Vector:
    x, y, z = (float(number) for number in numbers)
    return x, y, z


def _check_positive(what: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise TrajectoryError(f"{what} must be a number above 0, got {value}")
