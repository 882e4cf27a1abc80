import pytest
import torch
from safetensors.torch import load_file

from engine.models.codec import START_OF_STREAM, DecoderState, resume
from engine.models.weights.load import load_codec
from tests.builders import GOLDENS


@pytest.fixture(scope="module")
def codec():
    return load_codec(GOLDENS / "vae_a_weights.safetensors")[0]


@pytest.fixture(scope="module")
def golden():
    return load_file(GOLDENS / "vae_a_cases.safetensors")


def test_one_picture_encodes_to_the_first_latent_of_a_video(codec, golden):
    alone = codec.encode(golden["video"][:, :, :1])
    assert (alone - codec.encode(golden["video"])[:, :, :1]).abs().max() < 1e-6


@pytest.mark.parametrize("split", [[1, 1, 1, 1], [1, 3], [2, 2]])
def test_a_streamed_decode_equals_the_whole_one_bit_for_bit(codec, golden, split):
    whole, _ = codec.decode(golden["latents"])
    state, parts = START_OF_STREAM, []
    for part in golden["latents"].split(split, dim=2):
        frames, state = codec.decode(part, state)
        parts.append(frames)
    assert torch.equal(torch.cat(parts, 2), whole)


def test_a_kept_state_is_a_snapshot_for_branches(codec, golden):
    _, kept = codec.decode(golden["latents"][:, :, :2])
    first, _ = codec.decode(golden["latents"][:, :, 2:], kept)
    codec.decode(torch.randn(1, 16, 2, 4, 6), kept)
    again, _ = codec.decode(golden["latents"][:, :, 2:], kept)
    assert torch.equal(first, again)


def test_resuming_from_the_last_latents_is_exact_and_fewer_would_not_do(codec):
    """38 latents fix the decoder's state; the codec asks for 40."""
    latents = torch.randn(1, 16, 47, 2, 2, generator=torch.Generator().manual_seed(0))
    _, state = codec.decode(latents[:, :, :45])
    expected, _ = codec.decode(latents[:, :, 45:], state)
    resumed, _ = codec.decode(latents[:, :, 45:], resume(codec, latents[:, :, :45]))
    assert (resumed - expected).abs().max() == 0
    _, short = codec.decode(latents[:, :, 30:45])
    from_short, _ = codec.decode(latents[:, :, 45:], DecoderState(45, short.cache))
    assert not torch.equal(from_short, expected)
