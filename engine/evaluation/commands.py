"""Commands for evaluations: the eight directions, random amounts, long walks at half speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine import poses
from engine.actions.modality import CAMERA, ActionTrack
from engine.actions.moves import HOLD, camera_row
from engine.analysis.following import Axis
from engine.clock import ASTRA_CLOCK, Clock
from engine.poses import Floats


@dataclass(frozen=True, kw_only=True)
class Command:
    """One camera move held down."""

    name: str
    axis: Axis
    move: str
    """Of `engine.actions.moves`."""
    sign: int = 1
    """Of the motion along the axis, whose positive direction `engine.analysis.following` tells."""

    def track(self, num_ticks: int, pace: float, clock: Clock) -> ActionTrack:
        """Action rows at `pace` times the trained speeds of a clock; a negative pace goes the other way."""
        return ActionTrack(CAMERA, np.tile(camera_row([self.move], pace, clock=clock), (num_ticks, 1)))

    def amount(self, num_ticks: int, pace: float, clock: Clock) -> float:
        """Motion along the axis over so many ticks, in scene units or radians."""
        return self.sign * num_ticks * pace * trained_on(self.axis, clock)


def trained_on(axis: Axis, clock: Clock) -> float:
    """The trained speed along an axis: scene units, or radians, per tick."""
    return clock.trained_turn if axis in ("yaw", "pitch") else clock.trained_speed


DIRECTIONS = (
    Command(name="turn left", axis="yaw", move="left"),
    Command(name="turn right", axis="yaw", move="right", sign=-1),
    Command(name="move right", axis="strafe", move="d"),
    Command(name="move left", axis="strafe", move="a", sign=-1),
    Command(name="forward", axis="forward", move="w"),
    Command(name="back", axis="forward", move="s", sign=-1),
    Command(name="look up", axis="pitch", move="up"),
    Command(name="look down", axis="pitch", move="down", sign=-1),
)
"""Both ways of every axis, the positive one first."""
SHOWN = (DIRECTIONS[0], DIRECTIONS[1], DIRECTIONS[4], DIRECTIONS[2], DIRECTIONS[6])
"""Columns of the strip."""
RANDOM = (DIRECTIONS[0], DIRECTIONS[4])
"""Axes of the random commands: yaw, forward."""
RANDOM_REACH = 1.5
"""Random speeds go up to so many times the usual one, both ways."""
LONG = (DIRECTIONS[0], DIRECTIONS[1], DIRECTIONS[4])
"""Commands of the long takes."""
LONG_PACE = 0.5
"""Of the long takes, as a share of the usual speed: four chunks at full speed leave the start behind."""
GLIMPSES = (0.25, 0.5, 1.0)
"""Parts of a chunk whose frames are compared with its start."""


def rest(num_ticks: int) -> ActionTrack:
    """No command."""
    return ActionTrack(CAMERA, np.tile(camera_row([HOLD], clock=ASTRA_CLOCK), (num_ticks, 1)))


def glimpse_ticks(num_ticks: int) -> tuple[int, ...]:
    """The ticks, from 1, after which a chunk of `num_ticks` is looked at: those of `GLIMPSES`, each once."""
    return tuple(dict.fromkeys(max(1, round(part * num_ticks)) for part in GLIMPSES))


def path_of(track: ActionTrack) -> Floats:
    """Camera-to-world poses (1 + ticks, 4, 4) that a camera track walks."""
    return poses.path_from_rows(track.rows)
