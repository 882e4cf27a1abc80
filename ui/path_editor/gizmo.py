"""Handles around the selected keys: where they are in a view, which one is under the pointer, what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.poses import Floats
from ui.path_editor.projection import Projection, on_plane

Part = Literal["centre", "arrow", "ring"]
AXES = ("x", "y", "z")
ARROW_PX, ARROW_FROM_PX, RING_PX, CENTRE_PX = 50.0, 11.0, 31.0, 8.0
_GRAB_PX = 6.0
_FORESHORTENED = 0.22
"""Share of its length that an axis must show to have an arrow, and a ring to be turned by its plane."""
_RING_PIECES = 48


@dataclass(frozen=True, kw_only=True)
class Handle:
    """What can be taken hold of. `axis` is 0 to 2 of the gizmo's axes; -1 across the line of sight."""

    part: Part
    axis: int = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Gizmo:
    """Handles about a point.

    Attributes:
        origin: (3,) in the world.
        axes: (3, 3), a row per axis.
        has_arrows, has_rings: what the tool offers.
        all_rings: one per axis; else the one about the vertical, or the line of sight of a flat view.
    """

    origin: Floats
    axes: Floats
    projection: Projection
    has_arrows: bool = True
    has_rings: bool = True
    all_rings: bool = False

    @property
    def centre_px(self) -> Floats:
        return np.asarray(self.projection.project(self.origin[None])[0][0])

    @property
    def is_visible(self) -> bool:
        return bool(self.projection.project(self.origin[None])[1][0] > 0.05)

    @property
    def reach(self) -> float:
        """Scene units of one pixel."""
        return 1.0 / self.projection.scale_at(self.origin)

    def arrows(self) -> dict[int, tuple[Floats, Floats]]:
        """Start and tip in pixels of the arrows that can be seen, by axis."""
        if not self.has_arrows:
            return {}
        found = {}
        length = ARROW_PX * self.reach
        tips, depths = self.projection.project(self.origin + length * self.axes)
        for axis in range(3):
            offset = tips[axis] - self.centre_px
            shown = float(np.linalg.norm(offset))
            if depths[axis] > 0.05 and shown > _FORESHORTENED * ARROW_PX:
                found[axis] = (self.centre_px + offset / shown * ARROW_FROM_PX, tips[axis])
        return found

    def rings(self) -> dict[int, Floats]:
        """Points in pixels (N, 2), closed, of the rings, by axis; -1 is about the line of sight."""
        if not self.has_rings:
            return {}
        found = {}
        for axis, normal in self._ring_axes():
            across = _across(normal)
            angles = np.linspace(0, 2 * np.pi, _RING_PIECES + 1)[:, None]
            other = np.cross(normal, across)
            points = self.origin + RING_PX * self.reach * (np.cos(angles) * across + np.sin(angles) * other)
            pixels, depths = self.projection.project(points)
            if (depths > 0.05).all():
                found[axis] = pixels
        return found

    def normal_of(self, axis: int) -> Floats:
        """The axis (3,) that a ring turns about."""
        return self.axes[axis] if axis >= 0 else self.projection.normal

    def at(self, x: float, y: float) -> Handle | None:
        """The handle under a pixel."""
        where = np.array([x, y])
        for axis, (start, tip) in self.arrows().items():
            if _distance(where, np.stack([start, tip])) <= _GRAB_PX:
                return Handle(part="arrow", axis=axis)
        if self.has_arrows and np.abs(where - self.centre_px).max() <= CENTRE_PX:
            return Handle(part="centre")
        for axis, ring in self.rings().items():
            if _distance(where, ring) <= _GRAB_PX:
                return Handle(part="ring", axis=axis)
        return None

    def shift(self, handle: Handle, begin: tuple[float, float], now: tuple[float, float]) -> Floats:
        """How far (3,) in the world a drag of an arrow or of the centre moves, from pixel to pixel."""
        if handle.axis >= 0:
            return self.along(self.axes[handle.axis], begin, now)
        met = [on_plane(self.projection, *pixel, self.origin, self.projection.normal) for pixel in (begin, now)]
        first, last = met
        return np.zeros(3) if first is None or last is None else last - first

    def along(self, direction: Floats, begin: tuple[float, float], now: tuple[float, float]) -> Floats:
        """The same along one direction (3,) of length 1."""
        step = 8 * self.reach
        ends, _ = self.projection.project(np.stack([self.origin, self.origin + step * direction]))
        direction_px = (ends[1] - ends[0]) / step
        size = float(direction_px @ direction_px)
        if size < (_FORESHORTENED / self.reach) ** 2 / 4:
            return np.zeros(3)
        return direction * float((np.array(now) - np.array(begin)) @ direction_px) / size

    def angle(self, handle: Handle, begin: tuple[float, float], now: tuple[float, float]) -> float:
        """Radians about the ring's axis that a drag turns, right-handed, within half a turn."""
        normal = self.normal_of(handle.axis)
        directions = []
        is_flat_on = abs(float(self.projection.normal @ normal)) > _FORESHORTENED
        for pixel in (begin, now):
            met = on_plane(self.projection, *pixel, self.origin, normal) if is_flat_on else None
            if met is None:
                # Seen from its edge a ring is turned by going across: a radius of the way is a radian.
                moved = np.array(now) - np.array(begin)
                along, _ = self.projection.project(
                    np.stack([self.origin, self.origin + self.reach * np.cross(normal, self.projection.normal)])
                )
                tangent = along[1] - along[0]
                size = float(np.linalg.norm(tangent))
                return float(moved @ tangent / size / RING_PX) if size > 1e-6 else 0.0
            directions.append(met - self.origin)
        first, last = directions
        return float(np.arctan2(normal @ np.cross(first, last), first @ last))

    def _ring_axes(self) -> list[tuple[int, Floats]]:
        if self.all_rings and self.projection.kind == "3d":
            return [(axis, self.axes[axis]) for axis in range(3)]
        facing = np.abs(self.axes @ self.projection.normal)
        if self.projection.kind != "3d":
            axis = int(np.argmax(facing))
            # A local frame that leans out of the view turns about the line of sight instead.
            return [(axis, self.axes[axis])] if facing[axis] > 0.999 else [(-1, self.projection.normal)]
        return [(1, self.axes[1])]


def frame_of(pose: Floats, *, is_local: bool) -> Floats:
    """The gizmo's axes as rows (3, 3): the world's, or those of a pose (4, 4)."""
    return pose[:3, :3].T.copy() if is_local else np.eye(3)


def _across(normal: Floats) -> Floats:
    other = np.array([1.0, 0, 0]) if abs(normal[0]) < 0.9 else np.array([0, 1.0, 0])
    across = np.cross(normal, other)
    return np.asarray(across / np.linalg.norm(across))


def _distance(where: Floats, line: Floats) -> float:
    """Pixels from a point to a line of points (N, 2)."""
    start, segments = line[:-1], np.diff(line, axis=0)
    size = np.maximum((segments**2).sum(axis=1), 1e-12)
    share = np.clip(((where - start) * segments).sum(axis=1) / size, 0, 1)
    return float(np.linalg.norm(where - (start + share[:, None] * segments), axis=1).min())
