"""Height fields: ground that rises into hills away from where the camera walks.

The field is a tile of smooth noise, repeated; it is flat within a radius of the first camera, so that no path of a clip
runs into a hill. Rays are marched and the crossing is found between two steps by the line through them.

Shape letters: B clips, P pixels, N field size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from engine.training.synthetic.textures import number, spectral_noise

FIELD_SIZE = 128
NUM_STEPS = 56
NEAREST, FARTHEST = 0.1, 40.0
"""Distances along a ray, in units of its depth, between which the ground is looked for."""
RISE = 2.5
"""Scene units over which hills grow to their height beyond the flat part."""
_LIGHT = (0.5, -0.75, -0.43)
"""Where light comes from: right, above, behind."""


@dataclass(frozen=True, kw_only=True)
class Terrain:
    """Height fields of a batch of scenes.

    Attributes:
        field: (B, 1, N, N) in [0, 1], a tile.
        height: (B,) of the highest hill above the flat ground, scene units.
        period: (B,) scene units after which the tile repeats.
        flat_radius: (B,) around the first camera, scene units.
    """

    field: Tensor
    height: Tensor
    period: Tensor
    flat_radius: Tensor

    def to(self, device: torch.device) -> Terrain:
        return Terrain(
            field=self.field.to(device),
            height=self.height.to(device),
            period=self.period.to(device),
            flat_radius=self.flat_radius.to(device),
        )

    def roomy(self, paths: np.ndarray) -> Terrain:
        """The terrain, flat wherever paths (B, F, 4, 4) lead."""
        farthest = np.linalg.norm(paths[..., [0, 2], 3], axis=-1).max(1)
        return replace(self, flat_radius=torch.maximum(self.flat_radius, torch.from_numpy(farthest).float() + 0.4))

    def height_at(self, place_BP2: Tensor) -> Tensor:
        """Height (B, P) above the flat ground at places (x, z)."""
        # A texel of margin makes the lookup wrap.
        at = (place_BP2 / self.period[:, None, None]) % 1.0
        wrapped = F.pad(self.field, (1, 1, 1, 1), mode="circular")
        size = self.field.shape[-1]
        grid = ((at * size + 1.0) / (size + 2) * 2 - 1)[:, None]
        found = F.grid_sample(wrapped, grid, mode="bilinear", align_corners=False)[:, 0, 0]
        rise = ((place_BP2.norm(dim=-1) - self.flat_radius[:, None]) / RISE).clamp(0, 1)
        return found * self.height[:, None] * rise * rise * (3 - 2 * rise)

    def hit(self, origin_B3: Tensor, direction_BP3: Tensor, ground_B: Tensor) -> Tensor:
        """How far along each ray (B, P) the ground is met, in lengths of `direction`; `FARTHEST` where it is not.

        `ground` is y of the flat ground; y points down.
        """
        ratio = (FARTHEST / NEAREST) ** (1 / (NUM_STEPS - 1))
        reached = torch.full(direction_BP3.shape[:2], FARTHEST, device=direction_BP3.device)
        is_met = torch.zeros_like(reached, dtype=torch.bool)
        before_t, before_gap = torch.zeros_like(reached), torch.ones_like(reached)
        for step in range(NUM_STEPS):
            t = NEAREST * ratio**step
            point = origin_B3[:, None] + t * direction_BP3
            gap = ground_B[:, None] - self.height_at(point[..., [0, 2]]) - point[..., 1]
            crosses = (gap <= 0) & ~is_met
            share = before_gap / (before_gap - gap).clamp_min(1e-6)
            reached = torch.where(crosses, before_t + (t - before_t) * share, reached)
            is_met = is_met | crosses
            before_t, before_gap = torch.full_like(reached, t), gap
        return reached

    def light_at(self, place_BP2: Tensor) -> Tensor:
        """Brightness (B, P) of the ground, about 1: less on slopes away from the light."""
        step = 0.02
        here = self.height_at(place_BP2)
        offsets = torch.tensor([[step, 0.0], [0.0, step]], device=place_BP2.device)
        slope_x, slope_z = ((self.height_at(place_BP2 + offset) - here) / step for offset in offsets)
        normal = torch.stack([-slope_x, -torch.ones_like(here), -slope_z], -1)
        light = torch.tensor(_LIGHT, device=place_BP2.device)
        lit = (F.normalize(normal, dim=-1) * light).sum(-1) / -light[1]
        return (0.35 + 0.65 * lit).clamp(0.3, 1.3)


def random_terrain(generator: Generator, num: int) -> Terrain:
    """Gentle to steep hills."""
    fields = []
    for _ in range(num):
        noise = spectral_noise(generator, FIELD_SIZE, FIELD_SIZE, number(generator, 1.6, 2.4))
        fields.append((noise - noise.amin()) / (noise.amax() - noise.amin()))
    return Terrain(
        field=torch.stack(fields),
        height=torch.tensor([number(generator, 0.3, 1.8) for _ in range(num)]),
        period=torch.tensor([number(generator, 4.0, 10.0) for _ in range(num)]),
        flat_radius=torch.tensor([number(generator, 0.6, 1.5) for _ in range(num)]),
    )
