import copy

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.models.codec import VideoCodec
from engine.training.autoencoder import AutoencoderConfig, train_autoencoder
from engine.training.decoder import DecoderConfig, make_takes, tune_decoder
from engine.training.synthetic.clips import ClipConfig, read_clips, write_shards
from engine.worlds.fake import FakeWorld

CONFIG = DecoderConfig(num_takes=4, num_chunks=1, num_steps=60, batch_size=8, learning_rate=2e-3)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_shards(ClipConfig(height=32, width=48, num_ticks=10, long_ticks=12, clips_per_shard=3), folder, 0, 2, None)
    return sorted(folder.glob("*.safetensors"))


@pytest.fixture(scope="module")
def codec(shards):
    config = AutoencoderConfig(latent_channels=8, width=8, num_blocks=1, num_steps=20, batch_size=4)
    return train_autoencoder(config, shards, lambda _step, _figures: None)


def takes_with_patch_errors(codec: VideoCodec, shards, path):
    """Takes whose latents are true but for an error of each 2 x 2 patch, as a transformer makes them."""
    frames = read_clips(shards[0])[0][:, :33]
    latents = codec.encode(frames.transpose(1, 2).float() / 127.5 - 1).transpose(1, 2)
    error = 0.5 * torch.randn(*latents.shape[:3], 2, 3, generator=torch.Generator().manual_seed(1))
    wrong = latents + error.repeat_interleave(2, -1).repeat_interleave(2, -2)
    save_file({"latents": wrong.detach().half().contiguous(), "frames": frames.contiguous()}, path)


def test_takes_hold_what_the_world_made_beside_what_was_to_be_seen(shards, tmp_path):
    world = FakeWorld(width=48, height=32)
    make_takes(CONFIG, world, shards, tmp_path / "takes.safetensors")
    takes = load_file(tmp_path / "takes.safetensors")
    assert takes["latents"].shape[:2] == (4, 9)
    assert takes["frames"].shape == (4, 33, 3, 32, 48)
    assert [p.name for p in tmp_path.iterdir()] == ["takes.safetensors"]


def test_a_tuned_decoder_draws_the_worlds_latents_better_and_encodes_as_before(codec, shards, tmp_path):
    takes_with_patch_errors(codec, shards, tmp_path / "takes.safetensors")
    told = []
    before = copy.deepcopy(codec.state_dict())
    codec = tune_decoder(CONFIG, codec, tmp_path / "takes.safetensors", shards, lambda _s, f: told.append(f))
    takes = load_file(tmp_path / "takes.safetensors")
    target = takes["frames"].transpose(1, 2).float() / 127.5 - 1
    latents = takes["latents"].float().transpose(1, 2)

    def error(weights):
        twin = copy.deepcopy(codec)
        twin.load_state_dict(weights)
        with torch.no_grad():
            return float((twin.decode(latents)[0] - target).square().mean())

    after = codec.state_dict()
    assert error(after) < 0.9 * error(before)
    assert all(torch.equal(after[n], before[n]) for n in before if n.startswith(("encoder", "linear_in")))
    assert set(told[-1]) == {"own_psnr_db", "loss", "true_psnr_db"}
