"""Action rows of a steered camera, tool or car: the input held over the ticks of a chunk.

A camera turns about the vertical, so its horizon stays level however long it is driven; moves are along its own axes,
as those of pose lines are, and with nothing else held one tick of forward is the very row of `w-1`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from engine import poses
from engine.actions.modality import ActionTrack, Modality
from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.walking import walked

STEEPEST = math.radians(80)
"""How far up or down a driven camera can look, radians."""
FASTEST_TURN = 3.0
"""Multiple of the trained turn that a tick turns at most, however fast the mouse was."""


@dataclass(frozen=True, kw_only=True)
class Steering:
    """What is asked for over some ticks.

    Attributes:
        forward, right, up: speeds along the camera's axes, each in -1..1 of the drive's; together at most 1.
        yaw, pitch: turns to the right and up, each in -1..1.
        turned: radians to the right and up besides, in all: what a mouse was moved by.
        pace: multiple of the drive's speeds.
    """

    forward: float = 0.0
    right: float = 0.0
    up: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    turned: tuple[float, float] = (0.0, 0.0)
    pace: float = 1.0

    @property
    def rests(self) -> bool:
        return not any((self.forward, self.right, self.up, self.yaw, self.pitch, *self.turned))


@dataclass(frozen=True, kw_only=True)
class DriveSpeeds:
    """Speeds of a drive as multiples of the trained ones of its clock."""

    move: float = 1.0
    turn: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Stand:
    """Where a drive stands: the pitch of its camera, radians upwards, or the last pose (4, 4) of its tool or car."""

    pitch: float = 0.0
    pose: Floats | None = None


def stand_after(track: ActionTrack) -> Stand:
    """Where a drive goes on from after a track."""
    kind = track.modality
    if not len(track):
        return Stand()
    if kind.is_absolute:
        row = np.asarray(track.rows[-1], np.float64)
        turn = poses.quaternion_to_matrix(row[None, [4, 5, 6, 3]])[0]
        return Stand(pose=poses.from_parts(turn, row[:3]))
    pose = walked(track)[-1]
    return Stand(pitch=float(np.arcsin(np.clip(-pose[1, 2], -1, 1))), pose=pose)


def steered(
    steering: Steering,
    num_ticks: int,
    stand: Stand,
    kind: Modality,
    *,
    clock: Clock,
    speeds: DriveSpeeds = DriveSpeeds(),
) -> tuple[ActionTrack, Stand]:
    """The rows of so many ticks, and where the drive stands after them.

    Raises ValueError for a modality that no held input can drive.
    """
    if kind.is_absolute:
        return _car(steering, num_ticks, stand, kind, clock, speeds)
    if kind.width != 12:
        raise ValueError(f"{kind.name} actions cannot be driven by held keys")
    rows = np.empty((num_ticks, 12), np.float32)
    move, turn = _per_tick(steering, num_ticks, clock, speeds)
    pose = np.eye(4) if stand.pose is None else stand.pose
    pitch = stand.pitch
    for tick in range(num_ticks):
        up = min(max(pitch + turn[1], -STEEPEST), STEEPEST) - pitch
        # World to camera: the turn about the vertical, seen by a camera that looks up by `pitch`.
        level = poses.rotation_x(-pitch) @ poses.rotation_y(-turn[0]) @ poses.rotation_x(pitch) if pitch else None
        sideways = poses.rotation_y(-turn[0]) if level is None else level
        rotation = poses.rotation_x(-up) @ sideways
        row = poses.from_parts(rotation, -move)
        pitch += up
        after = pose @ poses.inverse(row)
        # A camera's rows are of its inverse poses, a tool's of the poses themselves.
        rows[tick] = poses.to_row(row if kind.name == "camera" else after @ poses.inverse(pose))
        pose = after
    return ActionTrack(kind, rows), Stand(pitch=pitch, pose=pose)


def _per_tick(steering: Steering, num_ticks: int, clock: Clock, speeds: DriveSpeeds) -> tuple[Floats, Floats]:
    """Motion of a tick in the camera's axes (right, down, forward), and its turn to the right and up."""
    wanted = np.array([steering.right, -steering.up, steering.forward])
    # A diagonal is as fast as straight on.
    move = wanted / max(float(np.linalg.norm(wanted)), 1.0) * clock.trained_speed * speeds.move * steering.pace
    held = np.array([steering.yaw, steering.pitch]) * clock.trained_turn * speeds.turn * steering.pace
    most = FASTEST_TURN * clock.trained_turn
    return move, np.clip(held + np.array(steering.turned) / max(num_ticks, 1), -most, most)


def _car(
    steering: Steering, num_ticks: int, stand: Stand, kind: Modality, clock: Clock, speeds: DriveSpeeds
) -> tuple[ActionTrack, Stand]:
    """Rows of a car: forward is throttle, back is reverse; it turns as far as it moves, by yaw or right."""
    pose = np.eye(4) if stand.pose is None else stand.pose
    move, turn = _per_tick(replace(steering, right=0.0, up=0.0), num_ticks, clock, speeds)
    drive = float(move[2])
    steer = float(np.clip(steering.yaw + steering.right, -1, 1)) * clock.trained_turn * speeds.turn
    steer += turn[0] - steering.yaw * clock.trained_turn * speeds.turn * steering.pace
    share = drive / max(clock.trained_speed * speeds.move, 1e-9)
    rows = np.empty((num_ticks, kind.width), np.float32)
    for tick in range(num_ticks):
        # A car's axes: x forward, y left, z up.
        pose = pose @ poses.from_parts(poses.rotation_z(-steer * share), [drive, 0.0, 0.0])
        half = math.atan2(pose[1, 0], pose[0, 0]) / 2
        rows[tick] = [*pose[:3, 3], math.cos(half), 0.0, 0.0, math.sin(half)]
    return ActionTrack(kind, rows), Stand(pose=pose)
