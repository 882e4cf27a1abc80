import numpy as np

from engine import poses
from engine.actions.encoding import encode_rows
from engine.actions.moves import camera_row
from engine.actions.pose_line import parse_pose_line


def encoded(line, num_condition):
    return encode_rows(parse_pose_line(line).rows, num_condition, "rows+pose")


def test_rows_as_they_are_pass_through():
    rows = parse_pose_line("w-4").rows
    assert encode_rows(rows, 2, "rows") is rows


def test_the_rows_stay_in_front_of_their_poses():
    assert np.array_equal(encoded("w-4 left-4", 3)[:, :12], parse_pose_line("w-4 left-4").rows)


def test_the_newest_history_latent_is_where_poses_are_seen_from():
    assert np.abs(encoded("w-4 left-4", 3)[2, 12:]).max() < 1e-12


def test_targets_add_up_their_steps_and_history_lies_behind():
    forward = encoded("w-6", 3)[:, 12 + 11]
    assert np.allclose(forward, [0.06, 0.03, 0, -0.03, -0.06, -0.09], atol=1e-6)


def test_a_target_pose_is_the_product_of_the_rows_up_to_it():
    rows = parse_pose_line("w+left-3 d+up-3").rows
    product = np.eye(4)
    for row in rows[2:5]:
        product = poses.from_row(row.astype(np.float64)) @ product
    expected = poses.to_row(product) - poses.to_row(np.eye(4))
    assert np.allclose(encode_rows(rows, 2, "rows+pose")[4, 12:], expected, atol=1e-6)


def test_what_lies_before_the_window_does_not_matter():
    """Row 0 leads into the window's first latent, whose predecessor is not in it."""
    rows = parse_pose_line("w-6").rows
    other = rows.copy()
    other[0] = camera_row(["left", "s"])
    assert np.array_equal(encode_rows(rows, 3, "rows+pose")[:, 12:], encode_rows(other, 3, "rows+pose")[:, 12:])


def test_driving_rows_are_poses_already():
    rows = np.zeros((5, 7), np.float32)
    assert encode_rows(rows, 2, "rows+pose") is rows
