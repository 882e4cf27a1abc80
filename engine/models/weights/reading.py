"""Reader of tensor files that never runs code from them: safetensors and weights-only pickles."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.models.weights.errors import WeightsMissing, WeightsUnreadable

PICKLES = {".ckpt", ".pth", ".pt", ".bin"}
SUFFIXES = {".safetensors", *PICKLES}
INDEX_SUFFIX = ".safetensors.index.json"

ZIP_START, PICKLE_START = b"PK\x03\x04", b"\x80"
"""How checkpoints of the new and the old format begin."""

WRAPPERS = ("state_dict", "model_state", "model_state_dict", "model", "module", "ema")
"""Keys under which training frameworks wrap a state dict."""
PREFIXES = ("pipe.dit.", "module.", "model.", "dit.", "_orig_mod.")
"""Prefixes that they put before every name."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a file, unwrapped and without training prefixes.

    Raises WeightsMissing if the file is not there, WeightsUnreadable if it is damaged, is no tensor file, or is a
    pickle that holds anything but tensors.
    """
    if not path.exists():
        raise WeightsMissing(f"there is no weights file {path}")
    if path.name.endswith(INDEX_SUFFIX):
        return _read_shards(path)
    if path.suffix == ".safetensors":
        return strip_prefixes(_read_safetensors(path))
    if path.suffix in PICKLES:
        return strip_prefixes(_unwrap(_read_pickle(path), path))
    raise WeightsUnreadable(f"{path.name} is no weights file: expected one ending in {', '.join(sorted(SUFFIXES))}")


def strip_prefixes(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Remove any of `PREFIXES` that every name carries, as often as that holds."""
    names = dict(tensors)
    while names:
        shared = next((p for p in PREFIXES if all(name.startswith(p) for name in names)), None)
        if shared is None:
            break
        names = {name.removeprefix(shared): tensor for name, tensor in names.items()}
    return names


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise WeightsUnreadable(
            f"{path.name} ({_size(path)}) is not a whole safetensors file: {error}. Most likely its download "
            "was cut short; get it again"
        ) from error


def _read_shards(index: Path) -> dict[str, Tensor]:
    try:
        files = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    except (ValueError, KeyError, AttributeError) as error:
        raise WeightsUnreadable(f"{index.name} is not an index of safetensors shards: {error}") from error
    tensors: dict[str, Tensor] = {}
    for name in files:
        shard = (index.parent / name).resolve()
        if shard.parent != index.parent.resolve():
            raise WeightsUnreadable(f"{index.name} points outside its own folder, to {name}")
        if not shard.exists():
            raise WeightsMissing(f"{index.name} lists {name}, which is not beside it")
        tensors |= _read_safetensors(shard)
    return strip_prefixes(tensors)


def _read_pickle(path: Path) -> Any:
    with path.open("rb") as file:
        start = file.read(len(ZIP_START))
    if start != ZIP_START and start[:1] != PICKLE_START:
        raise WeightsUnreadable(
            f"{path.name} ({_size(path)}) is not a PyTorch checkpoint at all. Most likely its download went wrong; "
            "get it again"
        )
    try:
        with warnings.catch_warnings():
            # It warns of pickle protocols that it may not read; what it cannot read ends below.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True, mmap=start == ZIP_START)
    except pickle.UnpicklingError as error:
        raise WeightsUnreadable(
            f"{path.name} holds more than tensors, so opening it could run a program; Astra Studio does not. "
            "If you trust it, convert it to safetensors with the program that made it"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise WeightsUnreadable(
            f"{path.name} ({_size(path)}) is not a whole PyTorch checkpoint: {_first_line(error)}. Most likely its "
            "download was cut short; get it again"
        ) from error


def _unwrap(loaded: Any, path: Path) -> dict[str, Tensor]:
    while isinstance(loaded, Mapping):
        if loaded and all(isinstance(value, Tensor) for value in loaded.values()):
            return dict(loaded)
        inner = next((loaded[key] for key in WRAPPERS if isinstance(loaded.get(key), Mapping)), None)
        if inner is None:
            break
        loaded = inner
    raise WeightsUnreadable(
        f"{path.name} holds no state dict: expected names with tensors, bare or under one of {', '.join(WRAPPERS)}"
    )


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
