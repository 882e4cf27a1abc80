"""The flow-matching training loop of the small model.

Shape letters: B batch, C latent channels, T latents, H W latent height and width.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from engine.models.history import PackedHistory
from engine.models.transformer import NUM_TRAIN_TIMESTEPS, AstraTransformer3DModel
from engine.sampling.history_noise import noise_history
from engine.sampling.schedule import add_noise
from engine.training.average import WeightAverage
from engine.training.latents import Batch, WindowSource


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How to train the transformer."""

    num_steps: int = 4000
    batch_size: int = 16
    matrix_learning_rate: float = 0.02
    """Of Muon, which trains the matrices inside blocks."""
    learning_rate: float = 2e-3
    """Of AdamW, which trains the rest."""
    warmup_steps: int = 60
    constant_share: float = 0.4
    """Share of the steps at full learning rate; then it falls linearly to `final_share` of it."""
    final_share: float = 0.02
    pure_noise_share: float = 0.85
    """Share of samples at sigma = 1 until `late_start`; there the target itself tells nothing, so the action must."""
    late_pure_noise_share: float = 0.5
    late_start: float = 0.7
    action_dropout: float = 0.1
    """Probability that a sample's whole action matrix is zeros, the mask included: what Action-Free Guidance needs."""
    history_noise_share: float = 0.5
    """Noise-as-Mask: share of samples whose history gets noise, from `history_noise_start` on."""
    history_noise_high: float = 0.4
    history_noise_start: float = 0.3
    balance_weight: float = 0.01
    """Of the router's load-balancing loss."""
    average_decay: float = 0.998
    clip_norm: float = 1.0
    uses_bfloat16: bool = False
    """Whether products run in bfloat16: a quarter faster on processors that have it, slower on others."""
    checkpoint_every: int = 100
    seed: int = 3


class TrainingDiverged(ArithmeticError):
    """The loss is no longer a number; the last checkpoint is still good."""


class Trainer:
    """Owns the network, optimisers, weight average and random state of one training run."""

    def __init__(self, config: LoopConfig, model: AstraTransformer3DModel, source: WindowSource) -> None:
        self.config = config
        self.model = model
        self.source = source
        self.generator = Generator().manual_seed(config.seed)
        self.average = WeightAverage(model, config.average_decay)
        self.step = 0
        matrices = [
            p for n, p in model.named_parameters() if n.startswith("blocks.") and p.ndim == 2 and "experts" not in n
        ]
        chosen = {id(p) for p in matrices}
        others = [p for p in model.parameters() if id(p) not in chosen]
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=config.matrix_learning_rate, momentum=0.95, weight_decay=0.0),
            torch.optim.AdamW(others, lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=1e-4),
        ]
        self._base_rates = [group["lr"] for optimiser in self.optimisers for group in optimiser.param_groups]

    def run(self, report: Callable[[int, dict[str, float]], None], checkpoint: Path | None = None) -> None:
        """Train to the end, reporting the mean of the losses every 20 steps."""
        losses: list[float] = []
        self.model.train()
        while self.step < self.config.num_steps:
            losses.append(self.train_step(self.source.draw(self.config.batch_size)))
            if self.step % 20 == 0:
                report(self.step, {"loss": sum(losses) / len(losses)})
                losses = []
            if checkpoint is not None and (
                self.step % self.config.checkpoint_every == 0 or self.step == self.config.num_steps
            ):
                self.save(checkpoint)

    def train_step(self, batch: Batch) -> float:
        """One optimiser step; returns the loss. Raises TrainingDiverged before a bad step is taken."""
        self._set_rates()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.uses_bfloat16):
            loss = self.loss(batch)
        if not math.isfinite(loss.item()):
            raise TrainingDiverged(f"the loss of step {self.step} is {loss.item()}")
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        for optimiser in self.optimisers:
            optimiser.step()
        self.average.update(self.model)
        self.step += 1
        return loss.item()

    def loss(self, batch: Batch) -> Tensor:
        """Flow-matching loss: squared velocity error, held back where sigma is small, plus the router's balance."""
        config = self.config
        clean = batch.target_BCTHW
        sigma = self._draw_sigma(len(clean))
        noise = torch.randn(clean.shape, generator=self.generator)
        noisy = add_noise(clean, noise, sigma.view(-1, 1, 1, 1, 1))
        kept = (torch.rand(len(clean), 1, 1, generator=self.generator) >= config.action_dropout).float()
        history = self.model.encode_history(self._mask_history(batch.history))
        actions = self.model.encode_actions(batch.rows_BRA * kept, batch.modality, history.window)
        predicted = self.model.predict(noisy, sigma * NUM_TRAIN_TIMESTEPS, history, actions)
        if self.model.config.prediction == "sample":
            # |clean error| / sigma is the velocity error; below 0.4 it would drown everything else.
            error = (predicted - clean) / sigma.clamp_min(0.4).view(-1, 1, 1, 1, 1)
        else:
            error = predicted - (noise - clean)
        return error.square().mean() + config.balance_weight * actions.routed.balance_loss()

    def _draw_sigma(self, num: int) -> Tensor:
        config = self.config
        late = self.step >= config.late_start * config.num_steps
        share = config.late_pure_noise_share if late else config.pure_noise_share
        middle = torch.sigmoid(1.2 + 1.2 * torch.randn(num, generator=self.generator))
        pure = torch.rand(num, generator=self.generator) < share
        return torch.where(pure, torch.ones(num), middle)

    def _mask_history(self, history: PackedHistory) -> PackedHistory:
        """Noise-as-Mask: independent noise on the history, one level per sample, told to nobody (paper)."""
        config = self.config
        if self.step < config.history_noise_start * config.num_steps or not config.history_noise_share:
            return history
        num = len(history.full_BCTHW)
        level = config.history_noise_high * torch.rand(num, generator=self.generator)
        level = level * (torch.rand(num, generator=self.generator) < config.history_noise_share)
        return noise_history(history, level, self.generator, where="all")

    def _set_rates(self) -> None:
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warmup_steps)
        done = self.step / config.num_steps
        fall = max(0.0, (done - config.constant_share) / (1 - config.constant_share))
        factor = warm * (1 - (1 - config.final_share) * fall)
        groups = [group for optimiser in self.optimisers for group in optimiser.param_groups]
        for group, base in zip(groups, self._base_rates, strict=True):
            group["lr"] = base * factor

    # ------------------------------------------------------------------ checkpoints

    def save(self, path: Path) -> None:
        """Write everything that continuing needs; the file appears whole or not at all."""
        state: dict[str, Any] = {
            "step": self.step,
            "config": json.dumps(asdict(self.config)),
            "model": self.model.state_dict(),
            "average": self.average.weights,
            "average_updates": self.average.num_updates,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "generator": self.generator.get_state(),
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of the same config."""
        state = torch.load(path, weights_only=True)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average.weights = state["average"]
        self.average.num_updates = state["average_updates"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.generator.set_state(state["generator"])


@torch.no_grad()
def action_errors(
    model: AstraTransformer3DModel, source: WindowSource, modality: str = "camera", num_windows: int = 48
) -> dict[str, float]:
    """Error of the clean latents predicted from pure noise: with the right actions, another window's, and none."""
    generator = Generator().manual_seed(11)
    batch = source.draw(num_windows, num_history=1, modality_name=modality)
    history = model.encode_history(batch.history)
    noise = torch.randn(batch.target_BCTHW.shape, generator=generator)
    timestep = torch.full((num_windows,), float(NUM_TRAIN_TIMESTEPS))
    errors = {}
    for name, rows in (
        ("right", batch.rows_BRA),
        ("shuffled", batch.rows_BRA.roll(1, 0)),
        ("none", torch.zeros_like(batch.rows_BRA)),
    ):
        actions = model.encode_actions(rows, batch.modality, history.window)
        clean = noise - model.velocity(noise, timestep, history, actions)
        errors[name] = float((clean - batch.target_BCTHW).square().mean())
    return errors
