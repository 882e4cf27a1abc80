"""Pose lines: what is read, and how each wrong one is answered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.actions.modality import CAMERA, ROBOT, ActionTrack
from engine.actions.moves import HOLD, MOVES, camera_row
from engine.actions.pose_line import (
    MAX_TICKS,
    PoseLineError,
    explain_moves,
    looks_like_pose_line,
    parse_pose_line,
    pose_line_of,
)
from engine.clock import ASTRA_CLOCK

few = settings(deadline=None, max_examples=30)
steps = st.sampled_from([["w"], ["s", "left"], ["up", "d", "q"], ["right"], [HOLD]])


@few
@given(st.lists(st.tuples(steps, st.integers(1, 20)), min_size=1, max_size=6), st.sampled_from([" ", "  ", "\t", "\n"]))
def test_a_line_is_its_moves_one_after_the_other(moves, blank):
    line = blank.join(f"{'+'.join(what)}-{ticks}" for what, ticks in moves)
    expected = np.concatenate([np.tile(camera_row(what, clock=ASTRA_CLOCK), (ticks, 1)) for what, ticks in moves])
    assert looks_like_pose_line(line)
    assert np.array_equal(parse_pose_line(line, clock=ASTRA_CLOCK).rows, expected)


def test_capitals_are_read_as_small_letters():
    assert np.array_equal(
        parse_pose_line("W+Left-3", clock=ASTRA_CLOCK).rows, parse_pose_line("w+left-3", clock=ASTRA_CLOCK).rows
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "empty.*w-8 left-4"),
        (" \t ", "empty"),
        ("w-8 left", "move 2 of the pose line, 'left'.*what-ticks.*w-8"),
        ("w8", "move 1 of the pose line, 'w8'"),
        ("w--8", "move 1"),
        ("w-8.5", "move 1"),
        ("w-8,left-4", "move 1"),
        ("w-", "move 1"),
        ("-8", "move 1"),
        ("w+-8", "move 1"),
        ("w-8 \x00-1", "move 2"),
        ("w-1234567890", "move 1"),
        ("w-0", "move 1, 'w-0': a move lasts at least 1 tick"),
        (f"w-{MAX_TICKS + 1}", f"at most {MAX_TICKS}"),
        (f"w-{MAX_TICKS} s-1", f"move 2, 's-1'.*at most {MAX_TICKS}"),
        ("w+hold-2", "move 1, 'w\\+hold-2': hold means no motion"),
        ("w-1 jump-2", "move 2, 'jump-2': unknown move 'jump'"),
        ("w+s-1", "move 1.*opposite"),
        ("a+a-1", "move 1.*twice"),
    ],
)
def test_a_wrong_line_is_answered_with_the_move_and_what_is_wrong(line, words):
    with pytest.raises(PoseLineError, match=words):
        parse_pose_line(line, clock=ASTRA_CLOCK)


@few
@given(st.text("wsad+-0123 lefthold\t\0é٣", max_size=30))
def test_any_text_is_either_read_or_refused_as_a_pose_line(line):
    try:
        track = parse_pose_line(line, clock=ASTRA_CLOCK)
    except PoseLineError:
        return
    assert looks_like_pose_line(line)
    assert 1 <= len(track) <= MAX_TICKS


def test_a_line_of_the_longest_length_is_read():
    assert len(parse_pose_line(f"w-{MAX_TICKS - 1} s-1", clock=ASTRA_CLOCK)) == MAX_TICKS


@pytest.mark.parametrize("text", ["walk.json", "forward", "w-8 left", "", "C:\\walk.json"])
def test_what_has_not_the_form_does_not_look_like_a_pose_line(text):
    assert not looks_like_pose_line(text)


def test_the_explanation_names_every_move():
    explained = explain_moves().split(", ")
    assert [entry.split()[0] for entry in explained] == [*MOVES, HOLD]


@pytest.mark.parametrize("line", ["w-8 left-4 w+left-8 d-4", "hold-3", "w-1 s-1 w-1", "w+a+e+right+down-5 hold-1"])
def test_a_track_of_moves_is_told_as_its_line(line):
    assert pose_line_of(parse_pose_line(line, clock=ASTRA_CLOCK), clock=ASTRA_CLOCK) == line


def test_equal_moves_that_follow_each_other_are_told_as_one():
    assert pose_line_of(parse_pose_line("w-3 w-5", clock=ASTRA_CLOCK), clock=ASTRA_CLOCK) == "w-8"


def test_rounding_does_not_hide_a_line_and_anything_more_does():
    track = parse_pose_line("w+left-8", clock=ASTRA_CLOCK)
    nudged = ActionTrack(CAMERA, track.rows + np.float32(1e-7))
    assert pose_line_of(nudged, clock=ASTRA_CLOCK) == "w+left-8"
    assert pose_line_of(ActionTrack(CAMERA, track.rows + np.float32(1e-5)), clock=ASTRA_CLOCK) is None
    assert pose_line_of(ActionTrack(ROBOT, track.rows), clock=ASTRA_CLOCK) is None
    assert pose_line_of(ActionTrack(CAMERA, track.rows[:0]), clock=ASTRA_CLOCK) == ""
