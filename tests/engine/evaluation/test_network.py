from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.evaluation.network import measure_network, why_not
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.starts import procedural_starts
from engine.worlds.astra import open_astra
from tests.engine.evaluation.worlds import small_fake


def test_the_network_of_a_world_is_measured_on_new_clips(original_world_folder):
    info = open_astra(original_world_folder, "cpu").info
    info = replace(info, clock=replace(info.clock, latents_per_chunk=2))
    settings = EvaluationSettings(num_starts=1, num_batches=1)
    samples = measure_network(original_world_folder, info, procedural_starts(1, info, 7), settings)
    assert samples.errors.shape == (1, 1, 3)
    assert np.all(samples.errors > 0)
    assert samples.others.keys() == {"driving", "robot"}
    assert all(errors.shape == (1, 1, 3) and np.all(errors > 0) for errors in samples.others.values())
    assert samples.codec.shape == (1, 1, 2)
    assert np.all((samples.codec > 0) & (samples.codec < 60))


def test_what_has_no_network_or_too_large_frames_says_so():
    info = small_fake().info
    assert "no network to load" in why_not(None, info)
    assert "832 x 480 are too large" in why_not(Path(), replace(info, width=832, height=480))
    assert why_not(Path(), info) == ""
