"""Paths: keys are met, nothing overshoots, time goes on, and speed is what was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import poses
from engine.rotations import angles_between, quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.path import EASINGS, CameraPath, Key, key_from_pose
from engine.trajectories.timing import MAX_PACE, Timing, hermite, monotone_slopes

coordinate = st.floats(-5, 5).map(lambda number: round(number, 3))
quick = settings(deadline=None, max_examples=60)


def yaw(degrees: float) -> tuple[float, float, float, float]:
    half = np.deg2rad(degrees) / 2
    return 0.0, float(np.sin(half)), 0.0, float(np.cos(half))


@st.composite
def paths(draw: Any, easings: tuple[str, ...] = EASINGS, **changes: Any) -> CameraPath:
    count = draw(st.integers(2, 7))
    gaps = draw(st.lists(st.floats(0.05, 4), min_size=count, max_size=count))
    times = np.cumsum(gaps)
    keys = []
    for time in times:
        turn = np.array(draw(st.tuples(*[st.floats(-1, 1)] * 4)))
        turn = turn / np.linalg.norm(turn) if np.linalg.norm(turn) > 0.1 else np.array([0.0, 0, 0, 1])
        keys.append(
            Key(
                time_s=float(time),
                position=draw(st.tuples(coordinate, coordinate, coordinate)),
                quaternion=tuple(turn.tolist()),
                easing=draw(st.sampled_from(easings)),
                tangent=draw(st.none() | st.tuples(coordinate, coordinate, coordinate)),
                pace=draw(st.none() | st.floats(0, MAX_PACE)),
                turn_pace=draw(st.none() | st.floats(0, MAX_PACE)),
            )
        )
    return CameraPath(keys=tuple(keys), **changes)


def positions(path: CameraPath, times: np.ndarray) -> np.ndarray:
    return np.asarray(path.at(times)[:, :3, 3])


@quick
@given(paths(), st.booleans())
def test_every_key_is_met_at_its_time(path, constant_speed):
    path = replace(path, constant_speed=constant_speed)
    found = path.at(path.key_times())
    expected = np.array([key.position for key in path.keys])
    assert np.allclose(found[:, :3, 3], expected, atol=1e-9)
    turns = np.array([key.quaternion for key in path.keys])
    assert np.allclose(angles_between(quaternions(found[:, :3, :3]), turns), 0, atol=1e-6)
    if not constant_speed:
        assert np.array_equal(path.key_times(), [key.time_s for key in path.keys])
    assert np.all(np.diff(path.key_times()) > 0)
    assert np.allclose(path.key_times()[[0, -1]], [path.start_s, path.end_s])


@quick
@given(paths())
def test_turns_are_monotone_from_key_to_key(path):
    for before, after in zip(path.keys[:-1], path.keys[1:], strict=True):
        at = np.linspace(before.time_s, after.time_s, 40)
        turns = quaternions(path.at(at)[:, :3, :3])
        whole = angles_between(np.array([before.quaternion]), np.array([after.quaternion]))[0]
        done = angles_between(turns, np.array([before.quaternion] * 40))
        assert done.max() <= whole + 1e-6
        assert np.all(np.diff(done) >= -1e-6)


@quick
@given(
    st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 9), st.sampled_from(EASINGS)), min_size=1, max_size=8),
    st.lists(st.just(np.nan) | st.floats(0, MAX_PACE), min_size=9, max_size=9),
    st.booleans(),
)
def test_a_path_never_goes_back_on_itself(pieces, paces, is_loop):
    """The share of each segment that is done rises from 0 to 1, however uneven times and lengths are."""
    spans, extents = np.array([piece[:2] for piece in pieces]).T
    times = np.concatenate([[0.0], np.cumsum(spans)])
    easings = np.array([piece[2] for piece in pieces])
    timing = Timing(times, extents, easings, is_loop, np.array(paces[: len(times)]))
    for number in range(len(pieces)):
        at = np.linspace(times[number], times[number + 1], 101)
        share = timing.share(at, np.full(101, number))
        assert np.all(np.diff(share) >= -1e-9)
        assert (share[0], share[-1]) == pytest.approx((0, 1))


@pytest.mark.parametrize("easing", EASINGS)
def test_a_hold_at_90_degrees_stays_at_90(easing):
    keys = [Key(time_s=i, position=(0, 0, 0), quaternion=yaw(a), easing=easing) for i, a in enumerate((0, 90, 90, 0))]
    turns = quaternions(CameraPath(keys=tuple(keys)).at(np.linspace(0, 3, 601))[:, :3, :3])
    angles = np.rad2deg(angles_between(turns, np.array([yaw(0)] * 601)))
    assert angles.max() <= 90 + 1e-9
    assert np.allclose(angles[200:400], 90)


@quick
@given(st.lists(st.floats(0.02, 3), min_size=2, max_size=8), st.booleans())
def test_keys_on_a_line_stay_on_it_and_in_order(gaps, constant_speed):
    places = np.cumsum([0.0, *gaps])
    keys = tuple(Key(time_s=float(i), position=(0.0, 0.0, float(z))) for i, z in enumerate(places))
    path = CameraPath(keys=keys, constant_speed=constant_speed)
    walked = positions(path, np.linspace(0, len(gaps), 300))
    assert np.allclose(walked[:, :2], 0)
    assert np.all(np.diff(walked[:, 2]) >= -1e-9)


@quick
@given(paths(easings=("smooth", "ease", "linear"), constant_speed=True))
def test_constant_speed_is_constant(path):
    times = np.linspace(path.start_s, path.end_s, 4001)
    steps = np.linalg.norm(np.diff(positions(path, times), axis=0), axis=1)
    moves = [a.position != b.position for a, b in zip(path.keys[:-1], path.keys[1:], strict=True)]
    # Where keys lie in one place the camera turns on the spot, for the time it was given.
    segment = np.searchsorted(path.key_times(), (times[1:] + times[:-1]) / 2) - 1
    moving = steps[np.array(moves)[np.clip(segment, 0, len(moves) - 1)]]
    if len(moving) and moving.mean() > 1e-6:
        inside = np.abs(moving / np.median(moving) - 1) < 0.02
        assert inside.mean() > 0.95  # in a hairpin, where the spline all but stops, it is less even


def test_speed_is_carried_through_a_smooth_key_and_is_zero_at_an_eased_one():
    keys = [Key(time_s=t, position=(0, 0, z)) for t, z in ((0, 0), (1, 1), (2, 2.5), (4, 3.5))]
    smooth, eased = CameraPath(keys=tuple(keys)), CameraPath(keys=tuple(replace(k, easing="ease") for k in keys))
    for path, expected in ((smooth, 1.25), (eased, 0.0)):
        around = positions(path, np.array([1 - 1e-5, 1, 1 + 1e-5]))[:, 2]
        assert np.diff(around) / 1e-5 == pytest.approx([expected, expected], abs=1e-3)


def test_linear_segments_are_straight_and_even():
    keys = [
        Key(time_s=0, position=(0, 0, 0)),
        Key(time_s=1, position=(1, 0, 1), easing="linear"),
        Key(time_s=3, position=(1, 2, 1)),
        Key(time_s=4, position=(5, 2, 1)),
    ]
    walked = positions(CameraPath(keys=tuple(keys)), np.linspace(1, 3, 21))
    assert np.allclose(walked, np.stack([np.ones(21), np.linspace(0, 2, 21), np.ones(21)], axis=1))


def test_a_hold_stays_until_the_next_key_and_is_there_at_once():
    keys = (Key(time_s=0, position=(0, 0, 0), easing="hold"), Key(time_s=2, position=(0, 0, 3), quaternion=yaw(50)))
    found = CameraPath(keys=keys).at(np.array([0, 1, 1.999, 2]))
    assert np.allclose(found[:3], np.eye(4))
    assert np.allclose(found[3, :3, 3], [0, 0, 3])


@quick
@given(paths(easings=("smooth", "linear"), closing_s=1.5))
def test_a_loop_comes_back_and_goes_on(path):
    period = path.end_s - path.start_s
    times = np.linspace(path.start_s, path.end_s, 50)
    assert np.allclose(path.at(times), path.at(times + period), atol=1e-6)
    assert np.allclose(path.at(np.array([path.end_s])), path.at(np.array([path.start_s])), atol=1e-9)


def test_a_loop_closes_without_a_corner():
    square = ((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1))
    keys = tuple(Key(time_s=i, position=p) for i, p in enumerate(square))
    path = CameraPath(keys=keys, closing_s=1.0)
    step = positions(path, np.array([4 - 1e-4, 4, 4 + 1e-4]))
    assert np.allclose(step[1] - step[0], step[2] - step[1], atol=1e-6)


def test_one_key_is_a_camera_that_stands_still():
    path = CameraPath(keys=(Key(time_s=2, position=(1, 2, 3)),))
    assert np.allclose(positions(path, np.array([0, 2, 9])), [1, 2, 3])
    assert path.start_s == path.end_s == 2


def test_before_and_after_a_path_the_camera_rests():
    path = CameraPath(keys=(Key(time_s=1, position=(0, 0, 0)), Key(time_s=2, position=(0, 0, 1))))
    assert np.allclose(positions(path, np.array([-5, 0.5, 2.5, 99]))[:, 2], [0, 0, 1, 1])


def test_a_camera_that_looks_at_a_point_keeps_facing_it_upright():
    target = (0.0, 0.0, 5.0)
    keys = tuple(
        Key(time_s=t, position=p, look_at=target)
        for t, p in enumerate(((-2.0, 0.0, 0.0), (0.0, -1.0, 1.0), (3.0, 0.5, 2.0)))
    )
    found = CameraPath(keys=keys).at(np.linspace(0, 2, 41))
    wanted = np.array(target) - found[:, :3, 3]
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert np.allclose(found[:, :3, 2], wanted, atol=1e-9)
    assert np.allclose(found[:, 1, 0], 0, atol=1e-6)  # its right stays level


def test_a_target_where_the_camera_is_changes_nothing():
    keys = (Key(time_s=0, position=(0, 0, 0), look_at=(0, 0, 0)), Key(time_s=1, position=(0, 0, 1)))
    assert np.allclose(CameraPath(keys=keys).at(np.array([0.0])), np.eye(4))


def test_key_from_pose_holds_the_pose():
    pose = poses.from_parts(poses.rotation_y(0.3) @ poses.rotation_x(-1.0), [1, 2, 3])
    key = key_from_pose(1.5, pose)
    assert np.allclose(CameraPath(keys=(key,)).at(np.array([1.5]))[0], pose)


def test_poses_are_rigid():
    keys = tuple(Key(time_s=i, position=(i, 0, 0), quaternion=yaw(100 * i)) for i in range(5))
    rotations = CameraPath(keys=keys).at(np.linspace(0, 4, 99))[:, :3, :3]
    assert np.allclose(rotations @ np.swapaxes(rotations, 1, 2), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(rotations), 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_s": float("nan")}, "finite"),
        ({"position": (0, 0, float("inf"))}, "finite"),
        ({"quaternion": (0, 0, 0, 2)}, "length 1, got 2"),
        ({"easing": "bounce"}, "unknown easing 'bounce'; there are smooth"),
    ],
)
def test_a_wrong_key_is_refused(changes, message):
    with pytest.raises(TrajectoryError, match=message):
        Key(**{"time_s": 0.0, "position": (0.0, 0.0, 0.0), **changes})


def test_a_wrong_path_is_refused():
    key = Key(time_s=1, position=(0, 0, 0))
    with pytest.raises(TrajectoryError, match="at least one key"):
        CameraPath(keys=())
    with pytest.raises(TrajectoryError, match="key 1 at 1 s comes after key 0 at 1 s"):
        CameraPath(keys=(key, key))
    with pytest.raises(TrajectoryError, match="more than 0 seconds to close"):
        CameraPath(keys=(key,), closing_s=0)


@quick
@given(st.lists(st.tuples(st.floats(0.01, 5), st.floats(-5, 5)), min_size=1, max_size=9), st.booleans())
def test_monotone_cubics_stay_between_their_ends(pieces, is_loop):
    spans, heights = np.array(pieces).T
    slopes = monotone_slopes(heights / spans, is_loop=is_loop)
    share = np.linspace(0, 1, 101)
    for n, (span, height) in enumerate(zip(spans, heights, strict=True)):
        values = hermite(np.zeros(101), np.full(101, height), slopes[n] * span, slopes[n + 1] * span, share)
        assert np.all(np.diff(values) * np.sign(height) >= -1e-9)
        assert values[0] == 0
        assert values[-1] == pytest.approx(height)
