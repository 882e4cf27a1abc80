"""Damaged camera files: each is refused with its name, the place and the reason, or read as poses that are sound."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astra_studio.cli import main
from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import Reading, read_trajectory
from engine.trajectories.sampling import actions
from tests.engine.trajectories.formats import damage
from tests.engine.trajectories.formats.layouts import SAMPLES, Sample

every = pytest.mark.parametrize("name", SAMPLES)

PLACE = re.compile(
    r"\b(line|pose|frame|key|key frame|tick|camera|record|accessor|row|byte|sensor) ?\d+|\bthe key at [\d.]+ s"
    r'|"[\w/]+"|\bthe (translation|rotation|times) of\b|\bthe array\b|frame\d+'
)
"""What says where in a file something is wrong."""


def read(sample: Sample, folder: Path) -> Reading:
    return read_trajectory(sample.put(folder), options(sample), clock=ASTRA_CLOCK)


def options(sample: Sample) -> Overrides:
    """Those of the command line."""
    pairs = dict(zip(sample.options[::2], sample.options[1::2], strict=True))
    given: dict[str, Any] = {key[2:]: value for key, value in pairs.items()}
    for key in ("fps", "scale"):
        if key in given:
            given[key] = float(given[key])
    if "euler" in given:
        given["euler"] = given["euler"].lower()
    return Overrides(**given)


def refusal(sample: Sample, folder: Path) -> str:
    with pytest.raises(TrajectoryError) as caught:
        read(sample, folder)
    message = str(caught.value)
    assert len(message) < 900
    return message


def assert_sound(reading: Reading) -> None:
    """Its poses are rigid, its times rise, and rows can be made of it."""
    recording = reading.recording
    rotations = recording.c2w[:, :3, :3]
    assert np.isfinite(recording.c2w).all()
    assert np.allclose(np.swapaxes(rotations, 1, 2) @ rotations, np.eye(3), atol=1e-6)
    assert np.allclose(np.linalg.det(rotations), 1)
    assert (np.diff(recording.times) > 0).all()
    assert 0 < recording.fps < float("inf")
    track = recording.track or actions(recording, clock=ASTRA_CLOCK)
    assert np.isfinite(track.rows).all()


@every
def test_a_camera_that_cannot_be_is_refused_with_its_place(name: str, tmp_path: Path):
    kinds = []
    for kind, sample in damage.camera_damages(name):
        message = refusal(sample, tmp_path)
        if kind == "a single pose":
            assert "a single pose" in message or "needs at least" in message
        elif kind != "a clock of another world":
            assert PLACE.search(message), f"{kind}: {message}"
        kinds.append(kind)
    assert len(kinds) >= 3


@every
def test_what_is_no_camera_file_is_refused_with_its_name(name: str, tmp_path: Path):
    for kind, sample in damage.byte_damages(name):
        message = refusal(sample, tmp_path)
        assert any(Path(file).name in message for file in sample.files) or "images.txt" in message, f"{kind}: {message}"


@every
def test_a_wrong_line_is_refused_with_its_number(name: str, tmp_path: Path):
    for kind, sample in damage.line_damages(name):
        assert re.search(r"line \d+", refusal(sample, tmp_path)), kind


@every
def test_a_file_that_ends_too_early_is_refused_or_shorter(name: str, tmp_path: Path):
    for size, sample in damage.cuts(name):
        try:
            reading = read(sample, tmp_path)
        except TrajectoryError as error:
            assert str(error)  # noqa: PT017  # most, but not all, cuts are seen
        else:
            assert damage.is_text(sample), size
            assert not damage.is_json(sample), size
            assert_sound(reading)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for name in ("tum", "gltf_binary", "npy", "nuscenes") for kind in [*damage.BYTES, *damage.WALKS]],
)
def test_the_command_answers_with_a_sentence(kind: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    damaged = dict([*damage.byte_damages(name), *damage.camera_damages(name)])
    if kind not in damaged:
        return
    for what in (["show"], ["show", "--json"], ["plot"], ["convert"]):
        out = [str(tmp_path / "out.png")] if what in (["plot"], ["convert"]) else []
        extra = ["--to", "tum"] if what == ["convert"] else []
        code = main(["trajectory", what[0], str(damaged[kind].put(tmp_path)), *out, *what[1:], *extra])
        captured = capsys.readouterr()
        assert code == 1
        assert "The trajectory cannot be read." in captured.err
        assert not captured.out
        assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("name", [name for name in SAMPLES if damage.is_json(SAMPLES[name](damage.a_walk()))])
def test_no_wrong_value_in_json_is_more_than_an_error(name: str, tmp_path: Path):
    good = SAMPLES[name](damage.a_walk())
    whole = json.dumps(damage.content_of(good))
    values: list[Any] = [None, "x", "", -1, 0, 1e308, True, [], {}, [1], [[]], {"a": 1}, 10**400, "inf", 2**63, [None]]
    rng = np.random.default_rng(len(whole))
    for _ in range(16):
        content = json.loads(whole)
        place: Any = content
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = keys[rng.integers(len(keys))]
            if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.2:
                break
            place = place[key]
        place[key] = values[rng.integers(len(values))]
        text = json.dumps(content).encode()
        try:
            reading = read(damage.with_content(good, lambda _, text=text: text), tmp_path)
        except TrajectoryError as error:
            assert str(error)  # noqa: PT017  # most, but not all, wrong values are told
        else:
            assert_sound(reading)
