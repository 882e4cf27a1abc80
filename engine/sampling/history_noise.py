"""Noise on history latents: Noise-as-Mask in training, a level of the user's choice at inference.

Source: paper, "Noise-as-Mask"; reference section 12 (the released training noises only the two full-resolution
latents).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
from torch import Generator, Tensor

from engine.models.history import PackedHistory
from engine.sampling.schedule import add_noise


def noise_history(
    history: PackedHistory, level: float | Tensor, generator: Generator, where: Literal["recent", "all"] = "recent"
) -> PackedHistory:
    """Mix noise of its own into the history: `(1 - level) x + level noise`.

    Args:
        level: in [0, 1], one number or one per sample (B,).
        generator: on the CPU, so that the same seed gives the same noise on every device.
        where: "recent" for the 1x group alone, "all" for every group. Empty slots stay empty.
    """

    def noised(latents_BCTHW: Tensor) -> Tensor:
        noise = torch.randn(latents_BCTHW.shape, generator=generator).to(latents_BCTHW)
        levels = torch.as_tensor(level, dtype=latents_BCTHW.dtype, device=latents_BCTHW.device).view(-1, 1, 1, 1, 1)
        return add_noise(latents_BCTHW, noise, levels)

    full = noised(history.full_BCTHW)
    if where == "recent":
        return replace(history, full_BCTHW=full)
    medium_held = _held(history.window.medium, history.medium_BCTHW)
    coarse_held = _held(history.window.coarse, history.coarse_BCTHW)
    return replace(
        history,
        full_BCTHW=full,
        medium_BCTHW=noised(history.medium_BCTHW) * medium_held,
        coarse_BCTHW=noised(history.coarse_BCTHW) * coarse_held,
    )


def _held(indices: tuple[int, ...], latents_BCTHW: Tensor) -> Tensor:
    """1 for slots that hold a latent, 0 for empty ones, shaped to multiply (B, C, T, H, W)."""
    return torch.tensor([float(i >= 0) for i in indices], device=latents_BCTHW.device).view(1, 1, -1, 1, 1)
