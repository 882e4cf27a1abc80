"""Poses of action rows: those at ticks, and the fewest keys that give the same rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine import poses
from engine.actions.modality import ActionTrack
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import angles_between, quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.path import CameraPath, Easing, Key, key_from_pose
from engine.trajectories.simplify import simplify

TOLERANCE, TOLERANCE_RAD = 0.005, 0.01
"""How near, in scene units and radians, keys keep to rows that change at every tick."""
_SAME = 1e-5
"""Steps that differ by no more are one move: float32 rows, added up."""
_RUNS_PER_TICK = 1 / 3
"""More moves than that are no moves but a motion, which fewer keys follow closely."""
_LARGEST_TURN = 2.5
"""Radians between two keys; from half a turn on they would go the other way round."""
_STILL = 1e-7


def walked(track: ActionTrack) -> Floats:
    """Camera-to-world poses (n + 1, 4, 4) of a track of n ticks; where rows tell none, a camera that stays."""
    c2w = track.modality.to_poses(track.rows)
    return np.tile(np.eye(4), (len(track) + 1, 1, 1)) if c2w is None else c2w


def path_of_track(track: ActionTrack, *, clock: Clock) -> CameraPath:
    """Keys for what a track asks for: exact where it is made of few moves, each repeated; near it elsewhere.

    Exact to the rounding of its rows, near to `TOLERANCE`. The path begins at 0 s. Raises TrajectoryError for an empty
    track, which has no pose.
    """
    if not len(track):
        raise TrajectoryError("there are no actions yet that keys could be made of")
    # Where the last pose is not known, it goes on as it went, and does not stop there.
    c2w = track.modality.to_poses(track.rows, goes_on=True)
    if c2w is None:
        raise TrajectoryError(f"{track.modality.name} actions are no path of a camera; no keys can be made of them")
    runs = _runs(c2w)
    if len(runs) - 1 > max(2.0, _RUNS_PER_TICK * len(track)):
        times = clock.tick_times(len(c2w) - 1)
        return simplify(times, c2w, tolerance=TOLERANCE, tolerance_rad=TOLERANCE_RAD)
    return CameraPath(keys=tuple(_keys(c2w, runs, clock.seconds_per_tick)))


def _runs(c2w: Floats) -> list[int]:
    """Numbers of the poses at which another move begins, the first and the last pose among them."""
    steps = poses.inverse(c2w[:-1]) @ c2w[1:]
    bounds = [0]
    for tick in range(1, len(steps)):
        if np.abs(steps[tick] - steps[bounds[-1]]).max() > _SAME:
            bounds.append(tick)
    return [*bounds, len(steps)]


def _keys(c2w: Floats, runs: list[int], tick_s: float) -> list[Key]:
    turns = quaternions(c2w[:, :3, :3])
    keys = []
    for begin, end in pairwise(runs):
        step_turn = float(angles_between(turns[begin], turns[begin + 1]))
        step_moved = float(np.linalg.norm(c2w[begin + 1, :3, 3] - c2w[begin, :3, 3]))
        # A move that only goes or only turns is straight, and says so.
        easing: Easing = "arc" if step_turn > _STILL and step_moved > _STILL else "linear"
        parts = max(1, int(np.ceil(step_turn * (end - begin) / _LARGEST_TURN)))
        bounds = np.unique(np.linspace(begin, end, parts + 1).round().astype(int))[:-1]
        keys += [key_from_pose(tick_s * tick, c2w[tick], easing) for tick in bounds]
    return [*keys, key_from_pose(tick_s * runs[-1], c2w[-1], keys[-1].easing)]
