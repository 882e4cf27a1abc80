"""Keys of parameters: what they say, how they change, which chunks a change makes stale."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astra_studio.document import edits, key_edits, parameters, take_edits
from astra_studio.document.derived import Staleness, first_stale, recipe_at, slots
from astra_studio.document.differences import differences
from astra_studio.document.encoding import decode_project, encode_project
from astra_studio.document.facets import Facet, changed_facets
from astra_studio.document.model import ParameterKey, Project, World, new_id
from engine.clock import ASTRA_CLOCK
from engine.messages import WorldInfo
from engine.worlds.astra_settings import ASTRA_SETTINGS
from tests.astra_studio.document.project_builders import chunk_after, project_of, settings_of
from tests.settings_builders import astra_settings

TEXT_WORLD = WorldInfo(
    name="words",
    fingerprint="fake-1",
    width=64,
    height=48,
    clock=ASTRA_CLOCK,
    modalities=("camera",),
    has_text=True,
    settings=ASTRA_SETTINGS,
    device="cpu",
)


def key(tick: int, value: float | str, easing: str = "linear", parameter: str = "guidance") -> ParameterKey:
    return ParameterKey(parameter=parameter, tick=tick, value=value, easing=easing)


def with_keys(project: Project, *keys: ParameterKey) -> Project:
    return key_edits.set_keys(project.current.id, keys, "Set keys").change(project)


def moved_by(project: Project, places: list[tuple[str, int]], ticks: int) -> Project:
    take = project.current
    return key_edits.set_keys(take.id, parameters.moved(take.keys, places, ticks), "Move keys").change(project)


def made_of(project: Project, num_chunks: int) -> Project:
    """Chunks at the end of the current take as the generation would make them."""
    for _ in range(num_chunks):
        take = project.current
        tick = sum(chunk.num_ticks for chunk in take.chunks)
        asked = recipe_at(project, take, tick)
        chunk = chunk_after(
            take.id, take.chunks, take.actions.part(tick, tick + 8), settings=asked.settings, prompt=asked.prompt
        )
        project = take_edits.place(project, replace(chunk, keyed=asked.keyed))
    return project


def stale_of(project: Project) -> list[int]:
    return [slot.index for slot in slots(project, project.current) if slot.state == "stale"]


# ---------------------------------------------------------------------- values


def test_a_value_goes_evenly_to_the_next_key_or_stays_until_it():
    keys = parameters.checked([key(0, 1.0), key(10, 3.0, "hold"), key(20, 0.0)])
    told = [parameters.value_at(keys, "guidance", tick) for tick in (0, 5, 10, 19, 20, 900)]
    assert told == [1.0, 2.0, 3.0, 3.0, 0.0, 0.0]


def test_before_the_first_key_the_recipe_counts():
    project = with_keys(project_of(), key(8, 4.0))
    assert recipe_at(project, project.current, 7).settings["guidance"] == astra_settings()["guidance"]
    assert recipe_at(project, project.current, 7).keyed == ()
    assert recipe_at(project, project.current, 8).settings["guidance"] == 4.0
    assert recipe_at(project, project.current, 8).keyed == ("guidance",)


def test_words_stay_until_the_next_words_and_count_in_worlds_that_read_alone():
    project = with_keys(project_of(), key(0, "fog", parameter="prompt"), key(16, "rain", parameter="prompt"))
    assert recipe_at(project, project.current, 9).prompt == ""
    reading = replace(project, world=World(spec="words", info=TEXT_WORLD))
    assert [recipe_at(reading, reading.current, tick).prompt for tick in (0, 15, 16)] == ["fog", "fog", "rain"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (key(-1, 2.0), "tick from 0"),
        (key(0, -2.0), "negative"),
        (key(0, 1.0, parameter="history_noise"), "up to but not including 1"),
        (key(0, "much"), "must be a finite number"),
        (key(0, True), "must be a finite number"),
        (key(0, 2.0, parameter="prompt"), "is words"),
        (key(0, 2.0, "bouncy"), "linear or hold"),
        (key(0, 2.0, parameter="shift"), "no parameter"),
        (key(0, float("nan")), "finite"),
    ],
)
def test_a_key_that_none_can_be_is_refused(wrong: ParameterKey, words: str):
    project = project_of()
    with pytest.raises(ValueError, match=words):
        key_edits.add_key(project.current.id, wrong).change(project)


# ---------------------------------------------------------------------- edits


def test_keys_are_put_moved_changed_and_deleted():
    project = with_keys(project_of(), key(0, 1.0), key(8, 2.0))
    take = project.current.id
    project = key_edits.add_key(take, key(8, 2.5, "hold")).change(project)
    project = moved_by(project, [("guidance", 0), ("guidance", 8)], 4)
    assert [(one.tick, one.value) for one in project.current.keys] == [(4, 1.0), (12, 2.5)]
    project = key_edits.set_value(take, ("guidance", 4), 1.25).change(project)
    project = key_edits.set_easing(take, [("guidance", 12)], "linear").change(project)
    assert project.current.keys == (key(4, 1.25), key(12, 2.5))
    assert key_edits.delete_keys(take, [("guidance", 4)]).change(project).current.keys == (key(12, 2.5),)
    with pytest.raises(ValueError, match="any more"):
        key_edits.set_value(take, ("guidance", 5), 1.0).change(project)


def test_keys_that_are_moved_stop_at_tick_0_together_and_replace_what_they_land_on():
    keys = parameters.checked([key(4, 1.0), key(8, 2.0), key(20, 3.0)])
    moved = parameters.moved(keys, {("guidance", 4), ("guidance", 8)}, -9)
    assert [one.tick for one in moved] == [0, 4, 20]
    landed = parameters.moved(keys, {("guidance", 8)}, 12)
    assert [(one.tick, one.value) for one in landed] == [(4, 1.0), (20, 2.0)]
    assert len(parameters.moved(keys, {("guidance", 8)}, 2, keep=True)) == 4


def test_a_split_changes_no_value():
    keys = parameters.checked([key(0, 1.0), key(10, 3.0)])
    split = parameters.split(keys, "guidance", 5, 0.0)
    assert split[1] == key(5, 2.0)
    assert parameters.split((), "guidance", 5, 7.0) == (key(5, 7.0),)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0.0, 0.7, 3.1]), st.sampled_from(["linear", "hold"]))),
    st.integers(0, 30),
)
def test_a_value_set_from_a_tick_on_leaves_everything_before_it(drawn, tick):
    keys = parameters.checked(key(*one) for one in drawn)
    after = parameters.set_from(keys, "guidance", tick, 9.0)
    for before in range(tick):
        one, other = (parameters.value_at(which, "guidance", before) for which in (keys, after))
        assert (one is None and other is None) or parameters.is_same(one, other)
    if keys:
        assert parameters.value_at(after, "guidance", tick) == 9.0
        again = parameters.set_from(after, "guidance", tick, 5.0)
        assert len(again) == len(after), "a drag puts no key twice"


def test_the_inspector_changes_the_recipe_or_the_keys():
    project = project_of()
    take = project.current.id
    plain = key_edits.set_parameter(take, "guidance", 3.0).change(project)
    assert plain.current.recipe.changes == (("guidance", 3.0),)
    assert not plain.current.keys
    keyed = made_of(with_keys(project, key(0, 1.0), key(80, 5.0)), 2)
    assert first_stale(keyed, keyed.current) == 2
    changed = key_edits.set_parameter(take, "guidance", 9.0).change(keyed)
    assert settings_of(changed, changed.current)["guidance"] == 9.0
    assert first_stale(changed, changed.current) == 2


# ---------------------------------------------------------------------- what becomes stale


def test_without_keys_nothing_changes():
    project = made_of(project_of("w-32"), 4)
    assert stale_of(edits.set_settings(project.current.id, {"guidance": 4}).change(project)) == []
    assert all(not chunk.keyed for chunk in project.current.chunks)


def test_a_key_makes_stale_the_chunks_from_its_own_on():
    project = made_of(project_of("w-32"), 4)
    take = project.current.id
    added = key_edits.add_key(take, key(16, 4.0)).change(project)
    assert stale_of(added) == [2, 3]
    assert stale_of(key_edits.add_key(take, key(17, 4.0)).change(project)) == [3], "the next chunk takes its value"
    assert stale_of(key_edits.add_key(take, key(25, 4.0)).change(project)) == [], "no chunk begins there"
    same = key_edits.add_key(take, key(16, astra_settings()["guidance"])).change(project)
    assert stale_of(same) == [], "their requests are what they were"


def test_a_key_that_is_deleted_makes_stale_what_it_had_decided():
    project = made_of(with_keys(project_of("w-32"), key(8, 4.0, "hold")), 4)
    assert stale_of(project) == []
    assert [chunk.keyed for chunk in project.current.chunks] == [(), *[("guidance",)] * 3]
    deleted = key_edits.delete_keys(project.current.id, [("guidance", 8)]).change(project)
    assert stale_of(deleted) == [1, 2, 3]
    # As the recipe that then counts says the same, they are good again.
    assert stale_of(edits.set_settings(project.current.id, {"guidance": 4}).change(deleted)) == []


def test_moving_the_end_of_an_even_way_makes_stale_from_the_first_value_that_differs():
    project = made_of(with_keys(project_of("w-32"), key(8, 1.0), key(24, 3.0)), 4)
    moved = moved_by(project, [("guidance", 24)], 2)
    assert stale_of(moved) == [2, 3]
    slot = slots(moved, moved.current)[2]
    assert slot.differing == ("guidance",)
    take = moved.current
    assert Staleness(moved, take).differing(take.chunks[0], 0) == ()


def test_words_make_stale_in_worlds_that_read_alone():
    plain = project_of("w-16")
    reading = replace(plain, world=World(spec="words", info=TEXT_WORLD))
    words = key(8, "rain", parameter="prompt")
    assert stale_of(key_edits.add_key(plain.current.id, words).change(made_of(plain, 2))) == []
    assert stale_of(key_edits.add_key(plain.current.id, words).change(made_of(reading, 2))) == [1]


# ---------------------------------------------------------------------- takes


def test_a_branch_and_a_new_take_have_the_keys_too():
    project = made_of(with_keys(project_of("w-24"), key(8, 4.0)), 2)
    branched = take_edits.branch(project.current.id, 1, new_id()).change(project)
    assert branched.current.keys == project.current.keys
    assert take_edits.new_take(new_id()).change(project).current.keys == project.current.keys


def test_a_redo_with_another_value_keeps_it_for_all_that_is_made_again():
    project = made_of(with_keys(project_of("w-32"), key(0, 1.0), key(24, 4.0), key(30, 2.0)), 3)
    redone = take_edits.redo_from(project.current.id, 2, new_id(), {"guidance": 5.0, "num_steps": 7}).change(project)
    take = redone.current
    assert [recipe_at(redone, take, tick).settings["guidance"] for tick in (16, 24, 60)] == [5.0] * 3
    assert first_stale(redone, take) == 2
    assert dict(take.recipe.changes) == {"num_steps": 7}
    same = take_edits.redo_from(project.current.id, 2, new_id(), {"guidance": 3.0}).change(project)
    assert same.current.keys == project.current.keys, "3 is what the keys say there"


def test_restored_chunks_bring_keys_that_ask_for_them():
    project = made_of(with_keys(project_of("w-32"), key(8, 1.0), key(24, 3.0)), 4)
    chunks = project.current.chunks
    library = {chunk.id: chunk for chunk in chunks}
    emptied = take_edits.delete_take(project.current.id, new_id()).change(project)
    back = take_edits.restore(chunks[-1].id, library, new_id()).change(emptied)
    assert [(one.tick, one.value) for one in back.current.keys] == [(8, 1.0), (16, 2.0), (24, 3.0)]
    assert stale_of(back) == []


def test_the_keys_of_an_export_are_those_that_made_its_chunks():
    project = made_of(with_keys(project_of("w-32"), key(8, 1.0), key(24, 3.0)), 4)
    assert parameters.keys_that_made(project.current) == project.current.keys
    changed = key_edits.set_value(project.current.id, ("guidance", 24), 9.0).change(project)
    rebuilt = parameters.keys_that_made(changed.current)
    assert [(one.tick, one.value, one.easing) for one in rebuilt] == [
        (8, 1.0, "hold"),
        (16, 2.0, "hold"),
        (24, 3.0, "hold"),
    ]


def test_takes_with_other_keys_are_told_apart_in_words():
    first = made_of(project_of("w-24"), 1)
    project = take_edits.branch(first.current.id, 1, new_id()).change(first)
    project = key_edits.add_key(project.current.id, key(10, 4.0)).change(project)
    one, other = project.takes
    assert differences(project, one, other) == ("keys of action guidance from 2.0 s on (tick 10)",)
    assert differences(project, other, one) == ("no keys of action guidance from 2.0 s on (tick 10)",)
    at_once = key_edits.add_key(other.id, key(8, 4.0)).change(project)
    assert "action guidance 4, not 2" in differences(at_once, *at_once.takes)


# ---------------------------------------------------------------------- in the file


def test_keys_and_locks_are_written_and_read_and_older_values_have_none():
    project = made_of(with_keys(project_of("w-24"), key(0, 1.0), key(9, "fog", "hold", "prompt")), 2)
    chunks = project.current.chunks
    project = take_edits.lock(project.current.id, [chunks[0].id], True).change(project)
    library = {chunk.id: chunk for chunk in chunks}
    text = encode_project(project)
    assert decode_project(text, library) == project
    content = json.loads(text)
    del content["takes"][0]["keys"], content["takes"][0]["locked"]
    older = decode_project(json.dumps(content), library).current
    assert (older.keys, older.locked) == ((), ())
    broken = text.replace('["prompt",9,', '["prompt",-9,')
    assert broken != text
    with pytest.raises(ValueError, match="tick from 0"):
        decode_project(broken, library)


def test_views_of_keys_are_told():
    project = project_of()
    assert changed_facets(project, with_keys(project, key(0, 1.0))) == {Facet.KEYS}
