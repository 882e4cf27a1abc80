"""Training of the small autoencoder on rendered clips, starting from principal components.

Shape letters: N groups, K = 12 channels of a group of four frames, H W pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Generator, Tensor

from engine.models.group_autoencoder import GROUP_FRAMES, GroupAutoencoder, group_frames
from engine.training.average import WeightAverage
from engine.training.number_format import NumberFormat, uses_bfloat16
from engine.training.shifts import LATENT_WEIGHT, ShiftPredictor, shift_losses

SHIFT = 8
"""Largest random shift of a clip in pixels, so that nothing depends on where the blocks of the codec fall."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """How to train the autoencoder."""

    latent_channels: int = 16
    width: int = 64
    num_blocks: int = 3
    num_steps: int = 2500
    batch_size: int = 16
    learning_rate: float = 1.5e-3
    latent_noise: float = 0.08
    """Noise on the normalised latents while training, so that small errors of the transformer stay small."""
    shift_weight: float = 0.0
    """Of the error of shifted pictures whose latents a small network foresees, see `engine.training.shifts`; 0 leaves
    it out."""
    is_even: bool = False
    """Normalise all channels by one deviation, so that an error of the latents weighs what it weighs in the picture."""
    number_format: NumberFormat = "measured"
    seed: int = 2


def train_autoencoder(
    config: AutoencoderConfig, shards: list[Path], report: Callable[[int, dict[str, float]], None]
) -> GroupAutoencoder:
    """Train from nothing; returns the averaged weights with the latents' mean and deviation in the config."""
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    source = GroupSource(shards, generator)
    model = GroupAutoencoder(config.latent_channels, config.width, config.num_blocks)
    model.initialise_from_components(source.draw(160)[1])
    _normalise(model, source.draw(256)[1], config.is_even)
    predictor = ShiftPredictor(config.latent_channels)
    trained = [*model.parameters(), *(predictor.parameters() if config.shift_weight else [])]
    optimiser = torch.optim.AdamW(trained, lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, config.learning_rate, total_steps=config.num_steps, pct_start=0.04, final_div_factor=50
    )
    average = WeightAverage(model, 0.998)
    in_bfloat16 = uses_bfloat16(config.number_format)
    for step in range(1, config.num_steps + 1):
        previous, current = source.draw(config.batch_size)
        figures = {}
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            both = model.encode_groups(torch.cat([previous, current]))
            latents = both + config.latent_noise * torch.randn(both.shape, generator=generator)
            decoded = model.decode_groups(*latents.chunk(2)).float()
            loss = reconstruction_loss(decoded, current)
            if config.shift_weight:
                half = config.batch_size // 2
                foreseen, wanted, error = shift_losses(
                    model, predictor, previous[:half], current[:half], config.latent_noise, generator
                )
                loss = loss + config.shift_weight * (reconstruction_loss(foreseen, wanted) + LATENT_WEIGHT * error)
                figures = {"shifted_psnr_db": psnr_db(foreseen, wanted), "shifted_latents": error.item()}
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
        average.update(model)
        if step % 50 == 0 or step == config.num_steps:
            report(step, figures | {"loss": loss.item(), "psnr_db": psnr_db(decoded, current)})
    average.copy_to(model)
    return _normalise(model, source.draw(512)[1], config.is_even)


@torch.no_grad()
def _normalise(model: GroupAutoencoder, groups_NKHW: Tensor, is_even: bool) -> GroupAutoencoder:
    """Measure the latents' mean and deviation, of each channel or `is_even` of all together, and store them in the
    model and its config."""
    raw = torch.cat([model.encode_groups(part) * model.std + model.mean for part in groups_NKHW.split(32)])
    mean, std = raw.mean((0, 2, 3)), raw.std((0, 2, 3))
    if is_even:
        std = std.square().mean().sqrt().expand_as(std)
    model.mean.copy_(mean.view(1, -1, 1, 1))
    model.std.copy_(std.view(1, -1, 1, 1))
    model.register_to_config(latents_mean=mean.tolist(), latents_std=std.tolist())
    return model


def reconstruction_loss(decoded_NKHW: Tensor, target_NKHW: Tensor) -> Tensor:
    """Absolute + twice squared + half absolute gradient error: sharp without ringing."""
    error = decoded_NKHW - target_NKHW
    across = error.diff(dim=-1).abs().mean()
    down = error.diff(dim=-2).abs().mean()
    return error.abs().mean() + 2 * error.square().mean() + 0.5 * (across + down)


def psnr_db(decoded: Tensor, target: Tensor) -> float:
    """Peak signal to noise ratio of pictures in [-1, 1]."""
    return float(10 * torch.log10(4.0 / F.mse_loss(decoded.detach().clamp(-1, 1), target).clamp_min(1e-10)))


class GroupSource:
    """Draws pairs of neighbouring groups of frames from shard files."""

    def __init__(self, shards: list[Path], generator: Generator) -> None:
        self._shards = shards
        self._generator = generator

    def draw(self, num: int) -> tuple[Tensor, Tensor]:
        """(previous, current) groups (N, 12, H, W) in [-1, 1]; an eighth of them are the start of a stream."""
        pairs = [self._pair() for _ in range(num)]
        return torch.stack([p for p, _ in pairs]), torch.stack([c for _, c in pairs])

    def _pair(self) -> tuple[Tensor, Tensor]:
        g = self._generator
        path = self._shards[int(torch.randint(len(self._shards), (1,), generator=g))]
        with safe_open(path, "pt") as shard:
            frames = shard.get_slice("frames")
            num_clips, num_frames, *_ = frames.get_shape()
            clip = int(torch.randint(num_clips, (1,), generator=g))
            first = int(torch.randint(num_frames - 2 * GROUP_FRAMES, (1,), generator=g))
            pixels = frames[clip, first : first + 2 * GROUP_FRAMES].float() / 127.5 - 1
        if torch.rand(1, generator=g) < 0.5:
            pixels = pixels.flip(-1)
        if torch.rand(1, generator=g) < 0.25:
            shift = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=g).tolist()
            pixels = pixels.roll(shift, (-2, -1))
        if torch.rand(1, generator=g) < 0.125:
            still = group_frames(pixels[None, :1].transpose(1, 2))[0]
            return still, still
        return pixels[:4].flatten(0, 1), pixels[4:].flatten(0, 1)
