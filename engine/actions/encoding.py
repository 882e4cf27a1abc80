"""How a take's action rows become the rows a network reads.

"rows" gives them as they are, as the released model reads them. "rows+pose" tells where each latent is as seen from
the newest history latent: what the small model needs, which has too few layers to add up eight steps by itself. The
released training does the same for driving rows, whose reference is the last condition key frame.
"""

from __future__ import annotations

from typing import Literal, get_args

from engine.actions.modality import Modality, Rows

RowEncoding = Literal["rows", "rows+pose"]
ROW_ENCODINGS: tuple[RowEncoding, ...] = get_args(RowEncoding)


def encoded_width(kind: Modality, encoding: RowEncoding) -> int:
    """Numbers per encoded row."""
    return kind.width if encoding == "rows" else kind.width_with_poses()


def encode_rows(rows: Rows, kind: Modality, num_condition_rows: int, encoding: RowEncoding) -> Rows:
    """Encode the rows (R, A) of a window whose first `num_condition_rows` >= 1 belong to the history.

    With "rows+pose" each modality puts poses beside its rows, or tells them from the newest history row, in its own
    way (`Modality.with_poses`).
    """
    if encoding == "rows":
        return rows
    return kind.with_poses(rows, num_condition_rows - 1)
