"""Motion between timed poses as action rows: interpolation, and which poses make which row.

A track holds poses of what moves, as matrices from its own axes to the world's: the camera (camera-to-world), the car
(ego-to-world) or a robot's tool (tool-to-base). Latent k of a clip ends at its frame 4k; the pose there is its tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine import poses
from engine.actions.modality import CAMERA, Modality, Rows
from engine.actions.presets import driving_rows_from_keyframes, rows_from_extrinsics
from engine.rotations import interpolated, quaternions
from engine.training.datasets.errors import ClipError

Floats = NDArray[np.float64]

RowStyle = Literal["aligned", "released"]
"""Which motion row k holds. "aligned": the one that leads into latent k, as the bundled world is trained. "released":
the one that leaves it, as in reference 7.1, so that it shows one latent later; it is what released weights know.
Driving rows are the pose of latent k in both, "aligned" in the axes of the clip's first pose, "released" in the data
set's (reference 7.4)."""
ROW_STYLES: tuple[RowStyle, ...] = get_args(RowStyle)

MAX_SKEW = 2e-2
"""How far R^T R may be from the identity before a matrix is no rotation; estimated poses are not exactly rigid."""
TIME_SLACK = 1e-6
"""How far outside a track a time may lie and still count as its end, in the track's own unit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseTrack:
    """Poses over time: `times` (N,) strictly rising, `poses` (N, 4, 4) rigid, N >= 2. Raises ClipError otherwise."""

    times: Floats
    poses: Floats

    def __post_init__(self) -> None:
        times, matrices = np.asarray(self.times, np.float64), np.asarray(self.poses, np.float64)
        if matrices.shape[1:] != (4, 4) or len(matrices) != len(times) or len(times) < 2:
            raise ClipError(
                f"a pose track needs 2 or more 4 x 4 matrices and as many times, got shapes {matrices.shape} and "
                f"{times.shape}"
            )
        if not np.isfinite(times).all() or not (np.diff(times) > 0).all():
            raise ClipError("the times of the poses do not rise throughout, so their order is not known")
        _check_rigid(matrices)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "poses", matrices)

    def at(self, times: Floats) -> Floats:
        """Poses (M, 4, 4) at times (M,) within the track: turned by slerp, moved linearly between its own."""
        instants = np.asarray(times, np.float64)
        first, last = self.times[0], self.times[-1]
        assert (instants >= first - TIME_SLACK).all(), "before the first pose"
        assert (instants <= last + TIME_SLACK).all(), "after the last pose"
        return interpolated(self.times, self.poses, instants)


def action_rows(ticks: Floats, kind: Modality, num_latents: int, style: RowStyle) -> Rows:
    """Rows (num_latents, width) of a clip from the poses at its ticks.

    Args:
        ticks: (num_latents, 4, 4), or one more: the released rows reach one tick past the clip, and where the data ends
            there the last row rests (fixes B13).
    """
    assert num_latents <= len(ticks) <= num_latents + 1
    if kind.step_rotations(kind.resting(1)) is None:
        keyframes = ticks[:num_latents]
        if style == "aligned":
            keyframes = poses.inverse(keyframes[0]) @ keyframes
        turns = quaternions(keyframes[:, :3, :3])[:, [3, 0, 1, 2]]
        return driving_rows_from_keyframes(keyframes[:, :3, 3], turns, num_latents)
    # A camera's row holds the world's motion in camera axes, which is that of its extrinsics.
    keyed = poses.inverse(ticks) if kind is CAMERA else ticks
    if style == "released":
        return rows_from_extrinsics(keyed, num_latents, stride=1, kind=kind.name)
    moves = poses.to_row(poses.relative(keyed[: num_latents - 1], keyed[1:num_latents]))
    return np.concatenate([np.asarray(kind.rest)[None], moves]).astype(np.float32)


def poses_from_vectors(vectors: Floats) -> Floats:
    """Matrices (N, 4, 4) of vectors (N, 7) tx ty tz qx qy qz qw. Raises ClipError for another shape or no rotation."""
    values = np.asarray(vectors, np.float64)
    if values.ndim != 2 or values.shape[1] != 7:
        raise ClipError(f"poses as vectors need 7 numbers each (tx ty tz qx qy qz qw), got shape {values.shape}")
    out = np.tile(np.eye(4), (len(values), 1, 1))
    try:
        out[:, :3, :3] = poses.quaternion_to_matrix(values[:, 3:])
    except ValueError as error:
        raise ClipError(f"the poses cannot be used: {error}") from error
    out[:, :3, 3] = values[:, :3]
    return out


def _check_rigid(matrices: Floats) -> None:
    finite = np.isfinite(matrices).all(axis=(1, 2))
    if not finite.all():
        raise ClipError(f"pose {int(np.argmin(finite))} holds a number that is not finite")
    rotations = matrices[:, :3, :3]
    skew = np.abs(np.swapaxes(rotations, 1, 2) @ rotations - np.eye(3)).max(axis=(1, 2))
    mirrored = np.linalg.det(rotations) < 0
    wrong = (skew > MAX_SKEW) | mirrored | (np.abs(matrices[:, 3] - [0, 0, 0, 1]).max(axis=1) > MAX_SKEW)
    if wrong.any():
        number = int(np.argmax(wrong))
        why = "it is mirrored" if mirrored[number] else f"R^T R is {skew[number]:.2g} off the identity"
        raise ClipError(f"pose {number} is no rigid motion: {why}. Check the layout and the convention of the file")
