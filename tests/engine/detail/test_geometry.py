from __future__ import annotations

import math

import numpy as np
import pytest

from engine import poses
from engine.detail.geometry import GROUND, TAN_HALF_FOV, WALL, Camera
from engine.detail.images import pixel_grid

CAMERA = Camera(112, 64)
TAN_DOWN = TAN_HALF_FOV * 64 / 112


def extrinsics(yaw_left: float = 0.0, position: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    return poses.inverse(poses.from_parts(poses.rotation_y(-yaw_left), position))[:3]


def test_at_rest_every_pixel_sees_its_own_place() -> None:
    sight = CAMERA.look(extrinsics(), CAMERA.prior_relief())
    across, down = pixel_grid(112, 64)
    assert np.abs(sight.across - across).max() < 1e-5
    assert np.abs(sight.down - down).max() < 1e-5


def test_a_turn_moves_places_by_its_angle_inside_the_picture_and_beyond_it() -> None:
    turn = 0.3
    sight = CAMERA.look(extrinsics(yaw_left=turn), CAMERA.prior_relief())
    middle = CAMERA.height // 2
    angle = np.arctan(CAMERA.x[middle]) - turn
    edge = math.atan(TAN_HALF_FOV)
    inside = np.abs(angle) < edge
    assert inside.sum() > 60
    assert np.abs(sight.across[middle][inside] - np.tan(angle[inside]) / TAN_HALF_FOV).max() < 1e-4
    # Beyond the edge places go on evenly in angle, at the pace they have at the edge.
    pace = np.diff(sight.across[middle][~inside]) / np.diff(angle[~inside])
    assert np.abs(pace - (1 + TAN_HALF_FOV**2) / TAN_HALF_FOV).max() < 1e-2


def test_a_step_ahead_meets_the_ground_and_the_wall_where_they_are() -> None:
    step = 0.15
    sight = CAMERA.look(extrinsics(position=(0, 0, step)), CAMERA.prior_relief())
    column = CAMERA.width // 2
    tangent = CAMERA.y[:, column].astype(float)
    # A ray down at that tangent meets the ground at depth GROUND / tangent; from the start, that is `step` farther.
    depth = np.where(tangent > GROUND / WALL * 1.4, GROUND / np.maximum(tangent, 1e-6), np.nan)
    ground = GROUND / (depth + step) / TAN_DOWN
    on_ground = np.isfinite(ground)
    assert on_ground.sum() > 15
    # The prior is a grid of five rows, so that it meets the plane's own curve only nearly: within two pixels.
    assert np.nanmax(np.abs(sight.down[:, column] - ground)) < 2 * 2 / 64
    # Straight ahead is the wall.
    above = tangent < -0.1
    expected = tangent[above] * (WALL - step) / WALL / TAN_DOWN
    assert np.abs(sight.down[above, column] - expected).max() < 0.01


def test_a_step_aside_moves_near_things_more_than_far_ones() -> None:
    sight = CAMERA.look(extrinsics(position=(0.1, 0, 0)), CAMERA.prior_relief())
    across, _ = pixel_grid(112, 64)
    shift = (sight.across - across)[:, 56]
    assert shift[0] == pytest.approx(0.1 / WALL / TAN_HALF_FOV, abs=2e-3)
    assert shift[-1] > 3 * shift[0]


def test_flat_takes_the_ground_to_the_wall() -> None:
    assert np.allclose(CAMERA.prior_relief(flat=1), -math.log(WALL))
    halfway = CAMERA.prior_relief(flat=0.5)
    assert CAMERA.prior_relief()[-1, 0] > halfway[-1, 0] > -math.log(WALL)


def test_what_a_pixel_sees_lies_on_its_ray() -> None:
    camera = extrinsics(yaw_left=0.1, position=(0.1, -0.05, 0.3))
    sight = CAMERA.look(camera, CAMERA.prior_relief())
    depth = 1 / sight.inverse_depth.astype(float)
    point = np.stack([sight.across * TAN_HALF_FOV * depth, sight.down * TAN_DOWN * depth, depth])
    x, y, z = np.einsum("ij,jhw->ihw", camera[:, :3], point) + camera[:, 3][:, None, None]
    inside = (np.abs(sight.across) < 0.95) & (np.abs(sight.down) < 0.95)
    assert inside.mean() > 0.4
    pixels = np.hypot(x / z - CAMERA.x, y / z - CAMERA.y) / (2 * TAN_HALF_FOV / 112)
    assert pixels[inside].mean() < 0.1
    assert np.quantile(pixels[inside], 0.99) < 1
