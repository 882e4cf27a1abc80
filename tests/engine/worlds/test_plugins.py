"""Kinds of worlds that another package brings: found where it is installed, opened by the program as any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin_package import install_package, write_pebble

ROOT = Path(__file__).parents[3]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return install_package(tmp_path / "site")


def run(site: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])},
        capture_output=True,
        text=True,
        check=False,
    )


def render(site: Path, world: object, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run(
        site,
        *("-m", "astra_studio.cli", "render", "--image", ROOT / "assets/pictures/meadow.jpg", "--trajectory", "w-8"),
        *("--world", world, "--out", out / "a.mp4", "--report", out / "a.json"),
        *more,
    )


def test_the_program_renders_a_world_of_another_package(site, tmp_path):
    done = render(site, write_pebble(tmp_path / "shore"), tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["world"]["name"] == "grey pebble"
    assert report["world"]["fingerprint"] == "pebble-grey"
    assert (tmp_path / "a.mp4").stat().st_size > 1000


def test_without_the_package_nobody_recognises_its_worlds(tmp_path):
    done = render(tmp_path, write_pebble(tmp_path / "shore"), tmp_path)
    assert done.returncode == 1
    assert "no kind of world recognises" in " ".join(done.stderr.split()).lower()


def test_a_broken_kind_is_one_clear_sentence(site, tmp_path):
    done = render(site, "broken", tmp_path)
    assert done.returncode == 1
    words = " ".join(done.stderr.split())
    reason = "RuntimeError: needs a library that is not here"
    assert f"kind of world 'broken' of the package pebble-worlds cannot be used: {reason}" in words
    assert "Traceback" not in words


def test_it_takes_no_other_kind_down(site):
    program = (
        "from engine.worlds.registry import find_kinds, open_world; found = find_kinds();"
        "print(open_world('fake', {}).info.name, 'pebble' in found.kinds, list(found.problems))"
    )
    done = run(site, "-c", program)
    assert done.stdout.strip() == "fake True ['broken']", done.stderr


def test_its_settings_are_options_and_stand_in_the_report(site, tmp_path):
    world = write_pebble(tmp_path / "shore")
    done = render(site, world, tmp_path, "--wind", "0.5", "--set", "weather=rain")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["settings"].items() >= {"passes": 4, "weather": "rain", "wind": 0.5}.items()
    assert "guidance" not in report["settings"]
    assert "1 chunks of 4 steps" in done.stderr
    assert "blows from the left" in run(site, "-m", "astra_studio.cli", "render", "--help").stdout


def test_a_setting_of_another_kind_is_refused_with_those_of_this_one(site, tmp_path):
    done = render(site, write_pebble(tmp_path / "shore"), tmp_path, "--guidance", "2")
    assert done.returncode == 1
    there = "detail, flat, passes, refresh, size, unseen, weather, wind"
    assert f"has no setting guidance; there are {there}" in " ".join(done.stderr.split())
