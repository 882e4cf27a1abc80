"""Steps aside told from turns: by how near and far things move, and by a search over both motions at once.

A picture that is shifted as a whole passes for a step aside in any search along one axis. What a step does and a turn
does not is to move near things further than far ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine import poses
from engine.analysis.following import Views, blurred, peak_offset
from engine.analysis.warp import ENCLOSED, OPEN, Luminance, look_up
from engine.poses import Floats

NUM_STEPS, NUM_TURNS = 7, 17
"""Amounts tried of each motion."""
_MOST_STEP = 1.6
"""Steps are tried from none to so many times the one asked for; turns both ways, up to the angle of the same number."""
_FARTHEST_SHIFT = 0.35
"""Of the picture's width: shifts of a band are searched up to here."""
_NOTHING = 1e-9
"""Less motion than any search tells from none."""
_SOFTER = 3.0
"""Blur, in pixels, of the second version of a start that frames may resemble."""


class StepTurnSearch:
    """Searches for a step aside and a turn at once, among views of the start."""

    def __init__(self, amount: float, size: tuple[int, int], fractions: Sequence[float]) -> None:
        """Prepare for clips in which a step of `amount` scene units (negative: to the left) was asked for.

        `size` is the width and height of what will be compared; `fractions` are those of the whole motion that the
        frames of a clip stand for.
        """
        self._steps = np.linspace(0, _MOST_STEP, NUM_STEPS) * amount
        self._turns = np.linspace(-abs(amount), abs(amount), NUM_TURNS)
        self._lookups = [
            [look_up(_poses(self._steps * part, self._turns * part), *size, guess) for part in fractions]
            for guess in (ENCLOSED, OPEN)
        ]

    def share_of_turn(self, start: Luminance, frames: Sequence[Luminance]) -> float:
        """How much of the motion is a turn, 0 to 1: radians over radians plus scene units, of the pair of motions whose
        views are most like the frames. 1 where neither is found: no step was made."""
        soft = blurred(start, _SOFTER)
        found = []
        for lookups in self._lookups:
            views = [Views(start, soft, lookup) for lookup in lookups]
            each = [view.correlations(frame) for view, frame in zip(views, frames, strict=True)]
            likeness = np.mean(each, axis=0).reshape(NUM_STEPS, NUM_TURNS)
            row, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
            turn = _between(self._turns, int(column), likeness[row])
            step = _between(self._steps, int(row), likeness[:, column])
            found.append((float(likeness[row, column]), abs(turn), abs(step)))
        _, turn, step = max(found)
        return 1 - step / max(turn + step, _NOTHING)


def _between(amounts: Floats, best: int, likeness: Floats) -> float:
    """The amount at which a parabola through the best likeness and its neighbours peaks."""
    return float(amounts[best] + (amounts[1] - amounts[0]) * peak_offset(likeness, best))


def near_over_far(start: Luminance, frame: Luminance) -> float:
    """How much further, in pixels, the lower third of a picture went to the left than its upper third."""
    third = start.shape[0] // 3
    far, near = slice(0, third), slice(start.shape[0] - third, None)
    return _shift(start[near], frame[near]) - _shift(start[far], frame[far])


def _shift(before: Luminance, after: Luminance) -> float:
    """Pixels to the left by which a band (H, W) moved as a whole: those of the best normalised cross-correlation."""
    width = before.shape[1]
    reach = int(_FARTHEST_SHIFT * width)
    likeness = np.array([_correlation_at(before, after, shift) for shift in range(-reach, reach + 1)])
    best = int(likeness.argmax())
    return best - reach + peak_offset(likeness, best)


def _correlation_at(before: Luminance, after: Luminance, shift: int) -> float:
    """Correlation of what both bands show when the first moves to the left by `shift`; 0 without contrast."""
    width = before.shape[1]
    one = before[:, max(0, shift) : width + min(0, shift)]
    other = after[:, max(0, -shift) : width - max(0, shift)]
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / scale if scale > 1e-6 else 0.0


def _poses(steps: Floats, turns: Floats) -> Floats:
    """(steps x turns, 4, 4), the turns running fastest."""
    return np.stack(
        [poses.from_parts(poses.rotation_y(-turn), step * np.array([1.0, 0, 0])) for step in steps for turn in turns]
    )
