"""Random commands in each modality, and the exact poses that follow them.

A clip is a path of poses, one per video frame; a tick spans four frames of even motion. Row k belongs to latent k:
for steps the motion that leads from latent k - 1 into it, for driving the pose there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine import poses
from engine.actions.modality import CAMERA, Modality, Rows
from engine.clock import ASTRA_CLOCK

FRAMES_PER_TICK = ASTRA_CLOCK.frames_per_latent


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Movement over one tick, in the camera's own axes."""

    forward: float = 0.0
    right: float = 0.0
    up: float = 0.0
    yaw_left: float = 0.0
    """Radians; positive turns left."""
    pitch_up: float = 0.0
    """Radians; positive looks up."""


@dataclass(frozen=True)
class Limits:
    """Largest motion per tick, in scene units and radians."""

    forward: float = 0.05
    right: float = 0.035
    up: float = 0.02
    yaw: float = 0.05
    pitch: float = 0.03
    total_pitch: float = 0.3
    lowest: float = -0.08
    """How far the camera may sink below where it started."""
    highest: float = 0.3


# Weight of each kind of command. Forward and pitch are learnt last, so they come more often.
_KINDS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.10, ()),
    (0.17, ("forward",)),
    (0.07, ("back",)),
    (0.13, ("yaw",)),
    (0.10, ("right",)),
    (0.12, ("pitch",)),
    (0.05, ("up",)),
    (0.14, ("forward", "yaw")),
    (0.04, ("forward", "right")),
    (0.04, ("forward", "pitch")),
    (0.04, ("yaw", "pitch")),
)


def random_motions(rng: np.random.Generator, num_ticks: int, limits: Limits = Limits()) -> list[Motion]:
    """Held keys: each kind of command lasts 2 to 10 ticks at one speed."""
    weights = np.array([weight for weight, _ in _KINDS])
    motions: list[Motion] = []
    pitch = height = 0.0
    while len(motions) < num_ticks:
        kind = _KINDS[rng.choice(len(_KINDS), p=weights / weights.sum())][1]
        values = {name: rng.uniform(0.35, 1.0) * rng.choice((-1.0, 1.0)) for name in ("right", "up", "yaw", "pitch")}
        speed = rng.uniform(0.35, 1.0)
        for _ in range(int(rng.integers(2, 11))):
            turn_up = values["pitch"] * limits.pitch if "pitch" in kind else 0.0
            if abs(pitch + turn_up) > limits.total_pitch:
                values["pitch"] *= -1
                turn_up *= -1
            rise = values["up"] * limits.up if "up" in kind else 0.0
            if not limits.lowest < height + rise < limits.highest:
                values["up"] *= -1
                rise *= -1
            pitch, height = pitch + turn_up, height + rise
            motions.append(
                Motion(
                    forward=limits.forward * speed * (("forward" in kind) - ("back" in kind)),
                    right=values["right"] * limits.right if "right" in kind else 0.0,
                    up=rise,
                    yaw_left=values["yaw"] * limits.yaw if "yaw" in kind else 0.0,
                    pitch_up=turn_up,
                )
            )
    return motions[:num_ticks]


def frame_poses(motions: list[Motion], start: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Camera-to-world poses (1 + 4 x ticks, 4, 4) of a path: turns are about the world's vertical, moves are level.

    A turn about the vertical and a level move are what a person's keys mean, also while looking up.
    """
    pose = np.eye(4) if start is None else np.array(start)
    path = [pose]
    heading = 0.0
    pitch = 0.0
    position = pose[:3, 3].copy()
    for motion in motions:
        for _ in range(FRAMES_PER_TICK):
            step = 1.0 / FRAMES_PER_TICK
            # Half the turn, the move, half the turn: the same path whichever way it is run.
            heading += 0.5 * step * motion.yaw_left
            facing = np.array([-math.sin(heading), 0.0, math.cos(heading)])
            aside = np.array([math.cos(heading), 0.0, math.sin(heading)])
            position = position + step * (
                motion.forward * facing + motion.right * aside + motion.up * np.array([0, -1.0, 0])
            )
            heading += 0.5 * step * motion.yaw_left
            pitch += step * motion.pitch_up
            rotation = poses.rotation_y(-heading) @ poses.rotation_x(pitch)
            path.append(poses.from_parts(rotation, position))
    return np.stack(path)


def camera_rows(path: NDArray[np.float64]) -> Rows:
    """Rows (1 + ticks, 12) of a path of frames: row 0 rests, row k leads from latent k - 1 into latent k."""
    extrinsics = poses.inverse(path[::FRAMES_PER_TICK])
    moves = poses.to_row(poses.relative(extrinsics[:-1], extrinsics[1:]))
    return np.concatenate([np.asarray(CAMERA.rest)[None], moves]).astype(np.float32)


def random_drive(rng: np.random.Generator, num_ticks: int) -> list[Motion]:
    """Driving: forward (seldom back) at a speed that changes little, turning by the curvature of the road times the
    speed."""
    motions: list[Motion] = []
    while len(motions) < num_ticks:
        speed = rng.choice((0.0, rng.uniform(0.02, 0.09), -0.03), p=(0.1, 0.85, 0.05))
        curvature = 0.0 if rng.random() < 0.3 else rng.uniform(-1.2, 1.2)
        for _ in range(int(rng.integers(3, 13))):
            yaw = float(np.clip(speed * curvature, -0.06, 0.06))
            motions.append(Motion(forward=speed, yaw_left=yaw))
    return motions[:num_ticks]


def driving_rows(path: NDArray[np.float64]) -> Rows:
    """Rows (1 + ticks, 7) of a level path of frames: ego poses (x forward, y left, z up) against the first one."""
    keyed = path[::FRAMES_PER_TICK]
    moved = keyed[:, :3, 3] - keyed[0, :3, 3]
    heading = np.arctan2(-keyed[:, 0, 2], keyed[:, 2, 2])
    zero = np.zeros(len(keyed))
    columns = [moved[:, 2], -moved[:, 0], -moved[:, 1], np.cos(heading / 2), zero, zero, np.sin(heading / 2)]
    return np.stack(columns, axis=1).astype(np.float32) + np.float32(0)  # -0.0 becomes 0.0


@dataclass(frozen=True)
class Reach:
    """The box in which a gripper moves, in the camera's axes."""

    low: tuple[float, float, float] = (-0.45, -0.32, 0.75)
    high: tuple[float, float, float] = (0.45, 0.18, 1.5)
    step: float = 0.06


CLOSE_REACH = Reach(low=(-0.28, -0.2, 0.42), high=(0.28, 0.12, 0.85), step=0.05)
"""One near the camera: the gripper takes up to half of the picture, and so do its moves."""


def random_reach(rng: np.random.Generator, num_ticks: int, reach: Reach = Reach()) -> NDArray[np.float64]:
    """Positions (1 + 4 x ticks, 3) of a gripper that is moved along one or two axes at a time."""
    low, high = np.array(reach.low), np.array(reach.high)
    position = rng.uniform(low, high)
    path = [position]
    while len(path) < 1 + FRAMES_PER_TICK * num_ticks:
        axes = rng.random(3) < 0.45
        velocity = np.where(axes, rng.uniform(0.3, 1.0) * rng.choice((-1.0, 1.0), 3), 0.0) * reach.step
        for _ in range(FRAMES_PER_TICK * int(rng.integers(2, 8))):
            step = velocity / FRAMES_PER_TICK
            leaves = (position + step < low) | (position + step > high)
            velocity = np.where(leaves, -velocity, velocity)
            position = position + velocity / FRAMES_PER_TICK
            path.append(position)
    return np.stack(path[: 1 + FRAMES_PER_TICK * num_ticks])


def robot_rows(positions: NDArray[np.float64]) -> Rows:
    """Rows (1 + ticks, 12) of a gripper's path: its relative pose over each tick, in the camera's axes; it never
    turns."""
    moved = np.diff(positions[::FRAMES_PER_TICK], axis=0, prepend=positions[:1])
    rows = np.tile(np.asarray(CAMERA.rest), (len(moved), 1))
    rows[:, [3, 7, 11]] = moved
    return rows.astype(np.float32)


def strength(rows: Rows, kind: Modality = CAMERA, aside: float = 1.0) -> NDArray[np.float32]:
    """How much each row asks for: translation plus rotation, a camera's forward and pitch counted twice and its steps
    aside `aside` times."""
    if kind.step_rotations(kind.resting(1)) is None:
        moved = np.abs(np.diff(rows, axis=0, prepend=rows[:1]))
        return (moved[:, :3].sum(1) + 2 * moved[:, 3:].sum(1)).astype(np.float32)
    weights = np.array([aside if kind is CAMERA else 1, 1, 2], np.float32)
    translation = np.abs(rows[:, [3, 7, 11]]) * weights
    rotation = np.abs(rows[:, [2, 6]]) * np.array([1, 2], np.float32)
    return (translation.sum(1) + rotation.sum(1)).astype(np.float32)
