"""Handles of keys: the direction and speed of a path at a key, as pure functions from path to path.

A handle says a velocity; the path keeps it as a tangent, which is shape, and a pace, which is timing. Neither changes
with the size of the path, its place or its duration.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from engine.poses import Floats
from engine.trajectories.path import CameraPath, Easing, Key
from engine.trajectories.timing import MAX_PACE

_STILL = 1e-9
"""Units or radians per second below which there is no direction, or no turn, to speak of."""
_LEAST_ROUNDNESS = 0.1
"""Of a chord: with less a curve would leave a key in a corner."""


def handle_sides(path: CameraPath, number: int) -> tuple[bool, bool]:
    """Whether the segments before and after a key go as its handle says: curves that it does not have to rest at."""
    if path.constant_speed:
        return False, False
    (_, other), (_, own) = _beside(path, number)
    rests = {own, other} & {"ease", "hold"}
    return other == "smooth" and not rests, own == "smooth" and not rests


def with_velocity(path: CameraPath, number: int, velocity: ArrayLike) -> CameraPath:
    """The path going through a key at `velocity` (3,) units per second; slower where it would swing past otherwise.

    At rest it keeps the direction that it had.
    """
    wanted, key = np.asarray(velocity, np.float64), path.keys[number]
    speed, tangent = float(np.linalg.norm(wanted)), _tangent(path, number)
    if speed > _STILL:
        tangent = wanted / speed * max(float(np.linalg.norm(tangent)), _LEAST_ROUNDNESS)
    x, y, z = (float(part) for part in tangent)
    shaped = _with(path, number, replace(key, tangent=(x, y, z)))
    return _with(shaped, number, replace(shaped.keys[number], pace=_pace(speed, shaped.slower_speeds()[0][number])))


def arms(path: CameraPath, number: int) -> tuple[Floats | None, Floats | None]:
    """From a key to the control points (3,) of the curves before and after it; None where there is no curve."""
    before, after = path.tangents(number)
    curved = [chord > 0 and easing in ("smooth", "ease") for chord, easing in _beside(path, number)]
    return (
        -before / 3 if before is not None and curved[0] else None,
        after / 3 if after is not None and curved[1] else None,
    )


def with_arm(path: CameraPath, number: int, arm: ArrayLike, *, is_after: bool) -> CameraPath:
    """The path with one control point at `arm` (3,) from a key; the one on the other side follows."""
    chord, _ = _beside(path, number)[int(is_after)]
    x, y, z = (float(part) for part in np.asarray(arm, np.float64) * (3 / chord if is_after else -3 / chord))
    return _with(path, number, replace(path.keys[number], tangent=(x, y, z)))


def with_turn_speed(path: CameraPath, number: int, speed: float) -> CameraPath:
    """The path turning at `speed` radians per second at a key; slower where it would swing past otherwise."""
    return _with(path, number, replace(path.keys[number], turn_pace=_pace(speed, path.slower_speeds()[1][number])))


def automatic(path: CameraPath, numbers: Collection[int]) -> CameraPath:
    """These keys as the spline has them."""
    keys = (
        replace(key, tangent=None, pace=None, turn_pace=None) if number in numbers else key
        for number, key in enumerate(path.keys)
    )
    return replace(path, keys=tuple(keys))


def is_by_hand(key: Key) -> bool:
    """Whether something of it differs from what the spline has there."""
    return not (key.tangent is None and key.pace is None and key.turn_pace is None)


def _beside(path: CameraPath, number: int) -> list[tuple[float, Easing | None]]:
    """Lengths of the chords before and after a key, and the easings of these segments; 0 and None where none is."""
    count, is_loop, found = len(path.keys), path.closing_s is not None, list[tuple[float, Easing | None]]()
    for begin in (number - 1, number):
        if (0 <= begin < count - 1) or is_loop:
            key, following = path.keys[begin], path.keys[(begin + 1) % count]
            chord = float(np.linalg.norm(np.subtract(following.position, key.position)))
            found.append((chord, key.easing))
        else:
            found.append((0.0, None))
    return found


def _tangent(path: CameraPath, number: int) -> Floats:
    """The way through a key (3,), its own or the spline's, in lengths of the chord beside it."""
    for found, (chord, _) in zip(reversed(path.tangents(number)), reversed(_beside(path, number)), strict=True):
        if found is not None and chord > 0:
            return found / chord
    return np.zeros(3)


def _pace(speed: float, slower: float) -> float:
    return min(max(speed, 0.0) / slower, MAX_PACE) if slower > _STILL else 0.0


def _with(path: CameraPath, number: int, key: Key) -> CameraPath:
    return replace(path, keys=(*path.keys[:number], key, *path.keys[number + 1 :]))
