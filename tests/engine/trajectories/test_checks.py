"""The walk-forward check and its companions."""

from __future__ import annotations

import numpy as np
import pytest

from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.poses import path_from_rows
from engine.trajectories.checks import check


@pytest.mark.parametrize(
    ("line", "direction", "forwardness"),
    [
        ("w-8", "forward", 1),
        ("s-8", "backward", -1),
        ("d-8", "sideways", 0),
        ("left-8", "still", 0),
        ("w+left-9", "forward", 1),
    ],
)
def test_the_direction_is_that_of_the_movement_against_the_view(line, direction, forwardness):
    found = check(path_from_rows(parse_pose_line(line, clock=ASTRA_CLOCK).rows))
    assert found.direction == direction
    assert found.forwardness == pytest.approx(forwardness, abs=0.02)


def test_the_largest_step_and_turn_are_named_by_the_pose_they_leave():
    c2w = path_from_rows(parse_pose_line("w-3 left-2", clock=ASTRA_CLOCK).rows)
    c2w[2:, 2, 3] += 1
    found = check(c2w)
    assert (found.largest_step_at, found.largest_turn_at) == (1, 3)
    assert found.largest_step == pytest.approx(1.03)
    assert found.largest_turn_rad == pytest.approx(0.03, rel=1e-4)
    assert found.length == pytest.approx(1.09)
    assert np.isfinite(found.forwardness)
