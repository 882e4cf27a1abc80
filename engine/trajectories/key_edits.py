"""Edits of some keys of a camera path, as pure functions from path to path. Keys are numbered from 0.

A path that is edited begins at 0 s, where its take does; `from_start` sees to that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from engine import poses
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import from_euler, product, quaternions, to_euler
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.path import CameraPath, Easing, Key, Quaternion, Vector, key_from_pose
from engine.trajectories.path_edits import retime, split

_EULER = "zxy"
"""Roll, then pitch, then yaw, about fixed axes: what people mean by the three."""
_SAME_TIME_S = 1e-6


def from_start(path: CameraPath) -> CameraPath:
    """The path moved in time so that it begins at 0 s."""
    return path if path.start_s == 0 else retime(path, start_s=0.0)


def extended(path: CameraPath | None, *, clock: Clock) -> CameraPath:
    """One key more at the end: a chunk later, as far ahead as the trained speed goes. None: the first key."""
    if path is None:
        return CameraPath(keys=(Key(time_s=0.0, position=(0.0, 0.0, 0.0)),))
    _check_open(path)
    end = path.at(np.array([path.end_s]))[0]
    ahead = end @ poses.from_parts(translation=[0, 0, clock.latents_per_chunk * clock.trained_speed])
    last = path.keys[-1]
    # A key that ends a held or eased path goes on in the usual way only where it has no way yet.
    made = replace(key_from_pose(last.time_s + clock.seconds_per_chunk, ahead), easing=last.easing)
    return replace(path, keys=(*path.keys, made))


def put(path: CameraPath | None, time_s: float, pose: Floats) -> tuple[CameraPath, int]:
    """A key of a camera-to-world pose (4, 4) at a time, in place of one that is there; and its number."""
    if path is None:
        return CameraPath(keys=(key_from_pose(0.0, pose),)), 0
    for number, key in enumerate(path.keys):
        if abs(key.time_s - time_s) < _SAME_TIME_S:
            return _with(path, {number: _posed(key, pose)}), number
    before = sum(key.time_s < time_s for key in path.keys)
    easing = path.keys[max(before - 1, 0)].easing
    made = key_from_pose(time_s, pose, easing)
    return from_start(replace(path, keys=(*path.keys[:before], made, *path.keys[before:]))), before


def add_at(path: CameraPath, time_s: float) -> tuple[CameraPath, int]:
    """A key on the path at a time between its ends, and its number; where one is there, that one's."""
    for number, key in enumerate(path.keys):
        if abs(key.time_s - time_s) < _SAME_TIME_S:
            return path, number
    parted = split(path, time_s)
    return parted, sum(key.time_s < time_s for key in path.keys)


def removed(path: CameraPath, numbers: Collection[int]) -> CameraPath | None:
    """The path without these keys; None where no key is left."""
    left = tuple(key for number, key in enumerate(path.keys) if number not in numbers)
    if not left:
        return None
    return from_start(replace(path, keys=left, closing_s=path.closing_s if len(left) > 1 else None))


def duplicated(path: CameraPath, numbers: Collection[int], *, clock: Clock) -> tuple[CameraPath, frozenset[int]]:
    """These keys once more, a chunk after the last of them; what follows comes so much later. And the new numbers."""
    chosen = sorted(numbers)
    first, last = path.keys[chosen[0]], path.keys[chosen[-1]]
    shift = last.time_s - first.time_s + clock.seconds_per_chunk
    copies = [replace(path.keys[number], time_s=path.keys[number].time_s + shift) for number in chosen]
    after = [replace(key, time_s=key.time_s + shift) for key in path.keys[chosen[-1] + 1 :]]
    keys = (*path.keys[: chosen[-1] + 1], *copies, *after)
    return replace(path, keys=keys), frozenset(range(chosen[-1] + 1, chosen[-1] + 1 + len(copies)))


def falloff(path: CameraPath, numbers: Collection[int], radius: float) -> Floats:
    """How much each key follows when some are moved, (num_keys,) 0 to 1: less the farther it is from the nearest.

    These have 1, keys at `radius` scene units and beyond have 0; a smooth bump between (a quartic).
    """
    places = np.array([key.position for key in path.keys])
    weights = np.zeros(len(places))
    chosen = sorted(numbers)
    if radius > 0 and chosen:
        away = np.linalg.norm(places[:, None] - places[chosen][None], axis=2).min(axis=1) / radius
        weights = np.clip(1 - away**2, 0, 1) ** 2
    weights[chosen] = 1.0
    return weights


def moved(path: CameraPath, weights: Floats, shift: Sequence[float]) -> CameraPath:
    """Every key moved by its share of a shift (3,) in the world. Points that keys look at stay."""
    delta = np.asarray(shift, np.float64)
    return _each_weighed(
        path, weights, lambda key, weight: replace(key, position=_vector(np.array(key.position) + weight * delta))
    )


def turned(path: CameraPath, weights: Floats, axis: Sequence[float], angle: float, about: Vector | None) -> CameraPath:
    """Every key turned by its share of an angle in radians about a world axis (3,).

    `about` is the point that they go round, None: each stays where it is.
    """
    unit = np.asarray(axis, np.float64) / np.linalg.norm(axis)

    def change(key: Key, weight: float) -> Key:
        half = weight * angle / 2
        turn = np.append(np.sin(half) * unit, np.cos(half))
        position, tangent = key.position, key.tangent
        if about is not None:
            centre, matrix = np.array(about), poses.quaternion_to_matrix(turn)
            position = _vector(centre + matrix @ (np.array(key.position) - centre))
            tangent = None if tangent is None else _vector(matrix @ tangent)
        return replace(key, position=position, quaternion=_quaternion(product(turn, key.quaternion)), tangent=tangent)

    return _each_weighed(path, weights, change)


def shifted(path: CameraPath, numbers: Collection[int], seconds: float, *, clock: Clock) -> CameraPath:
    """These keys moved in time, no further than a frame from those that stay; the first key stays at the start."""
    chosen, gap = frozenset(numbers) - {0}, clock.seconds_per_frame
    low, high = -np.inf, np.inf
    for number in chosen:
        time = path.keys[number].time_s
        if number - 1 not in chosen:
            low = max(low, path.keys[number - 1].time_s + gap - time)
        if number + 1 < len(path.keys) and number + 1 not in chosen:
            high = min(high, path.keys[number + 1].time_s - gap - time)
    delta = min(max(seconds, low), high)
    return _with(
        path, {number: replace(path.keys[number], time_s=path.keys[number].time_s + delta) for number in chosen}
    )


def posed(path: CameraPath, number: int, pose: Floats) -> CameraPath:
    """A key with another pose (4, 4), camera-to-world, at its time."""
    return _with(path, {number: _posed(path.keys[number], pose)})


def eased(path: CameraPath, numbers: Collection[int], easing: Easing) -> CameraPath:
    """The segments that leave these keys, of another easing."""
    return _with(path, {number: replace(path.keys[number], easing=easing) for number in numbers})


def looking_at(path: CameraPath, numbers: Collection[int], point: Vector | None) -> CameraPath:
    """These keys facing a point; None: they face where they faced, and are free again."""
    if point is not None:
        return _with(path, {number: replace(path.keys[number], look_at=point) for number in numbers})
    facing = path.at(path.key_times())
    return _with(
        path,
        {
            number: replace(_posed(path.keys[number], facing[number]), look_at=None)
            for number in numbers
            if path.keys[number].look_at is not None
        },
    )


def levelled(path: CameraPath) -> CameraPath:
    """On the height of the first key, turned about the vertical alone: what a car can drive."""
    height = path.keys[0].position[1]

    def change(key: Key) -> Key:
        yaw = angles_of(key)[0]
        look_at = None if key.look_at is None else (key.look_at[0], height, key.look_at[2])
        tangent = None if key.tangent is None else (key.tangent[0], 0.0, key.tangent[2])
        flat = replace(key, position=(key.position[0], height, key.position[2]), look_at=look_at, tangent=tangent)
        return with_angles(flat, yaw, 0.0, 0.0)

    return replace(path, keys=tuple(change(key) for key in path.keys))


def is_level(path: CameraPath) -> bool:
    """Whether `levelled` would change nothing that can be seen."""
    flat = levelled(path)
    return all(
        np.allclose(_placed(key), _placed(other), atol=1e-6) for key, other in zip(path.keys, flat.keys, strict=True)
    )


def angles_of(key: Key) -> tuple[float, float, float]:
    """Yaw (right is positive), pitch (up) and roll (clockwise) of a key's own rotation, in degrees."""
    matrix = poses.quaternion_to_matrix(np.array([key.quaternion]))
    yaw, pitch, roll = (float(angle) for angle in angles_of_poses(matrix)[0])
    return yaw, pitch, roll


def angles_of_poses(c2w: Floats) -> Floats:
    """The same of camera-to-world poses or rotations (N, 3 or 4, 3 or 4): (N, 3) yaw, pitch, roll in degrees."""
    return np.rad2deg(to_euler(c2w[:, :3, :3], _EULER))[:, [1, 0, 2]]


def with_angles(key: Key, yaw: float, pitch: float, roll: float) -> Key:
    """The key turned so; degrees, as `angles_of`."""
    matrix = from_euler(np.deg2rad([[pitch, yaw, roll]]), _EULER)
    turn = quaternions(matrix)[0]
    # Of the two quaternions the one on the side of the old: which way round a half turn goes, stays.
    return replace(key, quaternion=_quaternion(-turn if np.dot(turn, key.quaternion) < 0 else turn))


def with_key(path: CameraPath, number: int, key: Key) -> CameraPath:
    """One key replaced by another of the same time."""
    return _with(path, {number: replace(key, time_s=path.keys[number].time_s)})


def _posed(key: Key, pose: Floats) -> Key:
    made = key_from_pose(key.time_s, pose, key.easing)
    is_other_side = np.dot(made.quaternion, key.quaternion) < 0
    turn = _quaternion(-np.array(made.quaternion)) if is_other_side else made.quaternion
    return replace(key, position=made.position, quaternion=turn)


def _with(path: CameraPath, changed: dict[int, Key]) -> CameraPath:
    return replace(path, keys=tuple(changed.get(number, key) for number, key in enumerate(path.keys)))


def _each_weighed(path: CameraPath, weights: Floats, change: Callable[[Key, float], Key]) -> CameraPath:
    pairs = zip(path.keys, weights, strict=True)
    return replace(path, keys=tuple(change(key, float(weight)) if weight > 0 else key for key, weight in pairs))


def _check_open(path: CameraPath) -> None:
    if path.closing_s is not None:
        raise TrajectoryError("a loop has no end to go on from; open it first")


def _vector(numbers: Floats) -> Vector:
    x, y, z = (float(number) for number in numbers)
    return x, y, z


def _quaternion(turn: Floats) -> Quaternion:
    x, y, z, w = (float(number) for number in turn)
    return x, y, z, w


def _placed(key: Key) -> Floats:
    """Position, tangent and turn as numbers; of the two quaternions of a turn always the same one."""
    turn = np.array(key.quaternion) * (-1.0 if key.quaternion[3] < 0 else 1.0)
    return np.concatenate([key.position, key.tangent or (0.0, 0.0, 0.0), turn])
