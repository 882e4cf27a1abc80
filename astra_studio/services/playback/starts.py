"""Owns a take's start as the engine wants it: the stored file's bytes into cropped frames of the world's size."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astra_studio.document.model import Start
from engine.messages import Frames, Picture, WorldInfo
from engine.video.decode import probe, read_frames
from engine.video.pictures import Crop, crop_for, fit_picture, load_picture

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif"})
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"})
_CLIP_FRAMES = 33
"""Of a clip, from its end: what one chunk and the start of a take show."""


def crop_of(start: Start, info: WorldInfo) -> Crop:
    """What of the start the world sees."""
    return start.crop or crop_for((start.width_px, start.height_px), info.aspect)


def start_frames(start: Start, data: bytes, info: WorldInfo) -> Frames:
    """Frames (1 + 4k, H, W, 3) of the world's size. Raises PictureError, VideoReadError, or ValueError for a crop."""
    crop = crop_of(start, info)
    pictures = [start_picture(data)] if start.kind == "picture" else _clip(start, data)
    return np.stack([fit_picture(picture, crop, info.width, info.height) for picture in pictures])


def start_picture(data: bytes) -> Picture:
    """The whole picture (H, W, 3) of a stored file. Raises PictureError."""
    with _as_file(data, "start.picture") as path:
        return load_picture(path)


def whole_picture(start: Start, data: bytes) -> Picture:
    """What of a start can be looked at before the crop: the picture, or the last frame of the clip."""
    return start_picture(data) if start.kind == "picture" else _clip(start, data)[-1]


@dataclass(frozen=True, kw_only=True, eq=False)
class NewStart:
    """A file that takes can start from, and what is known of it; `start` has no artifact yet."""

    data: bytes
    start: Start


def read_start(path: Path) -> NewStart:
    """A picture, or a clip whose end becomes the history. Raises PictureError, VideoReadError, OSError."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return _read_clip(path)
    picture = load_picture(path)
    height, width = picture.shape[:2]
    start = Start(artifact="", name=path.name, width_px=width, height_px=height)
    return NewStart(data=path.read_bytes(), start=start)


def _read_clip(path: Path) -> NewStart:
    info = probe(path)
    count = min(info.num_frames, _CLIP_FRAMES)
    count -= (count - 1) % 4
    start = Start(
        artifact="",
        kind="clip",
        name=path.name,
        width_px=info.width,
        height_px=info.height,
        first_frame=info.num_frames - count,
        num_frames=count,
    )
    return NewStart(data=path.read_bytes(), start=start)


def _clip(start: Start, data: bytes) -> list[Picture]:
    stop = start.first_frame + start.num_frames
    with _as_file(data, "start.video") as path:
        return list(read_frames(path, start=start.first_frame, stop=stop))


@contextmanager
def _as_file(data: bytes, name: str) -> Iterator[Path]:
    """A file in a folder of its own: one that is still open could not be opened a second time on Windows."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path
