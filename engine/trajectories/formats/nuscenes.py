"""nuScenes' `ego_pose.json`: a list of `{"token", "timestamp", "rotation": [w, x, y, z], "translation": [x, y, z]}`.

Ego-to-global, metres, microseconds; the car's axes are x forward, y left, z up. Source: the nuScenes schema. The
records come in no order, and are taken in that of their times. The camera is taken to sit where the ego frame is and
to look straight ahead.
"""

from __future__ import annotations

import json
from hashlib import md5
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import lost, of_quaternions
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source, write_whole
from engine.trajectories.recording import Recording
from engine.trajectories.rotations import quaternions

MICROSECONDS = 1e6
_PAUSE_S = 5.0
"""A longer one lies between two drives."""


class NuScenes:
    title: ClassVar[str] = "nuScenes ego poses"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = 'a JSON list of {"timestamp", "rotation": [w, x, y, z], "translation": [x, y, z]}'

    def recognise(self, source: Source) -> str | None:
        if not source.is_json or not isinstance(source.content, list) or not source.content:
            return None
        first = source.content[0]
        if isinstance(first, dict) and {"rotation", "translation"} <= first.keys():
            return 'it is a list of records with "rotation" and "translation"'
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        records = source.objects(source.content, "the list")
        places = [f"record {number}" for number in range(len(records))]
        found = list(zip(records, places, strict=True))
        turns = np.stack([source.numbers(record.get("rotation"), (4,), place) for record, place in found])
        points = np.stack([source.numbers(record.get("translation"), (3,), place) for record, place in found])
        matrices, error = of_quaternions(source, points, turns[:, [1, 2, 3, 0]], tuple(places))
        notes = ["the camera looks ahead from the car's own origin"]
        if any(record.get("timestamp") is not None for record in records):
            stamps = np.array([_stamp(source, record, place) for record, place in found])
            # Several sensors may have been read at one time, and then have the same pose.
            stamps, order = np.unique(stamps, return_index=True)
            times = stamps / MICROSECONDS
            if len(order) < len(records):
                notes.append(f"{len(records) - len(order)} records at times that others have are left out")
            pauses = int((np.diff(times) > _PAUSE_S).sum())
            if pauses:
                notes.append(f"it holds {pauses + 1} drives, one after the other, with jumps between them")
        else:
            times, order = None, np.arange(len(records))
        return Stored(
            matrices=matrices[order],
            axes="vehicle",
            times=times,
            places=tuple(places[index] for index in order),
            quaternion_error=error,
            notes=tuple(notes),
        )

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
        matrices = from_opencv(recording.c2w, "c2w", "vehicle")
        turns = quaternions(matrices[:, :3, :3])[:, [3, 0, 1, 2]].tolist()
        stamps = [round(time * MICROSECONDS) for time in recording.times.tolist()]
        records: list[dict[str, Any]] = [
            {
                # Any name that no other record has; readers look records up by it.
                "token": md5(f"{number} {stamp}".encode(), usedforsecurity=False).hexdigest(),
                "timestamp": stamp,
                "rotation": turn,
                "translation": point,
            }
            for number, (stamp, turn, point) in enumerate(zip(stamps, turns, matrices[:, :3, 3].tolist(), strict=True))
        ]
        write_whole(path, json.dumps(records, indent=0) + "\n")
        return lost(recording, lens=True)


def _stamp(source: Source, record: dict[str, Any], place: str) -> float:
    if record.get("timestamp") is None:
        raise TrajectoryError(f"{place} of {source.name} has no timestamp, which others have")
    return source.number(record["timestamp"], place)
