import numpy as np
import pytest
import torch

from engine.training.synthetic.commands import Motion, frame_poses
from engine.training.synthetic.scenes import hilly_scenes, render
from engine.training.synthetic.terrain import FARTHEST, random_terrain

GROUND = torch.tensor([0.3])


def terrain(seed=1):
    return random_terrain(torch.Generator().manual_seed(seed), 1)


def places(radius, count=64):
    angles = torch.linspace(0, 6.28, count)
    return (radius * torch.stack([angles.sin(), angles.cos()], -1))[None]


def test_it_is_flat_where_the_camera_walks_and_rises_beyond():
    walk = frame_poses([Motion(forward=0.05)] * 40)
    hills = terrain().roomy(walk[None])
    assert float(hills.flat_radius) == pytest.approx(2.4, abs=1e-5)
    assert hills.height_at(places(2.3)).abs().max() == 0
    far = hills.height_at(places(6.0))
    assert far.max() > 0.2 * float(hills.height)
    assert far.max() <= float(hills.height)


def test_the_field_repeats_without_a_seam():
    hills = terrain()
    line = torch.stack([torch.linspace(20, 20 + 3 * float(hills.period), 4000), torch.full((4000,), 21.0)], -1)[None]
    heights = hills.height_at(line)[0]
    assert heights.diff().abs().max() < 0.02 * float(hills.height)
    third = len(heights) // 3
    assert torch.allclose(heights[:third], heights[third : 2 * third], atol=0.02)


def test_rays_end_on_the_ground_and_those_to_the_sky_do_not():
    hills = terrain()
    down = torch.tensor([[[0.0, 0.3, 1.0], [0.2, 0.05, 1.0], [-0.3, 0.02, 1.0], [0.0, -0.8, 1.0]]])
    origin = torch.zeros(1, 3)
    t = hills.hit(origin, down, GROUND)
    point = t[..., None] * down
    gap = GROUND - hills.height_at(point[..., [0, 2]]) - point[..., 1]
    assert gap[0, :3].abs().max() < 0.02
    assert t[0, 0] == pytest.approx(1.0, abs=0.02)  # flat ground: 0.3 below at a slope of 0.3
    assert t[0, 3] == FARTHEST


def test_a_hilly_scene_looks_other_than_its_flat_twin_only_in_the_distance():
    from dataclasses import replace

    scenes = hilly_scenes(torch.Generator().manual_seed(5), 1, 1.75)
    scenes = replace(scenes, box_half=scenes.box_half * 0)
    pose = torch.eye(4)[None, None]
    hilly = render(scenes, pose, 32, 56)[0, 0]
    flat = render(replace(scenes, terrain=None), pose, 32, 56)[0, 0]
    assert np.isfinite(hilly.numpy()).all()
    change = (hilly - flat).abs().mean((0, 2))
    assert change[-6:].max() < 0.02  # at the camera's feet
    assert change[10:18].max() > 0.05  # around the horizon
