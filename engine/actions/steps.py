"""Modalities whose rows are relative poses, one step per tick: what camera and robot have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine import poses
from engine.actions.kind import Modality, Motions, Rows
from engine.actions.steering import STEEPEST, TRAINED, DriveSpeeds, Stand, Steering, per_tick
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import interpolated

POSE_COLUMNS = ("r00", "r01", "r02", "tx", "r10", "r11", "r12", "ty", "r20", "r21", "r22", "tz")
NO_MOTION = (1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0, 0)


@dataclass(frozen=True, kw_only=True)
class StepModality(Modality):
    """Rows r00 r01 r02 tx ... of `E_next @ inverse(E_prev)` (reference 7.2)."""

    of_extrinsics: bool
    """Whether E are inverses of the poses that move, as a camera's are, or these poses themselves, as a tool's."""

    def from_poses(self, c2w: Floats) -> Rows:
        keyed = poses.inverse(c2w) if self.of_extrinsics else np.asarray(c2w, np.float64)
        return poses.to_row(poses.relative(keyed[:-1], keyed[1:])).astype(np.float32)

    def to_poses(self, rows: Rows, *, goes_on: bool = False) -> Floats:
        walked = poses.path_from_rows(rows.astype(np.float64))
        return walked if self.of_extrinsics else poses.inverse(walked)

    def retimed(self, rows: Rows, num_ticks: int) -> Rows:
        """Where they end stays where it was; turned by the shortest way, moved on straight lines between ticks."""
        walked = self.to_poses(rows)
        asked = np.linspace(0, len(rows), num_ticks + 1)
        return self.from_poses(interpolated(np.arange(len(walked), dtype=np.float64), walked, asked))

    def step_rotations(self, rows: Rows) -> Floats:
        return poses.from_row(rows)[:, :3, :3]

    def stand_after(self, rows: Rows) -> Stand:
        pose = self.to_poses(rows)[-1]
        return Stand(pitch=float(np.arcsin(np.clip(-pose[1, 2], -1, 1))), pose=pose)

    def from_input(
        self, held: Steering, num_ticks: int, stand: Stand, clock: Clock, speeds: DriveSpeeds = TRAINED
    ) -> tuple[Rows, Stand]:
        """It turns about the vertical, so the horizon stays level however long it is driven.

        Moves are along its own axes, as those of pose lines are: a tick of forward alone is the very row of `w-1`.
        """
        rows = np.empty((num_ticks, self.width), np.float32)
        move, turn = per_tick(held, num_ticks, clock, speeds)
        pose = np.eye(4) if stand.pose is None else stand.pose
        pitch = stand.pitch
        for tick in range(num_ticks):
            up = min(max(pitch + turn[1], -STEEPEST), STEEPEST) - pitch
            # World to camera: the turn about the vertical, seen by a camera that looks up by `pitch`.
            sideways = poses.rotation_y(-turn[0])
            if pitch:
                sideways = poses.rotation_x(-pitch) @ sideways @ poses.rotation_x(pitch)
            row = poses.from_parts(poses.rotation_x(-up) @ sideways, -move)
            pitch += up
            after = pose @ poses.inverse(row)
            rows[tick] = poses.to_row(row if self.of_extrinsics else after @ poses.inverse(pose))
            pose = after
        return rows + np.float32(0), Stand(pitch=pitch, pose=pose)  # -0.0 becomes 0.0

    def moved(self, pose: Floats, row: Rows, clock: Clock) -> Floats:
        return pose @ poses.inverse(poses.from_row(row.astype(np.float64)))

    def motions(self, rows: Rows, clock: Clock) -> Motions:
        values = rows.astype(np.float64)
        return Motions(
            forward=-values[:, 11],
            right=-values[:, 3],
            down=-values[:, 7],
            left_turn=np.arctan2(values[:, 2], values[:, 10]),
            up_turn=np.arcsin(np.clip(values[:, 6], -1, 1)),
        )

    def shown(self, row: Rows, clock: Clock) -> tuple[tuple[str, str], ...]:
        found = self.motions(row[None], clock)
        return (
            ("Speed", f"{found.speed[0]:.3f} u / tick"),
            ("Turn", f"{math.degrees(found.left_turn[0]):+.1f}° / tick"),
            ("Tilt", f"{math.degrees(found.up_turn[0]):+.1f}° / tick"),
        )

    def width_with_poses(self) -> int:
        return 2 * self.width

    def with_poses(self, rows: Rows, newest: int) -> Rows:
        """Beside each row the top of `E_r @ inverse(E_newest)` minus the identity.

        Row k leads from latent k - 1 to latent k.
        """
        extrinsics = [np.eye(4)]
        for step in poses.from_row(rows.astype(np.float64))[1:]:
            extrinsics.append(step @ extrinsics[-1])
        whole = np.stack(extrinsics)
        seen = poses.to_row(whole @ np.linalg.inv(whole[newest])) - poses.to_row(np.eye(4))
        return np.concatenate([rows, seen], axis=1).astype(np.float32)
