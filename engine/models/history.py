"""History packing and the multi-scale history embedder (reference sections 4 and 5.1).

Shape letters: B batch, C latent channels, T latents, H W latent height and width, S tokens, D model width.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.window import EMPTY, HistoryWindow, WindowPlan


@dataclass(frozen=True, kw_only=True)
class PackedHistory:
    """The history of a chunk, packed at three scales."""

    window: HistoryWindow
    full_BCTHW: Tensor
    """The 1x group, T = 2: start frame and newest frame."""
    medium_BCTHW: Tensor
    """The 2x group, T = 2; zeros where a slot is empty."""
    coarse_BCTHW: Tensor
    """The 4x group, T = 16; zeros where a slot is empty."""


def pack_history(latents_BCTHW: Tensor, plan: WindowPlan, first_latent: int = 0) -> PackedHistory:
    """Gather the latents of `plan` from a history whose first latent has the absolute number `first_latent`.

    Raises ValueError if the history no longer holds a latent that the plan needs.
    """
    held = latents_BCTHW.shape[2]
    needed = [f for f in (plan.start, *plan.slots) if f != EMPTY]
    if min(needed) < first_latent or max(needed) >= first_latent + held:
        raise ValueError(
            f"the window needs latents {min(needed)} to {max(needed)}, the history holds {first_latent} to "
            f"{first_latent + held - 1}"
        )
    zero = torch.zeros_like(latents_BCTHW[:, :, :1])

    def gather(frames: tuple[int, ...]) -> Tensor:
        return torch.cat(
            [zero if f == EMPTY else latents_BCTHW[:, :, f - first_latent : f - first_latent + 1] for f in frames],
            dim=2,
        )

    return PackedHistory(
        window=plan.window,
        full_BCTHW=gather((plan.start, plan.slots[19])),
        medium_BCTHW=gather(plan.slots[17:19]),
        coarse_BCTHW=gather(plan.slots[1:17]),
    )


class HistoryEmbedder(nn.Module):
    """Embeds the three groups with patch convolutions of growing stride: (1,2,2), (2,4,4), (4,8,8)."""

    def __init__(self, in_channels: int, dim: int, patch_size: tuple[int, int, int]) -> None:
        super().__init__()
        t, h, w = patch_size
        self.proj = nn.Conv3d(in_channels, dim, (t, h, w), (t, h, w))
        self.proj_2x = nn.Conv3d(in_channels, dim, (2 * t, 2 * h, 2 * w), (2 * t, 2 * h, 2 * w))
        self.proj_4x = nn.Conv3d(in_channels, dim, (4 * t, 4 * h, 4 * w), (4 * t, 4 * h, 4 * w))

    def forward(self, history: PackedHistory) -> tuple[Tensor, list[tuple[int, int, int]]]:
        """Tokens (B, S, D) in the order 4x, 2x, 1x, and the (frames, rows, columns) grid of each group present."""
        window = history.window
        history = replace(
            history,
            full_BCTHW=history.full_BCTHW.to(self.proj.weight.dtype),
            medium_BCTHW=history.medium_BCTHW.to(self.proj.weight.dtype),
            coarse_BCTHW=history.coarse_BCTHW.to(self.proj.weight.dtype),
        )
        embedded = []
        if window.valid_coarse:
            embedded.append(self.proj_4x(_pad_to_stride(history.coarse_BCTHW, self.proj_4x)))
        if window.valid_medium:
            embedded.append(self.proj_2x(_pad_to_stride(history.medium_BCTHW, self.proj_2x)))
        embedded.append(self.proj(history.full_BCTHW))
        tokens = torch.cat([group.flatten(2).transpose(1, 2) for group in embedded], dim=1)
        return tokens, [(group.shape[2], group.shape[3], group.shape[4]) for group in embedded]


def _pad_to_stride(latents_BCTHW: Tensor, conv: nn.Conv3d) -> Tensor:
    """Replicate the last row and column until the stride divides the size (K5)."""
    _, stride_h, stride_w = conv.stride
    pad_h = -latents_BCTHW.shape[3] % stride_h
    pad_w = -latents_BCTHW.shape[4] % stride_w
    if not pad_h and not pad_w:
        return latents_BCTHW
    return F.pad(latents_BCTHW, (0, pad_w, 0, pad_h, 0, 0), mode="replicate")
