"""Camera files of world models and pose estimators in numpy's formats: ViPE, MegaSaM, Matrix-Game 3.5, LingBot-World.

All four are camera-to-world in OpenCV axes.

- ViPE (github.com/nv-tlabs/vipe, vipe/utils/io.py): `pose/<name>.npz` with `data` (N, 4, 4) and `inds` (N,), the frames
  that have a pose; `intrinsics/<name>.npz` with `data` (N, 4), pixels; the clip in `rgb/<name>.mp4`.
- MegaSaM (github.com/mega-sam/mega-sam, cvd_opt/cvd_opt.py): `<name>_sgd_cvd_hr.npz` with `cam_c2w` (N, 4, 4),
  `intrinsic` (3, 3), and pictures and depths, which stay packed.
- Matrix-Game 3.5 (github.com/Riemann-Dynamics/Matrix-Game-3.5, README): `extrinsics_c2w` (N, 4, 4), metres, and
  `intrinsics` (N, 4), pixels.
- LingBot-World (github.com/Robbyant/lingbot-world, examples and README): a folder with `poses.npy` (N, 4, 4) and
  `intrinsics.npy` (N, 4), pixels, one pose a frame of its video, which has 16 a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.arrays import (
    INTRINSICS,
    is_lingbot,
    lens_beside,
    matrices_of,
    matrix_lens,
    only_array,
    pixel_rows,
    save_archive,
    save_array,
)
from engine.trajectories.formats.clip_rate import clip_among, clip_fps
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost, numbered
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, Recording

LINGBOT_FPS = 16.0
POSES = "poses.npy"


class NamedPoses:
    """An .npz archive with poses under one name and the lens under another: what MegaSaM and Matrix-Game write.

    Attributes:
        poses: name of the array of poses.
        lenses: names that the array of intrinsics may have; it is written under the first.
        has_rows: whether intrinsics are written as a row of 4 a pose, elsewhere as one 3 x 3 matrix.
    """

    title: ClassVar[str]
    suffix: ClassVar[str] = ".npz"
    layout: ClassVar[str]
    poses: ClassVar[str]
    lenses: ClassVar[tuple[str, ...]]
    has_rows: ClassVar[bool]

    def recognise(self, source: Source) -> str | None:
        is_one = not source.is_folder and source.is_array and self.poses in source.arrays
        return f"it holds an array named {self.poses}" if is_one else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        if self.poses not in source.arrays:
            names = ", ".join(list(source.arrays)[:8]) or "nothing"
            raise TrajectoryError(f"{source.name} holds {names}; expected an array named {self.poses}, (N, 4, 4)")
        matrices = matrices_of(source, source.arrays[self.poses], self.poses)
        lens = None
        for name in self.lenses:
            if name in source.arrays and lens is None:
                lens = matrix_lens(source.floats(source.arrays[name], f"the array {name!r}"), len(matrices))
        return Stored(matrices=matrices, places=numbered(len(matrices)), lens=lens)

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        lens = lens_or_default(recording)
        rows = pixel_rows(lens)
        held = rows
        said: tuple[str, ...] = ()
        if not self.has_rows:
            fx, fy, cx, cy = rows[0]
            held = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
            if np.ptp(rows, axis=0).max() > 0:
                said = ("the change of the lens: it holds that of the first pose",)
        save_archive(path, **{self.poses: recording.c2w, self.lenses[0]: held})
        return (
            *said,
            *lens_notes(recording),
            *lost(recording, times=True, start=True, reader_fps=clock.fps),
        )


class MegaSam(NamedPoses):
    title: ClassVar[str] = "MegaSaM"
    layout: ClassVar[str] = "an .npz archive with `cam_c2w` (N, 4, 4) and `intrinsic` (3, 3)"
    poses: ClassVar[str] = "cam_c2w"
    lenses: ClassVar[tuple[str, ...]] = ("intrinsic", "intrinsics")
    has_rows: ClassVar[bool] = False


class MatrixGame(NamedPoses):
    title: ClassVar[str] = "Matrix-Game 3.5"
    layout: ClassVar[str] = "an .npz archive with `extrinsics_c2w` (N, 4, 4) and `intrinsics` (N, 4)"
    poses: ClassVar[str] = "extrinsics_c2w"
    lenses: ClassVar[tuple[str, ...]] = ("intrinsics",)
    has_rows: ClassVar[bool] = True


class Vipe:
    title: ClassVar[str] = "ViPE poses"
    suffix: ClassVar[str] = ".npz"
    layout: ClassVar[str] = "an .npz archive with `data` (N, 4, 4) and `inds` (N,); intrinsics/ and rgb/ beside pose/"

    def recognise(self, source: Source) -> str | None:
        if source.is_folder or not source.is_array or "data" not in source.arrays:
            return None
        shape = source.arrays.shape("data")
        return f"it holds an array named data, of shape {shape}" if len(shape) == 3 and shape[1:] == (4, 4) else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        if "data" not in source.arrays:
            raise TrajectoryError(f"{source.name} holds no array named data; expected {self.layout}")
        matrices = matrices_of(source, source.arrays["data"], "data")
        numbers = _numbers(source, len(matrices))
        root = source.path.absolute().parent.parent
        clip = clip_among((root / "rgb", source.path.absolute().parent), source.path.stem)
        fps = None if clip is None else clip_fps(clip)
        notes: tuple[str, ...] = ()
        if fps is not None and clip is not None:
            notes = (f"its frames are those of {clip.name}, {fps:.4g} a second",)
        return Stored(
            matrices=matrices,
            fps=fps,
            frames=numbers,
            places=numbered(len(matrices)) if numbers is None else tuple(f"frame {number:g}" for number in numbers),
            lens=_vipe_lens(root / "intrinsics" / source.name, len(matrices)),
            notes=notes,
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        save_archive(path, data=recording.c2w, inds=np.arange(len(recording.c2w)))
        return lost(recording, times=True, start=True, lens=True, reader_fps=clock.fps)


class LingBot:
    title: ClassVar[str] = "LingBot-World folder"
    suffix: ClassVar[str] = ".npy"
    layout: ClassVar[str] = f"a folder with {POSES} (N, 4, 4) and {INTRINSICS} (N, 4), fx fy cx cy in pixels"
    fps: ClassVar[float] = LINGBOT_FPS

    def recognise(self, source: Source) -> str | None:
        if source.is_folder:
            inside = Source(source.path / POSES)
            is_one = inside.path.is_file() and is_lingbot(inside)
            return f"{POSES} and {INTRINSICS} lie in the folder" if is_one else None
        return f"it is an array of 4 x 4 matrices with an {INTRINSICS} beside it" if is_lingbot(source) else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        inside = Source(source.path / POSES) if source.is_folder else source
        matrices = matrices_of(inside, only_array(inside))
        return Stored(
            matrices=matrices,
            fps=LINGBOT_FPS,
            places=numbered(len(matrices)),
            lens=lens_beside(inside, len(matrices)),
            notes=(f"its poses are taken as {LINGBOT_FPS:g} a second, the frames that LingBot-World makes (--fps)",),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        """Writes a folder, or, for a name ending in .npy, that file and the intrinsics beside it."""
        if not path.suffix:
            path.mkdir(exist_ok=True)
        where = path if path.suffix else path / POSES
        save_array(where, recording.c2w)
        save_array(where.with_name(INTRINSICS), pixel_rows(lens_or_default(recording)))
        return (*lens_notes(recording), *lost(recording, times=True, start=True, reader_fps=LINGBOT_FPS))


def _numbers(source: Source, count: int) -> Floats | None:
    """The numbers of the frames that have poses, where the archive tells."""
    if "inds" not in source.arrays:
        return None
    numbers = source.floats(source.arrays["inds"], "the array 'inds'", "index").reshape(-1)
    if len(numbers) != count:
        raise TrajectoryError(f"the array 'inds' of {source.name} has {len(numbers)} numbers for {count} poses")
    return numbers


def _vipe_lens(path: Path, count: int) -> Lens | None:
    """The lens in the archive of intrinsics that belongs to poses, where there is one."""
    if not path.is_file():
        return None
    source = Source(path)
    if not source.is_array or "data" not in source.arrays or source.arrays.shape("data") != (count, 4):
        return None
    return matrix_lens(source.floats(source.arrays["data"], "the array 'data'"), count)
