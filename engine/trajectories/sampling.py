"""The one sampler: from what moves over time to poses at frames and ticks, to action rows, and to the speed gauge.

What is drawn, shown, rendered and exported is sampled here and nowhere else, so it is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.actions.modality import CAMERA, ActionTrack, Modality
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import angles_between, interpolated, quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.recording import Recording

_SLACK = 1e-4
"""Of a frame: how much a motion may fall short of its last one, by rounded times, and still have it."""
_SPEED_SLACK = 1e-3
"""By how much of the trained speed a tick may be faster and still count as within it: float32 rows, rounded files."""


class Motion(Protocol):
    """What can be sampled: a CameraPath, a Recording."""

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...

    def at(self, times: Floats) -> Floats:
        """Camera-to-world poses (M, 4, 4) at times (M,) in seconds."""


def num_ticks(motion: Motion, *, clock: Clock) -> int:
    """Whole ticks that the motion lasts."""
    return clock.num_ticks(motion.end_s - motion.start_s)


def tick_poses(motion: Motion, count: int | None = None, *, clock: Clock) -> Floats:
    """Poses (count + 1, 4, 4) at the boundaries of its ticks, from its start on; None: all whole ticks."""
    ticks = num_ticks(motion, clock=clock) if count is None else count
    return motion.at(motion.start_s + clock.tick_times(ticks))


def record(motion: Motion, fps: float) -> Recording:
    """Its poses at so many a second, from its start to its end. Raises TrajectoryError where that is fewer than two."""
    count = int(np.floor((motion.end_s - motion.start_s) * fps + _SLACK)) + 1
    times = motion.start_s + np.arange(count) / fps
    return Recording(times=times, c2w=motion.at(times), fps=fps)


def actions(motion: Motion, kind: Modality = CAMERA, *, clock: Clock) -> ActionTrack:
    """The action rows of its whole ticks, in a modality; those that a file holds as rows of such ticks, as they are."""
    if isinstance(motion, Recording) and motion.has_rows(kind, clock):
        assert motion.track is not None
        return motion.track
    return track_of_ticks(tick_poses(motion, clock=clock), kind)


def recorded_actions(recording: Recording, *, clock: Clock) -> ActionTrack:
    """The action rows of a file, in the modality of its rows where it holds rows, else a camera's."""
    return actions(recording, recording.track.modality if recording.track else CAMERA, clock=clock)


def track_of_ticks(c2w: Floats, kind: Modality = CAMERA) -> ActionTrack:
    """Rows of the n ticks between poses (n + 1, 4, 4), n >= 0. Raises TrajectoryError for a modality without poses."""
    rows = kind.from_poses(c2w)
    if rows is None:
        raise TrajectoryError(f"{kind.name} actions are no path of a camera; choose another modality to draw one")
    return ActionTrack(kind, rows)


def resampled_rows(track: ActionTrack, before: Clock, after: Clock) -> ActionTrack:
    """A track of one clock's ticks, going the same way in the same seconds by another's; at least one tick."""
    seconds = len(track) * before.seconds_per_tick
    count = max(1, round(seconds * after.ticks_per_second))
    kind = track.modality
    c2w = kind.to_poses(track.rows)
    if c2w is None:
        return ActionTrack(kind, kind.retimed(track.rows, count))
    return track_of_ticks(interpolated(before.tick_times(len(track)), c2w, after.tick_times(count)), kind)


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeedGauge:
    """How fast each tick is: `moved` (n,) scene units and `turned` (n,) radians per tick of `clock`."""

    moved: Floats
    turned: Floats
    clock: Clock

    @property
    def load(self) -> Floats:
        """The faster of the two as a multiple of the trained speed, (n,)."""
        return np.maximum(self.moved / self.clock.trained_speed, self.turned / self.clock.trained_turn)

    @property
    def beyond(self) -> np.ndarray:
        """Whether a tick is faster than the model was trained at, (n,) booleans: the amber band."""
        return self.load > 1 + _SPEED_SLACK


def gauge(c2w: Floats, *, clock: Clock) -> SpeedGauge:
    """The speeds of the ticks between poses (n + 1, 4, 4)."""
    turns = quaternions(c2w[:, :3, :3])
    return SpeedGauge(
        moved=np.linalg.norm(np.diff(c2w[:, :3, 3], axis=0), axis=1),
        turned=angles_between(turns[:-1], turns[1:]),
        clock=clock,
    )
