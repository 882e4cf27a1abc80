"""Warp of a picture to other camera poses, its depth guessed as a level plane and a round backdrop.

The geometry is that of the picture scenes of `engine.training.synthetic.scenes`. What the picture does not show stays
unknown; nothing is made up there.

Shape letters: N poses, P pixels of a view (height x width, row by row), H W height and width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.poses import Floats

Luminance = NDArray[np.float32]
"""(H, W) brightness, 0 to 255."""

TAN_HALF_FOV = math.tan(math.radians(35))
"""Of the horizontal field of view that every picture is taken to have: 70 degrees."""
_NEAREST = 1e-3
"""Depth in scene units below which a point counts as behind the first camera."""
_LEVEL = 1e-4
"""Slope of a ray below which it never meets the plain."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """How far away what a picture shows is taken to be, in scene units."""

    ground_height: float = 0.27
    """Of the camera above the plain."""
    backdrop_radius: float = 2.5


ENCLOSED = Surroundings()
OPEN = Surroundings(backdrop_radius=50.0)
"""A plain under a sky that only turns."""


@dataclass(frozen=True, eq=False)
class Lookup:
    """Where the pixels of N views lie in a picture, for bilinear sampling; all arrays are (N, P)."""

    corner: NDArray[np.int32]
    """Upper left one of the four pixels to blend, counted row by row."""
    right: NDArray[np.float32]
    """Share of the right two, in [0, 1]."""
    down: NDArray[np.float32]
    """Share of the lower two, in [0, 1]."""
    is_seen: NDArray[np.float32]
    """1 where the picture shows the pixel, else 0."""
    width: int
    """Of the picture."""


def look_up(c2w: Floats, width: int, height: int, surroundings: Surroundings = ENCLOSED) -> Lookup:
    """Where views of `width` x `height` from poses c2w (N, 4, 4) lie in a picture of that size seen from the identity.

    Raises ValueError for a picture of less than 2 x 2 pixels and for a camera that leaves the surroundings.
    """
    if min(width, height) < 2:
        raise ValueError(f"a picture to warp has at least 2 x 2 pixels, got {width} x {height}")
    origin = c2w[:, None, :3, 3]
    _check_inside(origin, surroundings)
    direction = _rays(width, height) @ np.swapaxes(c2w[:, :3, :3], 1, 2)
    distance = np.minimum(
        _to_ground(origin, direction, surroundings.ground_height),
        _to_backdrop(origin, direction, surroundings.backdrop_radius),
    )
    point = origin + distance[..., None] * direction
    depth = np.maximum(point[..., 2], _NEAREST)
    x = (point[..., 0] / depth / TAN_HALF_FOV + 1) / 2 * width - 0.5
    y = (point[..., 1] / depth / (TAN_HALF_FOV * height / width) + 1) / 2 * height - 0.5
    is_seen = (point[..., 2] > _NEAREST) & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    x, y = np.where(is_seen, x, 0), np.where(is_seen, y, 0)
    left, top = np.minimum(x.astype(np.int32), width - 2), np.minimum(y.astype(np.int32), height - 2)
    return Lookup(
        corner=top * np.int32(width) + left,
        right=(x - left).astype(np.float32),
        down=(y - top).astype(np.float32),
        is_seen=is_seen.astype(np.float32),
        width=width,
    )


def warp(picture: Luminance, lookup: Lookup) -> NDArray[np.float32]:
    """The views (N, P) of a picture (H, W); pixels that it does not show hold no meaning."""
    flat, corner, width = picture.reshape(-1), lookup.corner, lookup.width
    upper = flat[corner] + (flat[corner + 1] - flat[corner]) * lookup.right
    lower = flat[corner + width] + (flat[corner + width + 1] - flat[corner + width]) * lookup.right
    views: NDArray[np.float32] = upper + (lower - upper) * lookup.down
    return views


def _rays(width: int, height: int) -> Floats:
    """Directions (P, 3) in camera axes, z = 1, through the middles of the pixels."""
    x = ((np.arange(width) + 0.5) / width * 2 - 1) * TAN_HALF_FOV
    y = ((np.arange(height) + 0.5) / height * 2 - 1) * TAN_HALF_FOV * height / width
    across, down = np.meshgrid(x, y)
    return np.stack([across, down, np.ones_like(across)], axis=-1).reshape(-1, 3)


def _to_ground(origin: Floats, direction: Floats, height: float) -> Floats:
    """Distance (N, P) along each ray to the plain, infinite for rays that do not sink."""
    slope = direction[..., 1]
    sinks = slope > _LEVEL
    return np.where(sinks, (height - origin[..., 1]) / np.where(sinks, slope, 1), np.inf)


def _to_backdrop(origin: Floats, direction: Floats, radius: float) -> Floats:
    """Distance (N, P) along each ray to the cylinder around the first camera, met from inside."""
    flat, start = direction[..., [0, 2]], origin[..., [0, 2]]
    a = np.maximum((flat * flat).sum(-1), 1e-9)
    b = (flat * start).sum(-1)
    c = (start * start).sum(-1) - radius**2
    return np.asarray((-b + np.sqrt(b * b - a * c)) / a)


def _check_inside(origin: Floats, surroundings: Surroundings) -> None:
    farthest = float(np.linalg.norm(origin[..., [0, 2]], axis=-1).max())
    lowest = float(origin[..., 1].max())
    if farthest >= surroundings.backdrop_radius or lowest >= surroundings.ground_height:
        raise ValueError(
            f"a picture can be warped to poses within {surroundings.backdrop_radius:g} units of its camera and less "
            f"than {surroundings.ground_height:g} below it, got one {farthest:.2f} away and {lowest:.2f} below; "
            "search for a smaller motion"
        )
