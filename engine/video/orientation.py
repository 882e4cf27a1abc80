"""Orientation of a stored picture: all eight symmetries of the square."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Turn = Literal[0, 90, 180, 270]


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """First mirrored, left for right, where that is asked for; then turned clockwise by so many degrees."""

    rotation: Turn = 0
    mirrored: bool = False

    def shown(self, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`stored` (H, W, ...) as it is to be shown."""
        flipped = stored[:, ::-1] if self.mirrored else stored
        return np.rot90(flipped, -self.rotation // 90)


UPRIGHT = Orientation()
_EXIF: dict[int, Orientation] = {
    2: Orientation(mirrored=True),
    3: Orientation(rotation=180),
    4: Orientation(rotation=180, mirrored=True),
    5: Orientation(rotation=270, mirrored=True),
    6: Orientation(rotation=90),
    7: Orientation(rotation=90, mirrored=True),
    8: Orientation(rotation=270),
}


def from_exif(tag: int) -> Orientation:
    """Of EXIF's orientation, 1 to 8; upright for any other number."""
    return _EXIF.get(tag, UPRIGHT)


def from_display_matrix(data: bytes) -> Orientation:
    """Of a video's display matrix: nine 32-bit numbers of which the first, second, fourth and fifth turn and mirror.

    They take a stored point (x, y) to (a x + c y, b x + d y). Angles between the quarters are rounded to the nearest.
    """
    a, b, _, c, d = struct.unpack("<5i", data[:20])
    mirrored = a * d - b * c < 0
    if mirrored:  # what is left when the mirroring, which came first, is taken out
        a, b = -a, -b
    quarter = round(float(np.degrees(np.arctan2(b, a))) / 90) % 4
    rotation: tuple[Turn, ...] = (0, 90, 180, 270)
    return Orientation(rotation=rotation[quarter], mirrored=mirrored)
