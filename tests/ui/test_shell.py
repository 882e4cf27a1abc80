"""The shell around the panes: pasting and dropping, sizes, themes, full screen, dialogs, toasts, the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QPaintEvent,
    QRegion,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QDialog, QLabel, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from astra_studio.app import App
from astra_studio.document.places import recent
from astra_studio.services.background.jobs import JobControl
from engine.serving.in_process import InProcessEngine
from tests.ui.conftest import Driver
from ui.commands import COMMANDS
from ui.dialogs import LogWindow, Preferences, Shortcuts
from ui.palette import KEYS, Palette
from ui.project_panel.pane import SceneButton
from ui.timeline.redo_dialog import RedoDialog

CONTROL = Qt.KeyboardModifier.ControlModifier
RED = QColor(200, 30, 40)


def picture(width: int = 300, height: int = 500) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(RED)
    return image


class Painted(QObject):
    """Watches what a widget paints."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.whole = QRegion()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.whole = self.whole.united(event.region())
        return False


@pytest.fixture
def again(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[App]]:
    """Room for programs that are started one after the other, over the same settings."""
    monkeypatch.setenv("ASTRA_STUDIO_WORLD", "fake")
    monkeypatch.setattr("astra_studio.app.ChildEngine", lambda: InProcessEngine())
    apps: list[App] = []
    yield apps
    for made in apps:
        end(made)


def begin(apps: list[App]) -> App:
    made = App()
    apps.append(made)
    assert made.show(None)
    return made


def end(app: App) -> None:
    if app.window is not None:
        app.window.close()
        app.window.deleteLater()
        app.window = None
        app.close()


# ---------------------------------------------------------------------- pictures that come in


def test_a_picture_is_pasted(driver: Driver) -> None:
    QGuiApplication.clipboard().setImage(picture())
    driver.key(Qt.Key.Key_V, CONTROL)
    driver.wait(lambda: driver.studio.project.start is not None)
    start = driver.studio.project.start
    assert (start.name, start.width_px, start.height_px) == ("Pasted", 300, 500)
    driver.wait(lambda: driver.window.viewport.stage.shown.crop is not None)
    shown = driver.window.viewport.stage.shown.picture
    assert shown is not None
    assert shown.pixelColor(10, 10) == RED


def test_a_picture_without_a_file_is_dropped_as_browsers_do(driver: Driver) -> None:
    data = QMimeData()
    data.setImageData(picture(400, 200))
    held = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    stage = driver.window.viewport.stage
    entered = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, *held)
    QApplication.sendEvent(stage, entered)
    assert entered.isAccepted()
    QApplication.sendEvent(stage, QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, *held))
    driver.wait(lambda: driver.studio.project.start is not None)
    assert driver.studio.project.start.width_px == 400


# ---------------------------------------------------------------------- sizes


@pytest.mark.parametrize("workspace", ["Author", "Drive", "Review"])
def test_a_low_window_leaves_the_picture_most_of_the_room(driver: Driver, workspace: str) -> None:
    driver.window.resize(1280, 680)
    driver.window.show_workspace(workspace)
    QApplication.processEvents()
    assert driver.window.size() == QSize(1280, 680)
    assert driver.window.viewport.stage.height() > 240
    assert driver.window.timeline.height() > 150


def test_the_headers_of_all_panes_have_room_in_all_sizes(driver: Driver) -> None:
    window = driver.window
    for size in (QSize(1280, 720), QSize(1400, 900), QSize(1600, 1000), QSize(2560, 1440)):
        window.resize(size)
        for workspace in ("Drive", "Author", "Review", "Author"):
            window.show_workspace(workspace)
            QApplication.processEvents()
        for pane in (window.path, window.viewport):
            if pane.isVisible():
                assert pane.header.width() >= pane.header.minimumSizeHint().width()
    assert window.path.width() > 500  # a wide window gives the path more


def test_sizes_are_the_same_when_the_program_starts_again_though_it_was_left_in_full_screen(again: list[App]) -> None:
    first = begin(again)
    assert first.window is not None
    first.window.resize(1600, 1000)
    splitter = first.window._columns
    splitter.moveSplitter(260, 1)
    before = splitter.sizes()
    assert before[0] == 260
    first.studio.commands.trigger("view.full_screen")
    first.studio.commands.trigger("view.review")
    assert not first.window.timeline.isVisible()
    assert not first.window.project_panel.isVisible()
    first.studio.commands.trigger("view.author")
    end(first)
    second = begin(again)
    assert second.window is not None
    second.window.setWindowState(Qt.WindowState.WindowNoState)
    second.window.resize(1600, 1000)
    QApplication.processEvents()
    after = second.window._columns.sizes()
    assert (after[:2], after[3]) == (before[:2], before[3])


def test_a_long_job_does_not_make_the_panel_wider(filled: Driver) -> None:
    inside = filled.window.project_panel.jobs.parentWidget()
    assert inside is not None
    before = inside.minimumSizeHint().width()

    def nothing(_control: JobControl) -> Path:
        return Path("/tmp")

    filled.studio.jobs.add("Export a take with a very long name to a file of a name that is longer still", nothing)
    filled.wait(lambda: all(state.is_over for state in filled.studio.jobs.states))
    QApplication.processEvents()
    assert inside.minimumSizeHint().width() == before


# ---------------------------------------------------------------------- the viewer


def test_the_hud_of_drive_stays_in_drive(filled: Driver) -> None:
    stage = filled.window.viewport.stage
    filled.window.show_workspace("Drive")
    assert stage.has_hud
    filled.window.show_workspace("Author")
    assert not stage.has_hud
    filled.key(Qt.Key.Key_H)
    filled.window.show_workspace("Review")
    assert not stage.has_hud
    filled.window.show_workspace("Author")
    assert stage.has_hud


def test_after_the_wheel_no_zoom_is_chosen_and_fit_can_be(filled: Driver) -> None:
    stage, control = filled.window.viewport.stage, filled.window.viewport.zoom
    where = QPointF(200, 200)
    turned = QWheelEvent(
        where,
        stage.mapToGlobal(where),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        CONTROL,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(stage, turned)
    assert control.current == ""
    assert not filled.studio.commands.action("view.fit").isChecked()
    filled.click(control, QPoint(15, 12))
    assert stage.zoom == "fit"
    assert control.current == "Fit"


def test_a_new_chunk_plays_once_and_leaves_loop_as_it_is(filled: Driver) -> None:
    player = filled.studio.player
    assert player.is_looping
    filled.key(Qt.Key.Key_End)
    filled.key(Qt.Key.Key_Return, CONTROL)
    filled.wait(lambda: len(filled.studio.take.chunks) == 4)
    filled.wait(lambda: not player.is_playing)
    assert player.frame == player.num_frames - 1
    assert player.is_looping


@pytest.mark.parametrize("corner", ["topLeft", "topRight", "bottomLeft", "bottomRight"])
def test_every_corner_of_the_crop_can_be_drawn_and_the_opposite_one_stays(
    driver: Driver, tmp_path: Path, corner: str
) -> None:
    square = tmp_path / "square.png"
    picture(600, 600).save(str(square))
    driver.start_from(square)
    stage = driver.window.viewport.stage
    driver.wait(lambda: stage.shown.crop is not None)
    before = stage.crop_box()
    opposite = {"topLeft": "bottomRight", "topRight": "bottomLeft"} | {
        "bottomLeft": "topRight",
        "bottomRight": "topLeft",
    }
    begin = getattr(before, corner)().toPoint()
    inward = QPoint(60 if "Left" in corner else -60, 0)
    driver.drag(stage, begin, begin + inward)
    after = stage.crop_box()
    assert after.width() == pytest.approx(before.width() - 60, abs=3)
    assert after.width() / after.height() == pytest.approx(before.width() / before.height())
    stays = getattr(after, opposite[corner])() - getattr(before, opposite[corner])()
    assert stays.manhattanLength() < 2


def test_w_compares_a_branch_with_what_it_branches_from(filled: Driver) -> None:
    first = filled.studio.take
    wipe = filled.studio.commands.action("view.wipe")
    assert not wipe.isEnabled()
    filled.studio.player.seek(40)
    filled.key(Qt.Key.Key_B)
    assert wipe.isEnabled()
    canvas = filled.window.timeline.canvas
    QApplication.processEvents()
    painted = Painted(canvas)
    filled.key(Qt.Key.Key_W)
    QApplication.processEvents()
    assert painted.whole.contains(canvas.row_box(0).toRect().adjusted(0, 0, 0, -1)), "the chip of take A is not painted"
    assert filled.studio.project.selection.compared == first.id
    assert filled.window.viewport.stage.compare == "wipe"
    filled.key(Qt.Key.Key_W)
    assert filled.window.viewport.stage.compare == "none"


# ---------------------------------------------------------------------- keys of what has the focus


def test_space_and_return_press_the_button_that_has_the_focus(driver: Driver) -> None:
    scenes = driver.window.project_panel.findChildren(SceneButton)
    for scene, key in ((scenes[1], Qt.Key.Key_Space), (scenes[2], Qt.Key.Key_Return)):
        scene.setFocus(Qt.FocusReason.TabFocusReason)
        before = driver.studio.project.start
        QTest.keyClick(scene, key)
        driver.wait(lambda before=before: driver.studio.project.start not in (None, before))
    assert driver.studio.project.start is not None
    assert driver.studio.project.start.name == "lake_low.jpg"
    assert not driver.window.path_editing.num_keys


def test_arrows_turn_what_has_the_focus_and_else_the_frames(filled: Driver) -> None:
    filled.studio.player.seek(10)
    take_tab, tabs = filled.window.inspector.take_tab, filled.window.inspector.tabs
    slider = take_tab.numbers.slider("guidance").track
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    before = slider.value
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value > before
    tabs.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(tabs, Qt.Key.Key_Right)
    assert tabs.current == "Project"
    assert filled.studio.player.frame == 10
    filled.window.viewport.stage.setFocus()
    filled.key(Qt.Key.Key_Right)
    assert filled.studio.player.frame == 11


def test_takes_are_walked_through_by_keys(filled: Driver) -> None:
    first = filled.studio.take
    filled.studio.player.seek(40)
    filled.key(Qt.Key.Key_B)
    tree = filled.window.project_panel.tree
    tree.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(tree, Qt.Key.Key_Up)
    QTest.keyClick(tree, Qt.Key.Key_Return)
    assert filled.studio.take.id == first.id


def test_a_click_on_a_button_leaves_space_to_playing(filled: Driver) -> None:
    filled.window.viewport.stage.setFocus()
    filled.studio.player.seek(0)
    for button in filled.window.findChildren(QPushButton):
        assert button.focusPolicy() in (Qt.FocusPolicy.TabFocus, Qt.FocusPolicy.NoFocus), button.text()
    filled.key(Qt.Key.Key_Space)
    assert filled.studio.player.is_playing


# ---------------------------------------------------------------------- themes


def test_a_theme_that_was_chosen_stays_when_the_system_changes(app: App) -> None:
    hints = QGuiApplication.styleHints()
    app.settings.set("theme", "system")
    app.settings.set("theme", "dark")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert app.theme.name == "dark"
    app.settings.set("theme", "system")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert app.theme.name == "light"


def test_the_widgets_have_the_theme_that_was_set_before_there_was_a_window(again: list[App]) -> None:
    made = App()
    again.append(made)
    made.settings.set("theme", "light")
    assert made.show(None)
    assert made.window is not None
    field = made.window.inspector.take_tab.pose_line
    seen = field.grab().toImage().pixelColor(field.width() // 2, 3)
    assert seen == made.theme.color("field")
    made.settings.set("theme", "dark")


def test_a_tick_stands_in_a_box_that_is_checked(driver: Driver) -> None:
    box = QCheckBox("on", driver.window)
    box.setChecked(True)
    box.resize(box.sizeHint())
    picture = box.grab().toImage()
    inked = [
        (x, y)
        for x in range(min(16, picture.width()))
        for y in range(picture.height())
        if picture.pixelColor(x, y).lightness() < 60 and 3 < x < 12 and abs(y - picture.height() // 2) < 5
    ]
    assert len(inked) > 4


def test_hints_of_takes_are_legible_after_the_theme_has_changed(filled: Driver) -> None:
    filled.studio.settings.set("theme", "light")
    item = filled.window.project_panel.tree.topLevelItem(0)
    assert item is not None
    assert item.foreground(1).color() == filled.studio.theme.color("text3")


# ---------------------------------------------------------------------- commands and dialogs


def test_every_command_of_the_table_does_something(driver: Driver) -> None:
    commands = driver.studio.commands
    assert [command.id for command in COMMANDS if not commands.is_attached(command.id)] == []


def test_the_palette_lists_as_the_menus_do_and_has_the_keys(filled: Driver) -> None:
    palette = Palette(filled.studio, [], filled.window)
    items = [palette.list.item(row) for row in range(3)]
    assert [item.text() for item in items] == ["File: New Project", "File: Open Project...", "File: Save As..."]
    assert items[0].data(KEYS) == "Ctrl+N"
    palette.deleteLater()


def test_shortcuts_are_found_by_words_and_by_keys(driver: Driver) -> None:
    dialog = Shortcuts(driver.studio, driver.window)

    def shown() -> list[str]:
        return [command.id for row, command in enumerate(COMMANDS) if not dialog.table.isRowHidden(row)]

    QTest.keyClicks(dialog.filter, "add marker")
    assert shown() == ["play.marker"]
    dialog.filter.clear()
    QTest.keyClicks(dialog.filter, "ctrl+shift+return")
    assert shown() == ["generate.all"]
    dialog.deleteLater()


def test_preferences_are_words_and_fit(driver: Driver) -> None:
    dialog = Preferences(driver.studio, driver.window)
    dialog.adjustSize()
    dialog.show()
    for label in dialog.findChildren(QLabel):
        needed = label.fontMetrics().boundingRect(label.rect(), Qt.TextFlag.TextWordWrap, label.text())
        assert label.rect().contains(needed), label.text()
    assert "As the system" in [box.itemText(0) for box in dialog.findChildren(QComboBox)]
    dialog.deleteLater()


def test_redo_keeps_the_seed_that_is_shown_and_takes_another_solver(filled: Driver) -> None:
    dialog = RedoDialog(filled.studio, 1, filled.window)
    dialog.seed_row.set_value(77)
    dialog.form.editor("solver").setCurrentText("unipc")
    first = filled.studio.take
    filled.studio.generation.redo_from(first.id, 1, dialog.changes(), dialog.seed())
    filled.wait_made(3)
    assert filled.studio.take.recipe.seed == 77
    assert filled.studio.take.chunks[2].request.settings["solver"] == "unipc"
    dialog.deleteLater()


def test_the_list_of_worlds_is_left_alone_while_a_chunk_is_made(filled: Driver) -> None:
    filled.window.inspector.show_tab("Project")
    gone: list[object] = []
    filled.window.inspector.project_tab.choice.model().rowsRemoved.connect(lambda *rows: gone.append(rows))
    filled.key(Qt.Key.Key_Return, CONTROL)
    filled.wait_made(4)
    assert gone == []


@pytest.mark.logs("something is odd")
def test_the_log_goes_on_while_it_is_open(driver: Driver) -> None:
    window = LogWindow(driver.app.log, driver.studio.commands.action("help.copy_diagnostics"), driver.window)
    driver.studio.say("Something was done")
    logging.getLogger("astra_studio.test").warning("something is odd")
    driver.wait(lambda: "something is odd" in window.text.toPlainText())
    assert "Something was done" in window.text.toPlainText()
    window.close()


# ---------------------------------------------------------------------- what is told


@pytest.mark.logs("is locked")
def test_what_is_wrong_with_an_edit_is_told_until_the_next_one_works(filled: Driver) -> None:
    filled.key(Qt.Key.Key_Home)
    filled.key(Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    filled.studio.commands.trigger("take.delete")
    assert len(filled.window.problems.problems) == 1
    filled.key(Qt.Key.Key_M)
    assert filled.window.problems.problems == ()


def test_undo_is_offered_only_while_it_would_undo_what_is_told(filled: Driver) -> None:
    filled.studio.player.seek(70)
    filled.key(Qt.Key.Key_Backspace, CONTROL)
    assert filled.window.toast.isVisible()
    filled.studio.commands.trigger("take.star")
    assert not filled.window.toast.isVisible()
    assert len(filled.studio.take.chunks) == 2


@pytest.mark.logs("is cut short")
def test_a_damaged_project_can_be_saved_from_the_problem_bar(filled: Driver, tmp_path: Path) -> None:
    copy = tmp_path / "walk.astra"
    filled.studio.session.save_as(copy)
    damaged = tmp_path / "damaged.astra"
    content = copy.read_bytes()
    damaged.write_bytes(content[: len(content) * 3 // 4])
    assert not filled.app.files.open_project(damaged)
    button = next(
        button for button in filled.window.problems.findChildren(QPushButton) if "new project" in button.text()
    )
    filled.click(button)
    assert filled.studio.session.path.name == "damaged (rescued).astra"
    assert damaged.stat().st_size == len(content) * 3 // 4


def test_an_empty_project_offers_to_go_on_with_the_last_one(again: list[App], qtbot: QtBot) -> None:
    first = begin(again)
    path = first.studio.session.path
    assert first.window is not None
    assert first.window.viewport.go_on.isHidden()
    first.studio.commands.trigger("play.marker")
    end(first)
    second = begin(again)
    assert second.window is not None
    button = second.window.viewport.go_on
    assert button.text() == f"Go on with {path.stem}"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert second.studio.session.path == path


def test_the_main_button_of_review_exports(filled: Driver) -> None:
    top = filled.window.top
    assert top.export.isHidden()
    filled.window.show_workspace("Review")
    assert top.export.isVisible()
    assert top.export.isEnabled()
    assert (top.export.property("main"), top.generate.property("main")) == ("true", "false")
    filled.window.show_workspace("Author")
    assert top.export.isHidden()
    assert top.generate.property("main") == "true"


def test_the_last_project_is_opened_again_where_that_is_wished(again: list[App]) -> None:
    first = begin(again)
    path = first.studio.session.path
    first.studio.commands.trigger("play.marker")
    assert recent()[0] == path
    end(first)
    second = begin(again)
    assert second.studio.session.path != path
    end(second)
    second.settings.set("reopen_last", True)
    third = begin(again)
    assert third.studio.session.path == second.studio.session.path


# ---------------------------------------------------------------------- what is shown once


def test_a_toast_goes_with_its_project(filled: Driver) -> None:
    filled.studio.player.seek(70)
    filled.key(Qt.Key.Key_Backspace, CONTROL)
    assert filled.window.toast.isVisible()
    assert filled.app.files.new_project("fake")
    assert not filled.window.toast.isVisible(), "its Undo would be another project's"


@pytest.mark.qt_log_ignore("propagateSizeHints")
@pytest.mark.parametrize("command", ["edit.preferences", "edit.shortcuts"])
def test_a_dialog_that_was_closed_is_deleted(driver: Driver, command: str) -> None:
    QTimer.singleShot(0, lambda: QApplication.activeModalWidget().close())
    driver.studio.commands.trigger(command)
    driver.wait(lambda: not driver.window.findChildren(QDialog), timeout_ms=5000)


@pytest.mark.qt_log_ignore("does not support")
def test_a_menu_that_was_closed_is_deleted(driver: Driver) -> None:
    before = len(driver.window.findChildren(QMenu))
    QTimer.singleShot(0, lambda: QApplication.activePopupWidget().close())
    driver.click(driver.window.inspector.take_tab.preset)
    driver.wait(lambda: len(driver.window.findChildren(QMenu)) == before, timeout_ms=5000)
