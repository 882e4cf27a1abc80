"""The original umT5 encoder file of Wan: names and sizes (reference section 11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from engine.models.weights.errors import WeightsMismatch
from engine.models.weights.name_map import NameMap, Rule

_BLOCK = "encoder.block.{i}.layer"

UMT5_NAMES = NameMap(
    layout="Wan umT5",
    rules=(
        Rule("token_embedding.weight", "shared.weight"),
        Rule("norm.weight", "encoder.final_layer_norm.weight"),
        Rule("blocks.{i}.norm1.weight", f"{_BLOCK}.0.layer_norm.weight"),
        *(Rule(f"blocks.{{i}}.attn.{p}.weight", f"{_BLOCK}.0.SelfAttention.{p}.weight") for p in "qkvo"),
        Rule("blocks.{i}.pos_embedding.embedding.weight", f"{_BLOCK}.0.SelfAttention.relative_attention_bias.weight"),
        Rule("blocks.{i}.norm2.weight", f"{_BLOCK}.1.layer_norm.weight"),
        Rule("blocks.{i}.ffn.gate.0.weight", f"{_BLOCK}.1.DenseReluDense.wi_0.weight"),
        Rule("blocks.{i}.ffn.fc1.weight", f"{_BLOCK}.1.DenseReluDense.wi_1.weight"),
        Rule("blocks.{i}.ffn.fc2.weight", f"{_BLOCK}.1.DenseReluDense.wo.weight"),
    ),
)

TIED = {"encoder.embed_tokens.weight": "shared.weight"}
"""Names of the network that share another's tensor and are in no file of the original layout."""


def umt5_config(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The UMT5Config values that tensors of the original layout were made with."""
    for name in ("token_embedding.weight", "blocks.0.attn.q.weight", "blocks.0.pos_embedding.embedding.weight"):
        if name not in tensors:
            raise WeightsMismatch(f"this is no umT5 encoder: it has no tensor {name}")
    vocabulary, width = tensors["token_embedding.weight"].shape
    buckets, heads = tensors["blocks.0.pos_embedding.embedding.weight"].shape
    num_layers = 0
    while f"blocks.{num_layers}.attn.q.weight" in tensors:
        num_layers += 1
    return {
        "vocab_size": vocabulary,
        "d_model": width,
        "d_kv": tensors["blocks.0.attn.q.weight"].shape[0] // heads,
        "d_ff": tensors["blocks.0.ffn.fc1.weight"].shape[0],
        "num_layers": num_layers,
        "num_heads": heads,
        "relative_attention_num_buckets": buckets,
        "relative_attention_max_distance": 128,
        "feed_forward_proj": "gated-gelu",
        "layer_norm_epsilon": 1e-6,
        "dropout_rate": 0.0,
    }
