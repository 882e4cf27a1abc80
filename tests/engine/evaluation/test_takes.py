from __future__ import annotations

import numpy as np

from engine.clock import ASTRA_CLOCK
from engine.evaluation.commands import DIRECTIONS
from engine.evaluation.starts import procedural_starts
from engine.evaluation.takes import make_take, noise_seed
from tests.engine.evaluation.worlds import SIZE, AdornedWorld, CountingWorld


def grey(frame):
    assert np.ptp(frame) < 0.01
    return round(float(frame.mean()))


def test_each_chunk_is_looked_at_from_the_frame_before_it_to_its_last():
    """Frame 4k shows what tick k asked for."""
    world = CountingWorld(width=SIZE[0], height=SIZE[1])
    start = procedural_starts(1, world.info, 7)[0]
    tracks = [DIRECTIONS[0].track(8, 1.0, ASTRA_CLOCK)] * 3
    chunks = make_take(world, start, tracks, seed=1)
    assert [grey(chunk.before) for chunk in chunks] == [0, 32, 64]
    assert [[grey(frame) for frame in chunk.after] for chunk in chunks] == [[8, 16, 32], [40, 48, 64], [72, 80, 96]]
    assert [grey(chunk.last) for chunk in chunks] == [32, 64, 96]
    assert [grey(chunk.start) for chunk in chunks] == [0, 0, 0]


def test_frames_are_looked_at_without_detail_of_the_start():
    world = AdornedWorld(width=SIZE[0], height=SIZE[1])
    start = procedural_starts(1, world.info, 7)[0]
    chunk = make_take(world, start, [DIRECTIONS[0].track(8, 1.0, ASTRA_CLOCK)], seed=1)[0]
    assert [grey(frame) for frame in chunk.after] == [8, 16, 32]
    assert grey(chunk.last) == 32


def test_every_take_has_its_own_noise():
    seeds = {noise_seed(start, seed) for start in range(24) for seed in range(3)}
    assert len(seeds) == 72
