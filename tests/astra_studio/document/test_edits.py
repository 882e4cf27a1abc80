"""Single edits: what each does, and what it refuses. `test_any_edits` has what holds for all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from astra_studio.document import action_edits, edits, take_edits
from astra_studio.document.actions import Actions, joined
from astra_studio.document.checking import check
from astra_studio.document.derived import (
    first_stale,
    follows_project,
    lanes,
    locate_frame,
    made_frames,
    slots,
    total_frames,
)
from astra_studio.document.differences import differences
from astra_studio.document.model import Marker, Project, Selection, Take, new_id
from engine.video.pictures import Crop
from engine.worlds.fake import FakeWorld
from tests.astra_studio.document.project_builders import START, chunk_after, line, project_of, settings_of
from tests.settings_builders import astra_settings


def with_chunks(project: Project, *texts: str) -> Project:
    """The project after chunks of these pose lines at the end of its current take."""
    for text in texts:
        take = project.current
        project = take_edits.place(project, chunk_after(take.id, take.chunks, line(text)))
    return project


@pytest.fixture
def made() -> Project:
    """24 ticks asked for, the first 16 made."""
    return with_chunks(project_of("w-24"), "w-8", "w-8")


# ---------------------------------------------------------------------- what follows from a project


def test_a_change_makes_stale_the_chunk_that_holds_it_and_those_after(made):
    take = made.current
    assert first_stale(made, take) == 2
    painted = action_edits.paint(take.id, 9, line("left-1")).change(made)
    assert first_stale(painted, painted.current) == 1
    assert [slot.state for slot in slots(painted, painted.current)] == ["stored", "stale", "planned"]


def test_a_change_after_what_is_made_makes_nothing_stale(made):
    painted = action_edits.paint(made.current.id, 16, line("left-4")).change(made)
    assert first_stale(painted, painted.current) == 2


def test_a_change_that_is_taken_back_by_hand_makes_its_chunks_good_again(made):
    take = made.current.id
    painted = action_edits.paint(take, 3, line("left-1")).change(made)
    assert first_stale(painted, action_edits.paint(take, 3, line("w-1")).change(painted).current) == 2


def test_settings_make_nothing_stale(made):
    changed = edits.set_settings(made.current.id, {"guidance": 4}).change(made)
    assert first_stale(changed, changed.current) == 2


def test_lengths_count_the_start_and_what_is_planned(made):
    assert made_frames(made.current) == 1 + 4 * 16
    assert total_frames(made, made.current) == 1 + 4 * 24
    clip = replace(made, start=replace(START, kind="clip", num_frames=9), takes=(replace(made.current, chunks=()),))
    assert (made_frames(clip.current), total_frames(clip, clip.current)) == (0, 9 + 4 * 24)


def test_a_frame_of_a_take_is_found_in_its_chunk(made):
    first, second = made.current.chunks
    assert [locate_frame(made.current, frame) for frame in (0, 32, 33, 64)] == [
        (first, 0),
        (first, 32),
        (second, 0),
        (second, 31),
    ]
    for frame in (-1, 65):
        with pytest.raises(ValueError, match=f"Take 1 has 65 frames, counted from 0; asked for {frame}"):
            locate_frame(made.current, frame)


def test_planned_chunks_are_as_long_as_the_take_asks_for(made):
    longer = edits.set_num_latents(made.current.id, 5).change(made)
    assert [(slot.start, slot.stop) for slot in slots(longer, longer.current)] == [(0, 8), (8, 16), (16, 21), (21, 24)]


def test_branches_lie_below_their_parent_from_where_they_differ(made):
    root = made.current.id
    project = take_edits.branch(root, 1, "b").change(made)
    project = with_chunks(project, "left-8")
    project = take_edits.branch("b", 2, "c").change(project)
    project = take_edits.new_take("d").change(edits.select(root).change(project))
    project = take_edits.branch(root, 2, "e").change(project)
    assert [(lane.take, lane.depth, lane.start, lane.stop) for lane in lanes(project)] == [
        (root, 0, 0, 16),
        ("b", 1, 8, 16),
        ("c", 2, 16, 16),
        ("e", 1, 16, 16),
        ("d", 0, 0, 0),
    ]


def test_a_take_goes_on_with_its_own_start_while_the_project_has_another(made):
    assert not follows_project(made, replace(made.current, chunks=made.current.chunks[:1])) or made.start == START
    other = edits.set_start(replace(START, artifact="picture-1", name="street.jpg")).change(made)
    assert not follows_project(other, other.current)
    assert first_stale(other, other.current) == 2
    fresh = take_edits.new_take(new_id()).change(other)
    assert follows_project(fresh, fresh.current)


def test_settings_are_changes_against_the_worlds_defaults(made):
    project = edits.set_settings(made.current.id, {"guidance": 4}).change(made)
    assert settings_of(project, project.current).items() >= astra_settings(guidance=4, num_steps=4).items()
    project = edits.world_opened("fake", FakeWorld().info).change(project)
    assert settings_of(project, project.current).items() >= astra_settings(guidance=4, num_steps=4).items()
    assert edits.world_opened("other", FakeWorld().info).change(project) is project


# ---------------------------------------------------------------------- takes


def test_a_branch_shares_its_chunks_and_keeps_what_is_planned(made):
    project = take_edits.branch(made.current.id, 1, "b").change(made)
    assert project.current.id == "b"
    assert project.current.name == "Take 2"
    assert project.current.chunks == made.current.chunks[:1]
    assert project.current.actions == made.current.actions


def test_a_redo_is_a_branch_with_other_settings(made):
    project = take_edits.redo_from(made.current.id, 1, "b", {"guidance": 4}, seed=9).change(made)
    assert project.current.recipe.changes == (("guidance", 4),)
    assert project.current.recipe.seed == 9
    assert project.take(made.current.id) == made.current
    assert take_edits.redo_from(made.current.id, 1, "b", {}).change(made).current.recipe.seed == 0


def test_a_take_outlives_the_one_it_branched_from(made):
    root = made.current.id
    project = take_edits.branch(root, 1, "b").change(made)
    project = take_edits.branch("b", 1, "c").change(project)
    project = take_edits.delete_take("b", "x").change(project)
    assert project.take("c").parent == root
    project = take_edits.delete_take(root, "x").change(project)
    assert project.take("c").parent is None
    assert project.take("c").chunks == made.current.chunks[:1]
    project = take_edits.delete_take("c", "x").change(project)
    assert [take.id for take in project.takes] == ["x"]
    check(project)


def test_names_of_takes_are_their_own(made):
    project = take_edits.new_take("b").change(made)
    with pytest.raises(ValueError, match="already a take called 'Take 1'"):
        take_edits.rename("b", " Take 1 ").change(project)
    project = take_edits.rename("b", "Take 7").change(project)
    assert take_edits.new_take("c").change(project).current.name == "Take 8"


def test_a_chunk_whose_actions_changed_while_it_was_made_arrives_stale(made):
    take = made.current
    chunk = chunk_after(take.id, take.chunks, line("w-8"))
    project = action_edits.paint(take.id, 17, line("left-1")).change(made)
    project = take_edits.place(project, chunk)
    assert len(project.current.chunks) == 3
    assert first_stale(project, project.current) == 2


def test_a_chunk_beyond_what_is_planned_makes_the_take_ask_for_what_it_did(made):
    project = with_chunks(made, "w-8", "left-8", "d-3")
    assert project.current.actions == line("w-24 left-8 d-3")
    assert first_stale(project, project.current) == 5


def test_a_chunk_of_another_modality_does_not_follow(made):
    take = made.current
    other = chunk_after(take.id, (), Actions("driving", bytes(28)))
    empty = take_edits.delete_tail(take.id, 0).change(made)
    assert take_edits.place(empty, other) is empty
    bare = replace(empty, takes=(replace(empty.current, actions=Actions()),))
    assert take_edits.place(bare, other).current.actions.modality == "driving"


def test_restored_chunks_keep_what_they_were_made_with(made):
    chunk = made.current.chunks[-1]
    chunk = replace(
        chunk, request=replace(chunk.request, settings=astra_settings(guidance=3, num_steps=4), seed=5, prompt="fog")
    )
    library = {made.current.chunks[0].id: made.current.chunks[0], chunk.id: chunk}
    project = take_edits.restore(chunk.id, library, "r").change(take_edits.delete_tail(made.current.id, 1).change(made))
    assert project.current.parent == made.current.id
    assert project.current.recipe.changes == (("guidance", 3),)
    assert (project.current.recipe.seed, project.current.recipe.prompt) == (5, "fog")
    assert first_stale(project, project.current) == 2


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (edits.set_seed("t", -1, is_locked=False), "a seed is a whole number"),
        (edits.set_settings("t", {"guidence": 1}), "unknown sampling setting"),
        (edits.set_settings("t", {"history_noise": 1.0}), "history noise must lie"),
        (edits.set_crop(Crop(left=100, top=0, width=50, height=40)), "leaves the start of 112 x 64"),
        (edits.use_preset("mine", "t"), "no preset 'mine'; there are none"),
        (edits.set_work_area(5, 5), "0 <= in < out"),
        (edits.add_marker("m", -1), "counted from 0"),
        (edits.delete_marker("m"), "no marker m"),
        (edits.set_num_latents("t", 0), "at least 1 latent"),
        (edits.select("t", ticks=(3, 3)), "selected ticks"),
        (edits.save_preset(" ", "t"), "a preset needs a name"),
        (take_edits.branch("t", 3, "b"), "Take 1 has 2 chunks"),
        (take_edits.branch("t", 1, "t"), "already"),
        (take_edits.restore("gone", {}, "b"), "gone is not in the project"),
        (action_edits.paint("t", -1, line("w-1")), "ticks 0 to 23; cannot change -1"),
        (action_edits.paint("t", 24, Actions("driving", bytes(28))), "one modality"),
        (action_edits.set_actions("t", Actions("driving", bytes(28))), "driven by camera actions"),
        (action_edits.paint("t", 24, line("w-99990")), "at most 100000 ticks"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(made, edit, words):
    known = replace(made.current, id="t")
    project = replace(made, takes=(known,), selection=Selection(take="t"))
    with pytest.raises(ValueError, match=words):
        edit.change(project)


def test_an_edit_of_a_take_that_is_gone_says_so(made):
    with pytest.raises(KeyError):
        take_edits.star("gone", True).change(made)


def test_presets_are_kept_by_name_and_used_by_others(made):
    take = made.current.id
    project = edits.set_settings(take, {"guidance": 4}).change(made)
    project = edits.save_preset("strong", take).change(project)
    project = edits.reset_settings(take).change(project)
    project = edits.use_preset("strong", take).change(project)
    assert project.current.recipe.changes == (("guidance", 4),)
    assert not edits.delete_preset("strong").change(project).presets


# ---------------------------------------------------------------------- actions


def test_actions_are_painted_over_and_after_the_end(made):
    take = made.current.id

    def after(edit) -> Actions:
        return edit.change(made).current.actions

    assert after(action_edits.paint(take, 2, line("left-2"))) == line("w-2 left-2 w-20")
    assert after(action_edits.paint(take, 26, line("left-2"))) == line("w-24 hold-2 left-2")
    assert after(action_edits.paint(take, 24, line("left-2"))) == line("w-24 left-2")


def test_a_part_past_the_end_stands_still():
    assert line("w-2").part(1, 4) == line("w-1 hold-2")
    with pytest.raises(ValueError, match="one modality"):
        joined([])
    with pytest.raises(ValueError, match="48 bytes per tick"):
        Actions("camera", b"123")


# ---------------------------------------------------------------------- differences


def test_takes_are_told_apart_in_words(made):
    project = take_edits.redo_from(made.current.id, 1, "b", {"guidance": 4.0, "history_noise": 0.1}, seed=7).change(
        made
    )
    project = action_edits.paint("b", 12, line("left-2")).change(edits.set_prompt("b", "a foggy day").change(project))
    assert differences(project, made.current, project.take("b"))[:4] == (
        "action guidance 4, not 2",
        "history noise 0.1, not 0",
        "seed 7, not 0",
        "prompt 'a foggy day', not ''",
    )
    assert differences(project, made.current, project.take("b"))[-1] == "another path from 2.4 s on (tick 12)"
    assert differences(project, made.current, made.current) == ()


def test_another_start_is_told_by_its_name(made):
    other = replace(
        made,
        start=replace(START, artifact="picture-1", name="street.jpg", crop=Crop(left=1, top=2, width=50, height=40)),
    )
    fresh = take_edits.new_take("b").change(other)
    told = differences(fresh, fresh.takes[0], fresh.take("b"))
    assert "start street.jpg, not meadow.jpg" in told
    assert "crop '50 x 40 at 1, 2', not 'in the middle'" in told


# ---------------------------------------------------------------------- check


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda p: replace(p, takes=()), "at least one take"),
        (lambda p: replace(p, takes=(p.current, p.current)), "no two take ids"),
        (lambda p: replace(p, selection=Selection(take="gone")), "the current take exists"),
        (lambda p: replace(p, takes=(replace(p.current, parent=p.current.id),)), "its own ancestor"),
        (lambda p: replace(p, takes=(replace(p.current, chunks=p.current.chunks[1:]),)), "follows the one before"),
        (lambda p: replace(p, markers=(Marker(id="a", frame=4), Marker(id="b", frame=2))), "order of their frames"),
        (lambda p: replace(p, takes=(*p.takes, Take(id="b", name="Take 1"))), "no two take names"),
    ],
)
def test_a_project_that_is_not_sound_is_told(made, broken, words):
    with pytest.raises(ValueError, match=words):
        check(broken(made))
