"""Statistics of samples that come in groups: a value with its bootstrap interval.

Samples of one start (its directions, its noise seeds) resemble each other, so whole starts are drawn, not samples.

Shape letters: G groups, S samples per group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Samples = NDArray[np.float64]
Statistic = Callable[[Samples], float]

NUM_RESAMPLES = 1000
_COVERAGE = (2.5, 97.5)
_SEED = 17


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A measured number."""

    value: float
    low: float
    """The 95 % bootstrap interval over groups."""
    high: float
    num_samples: int
    num_groups: int


def measure(samples: ArrayLike, statistic: Statistic) -> Measure:
    """A statistic of samples (G, S, ...) and its interval. Deterministic.

    The statistic gets the groups one after the other, (G x S, ...). Raises ValueError for no samples.
    """
    values = np.asarray(samples, np.float64)
    if values.ndim < 2 or 0 in values.shape:
        raise ValueError(f"a measure needs samples of shape (groups, samples, ...), got {values.shape}")
    rng = np.random.default_rng(_SEED)
    # One group can only be drawn in one way.
    groups = rng.integers(len(values), size=(NUM_RESAMPLES if len(values) > 1 else 1, len(values)))
    drawn = [statistic(_pooled(values[chosen])) for chosen in groups]
    low, high = np.percentile(drawn, _COVERAGE)
    return Measure(
        value=statistic(_pooled(values)),
        low=float(low),
        high=float(high),
        num_samples=values.shape[0] * values.shape[1],
        num_groups=len(values),
    )


def mean(samples: Samples) -> float:
    return float(samples.mean())


def median(samples: Samples) -> float:
    return float(np.median(samples))


def correlation(samples: Samples) -> float:
    """Pearson's correlation of the two columns of (samples, 2); 0 where one of them does not vary."""
    centred = samples - samples.mean(0)
    scale = float(np.sqrt(np.square(centred).sum(0).prod()))
    return float(centred.prod(1).sum()) / scale if scale > 0 else 0.0


def ratio(samples: Samples) -> float:
    """Mean of the second column of (samples, 2) over that of the first; 0 where the first is nothing."""
    first, second = samples.mean(0)
    return float(second / first) if first else 0.0


def _pooled(values: Samples) -> Samples:
    return values.reshape(-1, *values.shape[2:])
