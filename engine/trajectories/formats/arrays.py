"""Poses as a plain numpy array of matrices, and what the formats in numpy's files share."""

from __future__ import annotations

import io
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import check_last_row, lost, numbered, of_rows
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, Recording
from engine.whole_files import write_whole

SHAPES: dict[tuple[int, ...], tuple[int, int]] = {(3, 4): (3, 4), (4, 4): (4, 4), (12,): (3, 4), (16,): (4, 4)}
"""Shapes of a pose in an array, and the matrix it is."""
INTRINSICS = "intrinsics.npy"
"""Lies beside the poses of LingBot-World and SpatialVID."""


class RawArray:
    """Nothing in such a file says what it holds: camera-to-world in OpenCV axes is taken."""

    title: ClassVar[str] = "numpy matrices"
    suffix: ClassVar[str] = ".npy"
    layout: ClassVar[str] = "an .npy array of shape (N, 4, 4) or (N, 3, 4)"

    def recognise(self, source: Source) -> str | None:
        if not source.is_array or set(source.arrays) != {""} or source.suffix == ".npz":
            return None
        shape = source.arrays.shape("")
        if shape[1:] not in SHAPES or is_lingbot(source):
            return None
        return f"it is an array of matrices, of shape {shape}"

    def read(self, source: Source, overrides: Overrides) -> Stored:
        matrices = matrices_of(source, only_array(source))
        said = () if overrides.convention and overrides.axes else ("nothing in it says its convention and its axes",)
        return Stored(matrices=matrices, places=numbered(len(matrices)), notes=said)

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        save_array(path, recording.c2w)
        return lost(recording, times=True, start=True, lens=True, reader_fps=clock.fps)


def only_array(source: Source) -> np.ndarray:
    """The array of a file that holds no other. Raises TrajectoryError."""
    if len(source.arrays) != 1:
        raise TrajectoryError(f"{source.name} holds the arrays {', '.join(source.arrays)}; expected a single one")
    return next(iter(source.arrays.values()))


def is_lingbot(source: Source) -> bool:
    """Whether an array of 4 x 4 matrices has LingBot-World's intrinsics beside it: four numbers a pose."""
    if source.is_folder or not source.is_array or set(source.arrays) != {""}:
        return False
    shape, beside = source.arrays.shape(""), source.path.with_name(INTRINSICS)
    if len(shape) != 3 or shape[1:] != (4, 4) or source.name == INTRINSICS or not beside.is_file():
        return False
    lenses = Source(beside)
    return lenses.is_array and lenses.arrays.shape("") in ((4,), (1, 4), (shape[0], 4))


def matrices_of(source: Source, array: np.ndarray, name: str = "") -> Floats:
    """The matrices (N, 4, 4) in an array of one of SHAPES a pose; `name` is its own. Raises TrajectoryError."""
    if array.shape[1:] not in SHAPES:
        called = f"the array {name!r} of {source.name}" if name else source.name
        raise TrajectoryError(f"{called} has shape {array.shape}; expected (N, 4, 4) or (N, 3, 4)")
    values = source.floats(array).reshape(len(array), *SHAPES[array.shape[1:]])
    if values.shape[1] == 4:
        check_last_row(source, values, numbered(len(values)))
    return of_rows(values)


def matrix_lens(matrices: Floats, count: int) -> Lens | None:
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


def lens_beside(source: Source, count: int) -> Lens | None:
    """The lens in the intrinsics.npy beside poses, where there is one."""
    beside = source.path.with_name(INTRINSICS)
    if not beside.is_file():
        return None
    intrinsics = Source(beside)
    return matrix_lens(intrinsics.floats(only_array(intrinsics)), count)


def intrinsic_matrices(lens: Lens) -> Floats:
    """Matrices (N, 3, 3) of a lens, in shares of the picture."""
    fx, fy, cx, cy = lens.rows.T
    zero, one = np.zeros_like(fx), np.ones_like(fx)
    return np.moveaxis(np.array([[fx, zero, cx], [zero, fy, cy], [zero, zero, one]]), -1, 0)


def pixel_rows(lens: Lens, height_px: int = 480) -> Floats:
    """Rows (N, 4) fx fy cx cy in pixels of a picture of the lens's own size, or of that height."""
    height = lens.height_px or height_px
    width = lens.width_px or round(height * lens.aspect)
    return lens.rows * [width, height, width, height]


def save_archive(path: Path, **arrays: np.ndarray) -> None:
    """Write an .npz file whole, or not at all. Raises OSError."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # its stub takes the arrays for its own options
    write_whole(path, buffer.getvalue())


def save_array(path: Path, array: np.ndarray) -> None:
    """Write an .npy file whole, or not at all. Raises OSError."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_whole(path, buffer.getvalue())
