"""nuScenes: drives of 20 s, seen by the camera at the front.

Published layout (nuscenes.org, the v1.0 schema): `v1.0-*/` with `scene.json`, `sample.json`, `sample_data.json` and
`ego_pose.json`, lists of records that name each other by token; pictures under `samples/CAM_FRONT/` (2 a second) and
`sweeps/CAM_FRONT/` (those between, 12 a second with them). An ego pose is ego-to-global, its quaternion w first, x
forward, y left, z up, in metres; every picture has one of its own. Times are microseconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, NamedTuple

import numpy as np

from engine.actions.modality import DRIVING
from engine.training.datasets.errors import ClipError, DataSetError
from engine.training.datasets.footage import picture_footage
from engine.training.datasets.motion import PoseTrack, poses_from_vectors
from engine.training.datasets.protocol import Clip, Entry
from engine.training.datasets.reading import iterate_records
from engine.video.pictures import load_picture

CHANNEL = "CAM_FRONT"
MICROSECONDS = 1e6


class _View(NamedTuple):
    """One picture: when it was taken, where it lies, and the pose it was taken at."""

    time_us: int
    file: str
    pose_token: str


class NuScenesSource:
    """A folder that holds nuScenes' tables and its pictures."""

    expects: ClassVar[str] = (
        "v1.0-*/{scene,sample,sample_data,ego_pose}.json and the pictures of CAM_FRONT in samples/ and sweeps/"
    )
    licence: ClassVar[str] = "nuScenes (arXiv 1903.11027), CC BY-NC-SA 4.0"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def recognise(folder: Path) -> str | None:
        """Looks for the tables."""
        found = next(folder.glob("v1.0-*/sample_data.json"), None)
        return None if found is None else f"{found.relative_to(folder).as_posix()} lies there"

    def entries(self) -> Iterator[Entry]:
        """Every scene of every version there is. Reads the tables: a minute for the whole data set."""
        for tables in sorted(path.parent for path in self._folder.glob("v1.0-*/sample_data.json")):
            views = _views(tables)
            wanted = {view.pose_token for scene in views.values() for view in scene}
            ego_poses = {
                str(record["token"]): [*_numbers(record, "translation", 3), *_numbers(record, "rotation", 4)]
                for record in iterate_records(tables / "ego_pose.json")
                if record.get("token") in wanted
            }
            for scene in iterate_records(tables / "scene.json"):
                name = f"{tables.name}/{scene.get('name', scene.get('token'))}"
                mine = sorted(views.get(str(scene.get("token")), []))
                caption = str(scene.get("description", ""))
                yield Entry(name, partial(self._open, mine, ego_poses, caption))

    def _open(self, views: list[_View], ego_poses: dict[str, list[float]], caption: str) -> Clip:
        if len(views) < 2:
            raise ClipError(f"the scene has {len(views)} pictures of {CHANNEL}; expected 2 or more")
        missing = next((view.file for view in views if view.pose_token not in ego_poses), None)
        if missing is not None:
            raise ClipError(f"ego_pose.json has no pose for {missing}")
        times = np.array([view.time_us - views[0].time_us for view in views]) / MICROSECONDS
        # Theirs is w first, ours last.
        vectors = np.array([ego_poses[view.pose_token] for view in views])[:, [0, 1, 2, 4, 5, 6, 3]]
        pictures = [partial(load_picture, self._folder / _inside(view.file)) for view in views]
        return Clip(
            modality=DRIVING,
            footage=picture_footage(times, pictures),
            track=PoseTrack(times=times, poses=poses_from_vectors(vectors)),
            caption=caption,
        )


def _views(tables: Path) -> dict[str, list[_View]]:
    """The front camera's pictures of every scene."""
    scenes = {str(sample["token"]): str(sample["scene_token"]) for sample in _complete(tables / "sample.json")}
    views: dict[str, list[_View]] = defaultdict(list)
    for record in _complete(tables / "sample_data.json"):
        if CHANNEL in PurePosixPath(str(record["filename"])).parts and str(record["sample_token"]) in scenes:
            view = _View(int(record["timestamp"]), str(record["filename"]), str(record["ego_pose_token"]))
            views[scenes[str(record["sample_token"])]].append(view)
    return views


_COLUMNS = {
    "sample.json": {"token", "scene_token"},
    "sample_data.json": {"filename", "sample_token", "timestamp", "ego_pose_token"},
}


def _complete(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a table, each with the columns that are read."""
    for record in iterate_records(path):
        lacking = _COLUMNS[path.name] - record.keys()
        if lacking:
            raise DataSetError(f"a record of {path.name} lacks {', '.join(sorted(lacking))}; is it the v1.0 schema?")
        yield record


def _numbers(record: dict[str, Any], name: str, count: int) -> list[float]:
    try:
        numbers = [float(number) for number in record[name]]
    except (KeyError, TypeError, ValueError) as error:
        raise DataSetError(f"an ego pose lacks its {name}: {error}") from error
    if len(numbers) != count:
        raise DataSetError(f"the {name} of an ego pose needs {count} numbers, got {len(numbers)}")
    return numbers


def _inside(file: str) -> PurePosixPath:
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts:
        raise ClipError(f"sample_data.json points outside the data set, to {file}")
    return path
