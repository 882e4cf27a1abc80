"""The open document: steps, drags, chunks that arrive while the user edits, who is told."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from astra_studio.document import action_edits, edits, take_edits
from astra_studio.document.errors import ProjectDiskFull
from astra_studio.document.facets import Facet
from astra_studio.document.model import new_id
from astra_studio.document.opening import open_store
from astra_studio.document.session import Session
from engine.video.pictures import Crop
from tests.astra_studio.document.project_builders import Studio, line, new_studio


@pytest.fixture
def path(tmp_path):
    return tmp_path / "walk.astra"


@pytest.fixture
def studio(path):
    made = new_studio(path)
    yield made
    made.close()


def reopened(studio: Studio) -> Studio:
    path = studio.session.path
    studio.close()
    studio.__init__(Session(open_store(path)))
    return studio


def names(chunks) -> list[str]:
    return [chunk.id for chunk in chunks]


def test_a_chunk_that_arrives_is_no_step(studio):
    label = studio.session.undo_label
    chunks = studio.generate(num_chunks=2)
    assert names(studio.session.project.current.chunks) == names(chunks)
    assert studio.session.undo_label == label


def test_undo_takes_back_the_edit_and_keeps_the_chunks_that_came_after_it(studio):
    take = studio.session.project.current.id
    studio.session.apply(take_edits.rename(take, "walk"))
    chunks = studio.generate(num_chunks=2)
    studio.session.undo()
    assert studio.session.project.current.name == "Take 1"
    assert names(studio.session.project.current.chunks) == names(chunks)


def test_undoing_a_branch_hides_its_chunks_and_redo_brings_them_back_with_those_that_came_meanwhile(studio):
    studio.generate(num_chunks=2)
    studio.session.apply(take_edits.branch(studio.session.project.current.id, 1, new_id()))
    (own,) = studio.generate(line("left-8"))
    (late,) = studio.finished(line("right-8"))
    studio.session.undo()
    assert [tip.id for tip in studio.session.loose()] == [own.id]
    studio.writer.submit(late)
    studio.tell()
    assert len(studio.session.project.takes) == 1
    assert [tip.id for tip in studio.session.loose()] == [late.id]
    studio.session.redo()
    assert names(studio.session.project.current.chunks)[1:] == [own.id, late.id]
    assert not studio.session.loose()


def test_chunks_of_an_undone_branch_outlive_the_redo_list_and_can_be_restored(studio):
    (first,) = studio.generate()
    studio.session.apply(take_edits.branch(studio.session.project.current.id, 1, new_id()))
    (own,) = studio.generate(line("left-8"))
    studio.session.undo()
    studio.session.apply(edits.add_marker(new_id(), 3))
    assert studio.session.redo_label is None
    reopened(studio)
    (tip,) = studio.session.loose()
    studio.session.apply(take_edits.restore(tip.id, studio.session.library, new_id()))
    assert names(studio.session.project.current.chunks) == [first.id, own.id]
    assert studio.session.project.current.parent == studio.session.project.takes[0].id


def test_a_chunk_made_after_a_tail_was_deleted_is_loose_where_the_tail_still_is(studio):
    old = studio.generate(num_chunks=3)
    take = studio.session.project.current.id
    studio.session.apply(take_edits.delete_tail(take, 1))
    (new,) = studio.generate(line("left-8"))
    assert names(studio.session.project.current.chunks) == [old[0].id, new.id]
    studio.session.undo()
    assert names(studio.session.project.current.chunks) == names(old)
    assert names(studio.session.loose()) == [new.id]
    studio.session.redo()
    assert names(studio.session.project.current.chunks) == [old[0].id, new.id]


def test_a_chunk_of_the_same_number_but_after_another_chunk_does_not_follow(studio):
    studio.generate(num_chunks=1)
    (late,) = studio.finished(line("w-8"))
    studio.session.apply(take_edits.delete_tail(studio.session.project.current.id, 0))
    (again,) = studio.generate(line("left-8"))
    studio.writer.submit(late)
    studio.tell()
    assert names(studio.session.project.current.chunks) == [again.id]
    assert studio.session.library[late.id] in studio.session.loose()


def test_a_deleted_tail_stays_deleted_after_something_else_was_looked_at_and_the_project_opened_again(studio):
    studio.generate(num_chunks=2)
    take = studio.session.project.current.id
    studio.session.apply(take_edits.delete_tail(take, 1))
    studio.session.apply(edits.select(take, ticks=(0, 4)))
    assert len(reopened(studio).session.project.current.chunks) == 1


def test_deleting_a_take_can_be_undone_with_its_chunks(studio):
    chunks = studio.generate(num_chunks=2)
    studio.session.apply(take_edits.delete_take(studio.session.project.current.id, new_id()))
    assert not studio.session.project.current.chunks
    studio.session.undo()
    assert names(studio.session.project.current.chunks) == names(chunks)


def test_a_drag_is_one_step_and_its_chunks_stay(studio):
    before = studio.session.project.start
    for left in range(1, 6):
        studio.session.apply(edits.set_crop(Crop(left=left, top=0, width=50, height=40)))
    assert studio.session.undo_label == "Move crop"
    studio.session.undo()
    assert studio.session.project.start == before
    studio.session.redo()
    assert studio.session.project.start.crop.left == 5


def test_setting_two_paths_is_two_steps_and_dragging_one_key_is_one(studio):
    take = studio.session.project.current.id
    for key in ("", "", "key 3", "key 3"):
        count = 1 + len(studio.session.project.current.actions)
        studio.session.apply(action_edits.set_actions(take, line(f"w-{count}"), merge_key=key))
    lengths = []
    while studio.session.undo():
        lengths.append(len(studio.session.project.current.actions))
    assert lengths == [2, 1, 0, 0]


def test_after_the_mouse_is_let_go_or_undo_the_same_edit_makes_a_step_of_its_own(studio):
    studio.session.apply(edits.set_crop(Crop(left=1, top=0, width=50, height=40)))
    studio.session.end_merge()
    studio.session.apply(edits.set_crop(Crop(left=2, top=0, width=50, height=40)))
    studio.session.undo()
    assert studio.session.project.start.crop.left == 1
    studio.session.redo()
    studio.session.apply(edits.set_crop(Crop(left=3, top=0, width=50, height=40)))
    studio.session.undo()
    assert studio.session.project.start.crop.left == 2


def test_a_drag_that_comes_back_leaves_no_step_even_if_a_chunk_arrived_meanwhile(studio):
    steps = studio.session.undo_label
    marker = new_id()
    studio.session.apply(edits.add_marker(marker, 5))
    studio.session.apply(edits.move_marker(marker, 6))
    studio.generate()
    studio.session.apply(edits.move_marker(marker, 5))
    assert studio.session.undo_label == "Add marker"
    assert studio.session.redo_label is None
    studio.session.undo()
    assert studio.session.undo_label == steps


def test_an_edit_that_changes_nothing_makes_no_step_and_tells_nobody(studio):
    told = []
    studio.session.subscribe(told.append)
    label = studio.session.undo_label
    studio.session.apply(edits.set_world("fake"))
    assert studio.session.undo_label == label
    assert not told


def test_looking_at_another_take_is_no_step_and_keeps_redo(studio):
    take = studio.session.project.current.id
    studio.session.apply(take_edits.star(take, True))
    studio.session.undo()
    studio.session.apply(edits.select(take, ticks=(1, 3)))
    assert studio.session.redo_label == "Star take"
    assert reopened(studio).session.project.selection.ticks == (1, 3)


def test_listeners_hear_what_changed_and_how_until_they_leave(studio):
    told = []
    leave = studio.session.subscribe(told.append)
    take = studio.session.project.current.id
    studio.session.apply(action_edits.set_actions(take, line("w-8")))
    studio.session.undo()
    studio.session.redo()
    studio.generate()
    leave()
    studio.session.apply(take_edits.star(take, True))
    assert [(change.origin, change.facets) for change in told] == [
        ("edit", {Facet.ACTIONS}),
        ("undo", {Facet.ACTIONS}),
        ("redo", {Facet.ACTIONS}),
        ("chunk", {Facet.CHUNKS}),
    ]
    assert told[0].after is told[1].before


@pytest.mark.parametrize(
    ("edit", "facet"),
    [
        (lambda take: edits.set_start(None), Facet.START),
        (lambda take: edits.set_world("other"), Facet.WORLD),
        (lambda take: edits.set_seed(take, 4, is_locked=True), Facet.SETTINGS),
        (lambda take: edits.save_preset("mine", take), Facet.PRESETS),
        (lambda take: take_edits.rename(take, "mine"), Facet.TAKES),
        (lambda take: edits.add_marker(new_id(), 3), Facet.MARKERS),
        (lambda take: edits.set_work_area(1, None), Facet.WORK_AREA),
        (lambda take: edits.select(ticks=(1, 2)), Facet.SELECTION),
    ],
)
def test_each_edit_touches_its_facet_alone(studio, edit, facet):
    told = []
    studio.session.subscribe(told.append)
    studio.session.apply(edit(studio.session.project.current.id))
    assert [change.facets for change in told] == [{facet}]


def test_an_edit_for_which_the_disk_has_no_room_changes_nothing(studio):
    studio.session._store._connection.execute("PRAGMA max_page_count = 1")
    told, before = [], studio.session.project
    studio.session.subscribe(told.append)
    long = replace(line("w-8"), data=bytes(range(256)) * 48 * 40)
    with pytest.raises(ProjectDiskFull, match=r"walk\.astra.*as it was before"):
        studio.session.apply(edits.set_prompt(before.current.id, long.data.hex()))
    assert studio.session.project is before
    assert not told
    studio.session._store._connection.execute("PRAGMA max_page_count = 1000000")
    studio.session.apply(take_edits.star(before.current.id, True))
    assert reopened(studio).session.project.current.is_starred


def test_only_the_thread_that_opened_it_may_edit(studio):
    caught = []

    def elsewhere():
        try:
            studio.session.undo()
        except AssertionError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "belongs to the thread" in str(caught[0])


def test_undo_works_across_being_opened_again(studio):
    studio.session.apply(take_edits.rename(studio.session.project.current.id, "walk"))
    studio.session.apply(take_edits.star(studio.session.project.current.id, True))
    reopened(studio)
    studio.session.undo()
    studio.session.undo()
    assert studio.session.project.current.name == "Take 1"
    assert reopened(studio).session.redo_label == "Rename take"


def test_the_oldest_steps_are_forgotten(studio, monkeypatch):
    monkeypatch.setattr("astra_studio.document.store.MAX_STEPS", 3)
    take = studio.session.project.current.id
    for number in range(6):
        studio.session.apply(edits.set_seed(take, number + 1, is_locked=False))
        studio.session.end_merge()
    undone = 0
    while studio.session.undo():
        undone += 1
    assert undone == 3
    assert studio.session.project.current.recipe.seed == 3
