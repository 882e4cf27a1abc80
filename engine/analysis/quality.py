"""Measures of pictures: likeness to the truth, remaining sharpness, and the block grid that small networks leave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.messages import Picture

MAX_PSNR = 60.0
"""In decibels; what equal pictures are given, so that means stay finite. 8-bit pictures one level apart have 48."""
BLOCK = 8
"""Pixels a side that one latent stands for, in Wan's codec and in ours."""
Floats32 = NDArray[np.float32]
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Rec. 601, as Pillow's conversion to grey."""


def psnr(picture: Picture, truth: Picture) -> float:
    """Peak signal-to-noise ratio in decibels of a picture (H, W, 3) uint8 against the true one, at most `MAX_PSNR`.

    Raises ValueError for pictures of different shapes.
    """
    if picture.shape != truth.shape:
        raise ValueError(f"pictures to compare must be of one shape, got {picture.shape} and {truth.shape}")
    error = float(np.square(picture.astype(np.float32) - truth.astype(np.float32)).mean())
    least = 255.0**2 / 10 ** (MAX_PSNR / 10)
    return float(10 * np.log10(255.0**2 / max(error, least)))


def gradient_energy(picture: Picture) -> float:
    """Mean square of the brightness steps between neighbouring pixels of (H, W, 3) uint8, across plus down.

    Steps over the borders of the codec's blocks are left out: a grid of blocks is no sharpness.
    """
    return float(sum(np.square(steps).mean() for steps, _ in _steps(picture)))


def blockiness(picture: Picture) -> float:
    """Mean square of the steps over the borders of blocks, over that of all others: near 1 for a picture without a
    grid, above it for one with. 1 for a flat one."""
    inside = gradient_energy(picture)
    over = float(sum(np.square(steps).mean() for _, steps in _steps(picture) if steps.size))
    return over / inside if inside > 0 else 1.0


def sharpness_kept(picture: Picture, start: Picture) -> float:
    """Gradient energy of a picture over that of its start: 1 is as sharp, 0 is flat. 0 for a start without any."""
    energy = gradient_energy(start)
    return gradient_energy(picture) / energy if energy > 0 else 0.0


def _steps(picture: Picture) -> Iterator[tuple[Floats32, Floats32]]:
    """Brightness steps across, then down: those inside blocks, and those over their borders."""
    grey = picture.astype(np.float32) @ _LUMA
    for image in (grey, grey.T):
        steps = np.diff(image, axis=1)
        is_border = np.arange(1, image.shape[1]) % BLOCK == 0
        yield steps[:, ~is_border], steps[:, is_border]
