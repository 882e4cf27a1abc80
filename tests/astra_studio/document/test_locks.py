"""A locked chunk is neither deleted nor made stale."""

from __future__ import annotations

import pytest

from astra_studio.document import action_edits, key_edits, take_edits
from astra_studio.document.derived import slots
from astra_studio.document.facets import Facet, changed_facets
from astra_studio.document.model import ParameterKey, Project, new_id
from tests.astra_studio.document.project_builders import line, project_of
from tests.astra_studio.document.test_keys import made_of

GUIDANCE = ParameterKey(parameter="guidance", tick=0, value=4.0, easing="hold")


@pytest.fixture
def locked() -> Project:
    """Three chunks of w-32, the second of them locked."""
    project = made_of(project_of("w-32"), 3)
    return take_edits.lock(project.current.id, [project.current.chunks[1].id], True).change(project)


def test_a_lock_is_told_and_opened(locked):
    assert [slot.is_locked for slot in slots(locked, locked.current)] == [False, True, False, False]
    opened = take_edits.lock(locked.current.id, [locked.current.chunks[1].id], False).change(locked)
    assert not opened.current.locked
    assert changed_facets(locked, opened) == {Facet.CHUNKS}


def test_a_locked_chunk_and_what_it_follows_cannot_be_deleted(locked):
    take = locked.current.id
    for count in (0, 1):
        with pytest.raises(ValueError, match="chunk 2 of Take 1 is locked"):
            take_edits.delete_tail(take, count).change(locked)
    with pytest.raises(ValueError, match="chunk 2 of Take 1 is locked"):
        take_edits.delete_take(take, new_id()).change(locked)
    assert len(take_edits.delete_tail(take, 2).change(locked).current.chunks) == 2


def test_neither_path_nor_keys_change_under_a_locked_chunk(locked):
    take = locked.current.id
    for edit in (
        action_edits.paint(take, 9, line("left-1")),
        action_edits.paint(take, 3, line("left-1")),
        key_edits.add_key(take, GUIDANCE),
    ):
        with pytest.raises(ValueError, match="would make it stale"):
            edit.change(locked)
    assert action_edits.paint(take, 16, line("left-1")).change(locked).current.actions != locked.current.actions


def test_a_branch_of_locked_chunks_is_free(locked):
    branched = take_edits.branch(locked.current.id, 2, new_id()).change(locked)
    changed = action_edits.paint(branched.current.id, 3, line("left-1")).change(branched)
    assert [slot.state for slot in slots(changed, changed.current)][:2] == ["stale", "stale"]


def test_several_locks_are_named_together(locked):
    chunks = [chunk.id for chunk in locked.current.chunks]
    all_of_them = take_edits.lock(locked.current.id, chunks, True).change(locked)
    with pytest.raises(ValueError, match="chunks 1, 2 and 3 of Take 1 are locked"):
        take_edits.delete_tail(locked.current.id, 2).change(all_of_them)
    with pytest.raises(ValueError, match="no chunk gone"):
        take_edits.lock(locked.current.id, ["gone"], True).change(locked)
