"""Mounting of the nuScenes cameras on the car: `calibrated_sensor.json`, and the tables beside it.

`calibrated_sensor.json`: `{"token", "sensor_token", "translation", "rotation": [w, x, y, z], "camera_intrinsic": 3 x
3}`, sensor-to-ego, cameras in OpenCV axes; `sensor.json` names its channel (CAM_FRONT); `sample_data.json` says which
pose of the car belongs to which picture. Source: the nuScenes schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.poses import Floats
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import of_quaternions
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens

CALIBRATIONS, SENSORS, PICTURES = "calibrated_sensor.json", "sensor.json", "sample_data.json"
EGO = "ego"
"""What to say for the car itself."""
_USUAL = "CAM_FRONT"
_SIZE_PX = (1600, 900)


@dataclass(frozen=True, kw_only=True, eq=False)
class Camera:
    """One camera of the car.

    Attributes:
        name: its channel, or its token where the channel is not known.
        mounts: its poses (4, 4) in the car by token: one per log.
        lens: rows fx fy cx cy in shares of the picture, where all are known.
        mount_of: token of its calibration by token of the car's pose, where the pictures are listed.
    """

    name: str
    mounts: dict[str, Floats]
    lens: Lens | None
    mount_of: dict[str, str] | None


def camera_beside(ego: Path, wanted: str | None) -> tuple[Camera | None, tuple[str, ...]]:
    """The camera of that name in the files beside ego poses, CAM_FRONT for None, and what had to be decided.

    None where there is none, or the car itself is wanted. Raises TrajectoryError.
    """
    path = ego.with_name(CALIBRATIONS)
    if wanted == EGO or not path.is_file():
        if wanted not in (None, EGO):
            raise TrajectoryError(f"there is no {CALIBRATIONS} beside {ego.name}, which would say where {wanted!r} is")
        return None, ("the camera looks ahead from the car's own origin",)
    source = Source(path)
    by_name = _by_name(source, ego)
    if not by_name:
        raise TrajectoryError(f'{CALIBRATIONS} holds no "camera_intrinsic", so no camera. --camera {EGO} reads the car')
    mounts = {name: _mounts(source, found) for name, found in by_name.items()}
    name = wanted or (_USUAL if _USUAL in mounts else max(mounts, key=lambda each: _ahead(mounts[each])))
    if name not in mounts:
        raise TrajectoryError(f"{CALIBRATIONS} has no camera {name!r}; there are {', '.join(mounts)}, {EGO}")
    pictures = _pictures(ego.with_name(PICTURES), set(mounts[name]))
    notes = [f"the camera is {name}, where {CALIBRATIONS} puts it in the car"]
    others = [other for other in mounts if other != name]
    if others and wanted is None:
        notes.append(f"there are also {', '.join(others[:8])} and {EGO}: say --camera")
    if pictures is None and len(mounts[name]) > 1:
        notes.append(f"it has {len(mounts[name])} calibrations, of which the first is taken: there is no {PICTURES}")
    lens = _lens(source, by_name[name][0])
    return Camera(name=name, mounts=mounts[name], lens=lens, mount_of=pictures), tuple(notes)


def camera_names(ego: Path) -> tuple[str, ...]:
    """The names of the cameras in the files beside ego poses; none where there are no such files."""
    path = ego.with_name(CALIBRATIONS)
    return tuple(_by_name(Source(path), ego)) if path.is_file() else ()


def _by_name(source: Source, ego: Path) -> dict[str, list[dict[str, Any]]]:
    """The calibrations of every camera by its channel, or by its token where the channel is not known."""
    channels = _channels(ego.with_name(SENSORS))
    by_name: dict[str, list[dict[str, Any]]] = {}
    for record in source.objects(source.content, "the list"):
        if record.get("camera_intrinsic"):
            token = str(record.get("token"))
            by_name.setdefault(channels.get(str(record.get("sensor_token")), token), []).append(record)
    return by_name


def _mounts(source: Source, records: list[dict[str, Any]]) -> dict[str, Floats]:
    places = tuple(f"the sensor {record.get('token')}" for record in records)
    turns = [source.numbers(r.get("rotation"), (4,), place) for r, place in zip(records, places, strict=True)]
    points = [source.numbers(r.get("translation"), (3,), place) for r, place in zip(records, places, strict=True)]
    matrices, _ = of_quaternions(source, np.stack(points), np.stack(turns)[:, [1, 2, 3, 0]], places)
    return {str(record.get("token")): matrix for record, matrix in zip(records, matrices, strict=True)}


def _ahead(mounts: dict[str, Floats]) -> float:
    """How much a camera looks along the car's x."""
    return float(next(iter(mounts.values()))[0, 2])


def _channels(path: Path) -> dict[str, str]:
    """Channel by token of the sensor; nothing where there is no such file."""
    if not path.is_file():
        return {}
    source = Source(path)
    records = source.objects(source.content, "the list")
    return {str(record.get("token")): str(record.get("channel")) for record in records if record.get("channel")}


def _pictures(path: Path, calibrations: set[str]) -> dict[str, str] | None:
    """Calibration by pose of the car for the pictures that were taken with these; None where there is no such file."""
    if not path.is_file():
        return None
    source = Source(path)
    records = source.objects(source.content, "the list")
    pairs = ((str(r.get("ego_pose_token")), str(r.get("calibrated_sensor_token"))) for r in records)
    return {ego: sensor for ego, sensor in pairs if sensor in calibrations}


def _lens(source: Source, record: dict[str, Any]) -> Lens | None:
    matrix = source.numbers(record["camera_intrinsic"], (3, 3), f"the sensor {record.get('token')}")
    width, height = _SIZE_PX
    row = np.array([matrix[0, 0] / width, matrix[1, 1] / height, matrix[0, 2] / width, matrix[1, 2] / height])
    return Lens(rows=row[None], width_px=width, height_px=height) if (row > 0).all() and row[2:].max() < 1 else None
