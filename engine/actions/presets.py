"""Preset camera moves: those of the released demo, number for number, and named ones of our own.

Source of the released ones: reference 7.3 and 7.4.
"""

from __future__ import annotations

import math

import numpy as np

from engine import poses
from engine.actions.modality import CAMERA, DRIVING, ROBOT, ActionTrack, Rows, modality, rest_rows
from engine.actions.moves import camera_row
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK, Clock

DEFAULT_CHUNKS = 3
"""The length of the released demo, in chunks of the usual length."""
DRIFT = 1 / 3
"""Of the trained speed, sideways: in the released code 0.01."""

RELEASED: dict[str, int] = {f"astra-{n}": n for n in range(1, 8)}

# Each with {n} ticks in all, or {h} and {r} for a first half and the rest.
NAMED: dict[str, str] = {
    "forward": "w-{n}",
    "back": "s-{n}",
    "left": "left-{n}",
    "right": "right-{n}",
    "strafe-left": "a-{n}",
    "strafe-right": "d-{n}",
    "look-up": "up-{n}",
    "look-down": "down-{n}",
    "rise": "e-{n}",
    "sink": "q-{n}",
    "forward-left": "w+left-{n}",
    "forward-right": "w+right-{n}",
    "look-around": "left-{h} right-{r}",
    "out-and-back": "w-{h} s-{r}",
    "orbit-left": "d+left-{n}",
    "orbit-right": "a+right-{n}",
    "hold": "hold-{n}",
}


def preset_names() -> list[str]:
    return [*NAMED, *RELEASED]


def usual_ticks(clock: Clock) -> int:
    """How long a preset lasts where nobody says."""
    return DEFAULT_CHUNKS * clock.latents_per_chunk


def preset(name: str, num_ticks: int | None = None, *, clock: Clock) -> ActionTrack:
    """The preset of that name over `num_ticks` ticks, None: as many as is usual, at the trained speeds of a clock.

    Raises ValueError for an unknown name or no ticks.
    """
    num_ticks = usual_ticks(clock) if num_ticks is None else num_ticks
    if num_ticks < 1:
        raise ValueError(f"a preset needs at least 1 tick, got {num_ticks}")
    if name in RELEASED:
        return ActionTrack(CAMERA, released_motion(RELEASED[name], num_ticks, clock=clock))
    if name not in NAMED:
        raise ValueError(f"unknown preset {name!r}; there are {', '.join(preset_names())}")
    half = num_ticks // 2
    text = NAMED[name].format(n=num_ticks, h=half, r=num_ticks - half)
    return parse_pose_line(" ".join(part for part in text.split() if not part.endswith("-0")), clock=clock)


def released_motion(cam_type: int, num_ticks: int, *, clock: Clock = ASTRA_CLOCK) -> Rows:
    """The moving rows (num_ticks, 12) of the released demo's `cam_type` 1 to 7, at its own speeds or another clock's.

    Raises ValueError for another type.
    """
    halves: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
        1: (("w",), ("w",)),
        2: (("left",), ("left",)),
        3: (("right",), ("right",)),
        4: (("w", "left"), ("w", "left")),
        5: (("w", "right"), ("w", "right")),
        6: (("w", "left"), ("w", "right")),
        7: (("left",), ("right",)),
    }
    if cam_type not in halves:
        raise ValueError(f"the released camera types are 1 to 7, got {cam_type}")
    half = num_ticks // 2
    first, second = (camera_row(moves, clock=clock) for moves in halves[cam_type])
    rows = np.concatenate([np.tile(first, (half, 1)), np.tile(second, (num_ticks - half, 1))])
    if cam_type == 6:
        rows[half : half + (num_ticks - half) // 3, 3] = -DRIFT * clock.trained_speed
    return rows


def released_camera_sequence(cam_type: int, start: int, num_condition: int, num_new: int) -> Rows:
    """All rows of the released demo: rest for the condition latents, the motion, rest to its full length."""
    motion = released_motion(cam_type, num_new)
    before = rest_rows(CAMERA, num_condition)
    after = rest_rows(CAMERA, released_length(start, num_condition, num_new) - num_condition - num_new)
    return np.concatenate([before, motion, after])


def released_length(start: int, num_condition: int, num_new: int) -> int:
    """Rows that the released camera and robot sequences have."""
    return max(start + num_condition + num_new, 20 + num_new, 30)


def released_robot_sequence(start: int, num_condition: int, num_new: int) -> Rows:
    """The released synthetic robot sequence: every row the same small motion."""
    rotation = poses.rotation_z(0.015) @ poses.rotation_y(0.01) @ poses.rotation_x(0.02)
    row = poses.to_row(poses.from_parts(rotation, [0.0015, 0.0009, -0.003])).astype(np.float32)
    assert len(row) == ROBOT.width
    return np.tile(row, (released_length(start, num_condition, num_new), 1))


def released_driving_sequence(num_new: int) -> Rows:
    """The released synthetic driving sequence: a circle of radius 15, 0.04 rad per row."""
    angle = 0.04 * np.arange(max(20 + num_new, 30))
    half_yaw = (angle + math.pi / 2) / 2
    zero = np.zeros_like(angle)
    columns = [15 * np.sin(angle), zero, 15 * (1 - np.cos(angle)), np.cos(half_yaw), zero, zero, np.sin(half_yaw)]
    return np.stack(columns, axis=1).astype(np.float32)


def driving_rows_from_keyframes(translations: np.ndarray, quaternions_wxyz: np.ndarray, num_rows: int) -> Rows:
    """Driving rows of key frames as the released demo makes them: translation since the first one, quaternion as it is.

    Past the end it has zeros and the unit quaternion, a jump back to the first key frame.
    """
    moved = np.asarray(translations, np.float64) - np.asarray(translations, np.float64)[0]
    rows = np.concatenate([moved, np.asarray(quaternions_wxyz, np.float64)], axis=1).astype(np.float32)
    missing = max(0, num_rows - len(rows))
    return np.concatenate([rows[:num_rows], rest_rows(DRIVING, missing)])


def rows_from_extrinsics(extrinsics: np.ndarray, num_rows: int, stride: int = 4, kind: str = "camera") -> Rows:
    """Rows of world-to-camera matrices (F, 4, 4), one per video frame: the motion from frame 4i to 4i + 4.

    Past the end of the data the camera rests (fixes B13; the released code puts zeros there, which is no pose).
    """
    keyed = np.asarray(extrinsics, np.float64)[::stride]
    moves = poses.to_row(poses.relative(keyed[:-1], keyed[1:])).astype(np.float32)
    return ActionTrack(modality(kind), moves).padded(num_rows).rows
