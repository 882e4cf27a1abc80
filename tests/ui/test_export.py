"""Exporting as a user does it: the dialog, what it says, how the end is told, and an export dropped on the window."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from astra_studio.services.export.export import ExportRequest
from engine.video.decode import probe
from tests.ui.conftest import Driver
from tests.ui.test_window import CONTROL, drop
from ui.export_dialog import ExportDialog, add_export


def test_export_from_the_dialog_and_the_file_brings_its_settings_back(filled: Driver, tmp_path: Path) -> None:
    out = tmp_path / "walk.mp4"
    dialog = ExportDialog(filled.studio, filled.window)
    dialog.target.setText(str(out))
    dialog.what.setCurrentIndex(dialog.what.findData("chunks"))
    dialog.chunks.setText("2")
    dialog.hud.setChecked(True)
    assert "32 frames, 1.6 s" in dialog.summary.text()
    dialog.ok.click()
    filled.wait(lambda: bool(filled.studio.jobs.states) and filled.studio.jobs.states[0].is_over)
    assert filled.studio.jobs.states[0].status == "done"
    assert probe(out).num_frames == 32
    sidecar = json.loads((tmp_path / "walk.mp4.astra.json").read_text())
    assert len(sidecar["chunks"]) == 3
    asked = filled.studio.take.actions
    filled.key(Qt.Key.Key_N, CONTROL)
    assert not filled.studio.take.chunks
    drop(filled, out)
    filled.wait(lambda: len(filled.studio.take.actions) == 24)
    assert filled.studio.take.actions == asked
    assert filled.studio.take.recipe.seed_is_locked
    assert "walk.mp4 restored" in filled.window.toast.words.text()
    filled.click(filled.window.toast.button)
    assert not len(filled.studio.take.actions), "one step of undo takes all of it back"


def test_the_export_dialog_says_what_is_wrong_before_anything_runs(filled: Driver, tmp_path: Path) -> None:
    dialog = ExportDialog(filled.studio, filled.window)
    filled.qtbot.addWidget(dialog)
    dialog.target.setText(str(tmp_path / "walk.mp4"))
    assert dialog.ok.isEnabled()
    assert "97 frames" in dialog.summary.text()
    dialog.what.setCurrentIndex(dialog.what.findData("chunks"))
    for words, problem in (("1, 9", "chunks 1 to 3, asked for 9"), ("one", "1, 3-4"), ("", "1, 3-4")):
        dialog.chunks.setText(words)
        assert not dialog.ok.isEnabled()
        assert problem in dialog.summary.text()
    dialog.chunks.setText("1, 3")
    assert dialog.ok.isEnabled()
    for target, problem in (("walk.gif", "end in .mp4"), ("nowhere/walk.mp4", "no folder"), ("", "end in .mp4")):
        dialog.target.setText(str(tmp_path / target) if target else "")
        assert not dialog.ok.isEnabled()
        assert problem in dialog.summary.text()
    (tmp_path / "walk.mp4").write_bytes(b"older")
    dialog.target.setText(str(tmp_path / "walk.mp4"))
    assert "is replaced" in dialog.summary.text()
    dialog.kind.setCurrentIndex(dialog.kind.findData("png"))
    assert dialog.target.text() == str(tmp_path / "walk")
    dialog.kind.setCurrentIndex(dialog.kind.findData("otio"))
    assert dialog.target.text() == str(tmp_path / "walk.otio")
    assert not dialog.beside.isEnabled()


@pytest.mark.logs("the job Export .* has failed", "cannot be")
def test_the_end_of_an_export_is_told(filled: Driver, tmp_path: Path) -> None:
    dialog = ExportDialog(filled.studio, filled.window)
    dialog.kind.setCurrentIndex(dialog.kind.findData("otio"))
    dialog.target.setText(str(tmp_path / "walk.otio"))
    dialog.ok.click()
    filled.wait(lambda: "walk.otio is done" in filled.window.toast.words.text())
    assert filled.window.toast.button.text() == "Show in folder"
    assert (tmp_path / "walk-media" / "take-1.mp4").exists()
    (tmp_path / "walk.mp4").mkdir()
    add_export(
        filled.studio,
        ExportRequest(project=filled.studio.session.path, take=filled.studio.take, out=tmp_path / "walk.mp4"),
    )
    filled.wait(lambda: filled.window.problems.isVisible())
    assert "folder" in filled.window.problems.problems[-1].problem.why
