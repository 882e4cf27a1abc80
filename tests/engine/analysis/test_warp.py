from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine import poses
from engine.analysis.following import luminance, poses_along
from engine.analysis.warp import ENCLOSED, OPEN, TAN_HALF_FOV, look_up, warp
from engine.evaluation.starts import to_pictures
from engine.training.synthetic.scenes import picture_scenes, render

HEIGHT, WIDTH = 64, 112


def one_pose(axis, amount):
    return poses_along(axis, np.array([amount]))


def random_picture():
    return np.random.default_rng(0).uniform(0, 255, (HEIGHT, WIDTH)).astype(np.float32)


def test_from_where_it_was_taken_a_picture_is_itself():
    lookup = look_up(np.eye(4)[None], WIDTH, HEIGHT)
    picture = random_picture()
    seen = lookup.is_seen[0].reshape(HEIGHT, WIDTH)
    assert seen[1:-1, 1:-1].all()
    # Rays are met in float64 and kept in float32, so that a pixel may be blended with a thousandth of its neighbour.
    difference = np.abs(warp(picture, lookup)[0].reshape(HEIGHT, WIDTH) - picture)
    assert difference[seen > 0].max() < 0.1


def test_a_turn_to_the_left_moves_the_picture_right_and_leaves_its_left_unknown():
    lookup = look_up(one_pose("yaw", 0.2), WIDTH, HEIGHT)
    seen = lookup.is_seen[0].reshape(HEIGHT, WIDTH)
    assert not seen[:, :10].any()
    assert seen[20:44, 30:-1].all()
    across = np.tile(np.arange(WIDTH, dtype=np.float32), (HEIGHT, 1))
    middle = warp(across, lookup)[0].reshape(HEIGHT, WIDTH)[HEIGHT // 2, WIDTH // 2]
    expected = (np.tan(-0.2) / TAN_HALF_FOV + 1) / 2 * WIDTH
    assert middle == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize(("axis", "amount"), [("yaw", -0.2), ("strafe", 0.2), ("forward", 0.24), ("pitch", 0.15)])
def test_the_geometry_is_that_of_picture_scenes(axis, amount):
    """A scene of the nominal depth, rendered from elsewhere, is its first view warped, where that shows it."""
    scene = picture_scenes(torch.Generator().manual_seed(3), 1, WIDTH / HEIGHT)
    scene = replace(
        scene,
        ground_height=torch.tensor([ENCLOSED.ground_height]),
        backdrop_radius=torch.tensor([ENCLOSED.backdrop_radius]),
        tan_half_fov=torch.tensor([[TAN_HALF_FOV, TAN_HALF_FOV * HEIGHT / WIDTH]]),
    )
    c2w = one_pose(axis, amount)
    views = render(scene, torch.from_numpy(np.concatenate([np.eye(4)[None], c2w]))[None], HEIGHT, WIDTH, 4)[0]
    start, expected = (luminance(frame) for frame in to_pictures(views))
    lookup = look_up(c2w, WIDTH, HEIGHT)
    seen = lookup.is_seen[0] > 0
    found = warp(start, lookup)[0][seen]
    assert seen.mean() > 0.5
    assert np.corrcoef(found, expected.reshape(-1)[seen])[0, 1] > 0.98


def test_far_surroundings_only_turn():
    """Above the horizon an open plain shows no parallax."""
    lookup = look_up(one_pose("strafe", 0.3), WIDTH, HEIGHT, OPEN)
    across = np.tile(np.arange(WIDTH, dtype=np.float32), (HEIGHT, 1))
    moved = warp(across, lookup)[0].reshape(HEIGHT, WIDTH) - across
    assert np.abs(moved[5:25, 5:-5]).max() < 1
    assert moved[-5, 20:60].min() > 20


@pytest.mark.parametrize("c2w", [poses.from_parts(translation=[0, 0, 3.0]), poses.from_parts(translation=[0, 0.3, 0])])
def test_a_pose_outside_the_surroundings_is_refused(c2w):
    with pytest.raises(ValueError, match=r"within 2\.5 units"):
        look_up(c2w[None], WIDTH, HEIGHT)


def test_a_picture_too_small_to_blend_is_refused():
    with pytest.raises(ValueError, match="at least 2 x 2 pixels, got 1 x 8"):
        look_up(np.eye(4)[None], 1, 8)
