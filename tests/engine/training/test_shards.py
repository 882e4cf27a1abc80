from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.actions.modality import CAMERA, ROBOT
from engine.models.group_autoencoder import GroupAutoencoder
from engine.training.shards import ShardError, encode_clips, find_shards, read_shard, write_shard
from tests.engine.training.small import shard


def test_a_shard_comes_back_as_it_was(tmp_path):
    written = shard(ROBOT, text=True)
    write_shard(tmp_path / "a.safetensors", written)
    read = read_shard(tmp_path / "a.safetensors")
    assert read.modality is ROBOT
    assert read.source == "made by a test"
    assert torch.equal(read.rows, written.rows)
    assert torch.allclose(read.latents.float(), written.latents, atol=2e-2)
    assert torch.equal(read.text_length, written.text_length)


def test_clips_are_encoded_with_a_still_of_every_latent():
    torch.manual_seed(0)
    codec = GroupAutoencoder(4, width=8, num_blocks=1).eval()
    frames = torch.randint(0, 256, (2, 9, 3, 16, 24), dtype=torch.uint8)
    made = encode_clips(codec, frames, torch.zeros(2, 3, 12), CAMERA, "noise")
    assert made.latents.shape == made.stills.shape == (2, 3, 4, 2, 3)
    assert torch.allclose(made.latents[:, 0], made.stills[:, 0], atol=1e-5)
    with torch.no_grad():
        alone = codec.encode((frames[1, 8].float() / 127.5 - 1)[None, :, None])[0, :, 0]
    assert torch.allclose(made.stills[1, 2], alone, atol=1e-5)


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(ShardError, match="expected latents"):
        write_shard(tmp_path / "a.safetensors", replace(shard(CAMERA), rows=torch.zeros(4, 13, 12)))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("keep", [0, 50, 0.7])
def test_a_damaged_shard_is_named(tmp_path, keep):
    path = tmp_path / "a.safetensors"
    write_shard(path, shard(CAMERA))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    with pytest.raises(ShardError, match=r"a\.safetensors cannot be read"):
        read_shard(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    save_file({"x": torch.ones(1)}, tmp_path / "a.safetensors")
    with pytest.raises(ShardError, match="is no latent shard"):
        read_shard(tmp_path / "a.safetensors")


@pytest.mark.parametrize("name", ["latents", "rows"])
def test_numbers_that_are_not_finite_are_refused(tmp_path, name):
    path = tmp_path / "a.safetensors"
    write_shard(path, shard(CAMERA))
    tensors = load_file(path)
    tensors[name].view(-1)[5] = float("nan")
    save_file(tensors, path, metadata={"format": "astra-latents-1", "modality": "camera"})
    with pytest.raises(ShardError, match=f"{name} that are not finite"):
        read_shard(path)


def test_an_empty_or_missing_folder_is_named(tmp_path):
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(ShardError, match="holds no shards"):
            find_shards([folder])


def test_own_takes_come_back_and_must_be_of_the_latents(tmp_path):
    clips = shard(CAMERA)
    write_shard(tmp_path / "own.safetensors", replace(clips, own=clips.latents[:, :5]))
    assert torch.equal(read_shard(tmp_path / "own.safetensors").own, clips.latents[:, :5].half())
    with pytest.raises(ShardError, match="own takes of shape"):
        write_shard(tmp_path / "wrong.safetensors", replace(clips, own=clips.latents[:2]))
