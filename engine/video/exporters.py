"""Kinds of files that frames are exported to. One class each, one dict, one contract test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from PIL import Image

from engine.messages import Frames
from engine.video.animations import GifWriter, WebpWriter
from engine.video.encode import VideoWriter, check_frames
from engine.whole_files import PartFile


class Exporter(Protocol):
    """Takes frames one after another; the target appears whole at `finish`, or not at all."""

    def write(self, frames: Frames) -> None:
        """Append frames (n, H, W, 3) RGB uint8. Raises ValueError for another size, OSError."""
        ...

    def finish(self) -> None:
        """Give the file its name. Raises OSError."""
        ...

    def abort(self) -> None:
        """Leave nothing behind."""
        ...


_RGB = 0
"""The matrix of pictures that are no luma and chroma; PyAV has no name for it."""

Opener = Callable[[Path, int, int, int, Mapping[str, str]], Exporter]
"""Opens a target for pictures of width x height at so many frames per second, with metadata where the kind has room."""


class _Ffv1:
    """Lossless: FFV1 in Matroska, RGB as it is."""

    def __init__(self, path: Path, width: int, height: int, fps: int, metadata: Mapping[str, str]) -> None:
        self._part = PartFile(path)
        self._is_open = True
        with self._part.guarded():
            self._container = av.open(str(self._part.path), "w", format="matroska")
            self._container.metadata.update(metadata)
            self._stream = self._container.add_stream("ffv1", rate=Fraction(fps))
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "bgr0"
            codec = self._stream.codec_context
            codec.color_range, codec.colorspace = ColorRange.JPEG, _RGB
            codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.IEC61966_2_1

    def write(self, frames: Frames) -> None:
        check_frames(frames, self._stream.width, self._stream.height)
        with self._part.guarded():
            for frame in frames:
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame))
                self._container.mux(self._stream.encode(picture))

    def finish(self) -> None:
        with self._part.guarded():
            self._container.mux(self._stream.encode(None))
            self._container.close()
        self._is_open = False
        self._part.commit()

    def abort(self) -> None:
        if self._is_open:
            self._container.close()
            self._is_open = False
        self._part.discard()


class _Pngs:
    """A folder of numbered PNG files, from 0."""

    def __init__(self, path: Path, width: int, height: int, fps: int, metadata: Mapping[str, str]) -> None:
        if path.exists():
            raise FileExistsError(17, "the folder is there already", str(path))
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        self._target, self._count = path, 0
        self._width, self._height = width, height
        self._folder = Path(tempfile.mkdtemp(prefix=".pictures", dir=path.absolute().parent))

    def write(self, frames: Frames) -> None:
        check_frames(frames, self._width, self._height)
        for frame in frames:
            Image.fromarray(np.ascontiguousarray(frame)).save(self._folder / f"{self._count:06d}.png", compress_level=3)
            self._count += 1

    def finish(self) -> None:
        self._folder.chmod(0o755)
        self._folder.rename(self._target)

    def abort(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _mp4(path: Path, width: int, height: int, fps: int, metadata: Mapping[str, str]) -> Exporter:
    return VideoWriter(path, width=width, height=height, fps=fps, metadata=metadata)


EXPORTERS: dict[str, Opener] = {
    "mp4": _mp4,
    "mkv": _Ffv1,
    "png": _Pngs,
    "gif": lambda path, width, height, fps, _metadata: GifWriter(path, width, height, fps),
    "webp": lambda path, width, height, fps, _metadata: WebpWriter(path, width, height, fps),
}
"""The extension point: by name, which is also the suffix; tests/contracts/test_exporters.py is what each must pass."""

WORDS: dict[str, str] = {
    "mp4": "MP4 (H.264)",
    "mkv": "Lossless (FFV1, Matroska)",
    "png": "PNG pictures in a folder",
    "gif": "GIF",
    "webp": "WebP",
}


def kind_of(path: Path) -> str:
    """The kind that a name asks for; one without a suffix is a folder of PNG files. Raises ValueError for others."""
    kind = path.suffix.lower().removeprefix(".") or "png"
    if kind not in EXPORTERS:
        names = ", ".join(f".{name}" for name in EXPORTERS if name != "png")
        raise ValueError(
            f"{path.name} asks for a kind of file that is not known; use {names}, or no suffix for PNG files"
        )
    return kind
