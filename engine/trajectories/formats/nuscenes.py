"""nuScenes' `ego_pose.json`: a list of `{"token", "timestamp", "rotation": [w, x, y, z], "translation": [x, y, z]}`.

Ego-to-global, metres, microseconds; the car's axes are x forward, y left, z up. Source: the nuScenes schema. The
records come in no order, and are taken in that of their times. Where a `calibrated_sensor.json` lies beside it, the
poses are those of a camera (`nuscenes_cameras`); without, the camera sits in the ego frame and looks straight ahead.
"""

from __future__ import annotations

import json
from hashlib import md5
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import quaternions
from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.nuscenes_cameras import EGO, PICTURES, Camera, camera_beside, camera_names
from engine.trajectories.formats.parts import lost, of_quaternions
from engine.trajectories.formats.protocol import MAX_SECONDS, Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording
from engine.whole_files import write_whole

Indices = NDArray[np.intp]
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
        records = source.content[:50]
        if any(isinstance(record, dict) and {"rotation", "translation"} <= record.keys() for record in records):
            return 'it is a list of records with "rotation" and "translation"'
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        records = source.objects(source.content, "the list")
        places = [f"record {number}" for number in range(len(records))]
        found = list(zip(records, places, strict=True))
        turns = np.stack([source.numbers(record.get("rotation"), (4,), place) for record, place in found])
        points = np.stack([source.numbers(record.get("translation"), (3,), place) for record, place in found])
        matrices, error = of_quaternions(source, points, turns[:, [1, 2, 3, 0]], tuple(places))
        camera, found_notes = camera_beside(source.path, overrides.camera)
        notes = list(found_notes)
        kept = np.arange(len(records))
        if camera is not None:
            matrices, kept = _seen(source, camera, matrices, records)
        if any(record.get("timestamp") is not None for record in records):
            stamps = np.array([_stamp(source, *found[index]) for index in kept])
            # Several sensors may have been read at one time, and then have the same pose.
            stamps, order = np.unique(stamps, return_index=True)
            if len(order) < len(kept):
                notes.append(f"{len(kept) - len(order)} records at times that others have are left out")
            times = stamps / MICROSECONDS
            part, told = _drive(times)
            notes += told
            times, order = times[part], order[part]
        else:
            times, order = None, np.arange(len(kept))
        return Stored(
            matrices=matrices[order],
            axes="vehicle" if camera is None else "opencv",
            times=times,
            places=tuple(places[index] for index in kept[order]),
            quaternion_error=error,
            lens=None if camera is None or camera.lens is None else camera.lens.repeated(len(order)),
            notes=tuple(notes),
            takes=("camera",),
            cameras=(*camera_names(source.path), EGO),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
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


def _seen(source: Source, camera: Camera, car: Floats, records: list[dict[str, Any]]) -> tuple[Floats, Indices]:
    """Poses of a camera by those of the car (N, 4, 4), and the records that belong to a picture of it."""
    pictures = camera.mount_of
    if pictures is None:
        return car @ next(iter(camera.mounts.values())), np.arange(len(records))
    kept = np.array([n for n, record in enumerate(records) if str(record.get("token")) in pictures], np.intp)
    if not len(kept):
        raise TrajectoryError(f"no record of {source.name} belongs to a picture of {camera.name} in {PICTURES}")
    mounts = np.stack([camera.mounts[pictures[str(records[index]["token"])]] for index in kept])
    return car[kept] @ mounts, kept


def _drive(times: Floats) -> tuple[slice, list[str]]:
    """The part of rising times (N,) that is read, and what is to be said of it: all, or the longest drive of many."""
    ends = np.flatnonzero(np.diff(times) > _PAUSE_S) + 1
    if not len(ends):
        return slice(None), []
    told = f"it holds {len(ends) + 1} drives, one after the other"
    if times[-1] - times[0] < MAX_SECONDS:
        return slice(None), [f"{told}, with jumps between them"]
    starts, stops = np.concatenate([[0], ends]), np.concatenate([ends, [len(times)]])
    longest = int(np.argmax(stops - starts))
    told += f" within {(times[-1] - times[0]) / 86400:.3g} days; the longest is read, the {longest + 1}. of them"
    return slice(int(starts[longest]), int(stops[longest])), [told]


def _stamp(source: Source, record: dict[str, Any], place: str) -> float:
    if record.get("timestamp") is None:
        raise TrajectoryError(f"{place} of {source.name} has no timestamp, which others have")
    return source.number(record["timestamp"], place)
