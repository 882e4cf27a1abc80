import pytest
import torch

from engine.training.synthetic.textures import dead_leaves, landscape, sky, spectral_noise, tile


@pytest.mark.parametrize("draw", [dead_leaves, landscape, sky, tile])
def test_pictures_are_named_by_their_seed_and_lie_in_range(draw):
    one, again, other = (draw(torch.Generator().manual_seed(seed), 48) for seed in (1, 1, 2))
    assert one.shape == (3, 48, 48)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert 0 <= one.min() < one.max() <= 1


def test_noise_is_a_tile_and_smoother_with_a_steeper_falloff():
    rough, smooth = (spectral_noise(torch.Generator().manual_seed(3), 64, 64, falloff) for falloff in (0.5, 2.0))

    def seam(noise):
        return (noise[..., 0] - noise[..., -1]).abs().mean() / noise.diff(dim=-1).abs().mean()

    assert 0.5 < seam(rough) < 2
    assert 0.5 < seam(smooth) < 2
    assert smooth.diff(dim=-1).abs().mean() < 0.3 * rough.diff(dim=-1).abs().mean()


def test_dead_leaves_have_edges_as_photographs_do():
    """Many flat differences and a few large ones: a kurtosis far above a bell curve's 3."""
    found = []
    for seed in range(6):
        step = dead_leaves(torch.Generator().manual_seed(seed), 96).mean(0).diff(dim=-1)
        step = step - step.mean()
        found.append(float((step**4).mean() / (step**2).mean() ** 2))
    assert min(found) > 5
