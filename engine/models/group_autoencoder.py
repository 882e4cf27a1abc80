"""The small causal video autoencoder of the bundled model: groups of four frames, 2-D convolutions.

Same interface and same shapes as the Wan VAE: 8x in space, 4x in time, the first frame alone. A linear map found by
principal components does most of the work from the start; convolutions on both sides learn what it leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from engine.models.codec import START_OF_STREAM, DecoderState

GROUP_FRAMES = 4
"""Frames that one latent of this autoencoder stands for."""
SPATIAL_FACTOR = 8
GROUP_CHANNELS = 3 * GROUP_FRAMES


class _ResidualConv(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.conv_in = nn.Conv2d(width, width, 3, padding=1)
        self.conv_out = nn.Conv2d(width, width, 3, padding=1)
        _zeroed(self.conv_out)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv_out(F.silu(self.conv_in(F.silu(self.norm(features)))))


class GroupAutoencoder(ModelMixin, ConfigMixin):
    """Encodes each group of four frames on its own; decodes a group from its latent and the one before.

    Args:
        latent_channels: numbers per latent pixel.
        width: channels at 1/4 resolution; twice that at 1/8.
        num_blocks: residual blocks at each resolution, on each side.
        latents_mean, latents_std: per channel; `encode` returns (latent - mean) / std.
    """

    config: Any

    spatial_factor = SPATIAL_FACTOR
    frames_per_latent = GROUP_FRAMES
    warmup_latents = 1

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 16,
        width: int = 48,
        num_blocks: int = 2,
        latents_mean: Sequence[float] | None = None,
        latents_std: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.latent_channels = latent_channels
        deep = 2 * width
        self.linear_in = nn.Conv2d(GROUP_CHANNELS, latent_channels, SPATIAL_FACTOR, SPATIAL_FACTOR)
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(GROUP_CHANNELS * 16, width, 3, padding=1),
            *(_ResidualConv(width) for _ in range(num_blocks)),
            nn.Conv2d(width, deep, 2, 2),
            *(_ResidualConv(deep) for _ in range(num_blocks)),
            nn.SiLU(),
            _zeroed(nn.Conv2d(deep, latent_channels, 3, padding=1)),
        )
        self.linear_out = nn.ConvTranspose2d(latent_channels, GROUP_CHANNELS, SPATIAL_FACTOR, SPATIAL_FACTOR)
        self.decoder = nn.Sequential(
            nn.Conv2d(2 * latent_channels, deep, 3, padding=1),
            *(_ResidualConv(deep) for _ in range(num_blocks)),
            nn.Conv2d(deep, 4 * width, 1),
            nn.PixelShuffle(2),
            *(_ResidualConv(width) for _ in range(num_blocks)),
            nn.SiLU(),
            _zeroed(nn.Conv2d(width, GROUP_CHANNELS * 16, 3, padding=1)),
            nn.PixelShuffle(4),
        )
        mean = torch.zeros(latent_channels) if latents_mean is None else torch.tensor(latents_mean)
        std = torch.ones(latent_channels) if latents_std is None else torch.tensor(latents_std)
        self.register_buffer("mean", mean.view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", std.view(1, -1, 1, 1), persistent=False)

    def encode(self, frames_B3FHW: Tensor) -> Tensor:
        """Normalised latents (B, C, T, H/8, W/8) of 1 + 4k frames in [-1, 1]; surplus frames are dropped.

        The first frame stands for a group of four like itself.
        """
        return _ungroup(self.encode_groups(group_frames(frames_B3FHW)), frames_B3FHW.shape[0])

    def decode(self, latents_BCTHW: Tensor, state: DecoderState = START_OF_STREAM) -> tuple[Tensor, DecoderState]:
        """Frames in [-1, 1] of the latents that follow `state`."""
        before = state.cache[0] if state.cache else latents_BCTHW[:, :, :1]
        previous = torch.cat([before, latents_BCTHW[:, :, :-1]], dim=2)
        # Everything one latent at a time, so that the result does not depend on how the stream is split, to the last
        # bit: convolutions round otherwise for another number of pictures.
        pairs = zip(previous.unbind(2), latents_BCTHW.unbind(2), strict=True)
        parts = [self.decode_groups(one.contiguous(), latent.contiguous()) for one, latent in pairs]
        groups = torch.stack(parts, dim=1).flatten(0, 1).clamp(-1, 1)
        frames = _ungroup_frames(groups, latents_BCTHW.shape[0])
        if state.num_latents == 0:
            frames = frames[:, :, GROUP_FRAMES - 1 :]
        following = DecoderState(state.num_latents + latents_BCTHW.shape[2], (latents_BCTHW[:, :, -1:].clone(),))
        return frames, following

    def encode_groups(self, groups_NKHW: Tensor) -> Tensor:
        """Normalised latents (N, C, H/8, W/8) of N groups of four frames stacked in the channels."""
        return (self.linear_in(groups_NKHW) + self.encoder(groups_NKHW) - self.mean) / self.std

    def decode_groups(self, previous_NCHW: Tensor, latents_NCHW: Tensor) -> Tensor:
        """Groups (N, 12, H, W), not clamped, from normalised latents and those one step before."""
        latents = latents_NCHW * self.std + self.mean
        previous = previous_NCHW * self.std + self.mean
        return self.linear_out(latents) + self.decoder(torch.cat([previous, latents], dim=1))

    @torch.no_grad()
    def initialise_from_components(self, groups_NKHW: Tensor) -> None:
        """Set the linear maps to the principal components of 8 x 8 x 4 blocks of these groups."""
        blocks = F.pixel_unshuffle(groups_NKHW, SPATIAL_FACTOR).permute(0, 2, 3, 1).flatten(0, 2)
        mean = blocks.mean(0)
        _, _, components = torch.pca_lowrank(blocks - mean, q=self.latent_channels + 8, niter=6)
        kernel = components[:, : self.latent_channels].T.reshape(-1, GROUP_CHANNELS, SPATIAL_FACTOR, SPATIAL_FACTOR)
        assert self.linear_in.bias is not None
        assert self.linear_out.bias is not None
        self.linear_in.weight.copy_(kernel)
        self.linear_in.bias.copy_(-(components[:, : self.latent_channels].T @ mean))
        self.linear_out.weight.copy_(kernel)
        # The mean block differs by place inside a block; a transposed convolution's bias does not. The mean over the
        # places of each channel is what the bias can hold, and the convolutions learn the rest.
        self.linear_out.bias.copy_(mean.view(GROUP_CHANNELS, -1).mean(1))


def group_frames(frames_B3FHW: Tensor) -> Tensor:
    """Groups (B T, 12, H, W), frame-major channels: the first frame four times, then every four frames."""
    _, channels, num_frames, height, width = frames_B3FHW.shape
    kept = 1 + (num_frames - 1) // GROUP_FRAMES * GROUP_FRAMES
    first = frames_B3FHW[:, :, :1].expand(-1, -1, GROUP_FRAMES, -1, -1)
    frames = torch.cat([first, frames_B3FHW[:, :, 1:kept]], dim=2).transpose(1, 2)
    return frames.reshape(-1, GROUP_FRAMES * channels, height, width)


def _ungroup_frames(groups_NKHW: Tensor, batch: int) -> Tensor:
    return groups_NKHW.unflatten(1, (GROUP_FRAMES, 3)).unflatten(0, (batch, -1)).flatten(1, 2).transpose(1, 2)


def _ungroup(latents_NCHW: Tensor, batch: int) -> Tensor:
    return latents_NCHW.unflatten(0, (batch, -1)).transpose(1, 2)


def _zeroed(conv: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(conv.weight)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv
