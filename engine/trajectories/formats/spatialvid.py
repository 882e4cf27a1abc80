"""SpatialVID: `poses.npy` (N, 7), tx ty tz qx qy qz qw, world-to-camera, OpenCV axes; `intrinsics.npy` (N, 4) beside.

Every int(fps / 5)-th frame of a clip has a pose (the maintainers in github.com/NJU-3DV/SpatialVID/issues/11, and its
utils/quat_to_mat.py), which is 5 a second of a clip at 30, and 5.99 of one at 29.97. Which frames these are stands in
the `indexes.txt` beside, in lines `number frame`; how many a second the clip has says the clip itself, which lies in
`videos/<group>/<id>.mp4` for `annotations/<group>/<id>/`. Without the clip the distance of the frames leaves a few
rates, of which the commonest is taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine import poses
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.arrays import lens_beside, only_array, save_array
from engine.trajectories.formats.clip_rate import clip_among, clip_fps, only_clip
from engine.trajectories.formats.parts import lost, numbered, of_quaternions
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording

POSES, INDEXES = "poses.npy", "indexes.txt"
POSES_PER_SECOND = 5.0
_USUAL_FPS = (29.97, 30.0, 24.0, 25.0, 60.0, 59.94, 50.0, 23.976, 48.0, 120.0, 15.0, 12.0, 10.0)
"""Frames a second that clips have, the commonest first."""


class SpatialVid:
    title: ClassVar[str] = "SpatialVID poses"
    suffix: ClassVar[str] = ".npy"
    layout: ClassVar[str] = "an .npy array of shape (N, 7): tx ty tz qx qy qz qw; indexes.txt and the clip beside"
    fps: ClassVar[float] = POSES_PER_SECOND

    def recognise(self, source: Source) -> str | None:
        if source.is_folder:
            inside = Source(source.path / POSES)
            is_one = inside.path.is_file() and self.recognise(inside) is not None
            return f"a {POSES} with 7 numbers a pose lies in the folder" if is_one else None
        if not source.is_array or set(source.arrays) != {""}:
            return None
        shape = source.arrays.shape("")
        return f"it is an array of shape {shape}, 7 numbers a pose" if len(shape) == 2 and shape[1] == 7 else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        if source.is_folder:
            source = Source(source.path / POSES)
        values = source.floats(only_array(source))
        if values.ndim != 2 or values.shape[1] != 7:
            raise TrajectoryError(f"{source.name} has shape {values.shape}; expected (N, 7), tx ty tz qx qy qz qw")
        places = numbered(len(values))
        matrices, error = of_quaternions(source, values[:, :3], values[:, 3:], places)
        frames, fps, note = _rate(source.path, len(values))
        return Stored(
            matrices=matrices,
            convention="w2c",
            fps=fps,
            frames=frames,
            places=places,
            quaternion_error=error,
            lens=lens_beside(source, len(values)),
            notes=(note,),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        w2c = poses.inverse(recording.c2w)
        save_array(path, np.column_stack([w2c[:, :3, 3], quaternions(w2c[:, :3, :3])]))
        return lost(recording, times=True, start=True, lens=True, reader_fps=self.fps)


def _rate(path: Path, count: int) -> tuple[Floats | None, float, str]:
    """Numbers of the poses in steps of the commonest distance, poses a second, and what to say of it."""
    numbers = _indexes(path.with_name(INDEXES), count)
    clip = _clip(path)
    clip_rate = None if clip is None else clip_fps(clip)
    if clip is not None and clip_rate is not None:
        step = max(1, int(clip_rate / POSES_PER_SECOND + 1e-6)) if numbers is None else _step(numbers)
        said = f"every {_ordinal(step)} frame has a pose, of the {clip_rate:.4g} a second of {clip.name}"
    elif numbers is not None:
        step = _step(numbers)
        fitting = [fps for fps in _USUAL_FPS if max(1, int(fps / POSES_PER_SECOND + 1e-6)) == step]
        clip_rate = fitting[0] if fitting else step * POSES_PER_SECOND
        others = "".join(f"; a clip of {fps:g} has {fps / step:.3g}" for fps in fitting[1:])
        said = (
            f"every {_ordinal(step)} frame has a pose; the clip is not beside it, and is taken to have {clip_rate:g} "
            f"frames a second, so {clip_rate / step:.3g} poses a second (--fps){others}"
        )
    else:
        return (
            None,
            POSES_PER_SECOND,
            (
                f"its poses are taken as five a second, as in the data set: there is no {INDEXES} and no clip beside "
                "it (--fps)"
            ),
        )
    frames = None if numbers is None else (numbers - numbers[0]) / step
    return frames, clip_rate / step, said


def _indexes(path: Path, count: int) -> Floats | None:
    """Which frames have the poses; None where nothing says it."""
    if not path.is_file():
        return None
    source = Source(path)
    table = source.table([1, 2], "the number of a pose and its frame")
    frames: Floats = table.rows[:, -1]
    if len(frames) != count:
        raise TrajectoryError(
            f"{source.name} beside it has {len(frames)} lines for {count} poses; it is that of another clip. Put the "
            "right one there, or remove it"
        )
    late = np.flatnonzero(np.diff(frames) <= 0)
    if len(late):
        raise TrajectoryError(
            f"{table.places[int(late[0]) + 1]} of {source.name}: its frame does not come after the last"
        )
    return frames


def _step(numbers: Floats) -> int:
    """The commonest distance of the frames that have poses."""
    if len(numbers) < 2:
        return 1
    sizes, counts = np.unique(np.diff(numbers), return_counts=True)
    return max(1, round(float(sizes[np.argmax(counts)])))


def _clip(path: Path) -> Path | None:
    """The clip of a poses.npy: in the same folder, beside that, or where the data set has it."""
    folder = path.absolute().parent
    group = folder.parent
    named = clip_among((folder, group, group.parent.parent / "videos" / group.name), folder.name)
    return named or only_clip(folder)


def _ordinal(number: int) -> str:
    return {1: "", 2: "second", 3: "third"}.get(number, f"{number}th")
