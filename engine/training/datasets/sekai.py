"""Sekai: walks and drone flights, a video and a camera trajectory per clip.

Published layout (huggingface.co/datasets/Lixsp11/Sekai-Project): `<video>_<start>_<end>.mp4`, 30 frames a second, and
an .npz of the same name, beside it or in a folder of its own, with `extrinsic` (N, 4, 4), one per frame, and
`intrinsic`; captions in `*.csv` with the columns `videoFile` and `caption` among others.

The name misleads: `extrinsic` is camera-to-world, in OpenCV axes, its translations scaled so that none of a video's
coordinates exceeds 1, 30 poses a second (the maintainers in github.com/Lixsp11/sekai-codebase/issues/15). The released
training scripts took it for world-to-camera, and its frames for 20 a second; here, as in the importer
(engine.trajectories.formats.sekai), it is read as what it is, so that a walk forward has a negative tz and a tick of
0.2 s spans six of its poses. A video that was saved anew at another rate keeps its poses, which have their own clock.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.actions.modality import CAMERA
from engine.training.datasets.errors import ClipError
from engine.training.datasets.footage import video_footage
from engine.training.datasets.motion import PoseTrack
from engine.training.datasets.protocol import Clip, Entry
from engine.training.datasets.reading import read_array

FPS = 30.0
"""Of the poses, whatever the video has."""
MAX_UNEVEN = 2
"""By how many frames a trajectory may be longer or shorter than its video."""


class SekaiSource:
    """A folder of Sekai clips."""

    expects: ClassVar[str] = "videos <name>.mp4 with camera trajectories <name>.npz"
    licence: ClassVar[str] = "Sekai (arXiv 2506.15675), for non-commercial research"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def recognise(folder: Path) -> str | None:
        """Looks for a trajectory with a video of its name."""
        videos = {path.stem for path in folder.rglob("*.mp4")}
        match = next((path for path in folder.rglob("*.npz") if path.stem in videos), None)
        return None if match is None else f"{match.name} lies there with a video of the same name"

    def entries(self) -> Iterator[Entry]:
        """Every video; one without a trajectory cannot be opened."""
        trajectories = {path.stem: path for path in sorted(self._folder.rglob("*.npz"))}
        for video in sorted(self._folder.rglob("*.mp4")):
            name = video.relative_to(self._folder).with_suffix("").as_posix()
            yield Entry(name, partial(self._open, video, trajectories.get(video.stem)))

    def _open(self, video: Path, trajectory: Path | None) -> Clip:
        if trajectory is None:
            raise ClipError(f"there is no camera trajectory {video.stem}.npz for it")
        c2w = read_array(trajectory, "extrinsic")
        footage = video_footage(video)
        return Clip(
            modality=CAMERA,
            footage=footage,
            track=_track(trajectory.name, c2w, footage.times),
            caption=self._captions.get(video.name, ""),
        )

    @cached_property
    def _captions(self) -> dict[str, str]:
        captions: dict[str, str] = {}
        for path in sorted(self._folder.rglob("*.csv")):
            try:
                with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
                    for row in csv.DictReader(file):
                        if row.get("videoFile") and row.get("caption"):
                            captions[row["videoFile"]] = row["caption"]
            except csv.Error as error:
                raise ClipError(f"its captions in {path.name} cannot be read: {error}. Mend or remove it") from error
        return captions


def _track(name: str, c2w: NDArray[np.float64], frame_times: NDArray[np.float64]) -> PoseTrack:
    """Poses (N, 4, 4) at the times of the frames that they belong to, or at their own rate for a video of another one.

    Raises ClipError where they last longer or shorter than the video.
    """
    if abs(len(c2w) - len(frame_times)) <= MAX_UNEVEN:
        count = min(len(c2w), len(frame_times))
        return PoseTrack(times=frame_times[:count], poses=c2w[:count])
    seconds, shown = (len(c2w) - 1) / FPS, float(frame_times[-1])
    if abs(seconds - shown) > MAX_UNEVEN / FPS + shown / max(len(frame_times) - 1, 1):
        raise ClipError(
            f"{name} holds {len(c2w)} poses, {seconds:.3g} s at {FPS:g} a second, for a video of {len(frame_times)} "
            f"frames that lasts {shown:.3g} s; expected one for each frame, or the same length"
        )
    return PoseTrack(times=np.arange(len(c2w)) / FPS, poses=c2w)
