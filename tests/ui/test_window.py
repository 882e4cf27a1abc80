"""The window as a user drives it: from a dropped picture to branches, exports and undo."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from astra_studio.document.derived import slots
from tests.ui.conftest import PICTURE, Driver
from ui.commands import COMMANDS
from ui.commands.table import as_markdown
from ui.dialogs import Shortcuts
from ui.palette import Palette, ranked
from ui.timeline.redo_dialog import RedoDialog

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def drop(driver: Driver, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    stage, action = driver.window.viewport.stage, Qt.DropAction.CopyAction
    held = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(stage, QDragEnterEvent(QPoint(50, 50), action, *held))
    QApplication.sendEvent(stage, QDropEvent(QPointF(50, 50), action, *held))


def test_a_dropped_picture_is_shown_with_its_crop_and_generate_makes_a_chunk(driver: Driver) -> None:
    drop(driver, PICTURE)
    driver.wait(lambda: driver.window.viewport.stage.shown.crop is not None)
    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    driver.click(driver.window.top.generate)
    driver.wait_made(1)
    assert driver.studio.take.chunks[0].num_frames == 33
    assert driver.window.viewport.stage.shown.picture is not None


@pytest.mark.logs("notes.png")
def test_a_file_that_is_no_picture_is_explained_in_the_bar(driver: Driver, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.png"
    wrong.write_text("not a picture")
    drop(driver, wrong)
    driver.wait(lambda: bool(driver.window.problems.problems))
    assert "notes.png" in driver.window.problems.problems[0].problem.why
    assert driver.studio.project.start is None


def test_the_crop_moves_with_the_mouse_as_one_undo_step(driver: Driver, tmp_path: Path) -> None:
    from PIL import Image

    square = tmp_path / "square.png"
    Image.new("RGB", (300, 600), "red").save(square)
    driver.start_from(square)
    stage = driver.window.viewport.stage
    driver.wait(lambda: stage.shown.crop is not None)
    before = stage.shown.crop
    middle = stage.crop_box().center().toPoint()
    driver.drag(stage, middle, middle + QPoint(0, 60))
    after = driver.studio.project.start.crop
    assert after.top > before.top
    assert after.width / after.height == pytest.approx(before.width / before.height)
    driver.key(Qt.Key.Key_Z, CONTROL)
    assert driver.studio.project.start.crop is None


def test_keys_play_and_step(filled: Driver) -> None:
    player = filled.studio.player
    filled.key(Qt.Key.Key_Home)
    assert player.frame == 0
    filled.key(Qt.Key.Key_Right)
    assert player.frame == 1
    filled.key(Qt.Key.Key_Right, CONTROL)
    assert player.frame == 33
    filled.key(Qt.Key.Key_Left, SHIFT)
    assert player.frame % 4 == 0
    filled.key(Qt.Key.Key_End)
    assert player.frame == 96
    filled.key(Qt.Key.Key_Home)
    filled.key(Qt.Key.Key_Space)
    assert player.is_playing
    filled.wait(lambda: player.frame > 3)
    filled.key(Qt.Key.Key_K)
    assert not player.is_playing
    filled.key(Qt.Key.Key_L)
    filled.key(Qt.Key.Key_L)
    assert player.rate == 2
    filled.key(Qt.Key.Key_K)


def test_scrubbing_the_timeline_shows_that_frame(filled: Driver) -> None:
    canvas = filled.window.timeline.canvas
    x = round(canvas.axis.x(50))
    filled.click(canvas, QPoint(x, 60))
    assert filled.studio.player.frame == pytest.approx(50, abs=1)
    assert filled.studio.project.selection.ticks == (8, 16)


def test_branching_keeps_both_takes_and_a_changed_path_makes_only_later_chunks_stale(filled: Driver) -> None:
    first = filled.studio.take
    filled.studio.player.seek(40)
    filled.key(Qt.Key.Key_B)
    branch = filled.studio.take
    assert branch.parent == first.id
    assert [chunk.id for chunk in branch.chunks] == [first.chunks[0].id]
    field = filled.window.inspector.take_tab.pose_line
    field.clear()
    QTest.keyClicks(field, "w-8 right-8")
    QTest.keyClick(field, Qt.Key.Key_Return)
    filled.window.setFocus()
    filled.key(Qt.Key.Key_Return, CONTROL)
    filled.wait_made(2)
    assert len(filled.studio.project.take(first.id).chunks) == 3

    filled.click(
        filled.window.timeline.canvas, QPoint(60, round(filled.window.timeline.canvas.row_box(1).center().y()))
    )
    assert filled.studio.take.id == first.id
    field.clear()
    QTest.keyClicks(field, "w-8 left-8 a-8")
    QTest.keyClick(field, Qt.Key.Key_Return)
    states = [slot.state for slot in slots(filled.studio.project, filled.studio.take)]
    assert states == ["stored", "stored", "stale"]


def test_deleting_a_tail_can_be_undone(filled: Driver) -> None:
    filled.studio.player.seek(70)
    filled.key(Qt.Key.Key_Backspace, CONTROL)
    assert len(filled.studio.take.chunks) == 2
    assert filled.window.toast.isVisible()
    filled.click(filled.window.toast.button)
    assert len(filled.studio.take.chunks) == 3


def test_everything_can_be_undone_to_the_start_and_redone(filled: Driver) -> None:
    filled.key(Qt.Key.Key_M)
    filled.key(Qt.Key.Key_X)
    last = filled.studio.project
    count = 0
    while filled.studio.session.undo_label is not None:
        filled.key(Qt.Key.Key_Z, CONTROL)
        count += 1
    assert count >= 4
    assert filled.studio.project.start is None
    assert not filled.studio.project.markers
    while filled.studio.session.redo_label is not None:
        filled.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert filled.studio.project == last


def test_work_area_and_markers(filled: Driver) -> None:
    filled.studio.player.seek(10)
    filled.key(Qt.Key.Key_I)
    filled.studio.player.seek(60)
    filled.key(Qt.Key.Key_O)
    area = filled.studio.project.work_area
    assert (area.start, area.stop) == (10, 61)
    filled.key(Qt.Key.Key_Home)
    assert filled.studio.player.frame == 10
    filled.key(Qt.Key.Key_M)
    filled.studio.player.seek(50)
    filled.key(Qt.Key.Key_Less, SHIFT)
    filled.studio.commands.trigger("play.previous_marker")
    assert filled.studio.player.frame == 10
    filled.key(Qt.Key.Key_X, Qt.KeyboardModifier.AltModifier)
    assert filled.studio.project.work_area.start is None


def test_settings_are_one_step_per_drag_and_count_from_the_next_chunk(filled: Driver) -> None:
    row = filled.window.inspector.take_tab.numbers.slider("guidance")
    track = row.track
    filled.drag(track, QPoint(20, 13), QPoint(track.width() - 20, 13), steps=8)
    changed = dict(filled.studio.take.recipe.changes)["guidance"]
    assert changed > 3
    filled.key(Qt.Key.Key_Z, CONTROL)
    assert "guidance" not in dict(filled.studio.take.recipe.changes)
    filled.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    filled.key(Qt.Key.Key_Return, CONTROL)
    filled.wait_made(4)
    used = [chunk.request.settings["guidance"] for chunk in filled.studio.take.chunks]
    assert used[3] == changed
    assert used[2] != changed


def test_a_typed_number_may_be_a_sum_and_a_bad_one_is_refused(filled: Driver) -> None:
    field = filled.window.inspector.take_tab.numbers.slider("history_noise").field
    filled.click(field)
    QTest.keyClicks(field, "0.1*3")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert dict(filled.studio.take.recipe.changes)["history_noise"] == pytest.approx(0.3)
    filled.click(field)
    QTest.keyClicks(field, "much")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.property("bad") == "true"
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert dict(filled.studio.take.recipe.changes)["history_noise"] == pytest.approx(0.3)


def test_redo_from_here_asks_for_settings_and_makes_a_branch(filled: Driver) -> None:
    filled.studio.player.seek(40)
    dialog = RedoDialog(filled.studio, 1, filled.window)
    dialog.form.slider("guidance").show_value(3.0, 2.0)
    assert dialog.changes()["guidance"] == 3.0
    first = filled.studio.take
    filled.studio.generation.redo_from(first.id, 1, dialog.changes(), dialog.seed())
    filled.wait_made(3)
    assert filled.studio.take.id != first.id
    assert filled.studio.take.chunks[1].request.settings["guidance"] == 3.0
    dialog.deleteLater()


def test_cancel_keeps_what_is_finished_and_makes_no_more_of_what_was_asked_for(driver: Driver) -> None:
    assert driver.app.files.new_project("fake:0.6")
    driver.start_from()
    generation = driver.studio.generation
    driver.wait(lambda: generation.status.world_stage == "open")
    driver.window.timeline.generate(6)

    def is_denoising_the_third() -> bool:
        active = generation.status.active
        return active is not None and (active.index, active.stage) == (2, "denoising") and active.step >= 1

    driver.wait(lambda: is_denoising_the_third() and len(driver.studio.take.chunks) == 2)
    finished = driver.studio.take.chunks
    driver.key(Qt.Key.Key_Period, CONTROL)
    driver.wait(lambda: not generation.status.is_busy)
    assert driver.studio.take.chunks == finished
    driver.window.timeline.generate(1)
    driver.wait_made(3)
    assert driver.studio.take.chunks[:2] == finished


def test_comparing_two_takes_shows_the_wipe_and_tells_the_difference(filled: Driver) -> None:
    first = filled.studio.take
    filled.studio.player.seek(40)
    filled.key(Qt.Key.Key_B)
    filled.window.timeline.takes.set_compared(filled.studio.project.take(first.id), True)
    assert filled.window.viewport.stage.compare == "wipe"
    stage = filled.window.viewport.stage
    box = stage.picture_box()
    begin = QPoint(round(box.center().x()), round(box.center().y()))
    filled.drag(stage, begin, begin + QPoint(80, 0))
    assert stage._wipe > 0.5
    filled.key(Qt.Key.Key_W, SHIFT)
    assert stage.compare == "side"


def test_the_palette_finds_and_runs_a_command(filled: Driver) -> None:
    filled.key(Qt.Key.Key_K, CONTROL)
    palette = filled.window.findChild(Palette)
    assert palette is not None
    QTest.keyClicks(palette.field, "add mark")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert len(filled.studio.project.markers) == 1


def test_palette_ranks_whole_words_first() -> None:
    found = ranked(list(COMMANDS), "export", [])
    assert found[0].id in ("file.export", "file.export_path")
    assert ranked(list(COMMANDS), "qqq", []) == []


def test_keys_can_be_changed_and_conflicts_are_said(driver: Driver) -> None:
    dialog = Shortcuts(driver.studio, driver.window)
    dialog.choose("play.marker")
    dialog.keys.setKeySequence("B")
    assert "Branch Here" in dialog.words.text()
    dialog.set_button.click()
    assert driver.studio.commands.keys("play.marker") == "B"
    assert driver.studio.commands.keys("take.branch") == ""
    assert driver.studio.settings.get("keys") == {"play.marker": "B", "take.branch": ""}
    dialog.reset_button.click()
    assert driver.studio.commands.keys("play.marker") == "M"
    dialog.deleteLater()


def test_letters_in_a_text_field_are_text(filled: Driver) -> None:
    field = filled.window.inspector.take_tab.pose_line
    field.setFocus()
    field.clear()
    QTest.keyClicks(field, "b-m")
    assert field.text() == "b-m"
    assert len(filled.studio.project.takes) == 1


@pytest.mark.logs("open already")
def test_opening_the_same_project_twice_is_explained(filled: Driver, tmp_path: Path) -> None:
    from astra_studio.document.opening import open_store

    other = tmp_path / "other.astra"
    filled.studio.session.save_as(other)
    held = open_store(other)
    assert not filled.app.files.open_project(other)
    assert "open already" in filled.window.problems.problems[-1].problem.what
    assert len(filled.studio.take.chunks) == 3
    held.close()
    assert filled.app.files.open_project(other)
    assert len(filled.studio.take.chunks) == 3


def test_workspaces_and_themes(filled: Driver) -> None:
    for number, name in ((2, "Drive"), (3, "Review"), (1, "Author")):
        filled.key(getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.AltModifier)
        assert filled.window.workspace == name
    filled.studio.commands.trigger("view.theme")
    assert filled.studio.theme.name == "light"


def test_docs_list_the_commands_as_they_are() -> None:
    assert Path("docs/commands.md").read_text() == as_markdown(), "run: python -m ui.commands > docs/commands.md"


def test_no_two_commands_share_a_key() -> None:
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))


def test_escape_lets_go_of_a_text_field(filled: Driver) -> None:
    field = filled.window.inspector.take_tab.pose_line
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert filled.window.focusWidget() is filled.window.viewport.stage
