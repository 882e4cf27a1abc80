"""Time of a world's first chunk, the one that also shows the start."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from engine.evaluation.commands import DIRECTIONS
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.starts import Start
from engine.rollout import Rollout
from engine.settings import Settings
from engine.worlds.protocol import WorldModel


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of one chunk, decoded frames included, encoding the start not."""

    wall: float
    """What a person waits. Other programs on the machine lengthen it."""
    processor: float
    """Of all threads of this process together; counts no work of a GPU."""


def time_chunks(world: WorldModel, start: Start, evaluation: EvaluationSettings, settings: Settings) -> list[Timing]:
    """Time the first chunk of a take again and again, after one that is not counted."""
    clock = world.info.clock
    track = DIRECTIONS[0].track(clock.latents_per_chunk, evaluation.pace, clock)
    timings = []
    for _ in range(1 + evaluation.num_timings):
        rollout = Rollout(world, start.picture[None], settings=settings)
        wall, processor = time.perf_counter(), time.process_time()
        rollout.step(track)
        timings.append(Timing(wall=time.perf_counter() - wall, processor=time.process_time() - processor))
    return timings[1:]


def num_threads() -> int:
    """Threads that the networks may use on the CPU."""
    return torch.get_num_threads()
