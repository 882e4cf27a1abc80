"""Paths of keys in a project: their text, what they ask for, and rows that have no keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astra_studio.document import action_edits, path_edits, take_edits
from astra_studio.document.actions import actions_of, joined
from astra_studio.document.derived import first_stale, slots
from astra_studio.document.encoding import decode_project, encode_project
from astra_studio.document.facets import Facet, changed_facets
from astra_studio.document.model import Authored, new_id
from astra_studio.document.paths import (
    Drawn,
    actions_of_path,
    authored_of,
    drawn_of,
    editable_path,
    has_rows_without_keys,
    poses_of_take,
    steadied,
    stored_path,
)
from engine.clock import ASTRA_CLOCK
from engine.trajectories import sampling
from engine.trajectories.key_edits import from_start, moved
from engine.trajectories.path import EASINGS, CameraPath, Key
from engine.trajectories.walking import path_of_track, walked
from tests.astra_studio.document.project_builders import chunk_after, line, project_of
from tests.engine.trajectories.test_path import paths

PATH = CameraPath(keys=tuple(Key(time_s=1.6 * i, position=(0.1 * (i % 2), 0.0, 0.24 * i)) for i in range(4)))
DRAWN = Drawn(path=PATH)


@st.composite
def any_drawn(draw: st.DrawFn) -> Drawn:
    path = from_start(draw(paths(easings=EASINGS)))
    keys = tuple(replace(key, look_at=draw(st.sampled_from([None, (1.0, 0.5, 9.0)]))) for key in path.keys)
    closing = draw(st.sampled_from([None, 1.3]))
    path = CameraPath(keys=keys, closing_s=closing, constant_speed=draw(st.booleans()))
    return Drawn(path=path, modality=draw(st.sampled_from(["camera", "robot", "driving"])))


def drawn(project, path: CameraPath, modality: str = "camera"):
    return path_edits.set_path(project.current.id, Drawn(path=path, modality=modality)).change(project)


@settings(deadline=None, max_examples=40)
@given(any_drawn())
def test_every_number_of_a_path_comes_back_from_its_text(given_path):
    assert drawn_of(authored_of(given_path)) == given_path


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"modality":"camera","keys":[]}', '{"modality":"fish","keys":[[0,0,0,0,0,0,0,1,"ease"]]}',
             '{"modality":"camera","keys":[[0,0,0,0,0,0,0,9,"smooth"]]}', '{"modality":"camera","keys":[[0,1]]}']
)  # fmt: skip
def test_damaged_text_is_a_named_error_and_the_rows_stay(text):
    broken = Authored(format="astra-path", version=1, text=text)
    with pytest.raises(ValueError, match="path is not written as expected"):
        drawn_of(broken)
    take = replace(project_of("w-8").current, path=broken)
    assert stored_path(take) is None
    assert len(editable_path(take).path.keys) == 2


def test_a_path_of_a_newer_program_is_left_alone():
    with pytest.raises(ValueError, match="astra-path 2"):
        drawn_of(Authored(format="astra-path", version=2, text="?"))


def test_the_rows_of_a_take_are_those_of_the_sampler():
    take = drawn(project_of(), PATH).current
    assert np.array_equal(take.actions.rows, sampling.actions(PATH, clock=ASTRA_CLOCK).rows)
    assert stored_path(take) == DRAWN
    assert not has_rows_without_keys(take)
    assert np.allclose(poses_of_take(take), sampling.tick_poses(PATH, clock=ASTRA_CLOCK))


def test_a_path_without_keys_asks_for_nothing():
    project = project_of("w-8")
    after = path_edits.set_path(project.current.id, None).change(project).current
    assert after.path is None
    assert len(after.actions) == 0


@pytest.mark.parametrize("name", ["camera", "robot", "driving"])
def test_rows_without_keys_become_keys_that_ask_for_the_same(name):
    asked = actions_of_path(
        Drawn(path=path_of_track(line("w-8 left-8 w+right-8").track, clock=ASTRA_CLOCK), modality=name),
        clock=ASTRA_CLOCK,
    )
    take = replace(project_of().current, actions=asked)
    assert has_rows_without_keys(take)
    made = editable_path(take)
    assert made.modality == name
    assert np.abs(actions_of_path(made, clock=ASTRA_CLOCK).rows - asked.rows).max() < 2e-6
    assert np.allclose(poses_of_take(take), walked(asked.track))


def test_what_was_generated_beyond_the_keys_is_shown_and_becomes_keys_with_them():
    take = drawn(project_of(), PATH).current
    longer = replace(take, actions=joined([take.actions, line("left-8 w-8")]))
    assert has_rows_without_keys(longer)
    whole = editable_path(longer).path
    assert len(whole.keys) == len(PATH.keys) + 2
    assert np.abs(sampling.actions(whole, clock=ASTRA_CLOCK).rows[-16:] - line("left-8 w-8").rows).max() < 1e-6
    assert len(poses_of_take(longer)) == len(longer.actions) + 1
    rested = replace(take, actions=joined([take.actions, line("hold-8")]))
    assert not has_rows_without_keys(rested)
    assert editable_path(rested) == DRAWN


def test_an_empty_take_has_one_pose_and_no_path():
    take = replace(project_of().current, actions=line("w-1").part(0, 0))
    assert editable_path(take) is None
    assert np.array_equal(poses_of_take(take), np.eye(4)[None])


def test_keys_made_of_rows_leave_every_chunk_good():
    project = project_of("w-8 w+left-8 d-8")
    take = project.current
    first = chunk_after(take.id, (), line("w-8"))
    second = chunk_after(take.id, (first,), line("w+left-8"))
    project = replace(project, takes=(replace(take, chunks=(first, second)),))
    keyed = drawn(project, editable_path(project.current).path)
    assert len(stored_path(keyed.current).path.keys) == 4
    assert first_stale(keyed, keyed.current) == 2
    assert keyed.current.actions == project.current.actions


def test_moving_a_late_key_makes_only_later_chunks_stale():
    project = drawn(project_of(), CameraPath(keys=tuple(
        Key(time_s=1.6 * i, position=(0.02 * i * i, 0.0, 0.2 * i)) for i in range(7)
    )))  # fmt: skip
    take, chunks = project.current, ()
    for index in range(6):
        chunks += (chunk_after(take.id, chunks, take.actions.part(8 * index, 8 * index + 8)),)
    project = replace(project, takes=(replace(take, chunks=chunks),))
    path = stored_path(project.current).path
    weights = np.array([0.0] * 5 + [1.0, 0.0])
    states = [slot.state for slot in slots(project, drawn(project, moved(path, weights, (0.1, 0, 0))).current)]
    # The curve changes from key 3 on, and with its length the pace at which it is entered: from key 2 on.
    assert states == ["stored"] * 2 + ["stale"] * 4


def test_rounding_keeps_the_bytes_of_rows_and_a_change_does_not():
    known = line("w-8 left-8")
    nudged = known.track.rows + np.float32(1e-7)
    nudged[12] += np.float32(1e-3)
    after = steadied(actions_of(replace_rows(known, nudged)), known)
    assert after.part(0, 12) == known.part(0, 12)
    assert after.part(12, 13) != known.part(12, 13)
    assert len(steadied(line("w-3"), known)) == 3
    assert steadied(line("w-3"), line("w-3").part(0, 0)) == line("w-3")


def replace_rows(actions, rows):
    from engine.actions.modality import ActionTrack

    return ActionTrack(actions.kind, rows)


def test_a_take_with_chunks_keeps_its_modality_and_says_so():
    project = project_of("w-8")
    chunk = chunk_after(project.current.id, (), line("w-8"))
    project = replace(project, takes=(replace(project.current, chunks=(chunk,)),))
    with pytest.raises(ValueError, match="start a new take for driving ones"):
        drawn(project, PATH, "driving")
    assert drawn(project_of(), PATH, "driving").current.actions.modality == "driving"


def test_paths_longer_than_a_take_are_refused():
    far = CameraPath(keys=(Key(time_s=0, position=(0, 0, 0)), Key(time_s=0.2 * 100_001, position=(1, 0, 0))))
    with pytest.raises(ValueError, match="at most 100000 ticks"):
        drawn(project_of(), far)


# ---------------------------------------------------------------------- kept under a name


def test_a_path_is_kept_used_renamed_and_deleted():
    project = drawn(project_of(), PATH)
    take = project.current.id
    project = path_edits.keep_path(take, " walk ").change(project)
    assert [path.name for path in project.paths] == ["walk"]
    project = path_edits.set_path(take, None).change(project)
    project = path_edits.use_path("walk", take).change(project)
    assert stored_path(project.current) == DRAWN
    project = path_edits.rename_path("walk", "Lake").change(project)
    project = path_edits.add_path("lake", line("w-3"), "drone.json", clock=ASTRA_CLOCK).change(project)
    assert [(path.name, path.source) for path in project.paths] == [("Lake", ""), ("lake", "drone.json")]
    assert decode_project(encode_project(project), {}) == project
    project = path_edits.delete_path("Lake").change(project)
    assert [path.name for path in project.paths] == ["lake"]
    assert project.current.path is not None


def test_an_imported_path_never_takes_the_place_of_another():
    project = path_edits.add_path("walk", line("w-3"), "walk.json", clock=ASTRA_CLOCK).change(project_of())
    project = path_edits.add_path("walk", line("w-4"), "walk.json", clock=ASTRA_CLOCK).change(project)
    assert [(path.name, len(path.actions)) for path in project.paths] == [("walk", 3), ("walk 2", 4)]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (path_edits.use_path("x", "t"), "no path 'x'"),
        (path_edits.delete_path("x"), "there are none"),
        (path_edits.rename_path("x", "y"), "no path 'x'"),
        (path_edits.add_path(" ", line("w-3"), "a.json", clock=ASTRA_CLOCK), "needs a name"),
        (path_edits.add_path("a", line("w-1").part(0, 0), "a.json", clock=ASTRA_CLOCK), "no tick"),
    ],
)
def test_what_cannot_be_done_with_kept_paths_is_said(edit, words):
    with pytest.raises(ValueError, match=words):
        edit.change(project_of())


def test_an_empty_take_has_nothing_to_keep_and_a_name_is_taken_once():
    project = project_of("w-8")
    take = project.current.id
    empty = path_edits.set_path(take, None).change(project)
    with pytest.raises(ValueError, match="no path yet"):
        path_edits.keep_path(take, "walk").change(empty)
    two = path_edits.keep_path(take, "b").change(path_edits.keep_path(take, "a").change(project))
    with pytest.raises(ValueError, match="already a path called 'b'"):
        path_edits.rename_path("a", "b").change(two)
    assert path_edits.rename_path("a", "a").change(two) == two


def test_views_are_told_of_kept_paths():
    project = project_of("w-8")
    after = path_edits.keep_path(project.current.id, "a").change(project)
    assert changed_facets(project, after) == {Facet.PATHS}
    drawn_after = drawn(project, PATH)
    assert changed_facets(project, drawn_after) == {Facet.ACTIONS}


def test_new_takes_and_branches_bring_the_path_along():
    project = drawn(project_of(), PATH)
    assert stored_path(take_edits.new_take(new_id()).change(project).current) == DRAWN
    painted = action_edits.paint(project.current.id, 0, line("left-2")).change(project)
    assert painted.current.path is None
