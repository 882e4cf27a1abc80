"""Simplification of many poses, drawn or flown, to the few keys of a path within a tolerance of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine.poses import Floats
from engine.rotations import angles_between, quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.path import CameraPath, key_from_pose


def simplify(times: Floats, c2w: Floats, *, tolerance: float, tolerance_rad: float) -> CameraPath:
    """A path with keys among the given poses that is near to each of them at its own time.

    Args:
        times: (N,) seconds, rising.
        c2w: (N, 4, 4) camera-to-world poses.
        tolerance: largest distance in scene units; `tolerance_rad` the largest angle.

    Starts from the two ends and makes a key of the worst pose of every segment that is not near enough, until none is
    left. Raises TrajectoryError for no poses, times that do not rise or a tolerance that is not above 0.
    """
    if not len(times) or len(times) != len(c2w) or not (np.diff(times) > 0).all():
        raise TrajectoryError("a drawn path needs poses and as many times, which rise")
    if not (tolerance > 0 and tolerance_rad > 0):
        raise TrajectoryError("the tolerances of a drawn path must be above 0")
    turns = quaternions(c2w[:, :3, :3])
    chosen = sorted({0, len(times) - 1})
    while True:
        path = CameraPath(keys=tuple(key_from_pose(times[i], c2w[i]) for i in chosen))
        walked = path.at(times)
        away = np.linalg.norm(walked[:, :3, 3] - c2w[:, :3, 3], axis=1) / tolerance
        away = np.maximum(away, angles_between(quaternions(walked[:, :3, :3]), turns) / tolerance_rad)
        away[chosen] = 0
        worst = [a + int(np.argmax(away[a:b])) for a, b in pairwise(chosen)]
        added = {number for number in worst if away[number] > 1}
        if not added:
            return path
        chosen = sorted({*chosen, *added})
