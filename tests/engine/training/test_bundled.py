import itertools
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.rollout import Rollout
from engine.training.bundled import (
    NETWORK,
    adopt_checkpoint,
    adopt_world,
    channel_weights,
    export,
    keep_checkpoint,
    make_transformer,
    read_autoencoder,
    read_transformer,
    run,
    split_shards,
    train_long,
)
from engine.training.checkpoints import CheckpointError
from engine.training.journal import read_log
from engine.training.recipe import SMOKE, Folders, Recipe
from engine.training.shards import read_shard
from engine.worlds.astra import open_astra

EXACT = replace(
    SMOKE,
    **{
        name: replace(getattr(SMOKE, name), number_format="float32")
        for name in ("autoencoder", "loop", "refine_loop", "long_loop", "cool_loop", "decoder")
    },
)
"""The smoke recipe in one number format, whatever the processor: for comparing runs bit by bit."""
WHOLE_RUN = """
import sys
from pathlib import Path

import torch

from engine.training.bundled import run
from engine.training.recipe import Folders
from tests.engine.training.test_bundled import EXACT

torch.set_num_threads(1)
run(EXACT, Folders(Path(sys.argv[1])), None, lambda text: print(text, flush=True))
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folders = Folders(tmp_path_factory.mktemp("run"))
    return folders, run(EXACT, folders, None)


@pytest.fixture
def copied(trained, tmp_path):
    """The run once more, for tests that change it."""
    folders, finished = trained
    shutil.copytree(folders.root, tmp_path / "run")
    return Folders(tmp_path / "run"), finished


def longer(num_steps: int) -> Recipe:
    return replace(EXACT, long_loop=replace(EXACT.long_loop, num_steps=num_steps))


def same(first, second) -> bool:
    states = first.state_dict(), second.state_dict()
    return all(torch.equal(a, b) for a, b in zip(*(state.values() for state in states), strict=True))


def test_all_stages_leave_a_world_that_renders(trained, tmp_path):
    folders, finished = trained
    export(finished.recipe, finished.autoencoder, finished.model, tmp_path / "world")
    world = open_astra(tmp_path / "world", "cpu")
    frame = np.full((1, 32, 48, 3), 90, np.uint8)
    result = Rollout(world, frame).step(parse_pose_line("w+left-8", clock=ASTRA_CLOCK))
    assert result.frames.shape == (33, 32, 48, 3)
    assert result.routing.shape == (8, 3)
    assert np.allclose(result.routing.sum(1), 1, atol=1e-5)
    assert str(folders.root) not in "".join(p.read_text() for p in (tmp_path / "world").rglob("*.json"))


def test_the_journals_hold_figures_of_every_stage(trained):
    folders, _ = trained
    finish = folders.finish(3)
    stages = {folders.root / "autoencoder-log": 4, folders.transformer: 4, folders.refined: 3}
    stages |= {folders.long: 3, finish.cooled: 3, finish.decoder_log: 4}
    for stage, last in stages.items():
        lines = read_log(stage)
        assert lines[-1]["step"] == last
        assert all(np.isfinite(value) for line in lines for value in line.values())
        assert (stage / "curves.png").exists()


def test_running_again_does_nothing_twice(trained):
    folders, finished = trained
    before = {path: path.stat().st_mtime_ns for path in folders.root.rglob("*.safetensors")}
    again = run(EXACT, folders, None)
    assert {path: path.stat().st_mtime_ns for path in folders.root.rglob("*.safetensors")} == before
    assert same(finished.model, again.model)


def test_each_training_goes_on_from_the_one_before_it(trained):
    folders, finished = trained
    networks = [read_transformer(stage / NETWORK) for stage in (folders.transformer, folders.refined)]
    networks += [train_long(EXACT, folders)[0], finished.model]
    for before, after in itertools.pairwise(networks):
        assert not torch.equal(before.proj_out.weight, after.proj_out.weight)
        assert torch.allclose(before.proj_out.weight, after.proj_out.weight, atol=0.05)


def test_the_cooling_sees_takes_of_the_networks_own(trained):
    folders, _ = trained
    assert any(read_shard(path).own is not None for path in folders.finish(3).own_takes.iterdir())


def test_the_long_training_may_go_on_later_and_is_finished_anew(copied):
    folders, finished = copied
    model, step = train_long(longer(5), folders)
    assert step == 5
    assert not same(model, finished.model)
    # Asked for fewer steps than it has, it stays where it is.
    assert train_long(longer(4), folders)[1] == 5
    assert folders.finish(5).root != folders.finish(3).root


def test_a_kept_checkpoint_and_a_world_are_enough_to_go_on_elsewhere(copied, tmp_path):
    folders, finished = copied
    world, kept = tmp_path / "world", tmp_path / "checkpoints" / "kept.pt"
    export(finished.recipe, finished.autoencoder, finished.model, world)
    reached = train_long(EXACT, folders)[1]
    keep_checkpoint(EXACT, folders, kept)
    assert kept.stat().st_size < 0.75 * (folders.long / "checkpoint.pt").stat().st_size
    elsewhere = Folders(tmp_path / "elsewhere")
    adopt_world(world, elsewhere)
    adopt_checkpoint(kept, elsewhere)
    for name in ("clips", "latents"):
        (elsewhere.root / name).symlink_to(folders.root / name)
    here, step = train_long(longer(reached + 1), elsewhere)
    there, _ = train_long(longer(reached + 1), folders)
    assert step == reached + 1
    assert torch.allclose(here.proj_out.weight, there.proj_out.weight, atol=2e-3)


def test_a_checkpoint_of_another_recipe_is_refused(trained, tmp_path):
    folders, _ = trained
    with pytest.raises(CheckpointError, match="another config"):
        train_long(replace(EXACT, seed=6), folders)


def test_what_follows_the_long_training_may_change(trained):
    folders, _ = trained
    changed = replace(EXACT, cool_loop=replace(EXACT.cool_loop, num_steps=9), guidance=2.0)
    assert train_long(changed, folders)[1] == 3


def test_a_run_without_a_checkpoint_has_none_to_keep(tmp_path):
    with pytest.raises(ValueError, match="holds no checkpoint"):
        keep_checkpoint(EXACT, Folders(tmp_path), tmp_path / "kept.pt")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("stage", "undone"),
    [
        ("rendering", ("clips/clips_00009.safetensors", "latents", "refined", "long", "finish-3")),
        ("refining", ("refined", "long", "finish-3")),
        ("training on", ("long", "finish-3")),
        ("cooling", ("finish-3",)),
        ("tuning", ("finish-3/takes.safetensors", "finish-3/autoencoder-tuned")),
    ],
)
def test_a_run_that_is_killed_comes_to_the_same_end(copied, stage, undone):
    """Killed as a stage begins, with all before it there; then run again."""
    folders, finished = copied
    root = folders.root
    for name in undone:
        shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink()
    process = subprocess.Popen([sys.executable, "-c", WHOLE_RUN, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if line.startswith(stage):
                process.kill()
                break
    assert process.wait(60) != 0
    again = run(EXACT, folders, None)
    assert same(finished.model, again.model)
    assert same(*(read_autoencoder(done.autoencoder) for done in (finished, again)))


def test_the_first_trainings_see_the_first_clip_sets_only():
    folders = Folders(Path("run"))
    few, _ = split_shards(EXACT, folders, 3)
    every, held_out = split_shards(EXACT, folders)
    assert [path.name for path in held_out] == [f"latents_{n:05d}.safetensors" for n in (0, 4, 6, 8)]
    assert len(few) == 5
    assert set(few) < set(every)
    assert not set(held_out) & set(every)


def test_channel_weights_even_out_with_a_smaller_power():
    assert channel_weights([9.0, 1.0]) == pytest.approx([1.8, 0.2])
    assert channel_weights([9.0, 1.0], 0.5) == pytest.approx([1.5, 0.5])
    assert channel_weights([9.0, 1.0], 0.0) == [1.0, 1.0]


def test_an_export_replaces_a_world_and_keeps_its_notes(trained, tmp_path):
    _, finished = trained
    world = tmp_path / "world"
    world.mkdir()
    (world / "README.md").write_text("how it was made")
    (world / "old.safetensors").write_text("old")
    export(finished.recipe, finished.autoencoder, finished.model, world)
    assert (world / "README.md").read_text() == "how it was made"
    assert not (world / "old.safetensors").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["world"]


def test_the_same_recipe_begins_with_the_same_network():
    first, second = make_transformer(SMOKE).state_dict(), make_transformer(SMOKE).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
