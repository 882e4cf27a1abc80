"""How a take's action rows become the rows a network reads.

"rows" gives them as they are, as the released model reads them. "rows+pose" puts beside each row the pose of its latent seen from
the newest history latent: what the small model needs, which has too few layers to add up eight rows by itself. (The released
driving rows are poses against a reference, too; this does the same for the others.)
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine import poses
from engine.actions.modality import Rows

RowEncoding = Literal["rows", "rows+pose"]
ROW_ENCODINGS: tuple[RowEncoding, ...] = get_args(RowEncoding)


def encode_rows(rows: Rows, num_condition_rows: int, encoding: RowEncoding) -> Rows:
    """Encode the rows (R, A) of a window whose first `num_condition_rows` >= 1 belong to the history.

    Returns (R, A), or (R, A + 12) with poses: top three rows of `E_r @ inverse(E_newest)` minus the identity, where row k leads from
    latent k - 1 to latent k. Only rows that are relative poses (camera, robot) can be encoded so; others pass as they are.
    """
    if encoding == "rows" or rows.shape[1] != 12:
        return rows
    identity = poses.to_row(np.eye(4))
    seen = poses.to_row(_from_newest(rows, num_condition_rows - 1)) - identity
    return np.concatenate([rows, seen], axis=1).astype(np.float32)


def _from_newest(rows: Rows, newest: int) -> NDArray[np.float64]:
    """Poses (R, 4, 4) of every latent relative to latent `newest`."""
    steps = poses.from_row(rows.astype(np.float64))
    extrinsics = [np.eye(4)]
    for step in steps[1:]:
        extrinsics.append(step @ extrinsics[-1])
    whole = np.stack(extrinsics)
    return whole @ np.linalg.inv(whole[newest])
