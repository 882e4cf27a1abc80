import pytest
import torch

from engine.models.codec import START_OF_STREAM, resume
from engine.models.group_autoencoder import GroupAutoencoder


@pytest.fixture(scope="module")
def codec():
    torch.manual_seed(0)
    model = GroupAutoencoder(16, width=16, num_blocks=1, latents_mean=[0.1] * 16, latents_std=[0.5] * 16)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return model.eval().requires_grad_(False)


def test_shapes_are_those_of_the_wan_codec(codec):
    latents = codec.encode(torch.rand(2, 3, 33, 32, 48) * 2 - 1)
    assert latents.shape == (2, 16, 9, 4, 6)
    frames, state = codec.decode(latents)
    assert frames.shape == (2, 3, 33, 32, 48)
    assert state.num_latents == 9


def test_one_picture_encodes_to_the_first_latent_of_a_video(codec):
    video = torch.rand(1, 3, 9, 32, 48)
    assert torch.allclose(codec.encode(video[:, :, :1]), codec.encode(video)[:, :, :1], atol=1e-6)


def test_surplus_frames_are_dropped(codec):
    video = torch.rand(1, 3, 8, 32, 48)
    assert torch.allclose(codec.encode(video), codec.encode(video[:, :, :5]), atol=1e-6)


@pytest.mark.parametrize("split", [[1, 1, 1, 1, 1], [1, 4], [2, 2, 1], [5]])
def test_a_streamed_decode_equals_the_whole_one(codec, split):
    latents = torch.randn(1, 16, 5, 4, 6)
    whole, _ = codec.decode(latents)
    state, parts = START_OF_STREAM, []
    for part in latents.split(split, dim=2):
        frames, state = codec.decode(part, state)
        parts.append(frames)
    assert torch.allclose(torch.cat(parts, 2), whole, atol=1e-5)


def test_a_kept_state_is_a_snapshot(codec):
    latents = torch.randn(1, 16, 6, 4, 6)
    _, kept = codec.decode(latents[:, :, :2])
    first, _ = codec.decode(latents[:, :, 2:4], kept)
    codec.decode(torch.randn(1, 16, 2, 4, 6), kept)
    again, _ = codec.decode(latents[:, :, 2:4], kept)
    assert torch.equal(first, again)


def test_resuming_from_stored_latents_goes_on_exactly(codec):
    latents = torch.randn(1, 16, 6, 4, 6)
    _, state = codec.decode(latents[:, :, :4])
    expected, _ = codec.decode(latents[:, :, 4:], state)
    resumed, _ = codec.decode(latents[:, :, 4:], resume(codec, latents[:, :, :4]))
    assert torch.equal(resumed, expected)


def test_components_alone_bring_most_of_a_picture_back():
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.randn(24, 12, 4, 6), scale_factor=8, mode="bicubic").clamp(-1, 1)
    model = GroupAutoencoder(16, width=16, num_blocks=1)
    model.initialise_from_components(smooth)
    with torch.no_grad():
        decoded = model.decode_groups(*[model.encode_groups(smooth)] * 2)
    assert (decoded - smooth).square().mean() < 0.35 * smooth.square().mean()
