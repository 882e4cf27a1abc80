"""Training for latents that are easy to move: a small network predicts the latents of a shifted picture.

A world model's work is to move what it has seen. Latents made for reconstruction alone change beyond foresight when the
picture moves by less than one of their cells, and what cannot be foreseen is drawn soft. While the autoencoder trains,
this network foresees the latents of a shifted picture from those of the picture and the shift; its error, seen through
the decoder, teaches the encoder latents that move simply. Afterwards it is thrown away. (The idea that latents should
follow the picture's own transformations: Kouzelis et al. 2025, "EQ-VAE", which moves the latents themselves; a cell
of 8 pixels is too coarse for that.)

Shape letters: N groups, K = 12 channels of a group of four frames, C latent channels, H W pixels.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from engine.models.group_autoencoder import SPATIAL_FACTOR, GroupAutoencoder

LATENT_WEIGHT = 0.1
"""Of the error of the latents themselves, beside that of what they are decoded to."""


class ShiftPredictor(nn.Module):
    """Three convolutions whose features the shift scales and offsets."""

    def __init__(self, latent_channels: int, width: int = 64) -> None:
        super().__init__()
        self.first = nn.Conv2d(latent_channels, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, latent_channels, 3, padding=1)
        self.condition = nn.Sequential(nn.Linear(10, 64), nn.GELU(), nn.Linear(64, 4 * width))

    def forward(self, latents_NCHW: Tensor, shift_N2: Tensor) -> Tensor:
        """Latents of the picture moved by `shift`, (N, 2) in cells, down and right, -1 to 1."""
        angles = math.pi * shift_N2
        waves = [shift_N2, angles.sin(), angles.cos(), (2 * angles).sin(), (2 * angles).cos()]
        scale_1, offset_1, scale_2, offset_2 = self.condition(torch.cat(waves, -1))[:, :, None, None].chunk(4, 1)
        features = F.gelu(self.first(latents_NCHW) * (1 + scale_1) + offset_1)
        features = F.gelu(self.second(features) * (1 + scale_2) + offset_2)
        moved: Tensor = self.last(features)
        return moved


def shift_losses(
    model: GroupAutoencoder,
    predictor: ShiftPredictor,
    previous_NKHW: Tensor,
    current_NKHW: Tensor,
    noise: float,
    generator: Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Groups decoded from foreseen latents, the true ones, and the mean absolute error of the latents themselves.

    The same groups are cut out twice, up to a cell apart each way; `noise` is that of the latents foreseen from. A rim
    that nobody can know is cut off. Groups must be larger than four cells each way.
    """
    size = SPATIAL_FACTOR
    down, right = (int(n) for n in torch.randint(-size, size + 1, (2,), generator=generator))
    both = torch.cat([previous_NKHW, current_NKHW])
    height, width = both.shape[-2] - 2 * size, both.shape[-1] - 2 * size
    before = both[..., size : size + height, size : size + width]
    after = both[..., size + down : size + down + height, size + right : size + right + width]
    latents = model.encode_groups(before)
    noisy = latents + noise * torch.randn(latents.shape, generator=generator)
    moved = predictor(noisy, torch.tensor([[down / size, right / size]]).expand(len(noisy), 2))
    error = (moved - model.encode_groups(after))[..., 1:-1, 1:-1].float().abs().mean()
    decoded = model.decode_groups(*moved.chunk(2))
    rim = (..., slice(size, -size), slice(size, -size))
    return decoded.float()[rim], after[len(decoded) :][rim], error
