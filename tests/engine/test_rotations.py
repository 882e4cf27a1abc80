"""Rotations in other forms, against the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import poses
from engine.rotations import (
    EULER_ORDERS,
    angles_between,
    from_euler,
    product,
    quaternions,
    slerp,
    to_euler,
)

RNG = np.random.default_rng(1)
TURNS = RNG.normal(size=(200, 4))
TURNS /= np.linalg.norm(TURNS, axis=1, keepdims=True)


def test_quaternions_give_back_their_matrices_and_follow_each_other():
    found = quaternions(poses.quaternion_to_matrix(TURNS))
    assert np.allclose(poses.quaternion_to_matrix(found), poses.quaternion_to_matrix(TURNS))
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert np.all(np.einsum("ni,ni->n", found[1:], found[:-1]) >= 0)
    assert found[0, 3] >= 0


@pytest.mark.parametrize("turn", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])
def test_half_turns_have_quaternions(turn):
    found = quaternions(poses.quaternion_to_matrix([turn]))
    assert angles_between(found, np.array([turn], np.float64)) == pytest.approx([0], abs=1e-7)


def test_products_are_rotations_one_after_the_other():
    a, b = TURNS[:2]
    expected = poses.quaternion_to_matrix(a) @ poses.quaternion_to_matrix(b)
    assert np.allclose(poses.quaternion_to_matrix(product(a, b)), expected)


def test_slerp_goes_the_shorter_way_at_an_even_rate():
    share = np.linspace(0, 1, 11)
    for a, b in zip(TURNS[:40], TURNS[40:80], strict=True):
        whole = angles_between(a[None], b[None])[0]
        on_the_way = slerp(np.tile(a, (11, 1)), np.tile(b, (11, 1)), share)
        assert np.allclose(angles_between(np.tile(a, (11, 1)), on_the_way), share * whole, atol=1e-9)
        assert whole <= np.pi


def test_slerp_between_equals_stands_still():
    assert np.allclose(slerp(TURNS, TURNS, np.full(200, 0.3)), TURNS)
    assert np.allclose(angles_between(slerp(TURNS, -TURNS, np.full(200, 0.3)), TURNS), 0, atol=1e-7)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(EULER_ORDERS), st.tuples(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5), st.floats(-3.1, 3.1)))
def test_angles_come_back(order, angles):
    values = np.zeros((1, 3))
    for axis, angle in zip(order, angles, strict=True):
        values[0, "xyz".index(axis)] = angle
    assert np.allclose(to_euler(from_euler(values, order), order), values, atol=1e-6)


@pytest.mark.parametrize("order", EULER_ORDERS)
@pytest.mark.parametrize("sign", [1, -1])
def test_at_a_quarter_turn_the_rotation_comes_back_though_the_angles_cannot(order, sign):
    values = np.full((1, 3), 0.4)
    values[0, "xyz".index(order[1])] = sign * np.pi / 2
    rotation = from_euler(values, order)
    assert np.allclose(from_euler(to_euler(rotation, order), order), rotation, atol=1e-6)


def test_the_order_says_which_axis_is_turned_about_first():
    angles = np.array([[0.1, 0.2, 0.3]])
    expected = poses.rotation_y(0.2) @ poses.rotation_x(0.1) @ poses.rotation_z(0.3)
    assert np.allclose(from_euler(angles, "zxy")[0], expected)
