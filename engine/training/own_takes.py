"""Takes that a network rolls out along training clips, so that it can learn from histories of its own making.

A rollout's history is what the world itself made, softer than any true video; a network that has only seen true ones
melts. Here the network's own latents are stored beside the truth (`own` of a shard); windows then take their history
from the one and their targets from the other (`WindowConfig.own_share`).

Shape letters: B clips, C latent channels, T latents, H W latent height and width, A row width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from engine.actions.encoding import RowEncoding, encode_rows
from engine.actions.modality import Modality
from engine.models.history import pack_history
from engine.models.transformer import AstraTransformer3DModel
from engine.models.window import plan_window
from engine.sampling.denoise import denoise
from engine.sampling.guidance import Branch, guidance_for
from engine.sampling.schedule import flow_schedule
from engine.sampling.solvers import EulerSolver
from engine.training.shards import read_shard, write_shard


@dataclass(frozen=True, kw_only=True)
class OwnTakesConfig:
    """How takes are made."""

    num_shards: int = 24
    """Of the training shards, spread evenly over them, so that every kind of clip is among them."""
    num_steps: int = 4
    """Denoising steps, and `guidance`: those that users see, so that histories are like theirs."""
    guidance: float = 1.5
    chunk: int = 8
    """Latents."""
    row_encoding: RowEncoding = "rows+pose"
    seed: int = 6


def write_own_takes(
    config: OwnTakesConfig, model: AstraTransformer3DModel, shards: Sequence[Path], folder: Path
) -> list[Path]:
    """Copies of some of the shards with `own` takes in them, in `folder`; those that are there are kept.

    Each take stops a chunk before its clip ends, so that there is a truth to go on with; shards of clips too short for
    that are copied as they are. Returns the paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = min(config.num_shards, len(shards))
    chosen = [shards[i] for i in np.linspace(0, len(shards) - 1, count).round().astype(int)]
    written = []
    for number, path in enumerate(chosen):
        destination = folder / path.name
        if not destination.exists():
            shard = read_shard(path)
            stills = shard.latents if shard.stills is None else shard.stills
            generator = Generator().manual_seed(config.seed * 1_000_003 + number)
            num_chunks = (shard.latents.shape[1] - 1) // config.chunk - 1
            own = None
            if num_chunks > 0:
                own = roll_out(config, model, stills[:, :1].float(), shard.rows, shard.modality, num_chunks, generator)
            write_shard(destination, replace(shard, own=own))
        written.append(destination)
    return written


@torch.no_grad()
def roll_out(
    config: OwnTakesConfig,
    model: AstraTransformer3DModel,
    starts_BTCHW: Tensor,
    rows_BTA: Tensor,
    kind: Modality,
    num_chunks: int,
    generator: Generator,
) -> Tensor:
    """Latents (B, T + chunk x num_chunks, C, H, W) of takes that begin with `starts` and follow the rows.

    Rows must reach at least as far as the takes. Clips of equal length are rolled out together.
    """
    latents = starts_BTCHW.transpose(1, 2)
    schedule = flow_schedule(config.num_steps)
    guidance = guidance_for(config.guidance, 1.0)
    for _ in range(num_chunks):
        num_history = latents.shape[2]
        plan = plan_window(num_history, config.chunk)
        chosen = rows_BTA[:, plan.first_row : plan.first_row + plan.num_rows].numpy()
        encoded = [encode_rows(rows, kind, plan.num_condition_rows, config.row_encoding) for rows in chosen]
        rows = torch.from_numpy(np.stack(encoded)).float()
        mask = torch.zeros(*rows.shape[:2], 1)
        mask[:, : plan.num_condition_rows] = 1
        given = torch.cat([rows, mask], -1)
        history = model.encode_history(pack_history(latents, plan))
        ways = {
            "given": model.encode_actions(given, kind.name, plan.window),
            "free": model.encode_actions(torch.zeros_like(given), kind.name, plan.window),
        }

        def evaluate(sample: Tensor, timestep: Tensor, branch: Branch) -> Tensor:
            at = timestep.expand(len(sample))
            return model.velocity(sample, at, history, ways[branch.actions], None)  # noqa: B023 (used at once)

        shape = (*latents.shape[:2], config.chunk, *latents.shape[3:])
        noise = torch.randn(shape, generator=generator)
        made = denoise(evaluate, noise, schedule, EulerSolver(schedule), guidance)
        latents = torch.cat([latents, made], dim=2)
    return latents.transpose(1, 2)
