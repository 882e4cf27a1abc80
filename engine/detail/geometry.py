"""A picture as a rigid relief: where each pixel of a moved camera lies in the start picture.

The start picture's camera stands at the origin and looks along +z (OpenCV axes). Each of its pixels lies at a depth
given by a coarse grid of log inverse depths. Past the picture's left and right edges the relief goes on as a cylinder:
even in angle, at the depth of its edge.

Places in the start picture are (across, down): -1 and 1 are its edges, and |across| > 1 is beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.detail.images import Array, Doubles, pixel_grid

RELIEF_WIDTH, RELIEF_HEIGHT = 8, 5
"""Of the grid of inverse depths."""
TAN_HALF_FOV = 0.70
"""Tangent of half the horizontal field of view."""
GROUND, WALL = 0.27, 2.4
"""How far below the camera the ground lies and how far away the wall, in scene units: of the scenes that the bundled
world learnt from."""
FIXED_POINT_STEPS = 5
NEAREST, FARTHEST = 5.0, 0.08
"""Inverse depths that the relief is held within."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """What each pixel of a moved camera sees of the start picture. Arrays (H, W)."""

    across: Array
    down: Array
    inverse_depth: Array
    """Of the place in the start picture, as its camera sees it."""
    scale: Array
    """Depth in the moved camera times `inverse_depth`."""


class Camera:
    """A camera's rays, at the size at which sights are computed."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.tan_across = TAN_HALF_FOV
        self.tan_down = TAN_HALF_FOV * height / width
        across, down = pixel_grid(width, height)
        self.x: Array = across * np.float32(self.tan_across)
        self.y: Array = down * np.float32(self.tan_down)
        self._edge = math.atan(self.tan_across)
        self._cos_edge = math.cos(self._edge)

    def prior_relief(self, flat: float = 0.0) -> Doubles:
        """Log inverse depths (5, 8) of level ground before a wall, with a soft bend between them.

        `flat` from 0 to 1 moves the ground towards the wall, so that what stands leans less and what lies slides.
        """
        tangent = np.linspace(-1, 1, RELIEF_HEIGHT)[:, None] * self.tan_down + np.zeros(RELIEF_WIDTH)
        ground = np.log(np.maximum(tangent / GROUND, 1e-3))
        bent = np.logaddexp(-8 * math.log(WALL), 8 * ground) / 8
        return np.asarray((1 - flat) * bent - flat * math.log(WALL))

    def look(self, extrinsics: Doubles, relief: Doubles) -> Sight:
        """What the camera with these extrinsics (3, 4), world to camera, sees of the relief (5, 8).

        A ray meets the relief where a fixed point says so: the depth at the place it points to moves the place.
        """
        back = extrinsics[:, :3].T
        turn = back.astype(np.float32)
        shift = (back @ extrinsics[:, 3]).astype(np.float32)
        ray = [turn[i, 0] * self.x + turn[i, 1] * self.y + turn[i, 2] for i in range(3)]
        moved = bool(np.abs(shift).max() > 1e-6)
        surface = np.exp(relief).astype(np.float32)
        scale = np.reciprocal(np.maximum(self._depth(ray[0], ray[2]), np.float32(1e-3)))
        point = [axis * scale for axis in ray]
        inverse_depth = scale
        for _ in range(FIXED_POINT_STEPS if moved else 1):
            inverse_depth = _relief_at(surface, *self._place(point))
            if moved:
                point = [axis * scale - inverse_depth * s for axis, s in zip(ray, shift, strict=True)]
                scale = np.asarray(scale / np.maximum(self._depth(point[0], point[2]), 0.2), np.float32)
                point = [axis * scale - inverse_depth * s for axis, s in zip(ray, shift, strict=True)]
        across, down = self._place(point)
        return Sight(across=across, down=down, inverse_depth=inverse_depth, scale=scale)

    def _depth(self, x: Array, z: Array) -> Array:
        """Depth of a point in the start picture; beside it, the distance from the upright axis, made to fit at its
        edge."""
        inside = (z > 0) & (np.abs(x) < self.tan_across * z)
        return np.where(inside, z, np.sqrt(x * x + z * z) * np.float32(self._cos_edge))

    def _place(self, point: list[Array]) -> tuple[Array, Array]:
        """(across, down) of a point, which is given up to its length."""
        angle = np.arctan2(point[0], point[2])
        inside = np.clip(angle, -self._edge, self._edge)
        growth = (1 + self.tan_across**2) / self.tan_across  # so that the continuation starts at the picture's own pace
        across = np.tan(inside) / np.float32(self.tan_across) + (angle - inside) * np.float32(growth)
        depth = np.maximum(self._depth(point[0], point[2]), np.float32(1e-2))
        return across, np.asarray(point[1] / depth / self.tan_down, np.float32)


def inside_start(across: Array, down: Array) -> NDArray[np.bool_]:
    """Which places lie in the start picture, but for its outermost pixels."""
    return (np.abs(across) < 0.98) & (np.abs(down) < 0.98)


def relief_cells(across: Array, down: Array) -> tuple[Array, Array]:
    """Places on the relief's grid: columns from 0 to 7 and rows from 0 to 4, held at its edges."""
    column = np.clip((across * 0.5 + 0.5) * (RELIEF_WIDTH - 1), 0, RELIEF_WIDTH - 1)
    row = np.clip((down * 0.5 + 0.5) * (RELIEF_HEIGHT - 1), 0, RELIEF_HEIGHT - 1)
    return column.astype(np.float32), row.astype(np.float32)


def _relief_at(surface: Array, across: Array, down: Array) -> Array:
    return np.asarray(cv2.remap(surface, *relief_cells(across, down), cv2.INTER_LINEAR))
