"""Networks built from files of any layout we read.

Sizes come from the tensors (original layouts) or the folder's config.json (diffusers layout). Nothing is left to
chance: a missing, extra, wrong-shaped or non-finite tensor is an error that names it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from torch import Tensor, nn

from engine.models.codec import VideoCodec
from engine.models.group_autoencoder import GroupAutoencoder
from engine.models.transformer import AstraTransformer3DModel
from engine.models.wan_vae import WanCodec
from engine.models.weights.astra import ASTRA_NAMES, WAN_NAMES, is_adapter, transformer_config, wan_config
from engine.models.weights.errors import WeightsMismatch, WeightsMissing, WeightsUnreadable
from engine.models.weights.name_map import Translation, check_fit, translate
from engine.models.weights.reading import INDEX_SUFFIX, read_tensors
from engine.models.weights.umt5 import TIED, UMT5_NAMES, umt5_config
from engine.models.weights.wan_vae import WAN_VAE_NAMES, vae_config

ALIGNMENT = 64
"""Bytes; what torch's own allocator gives."""


def load_transformer(
    source: Path, *, base: Path | None = None, num_heads: int | None = None, dtype: torch.dtype = torch.float32
) -> AstraTransformer3DModel:
    """The Astra transformer from a checkpoint file of the original layout or a folder of the diffusers layout.

    Args:
        base: a Wan transformer, file or folder, from which tensors that the checkpoint lacks are taken. Only tensors
        of the base:
            an Astra checkpoint without its adapters would run with random ones, so that is an error.
        num_heads: for original files whose width is no multiple of 128.
        dtype: of everything but the parts that `_keep_in_fp32_modules` names.
    """
    if source.is_dir():
        config = read_config(source)
        if config.get("_class_name") not in (None, "AstraTransformer3DModel"):
            raise WeightsMismatch(
                f"{source} holds a {config['_class_name']}: the base without Astra's adapters cannot follow actions. "
                "Give the Astra checkpoint as the world and leave this folder beside it"
            )
        found = Translation(tensors=read_folder(source), unknown=(), ignored=())
        arguments = {key: value for key, value in config.items() if not key.startswith("_")}
    else:
        found = translate(read_tensors(source), ASTRA_NAMES)
        tensors = found.tensors
        if base is not None:
            tensors = {**base_tensors(base), **tensors}
        found = Translation(tensors=tensors, unknown=found.unknown, ignored=found.ignored)
        arguments = transformer_config(tensors, num_heads)
    with torch.device("meta"):
        model = AstraTransformer3DModel(**arguments)
    _fill(model, found, str(source.name))
    cast_for_inference(model, dtype)
    return model.eval().requires_grad_(False)


def load_codec(source: Path, dtype: torch.dtype = torch.float32) -> tuple[VideoCodec, nn.Module]:
    """The video autoencoder from an original Wan file or a diffusers folder, and the module that a device move
    needs."""
    if source.is_dir():
        config = read_config(source)
        kind = config.get("_class_name", "AutoencoderKLWan")
        arguments = {key: value for key, value in config.items() if not key.startswith("_")}
        found = Translation(tensors=read_folder(source), unknown=(), ignored=())
        if kind == "GroupAutoencoder":
            small = GroupAutoencoder(**arguments)
            _fill(small, found, f"{source.name}/")
            return small.eval().requires_grad_(False), small
        if kind != "AutoencoderKLWan":
            raise WeightsMismatch(f"{source} holds a {kind}; expected an AutoencoderKLWan or a GroupAutoencoder")
    else:
        tensors = read_tensors(source)
        arguments = vae_config(tensors)
        found = translate(tensors, WAN_VAE_NAMES)
    with torch.device("meta"):
        vae = AutoencoderKLWan(**arguments)
    _fill(vae, found, source.name)
    for parameter in vae.parameters():
        parameter.data = parameter.data.to(dtype)
    return WanCodec(vae), vae


def load_text_encoder(source: Path, dtype: torch.dtype = torch.float32) -> Any:
    """The umT5 encoder from an original Wan file or a transformers folder."""
    from transformers import UMT5Config, UMT5EncoderModel

    if source.is_dir():
        config = UMT5Config(**read_config(source))
        tensors = read_folder(source)
        found = Translation(tensors=tensors, unknown=(), ignored=())
    else:
        raw = read_tensors(source)
        config = UMT5Config(**umt5_config(raw))
        found = translate(raw, UMT5_NAMES)
    tensors = dict(found.tensors)
    for tied, owner in TIED.items():
        if tied not in tensors and owner in tensors:
            tensors[tied] = tensors[owner]
    with torch.device("meta"):
        encoder = UMT5EncoderModel(config)
    _fill(encoder, Translation(tensors=tensors, unknown=found.unknown, ignored=()), source.name)
    return encoder.to(dtype).eval().requires_grad_(False)


def cast_for_inference(model: AstraTransformer3DModel, dtype: torch.dtype) -> None:
    """Cast the base to `dtype`; action parts, modulation tables and the time embedding stay in float32."""
    kept = AstraTransformer3DModel._keep_in_fp32_modules
    for name, parameter in model.named_parameters():
        keep = any(part in name.split(".") for part in kept)
        parameter.data = parameter.data.to(torch.float32 if keep else dtype)


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a folder. Raises WeightsMissing or WeightsUnreadable."""
    path = folder / "config.json"
    if not path.exists():
        raise WeightsMissing(f"{folder} has no config.json, so the sizes of the network in it are not known")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsUnreadable(f"{path} is not readable as JSON: {error}") from error
    if not isinstance(config, dict):
        raise WeightsUnreadable(f"{path} should hold one JSON object")
    return config


def read_folder(folder: Path) -> dict[str, Tensor]:
    """All tensors of a diffusers or transformers folder: one file, or an index of shards."""
    found = (
        sorted(folder.glob(f"*{INDEX_SUFFIX}")) or sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    )
    if not found:
        raise WeightsMissing(f"{folder} holds no weights: expected a .safetensors file")
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise WeightsMismatch(f"{folder} holds several weights files without an index: {names}")
    return read_tensors(found[0])


def base_tensors(base: Path) -> dict[str, Tensor]:
    """A Wan transformer's tensors under our names, from either layout."""
    if base.is_dir():
        return {name: tensor for name, tensor in read_folder(base).items() if not is_adapter(name)}
    return translate(read_tensors(base), WAN_NAMES).tensors


def base_config(base: Path, tensors: Mapping[str, Tensor], num_heads: int | None = None) -> dict[str, Any]:
    """The config of a Wan transformer: from its folder's config.json, or read from the tensors' shapes."""
    if not base.is_dir():
        return wan_config(tensors, num_heads)
    known = inspect.signature(AstraTransformer3DModel.__init__).parameters
    return {key: value for key, value in read_config(base).items() if key in known}


def _fill(model: nn.Module, found: Translation, source: str) -> None:
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    check_fit(found.tensors, expected, found.unknown, source)
    model.load_state_dict({name: _ready(tensor) for name, tensor in found.tensors.items()}, strict=True, assign=True)


def _ready(tensor: Tensor) -> Tensor:
    """A tensor to compute with: float32 where float16 was chosen to save room on disk, and at an aligned address.

    A tensor that lies where its file was mapped may be misaligned; kernels then round otherwise, and a chunk would
    depend on the layout of a file.
    """
    if tensor.dtype == torch.float16:
        return tensor.float()
    return tensor if tensor.data_ptr() % ALIGNMENT == 0 else tensor.clone()
