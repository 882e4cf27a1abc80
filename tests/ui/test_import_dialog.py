"""Camera files into the window and out of it: dropped, read one way or another, taken over, written again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox

from astra_studio.cli import main
from astra_studio.document.paths import stored_path
from engine.clock import ASTRA_CLOCK
from engine.rotations import from_euler, to_euler
from engine.trajectories.formats.registry import FORMATS
from engine.trajectories.resolve import resolve_trajectory
from tests.engine.trajectories.formats.layouts import SAMPLES, a_walk, saved
from ui.import_dialog import ImportDialog
from ui.path_export_dialog import PathExportDialog

# The platform without a screen says so of every window that may not be made too small.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


CASES = Path(__file__).resolve().parents[1] / "data" / "trajectories" / "cases"


def drop(driver, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(400, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    driver.window.dropEvent(event)


def shown_dialog(kind: type):
    """The one that is shown: one that was closed goes a little later."""
    shown = (widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind) and widget.isVisible())
    return next(shown)


def opened(driver, path: Path) -> ImportDialog:
    """The dialog of a dropped file, when it has been read."""
    drop(driver, path)
    dialog = shown_dialog(ImportDialog)
    driver.wait(lambda: not dialog.is_reading)
    return dialog


def settle(driver, dialog) -> None:
    driver.wait(lambda: not dialog.is_reading)


def pick(driver, dialog, choice: QComboBox, words: str) -> None:
    """Choose as a user does, by typing what the entry begins with."""
    choice.setFocus()
    index = choice.findText(words, Qt.MatchFlag.MatchStartsWith)
    assert index >= 0, words
    choice.setCurrentIndex(index)
    choice.activated.emit(index)
    settle(driver, dialog)


def test_a_dropped_camera_file_is_shown_and_taken_over_as_one_step(driver, tmp_path):
    path = SAMPLES["tum"](a_walk(40)).put(tmp_path)
    dialog = opened(driver, path)
    assert dialog.because.text().startswith("TUM, because its lines have 8 columns")
    assert dialog.findings.lines[0] == ("ok", "Walks forward: movement against view +1.00")
    before = driver.studio.take.actions
    driver.click(dialog.ok)
    rows = driver.studio.take.actions.rows
    assert np.allclose(rows, resolve_trajectory(str(path), clock=ASTRA_CLOCK).rows, atol=1e-6)
    driver.studio.undo()
    assert driver.studio.take.actions == before


def test_the_likely_reading_is_marked_and_a_tile_chooses_it(driver, tmp_path):
    """An array of extrinsics, of which nothing says that they are: camera-to-world is taken, and goes sideways."""
    (tmp_path / "a.npy").write_bytes(saved(a_walk(40).w2c))
    dialog = opened(driver, tmp_path / "a.npy")
    likely = next(tile for tile in dialog.tiles if tile.candidate.is_likely)
    own = next(tile for tile in dialog.tiles if tile.candidate.is_own)
    assert (likely.candidate.convention, likely.candidate.axes) == ("w2c", "opencv")
    assert own.isChecked()
    assert "likely" in likely.accessibleName()
    driver.click(likely)
    settle(driver, dialog)
    assert dialog.convention.currentData() == "w2c"
    assert likely.isChecked()
    assert dialog.findings.lines[0][0] == "ok"
    driver.click(dialog.ok)
    expected = a_walk(40).w2c[::4]
    moves = (expected[1:] @ np.linalg.inv(expected[:-1]))[:, :3].reshape(-1, 12)
    assert np.allclose(driver.studio.take.actions.rows, moves[: len(driver.studio.take.actions)], atol=1e-5)


def test_tiles_are_chosen_with_the_keyboard(driver, tmp_path):
    dialog = opened(driver, SAMPLES["npy"](a_walk(40)).put(tmp_path))
    dialog.tiles[0].setFocus()
    QTest.keyClick(dialog.tiles[0], Qt.Key.Key_Right)
    QTest.keyClick(dialog.tiles[1], Qt.Key.Key_Space)
    settle(driver, dialog)
    assert dialog.imported.reading.axes == "opengl"
    dialog.reject()


def test_lengths_can_be_fitted_to_the_trained_speed_or_said(driver, tmp_path):
    dialog = opened(driver, SAMPLES["kitti"](a_walk(80)).put(tmp_path))
    assert dialog.scale.value == 1.0
    dialog.has_rate.click()
    settle(driver, dialog)
    QTest.keyClicks(dialog.rate, "5")
    QTest.keyClick(dialog.rate, Qt.Key.Key_Return)
    settle(driver, dialog)
    assert dialog.imported.reading.recording.fps == 5
    slow = len(dialog.imported.track)
    dialog.fits.click()
    settle(driver, dialog)
    assert np.median(dialog.imported.speed.moved) == pytest.approx(0.03, rel=1e-3)
    assert dialog.scale.value != 1.0
    QTest.keyClicks(dialog.scale, "2")
    QTest.keyClick(dialog.scale, Qt.Key.Key_Return)
    settle(driver, dialog)
    assert not dialog.fits.isChecked()
    assert dialog.imported.scale == 2
    dialog.has_rate.click()
    settle(driver, dialog)
    assert slow == pytest.approx(2 * len(dialog.imported.track), abs=1)
    dialog.reject()


def test_the_order_of_angles_is_asked_for_where_there_are_angles(driver, tmp_path):
    dialog = opened(driver, SAMPLES["chan"](a_walk(40)).put(tmp_path))
    assert dialog.euler.isVisible()
    assert any("ZXY" in line for line in dialog.notes.text().split("\n"))
    before = dialog.imported.reading.recording.c2w
    pick(driver, dialog, dialog.euler, "XYZ")
    assert not np.allclose(dialog.imported.reading.recording.c2w, before)
    assert "--" not in dialog.notes.text()
    dialog.reject()


def test_other_files_are_not_asked_for_angles_or_cameras(driver, tmp_path):
    dialog = opened(driver, SAMPLES["tum"](a_walk(40)).put(tmp_path))
    assert not dialog.euler.isVisible()
    assert not dialog.camera.isVisible()
    dialog.reject()
    dialog = opened(driver, SAMPLES["recammaster"](a_walk(40)).put(tmp_path))
    assert dialog.camera.isVisible()
    assert dialog.camera.currentText() == "The usual one"
    pick(driver, dialog, dialog.camera, "cam05")
    assert dialog.imported.reading.cameras == tuple(f"cam{number:02d}" for number in range(1, 11))
    assert "Cam05 is read" in dialog.notes.text()
    dialog.reject()


def test_a_file_with_two_cameras_asks_which(driver, tmp_path):
    dialog = opened(driver, CASES / "two.json")
    assert dialog.because.text() == "Several cameras are in this file. Choose the one to import."
    assert dialog.imported is None
    assert not dialog.ok.isEnabled()
    assert dialog.camera.isVisible()
    assert [dialog.camera.itemText(number) for number in range(3)] == ["Choose one", "camA", "camB"]
    pick(driver, dialog, dialog.camera, "camB")
    assert dialog.camera.currentText() == "camB"
    assert np.allclose(np.diff(dialog.imported.reading.recording.c2w[:, 0, 3]), 0)
    assert "The camera camB is read" in dialog.notes.text()
    driver.click(dialog.ok)
    assert len(driver.studio.take.actions) == 4


def test_the_order_that_turns_most_smoothly_is_offered(driver, tmp_path):
    path = tmp_path / "a.chan"
    count = np.arange(60)
    turns = from_euler(np.deg2rad(np.stack([0 * count - 20, 4.5 * count, 0 * count], axis=1)), "xyz")
    degrees = np.rad2deg(to_euler(turns, "zyx"))
    path.write_text("".join(f"{n} 0 0 {-n} {x:.6f} {y:.6f} {z:.6f} 45\n" for n, (x, y, z) in enumerate(degrees, 1)))
    dialog = opened(driver, path)
    offered = [dialog.euler.itemText(number) for number in range(dialog.euler.count())]
    assert [words for words in offered if "smoothly" in words] == ["ZYX: turns most smoothly"]
    assert "In the order ZYX it would turn more smoothly." in dialog.notes.text()
    pick(driver, dialog, dialog.euler, "ZYX")
    assert np.allclose(np.rad2deg(dialog.imported.reading.checks.largest_turn_rad), 4.5, atol=1e-3)
    dialog.reject()


def test_a_damaged_file_is_told_and_another_format_can_be_said(driver, tmp_path):
    path = tmp_path / "a.tum"
    path.write_text("1 0 0 0 10 20 30 45\n2 0 0 x 10 20 30 45\n3 0 0 0 10 20 30 45\n")
    dialog = opened(driver, path)
    assert dialog.because.text() == "Line 2 of a.tum: expected a number, got 'x'"
    assert not dialog.ok.isEnabled()
    dialog.reject()
    path.write_text("".join(f"{n} 0 0 {-n} 10 20 30 45\n" for n in range(1, 30)))
    dialog = opened(driver, path)
    assert dialog.because.text().startswith("Line 1 of a.tum: the quaternion")
    pick(driver, dialog, dialog.format, "Nuke .chan")
    assert dialog.ok.isEnabled()
    dialog.reject()


def test_the_keys_of_a_file_become_keys_that_ask_for_the_same(driver, tmp_path):
    walk = a_walk(6)
    content = {
        "keyframes": [
            {"matrix": (pose @ np.diag([1, -1, -1, 1])).ravel().tolist(), "override_transition_enabled": False}
            for pose in walk.c2w
        ],
        "default_transition_sec": 1.0,
    }
    path = tmp_path / "camera_path.json"
    path.write_text(json.dumps(content))
    dialog = opened(driver, path)
    assert dialog.keys.currentText() == "Its 6 keys"
    driver.click(dialog.ok)
    take = driver.studio.take
    drawn = stored_path(take)
    assert drawn is not None
    assert [key.time_s for key in drawn.path.keys] == [0, 1, 2, 3, 4, 5]
    assert np.allclose(take.actions.rows, resolve_trajectory(str(path), clock=ASTRA_CLOCK).rows, atol=1e-6)


def test_a_file_can_be_kept_among_the_projects_paths(driver, tmp_path):
    dialog = opened(driver, SAMPLES["tum"](a_walk(40)).put(tmp_path))
    pick(driver, dialog, dialog.into, "The project's paths")
    driver.click(dialog.ok)
    (kept,) = driver.studio.project.paths
    assert (kept.name, kept.source) == ("groundtruth", "groundtruth.txt")
    assert not len(driver.studio.take.actions)


def test_a_dialog_that_is_closed_while_it_reads_hears_nothing_more(driver, tmp_path):
    drop(driver, SAMPLES["tum"](a_walk(4000)).put(tmp_path))
    shown_dialog(ImportDialog).reject()
    driver.qtbot.wait(300)
    assert not len(driver.studio.take.actions)


# ---------------------------------------------------------------------- out


@pytest.fixture
def planned(driver):
    field = driver.window.inspector.take_tab.pose_line
    QTest.keyClicks(field, "w-8 left-8 w+left-8 d-4")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert len(driver.studio.take.actions) == 28
    return driver


def export_dialog(driver) -> PathExportDialog:
    driver.studio.commands.trigger("file.export_path")
    dialog = shown_dialog(PathExportDialog)
    driver.wait(dialog.ok.isEnabled)
    return dialog


@pytest.mark.parametrize("name", ["astra", "nerfstudio", "tum", "colmap", "gltf", "sekai"])
def test_an_exported_path_asks_for_the_rows_of_the_project(planned, tmp_path, capsys, name):
    dialog = export_dialog(planned)
    dialog.target.setText(str(tmp_path / "x"))
    dialog.format.setCurrentIndex(list(FORMATS).index(name))
    planned.wait(dialog.ok.isEnabled)
    path = Path(dialog.target.text())
    assert path.parent == tmp_path
    with planned.qtbot.waitSignal(planned.studio.said, timeout=20000):
        planned.click(dialog.ok)
    assert path.exists()
    # The rate that was written, which not every format holds.
    rate = ["--fps", "20"] if name == "sekai" else []
    assert main(["trajectory", "show", str(path), "--json", "--from", name, *rate]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert np.allclose(rows, planned.studio.take.actions.rows, atol=1e-6)


def test_what_a_format_does_not_hold_is_said_before_it_is_written(planned):
    dialog = export_dialog(planned)
    assert dialog.lost.text() == "Nothing is lost."
    dialog.format.setCurrentIndex(list(FORMATS).index("chan"))
    planned.wait(dialog.ok.isEnabled)
    assert "The order of its angles, ZXY" in dialog.lost.text()
    dialog.reject()


def test_a_place_that_cannot_be_written_is_told_in_the_dialog(planned, tmp_path):
    dialog = export_dialog(planned)
    dialog.target.setText(str(tmp_path / "no such folder" / "walk.json"))
    planned.click(dialog.ok)
    planned.wait(lambda: dialog.lost.property("role") == "error")
    assert "no such folder" in dialog.lost.text()
    dialog.reject()


def test_there_is_nothing_to_export_without_a_path(driver):
    assert not driver.studio.commands.action("file.export_path").isEnabled()
