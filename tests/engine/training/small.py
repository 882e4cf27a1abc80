"""A tiny network and tiny shards for the tests of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from engine.actions.modality import DRIVING, Modality, rest_rows
from engine.training.shards import Shard, write_shard
from engine.training.synthetic.clips import RENDERED

NEW = {
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "in_channels": 4,
    "out_channels": 4,
    "freq_dim": 16,
    "ffn_dim": 48,
    "num_layers": 2,
    "unified_dim": 8,
    "num_experts": 3,
    "top_k": 2,
    "routing": "learned",
    "expert_hidden_dim": 16,
    "input_rounding": "none",
    "prediction": "sample",
    "row_widths": {"camera": 24, "driving": 7, "robot": 24},
}
"""Arguments of a tiny AstraTransformer3DModel in the paper's form, but for text_dim."""


def shard(kind: Modality, num_clips: int = 4, num_latents: int = 14, seed: int = 0, text: bool = False) -> Shard:
    """Random clips whose latents follow the actions, so that there is something to learn."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.from_numpy(np.stack([rest_rows(kind, num_latents)] * num_clips))
    column = kind.columns.index("tx")
    steps = 0.05 * torch.randn(num_clips, num_latents, generator=generator)
    rows[..., column] = steps.cumsum(1) if kind is DRIVING else steps
    base = torch.randn(num_clips, 1, 4, 4, 6, generator=generator)
    moved = 10 * steps.cumsum(1).view(num_clips, num_latents, 1, 1, 1)
    return Shard(
        modality=kind,
        latents=base + moved,
        stills=base + moved,
        rows=rows,
        text=torch.randn(num_clips, 5, 12, generator=generator) if text else None,
        text_length=torch.tensor([5, 3, 1, 2][:num_clips]) if text else None,
        source="made by a test",
    )


def write_shards(folder: Path, text: bool = False) -> Path:
    """A folder with a shard of each modality."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, kind in enumerate(RENDERED):
        write_shard(folder / f"{number}.safetensors", shard(kind, seed=number, text=text))
    return folder


CONFIG = """
output = "run"
shards = ["shards"]
report_every = 2
checkpoint_every = 2
validate_every = 4

[start.new]
num_attention_heads = 2
attention_head_dim = 16
in_channels = 4
out_channels = 4
freq_dim = 16
ffn_dim = 48
num_layers = 2
unified_dim = 8
num_experts = 3
top_k = 2
routing = "learned"
expert_hidden_dim = 16
input_rounding = "none"
prediction = "sample"
text_dim = 12
[start.new.row_widths]
camera = 24
driving = 7
robot = 24

[windows]
num_targets = 4

[loop]
num_steps = 6
batch_size = 4
number_format = "float32"
warmup_steps = 2
"""
"""A run of seconds over `write_shards(folder, text=True)`."""
