"""Settings of a world that shares none with any other: asked for, kept for it, and stale only where they matter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from astra_studio.document import edits, key_edits, parameters, take_edits
from astra_studio.document.declared import defaults_of, specs_of, words_of
from astra_studio.document.derived import active_parameters, recipe_at
from astra_studio.document.differences import differences
from astra_studio.document.encoding import decode_project, encode_project
from astra_studio.document.model import ParameterKey, Project, World, new_id
from engine.settings import Settings, SettingsPreset
from engine.worlds.fake import FakeWorld
from tests.astra_studio.document.project_builders import project_of, settings_of
from tests.astra_studio.document.test_keys import made_of, moved_by, stale_of
from tests.settings_builders import WINDY

INFO = replace(
    FakeWorld(settings=WINDY).info,
    name="windy",
    fingerprint="windy-1",
    presets=(SettingsPreset(name="Storm", changes=(("weather", "rain"), ("wind", 1.0))),),
)


def key(tick: int, value: float | int | str | bool, parameter: str = "wind", easing: str = "linear") -> ParameterKey:
    return ParameterKey(parameter=parameter, tick=tick, value=value, easing=easing)


@pytest.fixture
def windy() -> Project:
    return replace(project_of("w-32"), world=World(spec="windy", info=INFO))


def with_keys(project: Project, *keys: ParameterKey) -> Project:
    return key_edits.set_keys(project.current.id, keys, "Set keys").change(project)


def test_the_next_chunk_is_made_with_what_the_world_declares(windy: Project) -> None:
    assert settings_of(windy, windy.current) == defaults_of(windy.world)
    assert set(settings_of(windy, windy.current)) == {"wind", "weather", "num_leaves", "frost", "look"}
    changed = edits.set_settings(windy.current.id, {"wind": 0.5, "weather": "snow", "frost": True}).change(windy)
    asked = settings_of(changed, changed.current)
    assert (asked["wind"], asked["weather"], asked["frost"], asked["num_leaves"]) == (0.5, "snow", True, 3)
    with pytest.raises(ValueError, match="wind must be a number from -1 up to 1, got 2"):
        edits.set_settings(windy.current.id, {"wind": 2}).change(windy)
    with pytest.raises(ValueError, match="unknown sampling setting guidance; there are frost"):
        edits.set_settings(windy.current.id, {"guidance": 2}).change(windy)


def test_what_can_have_keys_has_them_and_words_are_held(windy: Project) -> None:
    assert active_parameters(windy) == ("wind", "weather", "look")
    keyed = with_keys(windy, key(0, 0.0), key(16, 1.0), key(8, "rain", "weather"), key(24, "snow", "weather"))
    take = keyed.current
    assert [recipe_at(keyed, take, tick).settings["wind"] for tick in (0, 8, 16, 24)] == [0.0, 0.5, 1.0, 1.0]
    assert [recipe_at(keyed, take, tick).settings["weather"] for tick in (0, 8, 20, 24)] == [
        "sun",
        "rain",
        "rain",
        "snow",
    ]
    with pytest.raises(ValueError, match="no parameter 'frost'"):
        key_edits.add_key(take.id, key(0, True, "frost")).change(keyed)
    with pytest.raises(ValueError, match="weather must be sun, rain or snow"):
        key_edits.add_key(take.id, key(0, "fog", "weather")).change(keyed)


def test_a_whole_number_between_two_keys_is_whole() -> None:
    leaves = tuple(replace(spec, can_have_keys=True) if spec.name == "num_leaves" else spec for spec in WINDY)
    project = replace(project_of("w-32"), world=World(spec="windy", info=replace(INFO, settings=leaves)))
    keyed = with_keys(project, key(0, 0, "num_leaves"), key(16, 5, "num_leaves"))
    values = [recipe_at(keyed, keyed.current, tick).settings["num_leaves"] for tick in (0, 8, 16)]
    assert values == [0, 2, 5]
    assert all(type(value) is int for value in values)
    assert stale_of(made_of(keyed, 3)) == []


def test_settings_of_another_world_wait_for_it(windy: Project) -> None:
    project = edits.set_settings(windy.current.id, {"wind": 0.5}).change(with_keys(windy, key(8, 1.0)))
    elsewhere = edits.world_opened("fake", FakeWorld().info).change(edits.set_world("fake").change(project))
    assert set(settings_of(elsewhere, elsewhere.current)) == {spec.name for spec in FakeWorld().info.settings}
    assert recipe_at(elsewhere, elsewhere.current, 8).keyed == ()
    take = elsewhere.current.id
    elsewhere = edits.set_settings(take, {"guidance": 3.0}).change(elsewhere)
    elsewhere = key_edits.add_key(take, key(0, 2.5, "guidance")).change(elsewhere)
    elsewhere = moved_by(elsewhere, [("wind", 8)], 4)
    with pytest.raises(ValueError, match="no parameter 'look'"):
        key_edits.add_key(take, key(0, 0.5, "look")).change(elsewhere)
    stored = decode_project(encode_project(elsewhere), {})
    assert stored == elsewhere
    back = edits.world_opened("windy", INFO).change(edits.set_world("windy").change(stored))
    assert recipe_at(back, back.current, 0).settings["wind"] == 0.5
    assert recipe_at(back, back.current, 12).settings["wind"] == 1.0
    assert dict(back.current.recipe.changes) == {"guidance": 3.0, "wind": 0.5}


def test_a_value_that_this_world_cannot_have_counts_as_none(windy: Project) -> None:
    wide = replace(INFO, settings=tuple(replace(spec, maximum=9.0) if spec.name == "wind" else spec for spec in WINDY))
    other = replace(windy, world=World(spec="wide", info=wide))
    stormy = with_keys(edits.set_settings(other.current.id, {"wind": 7.0}).change(other), key(8, 8.0))
    here = replace(stormy, world=windy.world)
    assert [recipe_at(here, here.current, tick).settings["wind"] for tick in (0, 8)] == [0.0, 0.0]


def test_a_key_makes_stale_what_was_made_with_something_else(windy: Project) -> None:
    made = made_of(windy, 3)
    changed = key_edits.add_key(made.current.id, key(8, 0.5)).change(made)
    assert stale_of(changed) == [1, 2]
    assert stale_of(key_edits.add_key(made.current.id, key(8, 0.0)).change(made)) == []


def test_what_only_changes_how_it_looks_makes_nothing_stale(windy: Project) -> None:
    made = made_of(windy, 3)
    assert stale_of(key_edits.add_key(made.current.id, key(8, 1.0, "look")).change(made)) == []


def test_chunks_from_before_a_setting_was_there_are_as_its_default(windy: Project) -> None:
    made = made_of(with_keys(windy, key(0, 0.5)), 2)
    older = tuple(
        replace(chunk, request=replace(chunk.request, settings=Settings({"weather": "sun"})))
        for chunk in made.current.chunks
    )
    project = replace(made, takes=(replace(made.current, chunks=older),))
    assert stale_of(project) == [0, 1], "0.5 is asked for, and 0 is what there was"
    assert stale_of(key_edits.set_value(project.current.id, ("wind", 0), 0.0).change(project)) == []
    assert parameters.keys_that_made(project.current) == ()


def test_takes_are_told_apart_by_the_words_of_the_world(windy: Project) -> None:
    first = made_of(windy, 1)
    project = take_edits.redo_from(first.current.id, 0, new_id(), {"wind": 0.5, "frost": True}).change(first)
    assert {"wind 0.5, not 0", "frost on, not False"} & set(differences(project, first.current, project.current)) == {
        "wind 0.5, not 0"
    }
    assert words_of(windy.world, "num_leaves") == "leaves"
    assert words_of(windy.world, "of_another_world") == "of another world"


def test_a_world_is_stored_with_all_that_it_declares(windy: Project) -> None:
    stored = decode_project(encode_project(windy), {})
    assert stored.world == windy.world
    assert specs_of(stored.world) == WINDY


def test_before_a_world_is_open_its_kind_tells() -> None:
    assert set(specs_of(World(spec="fake:0.4"))) >= set(FakeWorld().info.settings)
    assert [spec.name for spec in specs_of(World(spec="/no/such/world"))] == [
        spec.name for spec in specs_of(World(spec="fake"))
    ]
