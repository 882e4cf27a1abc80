"""From rows to keys and back: few exact keys for moves, near ones for motions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import poses
from engine.actions.modality import CAMERA, DRIVING, ROBOT, ActionTrack
from engine.actions.pose_line import parse_pose_line
from engine.actions.presets import preset, preset_names
from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.sampling import actions, track_of_ticks
from engine.trajectories.walking import TOLERANCE, path_of_track, walked

LINES = ["w-8 left-8 d-8", "w+left-8 hold-4 w-1", "left-300 w+right-250", "e-3 q+up-20", "hold-5", "s-1"]


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("ticks", [1, 24, 65])
def test_the_keys_of_a_preset_make_its_rows(name, ticks):
    track = preset(name, ticks, clock=ASTRA_CLOCK)
    path = path_of_track(track, clock=ASTRA_CLOCK)
    assert len(path.keys) <= 4
    assert np.abs(actions(path, clock=ASTRA_CLOCK).rows - track.rows).max() < 1e-6


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("kind", [CAMERA, ROBOT, DRIVING])
def test_moves_become_exact_keys_in_every_modality(line, kind):
    track = track_of_ticks(walked(parse_pose_line(line, clock=ASTRA_CLOCK)), kind)
    path = path_of_track(track, clock=ASTRA_CLOCK)
    rows = actions(path, kind, clock=ASTRA_CLOCK).rows
    assert rows.shape == track.rows.shape
    assert np.abs(rows - track.rows).max() < 2e-6
    assert len(path.keys) <= 5 * len(line.split())


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["w", "left", "w+left", "d+up", "hold", "e+right"]), min_size=1, max_size=6))
def test_any_line_of_moves_goes_through_keys_unchanged(names):
    track = parse_pose_line(" ".join(f"{name}-{7 + place}" for place, name in enumerate(names)), clock=ASTRA_CLOCK)
    assert np.abs(actions(path_of_track(track, clock=ASTRA_CLOCK), clock=ASTRA_CLOCK).rows - track.rows).max() < 1e-6


def test_a_motion_that_changes_at_every_tick_gets_fewer_keys_that_stay_near():
    angles = 0.3 * np.sin(np.linspace(0, 6, 81))
    c2w = np.stack([poses.from_parts(poses.rotation_y(a), [a, 0, 0.03 * i]) for i, a in enumerate(angles)])
    track = track_of_ticks(c2w)
    path = path_of_track(track, clock=ASTRA_CLOCK)
    assert len(path.keys) < 40
    away = path.at(0.2 * np.arange(81))[:, :3, 3] - walked(track)[:, :3, 3]
    assert np.linalg.norm(away, axis=1).max() <= TOLERANCE + 1e-6


def test_a_track_without_ticks_has_no_keys():
    with pytest.raises(TrajectoryError, match="no actions yet"):
        path_of_track(ActionTrack(CAMERA, np.zeros((0, 12), np.float32)), clock=ASTRA_CLOCK)
