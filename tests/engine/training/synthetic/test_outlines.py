from __future__ import annotations

import numpy as np
import torch

from engine import poses
from engine.training.synthetic.clips import ClipConfig, render_shard
from engine.training.synthetic.commands import CLOSE_REACH, random_reach
from engine.training.synthetic.outlines import NUM_HEIGHTS, SQUARE, inside_outline, random_outline
from engine.training.synthetic.scenes import FIRST_BOX, picture_scenes, render, standing_scenes


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def test_an_outline_is_a_half_width_at_every_height():
    for seed in range(20):
        outline = random_outline(generator(seed))
        assert outline.shape == (NUM_HEIGHTS,)
        assert bool(((outline > 0) & (outline <= 1)).all())


def test_points_are_inside_between_the_sides_at_their_height():
    outline = torch.linspace(0, 1, NUM_HEIGHTS)[None]  # a roof: a point at the top, as wide as the box at the foot
    points = torch.tensor([[[0.1, -0.9, 0.0], [0.1, 0.0, 0.0], [-0.45, 0.0, 0.0], [0.6, 0.0, 0.0], [0.9, 1.0, 0.0]]])
    assert inside_outline(outline, points).tolist() == [[False, True, True, False, True]]
    assert bool(inside_outline(SQUARE[None], torch.tensor([[[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]])).all())


def test_standing_things_have_their_foot_on_the_ground():
    scenes = standing_scenes(generator(), 6, 112 / 64)
    foot = scenes.box_centre[..., 1] + scenes.box_half[..., 1]
    stands = scenes.box_half[..., 1] > 0
    assert bool(stands.any(1).all())
    ground = scenes.ground_height[:, None].expand_as(foot)
    assert torch.allclose(foot[stands], ground[stands], atol=1e-6)
    assert bool((scenes.box_texture >= FIRST_BOX).all())


def test_a_step_aside_moves_standing_things_against_what_is_behind_them():
    """Without its things, a standing scene is a picture scene; with them, other pixels change."""
    scenes = standing_scenes(generator(3), 2, 112 / 64)
    aside = torch.from_numpy(np.stack([np.eye(4), poses.from_parts(translation=[0.2, 0, 0])])).expand(2, 2, 4, 4)
    bare = type(scenes)(**(vars(scenes) | {"box_half": torch.zeros_like(scenes.box_half)}))
    differs = (render(scenes, aside, 32, 56) - render(bare, aside, 32, 56)).abs().amax(2) > 0.05
    first, second = differs[:, 0], differs[:, 1]
    assert 0.02 < float(first.float().mean()) < 0.9
    assert bool((first != second).any())


def test_picture_scenes_hold_no_things():
    assert not bool((picture_scenes(generator(), 2, 112 / 64).box_half > 0).any())


def test_a_share_of_clips_stands_and_a_share_of_grippers_is_near():
    plain = ClipConfig(height=16, width=28, num_ticks=2, clips_per_shard=4, picture_share=1.0)
    frames, rows, _ = render_shard(plain, 0, None)
    standing = ClipConfig(height=16, width=28, num_ticks=2, clips_per_shard=4, picture_share=1.0, standing_share=0.5)
    changed, same_rows, _ = render_shard(standing, 0, None)
    assert changed.shape == frames.shape
    assert torch.equal(rows, same_rows)
    assert not torch.equal(changed, frames)
    robot = ClipConfig(height=16, width=28, num_ticks=2, clips_per_shard=4, modality="robot")
    close = ClipConfig(height=16, width=28, num_ticks=2, clips_per_shard=4, modality="robot", close_share=0.5)
    far_rows, close_rows = render_shard(robot, 0, None)[1], render_shard(close, 0, None)[1]
    assert far_rows.shape == close_rows.shape
    assert not torch.equal(far_rows, close_rows)


def test_a_close_gripper_stays_close():
    path = random_reach(np.random.default_rng(1), 40, CLOSE_REACH)
    assert path[:, 2].max() <= CLOSE_REACH.high[2]
    assert path[:, 2].min() >= CLOSE_REACH.low[2]
