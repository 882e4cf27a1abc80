"""The flow-matching noise schedule (reference section 9).

A sample at level sigma is `(1 - sigma) x + sigma noise`; the velocity is `noise - x`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

NUM_TRAIN_TIMESTEPS = 1000
DEFAULT_SHIFT = 5.0


@dataclass(frozen=True)
class FlowSchedule:
    """Noise levels of N denoising steps: sigmas (N,) falling from 1, and timesteps 1000 x sigma. After the last
    comes 0."""

    sigmas: Tensor
    timesteps: Tensor

    def __len__(self) -> int:
        return len(self.sigmas)

    def next_sigma(self, step: int) -> Tensor:
        """Level that step `step` leads to."""
        return self.sigmas[step + 1] if step + 1 < len(self.sigmas) else torch.zeros_like(self.sigmas[0])


def flow_schedule(num_steps: int, shift: float = DEFAULT_SHIFT) -> FlowSchedule:
    """`sigma_k = shift s / (1 + (shift - 1) s)` at `s = 1 - k / N`. Raises ValueError unless N >= 1 and shift > 0."""
    if num_steps < 1:
        raise ValueError(f"the number of denoising steps must be at least 1, got {num_steps}")
    if not shift > 0:
        raise ValueError(f"the flow shift must be positive, got {shift}")
    # In float32 throughout, as the reference: its numbers are then met exactly.
    even = torch.linspace(1.0, 0.0, num_steps + 1)[:-1]
    sigmas = shift * even / (1 + (shift - 1) * even)
    return FlowSchedule(sigmas, sigmas * NUM_TRAIN_TIMESTEPS)


def add_noise(clean: Tensor, noise: Tensor, sigma: Tensor | float) -> Tensor:
    """`(1 - sigma) x + sigma noise`."""
    return (1 - sigma) * clean + sigma * noise


def training_target(clean: Tensor, noise: Tensor) -> Tensor:
    """The velocity that the network learns: `noise - x`."""
    return noise - clean


def training_weights(timesteps: Tensor) -> Tensor:
    """Loss weight of every timestep of a training schedule: a bell around 500, minimum taken off, summing to 1000."""
    bell = torch.exp(-2 * ((timesteps - NUM_TRAIN_TIMESTEPS / 2) / NUM_TRAIN_TIMESTEPS) ** 2)
    lifted = bell - bell.min()
    return lifted * (NUM_TRAIN_TIMESTEPS / lifted.sum())


def nearest_timestep_ids(schedule: FlowSchedule, timesteps: Tensor) -> Tensor:
    """Index of the schedule's nearest timestep for each of `timesteps`, as the released training looked it up."""
    return (schedule.timesteps[None] - timesteps[:, None].to(schedule.timesteps.dtype)).abs().argmin(1)
