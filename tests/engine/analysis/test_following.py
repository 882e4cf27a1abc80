from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.analysis.following import (
    AXES,
    REACH,
    SMALLEST_GAIN,
    MotionSearch,
    blurred,
    goes_right,
    luminance,
    poses_along,
    stands_still,
)
from engine.analysis.warp import TAN_HALF_FOV
from engine.evaluation.starts import Start, procedural_starts
from engine.training.synthetic.scenes import built_scenes
from engine.worlds.fake import FakeWorld

SIZE = (112, 64)
FRACTIONS = (0.25, 0.5, 1.0)
LARGEST = 0.24
"""Eight ticks at trained speed."""


@pytest.fixture(scope="module")
def starts():
    """A picture scene and a built one."""
    return procedural_starts(2, FakeWorld().info, seed=5)


@pytest.fixture(scope="module")
def searches():
    return {axis: MotionSearch(axis, REACH * LARGEST, SIZE, FRACTIONS) for axis in AXES}


def true_clip(start, axis, amount):
    """The truth: luminances of the start and of the frames after each fraction of the motion."""
    path = poses_along(axis, np.array([0.0, *(amount * part for part in FRACTIONS)]))
    before, *after = (luminance(frame) for frame in start.shown_from(path))
    return before, after


def gain(search, start, asked, made):
    return search.estimate(*true_clip(start, search.axis, made)).amount / asked


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_truth_goes_right(axis, sign, starts, searches):
    gains = np.array([gain(searches[axis], start, sign * LARGEST, sign * LARGEST) for start in starts])
    assert goes_right(gains).all()
    assert np.all((gains > 0.5) & (gains < 1.6))


@pytest.mark.parametrize("axis", AXES)
def test_a_planted_wrong_direction_is_found(axis, starts, searches):
    gains = np.array([gain(searches[axis], start, LARGEST, -LARGEST) for start in starts])
    assert not goes_right(gains).any()
    assert np.all(gains < -0.5)


def test_half_the_motion_is_half_the_gain(starts, searches):
    gains = [gain(searches["yaw"], start, LARGEST, LARGEST / 2) for start in starts]
    assert np.allclose(gains, 0.5, atol=0.1)


@pytest.mark.parametrize("axis", AXES)
def test_a_copy_of_the_start_stands_still(axis, starts, searches):
    for start in starts:
        copy = luminance(start.picture)
        estimate = searches[axis].estimate(copy, [copy] * len(FRACTIONS))
        assert abs(estimate.amount) < 0.02 * LARGEST
        assert estimate.correlation > 0.999


def test_what_has_no_features_does_not_move(searches):
    flat = np.full((SIZE[1], SIZE[0]), 90, np.float32)
    for search in searches.values():
        estimate = search.estimate(flat, [flat] * len(FRACTIONS))
        assert (estimate.amount, estimate.correlation) == (0, 0)


def test_blur_and_noise_do_not_change_the_direction(starts, searches):
    rng = np.random.default_rng(0)
    before, after = true_clip(starts[0], "forward", LARGEST)
    blurred = [frame.reshape(32, 2, 56, 2).mean((1, 3)).repeat(2, 0).repeat(2, 1) for frame in after]
    spoilt = [(frame + rng.normal(0, 15, frame.shape)).astype(np.float32) for frame in blurred]
    assert searches["forward"].estimate(before, spoilt).amount / LARGEST > 0.5


@pytest.mark.parametrize("deviation", [1.0, 2.0, 3.0])
def test_what_only_goes_soft_does_not_come_nearer(deviation, starts, searches):
    for start in starts:
        copy = luminance(start.picture)
        for axis in AXES:
            estimate = searches[axis].estimate(copy, [blurred(copy, deviation)] * len(FRACTIONS))
            assert abs(estimate.amount) <= SMALLEST_GAIN * LARGEST, axis


def test_blur_keeps_the_mean_and_takes_the_contrast():
    noise = np.random.default_rng(1).normal(100, 30, (64, 112)).astype(np.float32)
    soft = blurred(noise, 2.0)
    assert soft.shape == noise.shape
    assert soft.mean() == pytest.approx(noise.mean(), abs=1)
    assert soft[10:-10, 10:-10].std() == pytest.approx(30 / (2 * np.sqrt(np.pi) * 2), rel=0.15)
    assert blurred(noise, 0) is noise


@pytest.mark.parametrize("seed", [6, 9])
def test_under_a_sky_that_only_turns_a_step_aside_is_seen(seed, searches):
    """Clouds have more contrast than the ground here, and no parallax."""
    scene = built_scenes(torch.Generator().manual_seed(seed), 1, SIZE[0] / SIZE[1])
    bare = replace(scene, box_half=torch.zeros_like(scene.box_half), haze_density=torch.zeros(1))
    before, after = true_clip(
        Start(name="bare", picture=np.zeros((64, 112, 3), np.uint8), scene=bare), "strafe", LARGEST
    )
    assert searches["strafe"].estimate(before, after).amount / LARGEST > 0.5


def striped_plain(travelled):
    """A plain with a stripe every 0.2 units, fading with distance, seen after moving forward."""
    width, height = SIZE
    down = ((np.arange(height) + 0.5) / height * 2 - 1) * TAN_HALF_FOV * height / width
    distance = 0.27 / np.maximum(down, 0.02)
    stripes = 128 + 100 * np.sin(2 * np.pi * (travelled + distance) / 0.2) * np.exp(-distance)
    return np.tile(np.where(down > 0, stripes, 200)[:, None], (1, width)).astype(np.float32)


def test_on_regular_ground_the_way_there_tells_what_the_last_frame_cannot(searches):
    before, after = striped_plain(0), [striped_plain(part * LARGEST) for part in FRACTIONS]
    last_only = MotionSearch("forward", REACH * LARGEST, SIZE).estimate(before, after[-1:])
    assert last_only.amount < 0
    assert searches["forward"].estimate(before, after).amount == pytest.approx(LARGEST, abs=0.02)


def test_frames_are_compared_at_one_width_whatever_their_size():
    large = luminance(np.zeros((480, 832, 3), np.uint8))
    small = luminance(np.zeros((32, 48, 3), np.uint8))
    assert large.shape == (65, 112)
    assert small.shape == (32, 48)


def test_standing_still_means_on_every_axis():
    gains = np.array([[0.1, -0.1, 0, 0.05], [0, 0, 0.2, 0], [0, 0, 0, -0.2]])
    assert stands_still(gains).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("largest", "fractions", "num_amounts"),
    [(0, (1.0,), 9), (1, (), 9), (1, (1.5,), 9), (1, (0.0,), 9), (1, (1.0,), 2)],
)
def test_a_search_that_cannot_be_made_says_what_it_needs(largest, fractions, num_amounts):
    with pytest.raises(
        ValueError, match=r"needs a largest amount above 0, at least 3 amounts and fractions in \(0, 1\]"
    ):
        MotionSearch("yaw", largest, SIZE, fractions, num_amounts)
