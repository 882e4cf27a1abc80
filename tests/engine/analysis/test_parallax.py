from __future__ import annotations

import numpy as np
import pytest

from engine import poses
from engine.analysis.following import luminance
from engine.analysis.parallax import StepTurnSearch, near_over_far
from engine.evaluation.starts import procedural_starts
from engine.worlds.fake import FakeWorld

SIZE = (112, 64)
FRACTIONS = (0.5, 1.0)
STEP = 0.24


@pytest.fixture(scope="module")
def start():
    return procedural_starts(1, FakeWorld().info, seed=900_001)[0]


def clip(start, step, turn):
    """The truth of a step aside and a turn to the left, at once."""
    path = [poses.from_parts(poses.rotation_y(-turn * part), [step * part, 0, 0]) for part in (0, *FRACTIONS)]
    before, *after = (luminance(frame) for frame in start.shown_from(np.stack(path)))
    return before, after


@pytest.mark.parametrize("step", [STEP, -STEP])
def test_a_step_is_no_turn_and_a_turn_no_step(start, step):
    search = StepTurnSearch(step, SIZE, FRACTIONS)
    assert search.share_of_turn(*clip(start, step, 0.0)) < 0.2
    assert search.share_of_turn(*clip(start, 0.0, 0.2)) > 0.8
    assert 0.25 < search.share_of_turn(*clip(start, step, step)) < 0.75


def test_a_clip_that_stands_still_makes_no_step(start):
    before, _ = clip(start, 0.0, 0.0)
    assert StepTurnSearch(STEP, SIZE, FRACTIONS).share_of_turn(before, [before, before]) == 1


def test_a_small_step_counts_as_a_step(start):
    assert StepTurnSearch(STEP, SIZE, FRACTIONS).share_of_turn(*clip(start, 0.3 * STEP, 0.0)) < 0.35


@pytest.mark.parametrize(("near", "far", "sign"), [(9, 4, 1), (4, 9, -1)])
def test_parallax_is_the_shift_of_the_lower_third_over_that_of_the_upper(near, far, sign):
    rng = np.random.default_rng(1)
    before = np.kron(rng.uniform(0, 255, (16, 40)), np.ones((4, 4))).astype(np.float32)
    after = before.copy()
    after[:21] = np.roll(before[:21], -far, 1)
    after[-21:] = np.roll(before[-21:], -near, 1)
    assert near_over_far(before, after) == pytest.approx(5 * sign, abs=0.3)


def test_a_picture_without_contrast_has_no_parallax():
    flat = np.full((64, 112), 90, np.float32)
    assert abs(near_over_far(flat, flat)) < 1e-6
