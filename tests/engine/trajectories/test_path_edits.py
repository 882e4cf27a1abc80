"""Edits of whole paths: what they keep, what they change, and what undoes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import poses
from engine.actions.modality import CAMERA
from engine.clock import ASTRA_CLOCK
from engine.trajectories import path_edits as edits
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.path import EASINGS, CameraPath, Key
from engine.trajectories.sampling import actions
from tests.engine.trajectories.test_path import paths

quick = settings(deadline=None, max_examples=40)


def along(path: CameraPath, num: int = 60) -> np.ndarray:
    return path.at(np.linspace(path.start_s, path.end_s, num))


@pytest.fixture
def path() -> CameraPath:
    turns = ((0.0, 0.0, 0.0, 1.0), (0.0, -np.sin(0.2), 0.0, np.cos(0.2)), (np.sin(0.1), 0.0, 0.0, np.cos(0.1)))
    places = ((1.0, 0.0, 0.0), (1.0, -0.5, 2.0), (0.0, 0.0, 3.0))
    keys = (
        Key(time_s=float(t), position=p, quaternion=tuple(map(float, q)), look_at=(9.0, 0.0, 1.0) if t == 2 else None)
        for t, (p, q) in enumerate(zip(places, turns, strict=True))
    )
    first, second, third = keys
    return CameraPath(keys=(first, replace(second, tangent=(0.6, -0.2, 0.9), pace=1.4, turn_pace=0.3), third))


@quick
@given(paths(easings=EASINGS))
def test_reversing_twice_is_doing_nothing(path):
    again = edits.reverse(edits.reverse(path))
    assert [key.easing for key in again.keys] == [key.easing for key in path.keys]
    assert [replace(k, time_s=0.0) for k in again.keys] == [replace(k, time_s=0.0) for k in path.keys]
    assert np.allclose([k.time_s for k in again.keys], [k.time_s for k in path.keys])


@quick
@given(paths(easings=("smooth", "ease", "linear")))
def test_a_reversed_path_is_walked_from_its_end(path):
    assert np.allclose(along(edits.reverse(path)), along(path)[::-1], atol=1e-6)


@quick
@given(paths(), st.floats(-3, 3), st.floats(-3, 3))
def test_moving_a_path_moves_every_pose_and_no_row(path, angle, shift):
    world = poses.from_parts(poses.rotation_y(angle) @ poses.rotation_x(0.4), [shift, 1, -2])
    moved = edits.transform(path, world)
    assert np.allclose(along(moved), world @ along(path), atol=1e-6)
    assert np.allclose(actions(moved, clock=ASTRA_CLOCK).rows, actions(path, clock=ASTRA_CLOCK).rows, atol=1e-5)


def test_look_at_points_move_and_scale_with_the_path(path):
    world = poses.from_parts(poses.rotation_z(0.5), [1, 2, 3])
    assert np.allclose(along(edits.transform(path, world)), world @ along(path))
    larger = edits.scale(path, 4.0, about=(1.0, 0.0, 0.0))
    assert np.allclose(along(larger)[:, :3, :3], along(path)[:, :3, :3])
    assert np.allclose(along(larger)[:, :3, 3] - [1, 0, 0], 4 * (along(path)[:, :3, 3] - [1, 0, 0]))


@pytest.mark.parametrize("world", [2 * np.eye(4), np.diag([-1.0, 1, 1, 1]), np.eye(3)])
def test_what_is_not_rigid_does_not_move_a_path(path, world):
    with pytest.raises(TrajectoryError, match="rigid"):
        edits.transform(path, world)


def test_a_mirrored_path_turns_and_strafes_to_the_other_side(path):
    rows, other = actions(path, clock=ASTRA_CLOCK).rows, actions(edits.mirror(path), clock=ASTRA_CLOCK).rows
    across = [CAMERA.columns.index(name) for name in ("r01", "r02", "r10", "r20", "tx")]
    expected = rows.copy()
    expected[:, across] *= -1
    assert np.allclose(other, expected, atol=1e-6)
    assert np.allclose(along(edits.mirror(edits.mirror(path))), along(path), atol=1e-9)
    assert np.allclose(along(edits.mirror(path))[0], along(path)[0])


def test_a_retimed_path_goes_the_same_way_in_other_time(path):
    slow = edits.retime(path, start_s=10, duration_s=8)
    assert (slow.start_s, slow.end_s) == (10, 18)
    assert np.allclose(along(slow), along(path))
    loop = edits.retime(replace(path, closing_s=2.0), duration_s=2)
    assert loop.closing_s == 1.0
    with pytest.raises(TrajectoryError, match="above 0, got 0"):
        edits.retime(path, duration_s=0)


def test_joined_paths_go_on_from_where_the_first_ends(path):
    both = edits.join(path, edits.retime(path, start_s=50))
    assert len(both.keys) == 5
    assert both.end_s == 4
    end = along(path)[-1]
    expected = end @ poses.inverse(along(path)[0]) @ along(path)[-1]
    assert np.allclose(along(both)[-1], expected)
    with pytest.raises(TrajectoryError, match="loop has no end"):
        edits.join(path, replace(path, closing_s=1.0))


@pytest.mark.parametrize(("grid", "step"), [("frame", 0.05), ("tick", 0.2), ("chunk", 1.6)])
def test_snapped_keys_lie_on_the_grid_and_none_is_lost(grid, step):
    keys = tuple(Key(time_s=t, position=(t, 0, 0)) for t in (0.01, 0.02, 0.11, 1.13, 1.14, 5.0))
    snapped = edits.snap(CameraPath(keys=keys, closing_s=0.3), grid, clock=ASTRA_CLOCK)
    times = np.array([key.time_s for key in snapped.keys])
    assert np.allclose(times / step, np.round(times / step))
    assert np.all(np.diff(times) > 0)
    assert [key.position for key in snapped.keys] == [key.position for key in keys]
    assert snapped.closing_s is not None
    assert snapped.closing_s > 0


@quick
@given(paths(easings=("linear",)))
def test_a_split_of_a_straight_segment_changes_nothing(path):
    at = (path.keys[0].time_s + path.keys[1].time_s) / 2
    parted = edits.split(path, at)
    assert len(parted.keys) == len(path.keys) + 1
    assert np.allclose(along(parted), along(path), atol=1e-6)


def test_a_split_key_lies_on_the_path(path):
    parted = edits.split(path, 0.7)
    assert np.allclose(parted.at(np.array([0.7])), path.at(np.array([0.7])))
    for time in (0.0, -1.0, 2.0, 5.0, 1.0):
        with pytest.raises(TrajectoryError, match="between 0 s and 2 s"):
            edits.split(path, time)
