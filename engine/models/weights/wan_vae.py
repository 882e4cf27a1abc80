"""The original Wan 2.1 autoencoder file: names and sizes (reference section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from engine.models.weights.errors import WeightsMismatch
from engine.models.weights.name_map import NameMap, Rule

_RESNET = (("residual.0.gamma", "norm1.gamma"), ("residual.2.{x}", "conv1.{x}"), ("residual.3.gamma", "norm2.gamma"))
_RESNET_ALL = (*_RESNET, ("residual.6.{x}", "conv2.{x}"), ("shortcut.{x}", "conv_shortcut.{x}"))
_ATTENTION = (("norm.gamma", "norm.gamma"), ("to_qkv.{x}", "to_qkv.{x}"), ("proj.{x}", "proj.{x}"))
_RESAMPLE = ("resample.1.{x}", "time_conv.{x}")


def _common(side: str) -> list[Rule]:
    rules = [
        Rule(f"{side}.conv1.{{x}}", f"{side}.conv_in.{{x}}"),
        Rule(f"{side}.head.0.gamma", f"{side}.norm_out.gamma"),
        Rule(f"{side}.head.2.{{x}}", f"{side}.conv_out.{{x}}"),
    ]
    for theirs, ours in ((0, 0), (2, 1)):
        rules += [Rule(f"{side}.middle.{theirs}.{a}", f"{side}.mid_block.resnets.{ours}.{b}") for a, b in _RESNET_ALL]
    rules += [Rule(f"{side}.middle.1.{a}", f"{side}.mid_block.attentions.0.{b}") for a, b in _ATTENTION]
    return rules


def _encoder_levels() -> list[Rule]:
    rules = [Rule(f"encoder.downsamples.{{i}}.{a}", f"encoder.down_blocks.{{i}}.{b}") for a, b in _RESNET_ALL]
    return rules + [Rule(f"encoder.downsamples.{{i}}.{a}", f"encoder.down_blocks.{{i}}.{a}") for a in _RESAMPLE]


def _decoder_levels(num_levels: int, resnets_per_level: int) -> list[Rule]:
    """The file counts the parts of all levels through: the resnets of a level, then its upsampler."""
    rules = []
    for level in range(num_levels):
        first = level * (resnets_per_level + 1)
        for j in range(resnets_per_level):
            theirs, ours = f"decoder.upsamples.{first + j}", f"decoder.up_blocks.{level}.resnets.{j}"
            rules += [Rule(f"{theirs}.{a}", f"{ours}.{b}") for a, b in _RESNET_ALL]
        theirs, ours = f"decoder.upsamples.{first + resnets_per_level}", f"decoder.up_blocks.{level}.upsamplers.0"
        rules += [Rule(f"{theirs}.{a}", f"{ours}.{a}") for a in _RESAMPLE]
    return rules


WAN_VAE_NAMES = NameMap(
    layout="Wan 2.1 VAE",
    rules=(
        Rule("conv1.{x}", "quant_conv.{x}"),
        Rule("conv2.{x}", "post_quant_conv.{x}"),
        *_common("encoder"),
        *_common("decoder"),
        *_encoder_levels(),
        *_decoder_levels(num_levels=4, resnets_per_level=3),
    ),
)


def vae_config(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The AutoencoderKLWan config that tensors of the original layout were made with; the rest is as Wan 2.1 has it."""
    for name in ("encoder.conv1.weight", "conv2.weight"):
        if name not in tensors:
            raise WeightsMismatch(f"this is no Wan autoencoder: it has no tensor {name}")
    return {"base_dim": tensors["encoder.conv1.weight"].shape[0], "z_dim": tensors["conv2.weight"].shape[0]}
