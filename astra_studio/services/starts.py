"""Owns a take's start as the engine wants it: the stored file's bytes into cropped frames of the world's size."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from astra_studio.document.model import Start
from engine.messages import Frames, Picture, WorldInfo
from engine.video.decode import read_frames
from engine.video.pictures import Crop, crop_for, fit_picture, load_picture


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
    with tempfile.NamedTemporaryFile(suffix=".picture") as file:
        file.write(data)
        file.flush()
        return load_picture(Path(file.name))


def _clip(start: Start, data: bytes) -> list[Picture]:
    with tempfile.NamedTemporaryFile(suffix=".video") as file:
        file.write(data)
        file.flush()
        stop = start.first_frame + start.num_frames
        return list(read_frames(Path(file.name), start=start.first_frame, stop=stop))
