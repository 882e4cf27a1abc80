from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.analysis.following import goes_right, stands_still
from engine.clock import ASTRA_CLOCK
from engine.evaluation.commands import DIRECTIONS
from engine.evaluation.following import Searches, follow, gains_by_axis, true_pictures
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.starts import procedural_starts
from tests.engine.evaluation.worlds import SIZE, BackwardsWorld, StillWorld, small_fake

SETTINGS = EvaluationSettings(num_starts=1, num_seeds=2)


@pytest.fixture(scope="module")
def starts():
    return procedural_starts(1, small_fake().info, 7)


def followed(world, starts, settings=SETTINGS):
    return follow(world, starts, settings, Searches(world.info), lambda _done: None)


@pytest.fixture(scope="module")
def samples(starts):
    return followed(small_fake(), starts)


def test_a_world_that_follows_goes_right_and_rests_when_told_nothing(samples):
    assert samples.world.shape == (1, 2, len(DIRECTIONS))
    assert goes_right(samples.world).all()
    assert stands_still(gains_by_axis(samples.resting)).all()
    asked, made = samples.random[..., 0], samples.random[..., 1]
    assert np.allclose(made[..., 0], asked[..., 0], atol=0.03)
    assert np.array_equal(np.sign(made), np.sign(asked))


def test_the_controls_tell_the_score_apart_from_chance(samples):
    assert goes_right(samples.truth).all()
    assert not goes_right(samples.copied).any()
    assert not goes_right(samples.softened).any()
    assert not goes_right(samples.resting).any()
    assert goes_right(samples.shuffled).mean() < 0.6
    assert not np.any(samples.shuffled == samples.world)  # no command is its own control


def test_a_world_that_does_the_opposite_is_found_out(starts):
    samples = followed(BackwardsWorld(width=SIZE[0], height=SIZE[1]), starts, replace(SETTINGS, num_seeds=1))
    assert not goes_right(samples.world).any()
    assert np.all(samples.world < -0.1)


def test_a_world_that_stands_still_never_goes_right(starts):
    samples = followed(StillWorld(width=SIZE[0], height=SIZE[1]), starts, replace(SETTINGS, num_seeds=1))
    assert not goes_right(samples.world).any()
    assert stands_still(gains_by_axis(samples.resting)).all()
    assert np.allclose(samples.random[..., 1], 0, atol=0.01)


def test_what_is_shown_is_the_start_and_a_picture_per_column(samples, starts):
    assert len(samples.shown) == 1
    assert all(picture.shape == (32, 56, 3) for picture in samples.shown[0])
    assert len(true_pictures(starts[0], 8, SETTINGS.pace, ASTRA_CLOCK)) == len(samples.shown[0]) - 1
