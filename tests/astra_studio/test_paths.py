"""Where things lie, and that the user may move it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from astra_studio import paths

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a frozen program."""
    root = tmp_path / "bundle"
    root.mkdir()
    monkeypatch.setattr(sys, "_MEIPASS", str(root), raising=False)
    return root


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASTRA_STUDIO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_users_data_lies_in_the_home_that_the_variable_names(home):
    assert paths.user_data() == home / "data"


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_it_lies_where_the_system_keeps_data(monkeypatch, tmp_path, value):
    monkeypatch.delenv("ASTRA_STUDIO_HOME")
    if value is not None:
        monkeypatch.setenv("ASTRA_STUDIO_HOME", value)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.user_data().name == "AstraStudio"
    assert tmp_path in paths.user_data().parents


def test_asking_makes_no_folder(home):
    paths.user_data()
    paths.world_catalogue()
    assert not home.exists()


def test_assets_lie_beside_the_packages():
    assert paths.assets() == ROOT / "assets"
    assert paths.assets().is_dir()


def test_assets_of_a_frozen_program_lie_in_its_bundle(bundle):
    assert paths.assets() == bundle / "assets"


def test_without_worlds_the_catalogue_is_empty(home, bundle):
    assert paths.world_catalogue() == {}


def test_the_catalogue_has_bundled_and_own_worlds_and_own_ones_win(home, bundle):
    for folder in (bundle / "assets" / "models", home / "data" / "worlds"):
        (folder / "small-astra").mkdir(parents=True)
        (folder / "notes.txt").write_text("no world")
    (home / "data" / "worlds" / "mine").mkdir()
    (bundle / "assets" / "models" / "theirs").mkdir()
    assert paths.world_catalogue() == {
        "small-astra": home / "data" / "worlds" / "small-astra",
        "theirs": bundle / "assets" / "models" / "theirs",
        "mine": home / "data" / "worlds" / "mine",
    }
