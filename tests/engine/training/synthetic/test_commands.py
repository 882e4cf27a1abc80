"""Random commands and the exact poses that follow them."""

import numpy as np
import pytest

from engine import poses
from engine.actions.modality import CAMERA, DRIVING, ROBOT
from engine.training.synthetic.commands import (
    Limits,
    Motion,
    Reach,
    camera_rows,
    driving_rows,
    frame_poses,
    random_drive,
    random_motions,
    random_reach,
    robot_rows,
    strength,
)


@pytest.mark.parametrize(
    ("motion", "column", "sign"),
    [
        (Motion(forward=0.03), 11, -1),
        (Motion(right=0.03), 3, -1),
        (Motion(up=0.03), 7, 1),
        (Motion(yaw_left=0.03), 2, 1),
        (Motion(pitch_up=0.03), 6, 1),
    ],
)
def test_signs_are_those_of_the_law(motion, column, sign):
    rows = camera_rows(frame_poses([motion] * 3))
    assert np.array_equal(rows[0], np.asarray(CAMERA.rest, np.float32))
    assert np.sign(rows[1:, column]).tolist() == [sign] * 3
    assert np.abs(rows[1:, column]) == pytest.approx(0.03, abs=2e-5)


def test_rows_lead_back_to_the_poses_they_came_from():
    path = frame_poses(random_motions(np.random.default_rng(2), 12))
    rows = camera_rows(path)
    extrinsics = [poses.inverse(path[0])]
    for row in rows[1:]:
        step = np.eye(4)
        step[:3] = row.reshape(3, 4)
        extrinsics.append(step @ extrinsics[-1])
    assert np.allclose(poses.inverse(np.stack(extrinsics)), path[::4], atol=1e-5)


def test_random_motions_stay_within_their_limits():
    limits = Limits()
    motions = random_motions(np.random.default_rng(0), 4000)
    assert max(abs(m.forward) for m in motions) <= limits.forward
    assert max(abs(m.yaw_left) for m in motions) <= limits.yaw
    pitch, height = np.cumsum([m.pitch_up for m in motions]), np.cumsum([m.up for m in motions])
    assert np.abs(pitch).max() <= limits.total_pitch + 1e-9
    assert limits.lowest - 1e-9 <= height.min()
    assert height.max() <= limits.highest + 1e-9
    assert any(m == Motion() for m in motions)


def test_a_car_turns_only_as_it_moves_and_its_rows_are_its_poses():
    motions = random_drive(np.random.default_rng(1), 400)
    assert all(m.yaw_left == 0 for m in motions if m.forward == 0)
    assert all(m.right == m.up == m.pitch_up == 0 for m in motions)
    left = frame_poses([Motion(forward=0.05, yaw_left=0.04)] * 10)
    rows = driving_rows(left)
    assert rows.shape == (11, DRIVING.width)
    assert rows[-1, 0] > 0.4
    assert rows[-1, 1] > 0  # a left turn leads to the left, which is y of a car
    heading = 2 * np.arctan2(rows[-1, 6], rows[-1, 3])
    assert heading == pytest.approx(0.4, abs=1e-6)


def test_a_gripper_stays_in_reach_and_its_rows_add_up_to_its_way():
    reach = Reach()
    way = random_reach(np.random.default_rng(3), 60, reach)
    assert way.shape == (241, 3)
    assert (way >= np.array(reach.low) - 1e-9).all()
    assert (way <= np.array(reach.high) + 1e-9).all()
    rows = robot_rows(way)
    assert np.allclose(rows[:, [3, 7, 11]].sum(0), way[240] - way[0], atol=1e-5)


def test_strength_is_nothing_at_rest_and_counts_forward_and_pitch_twice():
    def of(motion):
        return float(strength(camera_rows(frame_poses([motion])))[1])

    assert of(Motion()) == 0
    assert of(Motion(forward=0.03)) == pytest.approx(2 * of(Motion(right=0.03)), rel=1e-3)
    assert of(Motion(pitch_up=0.03)) == pytest.approx(2 * of(Motion(yaw_left=0.03)), rel=1e-3)


def test_strength_may_count_a_cameras_steps_aside_more_but_not_a_robots():
    rows = camera_rows(frame_poses([Motion(right=0.03)]))
    assert strength(rows, CAMERA, 4.0)[1] == pytest.approx(4 * strength(rows)[1])
    assert strength(rows, ROBOT, 4.0)[1] == pytest.approx(strength(rows, ROBOT)[1])
    turned = camera_rows(frame_poses([Motion(yaw_left=0.03)]))
    assert strength(turned, CAMERA, 4.0)[1] == pytest.approx(strength(turned)[1])
