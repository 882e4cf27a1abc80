"""Kinds of worlds, and what opens under which name; torch stays away until a world needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.worlds import registry
from engine.worlds.detail_settings import detail_settings
from engine.worlds.detailed import DetailedWorld
from engine.worlds.fake import FakeWorld
from engine.worlds.kind import WorldRequirements
from engine.worlds.location import WorldLocation, open_location
from engine.worlds.protocol import WorldModel
from engine.worlds.registry import every_setting, find_kinds, kind_named, kind_of, open_world, resolve_world
from tests.settings_builders import WINDY

ROOT = Path(__file__).parents[3]


class RecordingKind:
    """A kind whose folders hold a file of its name, and which notes what it is asked to open."""

    layout = "a file of its name"
    settings = WINDY
    presets = ()

    def __init__(self, name: str) -> None:
        self.name = name
        self.opened: list[tuple[str, str]] = []

    def recognise(self, path: Path) -> bool:
        return path.is_file() or (path / self.name).exists()

    def requirements(self, location: str) -> WorldRequirements:
        return WorldRequirements()

    def open(self, location: str, device: str) -> WorldModel:
        self.opened.append((location, device))
        return FakeWorld()


STONE, WATER = RecordingKind("stone"), RecordingKind("water")
THING = 7


class Faulty:
    def __init__(self) -> None:
        raise RuntimeError("its library is too old")


UseKinds = Callable[[dict[str, str]], None]


@pytest.fixture
def use_kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[UseKinds]:
    """Replaces the kinds of the program by others of this module."""

    def use(built_in: dict[str, str]) -> None:
        monkeypatch.setattr(registry, "BUILT_IN", {name: f"{__name__}:{part}" for name, part in built_in.items()})
        find_kinds.cache_clear()

    STONE.opened.clear()
    WATER.opened.clear()
    yield use
    monkeypatch.undo()
    find_kinds.cache_clear()


@pytest.fixture
def stone(use_kinds: UseKinds) -> RecordingKind:
    use_kinds({"stone": "STONE", "water": "WATER"})
    return STONE


def world_folder(folder: Path, *kinds: str, **config: object) -> Path:
    folder.mkdir(parents=True)
    for name in kinds:
        (folder / name).touch()
    if config:
        (folder / "world.json").write_text(json.dumps(config))
    return folder


def test_listing_recognising_and_opening_the_fake_world_imports_no_torch():
    program = (
        "import sys; from pathlib import Path; from engine.worlds.registry import find_kinds, kind_of, open_world;"
        "import engine.worlds.location, engine.rollout; open_world('fake', {});"
        "assert find_kinds().problems == {}; kind = kind_of(Path('assets/models/small-astra'));"
        "kind.requirements('assets/models/small-astra');"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'PySide6') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_kind_of_the_program_can_be_used():
    found = find_kinds()
    assert list(found.kinds)[: len(registry.BUILT_IN)] == list(registry.BUILT_IN)
    assert not set(found.problems) & set(registry.BUILT_IN)


def test_settings_of_all_kinds_are_known_once_each_without_a_world(stone: RecordingKind) -> None:
    assert every_setting() == (*WINDY, *detail_settings()), "two kinds declare the same"


# ---------------------------------------------------------------------- names


def test_a_kind_without_files_is_opened_by_its_name():
    assert open_world("fake", {}).info.name == "fake"
    meant = resolve_world("fake", {})
    world = meant.kind.open(meant.location, "cpu")
    assert isinstance(world, FakeWorld)
    assert world.seconds_per_chunk == 0


def test_every_world_that_is_opened_can_show_detail():
    world = open_world("fake", {})
    assert isinstance(world, DetailedWorld)
    assert world.info.settings[-5:] == detail_settings()


def test_what_follows_the_colon_is_for_the_kind():
    meant = resolve_world("fake:0.4", {})
    world = meant.kind.open(meant.location, "cpu")
    assert isinstance(world, FakeWorld)
    assert world.seconds_per_chunk == 0.4


@pytest.mark.parametrize("location", ["soon", "-1", "nan", "inf"])
def test_seconds_that_are_none_are_refused(location):
    with pytest.raises(ValueError, match=r"fake:.* is no fake world.*as in fake:0\.4"):
        open_world(f"fake:{location}", {})


def test_a_location_is_opened_in_full(stone, tmp_path):
    place = world_folder(tmp_path / "a", "stone")
    open_location(WorldLocation(spec="it", catalogue=(("it", str(place)),), device="cuda:1"))
    assert stone.opened == [(str(place), "cuda:1")]


def test_a_name_of_the_catalogue_opens_its_place(stone, tmp_path):
    place = world_folder(tmp_path / "a", "stone")
    open_world("small", {"small": place, "other": tmp_path / "other"}, "cpu")
    assert stone.opened == [(str(place), "cpu")]


def test_a_name_of_the_catalogue_comes_before_a_kind_and_a_folder(stone, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = world_folder(tmp_path / "catalogue", "stone")
    (tmp_path / "small").mkdir()
    for name in ("small", "water"):
        assert resolve_world(name, {name: place}).path == place


def test_a_kind_with_files_is_named_with_them(stone, tmp_path):
    """So that a folder which it would not recognise is opened by it all the same."""
    open_world(f"stone:{tmp_path}", {}, "cpu")
    assert stone.opened == [(str(tmp_path), "cpu")]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_place_is_opened_by_the_kind_that_recognises_it(stone, tmp_path, kind):
    place = world_folder(tmp_path / "world", "stone")
    place = place if kind == "folder" else place / "stone"
    open_world(str(place), {})
    assert stone.opened == [(str(place), "auto")]


def test_a_tilde_is_the_home_folder(stone, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    place = world_folder(tmp_path / "world", "stone")
    for spec in ("~/world", "stone:~/world"):
        open_world(spec, {})
    assert stone.opened == [(str(place), "auto")] * 2


@pytest.mark.parametrize("spec", ["nowhere", "", "no/such/folder", "a\0b", "~nobody-of-that-name/world", "nothing:0.4"])
def test_what_is_no_world_is_answered_with_those_that_exist(spec):
    with pytest.raises(ValueError, match=r"there is no world .*\(astra-1, small, fake\) nor a folder or file"):
        open_world(spec, {"small": Path("a"), "astra-1": Path("b")})


# ---------------------------------------------------------------------- recognising


def test_the_first_kind_that_recognises_a_folder_has_it(stone, use_kinds, tmp_path):
    both = world_folder(tmp_path / "both", "stone", "water")
    assert kind_of(both).name == "stone"
    assert kind_of(world_folder(tmp_path / "one", "water")).name == "water"
    use_kinds({"water": "WATER", "stone": "STONE"})
    assert kind_of(both).name == "water"


def test_world_json_says_the_kind(stone, tmp_path):
    place = world_folder(tmp_path / "a", "stone", kind="water")
    assert kind_of(place).name == "water"
    assert kind_of(place / "stone").name == "water"


def test_a_kind_in_world_json_that_is_not_there_is_answered_with_those_that_are(stone, tmp_path):
    with pytest.raises(ValueError, match="there is no kind of world 'fire'; there are stone, water"):
        kind_of(world_folder(tmp_path / "a", "stone", kind="fire"))


@pytest.mark.parametrize("text", ["{", "[1]", '{"kind": 3}', '{"name": "x"}'])
def test_a_world_json_that_names_no_kind_says_nothing_of_it(stone, tmp_path, text):
    place = world_folder(tmp_path / "a", "stone")
    (place / "world.json").write_text(text)
    assert kind_of(place).name == "stone"


def test_a_folder_that_none_recognises_is_answered_with_what_they_look_for(tmp_path):
    with pytest.raises(ValueError, match=r"no kind of world recognises .*astra: a folder transformer/"):
        open_world(str(tmp_path), {})


# ---------------------------------------------------------------------- kinds that are broken


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("Faulty", "RuntimeError: its library is too old"),
        ("absent", "AttributeError: .*absent"),
        ("THING", "THING is no kind of world, it lacks name, layout, settings, presets, recognise, requirements, open"),
        ("WATER", "calls itself 'water'"),
    ],
)
def test_a_broken_kind_says_why_and_leaves_the_others_alone(use_kinds, tmp_path, part, reason):
    use_kinds({"broken": part, "stone": "STONE"})
    with pytest.raises(ValueError, match=f"the kind of world 'broken' cannot be used: .*{reason}"):
        open_world("broken:x", {})
    assert kind_named("stone") is STONE
    assert kind_of(world_folder(tmp_path / "a", "stone")).name == "stone"
    with pytest.raises(ValueError, match=f"recognises .*{reason}"):
        kind_of(tmp_path)
