"""Trainable parameters of an Astra, and an Astra that starts from a bare Wan transformer.

Source: paper, "ACT-Adapter" (backbone frozen but for self-attention); reference section 12 (what the released scripts
trained).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from engine.models.transformer import AstraTransformer3DModel
from engine.models.weights.load import base_config, base_tensors

Trainable = Literal["all", "adapters"]
ADAPTER_PARTS = ("attn1", "act_adapter", "action_embedder", "history_embedder")
"""Parts of a name that train when the backbone is frozen: self-attention, adapters with experts, projectors with
router, history embedder."""


def choose_trainable(model: nn.Module, which: Trainable) -> None:
    """Let the chosen parameters, and no others, take gradients."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(which == "all" or any(part in name.split(".") for part in ADAPTER_PARTS))


def matrices_of_blocks(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Trainable matrices inside blocks, but for the experts: what Muon is made for."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and name.startswith("blocks.") and parameter.ndim == 2 and "experts" not in name:
            yield name, parameter


@torch.no_grad()
def astra_from_wan(source: Path, *, num_heads: int | None = None, **changes: object) -> AstraTransformer3DModel:
    """An Astra that computes just what a Wan transformer does: adapters at identity, experts at zero.

    History is embedded with the target's own patch embedding, its kernels spread evenly over the coarser patches.
    `changes` replace entries of the config, such as `routing`.
    """
    tensors = base_tensors(source)
    model = AstraTransformer3DModel(**(base_config(source, tensors, num_heads) | changes))
    missing = model.load_state_dict(tensors, strict=False).missing_keys
    foreign = [name for name in missing if not any(part in name.split(".") for part in ADAPTER_PARTS)]
    assert not foreign, f"the base lacks {foreign}"
    history = model.history_embedder
    for scale, conv in ((1, history.proj), (2, history.proj_2x), (4, history.proj_4x)):
        conv.weight.copy_(_spread(model.patch_embedding.weight, scale))
        conv.bias.copy_(model.patch_embedding.bias)
    for block in model.blocks:
        for expert in block.act_adapter.experts.experts:
            last = expert[-1] if isinstance(expert, nn.Sequential) else expert
            for parameter in last.parameters():
                parameter.zero_()
    return model


def _spread(kernel: Tensor, scale: int) -> Tensor:
    """A patch kernel for patches `scale` times as large each way: every tap shared by the pixels it now covers."""
    for axis in (2, 3, 4):
        kernel = kernel.repeat_interleave(scale, dim=axis)
    return kernel / scale**3
