"""Camera moves of action rows."""

from __future__ import annotations

import numpy as np

from engine import poses
from engine.actions.modality import ActionTrack
from engine.detail.images import Doubles

# Columns: the axes x forward, y left, z up of a vehicle as seen by its camera (x right, y down, z forward).
_VEHICLE_TO_CAMERA = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])


def camera_moves(track: ActionTrack, first: int) -> Doubles:
    """(ticks, 3, 4) relative poses that rows `first`, `first` + 1 ... of a whole take ask of its camera.

    A row of a driving take is a pose against the take's start: its move is the one from the row before, a camera
    looking forward from the vehicle being moved with it. A robot's rows move its arm; its camera rests.

    Raises ValueError where `first` is 0 or past the end: the start's own row leads nowhere.
    """
    if not 0 < first <= len(track):
        raise ValueError(f"moves start at a row from 1 to {len(track)} of the take, got {first}")
    if not track.modality.moves_camera:
        return np.tile(np.eye(3, 4), (len(track) - first, 1, 1))
    if track.modality.step_rotations(track.rows) is not None:
        return track.rows[first:].astype(np.float64).reshape(-1, 3, 4)
    extrinsics = poses.inverse(_camera_poses(track.rows[first - 1 :].astype(np.float64)))
    return poses.relative(extrinsics[:-1], extrinsics[1:])[:, :3]


def _camera_poses(rows: Doubles) -> Doubles:
    """(n, 4, 4) camera to world, of driving rows (n, 7)."""
    quaternions = rows[:, [4, 5, 6, 3]]
    out = np.tile(np.eye(4), (len(rows), 1, 1))
    out[:, :3, :3] = _VEHICLE_TO_CAMERA @ poses.quaternion_to_matrix(quaternions) @ _VEHICLE_TO_CAMERA.T
    out[:, :3, 3] = rows[:, :3] @ _VEHICLE_TO_CAMERA.T
    return out
