"""What the doctor says of worlds: what they need, what of them is missing, whether they can be used here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astra_studio.paths import user_data
from astra_studio.services.machine.world_requirements import (
    WorldOnMachine,
    kind_problems,
    world_on_machine,
    worlds_on_machine,
)
from engine.worlds import registry
from tests.astra_studio.services.machine.test_machine import healthy
from tests.builders import add_text, write_original_world

NO_GPU = healthy()
BIG_GPU = healthy(torch={"gpus": [{"name": "RTX 4090", "memory_gb": 23.6}]})


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A world of the released layout and size, if not of its weight."""
    folder = write_original_world(tmp_path / "astra")
    content = json.loads((folder / "world.json").read_text()) | {"width": 832, "height": 480}
    (folder / "world.json").write_text(json.dumps(content))
    return folder


def seen(place: Path, machine: dict = NO_GPU) -> WorldOnMachine:
    return world_on_machine("it", place, machine)


def test_the_bundled_world_needs_nothing_and_the_released_one_is_told_of() -> None:
    bundled, released = worlds_on_machine(NO_GPU)
    assert (bundled.name, bundled.state, bundled.gpu_gb, bundled.missing) == ("small-astra", "ready", 0.0, ())
    assert bundled.bytes > 1e7
    assert (released.name, released.state) == ("astra", "incomplete")
    assert [part.is_needed for part in released.missing] == [True, True, False]
    assert str(user_data()) in released.todo


def test_a_large_world_is_slow_without_a_gpu_and_ready_with_one(large: Path) -> None:
    assert seen(large).state == "slow"
    assert "hours" in seen(large).todo
    found = seen(large, BIG_GPU)
    assert (found.state, found.gpu_gb, found.todo) == ("ready", 24.0, "")
    (text,) = found.missing
    assert not text.is_needed
    add_text(large)
    found = seen(large, BIG_GPU)
    assert found.has_text
    assert found.missing == ()


def test_a_world_larger_than_memory_is_not_recommended(large: Path) -> None:
    found = seen(large, healthy(memory={"total_gb": 0.5, "free_gb": 0.4}))
    assert found.state == "too large"
    assert "bundled world" in found.todo


def test_what_is_missing_is_named(large: Path, tmp_path: Path) -> None:
    (large / "Wan2.1_VAE.pth").unlink()
    found = seen(large)
    assert found.state == "incomplete"
    assert [part.names[0] for part in found.missing] == ["Wan2.1_VAE.pth"]
    assert "no video autoencoder" in found.todo
    empty = tmp_path / "empty"
    empty.mkdir()
    assert [part.is_needed for part in seen(empty).missing] == [True, True]


def test_a_world_that_is_no_use_says_why(large: Path) -> None:
    (large / "world.json").write_text("{")
    found = seen(large)
    assert found.state == "unusable"
    assert "world.json" in found.todo


def test_once_the_released_world_is_there_it_is_not_asked_for(large: Path) -> None:
    place = user_data() / "worlds"
    place.mkdir(parents=True)
    large.rename(place / "astra")
    assert [world.name for world in worlds_on_machine(NO_GPU)] == ["astra", "small-astra"]


def test_a_folder_that_no_kind_recognises_says_what_they_look_for(tmp_path: Path) -> None:
    found = seen(tmp_path)
    assert found.state == "incomplete"
    assert "no kind of world recognises" in found.todo


def test_a_broken_kind_of_another_package_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kind_problems() == []
    monkeypatch.setattr(registry, "BUILT_IN", {**registry.BUILT_IN, "lost": "a_package_that_is_gone:Kind"})
    registry.find_kinds.cache_clear()
    (problem,) = kind_problems()
    assert "ModuleNotFoundError: No module named 'a_package_that_is_gone'" in problem.why
    registry.find_kinds.cache_clear()
