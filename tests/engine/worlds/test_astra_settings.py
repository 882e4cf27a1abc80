"""Settings of Astra worlds: what they may be, with the words of before they were declared."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest

from engine.worlds.astra_settings import ASTRA_PRESETS, ASTRA_SETTINGS, AstraSettings
from tests.settings_builders import astra_settings


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
        astra_settings(**changes)


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
    assert astra_settings(**changes)[name] == value


def test_the_defaults_are_those_of_the_released_model():
    defaults = AstraSettings.of(astra_settings())
    assert defaults == AstraSettings()
    assert (defaults.num_steps, defaults.shift, defaults.guidance, defaults.history_noise) == (50, 5.0, 2.0, 0.0)


def test_every_typed_setting_is_declared_and_every_declared_one_typed():
    assert {spec.name for spec in ASTRA_SETTINGS} == {field.name for field in fields(AstraSettings)}


def test_the_typed_form_has_what_was_set():
    typed = AstraSettings.of(astra_settings(num_steps=7, solver="unipc", guidance=1.0))
    assert typed == AstraSettings(num_steps=7, solver="unipc", guidance=1.0)


def test_presets_are_of_settings_that_there_are():
    for preset in ASTRA_PRESETS:
        astra_settings(**dict(preset.changes))


def test_an_unknown_setting_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match=r"unknown sampling setting cfg, stepz; there are guidance,.*solver") as caught:
        astra_settings(stepz=3, cfg=1, shift=5)
    assert all(spec.name in str(caught.value) for spec in ASTRA_SETTINGS)
