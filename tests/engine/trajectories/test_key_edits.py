"""Edits of single keys: what moves, what follows, and what stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import poses
from engine.clock import ASTRA_CLOCK
from engine.trajectories import key_edits as edits
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.path import EASINGS, CameraPath, Key
from tests.engine.trajectories.test_path import paths

quick = settings(deadline=None, max_examples=40)


def line(count: int = 5) -> CameraPath:
    """Keys a unit and a second apart, straight ahead."""
    return CameraPath(keys=tuple(Key(time_s=float(i), position=(0.0, 0.0, float(i))) for i in range(count)))


def places(path: CameraPath) -> np.ndarray:
    return np.array([key.position for key in path.keys])


def test_a_path_grows_from_nothing_by_chunks_at_the_trained_speed():
    path = edits.extended(edits.extended(edits.extended(None, clock=ASTRA_CLOCK), clock=ASTRA_CLOCK), clock=ASTRA_CLOCK)
    assert [key.time_s for key in path.keys] == pytest.approx([0, 1.6, 3.2])
    assert np.allclose(places(path)[:, 2], [0, 0.24, 0.48])
    with pytest.raises(TrajectoryError, match="loop"):
        edits.extended(replace(path, closing_s=1.0), clock=ASTRA_CLOCK)


def test_a_key_is_put_between_others_or_in_place_of_one():
    pose = poses.from_parts(poses.rotation_y(0.5), [1, 2, 3])
    path, number = edits.put(line(), 1.5, pose)
    assert (number, len(path.keys)) == (2, 6)
    assert np.allclose(path.at(np.array([1.5]))[0], pose)
    over, number = edits.put(line(), 2.0, pose)
    assert (number, len(over.keys)) == (2, 5)
    assert np.allclose(over.at(np.array([2.0]))[0], pose)
    first, number = edits.put(None, 3.0, pose)
    assert (number, first.start_s) == (0, 0.0)


def test_a_key_added_where_one_is_only_names_it():
    path = line()
    assert edits.add_at(path, 2.0) == (path, 2)
    more, number = edits.add_at(path, 2.5)
    assert (number, len(more.keys)) == (3, 6)


def test_a_path_whose_first_key_goes_begins_at_its_second():
    left = edits.removed(line(), {0, 2})
    assert [key.time_s for key in left.keys] == [0, 2, 3]
    assert np.allclose(places(left)[:, 2], [1, 3, 4])
    assert edits.removed(line(), range(5)) is None
    assert edits.removed(replace(line(2), closing_s=1.0), {0}).closing_s is None


def test_duplicates_stand_a_chunk_later_and_the_rest_comes_later_still():
    path, new = edits.duplicated(line(), {1, 2}, clock=ASTRA_CLOCK)
    assert new == {3, 4}
    assert [key.time_s for key in path.keys] == pytest.approx([0, 1, 2, 3.6, 4.6, 5.6, 6.6])
    assert np.allclose(places(path)[:, 2], [0, 1, 2, 1, 2, 3, 4])


def test_falloff_takes_neighbours_along_less_and_less():
    weights = edits.falloff(line(), {2}, 2.5)
    assert weights[2] == 1
    assert 0 < weights[0] < weights[1] < 1
    assert weights[0] == pytest.approx(weights[4])
    assert edits.falloff(line(), {2}, 0.0).tolist() == [0, 0, 1, 0, 0]
    after = edits.moved(line(), weights, (1.0, 0.0, 0.0))
    assert np.allclose(places(after)[:, 0], weights)
    assert after.keys[2].position == (1.0, 0.0, 2.0)


@quick
@given(paths(easings=EASINGS), st.floats(-3, 3), st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_moving_and_turning_back_gives_the_path_back(path, angle, shift):
    weights = edits.falloff(path, {0}, 3.0)
    axis = (0.0, 1.0, 0.0)
    there = edits.moved(path, weights, shift)
    back = edits.moved(there, weights, [-value for value in shift])
    assert np.allclose(places(back), places(path))
    turned = edits.turned(edits.turned(path, weights, axis, angle, (1.0, 0, 0)), weights, axis, -angle, (1.0, 0, 0))
    assert np.allclose(places(turned), places(path))
    before, after = (np.array([key.quaternion for key in p.keys]) for p in (path, turned))
    assert np.allclose(before / np.linalg.norm(before, axis=1)[:, None], after / np.linalg.norm(after, axis=1)[:, None])


def test_turning_about_a_point_carries_the_key_round_it_and_in_place_it_stays():
    path = line(2)
    round_ = edits.turned(path, np.array([0.0, 1.0]), (0, 1, 0), np.pi / 2, (0.0, 0.0, 0.0))
    assert np.allclose(round_.keys[1].position, (1, 0, 0))
    assert np.allclose(round_.at(np.array([1.0]))[0, :3, 2], (1, 0, 0))
    still = edits.turned(path, np.array([0.0, 1.0]), (0, 1, 0), np.pi / 2, None)
    assert still.keys[1].position == path.keys[1].position


def test_keys_moved_in_time_stop_a_frame_from_their_neighbours_and_the_first_stays():
    path = edits.shifted(line(), {1, 2}, 9.0, clock=ASTRA_CLOCK)
    assert [key.time_s for key in path.keys] == pytest.approx([0, 1.95, 2.95, 3, 4])
    path = edits.shifted(line(), {0, 1}, -9.0, clock=ASTRA_CLOCK)
    assert [key.time_s for key in path.keys] == pytest.approx([0, 0.05, 2, 3, 4])
    assert edits.shifted(line(), {4}, 5.0, clock=ASTRA_CLOCK).end_s == 9


@given(st.floats(-179, 179), st.floats(-85, 85), st.floats(-170, 170))
def test_angles_say_what_was_set(yaw, pitch, roll):
    key = edits.with_angles(Key(time_s=0, position=(0, 0, 0)), yaw, pitch, roll)
    assert edits.angles_of(key) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_positive_yaw_is_right_pitch_is_up():
    right = edits.with_angles(Key(time_s=0, position=(0, 0, 0)), 90, 0, 0)
    up = edits.with_angles(Key(time_s=0, position=(0, 0, 0)), 0, 90, 0)
    assert np.allclose(poses.quaternion_to_matrix(right.quaternion)[:, 2], (1, 0, 0))
    assert np.allclose(poses.quaternion_to_matrix(up.quaternion)[:, 2], (0, -1, 0))


def test_a_key_that_no_longer_looks_at_a_point_still_faces_it():
    path = edits.looking_at(line(), {1}, (3.0, 0.0, 1.0))
    assert np.allclose(path.at(np.array([1.0]))[0, :3, 2], (1, 0, 0))
    free = edits.looking_at(path, {0, 1}, None)
    assert free.keys[1].look_at is None
    assert free.keys[0] == path.keys[0]
    assert np.allclose(free.at(np.array([1.0]))[0, :3, 2], (1, 0, 0))


@quick
@given(paths())
def test_a_levelled_path_keeps_its_height_and_looks_level(path):
    flat = edits.levelled(path)
    assert edits.is_level(flat)
    c2w = flat.at(np.linspace(flat.start_s, flat.end_s, 50))
    assert np.allclose(c2w[:, 1, 3], path.keys[0].position[1])
    assert np.allclose(c2w[:, 1, 2], 0, atol=1e-6)


def test_easings_and_poses_are_set_for_the_keys_that_are_named():
    path = edits.eased(line(), {1, 3}, "hold")
    assert [key.easing for key in path.keys] == ["smooth", "hold", "smooth", "hold", "smooth"]
    pose = poses.from_parts(poses.rotation_x(0.3), [5, 5, 5])
    assert np.allclose(edits.posed(path, 2, pose).at(np.array([2.0]))[0], pose)
