"""Outlines of things that stand on the ground: trees, posts, people, boulders, as half widths from top to foot.

Shape letters: B clips, P pixels, N heights.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from engine.training.synthetic.textures import choice, number, uniform

NUM_HEIGHTS = 9
SQUARE = torch.ones(NUM_HEIGHTS)
"""The outline of a plain box."""
_KINDS = (
    (0.25, 0.7, 0.95, 1.0, 0.9, 0.6, 0.14, 0.12, 0.14),  # a round crown on a trunk
    (0.02, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0, 0.1),  # a fir
    (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),  # a post or a wall
    (0.3, 0.42, 0.3, 0.95, 1.0, 0.85, 0.75, 0.7, 0.6),  # a person
    (0.15, 0.5, 0.75, 0.9, 1.0, 1.0, 1.0, 1.0, 0.95),  # a boulder or a bush
)


def random_outline(generator: Generator) -> Tensor:
    """One of the kinds (N,), each height made wider or narrower at random."""
    outline = torch.tensor(_KINDS[choice(generator, len(_KINDS))])
    return (outline * uniform(generator, 1 - number(generator, 0, 0.3), 1.0, NUM_HEIGHTS)).clamp(0.02, 1.0)


def inside_outline(outline_BN: Tensor, point_BP3: Tensor) -> Tensor:
    """Whether points in a box's own axes, scaled so that its sides lie at -1 and 1, are inside its outline (B, P)."""
    height = ((point_BP3[..., 1] + 1) / 2).clamp(0, 1) * (NUM_HEIGHTS - 1)
    low = height.floor().long().clamp_max(NUM_HEIGHTS - 2)
    share = height - low
    half_width = outline_BN.gather(1, low) * (1 - share) + outline_BN.gather(1, low + 1) * share
    # Sides of a plain box lie at 1 exactly, up to rounding.
    return point_BP3[..., 0].abs() <= half_width + 1e-3
