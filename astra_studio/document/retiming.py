"""Retiming of actions: the same path in more or fewer ticks."""

from __future__ import annotations

import numpy as np

from astra_studio.document.actions import Actions, actions_of
from engine import poses
from engine.actions.modality import CAMERA, ActionTrack
from engine.poses import Floats
from engine.trajectories.rotations import interpolated, quaternions
from engine.trajectories.sampling import track_of_ticks


def retimed(actions: Actions, num_ticks: int) -> Actions:
    """The way that `actions` go, evenly in `num_ticks` ticks; where they end stays where it was.

    Between ticks it is turned by the shortest way and moved on straight lines. Raises ValueError for no ticks on either
    side.
    """
    if num_ticks < 1 or not len(actions):
        raise ValueError(f"retiming needs at least 1 tick before and after, got {len(actions)} and {num_ticks}")
    if num_ticks == len(actions):
        return actions
    kind = actions.kind
    targets = np.linspace(0, len(actions), num_ticks + 1)
    if kind.is_absolute:
        # The first row stays as it is: what comes before it is not ours to know.
        seen = _driven(actions.rows.astype(np.float64))
        targets = np.linspace(0, len(actions) - 1, num_ticks)
        found = interpolated(np.arange(len(actions), dtype=np.float64), seen, targets)
        turns = quaternions(found[:, :3, :3])[:, [3, 0, 1, 2]]
        rows = np.concatenate([found[:, :3, 3], turns], axis=1)
        return actions_of(ActionTrack(kind, rows.astype(np.float32)))
    walked = poses.path_from_rows(actions.rows.astype(np.float64))
    if kind is not CAMERA:
        walked = poses.inverse(walked)
    found = interpolated(np.arange(len(walked), dtype=np.float64), walked, targets)
    return actions_of(track_of_ticks(found, kind))


def _driven(rows: Floats) -> Floats:
    """Poses (N, 4, 4) of driving rows (N, 7)."""
    rotations = poses.quaternion_to_matrix(rows[:, [4, 5, 6, 3]])
    return np.stack([poses.from_parts(turn, row[:3]) for turn, row in zip(rotations, rows, strict=True)])
