"""Distance along a path's segments by time: monotone cubics, so nothing goes back or past its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.poses import Floats

MAX_PACE = 3.0
"""The steepest slope at the end of a cubic piece, in secants, with which it is monotone whatever the other end has."""
_STILL = 1e-9
"""Units or radians per second, and share of the way, below which nothing moves."""


def hermite(start: Floats, end: Floats, slope_start: Floats, slope_end: Floats, share: Floats) -> Floats:
    """The cubic with these end values and derivatives, at `share` 0 to 1 of the way."""
    back = 1 - share
    return (
        start * (1 + 2 * share) * back**2
        + slope_start * share * back**2
        + end * share**2 * (3 - 2 * share)
        - slope_end * share**2 * back
    )


def slower_secants(secants: Floats, *, is_loop: bool = False) -> Floats:
    """The smaller (S + 1,) of the two secants beside every key; an end has one."""
    left, right = _beside(secants, is_loop=is_loop)
    found: Floats = np.minimum(np.abs(left), np.abs(right))
    return found


def _beside(secants: Floats, *, is_loop: bool) -> tuple[Floats, Floats]:
    left, right = np.concatenate([secants[-1:], secants]), np.concatenate([secants, secants[:1]])
    if not is_loop:
        left[0], right[-1] = right[0], left[-1]
    return left, right


def monotone_slopes(secants: Floats, *, is_loop: bool = False) -> Floats:
    """Slopes (S + 1,) at the ends of pieces with these secants (S,), such that every cubic piece is monotone.

    Source: Fritsch and Carlson 1980, with the square 0 to 3 of de Boor and Swartz as the region: the mean of the two
    secants, at most three times the smaller, and 0 where they point apart.
    """
    left, right = _beside(secants, is_loop=is_loop)
    limit = MAX_PACE * slower_secants(secants, is_loop=is_loop)
    return np.where(left * right > 0, np.clip((left + right) / 2, -limit, limit), 0.0)


class Timing:
    """Shares of the segments of a path over time.

    Args:
        times: (S + 1,) seconds at which its keys are passed, rising.
        extents: (S,) lengths or angles of its segments, not negative.
        easings: (S,) names, as of a key.
        paces: (S + 1,) slopes asked for at the keys, in slower secants of the two beside it, 0 to `MAX_PACE`; not a
            number: `monotone_slopes`.
    """

    def __init__(self, times: Floats, extents: Floats, easings: np.ndarray, is_loop: bool, paces: Floats) -> None:
        self._times, self._spans = times, np.diff(times)
        secants = extents / self._spans
        slopes = monotone_slopes(secants, is_loop=is_loop)
        slopes = np.where(np.isnan(paces), slopes, paces * slower_secants(secants, is_loop=is_loop))
        rests = np.isin(easings, ("ease", "hold"))
        before, after = np.concatenate([rests[-1:], rests]), np.concatenate([rests, rests[:1]])
        if not is_loop:
            before[0] = after[-1] = False
        slopes = np.where(before | after, 0.0, slopes)
        # In shares of the segment per share of its time; what has no extent is passed evenly.
        moves = secants > _STILL
        scale = np.where(moves, 1 / np.where(moves, secants, 1), 0)
        is_even = (easings == "linear") | ~moves
        self._start = np.where(is_even, 1.0, slopes[:-1] * scale)
        self._end = np.where(is_even, 1.0, slopes[1:] * scale)
        self._start = np.where(easings == "ease", 0.0, self._start)
        self._end = np.where(easings == "ease", 0.0, self._end)

    def share(self, times: Floats, segment: NDArray[np.intp]) -> Floats:
        """Shares (M,), 0 to 1, at times (M,) that lie on segments (M,)."""
        passed = (times - self._times[segment]) / self._spans[segment]
        zero, one = np.zeros_like(passed), np.ones_like(passed)
        return np.clip(hermite(zero, one, self._start[segment], self._end[segment], passed), 0, 1)


def even_times(times: Floats, lengths: Floats) -> Floats:
    """Times (S + 1,) at which segments of these lengths (S,) are passed at one speed.

    Those without a length keep their seconds; the others share theirs by length.
    """
    spans = np.diff(times)
    # What is next to nothing keeps its seconds too: its share would be too short for a clock.
    moves = lengths > _STILL * lengths.sum()
    if moves.any():
        spans = np.where(moves, spans[moves].sum() * lengths / lengths[moves].sum(), spans)
    return times[0] + np.concatenate([[0.0], np.cumsum(spans)])
