from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.statistics import correlation, mean, measure, median, ratio


def test_a_measure_has_its_value_interval_and_counts():
    samples = np.random.default_rng(0).normal(5, 1, (24, 6))
    found = measure(samples, mean)
    assert found.value == pytest.approx(samples.mean())
    assert found.low < 5 < found.high
    assert (found.num_samples, found.num_groups) == (144, 24)
    assert measure(samples, mean) == found


def test_samples_that_go_together_widen_the_interval():
    """Ten copies of one number tell no more than one."""
    alone = np.random.default_rng(0).normal(0, 1, (20, 1))
    once, copied = measure(alone, mean), measure(alone.repeat(10, 1), mean)
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))


def test_equal_samples_have_no_interval():
    found = measure(np.ones((8, 3)), median)
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_correlation_of_lines():
    x = np.linspace(-1, 1, 9)
    assert correlation(np.stack([x, 3 * x + 2], 1)) == pytest.approx(1)
    assert correlation(np.stack([x, -x], 1)) == pytest.approx(-1)
    assert correlation(np.stack([x, np.ones(9)], 1)) == 0


def test_ratio_of_means():
    assert ratio(np.array([[1.0, 4.0], [3.0, 4.0]])) == 2
    assert ratio(np.zeros((2, 2))) == 0


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (5,)])
def test_no_samples_are_refused(shape):
    with pytest.raises(ValueError, match=r"of shape \(groups, samples, ...\)"):
        measure(np.zeros(shape), mean)
