import numpy as np
import pytest

from engine import poses
from engine.actions.modality import CAMERA, DRIVING, ROBOT
from engine.actions.moves import camera_row
from engine.clock import ASTRA_CLOCK
from engine.rotations import quaternions
from engine.training.datasets.errors import ClipError
from engine.training.datasets.motion import PoseTrack, action_rows, poses_from_vectors
from engine.training.synthetic.commands import Motion, camera_rows, frame_poses
from tests.engine.training.datasets.builders import drive, quaternion_xyzw, walk, walk_row


def test_a_track_gives_back_its_own_poses():
    times = np.array([0.0, 0.7, 1.0, 3.0])
    track = PoseTrack(times=times, poses=walk(times))
    assert np.allclose(track.at(times), walk(times), atol=1e-12)


def test_between_poses_it_turns_evenly_and_moves_straight():
    ends = walk(np.array([0.0, 2.0]))
    track = PoseTrack(times=np.array([10.0, 12.0]), poses=ends)
    (middle,) = track.at(np.array([10.5]))
    assert np.allclose(middle[:3, :3], walk(np.array([0.5]))[0, :3, :3], atol=1e-12)
    assert np.allclose(middle[:3, 3], 0.25 * ends[1, :3, 3])


def test_a_turn_goes_the_short_way_round():
    ends = np.stack([poses.from_parts(poses.rotation_y(angle)) for angle in (3.0, -3.0)])
    (middle,) = PoseTrack(times=np.array([0.0, 1.0]), poses=ends).at(np.array([0.5]))
    assert np.allclose(middle[:3, :3], poses.rotation_y(np.pi), atol=1e-9)


@pytest.mark.parametrize("axis", [poses.rotation_x, poses.rotation_y, poses.rotation_z])
def test_quaternions_of_any_rotation_turn_back_into_it_without_a_jump(axis):
    rotations = np.stack([axis(angle) for angle in np.linspace(-7, 7, 141)])
    turns = quaternions(rotations)
    assert np.allclose(poses.quaternion_to_matrix(turns), rotations, atol=1e-12)
    assert np.abs(np.diff(turns, axis=0)).max() < 0.06
    assert turns[0, 3] >= 0


def test_a_walk_forward_that_turns_left_has_the_signs_of_the_law():
    row = action_rows(walk(np.array([0, 0.2, 0.4])), CAMERA, 3, "aligned")[1]
    values = dict(zip(CAMERA.columns, row, strict=True))
    assert values["tz"] < -0.05
    assert values["r02"] > 0.07
    assert np.allclose(row, walk_row(0.2), atol=1e-6)


def test_a_trained_move_comes_back_as_the_row_it_was_made_from():
    path = frame_poses([Motion(forward=0.03)] * 3)
    rows = action_rows(path[::4], CAMERA, 4, "aligned")
    assert np.array_equal(rows[0], np.float32(CAMERA.rest))
    assert np.allclose(rows[1:], camera_row(["w"], clock=ASTRA_CLOCK), atol=1e-6)


def test_aligned_camera_rows_are_those_of_the_bundled_worlds_training():
    path = frame_poses([Motion(forward=0.05, yaw_left=0.02), Motion(yaw_left=-0.05), Motion(right=0.02, up=0.01)])
    assert np.allclose(action_rows(path[::4], CAMERA, 4, "aligned"), camera_rows(path), atol=1e-6)


def test_released_rows_leave_their_latent_and_rest_where_the_data_ends():
    times = np.array([0.0, 0.1, 0.3, 0.6])
    beyond = action_rows(walk(times), CAMERA, 3, "released")
    ended = action_rows(walk(times[:3]), CAMERA, 3, "released")
    for row, seconds in zip(beyond, (0.1, 0.2, 0.3), strict=True):
        assert np.allclose(row, walk_row(seconds), atol=1e-6)
    assert np.array_equal(ended[:2], beyond[:2])
    assert np.array_equal(ended[2], np.float32(CAMERA.rest))


def test_driving_rows_are_told_in_the_axes_of_the_first_pose():
    times = np.array([0.0, 0.5, 1.0])
    rows = action_rows(drive(times), DRIVING, 3, "aligned")
    assert np.array_equal(rows[0], np.float32(DRIVING.rest))
    # 5 m/s along a bend of 50 m to the left, which is +y.
    assert np.allclose(rows[2], [5, 0.25, 0, np.cos(0.05), 0, 0, np.sin(0.05)], atol=0.01)


def test_released_driving_rows_keep_the_axes_and_quaternions_of_the_data():
    path = drive(np.array([0.0, 0.5, 1.0, 1.5]))
    rows = action_rows(path, DRIVING, 3, "released")
    assert np.allclose(rows[:, :3], path[:3, :3, 3] - path[0, :3, 3], atol=1e-4)
    for row, pose in zip(rows, path, strict=False):
        x, y, z, w = quaternion_xyzw(pose[:3, :3])
        assert np.allclose(row[3:], [w, x, y, z], atol=1e-6)


def test_robot_rows_are_the_tools_own_motion():
    path = np.stack([poses.from_parts(poses.rotation_z(0.1 * k), [0.02 * k, 0, -0.01 * k]) for k in range(3)])
    row = action_rows(path, ROBOT, 3, "aligned")[1]
    assert np.allclose(row, poses.to_row(path[1] @ poses.inverse(path[0])), atol=1e-6)
    assert np.allclose(row[[3, 7, 11]], [0.02, 0, -0.01])


def test_a_mirrored_skewed_or_broken_pose_is_refused_by_its_number():
    times = np.arange(3.0)
    for change, words in (
        (np.diag([1.0, -1, 1, 1]), "pose 1 is no rigid motion: it is mirrored"),
        (np.diag([1.1, 1, 1, 1]), r"pose 1 is no rigid motion: R\^T R is 0.21 off"),
        (np.diag([np.nan, 1, 1, 1]), "pose 1 holds a number that is not finite"),
    ):
        broken = walk(times)
        broken[1] = broken[1] @ change
        with pytest.raises(ClipError, match=words):
            PoseTrack(times=times, poses=broken)


@pytest.mark.parametrize("times", [[0.0, 0.0], [1.0, 0.5], [0.0, np.nan]])
def test_times_that_do_not_rise_are_refused(times):
    with pytest.raises(ClipError, match="do not rise"):
        PoseTrack(times=np.array(times), poses=walk(np.array([0.0, 1.0])))


def test_one_pose_is_no_track():
    with pytest.raises(ClipError, match="2 or more"):
        PoseTrack(times=np.zeros(1), poses=np.eye(4)[None])


@pytest.mark.parametrize("vectors", [np.ones((3, 6)), np.ones(7), np.zeros((2, 7))])
def test_vectors_that_are_no_poses_are_refused(vectors):
    with pytest.raises(ClipError, match=r"7 numbers each|length zero"):
        poses_from_vectors(vectors)
