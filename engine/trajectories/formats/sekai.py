"""Sekai: an `.npz` with `extrinsic` (N, 4, 4) and `intrinsic`, OpenCV axes.

The name misleads: it is camera-to-world, one pose a frame at 30 frames a second (the maintainers in
github.com/Lixsp11/sekai-codebase/issues/15). The released training scripts took it for world-to-camera and every fourth
frame for a tick, as if there were 20 a second; here, as in the training reader, it is read as what it is. A file of our
own says its direction in an array "convention".
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.clock import Clock
from engine.trajectories.axes import CONVENTIONS, Convention
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.arrays import SHAPES, intrinsic_matrices, matrices_of, matrix_lens, save_archive
from engine.trajectories.formats.direction import likelier
from engine.trajectories.formats.parts import lost, numbered
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording

FPS = 30.0
_NAMES = ("extrinsic", "extrinsics")
_BARE = ("", "arr_0")
"""What an array without a name is called: of an .npy file, and where `numpy.savez` named it."""


class Sekai:
    title: ClassVar[str] = "Sekai"
    suffix: ClassVar[str] = ".npz"
    layout: ClassVar[str] = "an .npz archive with `extrinsic` (N, 4, 4) and `intrinsic`"
    fps: ClassVar[float] = FPS

    def recognise(self, source: Source) -> str | None:
        if not source.is_array:
            return None
        for name in _NAMES:
            if name in source.arrays:
                return f"it holds an array named {name}"
        for name in _BARE:
            if set(source.arrays) == {name} and source.suffix == ".npz" and source.arrays.shape(name)[1:] in SHAPES:
                return "it is a bare array of matrices under the name of an archive"
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        name = next((name for name in (*_NAMES, *_BARE) if name in source.arrays), None)
        if name is None:
            names = ", ".join(list(source.arrays)[:8]) or "nothing"
            raise TrajectoryError(f"{source.name} holds {names}; expected an array named extrinsic, (N, 4, 4)")
        matrices = matrices_of(source, source.arrays[name])
        lens = None
        if "intrinsic" in source.arrays:
            lens = matrix_lens(source.floats(source.arrays["intrinsic"], "the array 'intrinsic'"), len(matrices))
        said = _said(source)
        notes = [f"its poses are taken as {FPS:g} a second, as its maintainers say (--fps)"]
        if overrides.convention is None and said is None:
            notes.append("its `extrinsic` is read as camera-to-world, as its maintainers say")
            if likelier(matrices) == "w2c":
                notes.append("read so the camera does not go forward; it would world-to-camera: try --convention w2c")
        return Stored(
            matrices=matrices,
            convention=said or "c2w",
            fps=FPS,
            places=numbered(len(matrices)),
            lens=lens,
            notes=tuple(notes),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        held = {"extrinsic": recording.c2w, "convention": np.array("c2w")}
        if recording.lens is not None:
            held["intrinsic"] = intrinsic_matrices(recording.lens)
        save_archive(path, **held)
        return lost(recording, times=True, start=True, reader_fps=FPS)


def _said(source: Source) -> Convention | None:
    """The direction that a file of ours says it has."""
    word = str(source.arrays["convention"]) if "convention" in source.arrays else ""
    return next((convention for convention in CONVENTIONS if convention == word), None)
