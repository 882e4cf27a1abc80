"""Fine-tunes the small autoencoder's decoder on latents that the world itself made, so that it draws those well too.

The transformer foresees each patch with an error of its own; a decoder that has only seen true latents shows that as
blocks. Here it sees pairs of what the world made, over two chunks of its own rollout, and what was to be seen. The
encoder, and so the latents, stay as they are.

Shape letters: N takes, T latents of a take with its start, F = 1 + 4 (T - 1) frames, C latent channels, H W pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor

from engine.actions.modality import ActionTrack
from engine.messages import ChunkRequest
from engine.models.group_autoencoder import GroupAutoencoder
from engine.training.autoencoder import GroupSource, psnr_db, reconstruction_loss
from engine.training.average import WeightAverage
from engine.training.number_format import NumberFormat, uses_bfloat16
from engine.training.synthetic.clips import read_clips
from engine.whole_files import whole_path
from engine.worlds.protocol import WorldModel

CHUNK = 8


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """How to tune the decoder."""

    num_takes: int = 320
    """Takes of the world's own, spread over the shards."""
    num_chunks: int = 2
    num_steps: int = 800
    batch_size: int = 16
    """Half of it the world's own latents, half true ones, so that the start picture stays sharp."""
    learning_rate: float = 6e-4
    number_format: NumberFormat = "measured"
    seed: int = 4


def make_takes(config: DecoderConfig, world: WorldModel, shards: list[Path], destination: Path) -> None:
    """Roll the world out along clips of the shards and keep its latents beside the clips' frames, in one file."""
    rng = np.random.default_rng(config.seed)
    latents, frames = [], []
    num_latents = CHUNK * config.num_chunks
    for number in range(config.num_takes):
        clips, rows, kind = read_clips(shards[number % len(shards)])
        clip = int(rng.integers(len(clips)))
        seen = clips[clip, : 1 + 4 * num_latents]
        opened = world.open(seen[:1].permute(0, 2, 3, 1).contiguous().numpy(), kind.name)
        state, made = opened.state, [opened.latents]
        for index in range(config.num_chunks):
            actions = ActionTrack(kind, rows[clip, 1 + CHUNK * index : 1 + CHUNK * (index + 1)].numpy())
            seed = int(rng.integers(2**31))
            request = ChunkRequest(index=index, actions=actions, seed=seed, settings=world.info.defaults)
            state, result = world.step(state, request, lambda _event: None, lambda: False)
            made.append(result.latents)
        latents.append(torch.from_numpy(np.concatenate(made, axis=1)).transpose(0, 1))
        frames.append(seen)
    with whole_path(destination) as part:
        save_file({"latents": torch.stack(latents).half(), "frames": torch.stack(frames).contiguous()}, part)


def tune_decoder(
    config: DecoderConfig,
    codec: GroupAutoencoder,
    takes: Path,
    shards: list[Path],
    report: Callable[[int, dict[str, float]], None],
) -> GroupAutoencoder:
    """The codec with averaged weights of a decoder trained on the takes and on true latents of the shards' clips."""
    generator = Generator().manual_seed(config.seed)
    held = load_file(takes)
    source = GroupSource(shards, generator)
    codec.requires_grad_(False)
    trained = [*codec.linear_out.parameters(), *codec.decoder.parameters()]
    for parameter in trained:
        parameter.requires_grad_(True)
    optimiser = torch.optim.AdamW(trained, lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, config.learning_rate, total_steps=config.num_steps, pct_start=0.1, final_div_factor=50
    )
    average = WeightAverage(codec, 0.995)
    half = config.batch_size // 2
    in_bfloat16 = uses_bfloat16(config.number_format)
    for step in range(1, config.num_steps + 1):
        own_before, own, own_target = _draw(held, half, generator)
        true_before, true_target = source.draw(config.batch_size - half)
        with torch.no_grad():
            before, now = codec.encode_groups(torch.cat([true_before, true_target])).chunk(2)
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            decoded = codec.decode_groups(torch.cat([own_before, before]), torch.cat([own, now])).float()
        loss = reconstruction_loss(decoded, torch.cat([own_target, true_target]))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
        average.update(codec)
        if step % 50 == 0 or step == config.num_steps:
            figures = {"own_psnr_db": psnr_db(decoded[:half], own_target)}
            report(step, figures | {"loss": loss.item(), "true_psnr_db": psnr_db(decoded[half:], true_target)})
    average.copy_to(codec)
    return codec


def _draw(takes: dict[str, Tensor], num: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Latents one step before, latents, and groups of frames (num, 12, H, W) in [-1, 1]."""
    latents_NTCHW, frames_NF3HW = takes["latents"], takes["frames"]
    take = torch.randint(len(latents_NTCHW), (num,), generator=generator)
    step = torch.randint(1, latents_NTCHW.shape[1], (num,), generator=generator)
    pixels = torch.stack([frames_NF3HW[n, 4 * t - 3 : 4 * t + 1] for n, t in zip(take, step, strict=True)])
    groups = pixels.flatten(1, 2).float() / 127.5 - 1
    return latents_NTCHW[take, step - 1].float(), latents_NTCHW[take, step].float(), groups
