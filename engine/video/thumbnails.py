"""Thumbnails: small antialiased copies of frames for strips and lists."""

from __future__ import annotations

from engine.video.pictures import Picture, check_picture, resize


def thumbnail(frame: Picture, max_width: int, max_height: int) -> Picture:
    """The largest copy of `frame` (H, W, 3) of the same aspect within `max_width` x `max_height`, never enlarged.

    Sides are rounded to whole pixels, at least 1. Raises ValueError for an array that is no picture and for limits
    below 1.
    """
    if min(max_width, max_height) < 1:
        raise ValueError(f"a thumbnail needs room for 1 pixel, got limits of {max_width} x {max_height}")
    check_picture(frame)
    height, width = frame.shape[:2]
    scale = min(max_width / width, max_height / height, 1.0)
    return resize(frame, (0, 0, width, height), max(1, round(width * scale)), max(1, round(height * scale)))
