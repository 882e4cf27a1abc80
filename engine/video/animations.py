"""Writers of animated pictures for the browser: GIF and WebP, frame by frame, in little memory."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.error import FFmpegError
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from engine.messages import Frames, Picture
from engine.video.encode import check_frames
from engine.whole_files import PartFile

_WEBP = {"quality": "85", "compression_level": "4"}
_SAMPLED = 4
"""Every fourth pixel each way is looked at for the colours of a GIF."""


class _Animation:
    """A file of one animated kind; it appears whole at `finish`, or not at all."""

    kind, codec, pixels = "", "", ""

    def __init__(self, path: Path, width: int, height: int, fps: int) -> None:
        """Raises OSError where the file cannot be made."""
        self.fps = fps
        self._width, self._height = width, height
        self._part = PartFile(path)
        self._is_open = True
        self._count = 0
        with self._part.guarded():
            # 0: again and again.
            self._container = av.open(str(self._part.path), "w", format=self.kind, options={"loop": "0"})
            stream = self._container.add_stream(self.codec, rate=Fraction(fps), options=self.options())
            self._stream = cast(VideoStream, stream)
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, self.pixels

    def options(self) -> dict[str, str]:
        return {}

    def write(self, frames: Frames) -> None:
        """Append frames (n, H, W, 3) RGB uint8. Raises ValueError for another size, OSError."""
        check_frames(frames, self._width, self._height)
        with self._part.guarded():
            self._take(frames)

    def finish(self) -> None:
        """Give the file its name. Raises OSError, ValueError where no frame was written."""
        with self._part.guarded():
            self._flush()
            if not self._count:
                raise ValueError("an animation needs at least 1 frame, and none was written")
            self._container.mux(self._stream.encode(None))
            self._container.close()
        self._is_open = False
        self._part.commit()

    def abort(self) -> None:
        """Leave nothing behind."""
        if self._is_open:
            self._is_open = False
            with suppress(FFmpegError, OSError):
                self._container.close()
        self._part.discard()

    def _take(self, frames: Frames) -> None:
        raise NotImplementedError

    def _flush(self) -> None:
        """Write what was held back."""

    def _encode(self, picture: av.VideoFrame) -> None:
        # The muxer rounds each moment to what its kind can say, GIF to hundredths of a second: no error adds up.
        picture.pts, picture.time_base = self._count, Fraction(1, self.fps)
        self._container.mux(self._stream.encode(picture))
        self._count += 1


class WebpWriter(_Animation):
    """WebP: lossy, small, of all colours."""

    kind, codec, pixels = "webp", "libwebp_anim", "bgra"

    def options(self) -> dict[str, str]:
        return _WEBP

    def _take(self, frames: Frames) -> None:
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            self._encode(picture.reformat(format="bgra"))


class GifWriter(_Animation):
    """GIF: 256 colours, chosen anew for every second, so that they neither flicker nor grow stale."""

    kind, codec, pixels = "gif", "gif", "pal8"

    def __init__(self, path: Path, width: int, height: int, fps: int) -> None:
        super().__init__(path, width, height, fps)
        self._second: list[Picture] = []

    def _take(self, frames: Frames) -> None:
        for frame in frames:
            self._second.append(np.array(frame))
            if len(self._second) >= self.fps:
                self._flush()

    def _flush(self) -> None:
        if not self._second:
            return
        sampled = np.concatenate([frame[::_SAMPLED, ::_SAMPLED] for frame in self._second])
        palette = Image.fromarray(sampled).quantize(256, method=Image.Quantize.MEDIANCUT)
        colours = _argb(palette)
        for frame in self._second:
            image = Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
            indices = np.asarray(image)
            # PyAV takes a pair for this one format, but does not say so in its types.
            self._encode(av.VideoFrame.from_ndarray((indices, colours), format="pal8"))  # type: ignore[arg-type]
        self._second.clear()


def _argb(palette: Image.Image) -> NDArray[np.uint8]:
    """(256, 4) alpha, red, green, blue of a palette image; colours that it lacks are black."""
    rgb = np.array(palette.getpalette("RGB"), np.uint8).reshape(-1, 3)
    colours = np.zeros((256, 4), np.uint8)
    colours[:, 0] = 255
    colours[: len(rgb), 1:] = rgb
    return colours
