"""Encoding of a clip as a stream, one frame and then four at a time, with a still of every latent.

`VideoCodec.encode` and `shards.encode_clips` take all frames of a clip at once, and all stills as one batch: 6 GB of
activations for each layer of Wan's encoder at 480 x 832 and 38 latents. A causal encoder needs no more than the next
four frames and what it remembers, so that is all that lies in memory here, whatever the length of the clip; the
latents are the same.

Shape letters: B batch, C channels, T latents, F frames, H W height and width (of latents or pixels).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from engine.messages import Picture
from engine.models.codec import VideoCodec
from engine.models.group_autoencoder import GroupAutoencoder
from engine.models.wan_vae import WanCodec


class LatentStream(Protocol):
    """An encoder that remembers what it has seen."""

    def push(self, frames_B3FHW: Tensor) -> Tensor:
        """The normalised latent (B, C, 1, H/8, W/8) of the stream's first frame, or of its next four; in [-1, 1]."""
        ...


class _WanStream:
    """`WanCodec.encode` with its cache kept between calls."""

    def __init__(self, codec: WanCodec) -> None:
        self._vae = codec.vae
        self._cache = [None] * codec.vae._cached_conv_counts["encoder"]
        shape = (1, -1, 1, 1, 1)
        self._mean = torch.tensor(codec.vae.config.latents_mean).view(shape)
        self._std = torch.tensor(codec.vae.config.latents_std).view(shape)

    def push(self, frames_B3FHW: Tensor) -> Tensor:
        hidden = self._vae.encoder(frames_B3FHW.to(self._vae.dtype), feat_cache=self._cache, feat_idx=[0])
        mode = self._vae.quant_conv(hidden).chunk(2, dim=1)[0].float()
        return (mode - self._mean.to(mode.device)) / self._std.to(mode.device)


class _GroupStream:
    """Groups of four frames are encoded on their own, so there is nothing to remember."""

    def __init__(self, codec: GroupAutoencoder) -> None:
        self._codec = codec

    def push(self, frames_B3FHW: Tensor) -> Tensor:
        if frames_B3FHW.shape[2] == 1:
            return self._codec.encode(frames_B3FHW)
        return self._codec.encode_groups(frames_B3FHW.transpose(1, 2).flatten(1, 2))[:, :, None]


def start_stream(codec: VideoCodec) -> LatentStream:
    """A stream of this codec. Raises ValueError for a codec that has none yet."""
    if isinstance(codec, WanCodec):
        return _WanStream(codec)
    if isinstance(codec, GroupAutoencoder):
        return _GroupStream(codec)
    raise ValueError(f"a {type(codec).__name__} cannot encode a stream yet; engine/training/datasets/streaming.py")


@torch.no_grad()
def encode_stream(
    codec: VideoCodec, frames: Iterator[Picture], num_latents: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Latents and stills (T, C, h, w) float16, on the CPU, of the next frames, each (H, W, 3) uint8."""
    stream = start_stream(codec)
    latents, stills = [], []
    for number in range(num_latents):
        group = list(islice(frames, codec.frames_per_latent if number else 1))
        pixels = torch.from_numpy(np.stack(group)).to(device).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        latent = stream.push(pixels)[0, :, 0]
        latents.append(latent)
        # The first latent is that of a picture alone (reference section 10).
        stills.append(codec.encode(pixels[:, :, -1:])[0, :, 0] if number else latent)
    return torch.stack(latents).half().cpu(), torch.stack(stills).half().cpu()
