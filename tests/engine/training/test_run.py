import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine.training.checkpoints import NAME, CheckpointError
from engine.training.config import ConfigError, load_train_config
from engine.training.journal import read_log
from engine.training.loop import TrainingDiverged
from engine.training.run import train
from engine.training.shards import ShardError, read_shard, write_shard
from tests.engine.training.small import CONFIG, write_shards

ROOT = Path(__file__).parents[3]


@pytest.fixture
def config(tmp_path):
    write_shards(tmp_path / "shards", text=True)
    (tmp_path / "train.toml").write_text(CONFIG)
    return load_train_config(tmp_path / "train.toml")


def run(config, **options):
    return train(config, **({"resume": False, "device": "cpu"} | options))


def losses(config):
    return [line["loss"] for line in read_log(Path(config.output))]


def test_a_run_leaves_a_network_a_log_and_curves(config):
    config = replace(config, validation=config.shards)
    told = []
    folder = run(config, say=told.append)
    output = Path(config.output)
    assert load_file(folder / "diffusion_pytorch_model.safetensors")["proj_out.weight"].shape == (16, 32)
    assert [line["step"] for line in read_log(output)] == [2, 4, 6]
    assert {"camera_right", "camera_shuffled", "driving_none"} <= set(read_log(output)[-1])
    assert (output / "curves.png").exists()
    assert told[0].startswith("12 clips, ")
    assert told[-1].startswith("step 6 of 6: loss ")


def test_a_resumed_run_is_that_which_was_never_broken(config, tmp_path):
    whole = run(replace(config, output=str(tmp_path / "whole")))
    # A run that ends as a crash does: with an exception, after the checkpoint of step 2.
    with pytest.raises(KeyboardInterrupt):
        run(config, say=_interrupt_at("step 4"))
    resumed = run(config, resume=True)
    expected = load_file(whole / "diffusion_pytorch_model.safetensors")
    got = load_file(resumed / "diffusion_pytorch_model.safetensors")
    assert all(torch.equal(got[name], expected[name]) for name in expected)
    assert losses(config) == losses(replace(config, output=str(tmp_path / "whole")))


def _interrupt_at(start):
    def say(text):
        if text.startswith(start):
            raise KeyboardInterrupt

    return say


def test_resume_on_a_fresh_folder_just_starts(config):
    run(config, resume=True)
    assert len(losses(config)) == 3


def test_a_finished_run_is_not_written_over(config):
    run(config)
    before = (Path(config.output) / NAME).read_bytes()
    with pytest.raises(ConfigError, match="holds a run already; add --resume"):
        run(config)
    assert (Path(config.output) / NAME).read_bytes() == before


def test_resuming_with_another_config_is_refused(config):
    run(config)
    with pytest.raises(CheckpointError, match="another config"):
        run(replace(config, loop=replace(config.loop, learning_rate=1.0)), resume=True)


def test_a_loss_that_is_no_number_leaves_the_last_checkpoint_usable(config, tmp_path):
    whole = replace(config, output=str(tmp_path / "whole"))
    run(whole)
    with pytest.raises(KeyboardInterrupt):
        run(config, say=_interrupt_at("step 4"))
    for path in (tmp_path / "shards").iterdir():
        shard = read_shard(path)
        shard.rows[..., 3] = 1e30  # a number, so that reading lets it pass; what the network makes of it is none
        write_shard(path, shard)
    with pytest.raises(TrainingDiverged, match="the loss of step 2 is nan"):
        run(config, resume=True)
    write_shards(tmp_path / "shards", text=True)
    run(config, resume=True)
    assert losses(config) == losses(whole)


def test_a_damaged_shard_is_named(config, tmp_path):
    [path] = (tmp_path / "shards").glob("1.*")
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ShardError, match=path.name):
        run(config)
    assert not Path(config.output).exists() or not (Path(config.output) / NAME).exists()


def test_cuda_where_there_is_none_is_told(config):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(ConfigError, match=r"device cuda was asked for.*use cpu or auto"):
        run(config, device="cuda")


def _command(*arguments, **options):
    # As many threads as here: sums are rounded by how they are split.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=environment, text=True, **options)


def test_a_killed_run_goes_on_to_the_same_end(config, tmp_path):
    """A real process, killed the hard way after its first checkpoint."""
    long = CONFIG.replace("num_steps = 6", "num_steps = 12")
    (tmp_path / "long.toml").write_text(long)
    process = _command("-m", "astra_studio.cli", "train", tmp_path / "long.toml", stderr=subprocess.DEVNULL)
    checkpoint, deadline = tmp_path / "run" / NAME, time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    config = load_train_config(tmp_path / "long.toml")
    run(config, resume=True)
    whole = replace(config, output=str(tmp_path / "whole"))
    run(whole)
    assert losses(config) == pytest.approx(losses(whole), rel=1e-6)


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(config, tmp_path):
    alone = replace(config, output=str(tmp_path / "alone"))
    run(alone)
    (tmp_path / "two.toml").write_text(CONFIG.replace('"run"', '"two"'))
    process = _command(
        *("-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1"),
        *("--mixed_precision", "no", "--dynamo_backend", "no", "--num_cpu_threads_per_process", "1"),
        *("-m", "astra_studio.cli", "train", tmp_path / "two.toml", "--device", "cpu"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = process.communicate(timeout=110)
    assert process.returncode == 0, output
    two = [json.loads(line)["loss"] for line in (tmp_path / "two" / "log.jsonl").read_text().splitlines()]
    assert two == pytest.approx(losses(alone), rel=1e-4)
