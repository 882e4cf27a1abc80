"""Handles: a key is passed in the way and at the speed that they say, and nothing else of the path changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rotations import angles_between, quaternions
from engine.trajectories import path_edits
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.handles import (
    arms,
    automatic,
    handle_sides,
    is_by_hand,
    with_arm,
    with_turn_speed,
    with_velocity,
)
from engine.trajectories.key_edits import eased
from engine.trajectories.path import CameraPath, Key
from engine.trajectories.timing import MAX_PACE
from tests.engine.trajectories.test_path import paths

STEP_S = 1e-5
part = st.floats(-0.5, 0.5)


def zigzag() -> CameraPath:
    """Five keys a second and about a unit apart, turning a little to the right at each."""
    turns = [(0.0, float(np.sin(0.1 * i)), 0.0, float(np.cos(0.1 * i))) for i in range(5)]
    return CameraPath(
        keys=tuple(Key(time_s=float(i), position=(0.3 * (i % 2), 0.0, float(i)), quaternion=turns[i]) for i in range(5))
    )


def velocities(path: CameraPath, time_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Just before and just after a time (3,), units per second."""
    before, here, after = path.at(np.array([time_s - STEP_S, time_s, time_s + STEP_S]))[:, :3, 3]
    return (here - before) / STEP_S, (after - here) / STEP_S


def turn_speeds(path: CameraPath, time_s: float) -> np.ndarray:
    turns = quaternions(path.at(np.array([time_s - STEP_S, time_s, time_s + STEP_S]))[:, :3, :3])
    return angles_between(turns[:-1], turns[1:]) / STEP_S


@settings(deadline=None, max_examples=40)
@given(st.tuples(part, part, part), st.integers(0, 4))
def test_a_key_is_passed_at_the_velocity_that_was_asked_for(velocity, number):
    path = with_velocity(zigzag(), number, velocity)
    before, after = velocities(path, float(number))
    if number > 0:
        assert np.allclose(before, velocity, atol=1e-3)
    if number < 4:
        assert np.allclose(after, velocity, atol=1e-3)


def test_other_keys_and_segments_stay_as_they_were():
    path = zigzag()
    shaped = with_velocity(path, 2, (0.5, 0.0, 0.1))
    times = np.concatenate([np.linspace(0, 1, 50), np.linspace(3, 4, 50)])
    # The segments next to those beside the key have its slower neighbours' slopes, so their timing may change a little.
    assert np.allclose(shaped.at(np.arange(5.0)), path.at(np.arange(5.0)))
    away = shaped.at(times)[:, :3, 3], path.at(times)[:, :3, 3]
    assert np.abs(away[0] - away[1]).max() < 0.05
    assert np.allclose(shaped.at(times)[:, :3, :3], path.at(times)[:, :3, :3])


def test_a_handle_that_asks_for_too_much_keeps_its_way_at_the_fastest_that_does_not_swing_past():
    path = with_velocity(zigzag(), 2, (0.0, 0.0, 500.0))
    assert path.keys[2].pace == MAX_PACE
    before, _ = velocities(path, 2.0)
    assert before[2] == pytest.approx(np.linalg.norm(before), rel=1e-4)


def test_a_camera_that_rests_at_a_key_keeps_its_way():
    path = with_velocity(zigzag(), 1, (0.0, 0.0, 0.0))
    assert np.allclose(path.tangents(1)[1], zigzag().tangents(1)[1])
    assert np.allclose(velocities(path, 1.0), 0, atol=1e-3)


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 0.5), st.integers(0, 4))
def test_a_key_is_passed_turning_as_fast_as_was_asked_for(speed, number):
    path = with_turn_speed(zigzag(), number, speed)
    before, after = turn_speeds(path, float(number))
    if number > 0:
        assert before == pytest.approx(speed, abs=1e-3)
    if number < 4:
        assert after == pytest.approx(speed, abs=1e-3)
    assert np.allclose(path.at(np.linspace(0, 4, 99))[:, :3, 3], zigzag().at(np.linspace(0, 4, 99))[:, :3, 3])


@settings(deadline=None, max_examples=20)
@given(paths())
def test_automatic_keys_are_the_splines(path):
    plain = automatic(path, range(len(path.keys)))
    assert not any(is_by_hand(key) for key in plain.keys)
    assert automatic(path, ()) == path
    keys = [replace(key, tangent=None, pace=None, turn_pace=None) for key in path.keys]
    assert plain == CameraPath(keys=tuple(keys))


def test_handles_are_where_the_path_curves_and_does_not_rest():
    path = zigzag()
    assert [handle_sides(path, number) for number in (0, 2, 4)] == [(False, True), (True, True), (True, False)]
    loop = replace(path, closing_s=1.0)
    assert handle_sides(loop, 0) == (True, True)
    assert handle_sides(eased(path, {2}, "linear"), 2) == (True, False)
    for easing in ("hold", "ease"):
        assert handle_sides(eased(path, {2}, easing), 2) == (False, False)
    assert handle_sides(replace(path, constant_speed=True), 2) == (False, False)
    assert handle_sides(CameraPath(keys=path.keys[:1]), 0) == (False, False)


@settings(deadline=None, max_examples=40)
@given(st.tuples(part, part, part), st.integers(0, 4), st.booleans())
def test_a_curve_bends_to_the_control_point_that_was_asked_for(arm, number, is_after):
    path = zigzag()
    if arms(path, number)[is_after] is None:
        assert number == (4 if is_after else 0)
        return
    shaped = with_arm(path, number, arm, is_after=is_after)
    assert np.allclose(arms(shaped, number)[is_after], arm)
    other = arms(shaped, number)[not is_after]
    if other is not None and np.linalg.norm(arm) > 1e-3:
        assert np.dot(other, arm) == pytest.approx(-np.linalg.norm(other) * np.linalg.norm(arm), rel=1e-6)
    # The middle of a cubic Bezier curve: an eighth of the ends, three eighths of the control points.
    segment = number if is_after else number - 1
    first, second = arms(shaped, segment)[1], arms(shaped, segment + 1)[0]
    begin, end = (np.array(shaped.keys[n].position) for n in (segment, segment + 1))
    middle = (begin + end) / 2 + 0.375 * (first + second)
    line = shaped.at(np.linspace(segment, segment + 1, 4001))[:, :3, 3]
    assert np.linalg.norm(line - middle, axis=1).min() < 2e-3


def test_control_points_are_where_the_path_curves():
    path = zigzag()
    assert [found is None for found in arms(eased(path, {2}, "linear"), 2)] == [False, True]
    assert [found is None for found in arms(eased(path, {2}, "ease"), 2)] == [False, False]
    assert [found is None for found in arms(replace(path, closing_s=1.0), 0)] == [False, False]
    alone = CameraPath(keys=path.keys[:1])
    assert arms(alone, 0) == (None, None)


def test_handles_do_not_depend_on_size_or_duration():
    path = with_velocity(zigzag(), 2, (0.4, 0.0, 0.3))
    other = path_edits.retime(path_edits.scale(path, 3.0), duration_s=8.0)
    assert np.allclose(velocities(other, 4.0), np.multiply((0.4, 0.0, 0.3), 1.5), atol=1e-3)


@pytest.mark.parametrize(
    "change", [{"tangent": (0.0, np.nan, 0.0)}, {"tangent": (1.0, 2.0)}, {"pace": -0.1}, {"turn_pace": np.inf}]
)
def test_what_is_no_handle_is_refused(change):
    with pytest.raises(TrajectoryError, match=r"tangent of a key|pace at a key"):
        Key(time_s=0.0, position=(0.0, 0.0, 0.0), **change)
