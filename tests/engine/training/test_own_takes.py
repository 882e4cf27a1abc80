from dataclasses import replace

import pytest
import torch

from engine.actions.modality import CAMERA, DRIVING
from engine.models.transformer import AstraTransformer3DModel
from engine.training.own_takes import OwnTakesConfig, roll_out, write_own_takes
from engine.training.shards import read_shard, write_shard
from engine.training.synthetic.clips import RENDERED
from tests.engine.training.small import NEW, shard

CONFIG = OwnTakesConfig(num_steps=2, chunk=4, num_shards=3)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(4)
    return AstraTransformer3DModel(**NEW, text_dim=None).eval().requires_grad_(False)


@pytest.fixture
def shards(tmp_path):
    folder = tmp_path / "latents"
    folder.mkdir()
    for number, kind in enumerate(RENDERED):
        write_shard(folder / f"{number}.safetensors", shard(kind, seed=number))
    return sorted(folder.glob("*.safetensors"))


def rolled(model, clips, num_chunks, seed=1):
    generator = torch.Generator().manual_seed(seed)
    kind = clips.modality
    return roll_out(CONFIG, model, clips.stills[:, :1].float(), clips.rows, kind, num_chunks, generator)


def test_takes_begin_with_the_start_and_follow_the_rows(model):
    clips = shard(CAMERA)
    made = rolled(model, clips, 2)
    assert made.shape == (4, 9, 4, 4, 6)
    assert torch.equal(made[:, :1], clips.stills[:, :1].float())
    other = rolled(model, replace(clips, rows=-clips.rows), 2)
    assert not torch.allclose(made[:, 1:], other[:, 1:])
    assert torch.equal(made, rolled(model, clips, 2))


def test_a_longer_take_begins_as_the_shorter_one(model):
    clips = shard(DRIVING)
    assert torch.equal(rolled(model, clips, 2)[:, :5], rolled(model, clips, 1))


def test_shards_get_takes_that_leave_a_truth_to_go_on_with(model, shards, tmp_path):
    written = write_own_takes(CONFIG, model, shards, tmp_path / "own")
    assert [path.name for path in written] == [path.name for path in shards]
    for path, source in zip(written, shards, strict=True):
        copy, original = read_shard(path), read_shard(source)
        assert torch.equal(copy.latents, original.latents)
        assert copy.own.shape[1] == 1 + 4 * 2  # of 14 latents: a start, two chunks, and one to learn from
    stamps = [path.stat().st_mtime_ns for path in written]
    write_own_takes(CONFIG, model, shards, tmp_path / "own")
    assert [path.stat().st_mtime_ns for path in written] == stamps


def test_clips_too_short_to_go_on_are_copied_as_they_are(model, tmp_path):
    write_shard(tmp_path / "short.safetensors", shard(CAMERA, num_latents=8))
    (path,) = write_own_takes(CONFIG, model, [tmp_path / "short.safetensors"], tmp_path / "own")
    assert read_shard(path).own is None
