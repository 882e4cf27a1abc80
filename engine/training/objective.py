"""The flow-matching objective: which noise levels are trained, and what an error weighs.

Shape letters: B batch, C latent channels, T latents, H W latent height and width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

from engine.sampling.schedule import NUM_TRAIN_TIMESTEPS, flow_schedule, nearest_timestep_ids, training_weights

SMALLEST_SIGMA = 0.4
"""Below this a clean-sample error is no longer scaled up to the velocity error it stands for; it would drown the
rest."""


@dataclass(frozen=True, kw_only=True)
class NoiseLevels:
    """Levels of one batch."""

    sigma_B: Tensor
    timestep_B: Tensor
    """What the network is told, 0 to 1000."""
    weight_B: Tensor


@dataclass(frozen=True, kw_only=True)
class Objective:
    """How noise levels are drawn."""

    levels: Literal["pure noise first", "released"] = "pure noise first"
    """"pure noise first": most samples at sigma = 1, where the target itself tells nothing, so that the action must;
    what small models need to learn to follow. "released": evenly over the 1000 points of the schedule, with the
    released weights."""
    pure_noise_share: float = 0.85
    late_pure_noise_share: float = 0.5
    late_start: float = 0.7
    """Share of the training after which `late_pure_noise_share` holds."""

    def draw(self, num: int, done: float, generator: Generator) -> NoiseLevels:
        """Levels of `num` samples when a share `done` of the training is over."""
        if self.levels == "released":
            return _released_levels(num, generator)
        share = self.late_pure_noise_share if done >= self.late_start else self.pure_noise_share
        middle = torch.sigmoid(1.2 + 1.2 * torch.randn(num, generator=generator))
        pure = torch.rand(num, generator=generator) < share
        sigma = torch.where(pure, torch.ones(num), middle)
        return NoiseLevels(sigma_B=sigma, timestep_B=sigma * NUM_TRAIN_TIMESTEPS, weight_B=torch.ones(num))


def _released_levels(num: int, generator: Generator) -> NoiseLevels:
    """Evenly drawn points; level and weight are looked up from the bfloat16-rounded timestep (reference section 9)."""
    schedule = flow_schedule(NUM_TRAIN_TIMESTEPS)
    points = torch.randint(NUM_TRAIN_TIMESTEPS, (num,), generator=generator)
    timesteps = schedule.timesteps[points]
    looked_up = nearest_timestep_ids(schedule, timesteps.to(torch.bfloat16).float())
    weights = training_weights(schedule.timesteps)
    return NoiseLevels(sigma_B=schedule.sigmas[looked_up], timestep_B=timesteps, weight_B=weights[looked_up])


def flow_loss(
    predicted: Tensor,
    prediction: str,
    clean: Tensor,
    noise: Tensor,
    levels: NoiseLevels,
    channel_weight_C: Tensor | None = None,
    slope_weight: float = 0.0,
) -> Tensor:
    """Mean weighted squared velocity error of a prediction (B, C, T, H, W), whether it names a velocity or clean
    samples. With `slope_weight`, so much of the squared steps of the error from pixel to pixel is added."""
    shape = (-1, 1, 1, 1, 1)
    if prediction == "sample":
        error = (predicted - clean) / levels.sigma_B.clamp_min(SMALLEST_SIGMA).view(shape)
    else:
        error = predicted - (noise - clean)
    weight = levels.weight_B.view(shape)
    if channel_weight_C is not None:
        weight = weight * channel_weight_C.view(1, -1, 1, 1, 1)
    loss = (error.square() * weight).mean()
    if slope_weight:
        across, down = error.diff(dim=-1).square(), error.diff(dim=-2).square()
        loss = loss + slope_weight * ((across * weight).mean() + (down * weight).mean())
    return loss
