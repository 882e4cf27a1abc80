"""SpatialVID: videos from the wild with estimated cameras and captions.

Published layout (huggingface.co/datasets/SpatialVID/SpatialVID-HQ): `videos/<group>/<id>.mp4`, and in
`annotations/<group>/<id>/` `poses.npy` (N, 7), tx ty tz qx qy qz qw, world-to-camera in OpenCV axes and the scale of
MegaSaM (the maintainers in github.com/NJU-3DV/SpatialVID/issues/11); `indexes.txt`, which says in lines `number frame`
which frames these are; and `caption.json`. Older downloads lack the indexes: then every int(fps / 5)-th frame has a
pose.

The released training used another relative pose for this data set, which is none of SE(3) (reference 7.2); rows made
from here are those of all other cameras.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine import poses
from engine.actions.modality import CAMERA
from engine.training.datasets.errors import ClipError
from engine.training.datasets.footage import Footage, video_footage
from engine.training.datasets.motion import PoseTrack, poses_from_vectors
from engine.training.datasets.protocol import Clip, Entry
from engine.training.datasets.reading import read_array, read_json

POSES_PER_SECOND = 5


class SpatialVidSource:
    """A folder that holds SpatialVID's `videos` and `annotations`."""

    expects: ClassVar[str] = "videos/<group>/<id>.mp4 and annotations/<group>/<id>/poses.npy"
    licence: ClassVar[str] = "SpatialVID (arXiv 2509.09676), CC BY-NC-SA 4.0"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def recognise(folder: Path) -> str | None:
        """Looks for poses among the annotations."""
        found = next(folder.glob("annotations/*/*/poses.npy"), None)
        return None if found is None else f"{found.relative_to(folder).as_posix()} lies there"

    def entries(self) -> Iterator[Entry]:
        """Every video."""
        for video in sorted(self._folder.glob("videos/*/*.mp4")):
            name = f"{video.parent.name}/{video.stem}"
            yield Entry(name, partial(_open, video, self._folder / "annotations" / name))


def _open(video: Path, annotations: Path) -> Clip:
    vectors = read_array(annotations / "poses.npy")
    footage = video_footage(video)
    frames = _annotated_frames(annotations / "indexes.txt", len(vectors), footage)
    return Clip(
        modality=CAMERA,
        footage=footage,
        track=PoseTrack(times=footage.times[frames], poses=poses.inverse(poses_from_vectors(vectors))),
        caption=_caption(annotations / "caption.json"),
    )


def _annotated_frames(indexes: Path, num_poses: int, footage: Footage) -> NDArray[np.int64]:
    """Numbers of the frames that have a pose."""
    num_frames = len(footage.times)
    if indexes.is_file():
        lines = [line.split() for line in indexes.read_text(encoding="utf-8", errors="replace").splitlines()]
        try:
            frames = np.array([int(line[1]) for line in lines if line and not line[0].startswith("#")], np.int64)
        except (ValueError, IndexError) as error:
            raise ClipError(f"{indexes.name} should hold lines of a number and a frame: {error}") from error
    else:
        fps = (num_frames - 1) / footage.times[-1] if num_frames > 1 else 0
        frames = np.arange(0, num_frames, max(1, int(fps / POSES_PER_SECOND + 1e-6)))
        if abs(len(frames) - num_poses) <= 1:  # a last frame is sometimes not annotated
            frames = frames[:num_poses]
    if len(frames) != num_poses or frames.min(initial=0) < 0 or frames.max(initial=0) >= num_frames:
        raise ClipError(
            f"it is not known which of its {num_frames} frames the {num_poses} poses belong to: {indexes.name} is "
            "missing, or is that of another clip. It comes with the annotations of SpatialVID-HQ"
        )
    return frames


def _caption(path: Path) -> str:
    if not path.exists():
        return ""
    content = read_json(path)
    parts = content if isinstance(content, dict) else {}
    return str(parts.get("SceneSummary") or parts.get("SceneDescription") or "").strip()
