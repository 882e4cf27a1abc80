"""The camera path of GEN3C's viewer, which is that of instant-ngp.

`{"loop", "time", "duration_seconds", "spline_order", "path": [{"R": [x, y, z, w], "T": [x, y, z], "fov": degrees,
"timestamp": seconds}]}`: camera-to-world, x right, y down, z forward. A timestamp is when the way from its key to the
next one ends, so a key is passed at the timestamp of the one before it, and the last one closes a loop. Source: GEN3C's
gui/src/camera_path.cu. Timestamps that do not rise from above 0 are spread evenly, as its `sanitize_keyframes` does.
The viewer runs a B-spline near the keys; here the camera passes through them.

Its "Export cameras" writes `{"cameras": [{"start": 3 x 4, "end": 3 x 4}], "fps", "duration_seconds", ...}`: per frame
the camera when the shutter opens and when it closes, in the direction of a check box (W2C, off at first) that the file
does not keep. Source: gui/src/testbed.cu.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import quaternions
from engine.trajectories.axes import DIRECTIONS
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.direction import likelier
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost, numbered, of_quaternions, of_rows
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording, are_fovs, lens_of_fov
from engine.whole_files import write_whole

DEFAULT_SECONDS = 3.0


class Gen3c:
    title: ClassVar[str] = "GEN3C / instant-ngp path"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = (
        'JSON with "path", a list of {"R": [x, y, z, w], "T": [x, y, z], "fov", "timestamp"}, or "cameras", a list of '
        '{"start": 3 x 4, "end": 3 x 4}'
    )

    def recognise(self, source: Source) -> str | None:
        keys = source.record.get("path")
        if isinstance(keys, list) and any(isinstance(key, dict) and {"R", "T"} <= key.keys() for key in keys):
            return 'it has "path" with "R" and "T"'
        cameras = source.record.get("cameras")
        if isinstance(cameras, list) and any(isinstance(camera, dict) and "start" in camera for camera in cameras):
            return 'it has "cameras" with "start"'
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        if "path" not in source.record and "cameras" in source.record:
            return _exported(source, overrides)
        keys = source.objects(source.record.get("path"), '"path"')
        places = numbered(len(keys), "key")
        turns = np.stack([source.numbers(key.get("R"), (4,), place) for key, place in zip(keys, places, strict=True)])
        points = np.stack([source.numbers(key.get("T"), (3,), place) for key, place in zip(keys, places, strict=True)])
        matrices, error = of_quaternions(source, points, turns, places)
        fovs = [key.get("fov") for key in keys]
        degrees = np.array([0.0 if fov is None else source.number(fov, "a fov") for fov in fovs])
        stamps = np.array(
            [source.number(key.get("timestamp", 0.0), place) for key, place in zip(keys, places, strict=True)]
        )
        times, notes = _times(source, stamps)
        return Stored(
            matrices=matrices,
            times=times,
            places=places,
            quaternion_error=error,
            lens=lens_of_fov(np.deg2rad(degrees)) if are_fovs(np.deg2rad(degrees)).all() else None,
            notes=(*notes, "the camera passes through its keys, where the viewer's B-spline passes near them"),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        turns = quaternions(recording.c2w[:, :3, :3]).tolist()
        points = recording.c2w[:, :3, 3].tolist()
        fovs = np.rad2deg(lens_or_default(recording).vertical_fov).tolist()
        passed = (recording.times - recording.times[0]).tolist()
        # The last key's way leads nowhere unless the path is a loop, but its timestamp must rise too.
        stamps = [*passed[1:], 2 * passed[-1] - passed[-2]]
        content = {
            "loop": False,
            "time": 0.0,
            "path": [
                {"R": turn, "T": point, "fov": fov, "timestamp": stamp}
                for turn, point, fov, stamp in zip(turns, points, fovs, stamps, strict=True)
            ],
            "duration_seconds": stamps[-1],
            "spline_order": 1,
        }
        write_whole(path, json.dumps(content, indent=1) + "\n")
        return (*lens_notes(recording), *lost(recording, start=True))


def _exported(source: Source, overrides: Overrides) -> Stored:
    """The exported cameras, each where the shutter opens."""
    cameras = source.objects(source.record["cameras"], '"cameras"')
    places = numbered(len(cameras), "camera")
    rows = [_start(source, camera.get("start"), place) for camera, place in zip(cameras, places, strict=True)]
    matrices = of_rows(np.stack(rows))
    notes = ['the "start" of every camera is read, where the shutter opens']
    likely = likelier(matrices)
    if overrides.convention is None and likely is not None:
        notes.append(
            f"nothing in it says its direction: {DIRECTIONS[likely]} is taken, for then the camera goes forward"
        )
    elif overrides.convention is None:
        notes.append(
            "nothing in it says its direction, nor does the walk: camera-to-world is taken, for the viewer's check box "
            "W2C is off at first. Say --convention w2c if it was on"
        )
    return Stored(
        matrices=matrices,
        convention=likely or "c2w",
        fps=_rate(source, len(cameras)),
        places=places,
        notes=tuple(notes),
    )


def _start(source: Source, value: Any, place: str) -> Floats:
    """A 3 x 4 matrix; a fourth row, which other programs add, is left out."""
    is_whole = isinstance(value, list) and len(value) == 4
    return source.numbers(value, (4 if is_whole else 3, 4), place)[:3]


def _rate(source: Source, count: int) -> float | None:
    """Cameras a second, where the file tells."""
    for key, share in (("fps", None), ("duration_seconds", float(count))):
        if source.record.get(key) is not None:
            number = source.number(source.record[key], f'"{key}"')
            if not 1e-6 < number < 1e6:
                raise TrajectoryError(
                    f'"{key}" of {source.name} is {number:g}; expected more than 0. Mend it, or say --fps'
                )
            return number if share is None else share / number
    return None


def _times(source: Source, stamps: Floats) -> tuple[Floats, tuple[str, ...]]:
    """When each key is passed, and what had to be decided."""
    if stamps[0] > 0 and (np.diff(stamps) > 0).all():
        return np.concatenate([[0.0], stamps[:-1]]), (
            "a timestamp ends its key's way: a key is reached at the one before",
        )
    seconds = source.number(source.record.get("duration_seconds") or DEFAULT_SECONDS, '"duration_seconds"')
    even = seconds * np.arange(len(stamps)) / len(stamps)
    return even, (f"its timestamps do not rise, so its keys are spread evenly over {seconds:g} s",)
