"""The flow-matching training loop of any Astra, small or full size, in one process or several.

Several processes draw the same global batch and the same noise and each takes its part, so that their mean gradient
is that of one process: losses are the same however many there are.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import Generator, Tensor, nn

from engine.models.devices import inference_dtype
from engine.models.transformer import AstraTransformer3DModel
from engine.sampling.schedule import NUM_TRAIN_TIMESTEPS, add_noise
from engine.training.average import WeightAverage
from engine.training.noise_as_mask import NoiseAsMask
from engine.training.number_format import NumberFormat, uses_bfloat16
from engine.training.objective import NoiseLevels, Objective, flow_loss
from engine.training.trainable import Trainable, choose_trainable, matrices_of_blocks
from engine.training.windows import Batch, WindowSource


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How to train the transformer."""

    num_steps: int = 4000
    batch_size: int = 16
    """Of all processes together."""
    trainable: Trainable = "all"
    """"adapters" freezes the backbone but for self-attention, as the paper does when it starts from Wan."""
    optimiser: Literal["muon", "adamw"] = "muon"
    """"muon" trains the matrices inside blocks with Muon and the rest with AdamW."""
    matrix_learning_rate: float = 0.02
    """Of Muon."""
    learning_rate: float = 2e-3
    """Of AdamW."""
    weight_decay: float = 1e-4
    warmup_steps: int = 60
    constant_share: float = 0.4
    """Share of the steps at full learning rate; then it falls linearly to `final_share` of it."""
    final_share: float = 0.02
    objective: Objective = field(default_factory=Objective)
    channel_weights: list[float] = field(default_factory=list)
    """Of the loss, one per latent channel, mean 1; empty for even ones. For codecs whose normalised channels matter
    unequally."""
    slope_weight: float = 0.0
    """Of the steps of the error from pixel to pixel of the latents, beside the error itself. Patches are foreseen one
    by one; where their errors differ, blocks are seen."""
    noise_as_mask: NoiseAsMask = field(default_factory=NoiseAsMask)
    action_dropout: float = 0.1
    """Probability that a sample's whole action matrix is zeros, the mask included: what Action-Free Guidance needs."""
    balance_weight: float = 0.01
    """Of the router's load-balancing loss."""
    average_decay: float = 0.998
    clip_norm: float = 1.0
    gradient_checkpointing: bool = False
    """Compute activations twice rather than keep them."""
    number_format: NumberFormat = "measured"
    """Of products. On GPUs always bfloat16."""
    seed: int = 3


class TrainingDiverged(ArithmeticError):
    """The loss is no longer a number; the last checkpoint is still good."""


class _Step(nn.Module):
    """Loss of one batch: a module, so that several processes can wrap it."""

    channel_weight_C: Tensor | None

    def __init__(self, model: AstraTransformer3DModel, channel_weights: list[float], slope_weight: float) -> None:
        super().__init__()
        self.model = model
        self.slope_weight = slope_weight
        weights = torch.tensor(channel_weights) if channel_weights else None
        self.register_buffer("channel_weight_C", weights, persistent=False)

    def forward(
        self, batch: Batch, rows_BRA: Tensor, noise: Tensor, levels: NoiseLevels, usual_load_E: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(flow loss, balance loss, load of each expert (E,))."""
        model = self.model
        clean = batch.target_BCTHW
        noisy = add_noise(clean, noise, levels.sigma_B.view(-1, 1, 1, 1, 1))
        history = model.encode_history(batch.history)
        actions = model.encode_actions(rows_BRA, batch.modality, history.window)
        text = model.encode_text(batch.text_BLD)
        predicted = model.predict(noisy, levels.timestep_B, history, actions, text)
        loss = flow_loss(
            predicted.float(),
            model.config.prediction,
            clean,
            noise,
            levels,
            channel_weight_C=self.channel_weight_C,
            slope_weight=self.slope_weight,
        )
        load = (actions.routed.weights_BFE > 0).float().mean((0, 1))
        # Load-balancing loss: Switch Transformer (Fedus et al. 2021), equation 4, with the soft share of top-K in place
        # of counts; 1 when all are equal. Linear in this batch's probabilities, so that parts of a batch add up to the
        # whole.
        balance = len(load) * (usual_load_E * actions.routed.probabilities_BFE.mean((0, 1))).sum()
        return loss, balance, load.detach()


class Trainer:
    """Owns the network, optimisers, weight average and random state of one training run."""

    def __init__(
        self,
        config: LoopConfig,
        model: AstraTransformer3DModel,
        source: WindowSource,
        accelerator: Accelerator | None = None,
    ) -> None:
        self.config = config
        self.model = model
        self.source = source
        self.generator = Generator().manual_seed(config.seed)
        self.step = 0
        self.accelerator = accelerator or make_accelerator(torch.device("cpu"))
        self._in_bfloat16 = _in_bfloat16(self.accelerator.device, config.number_format)
        if config.batch_size % self.accelerator.num_processes:
            raise ValueError(
                f"the batch size {config.batch_size} does not divide into {self.accelerator.num_processes} processes"
            )
        choose_trainable(model, config.trainable)
        model.train()
        if config.gradient_checkpointing:
            model.enable_gradient_checkpointing()
        self.average = WeightAverage(model, config.average_decay)
        num_experts = model.config.num_experts
        self._load_E = torch.full((num_experts,), 1 / num_experts, device=self.accelerator.device)
        self.optimisers = _make_optimisers(config, model)
        self._base_rates = [group["lr"] for optimiser in self.optimisers for group in optimiser.param_groups]
        step = _Step(model, config.channel_weights, config.slope_weight).to(self.accelerator.device)
        self._module = self.accelerator.prepare_model(step)

    def run(self, report: Callable[[int, dict[str, float]], None], every: int = 20) -> None:
        """Train to the end, reporting mean figures every so many steps and at the last one."""
        figures: list[dict[str, float]] = []
        while self.step < self.config.num_steps:
            figures.append(self.train_step(self.source.draw(self.config.batch_size)))
            if self.step % every == 0 or self.step == self.config.num_steps:
                report(self.step, {name: sum(f[name] for f in figures) / len(figures) for name in figures[0]})
                figures = []

    def train_step(self, whole: Batch) -> dict[str, float]:
        """One optimiser step on a global batch; returns its figures. Raises TrainingDiverged before a bad step is
        taken."""
        rate = self._set_rates()
        loss, balance = self.losses(whole)
        figures = self._mean_over_processes({"loss": loss, "balance": balance})
        if not all(map(math.isfinite, figures.values())):
            raise TrainingDiverged(
                f"the loss of step {self.step} is {figures['loss']}: the learning rate may be too high, or a shard be "
                "damaged"
            )
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        self.accelerator.backward(loss + self.config.balance_weight * balance)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        for optimiser in self.optimisers:
            optimiser.step()
        self.average.update(self.model)
        self.step += 1
        return figures | {"gradient_norm": float(norm), "learning_rate": rate}

    def losses(self, whole: Batch) -> tuple[Tensor, Tensor]:
        """Flow loss and balance loss of this process's part of a global batch. Random numbers are drawn for the
        whole."""
        config, accelerator = self.config, self.accelerator
        num = len(whole.target_BCTHW)
        done = self.step / config.num_steps
        levels = config.objective.draw(num, done, self.generator)
        noise = torch.randn(whole.target_BCTHW.shape, generator=self.generator)
        kept = (torch.rand(num, 1, 1, generator=self.generator) >= config.action_dropout).float()
        masked = Batch(
            history=config.noise_as_mask.apply(whole.history, done, self.generator),
            target_BCTHW=whole.target_BCTHW,
            rows_BRA=whole.rows_BRA * kept,
            modality=whole.modality,
            text_BLD=whole.text_BLD,
        )
        count, number = accelerator.num_processes, accelerator.process_index
        size = num // count
        mine = slice(number * size, (number + 1) * size)
        device = accelerator.device
        part = masked.part(number, count).to(device)
        my_levels = NoiseLevels(
            sigma_B=levels.sigma_B[mine].to(device),
            timestep_B=levels.timestep_B[mine].to(device),
            weight_B=levels.weight_B[mine].to(device),
        )
        with warnings.catch_warnings(), torch.autocast(device.type, torch.bfloat16, enabled=self._in_bfloat16):
            # Norms keep their weights in float32, and PyTorch tells that its fused kernel wants one format.
            warnings.filterwarnings("ignore", "Mismatch dtype between input and weight", UserWarning)
            loss, balance, load = self._module(part, part.rows_BRA, noise[mine].to(device), my_levels, self._load_E)
        # Not in place: the loss still needs the value it was computed with.
        self._load_E = self._load_E.lerp(accelerator.reduce(load, "mean"), 0.01)
        return loss, balance

    def _mean_over_processes(self, losses: dict[str, Tensor]) -> dict[str, float]:
        stacked = torch.stack([loss.detach().float() for loss in losses.values()])
        return dict(zip(losses, self.accelerator.reduce(stacked, "mean").tolist(), strict=True))

    def _set_rates(self) -> float:
        """Set every learning rate for this step; returns the factor."""
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
        done = self.step / config.num_steps
        fall = max(0.0, (done - config.constant_share) / max(1e-9, 1 - config.constant_share))
        factor = warm * (1 - (1 - config.final_share) * fall)
        groups = [group for optimiser in self.optimisers for group in optimiser.param_groups]
        for group, base in zip(groups, self._base_rates, strict=True):
            group["lr"] = base * factor
        return factor

    # ------------------------------------------------------------------ what a checkpoint holds

    def state(self) -> dict[str, Any]:
        """Everything that going on exactly needs, as tensors and plain values."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.weights,
            "average_updates": self.average.num_updates,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "generator": self.generator.get_state(),
            "source": self.source.state(),
            "load": self._load_E,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state of a run with the same config."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average.restore(state["average"], state["average_updates"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.generator.set_state(state["generator"].cpu())
        self.source.restore(state["source"].cpu())
        self._load_E = state["load"].to(self.accelerator.device)

    def averaged(self) -> AstraTransformer3DModel:
        """A copy of the network with its averaged weights, in float32 on the CPU."""
        twin = type(self.model).from_config(self.model.config)
        twin.load_state_dict(self.model.state_dict())
        self.average.copy_to(twin)
        return twin.eval().requires_grad_(False)


def make_accelerator(device: torch.device) -> Accelerator:
    """Accelerate's view of the processes that run this: one, or as many as `accelerate launch` started.

    Raises ValueError for a device that Accelerate does not train on here.
    """
    # A batch is of one modality, so the projectors of the others get no gradient.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    if device.index is not None and device.type != "cpu":
        torch.accelerator.set_device_index(device.index)
    is_cpu = device.type == "cpu"
    accelerator = Accelerator(cpu=is_cpu, mixed_precision="no", kwargs_handlers=[unused])
    if accelerator.device.type != device.type:
        raise ValueError(f"training on {device} was asked for, but Accelerate trains on {accelerator.device} here")
    return accelerator


def _in_bfloat16(device: torch.device, number_format: NumberFormat) -> bool:
    """Whether products run in bfloat16 on a device: on the CPU as the format says, elsewhere also where the device
    infers in it."""
    if device.type == "cpu":
        return uses_bfloat16(number_format)
    return number_format == "bfloat16" or inference_dtype(device) is torch.bfloat16


def _make_optimisers(config: LoopConfig, model: AstraTransformer3DModel) -> list[torch.optim.Optimizer]:
    matrices = dict(matrices_of_blocks(model)) if config.optimiser == "muon" else {}
    others = [p for name, p in model.named_parameters() if p.requires_grad and name not in matrices]
    adamw = torch.optim.AdamW(others, lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay)
    if not matrices:
        return [adamw]
    muon = torch.optim.Muon(list(matrices.values()), lr=config.matrix_learning_rate, momentum=0.95, weight_decay=0.0)
    return [muon, adamw]


@torch.no_grad()
def action_errors(
    model: AstraTransformer3DModel, source: WindowSource, modality: str = "camera", num_windows: int = 48
) -> dict[str, float]:
    """Error of the clean latents predicted from pure noise: with the right actions, another window's, and none."""
    generator = Generator().manual_seed(11)
    batch = source.draw(num_windows, num_history=1, modality_name=modality)
    history = model.encode_history(batch.history)
    text = model.encode_text(batch.text_BLD)
    noise = torch.randn(batch.target_BCTHW.shape, generator=generator)
    timestep = torch.full((num_windows,), float(NUM_TRAIN_TIMESTEPS))
    errors = {}
    for name, rows in (
        ("right", batch.rows_BRA),
        ("shuffled", batch.rows_BRA.roll(1, 0)),
        ("none", torch.zeros_like(batch.rows_BRA)),
    ):
        actions = model.encode_actions(rows, batch.modality, history.window)
        clean = noise - model.velocity(noise, timestep, history, actions, text)
        errors[name] = float((clean - batch.target_BCTHW).square().mean())
    return errors
