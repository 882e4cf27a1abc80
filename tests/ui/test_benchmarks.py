"""The window's benchmarks: that they measure what they say, on a small project."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from astra_studio.document.benchmark import fill_project
from ui.benchmarks import first_frame, large_project
from ui.path_editor.benchmark import path_timings
from ui.timing import HEADER, Timing


def test_a_timing_is_a_row_with_its_verdict() -> None:
    timing = Timing(name="scrubbing", values=[1.0, 2.0, 30.0], p95_limit=16.0)
    assert (timing.median, timing.maximum, timing.is_met) == (2.0, 30.0, False)
    assert timing.line().count("|") == HEADER.splitlines()[0].count("|")
    assert timing.line().endswith("| p95 16 | 3 | MISS |")
    assert Timing(name="scrubbing", values=[1.0, 2.0], p95_limit=16.0, max_limit=2.0).line().endswith("| ok |")
    assert Timing(name="memory", values=[1.0, 2.1], max_limit=2.0).is_met is False
    assert Timing(name="anything", values=[1e9]).is_met


def test_a_large_project_is_opened_and_scrubbed_from_the_file_and_from_memory(qtbot: QtBot, tmp_path: Path) -> None:
    times = fill_project(tmp_path / "large.astra", 4, 48, 80)
    assert len(times.chunk) == 4
    found = {timing.name: timing for timing in large_project(tmp_path / "large.astra", 10, 3)}
    assert len(found["opening a project of 4 chunks"].values) == 5
    assert len(found["scrubbing 10 of 97 frames, from the file"].values) == 10
    assert len(found["scrubbing the same frames, from memory"].values) == 10
    held = found["frames in memory over all 97"]
    assert held.is_met
    assert abs(held.maximum * 2**20 - 97 * 48 * 80 * 3) < 1, "all of them fit into memory"


def test_the_first_frame_is_seen_before_its_chunk_is_stored(qtbot: QtBot) -> None:
    seen, of_play, of_making = first_frame(2)
    assert [len(timing.values) for timing in (seen, of_play, of_making)] == [2, 2, 2]
    assert max(of_making.values) < 1
    assert of_play.name == "as a share of the 1.6 s that a chunk plays"
    assert of_play.values[0] == seen.values[0] / 1600


def test_the_path_editor_is_measured_in_all_its_views(qtbot: QtBot) -> None:
    found = list(path_timings(num_keys=12, repeats=2))
    assert [len(timing.values) for timing in found] == [2] * 7
    assert found[0].name == "sampler, 120 ticks of 12 new keys"
    assert all(timing.p95_limit is not None for timing in found)
