"""The camera path of GEN3C's viewer, which is that of instant-ngp.

`{"loop", "time", "duration_seconds", "spline_order", "path": [{"R": [x, y, z, w], "T": [x, y, z], "fov": degrees,
"timestamp": seconds}]}`: camera-to-world, x right, y down, z forward. A timestamp is when the way from its key to the
next one ends, so a key is passed at the timestamp of the one before it, and the last one closes a loop. Source: GEN3C's
gui/src/camera_path.cu. Timestamps that do not rise from above 0 are spread evenly, as its `sanitize_keyframes` does.
The viewer runs a B-spline near the keys; here the camera passes through them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.poses import Floats
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost, numbered, of_quaternions
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source, write_whole
from engine.trajectories.recording import Recording, lens_of_fov
from engine.trajectories.rotations import quaternions

DEFAULT_SECONDS = 3.0


class Gen3c:
    title: ClassVar[str] = "GEN3C / instant-ngp path"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = 'JSON with "path", a list of {"R": [x, y, z, w], "T": [x, y, z], "fov", "timestamp"}'

    def recognise(self, source: Source) -> str | None:
        keys = source.record.get("path")
        if isinstance(keys, list) and keys and isinstance(keys[0], dict) and {"R", "T"} <= keys[0].keys():
            return 'it has "path" with "R" and "T"'
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
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
            lens=lens_of_fov(np.deg2rad(degrees)) if ((degrees > 0) & (degrees < 180)).all() else None,
            notes=(*notes, "the camera passes through its keys, where the viewer's B-spline passes near them"),
        )

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
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


def _times(source: Source, stamps: Floats) -> tuple[Floats, tuple[str, ...]]:
    """When each key is passed, and what had to be decided."""
    if stamps[0] > 0 and (np.diff(stamps) > 0).all():
        return np.concatenate([[0.0], stamps[:-1]]), ()
    seconds = source.number(source.record.get("duration_seconds") or DEFAULT_SECONDS, '"duration_seconds"')
    even = seconds * np.arange(len(stamps)) / len(stamps)
    return even, (f"its timestamps do not rise, so its keys are spread evenly over {seconds:g} s",)
