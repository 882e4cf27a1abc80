from __future__ import annotations

import pytest

from engine.evaluation.settings import HELD_OUT_SEED, QUICK, EvaluationSettings
from engine.training.bundled import Recipe


def test_the_full_evaluation_is_24_starts_with_3_seeds():
    settings = EvaluationSettings()
    assert (settings.num_starts, settings.num_seeds, settings.num_chunks) == (24, 3, 4)
    assert QUICK.num_starts * QUICK.num_seeds < 10


def test_the_seed_is_none_of_the_bundled_worlds_training():
    assert HELD_OUT_SEED not in {clips.seed for _, clips in Recipe().clip_sets}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_starts": 0}, "num starts of an evaluation must be at least 1, got 0"),
        ({"num_seeds": -1}, "num seeds of an evaluation must be at least 1, got -1"),
        ({"num_chunks": 5}, "have 4 or 8 chunks, got 5"),
        ({"pace": 0.0}, r"must be above 0, got 0\.0"),
    ],
)
def test_settings_that_measure_nothing_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        EvaluationSettings(**changes)
