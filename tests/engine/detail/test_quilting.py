"""Patches joined along seams."""

from __future__ import annotations

import numpy as np

from engine.detail.quilting import PATCH, SCALE, Quilter, Strip, cut
from tests.engine.detail.scenes import photograph


def strip(guide: np.ndarray) -> Strip:
    """The start picture at the right half of a canvas of two, the left half to be filled."""
    picture = photograph("coffee")
    known = np.zeros((64, 224), bool)
    known[:, 112:] = True
    pixels = np.concatenate([np.zeros_like(picture), picture], axis=1)
    return Strip(new=~known, known=known, guide=guide.astype(np.float32), pixels=pixels)


def guide_of(colour: tuple[int, int, int]) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.float32), (64, 224, 3)).copy()


def test_new_cells_are_filled_with_pieces_of_the_picture_of_the_guides_colour() -> None:
    quilter = Quilter(photograph("coffee"), 0, 112)
    red, dark = (quilter.fill(strip(guide_of(colour)))[:, :400] for colour in ((190, 60, 30), (30, 15, 15)))
    assert red.std() > 5
    assert red.mean() > dark.mean() + 30
    known = quilter.fill(strip(guide_of((190, 60, 30))))[8:-8, 448 + 32 : -8]
    assert np.array_equal(known, photograph("coffee")[8:-8, 32:-8])


def test_a_cut_runs_where_both_agree() -> None:
    size = PATCH * SCALE // 2
    error = np.ones((size, size), np.float32)
    error[:, 3] = 0
    filled = np.zeros((size, size), bool)
    filled[:, :6] = True
    taken = cut(error, filled, 6)
    assert not taken[:, :3].any()
    assert taken[:, 3:].all()


def test_without_anything_beside_it_all_of_a_patch_is_taken() -> None:
    size = PATCH * SCALE // 2
    assert cut(np.ones((size, size), np.float32), np.zeros((size, size), bool), 6).all()


def test_a_cut_follows_a_slanted_path() -> None:
    size = PATCH * SCALE // 2
    error = np.ones((size, size), np.float32)
    columns = [min(row // 3, 5) for row in range(size)]
    for row, column in enumerate(columns):
        error[row, column] = 0
    filled = np.zeros((size, size), bool)
    filled[:, :6] = True
    taken = cut(error, filled, 6)
    assert all(taken[row, column] and not taken[row, :column].any() for row, column in enumerate(columns))
