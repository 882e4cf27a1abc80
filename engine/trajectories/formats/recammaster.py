"""ReCamMaster's `camera_extrinsics.json`, also that of its MultiCamVideo data set.

`{"frame0": {"cam01": "[r r r 0] [r r r 0] [r r r 0] [tx ty tz 1] ", ...}, "frame1": ...}`: camera-to-world for row
vectors, so it is transposed first; centimetres; Unreal's axes, x forward, y right, z up, left-handed; 81 frames at 15
a second. Source: ReCamMaster's inference_recammaster.py, and its maintainers in issues 23 and 47. The world is turned
into a right-handed one, OpenCV's, for only then has every rotation a determinant of +1; relative poses do not see it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import check_last_row, lost, natural
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source, line_of
from engine.trajectories.recording import Recording
from engine.whole_files import write_whole

CENTIMETRE = 0.01
FPS = 15.0
_FRAME = re.compile(r"frame(\d{1,9})")
_CAMERA = "cam01"


class ReCamMaster:
    title: ClassVar[str] = "ReCamMaster camera extrinsics"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = 'JSON {"frame0": {"cam01": "[r r r 0] [r r r 0] [r r r 0] [tx ty tz 1] "}}'

    def recognise(self, source: Source) -> str | None:
        frames = [key for key in source.record if _FRAME.fullmatch(key)]
        if not frames or not isinstance(source.record[frames[0]], dict):
            return None
        return f'it has "{frames[0]}" with cameras in it'

    def read(self, source: Source, overrides: Overrides) -> Stored:
        frames = sorted((int(m[1]), key) for key in source.record if (m := _FRAME.fullmatch(key)))
        if not frames:
            raise TrajectoryError(f'{source.name} holds no "frame0"; expected {self.layout}')
        cameras = sorted(
            {c for _, key in frames if isinstance(source.record[key], dict) for c in source.record[key]}, key=natural
        )
        camera = overrides.camera or next(iter(cameras), _CAMERA)
        rows = []
        for _, key in frames:
            views = source.record[key]
            if not isinstance(views, dict) or camera not in views:
                raise TrajectoryError(
                    f"{key} of {source.name} lacks the camera {camera!r}; there are {', '.join(cameras) or 'none'}"
                )
            rows.append(_matrix(source, views[camera], f"{key}, {camera}"))
        places = tuple(key for _, key in frames)
        matrices, notes = _of_columns(np.stack(rows))
        check_last_row(source, matrices, places)
        others = [name for name in cameras if name != camera]
        if others:
            notes = (*notes, f"{camera} is read; it also holds {', '.join(others)}")
        return Stored(
            matrices=matrices,
            axes="unreal",
            unit=CENTIMETRE,
            fps=FPS,
            frames=np.array([number for number, _ in frames], np.float64),
            places=places,
            notes=notes,
            takes=("camera",),
            cameras=tuple(cameras),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        matrices = from_opencv(recording.c2w, "c2w", "unreal")
        matrices[:, :3, 3] /= CENTIMETRE
        content = {
            f"frame{number}": {_CAMERA: "".join(f"[{line_of(row)}] " for row in matrix.T)}
            for number, matrix in enumerate(matrices)
        }
        write_whole(path, json.dumps(content, indent=1) + "\n")
        return lost(recording, times=True, start=True, lens=True, reader_fps=FPS)


def _matrix(source: Source, value: Any, place: str) -> Floats:
    """The matrix as it is written, 16 numbers in brackets or 4 lists of 4."""
    if isinstance(value, list):
        return source.numbers(value, (4, 4), place)
    words = str(value).replace("[", " ").replace("]", " ").replace(",", " ").split()
    if len(words) != 16:
        raise TrajectoryError(f"{place} of {source.name} should hold 16 numbers in brackets, got {len(words)}")
    return np.array([source.number(word, place) for word in words]).reshape(4, 4)


def _of_columns(matrices: Floats) -> tuple[Floats, tuple[str, ...]]:
    """The matrices for column vectors. Files have them for row vectors; copies made with numpy may not."""
    ends = np.array([0.0, 0, 0, 1])
    if not np.allclose(matrices[:, :, 3], ends) and np.allclose(matrices[:, 3], ends):
        return matrices, ("its matrices are for column vectors, other than the data set's",)
    return np.swapaxes(matrices, 1, 2), ()
