"""Writer of H.264 files: frames in, an MP4 that appears whole under its name or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.codec.context import ThreadType
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.whole_files import PartFile

MIN_SIDE, MAX_SIDE = 2, 16384
"""Shortest and longest side of an H.264 picture, in pixels."""
MAX_RATE, MAX_RATE_TERM = 1000, 1_000_000
"""Highest frames per second, and the largest numerator or denominator of the rate."""

# x264 makes the same bytes only for the same number of threads, so that may not follow the machine's cores.
_THREADS = 4
# Brands and marks that MP4 and FFmpeg put among the metadata themselves.
_RESERVED_KEYS = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "creation_time", "timecode"}
)


class VideoWriter:
    """Writes frames to an H.264 MP4: yuv420p, BT.709, limited range, index first, a key frame at least every second.

    Use as a context manager: leaving it normally finishes, leaving it by an exception aborts. The same frames give
    the same bytes. After an OSError nothing is left behind and the writer is closed.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        fps: Fraction | int,
        crf: int = 16,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Open `path` for `width` x `height` pixels at `fps` frames per second.

        `crf` is the quality: 1 best and largest, 51 worst; 16 is hard to tell from the source. `metadata` takes any
        keys. Raises ValueError for a size that is odd or out of range, for other values out of range, and OSError
        with the system's errno where the file cannot be made.
        """
        _check_size(width, height)
        _check_quality(fps, crf)
        _check_metadata(metadata or {})
        self.width, self.height, self.fps = width, height, Fraction(fps)
        self.num_frames = 0
        self._is_open = True
        self._part = PartFile(path)
        with self._part.guarded():
            self._container = _open_mp4(self._part.path, metadata or {})
        with self._aborting():
            self._stream = _add_h264(self._container, width, height, self.fps, crf)

    def write(self, frames: NDArray[np.uint8]) -> None:
        """Append frames (n, height, width, 3) RGB uint8; n may be 0.

        Raises ValueError for another shape or dtype or a closed writer, OSError with the system's errno (ENOSPC for a
        full disk) when the file cannot grow.
        """
        self._check_open()
        check_frames(frames, self.width, self.height)
        with self._aborting():
            for frame in frames:
                self._container.mux(self._stream.encode(self._to_yuv(frame)))
                self.num_frames += 1

    def finish(self) -> None:
        """Complete the file and give it its name. Raises ValueError if no frame was written or it is closed."""
        self._check_open()
        if self.num_frames == 0:
            self.abort()
            raise ValueError("a video needs at least 1 frame, and none was written")
        with self._aborting():
            self._container.mux(self._stream.encode(None))
            self._container.close()
        self._is_open = False
        self._part.commit()

    def abort(self) -> None:
        """Give up and leave nothing behind. Does nothing on a closed writer."""
        if not self._is_open:
            return
        self._is_open = False
        # Closing writes the end of a file that is thrown away; a full disk does not matter then.
        with suppress(FFmpegError, OSError):
            self._container.close()
        self._part.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        elif self._is_open:
            self.finish()

    @contextmanager
    def _aborting(self) -> Iterator[None]:
        try:
            with self._part.reporting():
                yield
        except BaseException:
            self.abort()
            raise

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError(f"{self._part.target.name!r} is already finished or aborted; open a new writer")

    def _to_yuv(self, frame: NDArray[np.uint8]) -> av.VideoFrame:
        """Convert by the BT.709 matrix: the tags alone would only claim it and shift every colour."""
        rgb = av.VideoFrame.from_ndarray(frame, format="rgb24")
        yuv = rgb.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
        yuv.pts, yuv.time_base = self.num_frames, 1 / self.fps
        return yuv


def check_frames(frames: NDArray[np.uint8], width: int, height: int) -> None:
    """Raise ValueError unless these are frames (n, height, width, 3) RGB uint8."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != (height, width, 3):
        raise ValueError(
            f"expected uint8 frames of shape (n, {height}, {width}, 3), got {frames.dtype} of shape {frames.shape}"
        )


def _open_mp4(path: Path, metadata: Mapping[str, str]) -> OutputContainer:
    # use_metadata_tags keeps keys that MP4 does not know; faststart moves the index to the front.
    options = {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"}
    container = av.open(str(path), "w", format="mp4", container_options=options)
    container.metadata.update(metadata)
    return container


def _add_h264(container: OutputContainer, width: int, height: int, fps: Fraction, crf: int) -> VideoStream:
    # mbtree, a part of x264's rate control, gives other bytes on every run on processors with AVX-512 (measured:
    # 8 different files of 12); without it files were the same, no larger and as good.
    options = {"crf": str(crf), "preset": "medium", "mbtree": "0"}
    stream = container.add_stream("libx264", rate=fps, options=options)
    codec = stream.codec_context
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base = 1 / fps
    codec.gop_size = max(1, round(fps))
    codec.thread_count, codec.thread_type = _THREADS, ThreadType.FRAME
    codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
    # The values are those of sRGB: tagged as BT.709 they would be shown lighter where the tag is obeyed.
    codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.IEC61966_2_1
    return stream


def _check_size(width: int, height: int) -> None:
    for name, side in (("width", width), ("height", height)):
        if not MIN_SIDE <= side <= MAX_SIDE:
            raise ValueError(f"a video's {name} must be {MIN_SIDE} to {MAX_SIDE} pixels, got {side}")
        if side % 2:
            # 4:2:0 keeps one colour for 2 x 2 pixels; a padded or 4:4:4 file would not be what was asked for.
            raise ValueError(f"a video's {name} must be even, got {side}; crop or resize to {side - 1} or {side + 1}")


def _check_quality(fps: Fraction | int, crf: int) -> None:
    rate = Fraction(fps)
    if not 0 < rate <= MAX_RATE or max(rate.numerator, rate.denominator) > MAX_RATE_TERM:
        raise ValueError(
            f"frames per second must be above 0 and at most {MAX_RATE}, such as 20 or 30000/1001, got {fps}"
        )
    if not 1 <= crf <= 51:
        raise ValueError(f"crf must be 1 (best) to 51 (worst), got {crf}")


def _check_metadata(metadata: Mapping[str, str]) -> None:
    for key, value in metadata.items():
        if not key or "\0" in key or "\0" in value:
            raise ValueError(f"metadata {key!r} has an empty key or a NUL character, which MP4 cannot keep")
        if key in _RESERVED_KEYS:
            raise ValueError(f"metadata {key!r} is a name that MP4 uses itself; choose another one")
