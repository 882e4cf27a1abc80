"""Poses: the signs of the law in `engine.poses`, from cameras that really move, and arithmetic that closes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from safetensors.numpy import load_file

from engine import poses
from engine.actions.modality import CAMERA

GOLDENS = Path(__file__).parents[1] / "data" / "goldens"
few = settings(deadline=None, max_examples=25)
angles = st.floats(-3.0, 3.0)
places = st.floats(-10.0, 10.0)
rigid = st.builds(
    lambda a, b, c, t: poses.from_parts(poses.rotation_z(a) @ poses.rotation_y(b) @ poses.rotation_x(c), t),
    angles,
    angles,
    angles,
    st.tuples(places, places, places),
)
START = poses.from_parts(poses.rotation_y(0.7) @ poses.rotation_x(-0.4), [3.0, -1.0, 2.0])
"""Some camera to world, so that no sign comes out right by standing at the origin."""


def row_of(motion: np.ndarray) -> dict[str, float]:
    """The camera row of a camera at START that moves by `motion` in its own axes, by column name."""
    moved = poses.relative(poses.inverse(START), poses.inverse(START @ motion))
    return dict(zip(CAMERA.columns, poses.to_row(moved), strict=True))


def turned_left(angle: float) -> np.ndarray:
    """The camera's new axes after a turn to the left: it then looks along -x, seen from where it looked before."""
    looks_at = np.array([-math.sin(angle), 0, math.cos(angle)])
    down = np.array([0, 1.0, 0])
    return poses.from_parts(np.stack([np.cross(down, looks_at), down, looks_at], axis=1))


def looked_up(angle: float) -> np.ndarray:
    looks_at = np.array([0, -math.sin(angle), math.cos(angle)])
    right = np.array([1.0, 0, 0])
    return poses.from_parts(np.stack([right, np.cross(looks_at, right), looks_at], axis=1))


def test_moving_forward_gives_a_negative_tz():
    row = row_of(poses.from_parts(translation=[0, 0, 0.3]))
    assert_allclose([row["tx"], row["ty"], row["tz"]], [0, 0, -0.3], atol=1e-12)


def test_moving_right_gives_a_negative_tx():
    row = row_of(poses.from_parts(translation=[0.3, 0, 0]))
    assert_allclose([row["tx"], row["ty"], row["tz"]], [-0.3, 0, 0], atol=1e-12)


def test_turning_left_gives_a_positive_r02_and_no_translation():
    row = row_of(turned_left(0.2))
    assert_allclose([row["r02"], row["r20"]], [math.sin(0.2), -math.sin(0.2)], atol=1e-12)
    assert_allclose([row["tx"], row["ty"], row["tz"]], 0, atol=1e-12)


def test_looking_up_gives_a_positive_r12():
    row = row_of(looked_up(0.2))
    assert_allclose([row["r12"], row["r21"]], [math.sin(0.2), -math.sin(0.2)], atol=1e-12)
    assert_allclose([row["tx"], row["ty"], row["tz"]], 0, atol=1e-12)


def test_a_turn_to_the_left_is_a_negative_rotation_about_y():
    assert_allclose(turned_left(0.2)[:3, :3], poses.rotation_y(-0.2), atol=1e-12)


@few
@given(rigid, rigid, rigid)
def test_relative_poses_do_not_see_where_the_world_has_its_origin(world, before, after):
    moved = poses.relative(before @ world, after @ world)
    assert_allclose(moved, poses.relative(before, after), atol=1e-9)


@few
@given(rigid)
def test_inverse_undoes_a_pose_and_stays_rigid(pose):
    undone = poses.inverse(pose)
    assert_allclose(undone @ pose, np.eye(4), atol=1e-12)
    assert np.array_equal(undone[:3, :3], pose[:3, :3].T)


def test_inverse_takes_any_number_of_leading_axes():
    many = np.stack([START, np.eye(4), turned_left(0.1) @ START])[None].repeat(2, axis=0)
    assert_allclose(poses.inverse(many) @ many, np.broadcast_to(np.eye(4), many.shape), atol=1e-12)


@few
@given(st.lists(rigid, min_size=2, max_size=30))
def test_a_path_made_from_its_own_rows_comes_back_to_1e_12(cameras):
    """Starting at the identity, the path is the one that the rows were made from."""
    c2w = np.stack([np.eye(4), *cameras])
    w2c = poses.inverse(c2w)
    again = poses.path_from_rows(poses.to_row(w2c[1:] @ poses.inverse(w2c[:-1])))
    assert_allclose(again, c2w, atol=1e-12 * 30)


def test_a_path_of_small_steps_comes_back_to_1e_12():
    c2w = [np.eye(4)]
    for i in range(100):
        c2w.append(c2w[-1] @ poses.from_parts(poses.rotation_y(0.03 * math.sin(i)), [0.01, 0, 0.03]))
    w2c = poses.inverse(np.stack(c2w))
    rows = poses.to_row(poses.relative(w2c[:-1], w2c[1:]))
    assert_allclose(poses.path_from_rows(rows), np.stack(c2w), atol=1e-12)


def test_no_rows_make_a_path_of_one_pose():
    assert np.array_equal(poses.path_from_rows(np.zeros((0, 12))), np.eye(4)[None])


@few
@given(rigid)
def test_rows_and_poses_are_the_same_numbers(pose):
    row = poses.to_row(pose)
    assert row.shape == (12,)
    assert row[3] == pose[0, 3]
    assert row[2] == pose[0, 2]
    assert np.array_equal(poses.from_row(row), pose)


@pytest.mark.parametrize(("axis", "rotation"), [(0, poses.rotation_x), (1, poses.rotation_y), (2, poses.rotation_z)])
def test_quaternions_are_x_y_z_w(axis, rotation):
    """By hand: (u sin(a/2), cos(a/2)) turns by a about the unit vector u."""
    quaternion = np.array([0, 0, 0, math.cos(0.3)])
    quaternion[axis] = math.sin(0.3)
    assert_allclose(poses.quaternion_to_matrix(quaternion), rotation(0.6), atol=1e-15)


@few
@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4), st.lists(places, min_size=3, max_size=3))
def test_quaternions_turn_vectors_as_q_v_q_conjugate(quaternion, vector):
    """By hand, in quaternion arithmetic, so that no library's order of numbers is taken on trust."""
    x, y, z, w = quaternion
    length = math.hypot(*quaternion)
    if length < 1e-3:
        return
    u, v, w = np.array([x, y, z]) / length, np.array(vector), w / length
    turned = v + 2 * w * np.cross(u, v) + 2 * np.cross(u, np.cross(u, v))
    assert_allclose(poses.quaternion_to_matrix(quaternion) @ v, turned, atol=1e-9)


@few
@given(st.integers(-300, 300))
def test_quaternions_of_any_length_are_accepted(exponent):
    scaled = np.array([0.1, -0.2, 0.3, 0.9]) * 10.0**exponent
    assert_allclose(poses.quaternion_to_matrix(scaled), poses.quaternion_to_matrix([0.1, -0.2, 0.3, 0.9]), atol=1e-12)


@pytest.mark.parametrize("bad", [[0, 0, 0, 0], [math.nan, 0, 0, 1], [0, math.inf, 0, 1]])
def test_quaternions_without_a_rotation_are_refused(bad):
    with pytest.raises(ValueError, match="has no rotation"):
        poses.quaternion_to_matrix([[0, 0, 0, 1], bad])


def test_relative_poses_equal_the_released_code():
    golden = load_file(GOLDENS / "cameras_a.safetensors")
    ours = poses.relative(golden["rel.pose_a"], golden["rel.pose_b"])
    assert_allclose(ours, golden["rel.relative_f64"], atol=1e-10)
    assert_allclose(ours, golden["rel.relative_torch_f32"], atol=1e-4)


def test_relative_7_vectors_equal_the_released_code():
    golden = load_file(GOLDENS / "cameras_a.safetensors")
    ours = poses.relative_7(golden["relq.pose_a"], golden["relq.pose_b"])
    assert_allclose(ours, golden["relq.relative_3x4"], atol=1e-10)
