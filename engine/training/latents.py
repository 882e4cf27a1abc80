"""Encodes clip shards into latent shards, and draws training windows from them.

A latent shard is a safetensors file: `latents` (N, T, C, H, W) float16 of the stream, `stills` likewise but each
latent that of its last frame alone (what a picture encodes to), and `rows` (N, T, width) float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor

from engine.actions.encoding import RowEncoding, encode_rows
from engine.actions.modality import Modality, modality
from engine.models.codec import VideoCodec
from engine.models.group_autoencoder import FRAMES_PER_LATENT
from engine.models.history import PackedHistory, pack_history
from engine.models.window import plan_window
from engine.training.commands import strength


@torch.no_grad()
def encode_shard(codec: VideoCodec, source: Path, destination: Path) -> None:
    """Encode one clip shard; the result appears whole or not at all."""
    shard = load_file(source)
    kind = shard_modality(source)
    latents, stills = [], []
    for clip in shard["frames"]:
        frames = (clip.float() / 127.5 - 1).transpose(0, 1)[None]  # (1, 3, F, H, W)
        latents.append(codec.encode(frames)[0].transpose(0, 1))
        last_frames = frames[:, :, ::FRAMES_PER_LATENT].transpose(0, 2)  # (T, 3, 1, H, W)
        stills.append(codec.encode(last_frames)[:, :, 0])
    partial = destination.with_suffix(".part")
    save_file(
        {
            "latents": torch.stack(latents).to(torch.float16),
            "stills": torch.stack(stills).to(torch.float16),
            "rows": shard["rows"],
        },
        partial,
        metadata={"modality": kind.name},
    )
    partial.rename(destination)


def shard_modality(path: Path) -> Modality:
    """The modality that a shard's metadata names."""
    with safe_open(path, "pt") as shard:
        return modality(shard.metadata()["modality"])


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Windows of equal history length: what one training step sees."""

    history: PackedHistory
    target_BCTHW: Tensor
    rows_BRA: Tensor
    """With the mask as last column."""
    modality: str


@dataclass(frozen=True, kw_only=True)
class WindowConfig:
    """How windows are drawn."""

    num_targets: int = 8
    single_start_share: float = 0.4
    """Windows whose whole history is one picture."""
    longest_history: int = 30
    still_start_share: float = 0.8
    """Longer histories that begin with a picture's latent, as rollouts do, and not with one from mid-stream."""
    oversampling: int = 3
    """Windows drawn for each one kept; those with most commanded motion are kept."""
    row_encoding: RowEncoding = "rows+pose"
    modality_shares: Mapping[str, float] = field(default_factory=lambda: {"camera": 0.7, "driving": 0.2, "robot": 0.1})
    """How often a batch is of each modality, of those that the shards hold."""
    calm_share: float = 0.1
    """Windows kept whatever their motion, so that resting is learnt."""


@dataclass(frozen=True, eq=False)
class _Clip:
    """One encoded clip: latents and stills (T, C, H, W) float16, rows (T, A)."""

    latents: Tensor
    stills: Tensor
    rows: Tensor
    strength: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.latents)


class WindowSource:
    """Holds latent shards in memory and draws batches of windows."""

    def __init__(self, config: WindowConfig, shards: list[Path], generator: Generator) -> None:
        self.config = config
        self._generator = generator
        self._clips: dict[str, list[_Clip]] = {}
        self._loaded: set[Path] = set()
        self.add(shards)

    def add(self, shards: list[Path]) -> None:
        """Also draw from these shards."""
        for path in shards:
            if path in self._loaded:
                continue
            self._loaded.add(path)
            kind = shard_modality(path)
            shard = load_file(path)
            held = self._clips.setdefault(kind.name, [])
            for latents, stills, rows in zip(shard["latents"], shard["stills"], shard["rows"], strict=True):
                held.append(_Clip(latents, stills, rows, strength(rows.numpy(), kind)))

    def __len__(self) -> int:
        return sum(len(clips) for clips in self._clips.values())

    def draw(self, batch_size: int, num_history: int | None = None, modality_name: str | None = None) -> Batch:
        """A batch of windows; history length and modality are drawn too unless given."""
        kind = self._modality() if modality_name is None else modality_name
        clips = self._clips[kind]
        history = self._history_length(clips) if num_history is None else num_history
        length = history + self.config.num_targets
        eligible = [clip for clip in clips if len(clip) >= length]
        candidates = [self._place(eligible, length) for _ in range(batch_size * self.config.oversampling)]
        num_calm = round(batch_size * self.config.calm_share)
        calm, rest = candidates[:num_calm], candidates[num_calm:]
        moving = sorted(rest, key=lambda place: -self._motion(place, history))[: batch_size - num_calm]
        return self._gather(calm + moving, history, modality(kind))

    def _modality(self) -> str:
        names = [name for name in self.config.modality_shares if name in self._clips]
        shares = torch.tensor([self.config.modality_shares[name] for name in names])
        return names[int(torch.multinomial(shares, 1, generator=self._generator))]

    def _history_length(self, clips: list[_Clip]) -> int:
        g, config = self._generator, self.config
        share = float(torch.rand(1, generator=g))
        if share < config.single_start_share:
            return 1
        rest = (share - config.single_start_share) / (1 - config.single_start_share)
        longest = min(config.longest_history, max(map(len, clips)) - config.num_targets)
        usual = [t for t in (9, 17, 25, 30) if t <= longest]  # the lengths that rollouts of whole chunks reach
        if usual and rest < 0.4:
            return usual[int(torch.randint(len(usual), (1,), generator=g))]
        high = min(9, longest) if rest < 0.75 else longest
        return int(torch.randint(2, high + 1, (1,), generator=g))

    def _place(self, eligible: list[_Clip], length: int) -> tuple[_Clip, int]:
        clip = eligible[int(torch.randint(len(eligible), (1,), generator=self._generator))]
        spare = len(clip) - length
        return clip, int(torch.randint(spare + 1, (1,), generator=self._generator))

    def _motion(self, place: tuple[_Clip, int], history: int) -> float:
        clip, first = place
        return float(clip.strength[first + history : first + history + self.config.num_targets].sum())

    def _gather(self, places: list[tuple[_Clip, int]], history: int, kind: Modality) -> Batch:
        length = history + self.config.num_targets
        plan = plan_window(history, self.config.num_targets)
        latents, rows = [], []
        for clip, first in places:
            window = clip.latents[first : first + length].float()
            still = history == 1 or float(torch.rand(1, generator=self._generator)) < self.config.still_start_share
            if still:
                window = torch.cat([clip.stills[first : first + 1].float(), window[1:]])
            latents.append(window.transpose(0, 1))
            chosen = clip.rows[first : first + length].numpy()[plan.first_row :]
            rows.append(encode_rows(chosen, kind, plan.num_condition_rows, self.config.row_encoding))
        latents_BCTHW = torch.stack(latents)
        rows_BRA = torch.from_numpy(np.stack(rows))
        mask = torch.zeros(*rows_BRA.shape[:2], 1)
        mask[:, : plan.num_condition_rows] = 1
        return Batch(
            history=pack_history(latents_BCTHW[:, :, :history], plan),
            target_BCTHW=latents_BCTHW[:, :, history:],
            rows_BRA=torch.cat([rows_BRA, mask], -1),
            modality=kind.name,
        )
