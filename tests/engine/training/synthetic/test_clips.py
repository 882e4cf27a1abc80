"""Clips: what is rendered is what the rows say, and shards do not depend on how they came about."""

import numpy as np
import pytest
import torch

from engine.training.synthetic.clips import RENDERED, ClipConfig, load_pictures, read_clips, render_shard, write_shards
from engine.training.synthetic.scenes import render, scene_of_picture
from tests.builders import DATA

SMALL = {"height": 24, "width": 40, "num_ticks": 3, "long_ticks": 5, "clips_per_shard": 6}


@pytest.mark.parametrize("modality", [kind.name for kind in RENDERED])
def test_a_shard_has_frames_and_rows_of_equal_length(modality):
    config = ClipConfig(modality=modality, picture_share=0.5, hilly_share=0.5, **SMALL)
    for number, ticks in ((0, 3), (3, 5)):
        frames, rows, kind = render_shard(config, number, None)
        assert kind.name == modality
        assert frames.shape == (6, 1 + 4 * ticks, 3, 24, 40)
        assert rows.shape == (6, 1 + ticks, kind.width)
        assert frames.dtype == torch.uint8
        assert frames.float().std((1, 2, 3, 4)).min() > 5, "a clip shows something"


def test_a_shard_depends_on_its_number_and_the_config_alone(tmp_path):
    config = ClipConfig(**SMALL)
    write_shards(config, tmp_path / "whole", 0, 3, None)
    write_shards(config, tmp_path / "parts", 2, 3, None)
    write_shards(config, tmp_path / "parts", 0, 3, None)
    for name in ("clips_00000.safetensors", "clips_00002.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    one, other = (read_clips(tmp_path / "whole" / f"clips_0000{n}.safetensors")[0] for n in (0, 1))
    assert not torch.equal(one, other)


def test_frames_move_only_while_the_rows_do():
    frames, rows, _ = render_shard(ClipConfig(**(SMALL | {"clips_per_shard": 24})), 0, None)
    rest = torch.tensor([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0.0])
    asked = (rows[:, 1:] - rest).abs().sum(-1)
    change = (frames[:, 4::4].float() - frames[:, :-4:4].float()).abs().mean((2, 3, 4))
    assert change[asked < 1e-6].max() == 0
    assert change[asked > 0.02].min() > 0


def test_a_picture_scene_shows_its_picture_from_where_it_was_taken():
    pictures = load_pictures(DATA / "photographs")
    scene = scene_of_picture(torch.Generator().manual_seed(1), pictures[3], 1.75)
    scene = scene.__class__(**(scene.__dict__ | {"horizon": torch.zeros(1)}))
    seen = render(scene, torch.eye(4)[None, None], 64, 112)[0, 0]
    small = torch.nn.functional.interpolate(pictures[3][None], (64, 112), mode="bilinear", antialias=True)[0] * 2 - 1
    assert (seen - small).abs().mean() < 0.06
    turned = torch.from_numpy(np.eye(4))
    turned[0, 0] = turned[2, 2] = np.cos(0.3)
    turned[0, 2], turned[2, 0] = np.sin(0.3), -np.sin(0.3)
    assert (render(scene, turned[None, None], 64, 112)[0, 0] - small).abs().mean() > 0.1
