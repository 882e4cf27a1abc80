"""Contents of the path views: poses, ticks, speeds and chunks of the current take."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from astra_studio.document.derived import slots, start_frames
from astra_studio.document.model import Project, Take
from astra_studio.document.paths import has_rows_without_keys, poses_of_take, stored_path
from engine import poses
from engine.clock import ASTRA_CLOCK, Clock
from engine.poses import Floats
from engine.rotations import interpolated
from engine.trajectories import sampling
from engine.trajectories.path import CameraPath

_FINE_TICKS = 300
"""Up to so many, the line between ticks is drawn frame by frame."""


def _none(*shape: int) -> Floats:
    return np.zeros(shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class PathScene:
    """The current take's way, and the one it is compared with.

    Attributes:
        path: the keys that the take keeps; None where it has rows alone, or nothing.
        keys: camera-to-world poses (K, 4, 4) at the keys.
        key_times: when the camera passes them, (K,) seconds.
        clock: of the take.
        ticks: poses (n + 1, 4, 4) at the bounds of its ticks.
        load: speed of each tick (n,) as a multiple of the trained one; `fast` where it is beyond.
        line: points (M, 3) along the way, and their times (M,).
        bounds: numbers of the ticks at which chunks begin and end.
        has_loose_ticks: whether ticks are asked for that no key makes.
        ghost: poses (g, 4, 4) at the ticks of the compared take, moved to begin where this one begins.
    """

    path: CameraPath | None = None
    clock: Clock = ASTRA_CLOCK
    keys: Floats = field(default_factory=lambda: _none(0, 4, 4))
    key_times: Floats = field(default_factory=lambda: _none(0))
    ticks: Floats = field(default_factory=lambda: np.eye(4)[None])
    load: Floats = field(default_factory=lambda: _none(0))
    fast: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    line: Floats = field(default_factory=lambda: _none(1, 3))
    line_times: Floats = field(default_factory=lambda: _none(1))
    bounds: tuple[int, ...] = ()
    has_loose_ticks: bool = False
    ghost: Floats = field(default_factory=lambda: _none(0, 4, 4))
    ghost_name: str = ""
    _asked: dict[float, Floats] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return self.path is None and len(self.ticks) < 2

    @property
    def end_s(self) -> float:
        return float(self.line_times[-1])

    def pose_at(self, time_s: float) -> Floats:
        """The pose (4, 4) at a time; before and after, where it stands. All views ask for that of the playhead."""
        if time_s not in self._asked:
            self._asked.clear()
            self._asked[time_s] = self._pose_at(time_s)
        return self._asked[time_s]

    def _pose_at(self, time_s: float) -> Floats:
        if self.path is not None and time_s <= self.path.end_s:
            return self.path.at(np.array([max(time_s, 0.0)]))[0]
        if len(self.ticks) < 2:
            return self.ticks[0]
        tick_s = self.clock.seconds_per_tick
        before = min(max(int(time_s / tick_s), 0), len(self.ticks) - 2)
        times = tick_s * np.array([before, before + 1], np.float64)
        return interpolated(times, self.ticks[before : before + 2], np.array([time_s]))[0]

    def extent(self) -> Floats:
        """Points (N, 3) that a view should show: the line, and what the keys look at."""
        points = [self.line]
        if len(self.keys):
            points.append(self.keys[:, :3, 3])
        if len(self.ghost):
            points.append(self.ghost[:, :3, 3])
        return np.concatenate(points)


def scene_of(project: Project) -> PathScene:
    """Everything that is shown of the current take."""
    take = project.current
    kept = stored_path(take)
    ticks = poses_of_take(take)
    speed = sampling.gauge(ticks, clock=take.clock)
    path = None if kept is None else kept.path
    key_times = _none(0) if path is None else path.key_times()
    line, times = _line(path, ticks, take.clock)
    ghost, ghost_name = _ghost(project, ticks[0])
    return PathScene(
        path=path,
        clock=take.clock,
        keys=_none(0, 4, 4) if path is None else path.at(key_times),
        key_times=key_times,
        ticks=ticks,
        load=speed.load,
        fast=speed.beyond,
        line=line,
        line_times=times,
        bounds=_bounds(project, take),
        has_loose_ticks=has_rows_without_keys(take),
        ghost=ghost,
        ghost_name=ghost_name,
    )


def time_of_frame(project: Project, take: Take, frame: float) -> float:
    """Seconds into the path of a frame of its take; 0 at the last frame of the start."""
    return take.clock.seconds_at(frame, start_frames(project, take))


def frame_of_time(project: Project, take: Take, time_s: float) -> int:
    """The frame at a time of the path."""
    return round(take.clock.frame_at(time_s, start_frames(project, take)))


def _line(path: CameraPath | None, ticks: Floats, clock: Clock) -> tuple[Floats, Floats]:
    times = clock.tick_times(len(ticks) - 1)
    if path is None or len(ticks) > _FINE_TICKS:
        if path is not None and path.end_s > times[-1]:
            end = path.at(np.array([path.end_s]))[:, :3, 3]
            return np.concatenate([ticks[:, :3, 3], end]), np.append(times, path.end_s)
        return ticks[:, :3, 3], times
    count = max(2, 1 + int(np.ceil(path.end_s * clock.fps)))
    fine = np.linspace(0, path.end_s, count) if path.end_s > 0 else np.zeros(1)
    points = path.at(fine)[:, :3, 3]
    beyond = times > path.end_s + 1e-6
    return np.concatenate([points, ticks[beyond, :3, 3]]), np.concatenate([fine, times[beyond]])


def _bounds(project: Project, take: Take) -> tuple[int, ...]:
    found = slots(project, take)
    return (*(slot.start for slot in found), found[-1].stop) if found else ()


def _ghost(project: Project, first: Floats) -> tuple[Floats, str]:
    compared = project.selection.compared
    if compared is None or not project.has_take(compared):
        return _none(0, 4, 4), ""
    other = project.take(compared)
    walked = poses_of_take(other)
    return first @ poses.inverse(walked[0]) @ walked, other.name
