"""Thumbnails: small, in shape, and smooth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.video.thumbnails import thumbnail


@given(width=st.integers(1, 400), height=st.integers(1, 400), room=st.tuples(st.integers(1, 200), st.integers(1, 200)))
def test_a_thumbnail_fills_its_room_and_keeps_the_aspect(width: int, height: int, room: tuple[int, int]) -> None:
    small = thumbnail(np.zeros((height, width, 3), np.uint8), *room)
    rows, columns = small.shape[:2]
    assert small.dtype == np.uint8
    assert columns <= min(room[0], width)
    assert rows <= min(room[1], height)
    scale = min(room[0] / width, room[1] / height, 1)
    assert abs(columns - max(1, width * scale)) <= 0.5
    assert abs(rows - max(1, height * scale)) <= 0.5


def test_a_frame_of_the_released_model_keeps_its_shape() -> None:
    assert thumbnail(np.zeros((480, 832, 3), np.uint8), 160, 160).shape == (92, 160, 3)


def test_a_small_frame_is_not_enlarged() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert (thumbnail(frame, 500, 500) == frame).all()


def test_a_thumbnail_is_antialiased() -> None:
    checks = np.indices((300, 300)).sum(0) % 2 * 255
    small = thumbnail(np.repeat(checks[..., None], 3, -1).astype(np.uint8), 40, 40)
    assert np.abs(small[4:-4, 4:-4].astype(int) - 127).max() <= 6


def test_a_flipped_view_is_accepted() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert (thumbnail(frame[:, ::-1], 10, 10) == thumbnail(frame[:, ::-1].copy(), 10, 10)).all()


@pytest.mark.parametrize("room", [(0, 10), (10, 0), (-1, 5)])
def test_room_for_nothing_is_refused(room: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="room for 1 pixel"):
        thumbnail(np.zeros((20, 30, 3), np.uint8), *room)


@pytest.mark.parametrize("frame", [np.zeros((20, 30, 4), np.uint8), np.zeros((20, 30, 3)), np.zeros(9, np.uint8)])
def test_an_array_that_is_no_frame_is_refused(frame: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match="a picture is uint8"):
        thumbnail(frame, 10, 10)
