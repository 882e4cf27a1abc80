"""The latent shard: the file that training reads, whatever its clips were made from.

A safetensors file with `latents` (N, T, C, H, W) float16 of N streams, `rows` (N, T, A) float32, one action row per
latent, and optionally `stills`, like `latents` but each that of a latent's last frame alone (what a picture encodes
to), `own` (N, T', C, H, W) float16, T' <= T, what a world made of the first still along the rows, and `text` (N, L, D)
float16 with `text_length` (N,) int64, the encoder's rows of each clip's prompt. Metadata: `format`, `modality`, and
`source` in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.actions.modality import Modality, modality
from engine.models.codec import VideoCodec
from engine.models.group_autoencoder import GROUP_FRAMES
from engine.whole_files import whole_path

FORMAT = "astra-latents-1"


class ShardError(ValueError):
    """A shard that cannot be trained on; names the file, what is wrong and what to do."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shard:
    """A shard in memory."""

    modality: Modality
    latents: Tensor
    rows: Tensor
    stills: Tensor | None = None
    own: Tensor | None = None
    text: Tensor | None = None
    text_length: Tensor | None = None
    source: str = ""


def write_shard(path: Path, shard: Shard) -> None:
    """Write a shard; it appears whole or not at all. Raises ShardError for one that `read_shard` would refuse."""
    _check(shard, path.name)
    tensors = {"latents": shard.latents.to(torch.float16), "rows": shard.rows.float()}
    if shard.stills is not None:
        tensors["stills"] = shard.stills.to(torch.float16)
    if shard.own is not None:
        tensors["own"] = shard.own.to(torch.float16)
    if shard.text is not None and shard.text_length is not None:
        tensors |= {"text": shard.text.to(torch.float16), "text_length": shard.text_length}
    metadata = {"format": FORMAT, "modality": shard.modality.name, "source": shard.source}
    with whole_path(path) as part:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, part, metadata=metadata)


def read_shard(path: Path) -> Shard:
    """Read a shard and check it. Raises ShardError."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        tensors = load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise ShardError(f"the shard {path} cannot be read: {error}. Make it anew, or remove it") from error
    if metadata.get("format") != FORMAT or not {"latents", "rows"} <= tensors.keys():
        raise ShardError(f"{path} is no latent shard: expected a file that astra-studio pretokenize wrote")
    try:
        kind = modality(metadata.get("modality", ""))
    except ValueError as error:
        raise ShardError(f"{path}: {error}") from error
    shard = Shard(
        modality=kind,
        latents=tensors["latents"],
        rows=tensors["rows"],
        stills=tensors.get("stills"),
        own=tensors.get("own"),
        text=tensors.get("text"),
        text_length=tensors.get("text_length"),
        source=metadata.get("source", ""),
    )
    _check(shard, path.name)
    return shard


def find_shards(folders: list[Path]) -> list[Path]:
    """All shard files in these folders, in order. Raises ShardError for a folder that holds none."""
    found = []
    for folder in folders:
        here = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
        if not here:
            raise ShardError(
                f"{folder} holds no shards: expected .safetensors files that astra-studio pretokenize wrote"
            )
        found += here
    return found


@torch.no_grad()
def encode_clips(codec: VideoCodec, frames: Tensor, rows: Tensor, kind: Modality, source: str) -> Shard:
    """Encode clips (N, F, 3, H, W) uint8, one at a time, with a still of every latent's last frame."""
    latents, stills = [], []
    for clip in frames:
        pixels = (clip.float() / 127.5 - 1).transpose(0, 1)[None]  # (1, 3, F, H, W)
        latents.append(codec.encode(pixels)[0].transpose(0, 1))
        last_frames = pixels[:, :, ::GROUP_FRAMES].transpose(0, 2)  # (T, 3, 1, H, W)
        stills.append(codec.encode(last_frames)[:, :, 0])
    return Shard(modality=kind, latents=torch.stack(latents), rows=rows, stills=torch.stack(stills), source=source)


def _check(shard: Shard, name: str) -> None:
    expected = (*shard.latents.shape[:2], shard.modality.width)
    if shard.latents.ndim != 5 or tuple(shard.rows.shape) != expected:
        raise ShardError(
            f"{name} holds latents of shape {tuple(shard.latents.shape)} and rows of shape {tuple(shard.rows.shape)}; "
            f"expected latents (N, T, C, H, W) and rows {expected}"
        )
    if shard.stills is not None and shard.stills.shape != shard.latents.shape:
        raise ShardError(f"{name} holds stills of shape {tuple(shard.stills.shape)}, which are not its latents'")
    if shard.own is not None and not _begins_like(shard.own, shard.latents):
        raise ShardError(f"{name} holds own takes of shape {tuple(shard.own.shape)}, which are not of its latents")
    held = {"latents": shard.latents, "rows": shard.rows, "stills": shard.stills, "own takes": shard.own}
    for what, tensor in held.items():
        if tensor is not None and not bool(tensor.isfinite().all()):
            raise ShardError(f"{name} holds {what} that are not finite numbers. Make it anew")


def _begins_like(own: Tensor, latents: Tensor) -> bool:
    """Whether takes have the shape of the streams, or of their first latents."""
    return own.ndim == 5 and own.shape[1] <= latents.shape[1] and own.shape == latents[:, : own.shape[1]].shape
