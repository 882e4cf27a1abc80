"""Bytes of a chunk's artifacts: its frames as a small video of key frames alone, its latents, its thumbnail.

Every frame can be shown without its neighbours: MJPEG at its best quality, or MagicYUV where not a bit may be lost.
"""

from __future__ import annotations

import io
from fractions import Fraction
from types import TracebackType
from typing import Literal, Self

import av
import numpy as np
from av.codec.context import ThreadType
from av.container import InputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load, save

from astra_studio.document.errors import ArtifactDamaged
from engine.messages import Frames, Latents, Picture, StoredArrays
from engine.video.thumbnails import thumbnail

FrameFormat = Literal["mjpeg", "magicyuv"]
"""Small, or lossless."""
THUMBNAIL_PX = (256, 148)
"""Largest width and height of a chunk's thumbnail: a timeline cell at twice its size."""

_PIXELS: dict[FrameFormat, str] = {"mjpeg": "yuvj420p", "magicyuv": "gbrp"}
_BEST_QUALITY = 2
_RATE = 20
"""Frames are found by number; the rate of the world is not written."""
_KEY = "latents"


def encode_frames(frames: Frames, frame_format: FrameFormat = "mjpeg") -> bytes:
    """Frames (N, H, W, 3), N >= 1, as the bytes of a MOV in which each is a key frame.

    Raises ValueError for an array that is no frames.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not frames.size:
        raise ValueError(f"a chunk needs uint8 frames (N, H, W, 3), got {frames.dtype} of shape {frames.shape}")
    file = io.BytesIO()
    with av.open(file, "w", format="mov", container_options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(frame_format, rate=_RATE)
        codec = stream.codec_context
        codec.height, codec.width = frames.shape[1:3]
        codec.pix_fmt = _PIXELS[frame_format]
        codec.thread_count = 1  # the other core paints the window
        if frame_format == "mjpeg":
            # The option "qscale" is ignored without a word, and gives a fifth of the bytes.
            codec.qmin = codec.qmax = _BEST_QUALITY
            codec.color_range = ColorRange.JPEG
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            if frame_format == "mjpeg":
                picture = picture.reformat(
                    format="yuvj420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.JPEG
                )
            else:
                picture = picture.reformat(format="gbrp")
            picture.pts, picture.time_base = number, Fraction(1, _RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file.getvalue()


class ChunkFrames:
    """The frames of one chunk, each in a few milliseconds. Belongs to one thread; use as a context manager."""

    def __init__(self, data: bytes) -> None:
        """Raises ArtifactDamaged for bytes that `encode_frames` did not make."""
        try:
            self._container: InputContainer = av.open(io.BytesIO(data), "r", format="mov")
            self._stream = self._container.streams.video[0]
        except (FFmpegError, IndexError) as error:
            raise ArtifactDamaged("the frames of a chunk cannot be read; make the chunk again as a branch") from error
        # With frame threads a decoder holds pictures back, which a seek then waits for.
        self._stream.thread_type = ThreadType.SLICE
        self._stream.codec_context.thread_count = 1

    @property
    def num_frames(self) -> int:
        return self._stream.frames

    def frame(self, number: int) -> Picture:
        """Frame `number` of the chunk as (H, W, 3) sRGB. Raises ValueError for another, ArtifactDamaged."""
        if not 0 <= number < self.num_frames:
            raise ValueError(f"the chunk has frames 0 to {self.num_frames - 1}, asked for {number}")
        assert self._stream.time_base is not None
        wanted = round(Fraction(number, _RATE) / self._stream.time_base)
        try:
            self._container.seek(wanted, stream=self._stream)
            for found in self._container.decode(self._stream):
                if found.pts is not None and found.pts >= wanted:
                    return found.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
        except FFmpegError as error:
            raise ArtifactDamaged(f"frame {number} of a chunk cannot be read; make the chunk again") from error
        raise ArtifactDamaged(f"frame {number} of a chunk is missing; make the chunk again as a branch")

    def close(self) -> None:
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def encode_latents(latents: Latents) -> bytes:
    """Latents (C, T, h, w) float32 as a safetensors file."""
    return save({_KEY: np.ascontiguousarray(latents, np.float32)})


def decode_latents(data: bytes) -> Latents:
    """What `encode_latents` was given. Raises ArtifactDamaged for other bytes."""
    try:
        latents: Latents = load(data)[_KEY]
    except (SafetensorError, KeyError, ValueError) as error:
        raise ArtifactDamaged("the latents of a chunk cannot be read; make the chunk again as a branch") from error
    return latents


def encode_arrays(arrays: StoredArrays) -> bytes:
    """Named float arrays as a safetensors file."""
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def decode_arrays(data: bytes) -> StoredArrays:
    """What `encode_arrays` was given. Raises ArtifactDamaged for other bytes."""
    try:
        arrays: StoredArrays = load(data)
    except (SafetensorError, ValueError) as error:
        raise ArtifactDamaged("the detail of a chunk cannot be read; make the chunk again as a branch") from error
    return arrays


def encode_thumbnail(frames: Frames) -> bytes:
    """A small JPEG of the middle one of frames (N, H, W, 3)."""
    file = io.BytesIO()
    Image.fromarray(thumbnail(frames[len(frames) // 2], *THUMBNAIL_PX)).save(file, "JPEG", quality=85)
    return file.getvalue()
