"""Training windows drawn from latent shards: history, target and action rows of equal length.

Shape letters: B batch, C latent channels, T latents, H W latent height and width, R rows, A row width, L text rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from engine.actions.encoding import RowEncoding, encode_rows
from engine.actions.modality import Modality, modality, rest_rows
from engine.models.history import PackedHistory, pack_history
from engine.models.window import plan_window
from engine.training.shards import Shard, ShardError, read_shard
from engine.training.synthetic.commands import strength


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Windows of equal history length: what one training step sees."""

    history: PackedHistory
    target_BCTHW: Tensor
    rows_BRA: Tensor
    """With the mask as last column."""
    modality: str
    text_BLD: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        return self._mapped(lambda tensor: tensor.to(device))

    def part(self, number: int, count: int) -> Batch:
        """The `number`-th of `count` equal parts: what one of several processes trains on."""
        size = len(self.target_BCTHW) // count
        return self._mapped(lambda tensor: tensor[number * size : (number + 1) * size])

    def _mapped(self, change: Callable[[Tensor], Tensor]) -> Batch:
        history = replace(
            self.history,
            full_BCTHW=change(self.history.full_BCTHW),
            medium_BCTHW=change(self.history.medium_BCTHW),
            coarse_BCTHW=change(self.history.coarse_BCTHW),
        )
        return Batch(
            history=history,
            target_BCTHW=change(self.target_BCTHW),
            rows_BRA=change(self.rows_BRA),
            modality=self.modality,
            text_BLD=None if self.text_BLD is None else change(self.text_BLD),
        )


@dataclass(frozen=True, kw_only=True)
class WindowConfig:
    """How windows are drawn."""

    num_targets: int = 8
    lengths: Literal["rollout", "released"] = "rollout"
    """"rollout": one picture, the lengths that rollouts of whole chunks reach, and others between. "released": 40 % one
    latent, 50 % evenly 2 to 30, 10 % 8 (reference section 12, SpatialVID)."""
    single_start_share: float = 0.5
    """Windows whose whole history is one picture, for "rollout"."""
    longest_history: int = 30
    still_start_share: float = 0.8
    """Longer histories that begin with a picture's latent, as rollouts do, and not with one from mid-stream."""
    oversampling: int = 3
    """Windows drawn for each one kept; those with most commanded motion are kept."""
    row_encoding: RowEncoding = "rows+pose"
    modality_shares: dict[str, float] = field(default_factory=lambda: {"camera": 0.7, "driving": 0.2, "robot": 0.1})
    """How often a batch is of each modality, of those that the shards hold."""
    aside_weight: float = 1.0
    """How many times a camera's step aside counts in a window's motion: it is small, and else seldom kept."""
    calm_share: float = 0.1
    """Windows kept whatever their motion, so that resting is learnt."""
    rest_share: float = 0.0
    """Windows that are one picture all along, with rows that rest. Random windows hardly ever rest from end to end."""
    own_share: float = 0.0
    """Batches whose history is what a world made (`own` of the shards) and whose targets are the truth."""


@dataclass(frozen=True, eq=False)
class _Clip:
    """One encoded clip: latents and stills (T, C, H, W) float16, rows (T, A), text (L, D)."""

    latents: Tensor
    stills: Tensor | None
    own: Tensor | None
    rows: Tensor
    text: Tensor | None
    strength: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.latents)


class WindowSource:
    """Holds latent shards in memory and draws batches of windows."""

    def __init__(self, config: WindowConfig, shards: list[Path], generator: Generator) -> None:
        """Load the shards. Raises ShardError for one that cannot be used, or if none of a modality with a share is
        left."""
        self.config = config
        self._generator = generator
        self._clips: dict[str, list[_Clip]] = {}
        for path in shards:
            self._add(read_shard(path))
        if not any(name in self._clips for name in config.modality_shares):
            raise ShardError(
                f"the shards hold {', '.join(self._clips) or 'nothing'}, the config gives shares to "
                f"{', '.join(config.modality_shares)}"
            )

    def _add(self, shard: Shard) -> None:
        held = self._clips.setdefault(shard.modality.name, [])
        for i in range(len(shard.latents)):
            text = None
            if shard.text is not None and shard.text_length is not None:
                text = shard.text[i, : int(shard.text_length[i])]
            held.append(
                _Clip(
                    latents=shard.latents[i],
                    stills=None if shard.stills is None else shard.stills[i],
                    own=None if shard.own is None else shard.own[i],
                    rows=shard.rows[i],
                    text=text,
                    strength=strength(shard.rows[i].numpy(), shard.modality, self.config.aside_weight),
                )
            )

    def __len__(self) -> int:
        return sum(len(clips) for clips in self._clips.values())

    def has(self, modality_name: str) -> bool:
        """Whether there are clips of a modality."""
        return modality_name in self._clips

    def state(self) -> Tensor:
        """Where the drawing stands, for a checkpoint."""
        return self._generator.get_state()

    def restore(self, state: Tensor) -> None:
        self._generator.set_state(state)

    def draw(self, batch_size: int, num_history: int | None = None, modality_name: str | None = None) -> Batch:
        """A batch of windows; history length and modality are drawn too unless given."""
        kind = self._modality() if modality_name is None else modality_name
        clips = self._clips[kind]
        if num_history is None and self._draws_own(clips):
            return self._own_batch(batch_size, clips, modality(kind))
        history = self._history_length(clips) if num_history is None else num_history
        length = history + self.config.num_targets
        eligible = [clip for clip in clips if len(clip) >= length]
        if not eligible:
            raise ShardError(
                f"no {kind} clip is as long as a window of {history} + {self.config.num_targets} latents; the longest "
                f"has {max(map(len, clips))}"
            )
        candidates = [self._place(eligible, length) for _ in range(batch_size * self.config.oversampling)]
        num_calm = round(batch_size * self.config.calm_share)
        calm, rest = candidates[:num_calm], candidates[num_calm:]
        moving = sorted(rest, key=lambda place: -self._motion(place, history))[: batch_size - num_calm]
        num_rest = round(batch_size * self.config.rest_share) if num_history is None else 0
        return self._gather(calm + moving, history, modality(kind), num_rest)

    def _draws_own(self, clips: list[_Clip]) -> bool:
        if not self.config.own_share or not any(clip.own is not None for clip in clips):
            return False
        return float(torch.rand(1, generator=self._generator)) < self.config.own_share

    def _own_batch(self, batch_size: int, clips: list[_Clip], kind: Modality) -> Batch:
        """Windows whose history is a whole number of chunks that a world made, from a clip's beginning."""
        step = self.config.num_targets
        lengths = {len(c.own) for c in clips if c.own is not None and len(c) >= len(c.own) + step}
        if not lengths:
            raise ShardError(f"no {kind.name} clip goes on for {step} latents after what a world made of it")
        longest = (max(lengths) - 1) // step
        history = 1 + step * self._between(1, longest)
        eligible = [c for c in clips if c.own is not None and len(c.own) >= history and len(c) >= history + step]
        chosen = torch.randint(len(eligible), (batch_size,), generator=self._generator).tolist()
        return self._gather([(eligible[i], 0) for i in chosen], history, kind, own=True)

    def _modality(self) -> str:
        names = [name for name in self.config.modality_shares if name in self._clips]
        shares = torch.tensor([self.config.modality_shares[name] for name in names])
        return names[int(torch.multinomial(shares, 1, generator=self._generator))]

    def _history_length(self, clips: list[_Clip]) -> int:
        g, config = self._generator, self.config
        longest = min(config.longest_history, max(map(len, clips)) - config.num_targets)
        share = float(torch.rand(1, generator=g))
        if longest < 2:
            return 1
        if config.lengths == "released":
            return 1 if share < 0.4 else min(8, longest) if share < 0.5 else self._between(2, longest)
        if share < config.single_start_share:
            return 1
        rest = (share - config.single_start_share) / (1 - config.single_start_share)
        usual = [t for t in (9, 17, 25, 30) if t <= longest]
        if usual and rest < 0.4:
            return usual[self._between(0, len(usual) - 1)]
        return self._between(2, min(9, longest) if rest < 0.75 else longest)

    def _between(self, low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (1,), generator=self._generator))

    def _place(self, eligible: list[_Clip], length: int) -> tuple[_Clip, int]:
        clip = eligible[int(torch.randint(len(eligible), (1,), generator=self._generator))]
        spare = len(clip) - length
        return clip, int(torch.randint(spare + 1, (1,), generator=self._generator))

    def _motion(self, place: tuple[_Clip, int], history: int) -> float:
        clip, first = place
        return float(clip.strength[first + history : first + history + self.config.num_targets].sum())

    def _gather(
        self, places: list[tuple[_Clip, int]], history: int, kind: Modality, num_rest: int = 0, own: bool = False
    ) -> Batch:
        """Windows at these places. The first `num_rest` rest on a picture; with `own`, histories are the world's."""
        length = history + self.config.num_targets
        plan = plan_window(history, self.config.num_targets)
        latents, rows = [], []
        for number, (clip, first) in enumerate(places):
            window = clip.latents[first : first + length].float()
            chosen = clip.rows[first : first + length].numpy()[plan.first_row :]
            if own and clip.own is not None:
                window = torch.cat([clip.own[:history].float(), window[history:]])
            elif number < num_rest and clip.stills is not None:
                window = clip.stills[first : first + 1].float().expand_as(window)
                chosen = rest_rows(kind, len(chosen))
            else:
                window = self._from_a_still(clip, first, window, history)
            latents.append(window.transpose(0, 1))
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
            text_BLD=_pad_text([clip.text for clip, _ in places]),
        )

    def _from_a_still(self, clip: _Clip, first: int, window: Tensor, history: int) -> Tensor:
        """The window, its first latent mostly that of a picture, as a rollout's is."""
        still = history == 1 or float(torch.rand(1, generator=self._generator)) < self.config.still_start_share
        if not still or clip.stills is None:
            return window
        return torch.cat([clip.stills[first : first + 1].float(), window[1:]])


def _pad_text(texts: list[Tensor | None]) -> Tensor | None:
    """Text rows (B, L, D) of equal length, zeros after each text (K9); None where no clip has any."""
    present = [text for text in texts if text is not None]
    if not present:
        return None
    padded = torch.zeros(len(texts), max(map(len, present)), present[0].shape[1])
    for row, text in enumerate(texts):
        if text is not None:
            padded[row, : len(text)] = text.float()
    return padded
