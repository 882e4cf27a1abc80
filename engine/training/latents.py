"""Encodes clip shards into latent shards, and draws training windows from them.

A latent shard is a safetensors file: `latents` (N, T, C, H, W) float16 of the stream, `stills` likewise but each latent that of
its last frame alone (what a picture encodes to), and `rows` (N, T, width) float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor

from engine.actions.encoding import RowEncoding, encode_rows
from engine.models.codec import VideoCodec
from engine.models.group_autoencoder import FRAMES_PER_LATENT
from engine.models.history import PackedHistory, pack_history
from engine.models.window import plan_window
from engine.training.commands import strength


@torch.no_grad()
def encode_shard(codec: VideoCodec, source: Path, destination: Path) -> None:
    """Encode one clip shard; the result appears whole or not at all."""
    shard = load_file(source)
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
        metadata={"modality": "camera"},
    )
    partial.rename(destination)


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
    calm_share: float = 0.1
    """Windows kept whatever their motion, so that resting is learnt."""


class WindowSource:
    """Holds latent shards in memory and draws batches of windows."""

    def __init__(self, config: WindowConfig, shards: list[Path], generator: Generator) -> None:
        self.config = config
        self._generator = generator
        self._clips: list[tuple[Tensor, Tensor, Tensor]] = []
        self._loaded: set[Path] = set()
        self.add(shards)

    def add(self, shards: list[Path]) -> None:
        """Also draw from these shards."""
        for path in shards:
            if path in self._loaded:
                continue
            self._loaded.add(path)
            shard = load_file(path)
            self._clips += list(zip(shard["latents"], shard["stills"], shard["rows"], strict=True))

    def __len__(self) -> int:
        return len(self._clips)

    def draw(self, batch_size: int, num_history: int | None = None) -> Batch:
        """A batch of windows; the history length is drawn too unless given."""
        history = self._history_length() if num_history is None else num_history
        length = history + self.config.num_targets
        eligible = [i for i, (latents, _, _) in enumerate(self._clips) if len(latents) >= length]
        candidates = [self._place(eligible, length) for _ in range(batch_size * self.config.oversampling)]
        num_calm = round(batch_size * self.config.calm_share)
        calm, rest = candidates[:num_calm], candidates[num_calm:]
        moving = sorted(rest, key=lambda place: -self._motion(place, history))[: batch_size - num_calm]
        return self._gather(calm + moving, history)

    def _history_length(self) -> int:
        g, config = self._generator, self.config
        share = float(torch.rand(1, generator=g))
        if share < config.single_start_share:
            return 1
        rest = (share - config.single_start_share) / (1 - config.single_start_share)
        longest = min(config.longest_history, max(len(latents) for latents, _, _ in self._clips) - config.num_targets)
        usual = [t for t in (9, 17, 25, 30) if t <= longest]  # the lengths that rollouts of whole chunks reach
        if usual and rest < 0.4:
            return usual[int(torch.randint(len(usual), (1,), generator=g))]
        high = min(9, longest) if rest < 0.75 else longest
        return int(torch.randint(2, high + 1, (1,), generator=g))

    def _place(self, eligible: list[int], length: int) -> tuple[int, int]:
        clip = eligible[int(torch.randint(len(eligible), (1,), generator=self._generator))]
        spare = len(self._clips[clip][0]) - length
        return clip, int(torch.randint(spare + 1, (1,), generator=self._generator))

    def _motion(self, place: tuple[int, int], history: int) -> float:
        clip, first = place
        rows = self._clips[clip][2][first + history : first + history + self.config.num_targets]
        return float(np.sum(strength(rows.numpy())))

    def _gather(self, places: list[tuple[int, int]], history: int) -> Batch:
        length = history + self.config.num_targets
        latents, rows = [], []
        for clip, first in places:
            stream, stills, actions = self._clips[clip]
            window = stream[first : first + length].float()
            still = history == 1 or float(torch.rand(1, generator=self._generator)) < self.config.still_start_share
            if still:
                window = torch.cat([stills[first : first + 1].float(), window[1:]])
            latents.append(window.transpose(0, 1))
            rows.append(actions[first : first + length])
        latents_BCTHW = torch.stack(latents)
        plan = plan_window(history, self.config.num_targets)
        encoded = [
            encode_rows(row.numpy()[plan.first_row :], plan.num_condition_rows, self.config.row_encoding) for row in rows
        ]
        rows_BRA = torch.from_numpy(np.stack(encoded))
        mask = torch.zeros(*rows_BRA.shape[:2], 1)
        mask[:, : plan.num_condition_rows] = 1
        return Batch(
            history=pack_history(latents_BCTHW[:, :, :history], plan),
            target_BCTHW=latents_BCTHW[:, :, history:],
            rows_BRA=torch.cat([rows_BRA, mask], -1),
            modality="camera",
        )
