"""world.json: what it may say, and how a wrong one is answered."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from engine.worlds.astra_settings import AstraSettings
from engine.worlds.config import FILE_NAME, WorldConfig, load_world_config


def stored(folder: Path, content: Any) -> Path:
    if isinstance(content, bytes):
        (folder / FILE_NAME).write_bytes(content)
    else:
        (folder / FILE_NAME).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def refusal(folder: Path, content: Any) -> str:
    with pytest.raises(ValueError, match=r"world\.json") as caught:
        load_world_config(stored(folder, content), "tiny")
    message = str(caught.value)
    assert str(folder) in message
    return message


def test_without_a_file_it_is_the_released_model_under_the_folders_name(tmp_path):
    assert load_world_config(tmp_path, "tiny") == WorldConfig(name="tiny")
    assert asdict(WorldConfig()) == {
        "name": "Astra",
        "width": 832,
        "height": 480,
        "fps": 20,
        "latents_per_chunk": 8,
        "trained_speed": 0.03,
        "trained_turn": 0.03,
        "num_heads": None,
        "rounds_actions": True,
        "row_encoding": "rows",
        "licence": "",
        "detail": "off",
        "defaults": asdict(AstraSettings()),
    }


def test_an_empty_object_is_the_released_model(tmp_path):
    assert load_world_config(stored(tmp_path, {}), "tiny") == WorldConfig()


def test_everything_that_it_may_say_is_read(tmp_path):
    content = {
        "name": "Städtchen",
        "width": 112,
        "height": 64,
        "fps": 10,
        "latents_per_chunk": 4,
        "trained_speed": 0.1,
        "trained_turn": 0.02,
        "num_heads": 2,
        "rounds_actions": False,
        "row_encoding": "rows+pose",
        "licence": "MIT",
        "detail": "auto",
        "defaults": {"num_steps": 8, "guidance": 1.5, "solver": "unipc"},
    }
    config = load_world_config(stored(tmp_path, content), "tiny")
    assert asdict(config) == {**content, "defaults": {**asdict(AstraSettings()), **content["defaults"]}}


def test_the_kind_may_be_said_and_changes_nothing_that_comes_out(tmp_path):
    assert load_world_config(stored(tmp_path, {"kind": "astra"}), "tiny") == WorldConfig()


def test_no_number_of_heads_may_be_said(tmp_path):
    assert load_world_config(stored(tmp_path, {"num_heads": None}), "tiny").num_heads is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not readable as JSON"),
        (b"\xff\xfe", "not readable as JSON"),
        ('{"name": "tiny"', "not readable as JSON"),
        ("[" * 100_000, "not readable as JSON"),
        ([], "one JSON object, it holds a list"),
        (None, "one JSON object, it holds a NoneType"),
        ({"widht": 832, "name": "a"}, "unknown entries widht; known are defaults, detail, fps"),
        ({"width": 0}, "width in .* must be a positive whole number, got 0"),
        ({"height": -480}, "height in .* got -480"),
        ({"width": 832.0}, "width in .* got 832.0"),
        ({"fps": "20"}, "fps in .* got '20'"),
        ({"latents_per_chunk": None}, "latents_per_chunk in .* got None"),
        ({"width": True}, "width in .* got True"),
        ('{"height": NaN}', "height in .* got nan"),
        ({"num_heads": 0}, "num_heads in .* or null, got 0"),
        ({"num_heads": "12"}, "num_heads in .* got '12'"),
        ({"rounds_actions": "no"}, "rounds_actions in .* must be true or false, got 'no'"),
        ({"rounds_actions": 0}, "rounds_actions in .* got 0"),
        ({"row_encoding": "poses"}, "row_encoding in .* must be one of rows, rows\\+pose, got 'poses'"),
        ({"row_encoding": ["rows"]}, "row_encoding in .* must be one of"),
        ({"name": 5}, "name in .* must be a text, got 5"),
        ({"licence": ["MIT"]}, "licence in .* must be a text"),
        ({"detail": True}, "detail in .* must be auto, on or off"),
        ({"defaults": 8}, "defaults in .* must be an object of sampling settings, got 8"),
        ({"defaults": None}, "defaults in .* got None"),
        ({"defaults": {"steps": 8}}, "defaults in .*unknown sampling setting steps"),
        ({"defaults": {"num_steps": 0}}, "defaults in .*denoising steps"),
        ({"defaults": {"num_steps": "8"}}, "defaults in .*denoising steps"),
        ({"defaults": {"shift": "5"}}, "defaults in .*shift must be a finite number"),
        ('{"defaults": {"guidance": NaN}}', "defaults in .*guidance must be a finite number"),
        ('{"defaults": {"shift": Infinity}}', "defaults in .*shift must be a finite number"),
    ],
)
def test_a_wrong_file_is_refused_with_its_path_the_entry_and_the_value(tmp_path, content, words):
    message = refusal(tmp_path, content)
    assert re.search(words, message), message


def test_a_folder_in_its_place_is_refused(tmp_path):
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ValueError, match=r"world.json is not readable"):
        load_world_config(tmp_path, "tiny")
