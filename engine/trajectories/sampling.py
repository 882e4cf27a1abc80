"""The one sampler: from what moves over time to poses at frames and ticks, to action rows, and to the speed gauge.

What is drawn, shown, rendered and exported is sampled here and nowhere else, so it is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine import poses
from engine.actions.modality import CAMERA, ActionTrack, Modality
from engine.actions.presets import driving_rows_from_keyframes, rows_from_extrinsics
from engine.messages import FRAMES_PER_LATENT
from engine.poses import TRAINED_SPEED, Floats
from engine.trajectories.astra_json import SECONDS_PER_TICK
from engine.trajectories.axes import VEHICLE
from engine.trajectories.recording import Recording
from engine.trajectories.rotations import angles_between, quaternions

TICKS_PER_CHUNK = 8
FRAMES_PER_SECOND = FRAMES_PER_LATENT / SECONDS_PER_TICK
_SLACK = 1e-4
"""Of a tick: how much a motion may fall short of its last tick, by rounded times, and still have it."""
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


def num_ticks(motion: Motion) -> int:
    """Whole ticks that the motion lasts."""
    return int(np.floor((motion.end_s - motion.start_s) / SECONDS_PER_TICK + _SLACK))


def tick_poses(motion: Motion, count: int | None = None) -> Floats:
    """Poses (count + 1, 4, 4) at the boundaries of its ticks, from its start on; None: all whole ticks."""
    ticks = num_ticks(motion) if count is None else count
    return motion.at(motion.start_s + SECONDS_PER_TICK * np.arange(ticks + 1, dtype=np.float64))


def record(motion: Motion, fps: float = FRAMES_PER_SECOND) -> Recording:
    """Its poses at frames, from its start to its end. Raises TrajectoryError where that is fewer than two."""
    count = int(np.floor((motion.end_s - motion.start_s) * fps + _SLACK)) + 1
    times = motion.start_s + np.arange(count) / fps
    return Recording(times=times, c2w=motion.at(times), fps=fps)


def actions(motion: Motion, kind: Modality = CAMERA) -> ActionTrack:
    """The action rows of its whole ticks, in a modality; those that a file holds as rows are given as they are."""
    if isinstance(motion, Recording) and motion.track is not None and motion.track.modality is kind:
        return motion.track
    return track_of_ticks(tick_poses(motion), kind)


def track_of_ticks(c2w: Floats, kind: Modality = CAMERA) -> ActionTrack:
    """Rows of the n ticks between poses (n + 1, 4, 4), n >= 0.

    Camera: relative extrinsics, row k from pose k to pose k + 1 (reference 7.1, 7.2). Robot: the same of the poses
    themselves, which are the tool's. Driving: row k is pose k against the first one, in the axes of a car, w first
    (reference 7.4).
    """
    count = len(c2w) - 1
    if kind.is_absolute:
        car = c2w @ poses.inverse(VEHICLE)
        seen = poses.inverse(car[0]) @ car
        turns = quaternions(seen[:, :3, :3])[:, [3, 0, 1, 2]]
        return ActionTrack(kind, driving_rows_from_keyframes(seen[:, :3, 3], turns, count))
    keyed = poses.inverse(c2w) if kind is CAMERA else c2w
    return ActionTrack(kind, rows_from_extrinsics(keyed, count, stride=1, kind=kind.name))


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeedGauge:
    """How fast each tick is: `moved` (n,) scene units and `turned` (n,) radians per tick."""

    moved: Floats
    turned: Floats

    @property
    def load(self) -> Floats:
        """The faster of the two as a multiple of the trained speed, (n,)."""
        return np.maximum(self.moved, self.turned) / TRAINED_SPEED

    @property
    def beyond(self) -> np.ndarray:
        """Whether a tick is faster than the model was trained at, (n,) booleans: the amber band."""
        return self.load > 1 + _SPEED_SLACK


def gauge(c2w: Floats) -> SpeedGauge:
    """The speeds of the ticks between poses (n + 1, 4, 4)."""
    turns = quaternions(c2w[:, :3, :3])
    return SpeedGauge(
        moved=np.linalg.norm(np.diff(c2w[:, :3, 3], axis=0), axis=1),
        turned=angles_between(turns[:-1], turns[1:]),
    )
