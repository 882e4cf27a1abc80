"""A hand-drawn line or a flight turned into the few keys of a path at a speed that the model knows."""

from __future__ import annotations

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import angles_between, assembled, quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.path import CameraPath
from engine.trajectories.recording import Recording
from engine.trajectories.simplify import simplify
from engine.trajectories.walking import TOLERANCE, TOLERANCE_RAD

_TOLERANCE_RAD = 0.06
"""Of where a drawn path faces: a hand is no surer."""
_SHARE_OF_SPEED = 0.94
"""Of the trained one that a drawn path is walked at: between few keys it is now and then a little faster."""
_DOWN = np.array([0.0, 1.0, 0.0])
_STILL = 1e-6
"""Units and radians within a tick, below which nothing moves."""


def path_of_stroke(
    points: Floats, *, clock: Clock, tolerance: float, smoothing: float, facing: Floats | None = None
) -> CameraPath | None:
    """Keys of a camera that goes along a drawn line, a little slower than trained, and looks where it goes.

    Args:
        points: (N, 3) of the line, in scene units.
        clock: whose trained speed it is, and on whose ticks the keys lie.
        tolerance: how far the path may be from the line, which is smoothed over a length of `smoothing` before.
        facing: (3, 3) rotation at its beginning, where it goes on from somewhere; None: along the line.

    The first key lies at 0 s. None for a line shorter than a tick's way.
    """
    line = _without_repeats(np.asarray(points, np.float64))
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    if steps.sum() < clock.trained_speed:
        return None
    ticks = int(np.ceil(steps.sum() / (_SHARE_OF_SPEED * clock.trained_speed)))
    even = _spaced(line, 4 * ticks + 1)
    smooth = _smoothed(even, smoothing / max(steps.sum() / (4 * ticks), 1e-9))
    smooth[[0, -1]] = even[[0, -1]]
    way = _spaced(smooth, ticks + 1)
    rotations = _along(way)
    if facing is not None:
        rotations[0] = facing
    times = clock.tick_times(ticks)
    return simplify(times, assembled(rotations, way), tolerance=tolerance, tolerance_rad=_TOLERANCE_RAD)


def path_of_flight(times: Floats, c2w: Floats, *, clock: Clock) -> CameraPath | None:
    """Keys of a flown motion: poses (N, 4, 4) at times (N,) in seconds. None where nothing moved.

    What was rest before and after is left out; keys lie on ticks of the clock, the first at 0 s. Raises TrajectoryError
    for times that do not rise.
    """
    if len(times) < 2:
        return None
    turns = quaternions(c2w[:, :3, :3])
    steps = np.linalg.norm(np.diff(c2w[:, :3, 3], axis=0), axis=1) + angles_between(turns[:-1], turns[1:])
    moving = np.flatnonzero(steps > _STILL)
    if not len(moving):
        return None
    begin, end = moving[0], moving[-1] + 1
    if not (np.diff(times) > 0).all():
        raise TrajectoryError("the times of a flight must rise")
    flown = Recording(times=times[begin : end + 1] - times[begin], c2w=c2w[begin : end + 1], fps=60.0)
    ticks = max(1, int(np.ceil(flown.end_s * clock.ticks_per_second - 1e-3)))
    at = clock.tick_times(ticks)
    return simplify(at, flown.at(at), tolerance=TOLERANCE, tolerance_rad=2 * TOLERANCE_RAD)


def _without_repeats(points: Floats) -> Floats:
    keep = np.concatenate([[True], np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-9])
    return points[keep]


def _spaced(line: Floats, count: int) -> Floats:
    """As many points, evenly apart along a line (N, 3)."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    asked = np.linspace(0, along[-1], count)
    return np.stack([np.interp(asked, along, line[:, axis]) for axis in range(3)], axis=1)


def _smoothed(values: Floats, sigma: float) -> Floats:
    """Rows (N, D) averaged with those around them by a Gaussian of `sigma` rows; mirrored through the ends."""
    reach = min(int(np.ceil(3 * sigma)), len(values) - 1)
    if reach < 1:
        return values.copy()
    # Through the end point, so that a line that ends straight stays straight.
    before = 2 * values[0] - values[reach:0:-1]
    after = 2 * values[-1] - values[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, values, after])
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    return np.stack([np.convolve(padded[:, axis], weights, "valid") for axis in range(values.shape[1])], axis=1)


def _along(way: Floats) -> Floats:
    """Rotations (N, 3, 3) that face along a way (N, 3), down being down."""
    tangents = np.gradient(way, axis=0)
    tangents = _smoothed(tangents, 1.5)
    out = np.zeros((len(way), 3, 3))
    right = np.array([1.0, 0.0, 0.0])
    for number, tangent in enumerate(tangents):
        forward = tangent / max(np.linalg.norm(tangent), 1e-12)
        across = np.cross(_DOWN, forward)
        if np.linalg.norm(across) > 1e-3:  # straight up or down, the right hand stays where it was
            right = across / np.linalg.norm(across)
        out[number] = np.stack([right, np.cross(forward, right), forward], axis=1)
    return out
