"""MultiCamVideo, the data set of ReCamMaster: scenes rendered by Unreal Engine, each seen by ten moving cameras.

Published layout (huggingface.co/datasets/KwaiVGI/MultiCamVideo-Dataset): `.../<scene>/videos/cam01.mp4` to `cam10.mp4`,
81 frames at 15 a second, and `.../<scene>/cameras/camera_extrinsics.json`:
`{"frame0": {"cam01": "[r r r 0] [r r r 0] [r r r 0] [tx ty tz 1] ", ...}, ...}`.

These are camera-to-world matrices for row vectors, in centimetres and Unreal's axes, x forward, y right, z up, which
are left-handed. Read here into OpenCV's camera axes, metres, and a world whose y is turned round, so that a rotation is
one; relative poses do not see that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.actions.modality import CAMERA
from engine.training.datasets.errors import ClipError
from engine.training.datasets.footage import video_footage
from engine.training.datasets.motion import Floats, PoseTrack
from engine.training.datasets.protocol import Clip, Entry
from engine.training.datasets.reading import read_json

EXTRINSICS = "cameras/camera_extrinsics.json"
CENTIMETRES = 100
_UNREAL_TO_OPENCV = np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]])
"""Columns: OpenCV's right, down and forward in Unreal's camera axes."""
_RIGHT_HANDED = np.diag([1.0, -1, 1])


class MultiCamSource:
    """A folder of MultiCamVideo scenes, at any depth."""

    expects: ClassVar[str] = "<scene>/videos/cam01.mp4 and <scene>/cameras/camera_extrinsics.json"
    licence: ClassVar[str] = "MultiCamVideo (arXiv 2503.11647), Apache-2.0"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def recognise(folder: Path) -> str | None:
        """Looks for the extrinsics of a scene."""
        found = next(_extrinsics(folder), None)
        return None if found is None else f"{found.relative_to(folder).as_posix()} lies there"

    def entries(self) -> Iterator[Entry]:
        """Every camera of every scene."""
        for extrinsics in sorted(_extrinsics(self._folder)):
            scene = extrinsics.parent.parent
            for video in sorted(scene.glob("videos/cam*.mp4")):
                name = f"{scene.relative_to(self._folder).as_posix()}/{video.stem}"
                yield Entry(name, partial(_open, video, extrinsics))


def _extrinsics(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob(Path(EXTRINSICS).name) if path.parent.name == Path(EXTRINSICS).parent.name)


def _open(video: Path, extrinsics: Path) -> Clip:
    track = read_track(read_json(extrinsics), video.stem)
    footage = video_footage(video)
    count = min(len(track), len(footage.times))
    return Clip(modality=CAMERA, footage=footage, track=PoseTrack(times=footage.times[:count], poses=track[:count]))


def read_track(content: Any, camera: str) -> Floats:
    """Camera-to-world poses (N, 4, 4) of one camera, OpenCV axes, metres. Raises ClipError for another form."""
    if not isinstance(content, dict) or "frame0" not in content:
        raise ClipError(f'the extrinsics should hold "frame0", "frame1" and so on, got {str(content)[:60]}')
    frames: list[Floats] = []
    while (frame := content.get(f"frame{len(frames)}")) is not None:
        if not isinstance(frame, dict) or camera not in frame:
            raise ClipError(f"the extrinsics of frame {len(frames)} lack the camera {camera}")
        frames.append(_parse_matrix(str(frame[camera])))
    unreal = np.swapaxes(np.stack(frames), 1, 2)  # row vectors to columns
    track = np.tile(np.eye(4), (len(frames), 1, 1))
    track[:, :3, :3] = _RIGHT_HANDED @ unreal[:, :3, :3] @ _UNREAL_TO_OPENCV
    track[:, :3, 3] = unreal[:, :3, 3] @ _RIGHT_HANDED / CENTIMETRES
    return track


def _parse_matrix(text: str) -> Floats:
    try:
        numbers = [float(number) for number in text.replace("[", " ").replace("]", " ").split()]
        return np.array(numbers).reshape(4, 4)
    except ValueError as error:
        raise ClipError(f"a matrix should be 16 numbers in brackets, got {text[:60]!r}") from error
