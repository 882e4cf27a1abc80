"""Freehand drawing becomes few keys whose path stays near."""

from __future__ import annotations

import numpy as np
import pytest

from engine.rotations import angles_between, assembled, from_euler, quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.simplify import simplify

TIMES = np.linspace(0, 6, 361)


def drawn(noise: float = 0.0) -> np.ndarray:
    shake = noise * np.random.default_rng(3).normal(size=(len(TIMES), 3))
    places = np.stack([np.sin(TIMES), 0 * TIMES, TIMES], axis=1) + shake
    return assembled(from_euler(np.stack([0 * TIMES, 0.5 * np.cos(TIMES), 0 * TIMES], axis=1), "xyz"), places)


@pytest.mark.parametrize("tolerance", [0.2, 0.05, 0.01])
def test_every_drawn_pose_is_within_the_tolerance_at_its_time(tolerance):
    c2w = drawn(0.002)
    path = simplify(TIMES, c2w, tolerance=tolerance, tolerance_rad=0.05)
    found = path.at(TIMES)
    assert np.linalg.norm(found[:, :3, 3] - c2w[:, :3, 3], axis=1).max() <= tolerance + 1e-9
    assert angles_between(quaternions(found[:, :3, :3]), quaternions(c2w[:, :3, :3])).max() <= 0.05 + 1e-9
    assert len(path.keys) < 60
    assert (path.start_s, path.end_s) == (0, 6)


def test_a_tighter_tolerance_takes_more_keys():
    counts = [len(simplify(TIMES, drawn(), tolerance=t, tolerance_rad=9).keys) for t in (0.3, 0.03, 0.003)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_a_straight_even_line_takes_two_keys():
    c2w = assembled(np.tile(np.eye(3), (361, 1, 1)), np.stack([TIMES, 0 * TIMES, 2 * TIMES], axis=1))
    assert len(simplify(TIMES, c2w, tolerance=1e-6, tolerance_rad=1e-6).keys) == 2


def test_what_is_no_drawing_is_refused():
    with pytest.raises(TrajectoryError, match="rise"):
        simplify(TIMES[::-1], drawn(), tolerance=1, tolerance_rad=1)
    with pytest.raises(TrajectoryError, match="rise"):
        simplify(TIMES[:0], drawn()[:0], tolerance=1, tolerance_rad=1)
    with pytest.raises(TrajectoryError, match="tolerances"):
        simplify(TIMES, drawn(), tolerance=0, tolerance_rad=1)
