"""Start of a take: from a file to what a project stores, and from that to cropped frames of the world's size."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astra_studio.document.chunk_files import encode_frames
from astra_studio.document.model import Start, StartSource
from engine.clock import Clock
from engine.messages import Frames, Picture, WorldInfo
from engine.video.decode import read_frames
from engine.video.footage import read_start_file
from engine.video.pictures import Crop, crop_for, fit_picture, load_picture
from engine.worlds.detail_settings import largest_size

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic", ".heif"}
)
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"})
"""For dialogs: what a file is, its content says."""


def crop_of(start: Start, info: WorldInfo) -> Crop:
    """What of the start the world sees."""
    return start.crop or crop_for((start.width_px, start.height_px), info.aspect)


def start_frames(start: Start, data: bytes, info: WorldInfo) -> Frames:
    """Frames (N, H, W, 3) of the world's size: of a clip the last ones, as many as are whole latents of its clock.

    Raises PictureError, VideoReadError, or ValueError for a crop.
    """
    crop = crop_of(start, info)
    pictures = [start_picture(data)] if start.kind == "picture" else _clip(start, data)
    pictures = pictures[-info.clock.whole_frames(len(pictures)) :]
    return np.stack(
        [fit_picture(picture, _scaled(crop, start, picture), info.width, info.height) for picture in pictures]
    )


def _scaled(crop: Crop, start: Start, picture: Picture) -> Crop:
    """The crop in pixels of a picture that is now read in another size than when it was chosen."""
    share = picture.shape[1] / start.width_px
    if share == 1:
        return crop
    return Crop(left=crop.left * share, top=crop.top * share, width=crop.width * share, height=crop.height * share)


def best_picture(start: Start, data: bytes, info: WorldInfo) -> Picture:
    """What the world sees of the last start frame, at the best resolution that detail makes use of. Raises as
    `start_frames`."""
    return fit_picture(whole_picture(start, data), crop_of(start, info), *largest_size(info))


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


def read_start(path: Path, clock: Clock) -> NewStart:
    """A picture, as its own bytes; or a clip, of which only the frames that are used are kept, without loss.

    Raises PictureError, VideoReadError, OSError.
    """
    footage = read_start_file(path, clock, hashes=True)
    height, width = footage.frames.shape[1:3]
    facts = footage.facts
    is_clip = footage.kind == "clip"
    source = StartSource(
        sha256=footage.sha256,
        fps=facts.source_fps,
        times_s=facts.times_s if is_clip else (),
        notes=tuple(facts.sentences(clock.fps)),
    )
    start = Start(
        artifact="",
        kind=footage.kind,
        name=path.name,
        width_px=width,
        height_px=height,
        num_frames=len(footage.frames),
        source=source,
    )
    return NewStart(data=encode_frames(footage.frames, "magicyuv") if is_clip else path.read_bytes(), start=start)


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
