"""Settings that a world declares: what they may be, and that their values are plain, hashable and whole."""

from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from engine.settings import (
    LARGEST,
    Settings,
    SettingSpec,
    changed_settings,
    default_settings,
    evaluations_per_step,
    find_spec,
    num_steps,
    spec_of_dict,
    spec_to_dict,
    usable_changes,
    with_defaults,
)

WIND = SettingSpec(
    name="wind",
    label="Wind",
    kind="number",
    default=0.0,
    minimum=-1.0,
    maximum=1.0,
    unit="m/s",
    help="From the left",
    can_have_keys=True,
    free_values=(0.0,),
)
LEAVES = SettingSpec(name="leaves", label="Leaves", kind="integer", default=3, minimum=1, aliases=("leaf",))
WEATHER = SettingSpec(name="weather", label="Weather", kind="choice", default="sun", choices=("sun", "rain", "snow"))
FROST = SettingSpec(name="frost", label="Frost", kind="switch", default=False)
SIGN = SettingSpec(name="sign", label="Sign", kind="text", default="", affects_latents=False, needs_text=True)
SPECS = (WIND, LEAVES, WEATHER, FROST, SIGN)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"wind": 1.1}, "wind must be a number from -1 up to 1, got 1.1"),
        ({"wind": -2}, "wind must be a number from -1 up to 1, got -2"),
        ({"wind": "strong"}, "wind must be a finite number, got 'strong'"),
        ({"wind": math.nan}, "wind must be a finite number, got nan"),
        ({"wind": True}, "wind must be a finite number, got True"),
        ({"leaves": 0}, "leaves must be a whole number from 1, got 0"),
        ({"leaves": 2.0}, "leaves must be a whole number from 1, got 2.0"),
        ({"leaves": True}, "leaves must be a whole number from 1, got True"),
        ({"leaves": 10**9}, "leaves must be a finite number"),
        ({"weather": "fog"}, "weather must be sun, rain or snow, got 'fog'"),
        ({"weather": ["sun"]}, "weather must be sun, rain or snow"),
        ({"frost": 1}, "frost is true or false, got 1"),
        ({"sign": 3}, "sign is text, got 3"),
        ({"tide": 3, "wind": 0}, "unknown sampling setting tide; there are frost, leaves, sign, weather, wind"),
    ],
)
def test_a_value_out_of_range_is_refused_with_what_there_may_be(changes, words):
    with pytest.raises(ValueError, match=words):
        changed_settings(SPECS, default_settings(SPECS), changes)


def test_limits_that_are_left_out_are_refused_and_missed_by_a_form():
    spec = replace(WIND, is_open_below=True, is_open_above=True, step=0.1)
    for value in (-1.0, 1.0):
        with pytest.raises(ValueError, match="from -1, not that itself, up to 1, not that itself"):
            spec.checked(value)
    assert spec.limits == (-0.9, 0.9)
    assert WIND.limits == (-1, 1)
    assert LEAVES.limits == (1, LARGEST)
    assert replace(WIND, usual=(-0.5, 0.5)).slider == (-0.5, 0.5)


def test_a_rule_of_its_own_begins_the_error():
    spec = replace(WIND, rule="nobody has such a wind")
    with pytest.raises(ValueError, match=r"^nobody has such a wind, got 3$"):
        spec.checked(3)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("wind", "0.5", 0.5), ("leaves", "7", 7), ("weather", "rain", "rain"), ("frost", "on", True), ("sign", "3", "3")],
)
def test_a_text_of_the_command_line_becomes_a_value_of_its_kind(name, text, value):
    spec = find_spec(SPECS, name)
    found = spec.cast(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("name", "text"), [("wind", "strong"), ("leaves", "2.5"), ("frost", "maybe")])
def test_a_text_that_is_no_such_value_is_refused(name, text):
    with pytest.raises(ValueError, match=f"got '{text}'"):
        find_spec(SPECS, name).cast(text)


def test_numbers_of_numpy_become_plain_ones():
    made = changed_settings(SPECS, Settings(), {"wind": np.float32(0.5), "leaves": np.int64(4)})
    assert (type(made["wind"]), type(made["leaves"])) == (float, int)
    assert json.loads(json.dumps(dict(made))) == {"leaves": 4, "wind": 0.5}


def test_values_are_equal_and_hash_alike_whatever_their_order():
    one, other = Settings({"wind": 0.5, "frost": True}), Settings((("frost", True), ("wind", 0.5)))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Settings({"wind": 0.5})
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    assert not hasattr(one, "__dict__")
    with pytest.raises(TypeError):
        one["wind"] = 1.0


def test_only_plain_values_go_in():
    for value in ([1], None, math.inf):
        with pytest.raises(ValueError, match="the setting wind is a number, a text or true or false"):
            Settings({"wind": value})


def test_changes_leave_the_original_and_the_others_alone():
    before = default_settings(SPECS)
    after = changed_settings(SPECS, before, {"wind": 1})
    assert before["wind"] == 0
    assert dict(after) == {**before, "wind": 1}


def test_what_another_world_wants_is_passed_over_but_not_refused():
    assert usable_changes(SPECS, {"wind": 0.5, "guidance": 2.0, "leaves": -3}) == {"wind": 0.5}


def test_defaults_of_one_world_replace_those_of_its_kind():
    changed = with_defaults(SPECS, {"wind": 0.25})
    assert default_settings(changed)["wind"] == 0.25
    assert changed[1:] == SPECS[1:]
    with pytest.raises(ValueError, match="wind must be"):
        with_defaults(SPECS, {"wind": 5})
    with pytest.raises(ValueError, match="unknown sampling setting tide"):
        with_defaults(SPECS, {"tide": 5})


def test_a_name_or_an_alias_finds_a_setting():
    assert find_spec(SPECS, "leaf") is LEAVES
    assert find_spec(SPECS, "leaves") is LEAVES
    assert find_spec(SPECS, "leave") is None


def test_steps_and_evaluations_are_counted_by_what_the_specs_say():
    settings = default_settings(SPECS)
    assert num_steps(SPECS, settings) == 1
    assert num_steps((WIND, replace(LEAVES, counts_steps=True)), settings) == 3
    assert evaluations_per_step(SPECS, settings, has_text=True) == 1
    assert evaluations_per_step(SPECS, Settings({**settings, "wind": 0.5}), has_text=True) == 2
    of_text = (replace(WIND, needs_text=True),)
    assert evaluations_per_step(of_text, Settings({"wind": 0.5}), has_text=False) == 1


def test_a_slider_gives_whole_numbers_where_these_are_meant_and_stays_within():
    assert LEAVES.rounded(4.6) == 5
    assert type(LEAVES.rounded(4.6)) is int
    assert WIND.rounded(7.0) == 1.0


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_comes_back_from_json(spec):
    content = json.loads(json.dumps(spec_to_dict(spec)))
    assert spec_of_dict(content) == spec
    assert spec_of_dict({**content, "of_a_later_version": [1]}) == spec


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Big Wind"}, "lower-case words"),
        ({"default": 2.0}, "wind must be a number"),
        ({"choices": ("a",)}, "needs choices exactly where it is one"),
        ({"kind": "choice", "default": "a"}, "needs choices exactly where it is one"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(WIND, **changes)
