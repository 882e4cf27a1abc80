import numpy as np
import pytest
import torch

from engine.actions.pose_line import parse_pose_line
from engine.rollout import Rollout
from engine.training.bundled import SMOKE, Folders, channel_weights, export, make_transformer, run, train_transformer
from engine.training.journal import read_log
from engine.training.shards import read_shard
from engine.worlds.astra import open_astra


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folders = Folders(tmp_path_factory.mktemp("run"))
    return folders, run(SMOKE, folders, None)


def test_all_stages_leave_a_world_that_renders(trained, tmp_path):
    folders, model = trained
    export(SMOKE, folders.tuned_autoencoder, model, tmp_path / "world")
    world = open_astra(tmp_path / "world", "cpu")
    frame = np.full((1, 32, 48, 3), 90, np.uint8)
    result = Rollout(world, frame).step(parse_pose_line("w+left-8"))
    assert result.frames.shape == (33, 32, 48, 3)
    assert result.routing.shape == (8, 3)
    assert np.allclose(result.routing.sum(1), 1, atol=1e-5)
    assert str(folders.root) not in "".join(p.read_text() for p in (tmp_path / "world").rglob("*.json"))


def test_the_journals_hold_figures_of_every_stage(trained):
    folders, _ = trained
    stages = {folders.root / "autoencoder-log": 4, folders.transformer: 4, folders.refined: 3}
    for stage, last in (stages | {folders.root / "decoder-log": 4}).items():
        lines = read_log(stage)
        assert lines[-1]["step"] == last
        assert all(np.isfinite(value) for line in lines for value in line.values())
        assert (stage / "curves.png").exists()


def test_running_again_does_nothing_twice(trained):
    folders, model = trained
    before = {path: path.stat().st_mtime_ns for path in folders.root.rglob("*.safetensors")}
    again = run(SMOKE, folders, None)
    assert {path: path.stat().st_mtime_ns for path in folders.root.rglob("*.safetensors")} == before
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values(), strict=True))


def test_the_second_training_goes_on_from_the_first_with_takes_of_its_own(trained):
    folders, model = trained
    first = train_transformer(SMOKE, folders)
    assert any(read_shard(path).own is not None for path in folders.own_takes.iterdir())
    assert not torch.equal(first.proj_out.weight, model.proj_out.weight)
    assert torch.allclose(first.proj_out.weight, model.proj_out.weight, atol=0.05)


def test_channel_weights_even_out_with_a_smaller_power():
    assert channel_weights([9.0, 1.0]) == pytest.approx([1.8, 0.2])
    assert channel_weights([9.0, 1.0], 0.5) == pytest.approx([1.5, 0.5])
    assert channel_weights([9.0, 1.0], 0.0) == [1.0, 1.0]


def test_an_export_replaces_a_world_and_keeps_its_notes(trained, tmp_path):
    folders, model = trained
    world = tmp_path / "world"
    world.mkdir()
    (world / "README.md").write_text("how it was made")
    (world / "old.safetensors").write_text("old")
    export(SMOKE, folders.tuned_autoencoder, model, world)
    assert (world / "README.md").read_text() == "how it was made"
    assert not (world / "old.safetensors").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["world"]


def test_the_same_recipe_begins_with_the_same_network():
    first, second = make_transformer(SMOKE).state_dict(), make_transformer(SMOKE).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
