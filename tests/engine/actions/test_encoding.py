import numpy as np
import pytest

from engine import poses
from engine.actions.encoding import encode_rows, encoded_width
from engine.actions.modality import CAMERA, DRIVING, ROBOT, rest_rows
from engine.actions.moves import camera_row
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK


def encoded(line, num_condition):
    return encode_rows(parse_pose_line(line, clock=ASTRA_CLOCK).rows, CAMERA, num_condition, "rows+pose")


def test_rows_as_they_are_pass_through():
    rows = parse_pose_line("w-4", clock=ASTRA_CLOCK).rows
    assert encode_rows(rows, CAMERA, 2, "rows") is rows


def test_the_rows_stay_in_front_of_their_poses():
    assert np.array_equal(encoded("w-4 left-4", 3)[:, :12], parse_pose_line("w-4 left-4", clock=ASTRA_CLOCK).rows)


def test_the_newest_history_latent_is_where_poses_are_seen_from():
    assert np.abs(encoded("w-4 left-4", 3)[2, 12:]).max() < 1e-12


def test_targets_add_up_their_steps_and_history_lies_behind():
    forward = encoded("w-6", 3)[:, 12 + 11]
    assert np.allclose(forward, [0.06, 0.03, 0, -0.03, -0.06, -0.09], atol=1e-6)


def test_a_target_pose_is_the_product_of_the_rows_up_to_it():
    rows = parse_pose_line("w+left-3 d+up-3", clock=ASTRA_CLOCK).rows
    product = np.eye(4)
    for row in rows[2:5]:
        product = poses.from_row(row.astype(np.float64)) @ product
    expected = poses.to_row(product) - poses.to_row(np.eye(4))
    assert np.allclose(encode_rows(rows, CAMERA, 2, "rows+pose")[4, 12:], expected, atol=1e-6)


def test_what_lies_before_the_window_does_not_matter():
    """Row 0 leads into the window's first latent, whose predecessor is not in it."""
    rows = parse_pose_line("w-6", clock=ASTRA_CLOCK).rows
    other = rows.copy()
    other[0] = camera_row(["left", "s"], clock=ASTRA_CLOCK)
    assert np.array_equal(
        encode_rows(rows, CAMERA, 3, "rows+pose")[:, 12:], encode_rows(other, CAMERA, 3, "rows+pose")[:, 12:]
    )


def driving(position, yaw):
    return [*position, np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]


def test_driving_poses_are_told_from_the_newest_history_row():
    rows = np.array([driving((1, 2, 0), 0.3), driving((2, 2, 0), np.pi / 2), driving((2, 5, 0), np.pi)], np.float32)
    told = encode_rows(rows, DRIVING, 2, "rows+pose")
    assert np.allclose(told[1], driving((0, 0, 0), 0), atol=1e-6)
    assert np.allclose(told[2], driving((3, 0, 0), np.pi / 2), atol=1e-6)


def test_driving_poses_do_not_depend_on_where_the_reference_lies():
    rng = np.random.default_rng(0)
    path = [(rng.normal(size=2), rng.uniform(-1, 1)) for _ in range(5)]
    turn, shift = 0.8, np.array([4.0, -7.0])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    here = np.array([driving((*p, 0), yaw) for p, yaw in path], np.float32)
    there = np.array([driving((*(rotation @ p + shift), 0), yaw + turn) for p, yaw in path], np.float32)
    told = [encode_rows(rows, DRIVING, 3, "rows+pose") for rows in (here, there)]
    assert np.allclose(*told, atol=1e-5)


@pytest.mark.parametrize("kind", [CAMERA, ROBOT, DRIVING])
@pytest.mark.parametrize("encoding", ["rows", "rows+pose"])
def test_the_width_is_told_before(kind, encoding):
    assert encode_rows(rest_rows(kind, 4), kind, 2, encoding).shape == (4, encoded_width(kind, encoding))
