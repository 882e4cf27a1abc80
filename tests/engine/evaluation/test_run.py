from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.evaluation.report import FORMAT, as_text, write_evaluation
from engine.evaluation.run import evaluate
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.strip import COLUMNS, draw_strip
from tests.builders import DATA
from tests.engine.evaluation.worlds import small_fake

SETTINGS = EvaluationSettings(num_starts=1, num_seeds=1, num_timings=1)
PHOTOGRAPHS = DATA / "photographs"


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(small_fake(), PHOTOGRAPHS, SETTINGS)


@pytest.fixture(scope="module")
def folder(evaluation, tmp_path_factory):
    made = tmp_path_factory.mktemp("evaluation") / "new"
    write_evaluation(evaluation, made)
    return made


def test_all_files_are_written_and_nothing_else(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["evaluation.json", "evaluation.md", "strip.png"]


def test_the_numbers_come_with_all_that_decides_them(folder):
    content = json.loads((folder / "evaluation.json").read_text())
    assert content["format"] == FORMAT
    assert content["world"]["fingerprint"] == "fake-1"
    assert content["settings"]["num_starts"] == 1
    assert content["starts"] == {"photographs": ["beacon_street_sunset"], "scenes": ["picture scene 0"]}
    assert {"python", "torch", "numpy"} <= content["versions"].keys()
    yaw = content["figures"]["following.scenes.yaw.right"]
    assert yaw["value"] == 1
    assert yaw["interval_95"] == [1, 1]
    assert (yaw["num_samples"], yaw["num_groups"]) == (2, 1)
    assert yaw["target"] == {
        "cpu_trained": 0.98,
        "gpu_trained": 0.99,
        "is_least": True,
        "cpu_met": True,
        "gpu_met": True,
    }
    seconds = content["figures"]["speed.fast.seconds"]["target"]
    assert (seconds["cpu_trained"], seconds["gpu_trained"], seconds["is_least"]) == (0.5, 1.5, False)


def test_every_asked_measure_is_there(evaluation):
    keys = {figure.key for figure in evaluation.figures}
    for name in ("scenes", "photographs"):
        for axis in ("yaw", "strafe", "forward", "pitch"):
            assert {f"following.{name}.{axis}.{what}" for what in ("right", "gain", "correlation")} <= keys
            for control in ("truth", "copy", "soft", "shuffled", "none", "warp", "pan", "weak_pan"):
                assert f"controls.{control}.{name}.{axis}.right" in keys
        for answer in ("world", "truth", "warp", "pan", "weak_pan"):
            whats = ("gain_error", "cross_talk", "parallax", "revealed")
            assert {f"beyond.{name}.{answer}.{what}" for what in whats} <= keys
        assert f"following.{name}.yaw.random_correlation" in keys
        assert f"following.{name}.forward.random_correlation" in keys
        assert f"following.{name}.still" in keys
    assert {"likeness.scenes.frame_32.above_copy", "likeness.scenes.frame_64.above_copy"} <= keys
    assert {f"long.photographs.chunk_{k}.{what}" for k in (1, 2, 4) for what in ("right", "sharpness")} <= keys
    assert {"speed.default.seconds", "speed.fast.seconds"} <= keys


def test_the_text_sets_values_beside_targets_and_tells_what_is_missing(folder):
    text = (folder / "evaluation.md").read_text()
    assert "| yaw: right direction | **1.000** | 1.000 to 1.000 | 2 in 1 | at least 0.98: met |" in text
    assert "at most 0.5: met" in text
    assert "Few starts" in text
    assert "this world has no files, and so no network to load" in text


def test_the_table_shows_what_a_weak_pan_lacks(evaluation):
    values = {figure.key: figure.measure.value for figure in evaluation.figures}
    for axis in ("yaw", "strafe", "forward", "pitch"):
        assert values[f"controls.weak_pan.scenes.{axis}.right"] == 1
    assert values["beyond.scenes.truth.gain_error"] == 0
    assert values["beyond.scenes.weak_pan.gain_error"] > 0.6
    assert values["beyond.scenes.weak_pan.cross_talk"] > 0.5
    assert abs(values["beyond.scenes.weak_pan.parallax"]) < 0.2
    assert values["beyond.scenes.truth.parallax"] == pytest.approx(1)
    assert values["beyond.scenes.truth.revealed"] == 60
    text = as_text(evaluation)
    assert "| the same at 20 % strength | scenes |" in text.split("## Controls")[0]
    assert "| target | | at most 0.08 | at most 0.1 |  |  |" in text


def test_a_missed_target_is_marked(evaluation):
    bad = tuple(
        replace(figure, measure=replace(figure.measure, value=0.5)) if figure.key.endswith("yaw.right") else figure
        for figure in evaluation.figures
    )
    assert "at least 0.98: **missed**" in as_text(replace(evaluation, figures=bad))


def test_the_strip_has_a_row_per_photograph_and_two_per_scene(folder):
    with Image.open(folder / "strip.png") as strip:
        assert strip.height == 22 + 3 * (128 + 6)
        assert strip.width == 150 + len(COLUMNS) * (224 + 6)


def test_the_same_evaluation_gives_the_same_numbers(evaluation):
    told = []
    again = evaluate(
        small_fake(), PHOTOGRAPHS, SETTINGS, on_progress=lambda what, done, total: told.append((what, done, total))
    )
    for one, other in zip(evaluation.figures, again.figures, strict=True):
        assert one == other or one.key.startswith("speed.")
    assert np.array_equal(evaluation.strip, again.strip)
    assert told[:2] == [("following, scenes", 0, 1), ("following, scenes", 1, 1)]


def test_a_world_without_camera_actions_is_refused():
    world = small_fake()
    world.info = replace(world.info, modalities=("driving",))
    with pytest.raises(ValueError, match="by camera actions; fake knows driving only"):
        evaluate(world, PHOTOGRAPHS, SETTINGS)


def test_a_strip_without_rows_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        draw_strip([])
