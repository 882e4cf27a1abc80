"""Solvers: how a velocity carries a sample from one noise level to the next."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import Tensor

from engine.sampling.schedule import FlowSchedule


class Solver(Protocol):
    """Steps through one schedule, once, in order."""

    def step(self, step: int, sample: Tensor, velocity: Tensor) -> Tensor:
        """The sample at the level that follows step `step`."""
        ...


class EulerSolver:
    """`x + v (sigma_next - sigma)` (reference section 9)."""

    def __init__(self, schedule: FlowSchedule) -> None:
        self._schedule = schedule

    def step(self, step: int, sample: Tensor, velocity: Tensor) -> Tensor:
        return sample + velocity * (self._schedule.next_sigma(step) - self._schedule.sigmas[step]).to(sample)


class UniPCSolver:
    """diffusers' UniPC of order 2 on exactly our noise levels; fewer steps for the same picture."""

    def __init__(self, schedule: FlowSchedule, shift: float) -> None:
        from diffusers import UniPCMultistepScheduler

        self._scheduler = UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift, final_sigmas_type="zero"
        )
        num_steps = len(schedule)
        self._scheduler.set_timesteps(sigmas=np.linspace(1.0, 0.0, num_steps + 1)[:-1])
        # Its integer timesteps may repeat; counting the steps ourselves leaves no doubt which one is meant.
        self._scheduler.set_begin_index(0)

    def step(self, step: int, sample: Tensor, velocity: Tensor) -> Tensor:
        timestep = self._scheduler.timesteps[step]
        stepped: Tensor = self._scheduler.step(velocity, timestep, sample, return_dict=False)[0]
        return stepped


def make_solver(name: str, schedule: FlowSchedule, shift: float) -> Solver:
    """The solver of that name: "euler" or "unipc"."""
    if name == "euler":
        return EulerSolver(schedule)
    if name == "unipc":
        return UniPCSolver(schedule, shift)
    raise ValueError(f"the solver must be euler or unipc, got {name!r}")
