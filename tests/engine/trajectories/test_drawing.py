"""Drawn lines and flights become few keys, on ticks, at a speed that was trained."""

from __future__ import annotations

import numpy as np
import pytest

from engine import poses
from engine.clock import ASTRA_CLOCK
from engine.trajectories.drawing import path_of_flight, path_of_stroke
from engine.trajectories.sampling import gauge, tick_poses


def stroke(noise: float = 0.003, count: int = 120) -> np.ndarray:
    share = np.linspace(0, 1, count)
    shake = noise * np.random.default_rng(1).normal(size=(count, 3)) * (1, 0, 1)
    return np.stack([0.6 * np.sin(3 * share), 0 * share, 2 * share], axis=1) + shake


def test_a_shaky_line_becomes_a_few_keys_along_it():
    path = path_of_stroke(stroke(), tolerance=0.02, smoothing=0.05, clock=ASTRA_CLOCK)
    assert 3 <= len(path.keys) <= 9
    times = np.array([key.time_s for key in path.keys])
    assert np.allclose(times / 0.2, np.round(times / 0.2))
    walked = tick_poses(path, clock=ASTRA_CLOCK)
    away = np.linalg.norm(walked[:, None, :3, 3] - stroke(0)[None], axis=2).min(axis=1)
    assert away.max() < 0.05
    assert gauge(walked, clock=ASTRA_CLOCK).moved.max() < 0.033
    ahead = np.diff(walked[:, :3, 3], axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    assert np.einsum("ni,ni->n", ahead, walked[:-1, :3, 2]).min() > 0.95


def test_a_line_goes_on_facing_where_the_path_before_it_faced():
    facing = poses.rotation_y(-0.4)
    path = path_of_stroke(stroke(), tolerance=0.02, smoothing=0.05, facing=facing, clock=ASTRA_CLOCK)
    assert np.allclose(tick_poses(path, clock=ASTRA_CLOCK)[0, :3, :3], facing)


def test_a_line_straight_up_is_faced_without_a_spin():
    line = np.stack([np.zeros(30), -np.linspace(0, 1, 30), np.zeros(30)], axis=1)
    path = path_of_stroke(line, tolerance=0.02, smoothing=0.0, clock=ASTRA_CLOCK)
    assert len(path.keys) == 2
    assert np.allclose(tick_poses(path, clock=ASTRA_CLOCK)[:, :3, 2], (0, -1, 0), atol=1e-6)


@pytest.mark.parametrize("points", [np.zeros((1, 3)), np.zeros((9, 3)), np.eye(3)[[2, 2]] * 0.01])
def test_a_line_shorter_than_a_tick_is_no_path(points):
    assert path_of_stroke(points, tolerance=0.01, smoothing=0.0, clock=ASTRA_CLOCK) is None


def test_a_flight_is_cut_to_where_it_moves_and_keeps_its_time():
    times = np.linspace(0, 6, 361)
    moved = 0.15 * np.clip(times - 1, 0, 4)
    c2w = np.stack([poses.from_parts(poses.rotation_y(-0.1 * m), [0, 0, m]) for m in moved])
    path = path_of_flight(times, c2w, clock=ASTRA_CLOCK)
    assert path.start_s == 0
    assert path.end_s == pytest.approx(4.0, abs=0.21)
    assert len(path.keys) <= 4
    assert tick_poses(path, clock=ASTRA_CLOCK)[-1, 2, 3] == pytest.approx(0.6, abs=0.01)


def test_a_flight_without_motion_is_none():
    assert path_of_flight(np.arange(5.0), np.tile(np.eye(4), (5, 1, 1)), clock=ASTRA_CLOCK) is None
    assert path_of_flight(np.arange(1.0), np.eye(4)[None], clock=ASTRA_CLOCK) is None
