"""Rigid camera poses: the law on axes, direction, units and quaternion order for the whole project.

* **Axes** are OpenCV's: x right, y down, z forward (into the picture). A turn to the left is a negative rotation
  about y.
* A **pose** is a 4 x 4 float64 matrix. `c2w` maps camera to world coordinates (its last column is the camera's
  position); `w2c`, the extrinsics, is its inverse. Paths are kept as c2w; action rows are made from w2c.
* **Units**: rotations in radians, translations in scene units. How far a world goes in a tick is its clock's to say
  (`engine.clock`).
* **Quaternions** are unit and ordered x, y, z, w, except in driving action rows, which are w first.
* A **relative pose** is `E_next @ inverse(E_prev)` of two extrinsics (reference 7.2). Constant changes of the world
frame
  cancel in it. Moving forward gives t_z < 0, moving right t_x < 0, turning left r02 > 0, looking up r12 > 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def inverse(poses: ArrayLike) -> Floats:
    """Invert rigid poses (..., 4, 4) by transposing the rotation, which keeps det R = +1 exactly rigid."""
    matrices = np.asarray(poses, dtype=np.float64)
    out = np.zeros_like(matrices)
    rotation = np.swapaxes(matrices[..., :3, :3], -1, -2)
    out[..., :3, :3] = rotation
    out[..., :3, 3] = -np.einsum("...ij,...j->...i", rotation, matrices[..., :3, 3])
    out[..., 3, 3] = 1.0
    return out


def relative(previous_w2c: ArrayLike, next_w2c: ArrayLike) -> Floats:
    """`E_next @ inverse(E_prev)` for extrinsics (..., 4, 4). Source: reference 7.2, first form.

    Uses the general inverse, not the rigid one: extrinsics in data sets are not exactly orthonormal and the
    reference inverts them as they are.
    """
    return np.asarray(next_w2c, np.float64) @ np.linalg.inv(np.asarray(previous_w2c, np.float64))


def relative_7(previous: ArrayLike, following: ArrayLike) -> Floats:
    """Relative 3 x 4 of two 7-vectors (..., tx ty tz qx qy qz qw). Source: reference 7.2, second form (SpatialVID).

    Rotation `R_next R_prev^T`, translation `R_prev^T (t_next - t_prev)`: not the SE(3) quantity of `relative`. Kept
    because released weights saw it.
    """
    a, b = np.asarray(previous, np.float64), np.asarray(following, np.float64)
    rotation_a, rotation_b = quaternion_to_matrix(a[..., 3:]), quaternion_to_matrix(b[..., 3:])
    rotation = rotation_b @ np.swapaxes(rotation_a, -1, -2)
    translation = np.einsum("...ji,...j->...i", rotation_a, b[..., :3] - a[..., :3])
    return np.concatenate([rotation, translation[..., None]], axis=-1)


def quaternion_to_matrix(quaternions: ArrayLike) -> Floats:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4) in x, y, z, w order; any non-zero length is accepted."""
    q = np.asarray(quaternions, np.float64)
    largest = np.abs(q).max(-1, keepdims=True)
    if np.any(largest == 0) or not np.all(np.isfinite(largest)):
        raise ValueError("a quaternion of length zero, or with a value that is not finite, has no rotation")
    q = q / largest  # so that no length, however great or small, overflows when squared
    x, y, z, w = np.moveaxis(q / np.linalg.norm(q, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def rotation_x(angle: float) -> Floats:
    """3 x 3 right-handed rotation about x by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


def rotation_y(angle: float) -> Floats:
    """3 x 3 right-handed rotation about y by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1.0, 0], [-s, 0, c]])


def rotation_z(angle: float) -> Floats:
    """3 x 3 right-handed rotation about z by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def from_parts(rotation: ArrayLike | None = None, translation: ArrayLike | None = None) -> Floats:
    """A 4 x 4 pose of a 3 x 3 rotation (identity when absent) and a translation of 3 (zero when absent)."""
    out = np.eye(4)
    if rotation is not None:
        out[:3, :3] = rotation
    if translation is not None:
        out[:3, 3] = translation
    return out


def to_row(pose: ArrayLike) -> Floats:
    """The 12 numbers of the top three rows of poses (..., 4, 4), row-major: r00 r01 r02 tx r10 ... tz."""
    matrices = np.asarray(pose, np.float64)
    return matrices[..., :3, :].reshape(*matrices.shape[:-2], 12)


def from_row(rows: ArrayLike) -> Floats:
    """Poses (..., 4, 4) of rows of 12 numbers: the inverse of `to_row`."""
    values = np.asarray(rows, np.float64)
    out = np.zeros((*values.shape[:-1], 4, 4))
    out[..., :3, :] = values.reshape(*values.shape[:-1], 3, 4)
    out[..., 3, 3] = 1.0
    return out


def path_from_rows(rows: ArrayLike) -> Floats:
    """Camera-to-world poses (n + 1, 4, 4) walked by n camera rows, starting at the identity."""
    extrinsics = [np.eye(4)]
    for step in from_row(rows):
        extrinsics.append(step @ extrinsics[-1])
    return inverse(np.stack(extrinsics))
