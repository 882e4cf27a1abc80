"""Projection of a view: from scene units to pixels and back. Knows no widget.

World axes are the project's: x right, y down, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from engine import poses
from engine.poses import Floats
from engine.trajectories.recording import DEFAULT_VERTICAL_FOV

Kind = Literal["top", "side", "3d"]
NEAR = 0.02
"""Scene units before the eye; what is nearer is not drawn."""
_LEAST_SCALE, _LARGEST_SCALE = 4.0, 40_000.0
"""Pixels per scene unit of a flat view."""
_NEAREST, _FARTHEST = 0.02, 400.0
"""Scene units from the eye to the point that a 3D view turns about."""
_STEEPEST = np.deg2rad(89.0)
_FIT_STEPS = 12
_LEAST_SPAN = 0.5
"""Scene units that a view shows at least when it is fitted to a path."""


class Projection(Protocol):
    """A view's way to the screen."""

    @property
    def kind(self) -> Kind: ...

    @property
    def width(self) -> float: ...

    @property
    def height(self) -> float: ...

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Pixels (N, 2) of points (N, 3), and their depths (N,): those not above `NEAR` cannot be seen."""

    def ray(self, x: float, y: float) -> tuple[Floats, Floats]:
        """Where the line of sight through a pixel begins (3,), and its direction (3,), of length 1."""

    def scale_at(self, point: Floats) -> float:
        """Pixels per scene unit near a point (3,)."""

    @property
    def normal(self) -> Floats:
        """Away from the eye, (3,): a free move stays across it."""

    def zoomed(self, factor: float, x: float, y: float) -> Projection:
        """Larger or smaller; what lies under a pixel stays there."""

    def panned(self, dx: float, dy: float) -> Projection:
        """Shifted with the pointer, by pixels."""

    def sized(self, width: float, height: float) -> Projection: ...

    def fitted(self, points: Floats) -> Projection:
        """So that points (N, 3) fill the view, with a margin."""


@dataclass(frozen=True, kw_only=True)
class Flat:
    """From above, forward being up; or from the right, forward being right.

    Attributes:
        centre: the point in the middle of the view.
        scale: pixels per scene unit.
    """

    kind: Kind = "top"
    centre: tuple[float, float, float] = (0.0, 0.0, 0.5)
    scale: float = 300.0
    width: float = 376.0
    height: float = 337.0

    @property
    def right(self) -> Floats:
        return np.array([1.0, 0, 0] if self.kind == "top" else [0, 0, 1.0])

    @property
    def up(self) -> Floats:
        return np.array([0, 0, 1.0] if self.kind == "top" else [0, -1.0, 0])

    @property
    def normal(self) -> Floats:
        return np.array([0, 1.0, 0] if self.kind == "top" else [-1.0, 0, 0])

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        away = np.asarray(points, np.float64) - np.array(self.centre)
        across, along = away @ self.right * self.scale, away @ self.up * self.scale
        found = np.stack([self.width / 2 + across, self.height / 2 - along], axis=-1)
        return found, np.ones(len(found))

    def ray(self, x: float, y: float) -> tuple[Floats, Floats]:
        across, along = (x - self.width / 2) / self.scale, (self.height / 2 - y) / self.scale
        origin = np.array(self.centre) + across * self.right + along * self.up
        return origin - 1e3 * self.normal, self.normal

    def scale_at(self, point: Floats) -> float:
        return self.scale

    def zoomed(self, factor: float, x: float, y: float) -> Flat:
        scale = min(max(self.scale * factor, _LEAST_SCALE), _LARGEST_SCALE)
        # The point under the pointer comes nearer to the middle by as much as it is shrunk.
        shift = (1 / self.scale - 1 / scale) * np.array([x - self.width / 2, self.height / 2 - y])
        return replace(
            self, scale=scale, centre=_vector(np.array(self.centre) + shift[0] * self.right + shift[1] * self.up)
        )

    def panned(self, dx: float, dy: float) -> Flat:
        moved = np.array(self.centre) + (-dx * self.right + dy * self.up) / self.scale
        return replace(self, centre=_vector(moved))

    def sized(self, width: float, height: float) -> Flat:
        return replace(self, width=max(width, 1.0), height=max(height, 1.0))

    def fitted(self, points: Floats) -> Flat:
        low, high = points.min(axis=0), points.max(axis=0)
        wide, high_ = float(abs((high - low) @ self.right)), float(abs((high - low) @ self.up))
        wide, high_ = max(wide, _LEAST_SPAN), max(high_, _LEAST_SPAN)
        # Frusta, numbers and the scale bar stand around the path.
        scale = min(max(self.width - 110, 40) / wide, max(self.height - 110, 40) / high_)
        return replace(self, scale=min(max(scale, _LEAST_SCALE), _LARGEST_SCALE), centre=_vector((low + high) / 2))


class _Eyed(Protocol):
    """What a perspective is worked out from: camera-to-world pose (4, 4), focal length and size in pixels."""

    @property
    def eye(self) -> Floats: ...
    @property
    def focal(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...


class _Perspective:
    """What views with an eye have in common."""

    @property
    def normal(self: _Eyed) -> Floats:
        return np.asarray(self.eye[:3, 2])

    def project(self: _Eyed, points: Floats) -> tuple[Floats, Floats]:
        seen = (np.asarray(points, np.float64) - self.eye[:3, 3]) @ self.eye[:3, :3]
        depth = seen[:, 2]
        safe = np.where(depth > NEAR, depth, NEAR)
        middle = np.array([self.width / 2, self.height / 2])
        found = middle + self.focal * seen[:, :2] / safe[:, None]
        return np.clip(found, -1e6, 1e6), depth

    def ray(self: _Eyed, x: float, y: float) -> tuple[Floats, Floats]:
        local = np.array([(x - self.width / 2) / self.focal, (y - self.height / 2) / self.focal, 1.0])
        direction = self.eye[:3, :3] @ local
        return self.eye[:3, 3], direction / np.linalg.norm(direction)

    def scale_at(self: _Eyed, point: Floats) -> float:
        depth = float((np.asarray(point) - self.eye[:3, 3]) @ self.eye[:3, 2])
        return self.focal / max(depth, NEAR)


@dataclass(frozen=True, kw_only=True)
class Orbit(_Perspective):
    """In perspective, about a point that is looked at.

    Attributes:
        target: the point.
        yaw, pitch: of the line of sight, radians: to the right, and down.
        distance: from the eye to the point.
    """

    target: tuple[float, float, float] = (0.0, 0.0, 0.5)
    yaw: float = float(np.deg2rad(14.0))
    pitch: float = float(np.deg2rad(32.0))
    distance: float = 2.2
    width: float = 376.0
    height: float = 180.0
    fov: float = float(np.deg2rad(40.0))
    kind: Kind = "3d"

    @cached_property
    def eye(self) -> Floats:
        """Camera-to-world pose (4, 4) of the eye."""
        rotation = poses.rotation_y(self.yaw) @ poses.rotation_x(-self.pitch)
        return poses.from_parts(rotation, np.array(self.target) - self.distance * rotation[:, 2])

    @property
    def focal(self) -> float:
        """Pixels."""
        return self.height / 2 / float(np.tan(self.fov / 2))

    def zoomed(self, factor: float, x: float, y: float) -> Orbit:
        distance = min(max(self.distance / factor, _NEAREST), _FARTHEST)
        # The plane through the target keeps what lies under the pointer.
        share = (self.distance - distance) / self.focal
        shift = share * ((x - self.width / 2) * self.eye[:3, 0] + (y - self.height / 2) * self.eye[:3, 1])
        return replace(self, distance=distance, target=_vector(np.array(self.target) + shift))

    def panned(self, dx: float, dy: float) -> Orbit:
        step = self.distance / self.focal
        moved = np.array(self.target) - step * (dx * self.eye[:3, 0] + dy * self.eye[:3, 1])
        return replace(self, target=_vector(moved))

    def turned(self, dx: float, dy: float) -> Orbit:
        """Turned about the target by pixels of the pointer."""
        pitch = min(max(self.pitch + dy * 0.008, -_STEEPEST), _STEEPEST)
        return replace(self, yaw=self.yaw + dx * 0.008, pitch=float(pitch))

    def seen_from(self, eye: Floats) -> Orbit:
        """With the eye elsewhere, looking the same far; roll is left out."""
        forward = eye[:3, 2]
        pitch = float(np.arcsin(np.clip(forward[1], -1, 1)))
        yaw = float(np.arctan2(forward[0], forward[2]))
        target = eye[:3, 3] + self.distance * forward
        return replace(self, yaw=yaw, pitch=min(max(pitch, -_STEEPEST), _STEEPEST), target=_vector(target))

    def sized(self, width: float, height: float) -> Orbit:
        return replace(self, width=max(width, 1.0), height=max(height, 1.0))

    def fitted(self, points: Floats) -> Orbit:
        low, high = points.min(axis=0), points.max(axis=0)
        span = max(float(np.linalg.norm(high - low)), _LEAST_SPAN)
        view = replace(self, target=_vector((low + high) / 2), distance=2 * span)
        # Perspective makes a circle of it: nearer things grow, so it is done again until it fits.
        room = np.array([max(self.width - 84, 40), max(self.height - 64, 40)])
        for _ in range(_FIT_STEPS):
            pixels, depths = view.project(points)
            if (depths <= NEAR).any():
                view = replace(view, distance=2 * view.distance)
                continue
            least, most = pixels.min(axis=0), pixels.max(axis=0)
            off = (least + most) / 2 - np.array([self.width, self.height]) / 2
            share = max(float(((most - least) / room).max()), _LEAST_SPAN / 2 * view.focal / view.distance / room.min())
            view = view.panned(-float(off[0]), -float(off[1]))
            view = replace(view, distance=min(max(view.distance * share, _NEAREST), _FARTHEST))
        return view


@dataclass(frozen=True, kw_only=True, eq=False)
class Through(_Perspective):
    """What a camera of the path sees, in the box of its picture.

    Attributes:
        eye: camera-to-world pose (4, 4).
        aspect: width over height of its picture, which is as large as the view allows.
    """

    eye: Floats
    aspect: float
    width: float = 376.0
    height: float = 180.0
    fov: float = float(DEFAULT_VERTICAL_FOV)
    kind: Kind = "3d"

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the picture."""
        wide, high = max(self.width - 16, 1), max(self.height - 16, 1)
        wide, high = min(wide, high * self.aspect), min(high, wide / self.aspect)
        return (self.width - wide) / 2, (self.height - high) / 2, wide, high

    @property
    def focal(self) -> float:
        return self.box[3] / 2 / float(np.tan(self.fov / 2))

    def zoomed(self, factor: float, x: float, y: float) -> Through:
        return self

    def panned(self, dx: float, dy: float) -> Through:
        return self

    def sized(self, width: float, height: float) -> Through:
        return replace(self, width=max(width, 1.0), height=max(height, 1.0))

    def fitted(self, points: Floats) -> Through:
        return self


def on_plane(projection: Projection, x: float, y: float, point: Floats, normal: Floats) -> Floats | None:
    """Where the line of sight through a pixel meets the plane through a point (3,); None where it never does."""
    origin, direction = projection.ray(x, y)
    across = float(direction @ normal)
    if abs(across) < 1e-6:
        return None
    share = float((point - origin) @ normal) / across
    return None if share <= 0 else origin + share * direction


def clipped(start: Floats, end: Floats, projection: Projection) -> tuple[Floats, Floats]:
    """Lines (N, 2) to (N, 2) in pixels of those (N, 3) to (N, 3) in the world, cut where they come too near the eye."""
    (first, near_first), (last, near_last) = projection.project(start), projection.project(end)
    outside_first, outside_last = near_first <= NEAR, near_last <= NEAR
    for outside, other in ((outside_first, outside_last), (outside_last, outside_first)):
        cut = outside & ~other
        if cut.any():
            share = (NEAR * 1.001 - near_first[cut]) / (near_last[cut] - near_first[cut])
            met = start[cut] + share[:, None] * (end[cut] - start[cut])
            (first if outside is outside_first else last)[cut] = projection.project(met)[0]
    seen = ~(outside_first & outside_last)
    return first[seen], last[seen]


def _vector(numbers: Floats) -> tuple[float, float, float]:
    x, y, z = (float(number) for number in numbers)
    return x, y, z
