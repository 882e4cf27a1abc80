"""The original Astra checkpoint and the original Wan transformer: names, sizes read from the tensors, and the way back.

Source: reference sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from engine.actions.modality import MODALITIES
from engine.models.weights.errors import WeightsMismatch
from engine.models.weights.name_map import NameMap, Rule

_WAN_RULES = (
    Rule("patch_embedding.{x}", "patch_embedding.{x}"),
    Rule("text_embedding.0.{x}", "condition_embedder.text_embedder.linear_1.{x}"),
    Rule("text_embedding.2.{x}", "condition_embedder.text_embedder.linear_2.{x}"),
    Rule("time_embedding.0.{x}", "condition_embedder.time_embedder.linear_1.{x}"),
    Rule("time_embedding.2.{x}", "condition_embedder.time_embedder.linear_2.{x}"),
    Rule("time_projection.1.{x}", "condition_embedder.time_proj.{x}"),
    Rule("blocks.{i}.modulation", "blocks.{i}.scale_shift_table"),
    *(
        rule
        for theirs, ours in (("self_attn", "attn1"), ("cross_attn", "attn2"))
        for rule in (
            Rule(f"blocks.{{i}}.{theirs}.q.{{x}}", f"blocks.{{i}}.{ours}.to_q.{{x}}"),
            Rule(f"blocks.{{i}}.{theirs}.k.{{x}}", f"blocks.{{i}}.{ours}.to_k.{{x}}"),
            Rule(f"blocks.{{i}}.{theirs}.v.{{x}}", f"blocks.{{i}}.{ours}.to_v.{{x}}"),
            Rule(f"blocks.{{i}}.{theirs}.o.{{x}}", f"blocks.{{i}}.{ours}.to_out.0.{{x}}"),
            Rule(f"blocks.{{i}}.{theirs}.norm_q.{{x}}", f"blocks.{{i}}.{ours}.norm_q.{{x}}"),
            Rule(f"blocks.{{i}}.{theirs}.norm_k.{{x}}", f"blocks.{{i}}.{ours}.norm_k.{{x}}"),
        )
    ),
    Rule("blocks.{i}.norm3.{x}", "blocks.{i}.norm2.{x}"),
    Rule("blocks.{i}.ffn.0.{x}", "blocks.{i}.ffn.net.0.proj.{x}"),
    Rule("blocks.{i}.ffn.2.{x}", "blocks.{i}.ffn.net.2.{x}"),
    Rule("head.modulation", "scale_shift_table"),
    Rule("head.head.{x}", "proj_out.{x}"),
)

_ADAPTER_RULES = (
    Rule("clean_x_embedder.proj.{x}", "history_embedder.proj.{x}"),
    Rule("clean_x_embedder.proj_2x.{x}", "history_embedder.proj_2x.{x}"),
    Rule("clean_x_embedder.proj_4x.{x}", "history_embedder.proj_4x.{x}"),
    Rule("blocks.{i}.projector.{x}", "blocks.{i}.act_adapter.projector.{x}"),
    Rule("blocks.{i}.moe.experts.{j}.0.{x}", "blocks.{i}.act_adapter.experts.experts.{j}.{x}"),
    *(
        Rule(f"{m.released_name}_processor.projector.0.{{x}}", f"action_embedder.projectors.{m.name}.{{x}}")
        for m in MODALITIES.values()
    ),
)

WAN_NAMES = NameMap(layout="Wan 2.1", rules=_WAN_RULES)
ASTRA_NAMES = NameMap(
    layout="Astra",
    rules=_WAN_RULES + _ADAPTER_RULES,
    # Stored by the released training and never used by the network (reference section 2).
    ignored=("global_router.{x}", "blocks.{i}.cam_encoder.{x}"),
)

WAN_HEAD_DIM = 128


def is_adapter(name: str) -> bool:
    """Whether one of our tensor names belongs to Astra and not to the Wan base."""
    return any(rule.backward(name) is not None for rule in _ADAPTER_RULES)


def transformer_config(tensors: Mapping[str, Tensor], num_heads: int | None = None) -> dict[str, Any]:
    """The config that an Astra's tensors under our names were made with, read from their shapes.

    Raises WeightsMismatch when a tensor that carries a size is absent.
    """
    config = wan_config(tensors, num_heads)
    modalities = [name for name in MODALITIES if f"action_embedder.projectors.{name}.weight" in tensors]
    if not modalities:
        _shape(tensors, "action_embedder.projectors.camera.weight")
    expert = "blocks.0.act_adapter.experts.experts.{}.weight"
    return config | {
        "row_widths": {
            name: _shape(tensors, f"action_embedder.projectors.{name}.weight")[1] - 1 for name in modalities
        },
        "unified_dim": _shape(tensors, expert.format(0))[1],
        "num_experts": _count(tensors, expert),
    }


def wan_config(tensors: Mapping[str, Tensor], num_heads: int | None = None) -> dict[str, Any]:
    """The config that a Wan transformer's tensors under our names were made with, read from their shapes.

    The number of heads leaves no trace in the shapes: it is taken as width / 128, Wan's head width, unless given.
    Raises WeightsMismatch when a tensor that carries a size is absent.
    """
    dim, in_channels, *patch = _shape(tensors, "patch_embedding.weight")
    if num_heads is None:
        if dim % WAN_HEAD_DIM:
            raise WeightsMismatch(
                f"the model width {dim} is no multiple of {WAN_HEAD_DIM}, so the number of heads cannot be guessed; "
                'put a world.json with "num_heads" beside the checkpoint'
            )
        num_heads = dim // WAN_HEAD_DIM
    return {
        "patch_size": tuple(patch),
        "num_attention_heads": num_heads,
        "attention_head_dim": dim // num_heads,
        "in_channels": in_channels,
        "out_channels": _shape(tensors, "proj_out.weight")[0] // (patch[0] * patch[1] * patch[2]),
        "text_dim": _shape(tensors, "condition_embedder.text_embedder.linear_1.weight")[1],
        "freq_dim": _shape(tensors, "condition_embedder.time_embedder.linear_1.weight")[1],
        "ffn_dim": _shape(tensors, "blocks.0.ffn.net.0.proj.weight")[0],
        "num_layers": _count(tensors, "blocks.{}.scale_shift_table"),
    }


def _shape(tensors: Mapping[str, Tensor], name: str) -> tuple[int, ...]:
    if name not in tensors:
        raise WeightsMismatch(
            f"this is no Astra checkpoint: it has no tensor for {name} "
            f"(in the original layout: {ASTRA_NAMES.theirs(name)})"
        )
    return tuple(tensors[name].shape)


def _count(tensors: Mapping[str, Tensor], name: str) -> int:
    count = 0
    while name.format(count) in tensors:
        count += 1
    return count
