"""Poses as numpy arrays: plain matrices, SpatialVID's `poses.npy` and Sekai's `.npz`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine import poses
from engine.poses import Floats
from engine.trajectories.axes import CONVENTIONS, DIRECTIONS, Convention
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.direction import likelier
from engine.trajectories.formats.parts import check_last_row, lost, numbered, of_quaternions, of_rows
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, Recording
from engine.trajectories.rotations import quaternions
from engine.trajectories.sampling import FRAMES_PER_SECOND
from engine.whole_files import write_whole

_SHAPES: dict[tuple[int, ...], tuple[int, int]] = {(3, 4): (3, 4), (4, 4): (4, 4), (12,): (3, 4), (16,): (4, 4)}
"""Shapes of a pose in an array, and the matrix it is."""
_SEKAI = ("extrinsic", "extrinsics")
_BARE = ("", "arr_0")
"""What an array without a name is called: of an .npy file, and where `numpy.savez` named it."""


class RawArray:
    """Nothing in such a file says what it holds: camera-to-world in OpenCV axes is taken."""

    title: ClassVar[str] = "numpy matrices"
    suffix: ClassVar[str] = ".npy"
    layout: ClassVar[str] = "an .npy array of shape (N, 4, 4) or (N, 3, 4)"

    def recognise(self, source: Source) -> str | None:
        if not source.is_array or set(source.arrays) != {""} or source.suffix == ".npz":
            return None
        shape = source.arrays.shape("")
        return f"it is an array of matrices, of shape {shape}" if shape[1:] in _SHAPES else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        matrices = _matrices(source, _only(source))
        said = () if overrides.convention and overrides.axes else ("nothing in it says its convention and its axes",)
        return Stored(matrices=matrices, places=numbered(len(matrices)), notes=said)

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
        _save(path, recording.c2w)
        return lost(recording, times=True, start=True, lens=True, reader_fps=FRAMES_PER_SECOND)


class SpatialVid:
    """`poses.npy` (N, 7): tx ty tz qx qy qz qw, world-to-camera, OpenCV axes, with an `intrinsics.npy` (N, 4) beside.

    Its poses are five a second, one per tick (the maintainers in github.com/NJU-3DV/SpatialVID/issues/11, and its
    utils/quat_to_mat.py).
    """

    title: ClassVar[str] = "SpatialVID poses"
    suffix: ClassVar[str] = ".npy"
    layout: ClassVar[str] = "an .npy array of shape (N, 7): tx ty tz qx qy qz qw"
    fps: ClassVar[float] = 5.0

    def recognise(self, source: Source) -> str | None:
        if not source.is_array or set(source.arrays) != {""}:
            return None
        shape = source.arrays.shape("")
        return f"it is an array of shape {shape}, 7 numbers a pose" if len(shape) == 2 and shape[1] == 7 else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        values = source.floats(_only(source))
        if values.ndim != 2 or values.shape[1] != 7:
            raise TrajectoryError(f"{source.name} has shape {values.shape}; expected (N, 7), tx ty tz qx qy qz qw")
        places = numbered(len(values))
        matrices, error = of_quaternions(source, values[:, :3], values[:, 3:], places)
        beside = source.path.with_name("intrinsics.npy")
        return Stored(
            matrices=matrices,
            convention="w2c",
            fps=self.fps,
            places=places,
            quaternion_error=error,
            lens=_pixel_lens(Source(beside), len(values)) if beside.is_file() else None,
            notes=("its poses are taken as five a second, as in the data set",),
        )

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
        w2c = poses.inverse(recording.c2w)
        _save(path, np.column_stack([w2c[:, :3, 3], quaternions(w2c[:, :3, :3])]))
        return lost(recording, times=True, start=True, lens=True, reader_fps=self.fps)


class Sekai:
    """`.npz` with `extrinsic` (N, 4, 4) and `intrinsic`, OpenCV axes.

    The name says world-to-camera, and the released training took it so; its maintainers say that it is
    camera-to-world (github.com/Lixsp11/sekai-codebase/issues/15). As clips are walks and flights, the reading in which
    the camera goes clearly forward is taken, world-to-camera where that decides nothing; so it is written, and said in
    an array of its own, "convention". Clips have 30 frames a second, but the released training took every fourth frame
    for a tick, as if they had 20; no rate is taken from the format, so that rows are those (reference 7.1).
    """

    title: ClassVar[str] = "Sekai"
    suffix: ClassVar[str] = ".npz"
    layout: ClassVar[str] = "an .npz archive with `extrinsic` (N, 4, 4) and `intrinsic`"

    def recognise(self, source: Source) -> str | None:
        if not source.is_array:
            return None
        for name in _SEKAI:
            if name in source.arrays:
                return f"it holds an array named {name}"
        for name in _BARE:
            if set(source.arrays) == {name} and source.suffix == ".npz" and source.arrays.shape(name)[1:] in _SHAPES:
                return "it is a bare array of matrices under the name of an archive"
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        name = next((name for name in (*_SEKAI, *_BARE) if name in source.arrays), None)
        if name is None:
            names = ", ".join(list(source.arrays)[:8]) or "nothing"
            raise TrajectoryError(f"{source.name} holds {names}; expected an array named extrinsic, (N, 4, 4)")
        matrices = _matrices(source, source.arrays[name])
        lens = None
        if "intrinsic" in source.arrays:
            lens = _matrix_lens(source.floats(source.arrays["intrinsic"], "the array 'intrinsic'"), len(matrices))
        likely = likelier(matrices)
        said: tuple[str, ...] = ()
        if overrides.convention is None and _said(source) is None:
            why = (
                "for then the camera goes forward"
                if likely
                else "as its name says and as the released training reads it, for the walk does not tell. Its "
                "maintainers say the other: try --convention c2w"
            )
            said = (f"its `extrinsic` is read as {DIRECTIONS[likely or 'w2c']}, {why}",)
        return Stored(
            matrices=matrices,
            convention=_said(source) or likely or "w2c",
            places=numbered(len(matrices)),
            lens=lens,
            notes=said,
        )

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
        held = {"extrinsic": poses.inverse(recording.c2w), "convention": np.array("w2c")}
        if recording.lens is not None:
            fx, fy, cx, cy = recording.lens.rows.T
            zero, one = np.zeros_like(fx), np.ones_like(fx)
            rows = [[fx, zero, cx], [zero, fy, cy], [zero, zero, one]]
            held["intrinsic"] = np.moveaxis(np.array(rows), -1, 0)
        buffer = io.BytesIO()
        np.savez(buffer, **held)  # type: ignore[arg-type]  # its stub takes the arrays for its own options
        write_whole(path, buffer.getvalue())
        return lost(recording, times=True, start=True, reader_fps=FRAMES_PER_SECOND)


def _only(source: Source) -> np.ndarray:
    if len(source.arrays) != 1:
        raise TrajectoryError(f"{source.name} holds the arrays {', '.join(source.arrays)}; expected a single one")
    return next(iter(source.arrays.values()))


def _matrices(source: Source, array: np.ndarray) -> Floats:
    if array.shape[1:] not in _SHAPES:
        raise TrajectoryError(f"{source.name} has shape {array.shape}; expected (N, 4, 4) or (N, 3, 4)")
    values = source.floats(array).reshape(len(array), *_SHAPES[array.shape[1:]])
    if values.shape[1] == 4:
        check_last_row(source, values, numbered(len(values)))
    return of_rows(values)


def _said(source: Source) -> Convention | None:
    """The direction that a file of ours says it has."""
    word = str(source.arrays["convention"]) if "convention" in source.arrays else ""
    return next((convention for convention in CONVENTIONS if convention == word), None)


def _matrix_lens(matrices: Floats, count: int) -> Lens | None:
    """The lens of intrinsics (3, 3) or (N, 3, 3), or (4,) or (N, 4), in shares of the picture or in pixels."""
    if matrices.shape[-2:] == (3, 3):
        matrices = np.stack([matrices[..., 0, 0], matrices[..., 1, 1], matrices[..., 0, 2], matrices[..., 1, 2]], -1)
    if matrices.shape not in ((4,), (1, 4), (count, 4)):
        return None
    rows = np.broadcast_to(matrices, (count, 4))
    if not (rows > 0).all():
        return None
    if rows[:, 2:].max() <= 1:
        return Lens(rows=rows.copy())
    # In pixels. The size is not there, but the centre of the picture is half of it.
    size = 2 * rows[0, 2:]
    return Lens(rows=rows / np.tile(size, 2), width_px=round(float(size[0])), height_px=round(float(size[1])))


def _pixel_lens(source: Source, count: int) -> Lens | None:
    return _matrix_lens(source.floats(_only(source)), count)


def _save(path: Path, array: Floats) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_whole(path, buffer.getvalue())
