"""Files of every format, written independently after their layouts, are read by the command as their known poses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astra_studio.cli import main
from engine.trajectories.formats.registry import FORMATS
from tests.engine.trajectories.formats.layouts import SAMPLES, a_walk

every = pytest.mark.parametrize("name", SAMPLES)


def shown(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> dict[str, Any]:
    assert main(["trajectory", "show", str(path), "--json", *options]) == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


@every
def test_its_poses_times_and_rows_are_the_known_ones(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    walk = a_walk()
    sample = SAMPLES[name](walk)
    content = shown(capsys, sample.put(tmp_path), *sample.options)
    held = sample.walk or walk
    expected, found, times = held.c2w, np.array(content["c2w"]), np.array(content["times"])
    if sample.is_relative:
        expected, found = np.linalg.inv(expected[0]) @ expected, np.linalg.inv(found[0]) @ found
    assert content["format"] == sample.format
    assert len(content["because"]) > 10
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=0, atol=sample.atol)
    assert np.allclose(np.linalg.det(found[:, :3, :3]), 1)
    assert np.allclose(times - times[0], held.times - held.times[0], atol=1e-5)
    assert content["fps"] == pytest.approx((len(times) - 1) / (held.times[-1] - held.times[0]), rel=1e-4)
    extrinsics = np.linalg.inv(held.c2w if len(held.times) == 4 else held.c2w[::4])
    moves = (extrinsics[1:] @ np.linalg.inv(extrinsics[:-1]))[:, :3].reshape(-1, 12)
    assert np.allclose(np.array(content["rows"]), moves, rtol=0, atol=max(2e-6, 3 * sample.atol))


@every
def test_it_can_be_said_what_it_is(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sample = SAMPLES[name](a_walk())
    path = sample.put(tmp_path)
    found = shown(capsys, path, *sample.options)
    said = shown(capsys, path, *sample.options, "--from", sample.format)
    assert said["c2w"] == found["c2w"]
    assert said["because"] != found["because"]


def test_there_are_files_of_every_format():
    # USD's are in test_usd: each is read by a process of its own.
    assert {SAMPLES[name](a_walk()).format for name in SAMPLES} == set(FORMATS) - {"usd"}


def test_all_of_recammaster_has_its_frames_in_the_order_of_their_numbers(tmp_path, capsys):
    """81 frames, as the data set has: frame10 lies behind frame1 in the file, and is the eleventh."""
    walk = a_walk(81)
    sample = SAMPLES["recammaster"](walk)
    found = np.array(shown(capsys, sample.put(tmp_path))["c2w"])
    assert np.allclose(np.linalg.inv(found[0]) @ found, np.linalg.inv(walk.c2w[0]) @ walk.c2w)
