"""Arcs: the even motion of one action row, repeated."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from engine import poses
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.trajectories import path_edits as edits
from engine.trajectories.handles import automatic
from engine.trajectories.path import CameraPath, key_from_pose
from engine.trajectories.sampling import actions
from tests.engine.trajectories.test_path import paths

quick = settings(deadline=None, max_examples=40)


def arc_of(line: str) -> CameraPath:
    """Two keys, at the ends of a line of one move."""
    c2w = poses.path_from_rows(parse_pose_line(line, clock=ASTRA_CLOCK).rows)
    end = key_from_pose(0.2 * (len(c2w) - 1), c2w[-1])
    return CameraPath(keys=(key_from_pose(0.0, c2w[0], "arc"), end))


@pytest.mark.parametrize(
    "line", ["w+left-8", "w+right-40", "d+left-64", "w+up-30", "w+a+e+left+up-50", "w-8", "left-9"]
)
def test_two_keys_make_the_rows_of_a_repeated_move(line):
    assert (
        np.abs(actions(arc_of(line), clock=ASTRA_CLOCK).rows - parse_pose_line(line, clock=ASTRA_CLOCK).rows).max()
        < 1e-6
    )


def test_an_arc_keeps_its_distance_from_the_middle_of_its_circle():
    path = arc_of("w+left-48")
    places = path.at(np.linspace(0, path.end_s, 97))[:, :3, 3]
    # A tick's chord of 0.03 at 0.03 rad: half a tick's turn lies between the chord and the facing.
    away = np.linalg.norm(places - places.mean(axis=0), axis=1)
    middle = np.linalg.lstsq(
        np.c_[2 * places[:, [0, 2]], np.ones(97)], (places[:, [0, 2]] ** 2).sum(axis=1), rcond=None
    )[0][:2]
    away = np.linalg.norm(places[:, [0, 2]] - middle, axis=1)
    assert np.ptp(away) < 1e-9
    assert away[0] == pytest.approx(1.0, abs=0.02)


@quick
@given(paths(easings=("arc",)))
def test_a_split_of_an_arc_changes_nothing(path):
    at = (path.keys[0].time_s + path.keys[1].time_s) / 2
    times = np.linspace(path.start_s, path.end_s, 60)
    assert np.allclose(edits.split(path, at).at(times), path.at(times), atol=1e-6)


@quick
@given(paths(easings=("arc", "linear", "smooth")))
def test_a_curve_goes_on_in_the_direction_of_the_arc_beside_it(path):
    """No corner where a smooth segment meets an arc, unless it was bent by hand: both go the same way at the key."""
    path = replace(automatic(path, range(len(path.keys))), constant_speed=True)
    easings = [key.easing for key in path.keys[:-1]]
    step = 1e-4 * (path.end_s - path.start_s)
    for number, (before, after) in enumerate(pairwise(easings), 1):
        if {before, after} != {"arc", "smooth"}:
            continue
        time = path.key_times()[number]
        places = path.at(np.array([time - step, time, time + step]))[:, :3, 3]
        into, out = np.diff(places, axis=0)
        if min(np.linalg.norm(into), np.linalg.norm(out)) < 1e-7:
            continue
        assert np.dot(into, out) / (np.linalg.norm(into) * np.linalg.norm(out)) > 0.95
