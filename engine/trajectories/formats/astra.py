"""Astra JSON, our own: see `engine.trajectories.astra_json`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine import poses
from engine.actions.modality import ActionTrack
from engine.trajectories.astra_json import FORMAT, SECONDS_PER_TICK, read_track_and_poses, write_astra_json
from engine.trajectories.axes import VEHICLE
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import LOST_LENS
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording
from engine.trajectories.rotations import assembled
from engine.trajectories.sampling import actions


class AstraJson:
    title: ClassVar[str] = "Astra JSON"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = "action rows, or camera-to-world poses, one per tick of 0.2 s, and their convention"

    def recognise(self, source: Source) -> str | None:
        return f'it says "format": "{FORMAT}"' if source.record.get("format") == FORMAT else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        """Its poses, or those that its rows make of a camera that starts at the origin; the rows come along."""
        track, c2w = read_track_and_poses(source.path)
        return Stored(
            matrices=_walked(track) if c2w is None else c2w,
            fps=1 / SECONDS_PER_TICK,
            places=tuple(f"tick {number}" for number in range(len(track) + 1)),
            track=track,
        )

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
        track = actions(recording)
        if recording.track is not None:
            track = recording.track
        if not len(track):
            raise TrajectoryError(
                f"the trajectory lasts {recording.end_s - recording.start_s:.3g} s, less than one tick of "
                f"{SECONDS_PER_TICK} s; say how many poses it has per second with --fps"
            )
        write_astra_json(path, track)
        said = ["where the first pose is: rows are relative"] if not np.allclose(recording.c2w[0], np.eye(4)) else []
        if recording.track is None and abs(recording.fps * SECONDS_PER_TICK - 1) > 1e-3:
            said.append("poses between the ticks: it holds one every 0.2 s")
        if recording.lens is not None:
            said.append(LOST_LENS)
        return tuple(said)


def _walked(track: ActionTrack) -> np.ndarray:
    """Camera-to-world poses (n + 1, 4, 4) of a track of n ticks: for a car, n, and the last once more."""
    rows = np.asarray(track.rows, np.float64)
    if track.modality.is_absolute:
        turns = poses.quaternion_to_matrix(rows[:, [4, 5, 6, 3]])
        seen = assembled(turns, rows[:, :3]) @ VEHICLE
        return np.concatenate([seen, seen[-1:]])
    if track.modality.name == "camera":
        return poses.path_from_rows(rows)
    # A tool's rows are of its own poses, not of their inverses.
    return poses.inverse(poses.path_from_rows(rows))
