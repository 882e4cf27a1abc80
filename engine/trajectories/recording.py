"""Recording: timed camera poses from a file, in the project's own axes, direction and units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine import poses
from engine.actions.modality import ActionTrack, Modality
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import interpolated
from engine.trajectories.errors import TrajectoryError

DEFAULT_ASPECT = 832 / 480
"""Width over height of the released model's pictures, taken where a file does not say."""
DEFAULT_VERTICAL_FOV = np.deg2rad(50.0)
_SAME_TICK = 1e-6
"""Of a tick: by how much two lengths may differ and be the same."""
_LEAST_FOV = np.deg2rad(0.01)
"""No lens sees less."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lens:
    """Pinhole intrinsics, rows (N, 4) fx fy cx cy, in shares of the picture: x of its width, y of its height.

    No world reads them; they are carried from file to file.
    """

    rows: Floats
    width_px: int | None = None
    height_px: int | None = None

    @property
    def aspect(self) -> float:
        """Width over height of the picture; taken from the focal lengths (square pixels) where no size is known."""
        if self.width_px and self.height_px:
            return self.width_px / self.height_px
        return float(self.rows[0, 1] / self.rows[0, 0])

    @property
    def vertical_fov(self) -> Floats:
        """Angles (N,) in radians between the upper and the lower edge of the picture."""
        return 2 * np.arctan(0.5 / self.rows[:, 1])

    def repeated(self, count: int) -> Lens:
        """The first pose's for `count` poses."""
        return replace(self, rows=np.repeat(self.rows[:1], count, axis=0))


def are_fovs(angles: Floats) -> np.ndarray:
    """Whether angles in radians can be fields of view, in the shape given."""
    seen = np.asarray(angles, np.float64)
    return np.asarray((seen >= _LEAST_FOV) & (seen < np.pi))


def lens_of_fov(vertical_fov: Floats, aspect: float = DEFAULT_ASPECT) -> Lens:
    """The lens of vertical fields of view (N,) in radians, its centre in the middle of the picture."""
    focal = 0.5 / np.tan(np.asarray(vertical_fov, np.float64) / 2)
    half = np.full_like(focal, 0.5)
    return Lens(rows=np.stack([focal / aspect, focal, half, half], axis=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """Camera poses over time.

    Attributes:
        times: (N,) seconds, rising, in the clock of the file; N >= 2.
        c2w: (N, 4, 4) rigid camera-to-world poses, OpenCV axes, scene units.
        fps: poses per second, the median where they are uneven.
        lens: intrinsics of every pose, where the file has them.
        curve: poses (M, 4, 4) at times (M,) where the file itself says how the camera moves between its poses;
            elsewhere it is turned by slerp and moved on straight lines.
        track: the action rows, where the file holds rows and no poses; `c2w` is what they make of a camera.
        tick_s: seconds that a row of `track` lasts.
    """

    times: Floats
    c2w: Floats
    fps: float
    lens: Lens | None = None
    curve: Callable[[Floats], Floats] | None = None
    track: ActionTrack | None = None
    tick_s: float | None = None

    def __post_init__(self) -> None:
        assert (self.track is None) == (self.tick_s is None), "rows have a length in seconds"
        if len(self.c2w) < 2 or len(self.c2w) != len(self.times):
            raise TrajectoryError(f"a trajectory needs at least two poses, each with a time, got {len(self.c2w)}")

    @property
    def start_s(self) -> float:
        return float(self.times[0])

    @property
    def end_s(self) -> float:
        return float(self.times[-1])

    def has_rows(self, kind: Modality, clock: Clock) -> bool:
        """Whether it holds action rows of that modality for ticks as long as the clock's."""
        if self.track is None or self.tick_s is None or self.track.modality is not kind:
            return False
        return abs(self.tick_s * clock.ticks_per_second - 1) < _SAME_TICK

    def at(self, times: Floats) -> Floats:
        """Poses (M, 4, 4) at times (M,) in seconds."""
        return interpolated(self.times, self.c2w, times) if self.curve is None else self.curve(times)

    def aligned(self) -> Recording:
        """Moved and turned as a whole so that the first pose is the identity."""
        back = poses.inverse(self.c2w[0])
        curve = self.curve
        return replace(
            self,
            c2w=back @ self.c2w,
            curve=None if curve is None else lambda times: back @ curve(times),
        )
