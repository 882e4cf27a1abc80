"""Rows that a take keeps: all that later chunks see, and no more, however long it is."""

from __future__ import annotations

import numpy as np
import pytest

from engine.actions.modality import CAMERA, ActionTrack
from engine.models.window import HISTORY_MODES, plan_window
from engine.worlds.kept_rows import KeptRows, kept_rows


def track(first: int, count: int) -> ActionTrack:
    """Rows that hold their own number."""
    return ActionTrack(CAMERA, np.arange(first, first + count, dtype=np.float32)[:, None] * np.ones(12, np.float32))


def walked(num_chunks: int, length: int) -> KeptRows:
    kept = kept_rows(track(0, 1))
    for index in range(num_chunks):
        kept = kept.appended(track(1 + index * length, length)).trimmed()
    return kept


@pytest.mark.parametrize("mode", HISTORY_MODES)
@pytest.mark.parametrize("length", [1, 8, 64])
def test_every_row_that_a_plan_names_is_kept(mode: str, length: int) -> None:
    kept = kept_rows(track(0, 1))
    for _ in range(40):
        with_chunk = kept.appended(track(kept.num_rows, length))
        plan = plan_window(kept.num_rows, length, mode)
        rows = with_chunk.read(plan.first_row, plan.num_rows).rows
        assert rows[:, 0].tolist() == list(range(plan.first_row, plan.first_row + plan.num_rows))
        kept = with_chunk.trimmed()


def test_what_is_kept_does_not_grow() -> None:
    assert walked(200, 8).num_bytes == walked(25, 8).num_bytes


def test_rebuilt_it_is_what_was_kept() -> None:
    made, rebuilt = walked(50, 8), kept_rows(track(0, 401))
    assert made.num_rows == rebuilt.num_rows
    assert np.array_equal(made.head, rebuilt.head)
    assert np.array_equal(made.tail, rebuilt.tail)


def test_rows_that_are_gone_are_refused() -> None:
    with pytest.raises(ValueError, match="of 401 action rows the first 164 and the last 30 are kept, asked for 200 to"):
        walked(50, 8).read(200, 8)
