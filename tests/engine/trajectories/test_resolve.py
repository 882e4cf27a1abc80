"""What a user may name as a trajectory, and how a wrong name is answered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.actions.modality import CAMERA, rest_rows
from engine.actions.pose_line import PoseLineError, parse_pose_line
from engine.actions.presets import preset, preset_names
from engine.clock import ASTRA_CLOCK
from engine.trajectories.astra_json import TrajectoryError, write_astra_json
from engine.trajectories.resolve import resolve_trajectory


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    path = tmp_path / "walk.json"
    write_astra_json(path, parse_pose_line("w-3 left-2", clock=ASTRA_CLOCK), tick_s=0.2)
    return path


@pytest.mark.parametrize("name", preset_names())
def test_presets_go_by_name_and_stretch_to_the_ticks_asked_for(name):
    assert np.array_equal(resolve_trajectory(name, clock=ASTRA_CLOCK).rows, preset(name, 24, clock=ASTRA_CLOCK).rows)
    assert np.array_equal(
        resolve_trajectory(f" {name}\n", 10, clock=ASTRA_CLOCK).rows, preset(name, 10, clock=ASTRA_CLOCK).rows
    )


def test_pose_lines_are_read(walk):
    assert np.array_equal(
        resolve_trajectory("w-3 left-2", clock=ASTRA_CLOCK).rows, parse_pose_line("w-3 left-2", clock=ASTRA_CLOCK).rows
    )


def test_files_are_read_under_any_name(walk):
    expected = parse_pose_line("w-3 left-2", clock=ASTRA_CLOCK).rows
    assert np.array_equal(resolve_trajectory(str(walk), clock=ASTRA_CLOCK).rows, expected)
    other = walk.rename(walk.with_name("my walk"))
    assert np.array_equal(resolve_trajectory(f"  {other}", clock=ASTRA_CLOCK).rows, expected)


def test_a_tilde_is_the_home_folder(walk, monkeypatch):
    monkeypatch.setenv("HOME", str(walk.parent))
    assert len(resolve_trajectory("~/walk.json", clock=ASTRA_CLOCK)) == 5


@pytest.mark.parametrize("name", ["w-3 left-2", "FILE"])
def test_lines_and_files_are_cut_or_rest_at_the_end(walk, name):
    name = str(walk) if name == "FILE" else name
    whole = resolve_trajectory(name, clock=ASTRA_CLOCK).rows
    assert np.array_equal(resolve_trajectory(name, 4, clock=ASTRA_CLOCK).rows, whole[:4])
    assert np.array_equal(resolve_trajectory(name, 7, clock=ASTRA_CLOCK).rows[5:], rest_rows(CAMERA, 2))


def test_a_pose_line_may_be_longer_than_a_file_name():
    assert len(resolve_trajectory("w-1 " * 2000, clock=ASTRA_CLOCK)) == 2000


@pytest.mark.parametrize(
    "text", ["fly", "", "  ", "walk.jsn", "x" * 5000, "w\0", "~nobody-of-that-name", "forward-", "/"]
)
def test_what_is_nothing_of_that_is_answered_with_what_there_is(text):
    with pytest.raises(TrajectoryError, match=r"neither a preset \(forward, .*'w-8 left-8', nor a trajectory file"):
        resolve_trajectory(text, clock=ASTRA_CLOCK)


@pytest.mark.parametrize(
    "text", ["gone.json", "GONE.JSON", "~nobody-of-that-name/walk.json", "x" * 5000 + ".json", "\0.json"]
)
def test_what_is_called_json_is_meant_as_a_file(text):
    with pytest.raises(TrajectoryError, match="cannot be read"):
        resolve_trajectory(text, clock=ASTRA_CLOCK)


def test_a_folder_is_no_trajectory(tmp_path):
    with pytest.raises(TrajectoryError, match="neither a preset"):
        resolve_trajectory(str(tmp_path), clock=ASTRA_CLOCK)


@pytest.mark.parametrize("text", ["jump-3", "w-8 left", "forward 8", "w-8 w"])
def test_what_looks_like_a_pose_line_is_answered_as_one(text):
    with pytest.raises(PoseLineError, match="move"):
        resolve_trajectory(text, clock=ASTRA_CLOCK)


@pytest.mark.parametrize("name", ["forward", "w-3"])
@pytest.mark.parametrize("num_ticks", [0, -1])
def test_no_ticks_are_refused(name, num_ticks):
    with pytest.raises(ValueError, match=f"at least 1 tick, got {num_ticks}"):
        resolve_trajectory(name, num_ticks, clock=ASTRA_CLOCK)


def test_a_file_of_another_program_is_a_trajectory(tmp_path):
    path = tmp_path / "walk.txt"
    path.write_text("".join(f"{0.1 * n} 0 0 {0.015 * n} 0 0 0 1\n" for n in range(9)))
    assert np.allclose(
        resolve_trajectory(str(path), clock=ASTRA_CLOCK).rows, parse_pose_line("w-4", clock=ASTRA_CLOCK).rows, atol=1e-6
    )
    assert len(resolve_trajectory(str(path), 6, clock=ASTRA_CLOCK)) == 6


def test_a_folder_with_colmaps_images_is_a_trajectory(tmp_path):
    lines = "".join(f"{n} 1 0 0 0 0 0 {-0.0075 * n} 1 f{n:03d}.png\n\n" for n in range(9))
    (tmp_path / "images.txt").write_text(lines)
    assert np.allclose(
        resolve_trajectory(str(tmp_path), clock=ASTRA_CLOCK).rows,
        parse_pose_line("w-2", clock=ASTRA_CLOCK).rows,
        atol=1e-6,
    )


def test_a_file_shorter_than_a_tick_is_refused(tmp_path):
    path = tmp_path / "walk.txt"
    path.write_text("0 0 0 0 0 0 0 1\n0.1 0 0 1 0 0 0 1\n")
    with pytest.raises(TrajectoryError, match=r"walk\.txt lasts 0\.1 s, less than a tick of 0\.2 s"):
        resolve_trajectory(str(path), clock=ASTRA_CLOCK)
