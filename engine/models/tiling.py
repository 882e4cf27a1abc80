"""Tiled encoding and decoding as the released code does it: overlapping tiles, linear ramps, weighted mean.

Untiled is closer to how the training data was made and does a third of the work; tiles are for cards with little
memory and for comparing with the released outputs. Source: reference section 10, "Tiling in the reference".
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from engine.models.codec import VideoCodec


def encode_tiled(codec: VideoCodec, frames_B3FHW: Tensor, tile: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Normalised latents of frames, tile and stride being (rows, columns) in latent pixels."""
    factor = codec.spatial_factor

    def encode(top: int, left: int, height: int, width: int) -> Tensor:
        rows = slice(top * factor, (top + height) * factor)
        return codec.encode(frames_B3FHW[..., rows, left * factor : (left + width) * factor])

    height, width = (size // factor for size in frames_B3FHW.shape[-2:])
    # The released code counts an encoding tile's overlap in latent pixels, like its result.
    return _blend(encode, (height, width), tile, stride, scale=1)


def decode_tiled(codec: VideoCodec, latents_BCTHW: Tensor, tile: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Frames in [-1, 1] of a whole stream of latents."""

    def decode(top: int, left: int, height: int, width: int) -> Tensor:
        return codec.decode(latents_BCTHW[..., top : top + height, left : left + width])[0]

    size = (latents_BCTHW.shape[-2], latents_BCTHW.shape[-1])
    return _blend(decode, size, tile, stride, scale=codec.spatial_factor).clamp(-1, 1)


def tile_starts(size: int, tile: int, stride: int) -> list[int]:
    """Where tiles begin along one side: every stride, but none after a tile that reached the edge."""
    return [start for start in range(0, size, stride) if start == 0 or start - stride + tile < size]


def _blend(
    run: Callable[[int, int, int, int], Tensor],
    size: tuple[int, int],
    tile: tuple[int, int],
    stride: tuple[int, int],
    scale: int,
) -> Tensor:
    """Weighted mean of all tiles; `scale` is the number of result pixels per latent pixel."""
    total: Tensor | None = None
    weights = torch.zeros(size[0] * scale, size[1] * scale)
    for top in tile_starts(size[0], tile[0], stride[0]):
        for left in tile_starts(size[1], tile[1], stride[1]):
            height, width = min(tile[0], size[0] - top), min(tile[1], size[1] - left)
            result = run(top, left, height, width)
            weight = torch.minimum(
                _ramp(top, height, size[0], tile[0] - stride[0], scale)[:, None],
                _ramp(left, width, size[1], tile[1] - stride[1], scale)[None],
            )
            if total is None:
                total = result.new_zeros(*result.shape[:-2], *weights.shape)
            place = (slice(top * scale, (top + height) * scale), slice(left * scale, (left + width) * scale))
            total[(..., *place)] += result * weight.to(result)
            weights[place] += weight
    assert total is not None, "a picture has at least one tile"
    return total / weights.to(total)


def _ramp(start: int, length: int, size: int, overlap: int, scale: int) -> Tensor:
    """Weights along one side of a tile: (1..b) / b over the overlap on sides that are not the picture's edge."""
    weights = torch.ones(length * scale)
    rising = torch.arange(1, overlap * scale + 1) / (overlap * scale)
    if start > 0:
        weights[: overlap * scale] = rising[: length * scale]
    if start + length < size:
        weights[-overlap * scale :] = rising.flip(0)
    return weights
