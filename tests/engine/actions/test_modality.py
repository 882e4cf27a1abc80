"""Action rows and tracks: what is a valid one, and how they are cut, padded and rounded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.actions.modality import (
    CAMERA,
    DRIVING,
    MODALITIES,
    ActionTrack,
    modality,
    rest_rows,
    round_to_bfloat16,
)

few = settings(deadline=None, max_examples=25)


def numbered(num_ticks: int) -> ActionTrack:
    """A track whose tick i holds i in its first column."""
    rows = rest_rows(CAMERA, num_ticks)
    rows[:, 0] = np.arange(num_ticks)
    return ActionTrack(CAMERA, rows)


@pytest.mark.parametrize("kind", MODALITIES.values(), ids=MODALITIES)
def test_a_modality_goes_by_our_name_and_by_the_released_one(kind):
    assert modality(kind.name) is kind
    assert modality(kind.released_name) is kind


def test_an_unknown_modality_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match=r"'boat'.*camera, driving, robot"):
        modality("boat")


@pytest.mark.parametrize("shape", [(12,), (3, 13), (3, 7), (1, 3, 12), ()])
def test_rows_of_another_shape_are_refused_with_the_columns_wanted(shape):
    with pytest.raises(ValueError, match=r"12 numbers \(r00 .* tz\), got an array of shape"):
        ActionTrack(CAMERA, np.zeros(shape, np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
def test_numbers_that_float32_cannot_hold_are_refused_by_row_and_column(bad):
    rows = rest_rows(DRIVING, 5).astype(np.float64)
    rows[3, 2] = bad
    with pytest.raises(ValueError, match=r"row 3 holds -?(nan|inf) in column tz"):
        ActionTrack(DRIVING, rows)


def test_a_track_is_a_value_that_its_source_cannot_change():
    rows = rest_rows(CAMERA, 2)
    track = ActionTrack(CAMERA, rows)
    rows[0, 0] = 99
    assert track.rows[0, 0] == 1


def test_rows_become_float32():
    assert ActionTrack(DRIVING, rest_rows(DRIVING, 1).astype(np.float64)).rows.dtype == np.float32


@few
@given(st.integers(0, 12), st.integers(0, 20))
def test_padding_keeps_the_ticks_and_rests_after_them(num_ticks, wanted):
    padded = numbered(num_ticks).padded(wanted)
    kept = min(num_ticks, wanted)
    assert len(padded) == wanted
    assert np.array_equal(padded.rows[:kept, 0], np.arange(kept))
    assert np.array_equal(padded.rows[kept:], rest_rows(CAMERA, wanted - kept))


@few
@given(st.integers(0, 12), st.integers(0, 20), st.integers(0, 8))
def test_a_slice_is_the_same_ticks_of_a_track_that_goes_on_at_rest(num_ticks, start, count):
    whole = numbered(num_ticks)
    piece = whole.slice(start, start + count)
    assert np.array_equal(piece.rows, whole.padded(start + count).rows[start:])


def test_a_slice_past_the_end_holds_no_more_than_its_own_ticks():
    piece = numbered(4).slice(50_000, 50_008)
    base = piece.rows if piece.rows.base is None else piece.rows.base
    assert base.nbytes == 8 * 12 * 4


def test_a_negative_number_of_ticks_is_refused():
    with pytest.raises(ValueError, match="-1 ticks"):
        numbered(4).padded(-1)


def test_rounding_to_bfloat16_equals_torch_for_any_bits():
    bits = np.random.default_rng(0).integers(0, 2**32, 200_000, dtype=np.uint32)
    special = [0, 0x80000000, 0x7F800000, 0xFF800000, 0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001, 0x7F7FFFFF, 1, 0x3F808000]
    values = np.concatenate([bits, np.array(special, np.uint32)]).view(np.float32)
    expected = torch.from_numpy(values).to(torch.bfloat16).float().numpy()
    ours = round_to_bfloat16(values)
    assert np.array_equal(np.isnan(ours), np.isnan(expected))
    held = ~np.isnan(expected)
    assert np.array_equal(ours[held].view(np.uint32), expected[held].view(np.uint32))


def test_rounding_keeps_shape_and_the_released_example():
    assert round_to_bfloat16(np.full((2, 3), 0.03)).tolist() == [[0.030029296875] * 3] * 2
