"""The contract of the engine: settings that cannot be wrong, seeds and hashes that never change."""

from __future__ import annotations

import hashlib
import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.actions.modality import CAMERA, ActionTrack, rest_rows
from engine.messages import ChunkRequest, ChunkResult, SamplingSettings, chunk_seed, num_frames

few = settings(deadline=None, max_examples=40)
seeds = st.integers(-(2**70), 2**70)


def result_of(latents: np.ndarray) -> ChunkResult:
    request = ChunkRequest(
        index=0, actions=ActionTrack(CAMERA, rest_rows(CAMERA, 1)), seed=0, settings=SamplingSettings()
    )
    frames = np.zeros((4, 2, 2, 3), np.uint8)
    return ChunkResult(request=request, first_latent=1, latents=latents, frames=frames, seconds={})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_steps": 0}, "denoising steps .* from 1, got 0"),
        ({"num_steps": -5}, "got -5"),
        ({"num_steps": 2.5}, "whole number from 1, got 2.5"),
        ({"num_steps": "8"}, "whole number from 1, got '8'"),
        ({"num_steps": None}, "got None"),
        ({"num_steps": math.nan}, "got nan"),
        ({"guidance": -0.1}, "guidance scales must not be negative, got -0.1"),
        ({"text_guidance": -1}, "guidance scales must not be negative, got -1"),
        ({"guidance": math.nan}, "guidance must be a finite number, got nan"),
        ({"guidance": "2"}, "guidance must be a finite number, got '2'"),
        ({"text_guidance": math.inf}, "text guidance must be a finite number, got inf"),
        ({"history_noise": -0.01}, "history noise must lie in 0 .*, got -0.01"),
        ({"history_noise": 1}, "up to but not including 1, got 1"),
        ({"history_noise": math.nan}, "history noise must be a finite number"),
        ({"shift": 0}, "flow shift must be positive, got 0"),
        ({"shift": -5}, "flow shift must be positive, got -5"),
        ({"shift": -math.inf}, "shift must be a finite number"),
        ({"shift": None}, "shift must be a finite number, got None"),
        ({"solver": "heun"}, "euler or unipc, got 'heun'"),
        ({"solver": ["euler"]}, "euler or unipc"),
        ({"history_noise_on": "start"}, '"recent" or "all" latents, got \'start\''),
        ({"history_mode": "oldest"}, "upstream, aligned or anchored, got 'oldest'"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_its_value(changes, words):
    with pytest.raises(ValueError, match=words):
        SamplingSettings(**changes)
    with pytest.raises(ValueError, match=words):
        SamplingSettings().changed(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_steps": 1},
        {"num_steps": np.int64(3)},
        {"guidance": 0},
        {"guidance": np.float32(1.5)},
        {"text_guidance": 0.0},
        {"history_noise": 0},
        {"history_noise": 0.999},
        {"shift": 1e-6},
    ],
)
def test_settings_at_the_edge_of_their_range_are_taken(changes):
    (name, value), *_ = changes.items()
    assert getattr(SamplingSettings().changed(changes), name) == value


def test_the_defaults_are_those_of_the_released_model():
    defaults = SamplingSettings()
    assert (defaults.num_steps, defaults.shift, defaults.guidance, defaults.history_noise) == (50, 5.0, 2.0, 0.0)


def test_changes_leave_the_other_settings_and_the_original_alone():
    original = SamplingSettings(num_steps=7, solver="unipc")
    changed = original.changed({"guidance": 1.0})
    assert changed == SamplingSettings(num_steps=7, solver="unipc", guidance=1.0)
    assert original.guidance == 2.0
    assert original.changed({}) == original


def test_an_unknown_setting_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match=r"unknown sampling setting cfg, stepz; there are guidance,.*solver") as caught:
        SamplingSettings().changed({"stepz": 3, "cfg": 1, "shift": 5})
    assert all(field.name in str(caught.value) for field in fields(SamplingSettings))


def test_seeds_never_change():
    """Pinned: with other seeds, every take that anyone has stored would come out differently when it is redone."""
    assert chunk_seed(0, 0) == 3996060282951318774
    assert chunk_seed(7, 3, "history") == 3140180954074149322


@few
@given(seeds, st.integers(0, 10_000), st.sampled_from(["noise", "history"]))
def test_a_seed_fits_any_generator_and_needs_no_other_to_be_drawn(take, index, purpose):
    seed = chunk_seed(take, index, purpose)
    chunk_seed(take, index + 1, purpose)
    assert seed == chunk_seed(take, index, purpose)
    assert 0 <= seed < 2**63


def test_chunks_takes_and_purposes_have_seeds_of_their_own():
    drawn = [chunk_seed(t, k, p) for t in range(-20, 20) for k in range(20) for p in ("noise", "history")]
    assert len(set(drawn)) == len(drawn)


def test_hashes_of_latents_never_change():
    latents = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) / 7
    assert result_of(latents).latents_sha256 == "26f40bb29fc782387011db207e621cd0e342a7c72567e43b4f078dbf68c01923"


def test_a_hash_is_of_the_numbers_and_not_of_how_they_lie_in_memory():
    latents = np.random.default_rng(0).standard_normal((4, 3, 2, 5)).astype(np.float32)
    expected = hashlib.sha256(latents.tobytes()).hexdigest()
    for same in (latents, np.asfortranarray(latents), latents.astype(">f4"), latents[:, ::-1].copy()[:, ::-1]):
        assert result_of(same).latents_sha256 == expected


def test_a_hash_sees_the_smallest_change():
    latents = np.zeros((4, 3, 2, 5), np.float32)
    changed = latents.copy()
    changed[3, 2, 1, 4] = np.nextafter(np.float32(0), np.float32(1))
    assert result_of(changed).latents_sha256 != result_of(latents).latents_sha256


@pytest.mark.parametrize(("num_latents", "frames"), [(1, 1), (2, 5), (9, 33), (25, 97), (30, 117)])
def test_latents_decode_to_four_frames_each_but_the_first(num_latents, frames):
    assert num_frames(num_latents) == frames
