"""Astra JSON: written and read back, and every damaged file answered with its name, the place and the remedy."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from engine import poses
from engine.actions.modality import CAMERA, DRIVING, MODALITIES, ActionTrack, rest_rows, round_to_bfloat16
from engine.actions.pose_line import parse_pose_line
from engine.actions.presets import preset, preset_names
from engine.clock import ASTRA_CLOCK
from engine.trajectories import astra_json
from engine.trajectories.astra_json import TrajectoryError, read_astra_json, write_astra_json

REST = list(CAMERA.rest)
EYE = np.eye(4).tolist()
HEADER = {"format": "astra-trajectory", "version": 1}
numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


def stored(folder: Path, content: Any, name: str = "walk.json") -> Path:
    """A file with this content: bytes and text as they are, anything else as JSON."""
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def refusal(folder: Path, content: Any) -> str:
    with pytest.raises(TrajectoryError) as caught:
        read_astra_json(stored(folder, content))
    message = str(caught.value)
    assert "walk.json" in message
    assert len(message) < 500
    return message


def rows(**changes: Any) -> dict[str, Any]:
    return {**HEADER, "rows": [REST, REST, REST], **changes}


def c2w(*matrices: Any) -> dict[str, Any]:
    return {**HEADER, "c2w": [EYE, *matrices]}


def pose(change: Callable[[np.ndarray], None]) -> list[list[float]]:
    matrix = np.eye(4)
    change(matrix)
    return matrix.tolist()


# ---------------------------------------------------------------------- there and back


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(numbers, min_size=7, max_size=7), min_size=1, max_size=20))
def test_rows_come_back_bit_for_bit(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "driving.json"
    write_astra_json(path, ActionTrack(DRIVING, np.array(values)), tick_s=0.2)
    again = read_astra_json(path).track
    assert again.modality is DRIVING
    assert np.array_equal(again.rows.view(np.uint32), np.array(values, np.float32).view(np.uint32))


@pytest.mark.parametrize("kind", MODALITIES.values(), ids=MODALITIES)
def test_every_modality_comes_back(tmp_path, kind):
    write_astra_json(tmp_path / "walk.json", ActionTrack(kind, rest_rows(kind, 3)), tick_s=0.2)
    again = read_astra_json(tmp_path / "walk.json").track
    assert again.modality is kind
    assert np.array_equal(again.rows, rest_rows(kind, 3))


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_comes_back_also_when_rounded_to_bfloat16(tmp_path, name):
    for rounded in (preset(name, clock=ASTRA_CLOCK).rows, round_to_bfloat16(preset(name, clock=ASTRA_CLOCK).rows)):
        write_astra_json(tmp_path / "walk.json", ActionTrack(CAMERA, rounded), tick_s=0.2)
        assert np.array_equal(read_astra_json(tmp_path / "walk.json").track.rows, rounded)


@pytest.mark.parametrize("height", [3, 4])
def test_poses_become_the_rows_that_walk_along_them(tmp_path, height):
    track = parse_pose_line("w-3 left+up-2 d+right-4 hold-1", clock=ASTRA_CLOCK)
    cameras = poses.path_from_rows(track.rows)[:, :height].tolist()
    read = read_astra_json(stored(tmp_path, {**HEADER, "c2w": cameras})).track
    assert_allclose(read.rows, track.rows, atol=1e-6)


def test_poses_may_start_anywhere(tmp_path):
    track = parse_pose_line("w-3 left-2", clock=ASTRA_CLOCK)
    start = poses.from_parts(poses.rotation_y(1.0), [5, 6, 7])
    read = read_astra_json(
        stored(tmp_path, {**HEADER, "c2w": (start @ poses.path_from_rows(track.rows)).tolist()})
    ).track
    assert_allclose(read.rows, track.rows, atol=1e-6)


def test_a_step_forward_in_poses_is_a_step_forward_in_rows(tmp_path):
    read = read_astra_json(stored(tmp_path, c2w(poses.from_parts(translation=[0, 0, 1]).tolist()))).track
    assert read.rows[0, 11] == -1


def test_the_file_states_its_convention_and_columns(tmp_path):
    write_astra_json(tmp_path / "walk.json", preset("forward", 2, clock=ASTRA_CLOCK), tick_s=0.2)
    content = json.loads((tmp_path / "walk.json").read_text(encoding="utf-8"))
    assert content["convention"] == {"pose": "c2w", "axes": "opencv", "quaternion": "xyzw"}
    assert content["columns"] == list(CAMERA.columns)
    assert content["modality"] == "camera"
    assert content["seconds_per_tick"] == 0.2


def test_what_a_hand_may_leave_out_is_assumed(tmp_path):
    read = read_astra_json(stored(tmp_path, {**HEADER, "rows": [[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]]})).track
    assert read.modality is CAMERA


def test_unknown_entries_are_passed_over(tmp_path):
    assert len(read_astra_json(stored(tmp_path, rows(author="me", convention={"units": "metres"}))).track) == 3


def test_a_byte_order_mark_is_passed_over(tmp_path):
    assert len(read_astra_json(stored(tmp_path, json.dumps(rows()).encode("utf-8-sig"))).track) == 3


@pytest.mark.parametrize("kind", MODALITIES.values(), ids=MODALITIES)
def test_the_released_names_of_modalities_are_read(tmp_path, kind):
    content = rows(modality=kind.released_name, rows=[list(kind.rest)])
    assert read_astra_json(stored(tmp_path, content)).track.modality is kind


def test_a_failed_write_leaves_neither_the_old_file_changed_nor_a_part_behind(tmp_path):
    taken = tmp_path / "walk.json"
    taken.mkdir()
    with pytest.raises(OSError, match=r"walk\.json"):
        write_astra_json(taken, preset("forward", 2, clock=ASTRA_CLOCK), tick_s=0.2)
    assert list(tmp_path.iterdir()) == [taken]


# ---------------------------------------------------------------------- not a trajectory at all


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not whole JSON: .* line 1"),
        (b"\0" * 64, "not whole JSON"),
        (b"\x89PNG\r\n\x1a\n", "not a text file .byte 0"),
        (b"PK\x03\x04\xff", "not a text file"),
        (json.dumps(rows()).encode("utf-16"), "not a text file"),
        (json.dumps(rows()).encode("utf-16-le"), "not whole JSON"),
        ('{"format": "astra-trajectory", "author": "M\xfcller"}'.encode("latin-1"), "not a text file"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("[]", "one JSON object, it holds a list"),
        ("null", "one JSON object, it holds a NoneType"),
        ('"astra-trajectory"', "one JSON object, it holds a str"),
        ("NaN", "one JSON object, it holds a float"),
        ("{}", 'expected "format": "astra-trajectory" at its top, found None'),
        ({"format": "tum"}, "found 'tum'"),
        ({"format": ["x" * 10_000] * 100}, "no Astra trajectory"),
        ({**HEADER, "version": 2}, "version 2; this program reads version 1"),
        ({**HEADER, "version": "1"}, "version '1'"),
        ({"format": "astra-trajectory"}, "version None"),
        ('{"format": "astra-trajectory", "version": NaN, "rows": []}', "version nan"),
        (rows(modality="boat"), "unknown action modality 'boat'; there are camera, driving, robot"),
        (rows(modality=None), "unknown action modality 'None'"),
        (rows(modality=["camera"]), "unknown action modality"),
        (rows(modality="x" * 10_000), "unknown action modality"),
        (HEADER, 'either "rows" or "c2w"'),
        ({**rows(), **c2w(EYE)}, "and not both"),
        ({**c2w(EYE), "modality": "driving"}, 'driving actions need "rows"'),
        (rows(convention={"pose": "w2c"}), "says pose is 'w2c'; Astra JSON is always 'c2w'"),
        (rows(convention={"axes": "opengl"}), "says axes is 'opengl'; Astra JSON is always 'opencv'"),
        (rows(convention={"quaternion": "wxyz"}), "says quaternion is 'wxyz'"),
        (rows(convention={"axes": None}), "says axes is None"),
        (rows(convention="opencv"), "should be an object such as"),
        (rows(seconds_per_tick=0), "0 seconds per tick; it must be a number above 0, up to 60"),
        (rows(seconds_per_tick=-0.2), "-0.2 seconds per tick"),
        (rows(seconds_per_tick=61), "61 seconds per tick"),
        (rows(seconds_per_tick=True), "True seconds per tick"),
        (rows(seconds_per_tick="0.2"), "'0.2' seconds per tick"),
        (rows(seconds_per_tick=None), "None seconds per tick"),
        (rows(seconds_per_tick=math.nan), "nan seconds per tick"),
        (rows(seconds_per_tick=math.inf), "inf seconds per tick"),
        (rows(seconds_per_tick=10**400), "seconds per tick"),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_what_was_expected(tmp_path, content, words):
    assert_found(words, refusal(tmp_path, content))


def assert_found(words: str, message: str) -> None:
    assert re.search(words, message), message


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_truncated_file_is_refused(tmp_path_factory, data):
    whole = json.dumps(rows()).encode()
    kept = data.draw(st.integers(0, len(whole) - 1))
    assert "not whole JSON" in refusal(tmp_path_factory.getbasetemp(), whole[:kept])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_a_file_with_wrong_bytes_in_it_is_read_or_refused_in_words(tmp_path_factory, place, bad):
    whole = json.dumps(c2w(EYE)).encode()
    place %= len(whole)
    path = stored(tmp_path_factory.getbasetemp(), whole[:place] + bad + whole[place + len(bad) :])
    try:
        said = str(read_astra_json(path).track.rows)
    except TrajectoryError as error:
        said = str(error)
    assert re.search(r"walk\.json|^\[\[[-0-9. ]+\]\]$", said.replace("\n", " ")), said


# ---------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([], '"rows".*empty'),
        ([[]], '"rows".*empty'),
        ({}, r"rows is \{\}, an object"),
        (None, "rows is None, null"),
        (5, r"got an array of shape \(\)"),
        ("12", "rows is '12', a string"),
        (REST, r"array of shape \(12,\)"),
        ([REST[:11]], r"12 numbers \(r00 .* tz\), got an array of shape \(1, 11\)"),
        ([[*REST, 0]], r"shape \(1, 13\)"),
        ([[REST]], r"shape \(1, 1, 12\)"),
        ([REST, REST, REST[:11]], r"rows\[2\] is \[.*, a list of 11"),
        ([REST, 5], r"rows\[1\] is 5, a number"),
        ([5, REST], r"rows\[0\] is 5, a number"),
        ([REST, [*REST[:11], "0"]], r"rows\[1\]\[11\] is '0', a string"),
        ([REST, [*REST[:11], "x" * 1000]], r"rows\[1\]\[11\] is 'x+"),
        ([[True, *REST[1:]]], r"rows\[0\]\[0\] is True, a boolean"),
        ([[None, *REST[1:]]], r"rows\[0\]\[0\] is None, null"),
        ([REST, [*REST[:3], math.nan, *REST[4:]]], "row 1 holds nan in column tx"),
        ([REST, [*REST[:11], -math.inf]], "row 1 holds -inf in column tz"),
        ([[*REST[:11], 1e300]], "row 0 holds inf in column tz"),
        ([[*REST[:11], 10**400]], "too large"),
        ([REST, [-1, *REST[1:]]], r'row 1 of "rows".*no rotation \(determinant -1'),
        ([[2 * value for value in REST]], r'row 0 of "rows".*determinant 8'),
        ([[0] * 12], r'row 0 of "rows".*determinant 0'),
        ([[1e30, *REST[1:]]], r'row 0 of "rows".*no rotation'),
    ],
)
def test_wrong_rows_are_refused_with_their_place(tmp_path, table, words):
    assert_found(words, refusal(tmp_path, rows(rows=table)))


@pytest.mark.parametrize("depth", [4, 50, 70, 900])
def test_a_table_nested_deeper_than_any_is_refused(tmp_path, depth):
    assert '"rows" in walk.json is nested too deeply' in refusal(
        tmp_path, rows(rows=json.loads("[" * depth + "0" + "]" * depth))
    )


def test_a_number_of_more_digits_than_any_program_reads_is_refused(tmp_path):
    digits = "1" * 5000
    assert_found(
        "digits", refusal(tmp_path, '{"format": "astra-trajectory", "version": 1, "rows": [[' + digits + "]]}")
    )


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (pose(lambda m: m.__setitem__((0, 0), -1)), r"pose 1 .*no rotation \(determinant -1\).*mirrored"),
        (pose(lambda m: m.__imul__(1.01)), "pose 1 .*no rotation.*scaled"),
        (pose(lambda m: m.__setitem__((0, 1), 0.1)), "pose 1 .*no rotation.*skewed"),
        (pose(lambda m: m.__setitem__((1, 3), math.nan)), "pose 1 .*not finite"),
        (pose(lambda m: m.__setitem__((0, 0), math.inf)), "pose 1 .*not finite"),
        (pose(lambda m: m.__setitem__((3, 0), 2.0)), "pose 1 .*0 0 0 1.*swapped"),
        (pose(lambda m: m.__setitem__((3, 3), 2.0)), "pose 1 .*0 0 0 1"),
        (pose(lambda m: m.__setitem__((0, 3), 1e300)), "row 0 holds -inf in column tx"),
        (pose(lambda m: m.__setitem__((0, 0), 1e300)), "pose 1 .*no rotation"),
        (np.zeros((4, 4)).tolist(), r"pose 1 .*no rotation \(determinant 0\)"),
        (np.eye(3).tolist(), r"c2w\[1\] is \[.*, a list of 3"),
        ([*EYE[:3], [0, 0, 1]], r"c2w\[1\]\[3\] is \[0, 0, 1\], a list of 3"),
        ([], r"c2w\[1\] is \[\], a list of 0"),
        ([*EYE[:3], [0, 0, 0, True]], r"c2w\[1\]\[3\]\[3\] is True, a boolean"),
        ([*EYE[:3], [0, 0, 0, "1"]], r"c2w\[1\]\[3\]\[3\] is '1', a string"),
    ],
)
def test_wrong_poses_are_refused_with_their_place(tmp_path, matrix, words):
    assert_found(words, refusal(tmp_path, c2w(matrix)))


@pytest.mark.parametrize("matrices", [[], [np.eye(4)], [np.eye(3)] * 3, [np.zeros((2, 4))] * 3])
def test_poses_of_another_number_or_shape_are_refused(tmp_path, matrices):
    message = refusal(tmp_path, {**HEADER, "c2w": [np.asarray(m).tolist() for m in matrices]})
    assert_found("at least two 4 x 4|empty", message)


# ---------------------------------------------------------------------- the file itself


def test_a_file_that_is_not_there_is_named_in_full(tmp_path):
    with pytest.raises(TrajectoryError, match=f"{tmp_path}/gone.json cannot be read: No such file"):
        read_astra_json(tmp_path / "gone.json")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(TrajectoryError, match="cannot be read: Is a directory"):
        read_astra_json(tmp_path)


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(TrajectoryError, match="cannot be read"):
        read_astra_json(Path("walk\0.json"))


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    """It is all holes: it takes no room on the disk, and would take as much memory as it is long."""
    path = tmp_path / "walk.json"
    with path.open("wb") as file:
        file.truncate(astra_json.MAX_BYTES + 1)
    with pytest.raises(TrajectoryError, match=r"walk.json is larger than 200 MB"):
        read_astra_json(path)
