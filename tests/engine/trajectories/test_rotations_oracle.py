"""Rotations in every form against what SciPy and pytransform3d make of them (data/trajectories/rotations.json)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine import poses
from engine.rotations import EULER_ORDERS, angles_between, from_euler, quaternions, slerp, to_euler

CONTENT = json.loads((Path(__file__).parents[2] / "data/trajectories/rotations.json").read_text(encoding="utf-8"))
ROTATIONS = CONTENT["rotations"]


def column(key: str) -> np.ndarray:
    return np.array([entry[key] for entry in ROTATIONS])


def test_the_numbers_are_those_of_named_libraries():
    assert set(CONTENT["made_with"]) == {"scipy", "pytransform3d"}
    assert len(ROTATIONS) == 24


def test_matrices_of_quaternions():
    assert np.allclose(poses.quaternion_to_matrix(column("quaternion")), column("matrix"), atol=1e-12)


def test_quaternions_of_matrices():
    found = np.concatenate([quaternions(matrix[None]) for matrix in column("matrix")])
    assert np.allclose(found, column("quaternion"), atol=1e-12)


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_euler_angles_about_fixed_axes(order: str):
    in_order = np.array([entry["euler"][order] for entry in ROTATIONS])
    about_xyz = np.empty_like(in_order)
    for place, axis in enumerate(order):
        about_xyz[:, "xyz".index(axis)] = in_order[:, place]
    assert np.allclose(from_euler(about_xyz, order), column("matrix"), atol=1e-12)
    assert np.allclose(from_euler(to_euler(column("matrix"), order), order), column("matrix"), atol=1e-9)


def test_slerp_and_angles():
    start, end, share = column("quaternion"), column("end"), column("share")
    assert np.allclose(poses.quaternion_to_matrix(slerp(start, end, share)), column("between"), atol=1e-12)
    assert np.allclose(angles_between(start, end), column("angle"), atol=1e-12)
