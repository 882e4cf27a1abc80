"""Size of an evaluation, and the seeds that keep its starts out of every training set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HELD_OUT_SEED = 900_001
"""Of scenes, commands and clips. Training draws its clips with seeds from 1 to 3 and shard numbers below 1000."""


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """What to measure. Equal settings on one device give equal numbers, but for the seconds."""

    num_starts: int = 24
    """Of each set: procedural scenes, photographs."""
    num_seeds: int = 3
    """Noise seeds per start."""
    num_chunks: Literal[4, 8] = 4
    """Of the long takes."""
    pace: float = 1.0
    """Of commands, as a multiple of the speeds that the world was trained at."""
    num_batches: int = 6
    """Batches of 16 windows for the errors of the network."""
    num_timings: int = 5
    """Chunks timed, after one to warm up."""
    fast_steps: int = 1
    """Denoising steps of the fast setting; but for these two it is the world's own."""
    fast_guidance: float = 1.0
    seed: int = HELD_OUT_SEED

    def __post_init__(self) -> None:
        for name in ("num_starts", "num_seeds", "num_batches", "num_timings"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name.replace('_', ' ')} of an evaluation must be at least 1, got {getattr(self, name)}"
                )
        if self.num_chunks not in (4, 8):
            raise ValueError(f"the long takes of an evaluation have 4 or 8 chunks, got {self.num_chunks}")
        if self.pace <= 0:
            raise ValueError(f"the pace of an evaluation's commands must be above 0, got {self.pace}")


QUICK = EvaluationSettings(num_starts=3, num_seeds=1, num_batches=1, num_timings=2)
"""Under a minute with the bundled world: enough to see that a world works, too little to compare two."""
