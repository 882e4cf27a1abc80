"""Rotary positions over (time, row, column) for tokens of any grid (reference 5.2).

The table is built once per chunk on the device (O1) and applied as a complex float32 product (O5).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

BASE = 10000.0


def head_dim_split(head_dim: int) -> tuple[int, int, int]:
    """Channels of a head given to time, height and width: 44, 42, 42 of 128."""
    spatial = 2 * (head_dim // 6)
    return head_dim - 2 * spatial, spatial, spatial


def rotary_table(
    time_positions: Sequence[int], grids: Sequence[tuple[int, int, int]], head_dim: int, device: torch.device
) -> Tensor:
    """Unit complex rotations (S, head_dim / 2) of every token.

    Args:
        time_positions: time of each token frame in sequence order; re-based here, as only differences matter, so that
            precision does not depend on how long the rollout is (fixes B4).
        grids: (frames, rows, columns) of each token group in sequence order; rows and columns count from 0 (K6).
    """
    if sum(frames for frames, _, _ in grids) != len(time_positions):
        raise ValueError(f"{len(time_positions)} time positions for token grids {list(grids)}")
    target, device = device, torch.device("cpu") if device.type == "mps" else device  # which knows no float64
    first = min(time_positions)
    splits = head_dim_split(head_dim)
    frequencies = [BASE ** (-torch.arange(0, dim, 2, dtype=torch.float64, device=device) / dim) for dim in splits]
    angles = []
    frame = 0
    for frames, rows, columns in grids:
        times = torch.tensor(
            [t - first for t in time_positions[frame : frame + frames]], dtype=torch.float64, device=device
        )
        frame += frames
        axes = (times, *(torch.arange(n, dtype=torch.float64, device=device) for n in (rows, columns)))
        t, h, w = (torch.outer(axis, f) for axis, f in zip(axes, frequencies, strict=True))
        shape = (frames, rows, columns)
        angles.append(
            torch.cat(
                [
                    t[:, None, None].expand(*shape, -1),
                    h[None, :, None].expand(*shape, -1),
                    w[None, None, :].expand(*shape, -1),
                ],
                dim=-1,
            ).flatten(0, 2)
        )
    whole = torch.cat(angles)
    return torch.polar(torch.ones_like(whole), whole).to(torch.complex64).to(target)


def rotate(heads_BSHE: Tensor, table: Tensor) -> Tensor:
    """Rotate adjacent channel pairs of (B, S, heads, head_dim) by the table (S, head_dim / 2)."""
    pairs = torch.view_as_complex(heads_BSHE.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * table[:, None]).flatten(-2).type_as(heads_BSHE)
