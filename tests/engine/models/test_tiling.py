import pytest
import torch

from engine.models.group_autoencoder import GroupAutoencoder
from engine.models.tiling import decode_tiled, tile_starts


@pytest.mark.parametrize(
    ("size", "tile", "stride", "starts"),
    [(60, 34, 18, [0, 18, 36]), (104, 34, 16, [0, 16, 32, 48, 64, 80]), (4, 8, 2, [0]), (9, 3, 3, [0, 3, 6])],
)
def test_no_tile_follows_one_that_reached_the_edge(size, tile, stride, starts):
    assert tile_starts(size, tile, stride) == starts


def test_where_tiles_agree_the_blend_is_what_they_say():
    """A codec whose decoder sees one latent pixel only gives the same tiled and untiled."""
    torch.manual_seed(0)
    codec = GroupAutoencoder(16, width=8, num_blocks=0).eval().requires_grad_(False)
    latents = 0.02 * torch.randn(1, 16, 3, 7, 9)
    whole, _ = codec.decode(latents)
    assert torch.allclose(decode_tiled(codec, latents, (4, 4), (2, 3)), whole, atol=1e-5)
