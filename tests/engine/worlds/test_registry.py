"""The names under which worlds are opened; torch stays away until a world needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.worlds import registry
from engine.worlds.fake import FakeWorld
from engine.worlds.registry import open_world

ROOT = Path(__file__).parents[3]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path | None, str]]:
    """What was opened as an Astra world, in place of opening it."""
    asked: list[tuple[Path | None, str]] = []

    def open_instead(place: Path | None, device: str) -> FakeWorld:
        asked.append((place, device))
        return FakeWorld()

    monkeypatch.setitem(registry.KINDS, "astra", open_instead)
    return asked


def test_importing_it_and_opening_the_fake_world_imports_no_torch():
    program = (
        "import sys; from engine.worlds.registry import open_world; import engine.rollout; open_world('fake', {});"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'PySide6') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_fake_world_has_a_name():
    assert open_world("fake", {}).info.name == "fake"


def test_a_name_of_the_catalogue_opens_its_place(opened, tmp_path):
    open_world("small", {"small": tmp_path, "other": tmp_path / "other"}, "cpu")
    assert opened == [(tmp_path, "cpu")]


def test_a_name_of_the_catalogue_comes_before_a_kind_and_a_folder(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    open_world("small", {"small": tmp_path / "catalogue"})
    open_world("fake", {"fake": tmp_path / "catalogue"})
    assert [place for place, _ in opened] == [tmp_path / "catalogue"] * 2


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_place_is_opened_as_an_astra_world(opened, tmp_path, kind):
    place = tmp_path / "world"
    if kind == "folder":
        place.mkdir()
    else:
        place.touch()
    open_world(str(place), {})
    assert opened == [(place, "auto")]


def test_a_tilde_is_the_home_folder(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "world").mkdir()
    open_world("~/world", {})
    assert opened == [(tmp_path / "world", "auto")]


@pytest.mark.parametrize("spec", ["nowhere", "", "no/such/folder", "a\0b", "~nobody-of-that-name/world"])
def test_what_is_no_world_is_answered_with_those_that_exist(opened, spec):
    with pytest.raises(ValueError, match=r"there is no world .*\(astra-1, small, fake\) nor a folder or file"):
        open_world(spec, {"small": Path("a"), "astra-1": Path("b")})
    assert opened == []
