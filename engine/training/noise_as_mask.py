"""Noise-as-Mask: noise of its own on the history while training, so that the model cannot just copy the past.

Source: paper, "Noise-as-Mask"; reference section 12 for what the released training did. At inference the history is
clean, or as noisy as the user likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

from engine.models.history import PackedHistory
from engine.sampling.history_noise import noise_history
from engine.sampling.schedule import NUM_TRAIN_TIMESTEPS, flow_schedule

NUM_NOISY_POINTS = 750


@dataclass(frozen=True, kw_only=True)
class NoiseAsMask:
    """How often and how strongly history latents are noised. The level is told to nobody."""

    probability: float = 0.5
    low: float = 0.0
    high: float = 0.4
    """Levels are drawn evenly from low to high, one per sample."""
    from_schedule: bool = False
    """Draw levels from the noisier 750 of 1000 points of the flow schedule (0.63 to 1) instead, as the released
    code."""
    where: Literal["recent", "all"] = "all"
    start: float = 0.3
    """Share of the training after which it begins: from the first step it slows small models down."""

    def __post_init__(self) -> None:
        if not (0 <= self.probability <= 1 and 0 <= self.low <= self.high <= 1 and 0 <= self.start <= 1):
            raise ValueError(
                "Noise-as-Mask needs 0 <= probability <= 1, 0 <= low <= high <= 1 and 0 <= start <= 1, got "
                f"{self.probability}, {self.low}, {self.high} and {self.start}"
            )

    def apply(self, history: PackedHistory, done: float, generator: Generator) -> PackedHistory:
        """The history as the network sees it when a share `done` of the training is over."""
        if done < self.start or not self.probability:
            return history
        level = self.levels(len(history.full_BCTHW), generator).to(history.full_BCTHW.device)
        return noise_history(history, level, generator, where=self.where)

    def levels(self, num: int, generator: Generator) -> Tensor:
        """Levels (num,): 0 for samples that stay clean."""
        if self.from_schedule:
            points = torch.randint(NUM_NOISY_POINTS, (num,), generator=generator)
            level = flow_schedule(NUM_TRAIN_TIMESTEPS).sigmas[points]
        else:
            level = self.low + (self.high - self.low) * torch.rand(num, generator=generator)
        return level * (torch.rand(num, generator=generator) < self.probability)


PRESETS: dict[str, NoiseAsMask] = {
    # Levels at the noisy end of the schedule, on the two full-resolution latents (reference section 12).
    "released": NoiseAsMask(probability=0.8, from_schedule=True, where="recent", start=0.0),
    # The paper noises all historical frames and names no level; this is the whole range, every time.
    "paper": NoiseAsMask(probability=1.0, low=0.0, high=0.9, where="all", start=0.0),
    # What the bundled model was trained with.
    "light": NoiseAsMask(),
    "none": NoiseAsMask(probability=0.0),
}
