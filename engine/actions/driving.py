"""The driving modality: ego poses against a key frame, which the released model calls nuscenes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from engine import poses
from engine.actions.kind import Modality, Rows
from engine.actions.steering import TRAINED, DriveSpeeds, Stand, Steering, per_tick
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import assembled, interpolated, quaternions

VEHICLE: Floats = poses.from_parts([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
"""Columns: OpenCV's right, down and forward in the axes of a car: x forward, y left, z up."""


@dataclass(frozen=True, kw_only=True)
class DrivingModality(Modality):
    """Rows tx ty tz qw qx qy qz: places, so that standing still repeats a row (reference 7.1, 7.4)."""

    def holding(self, last: Rows, num_ticks: int) -> Rows:
        return np.tile(np.asarray(last, np.float32), (num_ticks, 1))

    def goes_beyond(self, tail: Rows) -> bool:
        """A car stands at the end of its path."""
        return False

    def from_poses(self, c2w: Floats) -> Rows:
        """Row k is pose k against the first one, in the axes of a car."""
        car = c2w @ poses.inverse(VEHICLE)
        seen = poses.inverse(car[0]) @ car
        moved = seen[:, :3, 3] - seen[0, :3, 3]
        return np.concatenate([moved, _w_first(seen)], axis=1).astype(np.float32)[: len(c2w) - 1]

    def to_poses(self, rows: Rows, *, goes_on: bool = False) -> Floats:
        """The rows tell n poses; the last stands once more, or is gone beyond as it was reached."""
        if not len(rows):
            return VEHICLE[None].copy()
        seen = _places(rows) @ VEHICLE
        last = seen[-1] @ poses.inverse(seen[-2]) @ seen[-1] if goes_on and len(seen) > 1 else seen[-1]
        return np.concatenate([seen, last[None]])

    def retimed(self, rows: Rows, num_ticks: int) -> Rows:
        """The first row stays as it is: what comes before it is not ours to know."""
        asked = np.linspace(0, len(rows) - 1, num_ticks)
        if len(rows) == 1:
            return self.holding(rows[0], num_ticks)
        found = interpolated(np.arange(len(rows), dtype=np.float64), _places(rows), asked)
        return np.concatenate([found[:, :3, 3], _w_first(found)], axis=1).astype(np.float32)

    def stand_after(self, rows: Rows) -> Stand:
        return Stand(pose=_places(rows[-1:])[0])

    def from_input(
        self, held: Steering, num_ticks: int, stand: Stand, clock: Clock, speeds: DriveSpeeds = TRAINED
    ) -> tuple[Rows, Stand]:
        """Forward is throttle, back is reverse; it turns as far as it moves, by yaw or right."""
        pose = np.eye(4) if stand.pose is None else stand.pose
        move, turn = per_tick(replace(held, right=0.0, up=0.0), num_ticks, clock, speeds)
        drive, full = float(move[2]), clock.trained_turn * speeds.turn
        steer = float(np.clip(held.yaw + held.right, -1, 1)) * full + turn[0] - held.yaw * full * held.pace
        share = drive / max(clock.trained_speed * speeds.move, 1e-9)
        step = poses.from_parts(poses.rotation_z(-steer * share), [drive, 0.0, 0.0])
        rows = np.empty((num_ticks, self.width), np.float32)
        for tick in range(num_ticks):
            pose = pose @ step
            half = math.atan2(pose[1, 0], pose[0, 0]) / 2
            rows[tick] = [*pose[:3, 3], math.cos(half), 0.0, 0.0, math.sin(half)]
        return rows, Stand(pose=pose)

    def moved(self, pose: Floats, row: Rows, clock: Clock) -> Floats:
        """By its translation alone."""
        moved = pose.copy()
        moved[:3, 3] += row[:3]
        return moved

    def shown(self, row: Rows, clock: Clock) -> tuple[tuple[str, str], ...]:
        x, y, z, w, _, _, turn = (float(value) for value in row)
        heading = math.degrees(2 * math.atan2(turn, w))
        return (("Place", f"{x:.2f}, {y:.2f}, {z:.2f}"), ("Heading", f"{heading:+.1f}°"))

    def with_poses(self, rows: Rows, newest: int) -> Rows:
        """Told from row `newest`: `R_ref^T (t - t_ref)` and `conj(q_ref) q`, with a positive w."""
        values = rows.astype(np.float64)
        reference = values[newest]
        w, x, y, z = reference[3:] / np.linalg.norm(reference[3:])
        rotation = poses.quaternion_to_matrix([x, y, z, w])
        moved = (values[:, :3] - reference[:3]) @ rotation
        turned = values[:, 3:] @ _left_product([w, -x, -y, -z]).T
        turned *= np.where(turned[:, :1] < 0, -1.0, 1.0)
        return np.concatenate([moved, turned], axis=1).astype(np.float32)


def _places(rows: Rows) -> Floats:
    """Poses (N, 4, 4) of rows (N, 7)."""
    values = rows.astype(np.float64)
    return assembled(poses.quaternion_to_matrix(values[:, [4, 5, 6, 3]]), values[:, :3])


def _w_first(places: Floats) -> Floats:
    """Quaternions (N, 4), w first, of poses (N, 4, 4)."""
    return quaternions(places[:, :3, :3])[:, [3, 0, 1, 2]]


def _left_product(quaternion_wxyz: list[float]) -> Floats:
    """4 x 4 matrix that multiplies w-first quaternions by this one from the left."""
    w, x, y, z = quaternion_wxyz
    return np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]])


DRIVING = DrivingModality(
    name="driving",
    label="Car",
    width=7,
    rest=(0.0, 0, 0, 1.0, 0, 0, 0),
    columns=("tx", "ty", "tz", "qw", "qx", "qy", "qz"),
    meaning="ego pose against a reference key frame: metres (or scene units), x forward, y left, z up, and a w-first "
    "quaternion",
    released_name="nuscenes",
    stays_level=True,
)
