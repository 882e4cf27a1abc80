"""Elementary moves: each does to the camera what its meaning says."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from engine import poses
from engine.actions.modality import CAMERA
from engine.actions.moves import HOLD, MEANINGS, MOVES, camera_row
from engine.clock import ASTRA_CLOCK

RIGHT, DOWN, FORWARD = np.eye(3)
MOVED = {
    "move forward": FORWARD,
    "move back": -FORWARD,
    "move left": -RIGHT,
    "move right": RIGHT,
    "sink": DOWN,
    "rise": -DOWN,
}
LOOKS = {"turn left": -RIGHT, "turn right": RIGHT, "look up": -DOWN, "look down": DOWN}
OPPOSITES = [("w", "s"), ("a", "d"), ("q", "e"), ("left", "right"), ("up", "down")]


def camera_after(moves: list[str], speed: float = 0.1) -> np.ndarray:
    """Camera to world of a camera at the origin after one tick."""
    return poses.path_from_rows(
        camera_row(moves, clock=replace(ASTRA_CLOCK, trained_speed=speed, trained_turn=speed))[None]
    )[1]


@pytest.mark.parametrize("name", [name for name in MOVES if MEANINGS[name] in MOVED])
def test_a_step_puts_the_camera_where_its_meaning_says(name):
    camera = camera_after([name])
    assert_allclose(camera[:3, 3], 0.1 * MOVED[MEANINGS[name]], atol=1e-7)
    assert_allclose(camera[:3, :3], np.eye(3), atol=1e-7)


@pytest.mark.parametrize("name", [name for name in MOVES if MEANINGS[name] in LOOKS])
def test_a_turn_points_the_camera_where_its_meaning_says(name):
    camera = camera_after([name])
    expected = np.cos(0.1) * FORWARD + np.sin(0.1) * LOOKS[MEANINGS[name]]
    assert_allclose(camera[:3, 2], expected, atol=1e-7)
    assert_allclose(camera[:3, 3], 0, atol=1e-7)


def test_every_move_has_a_meaning_that_is_tested():
    assert set(MEANINGS) == {*MOVES, HOLD}
    assert {MEANINGS[name] for name in MOVES} == {*MOVED, *LOOKS}


@pytest.mark.parametrize("moves", [[], [HOLD], [HOLD, HOLD]])
def test_holding_is_rest(moves):
    assert camera_row(moves, clock=ASTRA_CLOCK).tolist() == list(CAMERA.rest)


@pytest.mark.parametrize("moves", list(itertools.permutations(["w", "left", "up"])))
def test_the_order_of_moves_made_together_does_not_matter(moves):
    assert np.array_equal(camera_row(moves, clock=ASTRA_CLOCK), camera_row(["w", "left", "up"], clock=ASTRA_CLOCK))


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
def test_a_move_with_its_opposite_is_refused(one, other):
    with pytest.raises(ValueError, match="or for a direction and its opposite"):
        camera_row([one, "hold", other], clock=ASTRA_CLOCK)


@pytest.mark.parametrize("name", MOVES)
def test_a_move_named_twice_is_refused(name):
    with pytest.raises(ValueError, match=rf"{name}\+{name} asks for one direction twice"):
        camera_row([name, name], clock=ASTRA_CLOCK)


def test_an_unknown_move_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match=r"'jump'; there are w, s, .*hold"):
        camera_row(["w", "jump"], clock=ASTRA_CLOCK)


@pytest.mark.parametrize("name", [*MOVES, HOLD])
def test_rows_are_float32_without_negative_zeros(name):
    row = camera_row([name], clock=ASTRA_CLOCK)
    assert row.dtype == np.float32
    assert not np.any(np.signbit(row) & (row == 0))


def test_the_default_speed_is_the_trained_one():
    assert camera_row(["w"], clock=ASTRA_CLOCK)[11] == np.float32(-0.03)
    assert camera_row(["left"], clock=ASTRA_CLOCK)[2] == np.float32(np.sin(0.03))
