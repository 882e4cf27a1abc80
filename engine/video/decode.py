"""Reader of video files: what they hold, and their frames as upright sRGB pictures, counted from 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import dropwhile, islice
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.video.showing import Look, decoded, deinterlaced, look_of, shown, shown_size

# FFmpeg would also open text files (as terminal recordings), pictures, and playlists that reach for other files.
_CONTAINERS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,gif"
_LIMITS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
_INDEXED = ("mov", "matroska")
"""Containers in which a seek lands on a key frame at or before the time asked for."""
_MISSING_S = 0.5
"""How far the last packet may fall short of the declared duration, in seconds, before a file counts as cut short."""
_TIME_SLACK_S = 1e-4
"""Times are rounded in files: a frame is shown from a little before its own on."""
MAX_FRAME_PIXELS = 36_000_000
"""Largest frame that is decoded: 8K and a little."""


class VideoReadError(ValueError):
    """A file that cannot be read as a video. The message says what came, what is needed and what to do."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a video file holds."""

    width: int
    """Pixels, as shown: after any rotation that the file asks for."""
    height: int
    fps: Fraction
    """Mean frames per second."""
    num_frames: int
    """Counted, not what the file claims."""
    duration_s: float
    """num_frames / fps, in seconds."""
    times_s: tuple[float, ...]
    """When each frame is shown first, in seconds from the first one's; uneven where the file's are."""
    look: Look
    metadata: Mapping[str, str]


def probe(path: Path) -> VideoInfo:
    """Read what a video holds, and make sure that it is whole. Reads the whole file but decodes one frame.

    Raises VideoReadError for a file that is missing, no video, too large, cut short or damaged.
    """
    times = _frame_times(path)
    with _open_video(path) as (container, stream):
        fps = stream.average_rate or stream.guessed_rate
        frame = next(decoded(container, stream), None)
        if frame is None or not fps:
            raise _damaged(path)
        look = look_of(stream, frame)
        width, height = shown_size(frame.width, frame.height, look)
        return VideoInfo(
            width=width,
            height=height,
            fps=Fraction(fps),
            num_frames=len(times),
            duration_s=float(len(times) / Fraction(fps)),
            times_s=_in_seconds(times, stream, Fraction(fps)),
            look=look,
            metadata=dict(container.metadata),
        )


def read_frames(path: Path, *, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
    """Frames start..stop-1 of a video, each (height, width, 3) sRGB uint8; to the end where `stop` is None or past it.

    Frames are shown as `Look` says. Colours follow the file's tags; a file without any is read as BT.601 up to 576 rows
    and as BT.709 above, as players do. Raises ValueError at once for a range that is none, and VideoReadError on the
    first frame for a file that is missing, no video, too large, cut short or damaged, or at the frame where damage
    shows.
    """
    if start < 0 or (stop is not None and stop < start):
        raise ValueError(f"frames are counted from 0 and stop is not before start, got start {start} and stop {stop}")
    return _read(path, start, stop)


def read_metadata(path: Path) -> dict[str, str] | None:
    """The words in a video file, None where it is none that `read_frames` would open. Raises OSError."""
    with path.open("rb"):
        pass  # a file that may not be read is told as one
    try:
        with av.open(str(path.absolute()), container_options=_LIMITS, metadata_errors="replace") as container:
            return dict(container.metadata)
    except FFmpegError:
        return None


def frames_at(times_s: Sequence[float], wanted_s: Sequence[float]) -> list[int]:
    """Numbers of the frames that a player shows at these moments: each stays until the next one's time.

    `times_s` rise and are not empty. A moment before the first frame's shows the first.
    """
    found = np.searchsorted(np.asarray(times_s), np.asarray(wanted_s) + _TIME_SLACK_S, side="right") - 1
    return [max(int(number), 0) for number in found]


def _in_seconds(times: list[int | None], stream: VideoStream, fps: Fraction) -> tuple[float, ...]:
    """Times of the frames from the first one's on; even ones where the file gives none, or the same twice."""
    base = stream.time_base
    known = [time for time in times if time is not None]
    if base is None or len(known) < len(times) or len(set(known)) < len(known):
        return tuple(float(number / fps) for number in range(len(times)))
    return tuple(float((time - known[0]) * base) for time in known)


def _read(path: Path, start: int, stop: int | None) -> Iterator[NDArray[np.uint8]]:
    times = _frame_times(path)
    wanted = times[start:stop]
    if not wanted:
        return
    with _open_video(path) as (container, stream):
        first = next(decoded(container, stream), None)
        if first is None:
            raise _damaged(path)
        look = look_of(stream, first)
        before = 1 if look.is_interlaced and start > 0 else 0
    with _open_video(path) as (container, stream):
        frames = _decode_from(container, stream, times, start - before)
        if look.is_interlaced:
            frames = islice(deinterlaced(frames, stream), before, None)
        given = 0
        for frame in islice(frames, len(wanted)):
            if frame.is_corrupt:
                raise _damaged(path, start + given)
            yield shown(frame, look)
            given += 1
        if given < len(wanted):
            raise _damaged(path, start + given)


def _frame_times(path: Path) -> list[int | None]:
    """Time of every frame that will be shown, in order, in the stream's time base; None where the file gives none.

    Raises VideoReadError for a file that ends early: FFmpeg itself only stops, or hides it with grey.
    """
    times: list[int | None] = []
    reached = 0.0
    with _open_video(path) as (container, stream):
        for packet in container.demux():
            if packet.is_corrupt:
                raise _damaged(path, len(times))
            reached = max(reached, _end_s(packet))
            if packet.stream is stream and packet.size and not packet.is_discard:
                times.append(packet.pts)
        declared = ((container.duration or 0) + (container.start_time or 0)) / av.time_base
    if not times or reached + _MISSING_S < declared:
        raise _damaged(path, len(times))
    return sorted(times, key=lambda time: time or 0) if None not in times else times


def _end_s(packet: Packet[Stream]) -> float:
    if packet.pts is None and packet.dts is None:
        return 0.0
    time = packet.dts if packet.pts is None else packet.pts
    return float(((time or 0) + (packet.duration or 0)) * packet.time_base)


def _decode_from(
    container: InputContainer, stream: VideoStream, times: list[int | None], start: int
) -> Iterator[VideoFrame]:
    """Decoded frames from number `start` on, by a seek where the file's times can be trusted to name frames."""
    target = times[start]
    indexed = container.format.name.split(",")[0] in _INDEXED
    if start == 0 or target is None or not indexed or len(set(times)) < len(times):
        return islice(decoded(container, stream), start, None)
    container.seek(target, stream=stream)
    return dropwhile(lambda frame: frame.pts is not None and frame.pts < target, decoded(container, stream))


@contextmanager
def _open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file and its first video stream that is not a cover picture. FFmpeg's errors become VideoReadError."""
    _check_file(path)
    try:
        # Absolute, because FFmpeg takes the start of 'take:1.mp4' for a protocol.
        with av.open(str(path.absolute()), container_options=_LIMITS, metadata_errors="replace") as container:
            stream = _video_stream(container, path)
            _limit_size(stream, path)
            yield container, stream
    except FFmpegError as error:
        raise VideoReadError(
            f"{path.name!r} cannot be read as a video ({error.strerror}). Astra needs a whole MP4, MOV, MKV, WebM, AVI "
            "or GIF file. Copy or download it again, or save it as MP4 in a video editor."
        ) from error


def _limit_size(stream: VideoStream, path: Path) -> None:
    context: VideoCodecContext | None = stream.codec_context
    if context is None:
        return  # FFmpeg has no decoder for it, and says so when it is asked for a frame
    if context.width * context.height > MAX_FRAME_PIXELS:
        raise VideoReadError(
            f"{path.name!r} has frames of {context.width} x {context.height} pixels. Astra reads videos of up to "
            f"{MAX_FRAME_PIXELS // 10**6} million pixels. Make it smaller in a video editor; a width of 1920 pixels is "
            "more than enough."
        )
    # A file may say one size and hold another.
    context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise VideoReadError(f"{path.name!r} is a folder. Astra needs one video file. Open it and choose one in it.")
    if not path.is_file():
        raise VideoReadError(
            f"There is no file {path.name!r} in {str(path.parent)!r}. Astra needs a video file. Check the name, or "
            "choose the video again if it was moved."
        )


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return stream
    raise VideoReadError(f"{path.name!r} holds no video, only sound or data. Astra needs a video. Choose another file.")


def _damaged(path: Path, frame: int = 0) -> VideoReadError:
    return VideoReadError(
        f"{path.name!r} is cut short or damaged at frame {frame}. Astra needs the whole video. Copy or download it "
        "again, or save it anew in a video editor that can still open it."
    )
