"""What older versions meant: a guidance scale below 1 was off, and worlds did not say what can be set."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astra_studio.document import older, parameters
from astra_studio.document.declared import declared_settings, specs_of
from astra_studio.document.derived import slots
from astra_studio.document.model import ParameterKey
from astra_studio.document.opening import open_store
from astra_studio.document.session import Session

OLD = Path(__file__).parents[2] / "data" / "projects"
few = settings(deadline=None, max_examples=200)
KEYS = ((0, 0.25, "hold"), (200, 0.0, "linear"), (210, 3.0, "hold"))
key_tracks = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from([0.0, 0.4, 0.99, 1.0, 1.2, 3.0]), st.sampled_from(["linear", "hold"])
    ),
    max_size=6,
    unique_by=lambda key: key[0],
)


def keys_of(entries: list[list[Any]]) -> parameters.Keys:
    return parameters.checked(
        ParameterKey(parameter=name, tick=tick, value=value, easing=easing) for name, tick, value, easing in entries
    )


@few
@given(key_tracks)
def test_raised_keys_say_at_every_tick_what_the_old_program_heard(drawn: list[tuple[int, float, str]]) -> None:
    before = [["guidance", *key] for key in drawn]
    after = keys_of(older.raised_keys(before))
    for tick in range(35):
        meant = parameters.value_at(keys_of(before), "guidance", tick)
        found = parameters.value_at(after, "guidance", tick)
        assert found == (None if meant is None else pytest.approx(max(float(meant), 1.0), abs=1e-5)), tick


def test_keys_of_other_parameters_stay_as_they_are() -> None:
    others = [["history_noise", 3, 0.5, "linear"], ["prompt", 0, "fog", "hold"]]
    assert older.raised_keys(others) == others
    assert older.raised({"history_noise": 0.5, "guidance": 0, "text_guidance": 0.99, "shift": 0.5}) == {
        "history_noise": 0.5,
        "guidance": 1.0,
        "text_guidance": 1.0,
        "shift": 0.5,
    }


@pytest.fixture
def old_walk(tmp_path: Path) -> Path:
    """A project of the version before whose guidance was off in three ways: in a recipe, by keys, in a chunk."""
    path = Path(shutil.copyfile(OLD / "walk.astra", tmp_path / "walk.astra"))
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, text in connection.execute("SELECT id, value FROM revisions").fetchall():
            value = json.loads(text)
            for take in value["takes"]:
                take["recipe"]["changes"]["guidance"] = 0.5
                take["keys"] = [["guidance", *key] for key in KEYS]
            value["presets"] = [{"name": "off", "changes": {"guidance": 0}}]
            connection.execute("UPDATE revisions SET value = ? WHERE id = ?", (json.dumps(value), number))
        for number, text in connection.execute("SELECT number, record FROM chunks").fetchall():
            record = json.loads(text)
            record["request"]["settings"]["guidance"], record["keyed"] = 0.25, ["guidance"]
            connection.execute("UPDATE chunks SET record = ? WHERE number = ?", (json.dumps(record), number))
    return path


def test_an_old_project_keeps_what_its_scales_meant_and_nothing_gets_stale(old_walk: Path) -> None:
    session = Session(open_store(old_walk))
    try:
        project = session.project
        for take in project.takes:
            assert dict(take.recipe.changes)["guidance"] == 1.0
            assert not any("guidance" in slot.differing for slot in slots(project, take))
            assert [chunk.request.settings["guidance"] for chunk in take.chunks] == [1.0] * len(take.chunks)
            assert parameters.value_at(take.keys, "guidance", 203) == 1.0
            assert parameters.value_at(take.keys, "guidance", 208) == pytest.approx(2.4)
        assert project.presets[0].changes == (("guidance", 1.0),)
        assert [spec.name for spec in specs_of(project.world)] == [spec.name for spec in declared_settings("fake")]
    finally:
        session.close()
