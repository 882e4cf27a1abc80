from __future__ import annotations

import numpy as np

from engine.analysis.following import goes_right
from engine.evaluation.following import Searches
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.starts import procedural_starts
from engine.evaluation.walks import chunk_ends, compare_with_truth, random_paths, walk_far
from tests.engine.evaluation.worlds import SIZE, StillWorld, small_fake

SETTINGS = EvaluationSettings(num_starts=2, num_seeds=1)


def ignored(_done):
    pass


def test_walks_end_every_chunk_away_from_the_start():
    for path in random_paths(20, 8, seed=4):
        assert path.shape == (65, 4, 4)
        ends = chunk_ends(path, 8)
        assert len(ends) == 2
        assert np.all(np.abs(ends - np.eye(4)).max((1, 2)) > 0.02)


def test_a_world_that_shows_its_start_is_as_like_the_truth_as_a_copy():
    world = StillWorld(width=SIZE[0], height=SIZE[1])
    starts = procedural_starts(2, world.info, 7)
    samples = compare_with_truth(world, starts, SETTINGS, ignored)
    assert samples.world.shape == (2, 1, 2)
    assert np.array_equal(samples.world, samples.copied)
    assert np.all((samples.copied > 5) & (samples.copied < 40))


def test_long_takes_are_measured_chunk_by_chunk():
    world = small_fake()
    samples = walk_far(world, procedural_starts(1, world.info, 7), SETTINGS, Searches(world.info), ignored)
    assert samples.gains.shape == (1, 1, 3, 4)
    assert goes_right(samples.gains[:, :, :2]).all()  # turns; forward over regular checks is another matter
    assert np.all((samples.sharpness > 0.3) & (samples.sharpness < 3))


def test_a_still_world_keeps_its_sharpness_and_follows_nothing():
    world = StillWorld(width=SIZE[0], height=SIZE[1])
    samples = walk_far(world, procedural_starts(1, world.info, 7), SETTINGS, Searches(world.info), ignored)
    assert not goes_right(samples.gains).any()
    assert np.allclose(samples.sharpness, 1)
