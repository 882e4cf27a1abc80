"""Protocol of a video autoencoder: one picture in, chunks of frames out, with an explicit decoder state.

Shape letters: B batch, C channels, T latents, F frames, H W height and width (of latents or pixels).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class DecoderState:
    """Where a stream of latents stands. A value: decoding returns a new one, so keeping one is a snapshot."""

    num_latents: int = 0
    cache: tuple[Any, ...] = ()

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What of the cache takes memory."""
        return tuple(entry for entry in self.cache if isinstance(entry, Tensor))

    def moved(self, device: torch.device) -> DecoderState:
        """The state on a device; what is there already is not copied."""
        cache = tuple(entry.to(device) if isinstance(entry, Tensor) else entry for entry in self.cache)
        return DecoderState(self.num_latents, cache)


START_OF_STREAM = DecoderState()


class VideoCodec(Protocol):
    """Frames in [-1, 1] to normalised latents and back; 1 + (T - 1) `frames_per_latent` frames make T latents."""

    frames_per_latent: int
    """Of every latent but a stream's first, which is one frame."""
    latent_channels: int
    spatial_factor: int
    warmup_latents: int
    """So many latents before a place in a stream fix the decoder's state there, whatever came earlier."""

    def encode(self, frames_B3FHW: Tensor) -> Tensor:
        """Normalised latents (B, C, T, H/8, W/8) of frames; surplus ones at the end are dropped."""
        ...

    def decode(self, latents_BCTHW: Tensor, state: DecoderState = START_OF_STREAM) -> tuple[Tensor, DecoderState]:
        """Frames (B, 3, F, H, W) of the latents that follow `state`: 1 for the first latent of a stream, else
        `frames_per_latent` each."""
        ...


def resume(codec: VideoCodec, latents_BCTHW: Tensor) -> DecoderState:
    """Decoder state after a stream that ends with these latents, rebuilt by decoding the last of them.

    Exact if all latents of the stream are given, or at least `codec.warmup_latents` of them: a causal decoder forgets
    what lies further back.
    """
    kept = latents_BCTHW[:, :, -codec.warmup_latents :]
    state = START_OF_STREAM
    for t in range(kept.shape[2]):
        _, state = codec.decode(kept[:, :, t : t + 1], state)
    return DecoderState(num_latents=latents_BCTHW.shape[2], cache=state.cache)
