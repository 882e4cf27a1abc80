"""The Wan video autoencoder, diffusers' own, with a streaming cache of ours (reference section 10).

`AutoencoderKLWan.decode` forgets its cache at both ends. Here the cache is a value that goes in and comes out, so a
chunk decodes only its new latents, a kept state is a snapshot, and a branch costs nothing.
"""

from __future__ import annotations

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from torch import Tensor

from engine.models.codec import START_OF_STREAM, DecoderState


class WanCodec:
    """`VideoCodec` over an AutoencoderKLWan of the Wan 2.1 kind."""

    # The decoder's causal convolutions reach 38 latents back (11 with 2 latents each before the first temporal
    # upsampling, then its own and those at double and fourfold rate); two more flush the special treatment of a
    # stream's first latent.
    warmup_latents = 40

    def __init__(self, vae: AutoencoderKLWan) -> None:
        self.frames_per_latent: int = 2 ** sum(vae.config.temperal_downsample)  # diffusers' spelling
        self.vae = vae.eval().requires_grad_(False)
        self.latent_channels: int = vae.config.z_dim
        self.spatial_factor: int = 2 ** (len(vae.config.dim_mult) - 1)
        shape = (1, -1, 1, 1, 1)
        self._mean = torch.tensor(vae.config.latents_mean).view(shape)
        self._std = torch.tensor(vae.config.latents_std).view(shape)

    @torch.no_grad()
    def encode(self, frames_B3FHW: Tensor) -> Tensor:
        """Normalised mean of the posterior of frames in [-1, 1], encoded as a stream: the first alone."""
        vae = self.vae
        frames = frames_B3FHW.to(vae.dtype)
        per_latent = self.frames_per_latent
        num_groups = (frames.shape[2] - 1) // per_latent
        cache = [None] * vae._cached_conv_counts["encoder"]
        encoded = [vae.encoder(frames[:, :, :1], feat_cache=cache, feat_idx=[0])]
        for group in range(num_groups):
            first = 1 + per_latent * group
            part = frames[:, :, first : first + per_latent]
            encoded.append(vae.encoder(part, feat_cache=cache, feat_idx=[0]))
        mode = vae.quant_conv(torch.cat(encoded, dim=2)).chunk(2, dim=1)[0].float()
        return (mode - self._mean.to(mode.device)) / self._std.to(mode.device)

    @torch.no_grad()
    def decode(self, latents_BCTHW: Tensor, state: DecoderState = START_OF_STREAM) -> tuple[Tensor, DecoderState]:
        """Frames in [-1, 1] of the latents that follow `state`, one latent at a time as the whole decode does it."""
        vae = self.vae
        raw = latents_BCTHW.float() * self._std.to(latents_BCTHW.device) + self._mean.to(latents_BCTHW.device)
        hidden = raw.to(vae.dtype)
        # The decoder replaces entries of this list and never writes into their tensors.
        cache = list(state.cache) if state.cache else [None] * vae._cached_conv_counts["decoder"]
        frames = []
        for t in range(hidden.shape[2]):
            is_first = state.num_latents + t == 0
            # Everything one latent at a time, so that the result does not depend on how the stream is split, to the
            # last bit.
            one = vae.post_quant_conv(hidden[:, :, t : t + 1].contiguous())
            part = vae.decoder(one, feat_cache=cache, feat_idx=[0], first_chunk=is_first)
            frames.append(part.float().clamp(-1, 1))
        return torch.cat(frames, dim=2), DecoderState(state.num_latents + hidden.shape[2], tuple(cache))
