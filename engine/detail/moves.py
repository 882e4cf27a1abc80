"""Camera moves of action rows."""

from __future__ import annotations

import numpy as np

from engine import poses
from engine.actions.modality import ActionTrack
from engine.clock import ASTRA_CLOCK, Clock
from engine.detail.images import Doubles


def camera_moves(track: ActionTrack, first: int, clock: Clock = ASTRA_CLOCK) -> Doubles:
    """(ticks, 3, 4) relative poses that rows `first`, `first` + 1 ... of a whole take ask of its camera.

    A row of a driving take is a pose against the take's start: its move is the one from the row before. A robot's
    rows move its arm; its camera rests. Other rows move a camera as a world does that follows them to the letter.

    Raises ValueError where `first` is 0 or past the end: the start's own row leads nowhere.
    """
    if not 0 < first <= len(track):
        raise ValueError(f"moves start at a row from 1 to {len(track)} of the take, got {first}")
    kind, rows = track.modality, track.rows
    if not kind.moves_camera:
        return np.tile(np.eye(3, 4), (len(track) - first, 1, 1))
    if kind.step_rotations(rows) is not None:
        return rows[first:].astype(np.float64).reshape(-1, 3, 4)
    path = kind.to_poses(rows[first - 1 :])
    if path is not None:
        path = path[:-1]  # beyond the rows the camera stands
    else:
        found = [np.eye(4)]
        for row in rows[first:]:
            found.append(np.asarray(kind.moved(found[-1], row, clock)))
        path = np.stack(found)
    extrinsics = poses.inverse(path)
    return poses.relative(extrinsics[:-1], extrinsics[1:])[:, :3]
