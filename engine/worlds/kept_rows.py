"""Action rows of a take that its later chunks can still see: a bounded number, however long the take is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.actions.modality import ActionTrack, Modality, Rows
from engine.models.window import ANCHOR_REACH, UPSTREAM_HISTORY

HEAD_ROWS = UPSTREAM_HISTORY + 64
"""The released loop reads the rows from the take's first on (B1): those of its history, and of a chunk of 64."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptRows:
    """The first and the last rows of a take of `num_rows`.

    Attributes:
        head: (at most 164, A), from row 0 on.
        tail: (R, A), up to the last row.
    """

    modality: Modality
    num_rows: int
    head: Rows = field(repr=False)
    tail: Rows = field(repr=False)

    @property
    def num_bytes(self) -> int:
        return self.head.nbytes + self.tail.nbytes

    def appended(self, actions: ActionTrack) -> KeptRows:
        """With the rows of the next chunk, of which none is dropped."""
        missing = HEAD_ROWS - len(self.head)
        return KeptRows(
            modality=self.modality,
            num_rows=self.num_rows + len(actions),
            head=np.concatenate([self.head, actions.rows[:missing]]) if missing > 0 else self.head,
            tail=np.concatenate([self.tail, actions.rows]),
        )

    def trimmed(self) -> KeptRows:
        """Without the rows that no later chunk sees."""
        return KeptRows(
            modality=self.modality, num_rows=self.num_rows, head=self.head, tail=self.tail[-ANCHOR_REACH:].copy()
        )

    def read(self, first: int, count: int) -> ActionTrack:
        """Rows first..first + count - 1 of the take. Raises ValueError for rows that are no longer kept."""
        first_of_tail = self.num_rows - len(self.tail)
        if first_of_tail <= first and first + count <= self.num_rows:
            return ActionTrack(self.modality, self.tail[first - first_of_tail : first - first_of_tail + count])
        if first >= 0 and first + count <= len(self.head):
            return ActionTrack(self.modality, self.head[first : first + count])
        raise ValueError(
            f"of {self.num_rows} action rows the first {len(self.head)} and the last {len(self.tail)} are kept, asked "
            f"for {first} to {first + count - 1}"
        )


def kept_rows(actions: ActionTrack) -> KeptRows:
    """What is kept of a take with these rows."""
    rows = actions.rows
    return KeptRows(
        modality=actions.modality, num_rows=len(rows), head=rows[:HEAD_ROWS].copy(), tail=rows[-ANCHOR_REACH:].copy()
    )
