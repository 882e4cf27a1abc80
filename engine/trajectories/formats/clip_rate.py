"""Frame rate of the clip that a camera file belongs to, where the clip lies beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
from av.error import FFmpegError

_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi")
# FFmpeg would also open text files, pictures, and playlists that reach for other files.
_LIMITS = {"format_whitelist": "mov,matroska,avi", "protocol_whitelist": "file"}
_SLOWEST, _FASTEST = 1.0, 1000.0


def clip_among(folders: Iterable[Path], stem: str) -> Path | None:
    """The first clip of that name, without its suffix, in the folders."""
    for folder in folders:
        for suffix in _SUFFIXES:
            path = folder / f"{stem}{suffix}"
            if path.is_file():
                return path
    return None


def only_clip(folder: Path) -> Path | None:
    """The clip in a folder that holds no other."""
    try:
        clips = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file()]
    except OSError:
        return None
    return clips[0] if len(clips) == 1 else None


def clip_fps(path: Path) -> float | None:
    """Mean frames per second of a video file; None where it cannot be told. Reads its header only."""
    try:
        # Absolute, because FFmpeg takes the start of 'take:1.mp4' for a protocol.
        with av.open(str(path.absolute()), container_options=_LIMITS, metadata_errors="replace") as container:
            for stream in container.streams.video:
                rate = float(stream.average_rate or stream.guessed_rate or 0)
                if _SLOWEST <= rate <= _FASTEST:
                    return rate
    except (FFmpegError, OSError, ValueError):
        return None
    return None
