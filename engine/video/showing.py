"""A decoded frame as it is meant to be shown: upright, in square pixels, opaque, in sRGB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import cast

import av
import av.filter
import numpy as np
from av.error import FFmpegError
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.video.colours import Transfer, tone_mapped
from engine.video.orientation import UPRIGHT, Orientation, from_display_matrix

_SD_HEIGHT = 576
_UNTAGGED = 2
_TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}
"""By FFmpeg's numbers, which are those of Rec. ITU-T H.273."""
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_NARROWEST, _WIDEST = Fraction(1, 4), Fraction(4)
"""Pixel aspects that are believed; others count as square."""
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these leave out the alpha."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is done to the stored frames of a video to show them.

    Attributes:
        orientation: turned and mirrored by the file's display matrix.
        pixel_aspect: width over height of a stored pixel.
        transfer: "hlg" and "pq" are tone-mapped.
        is_interlaced: then frames are deinterlaced.
        has_alpha: then they are laid over white.
    """

    orientation: Orientation = field(default=UPRIGHT)
    pixel_aspect: Fraction = Fraction(1)
    transfer: Transfer = "sdr"
    is_interlaced: bool = False
    has_alpha: bool = False


def look_of(stream: VideoStream, frame: VideoFrame) -> Look:
    """How the frames of a stream are to be shown, by its tags and its first frame."""
    parts = cast(Iterable[SideData], frame.side_data)  # PyAV's own types take it for a mapping of texts
    matrix = next((part for part in parts if part.type == SideDataType.DISPLAYMATRIX), None)
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    believed = aspect is not None and _NARROWEST <= aspect <= _WIDEST
    return Look(
        orientation=UPRIGHT if matrix is None else from_display_matrix(bytes(matrix)),
        pixel_aspect=Fraction(aspect) if believed and aspect is not None else Fraction(1),
        transfer=_TRANSFERS.get(int(frame.color_trc), "sdr"),
        is_interlaced=bool(frame.interlaced_frame),
        has_alpha=_has_alpha(frame),
    )


def shown(frame: VideoFrame, look: Look) -> NDArray[np.uint8]:
    """A frame as (height, width, 3) sRGB uint8."""
    width = max(round(frame.width * look.pixel_aspect), 1)
    source = None
    if frame.colorspace == _UNTAGGED:
        # Players take untagged video so.
        source = Colorspace.ITU601 if frame.height <= _SD_HEIGHT else Colorspace.ITU709

    def converted(pixels: str) -> NDArray[np.uint8 | np.uint16]:
        done = frame.reformat(format=pixels, width=width, src_colorspace=source, interpolation=_EXACT)
        return np.asarray(done.to_ndarray())

    if look.transfer != "sdr":
        rgb = tone_mapped((converted("rgb48le") / np.float32(65535)).astype(np.float32), look.transfer)
    elif look.has_alpha:
        rgb = over_white(converted("rgba").astype(np.uint8, copy=False))
    else:
        rgb = converted("rgb24").astype(np.uint8, copy=False)
    return np.ascontiguousarray(look.orientation.shown(rgb))


def shown_size(width: int, height: int, look: Look) -> tuple[int, int]:
    """Width and height in which a stored frame of that size is shown."""
    wide = max(round(width * look.pixel_aspect), 1)
    return (height, wide) if look.orientation.rotation in (90, 270) else (wide, height)


def over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels (H, W, 4) with straight alpha, laid over white."""
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = rgba[..., :3].astype(np.uint16) * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def decoded(container: av.container.InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The frames of a stream from where the container stands, with their alpha where they have one."""
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        yield from container.decode(stream)
        return
    decoder = av.CodecContext.create(name, "r")
    assert isinstance(decoder, VideoCodecContext)
    for packet in container.demux(stream):
        yield from decoder.decode(packet)


def deinterlaced(frames: Iterable[VideoFrame], stream: VideoStream) -> Iterator[VideoFrame]:
    """As many frames, each whole at its own moment, by FFmpeg's bwdif. It looks one frame back and one ahead."""
    graph = av.filter.Graph()
    source = graph.add_buffer(template=stream)
    bwdif = graph.add("bwdif", "mode=send_frame:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(bwdif)
    bwdif.link_to(sink)
    graph.configure()

    def ready() -> Iterator[VideoFrame]:
        while True:
            try:
                frame = graph.pull()
            except (BlockingIOError, EOFError, FFmpegError):
                return
            assert isinstance(frame, VideoFrame)
            yield frame

    for frame in frames:
        graph.push(frame)
        yield from ready()
    graph.push(None)
    yield from ready()


def _has_alpha(frame: VideoFrame) -> bool:
    return frame.format.has_palette or any(component.is_alpha for component in frame.format.components)
