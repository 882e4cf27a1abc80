"""Denoising of one chunk: the loop over noise levels, with cancel and a preview after every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Generator, Tensor

from engine.messages import Cancelled
from engine.sampling.guidance import Branch, Guidance
from engine.sampling.schedule import FlowSchedule
from engine.sampling.solvers import Solver


class Evaluate(Protocol):
    """The network bound to one chunk."""

    def __call__(self, sample: Tensor, timestep: Tensor, branch: Branch) -> Tensor:
        """Velocity of `sample` (B, C, T, H, W) at `timestep` (1,), under the conditions of `branch`."""
        ...


StepDone = Callable[[int, Tensor], None]
"""Called after each step with the number of steps done and the clean latents expected from there."""


def seeded_noise(shape: tuple[int, ...], seed: int) -> Tensor:
    """Standard normal noise drawn on the CPU: the same for a seed on every device."""
    return torch.randn(shape, generator=Generator().manual_seed(seed))


@torch.no_grad()
def denoise(
    evaluate: Evaluate,
    noise: Tensor,
    schedule: FlowSchedule,
    solver: Solver,
    guidance: Guidance,
    step_done: StepDone = lambda _step, _clean: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Tensor:
    """Clean latents from noise (B, C, T, H, W), kept in float32 throughout.

    Raises Cancelled before the next evaluation once `cancelled` says so.
    """
    sample = noise.float()
    timesteps = schedule.timesteps.to(sample.device)
    for step in range(len(schedule)):
        velocities = []
        for branch in guidance.branches:
            if cancelled():
                raise Cancelled
            velocities.append(evaluate(sample, timesteps[step : step + 1], branch).float())
        velocity = guidance.combine(velocities)
        clean = sample - velocity * schedule.sigmas[step].to(sample)
        sample = solver.step(step, sample, velocity)
        step_done(step + 1, clean)
    return sample
