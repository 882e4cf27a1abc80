from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.following import AXES, poses_along
from engine.clock import ASTRA_CLOCK
from engine.evaluation.commands import DIRECTIONS, glimpse_ticks, path_of, rest


@pytest.mark.parametrize("command", DIRECTIONS, ids=lambda command: command.name)
@pytest.mark.parametrize("pace", [1.0, -1.5])
def test_a_command_moves_as_far_along_its_axis_as_it_says(command, pace):
    end = path_of(command.track(8, pace, ASTRA_CLOCK))[-1]
    asked = command.amount(8, pace, ASTRA_CLOCK)
    assert np.allclose(end, poses_along(command.axis, np.array([asked]))[0], atol=1e-6)


def test_every_axis_has_both_directions_the_positive_one_first():
    assert [command.axis for command in DIRECTIONS[::2]] == list(AXES)
    assert [command.sign for command in DIRECTIONS] == [1, -1] * len(AXES)


def test_rest_goes_nowhere():
    assert np.allclose(path_of(rest(8)), np.eye(4))


@pytest.mark.parametrize(("ticks", "expected"), [(8, (2, 4, 8)), (4, (1, 2, 4)), (2, (1, 2)), (1, (1,))])
def test_chunks_of_any_length_are_looked_at_up_to_their_end(ticks, expected):
    assert glimpse_ticks(ticks) == expected
