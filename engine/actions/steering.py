"""What is held over some ticks, as values: what modalities make rows of, and where a drive stands meanwhile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.clock import Clock
from engine.poses import Floats

STEEPEST = math.radians(80)
"""How far up or down a driven camera can look, radians."""
FASTEST_TURN = 3.0
"""Multiple of the trained turn that a tick turns at most, however fast the mouse was."""
AXES = ("forward", "right", "up", "yaw", "pitch")


@dataclass(frozen=True, kw_only=True)
class Steering:
    """What is asked for over some ticks.

    Attributes:
        forward, right, up: speeds along the camera's axes, each in -1..1 of the drive's; together at most 1.
        yaw, pitch: turns to the right and up, each in -1..1.
        turned: radians to the right and up besides, in all: what a mouse was moved by.
        pace: multiple of the drive's speeds.
        keys: codes of the keys that are held, by their place on the keyboard, such as "KeyW".
        mouse: pixels to the right and down that the mouse was moved by, in all.

    Raises ValueError for an axis beyond its range.
    """

    forward: float = 0.0
    right: float = 0.0
    up: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    turned: tuple[float, float] = (0.0, 0.0)
    pace: float = 1.0
    keys: frozenset[str] = frozenset()
    mouse: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in AXES:
            if not -1 <= getattr(self, name) <= 1:
                raise ValueError(f"the axis {name} of held input lies in -1 to 1, got {getattr(self, name)}")

    @property
    def rests(self) -> bool:
        return not any((self.forward, self.right, self.up, self.yaw, self.pitch, *self.turned))


@dataclass(frozen=True, kw_only=True)
class DriveSpeeds:
    """Speeds of a drive as multiples of the trained ones of its clock."""

    move: float = 1.0
    turn: float = 1.0


TRAINED = DriveSpeeds()
"""As fast as the world was trained at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stand:
    """Where a drive stands: the pitch of its camera, radians upwards, or the last pose (4, 4) of its tool or car."""

    pitch: float = 0.0
    pose: Floats | None = None


def per_tick(held: Steering, num_ticks: int, clock: Clock, speeds: DriveSpeeds) -> tuple[Floats, Floats]:
    """Motion of a tick in the camera's axes (right, down, forward), and its turn to the right and up."""
    wanted = np.array([held.right, -held.up, held.forward])
    # A diagonal is as fast as straight on.
    move = wanted / max(float(np.linalg.norm(wanted)), 1.0) * clock.trained_speed * speeds.move * held.pace
    turn = np.array([held.yaw, held.pitch]) * clock.trained_turn * speeds.turn * held.pace
    most = FASTEST_TURN * clock.trained_turn
    return move, np.clip(turn + np.array(held.turned) / max(num_ticks, 1), -most, most)
