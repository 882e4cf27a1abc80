"""How a take's action rows become the rows a network reads.

"rows" gives them as they are, as the released model reads them. "rows+pose" tells where each latent is as seen from
the newest history latent: what the small model needs, which has too few layers to add up eight steps by itself. The
released training does the same for driving rows, whose reference is the last condition key frame.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine import poses
from engine.actions.modality import Modality, Rows

RowEncoding = Literal["rows", "rows+pose"]
ROW_ENCODINGS: tuple[RowEncoding, ...] = get_args(RowEncoding)


def encoded_width(kind: Modality, encoding: RowEncoding) -> int:
    """Numbers per encoded row."""
    return kind.width if encoding == "rows" or kind.is_absolute else 2 * kind.width


def encode_rows(rows: Rows, kind: Modality, num_condition_rows: int, encoding: RowEncoding) -> Rows:
    """Encode the rows (R, A) of a window whose first `num_condition_rows` >= 1 belong to the history.

    With "rows+pose", steps (camera, robot) get poses put beside them, (R, 2 A): top three rows of `E_r @
    inverse(E_newest)` minus the identity, where row k leads from latent k - 1 to latent k. Poses (driving) are told
    from the newest history row, (R, A).
    """
    if encoding == "rows":
        return rows
    newest = num_condition_rows - 1
    if kind.is_absolute:
        return _driving_from(rows, newest)
    seen = poses.to_row(_steps_from(rows, newest)) - poses.to_row(np.eye(4))
    return np.concatenate([rows, seen], axis=1).astype(np.float32)


def _steps_from(rows: Rows, newest: int) -> NDArray[np.float64]:
    """Poses (R, 4, 4) of every latent relative to latent `newest`, of rows that are steps."""
    steps = poses.from_row(rows.astype(np.float64))
    extrinsics = [np.eye(4)]
    for step in steps[1:]:
        extrinsics.append(step @ extrinsics[-1])
    whole = np.stack(extrinsics)
    return whole @ np.linalg.inv(whole[newest])


def _driving_from(rows: Rows, newest: int) -> Rows:
    """Driving rows told from row `newest`: `R_ref^T (t - t_ref)` and `conj(q_ref) q`, with a positive w."""
    values = rows.astype(np.float64)
    reference = values[newest]
    w, x, y, z = reference[3:] / np.linalg.norm(reference[3:])
    rotation = poses.quaternion_to_matrix([x, y, z, w])
    moved = (values[:, :3] - reference[:3]) @ rotation
    turned = values[:, 3:] @ _left_product([w, -x, -y, -z]).T
    turned *= np.where(turned[:, :1] < 0, -1.0, 1.0)
    return np.concatenate([moved, turned], axis=1).astype(np.float32)


def _left_product(quaternion_wxyz: list[float]) -> NDArray[np.float64]:
    """4 x 4 matrix that multiplies w-first quaternions by this one from the left."""
    w, x, y, z = quaternion_wxyz
    return np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]])
