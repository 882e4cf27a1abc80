"""The loop of live driving, headless, with the fake world: its latents hold the rows that reached it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astra_studio.document.opening import open_reader
from astra_studio.paths import assets
from astra_studio.services.driving.events import DriveEvent, EndEvent, KeyEvent, MouseEvent, SetEvent
from astra_studio.services.driving.headless import DriveRequest, drive
from engine.serving.in_process import InProcessEngine

PICTURE = assets() / "pictures" / "meadow.jpg"
FORWARD, RIGHT, TURN = 11, 3, 2
"""Columns of a camera's row: negative forwards, negative to the right, negative for a turn to the right."""


def key(t: float, code: str, is_down: bool = True) -> KeyEvent:
    return KeyEvent(t=t, code=code, is_down=is_down)


def driven(folder: Path, events: Sequence[DriveEvent], **changes: Any) -> dict[str, Any]:
    options = {"num_latents": 2, "world": "fake", "seed": 5, "start": PICTURE, "project": None} | changes
    engine = InProcessEngine()
    try:
        out = folder / f"{len(list(folder.iterdir()))}.astra"
        return drive(DriveRequest(out=out, events=events, **options), engine).report
    finally:
        engine.close()


def rows(report: dict[str, Any]) -> np.ndarray:
    return np.array(report["rows"], np.float32)


def test_what_is_held_moves_the_next_chunk_and_nothing_after_it_is_let_go(tmp_path: Path) -> None:
    report = driven(tmp_path, [key(0, "KeyW"), key(2, "KeyA"), key(3, "KeyW", False), EndEvent(t=4)])
    found = rows(report)
    forward, right = found[:, FORWARD] < -0.01, found[:, RIGHT] > 0.01
    # Ticks of 0.2 s, chunks of 2: W alone for 10 ticks, both for 6 at most, then A alone.
    assert forward[:10].all()
    assert not right[:10].any()
    assert right[12:].all()
    assert not forward[16:].any()
    assert np.linalg.norm(found[12][[3, 7, 11]]) == pytest.approx(0.03, abs=1e-6), "a diagonal is no faster"


def test_the_same_script_and_seed_give_the_same_rows_and_latents(tmp_path: Path) -> None:
    events = [key(0, "KeyW"), MouseEvent(t=1, dx=40, dy=-10), EndEvent(t=2.5)]
    first, second = driven(tmp_path, events), driven(tmp_path, events)
    other = driven(tmp_path, events, seed=6)
    hashes = [[chunk["latents_sha256"] for chunk in report["chunks"]] for report in (first, second, other)]
    assert first["rows"] == second["rows"]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_tap_between_two_chunks_moves_for_one_tick_and_is_not_lost(tmp_path: Path) -> None:
    report = driven(tmp_path, [key(0, "KeyW"), key(0, "KeyW", False), EndEvent(t=1.5)])
    moving = rows(report)[:, FORWARD] < -0.01
    assert moving.tolist() == [True] + [False] * (len(moving) - 1)


def test_the_mouse_turns_once_by_what_it_was_moved(tmp_path: Path) -> None:
    report = driven(tmp_path, [MouseEvent(t=0, dx=20, dy=0), EndEvent(t=2)])
    turned = -np.arcsin(rows(report)[:, TURN]).sum()
    assert turned == pytest.approx(0.08, abs=1e-5)


def test_the_chunk_that_an_event_went_into_is_told(tmp_path: Path) -> None:
    report = driven(tmp_path, [key(0, "KeyW"), key(1.0, "KeyD"), EndEvent(t=2)])
    first, late = report["chunks"][0], next(chunk for chunk in report["chunks"][1:] if chunk["events"])
    assert (first["first_input_s"], first["events"][0]["key"]) == (0.0, "KeyW")
    assert late["first_input_s"] == pytest.approx(1.0, abs=0.06)
    assert rows(report)[2 * late["index"], RIGHT] < -0.01
    assert not (rows(report)[: 2 * late["index"], RIGHT] < -0.01).any()


def test_settings_change_from_the_next_chunk_on(tmp_path: Path) -> None:
    report = driven(tmp_path, [SetEvent(t=1, values={"guidance": 1.25}), EndEvent(t=3)])
    found = [chunk["settings"]["guidance"] for chunk in report["chunks"]]
    assert found[0] != 1.25
    assert found[-1] == 1.25


def test_a_script_without_an_end_goes_on_for_one_chunk(tmp_path: Path) -> None:
    assert len(driven(tmp_path, [key(0, "KeyW")])["chunks"]) == 1


def test_the_drive_is_a_project_and_can_be_driven_on(tmp_path: Path) -> None:
    first = driven(tmp_path, [key(0, "KeyW"), EndEvent(t=1)])
    reader = open_reader(tmp_path / "0.astra")
    take = reader.current().current
    reader.close()
    assert [chunk.latents_sha256 for chunk in take.chunks] == [chunk["latents_sha256"] for chunk in first["chunks"]]
    assert take.actions.rows.tolist() == first["rows"]
    on = driven(tmp_path, [key(0, "KeyS"), EndEvent(t=1)], start=None, project=tmp_path / "0.astra")
    assert on["rows"][: len(first["rows"])] == first["rows"]
    assert on["rows"][-1][FORWARD] > 0.01
    assert on["chunks"][0]["index"] == len(first["chunks"])


def test_in_real_time_a_press_is_seen_within_two_chunks_and_a_little(tmp_path: Path) -> None:
    report = driven(tmp_path, [key(0.5, "KeyW"), EndEvent(t=2)], realtime=True)
    assert report["latency"] is not None
    assert report["jitter"] is not None
    assert 0 < report["latency"]["max_ms"] < 5000, "a busy machine is allowed its time"


def test_what_cannot_be_driven_is_said(tmp_path: Path) -> None:
    (tmp_path / "0.astra").write_text("mine")
    engine = InProcessEngine()
    try:
        for changes, said in (
            ({"out": tmp_path / "0.astra"}, "there is a file of that name already"),
            ({"out": tmp_path / "walk.mp4"}, "--out ends in .astra"),
            ({"out": tmp_path / "1.astra", "start": None}, "give one"),
        ):
            options = {"start": PICTURE, "project": None, "world": "fake", "events": []} | changes
            with pytest.raises((ValueError, OSError), match=said):
                drive(DriveRequest(**options), engine)
    finally:
        engine.close()
    assert (tmp_path / "0.astra").read_text() == "mine"
