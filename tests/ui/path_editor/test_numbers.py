"""The inspector's tab of keys: numbers typed and dragged, for one key, for several, for the whole path."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from astra_studio.document import take_edits
from astra_studio.document.action_edits import set_actions
from astra_studio.document.paths import stored_path
from engine.actions.pose_line import parse_pose_line
from engine.actions.presets import preset
from engine.clock import ASTRA_CLOCK
from engine.trajectories.key_edits import is_level
from engine.trajectories.preset_paths import preset_path_names
from tests.astra_studio.document.project_builders import chunk_after
from tests.ui.path_editor.conftest import LEFT, NONE, Hand
from ui.path_editor.whole_dialog import RetimeDialog, ScaleDialog, TurnDialog

STEP = 0.24


@pytest.fixture
def tab(walk: Hand):
    walk.choose(1)
    walk.tab = walk.driver.window.inspector.key_tab
    assert walk.driver.window.inspector.tabs.current == "Key"
    return walk.tab


def test_the_tab_shows_the_key_and_takes_what_is_typed(walk: Hand, tab) -> None:
    assert (tab.seconds.value, tab.ticks.value) == pytest.approx((1.6, 8))
    assert tab.position[2].value == pytest.approx(STEP)
    walk.type_into(tab.position[0], "0.125")
    assert walk.places[1] == pytest.approx([0.125, 0, STEP])
    walk.type_into(tab.position[2], "0.3*2")
    assert walk.places[1, 2] == pytest.approx(0.6)
    walk.type_into(tab.angles[0], "30")
    walk.type_into(tab.angles[1], "-12.5")
    assert walk.yaws[1] == pytest.approx(30)
    assert [field.value for field in tab.angles] == pytest.approx([30, -12.5, 0])
    walk.type_into(tab.ticks, "10")
    assert walk.path.keys[1].time_s == pytest.approx(2.0)
    for _ in range(5):
        walk.undo()
    assert walk.places[1] == pytest.approx([0, 0, STEP])


def test_a_field_dragged_sideways_is_one_step(walk: Hand, tab) -> None:
    before, label = walk.studio.take, walk.label
    field = tab.position[0]
    walk.driver.drag(field, QPoint(20, 11), QPoint(60, 11), steps=6)
    assert walk.places[1, 0] == pytest.approx(0.1)
    assert walk.label == "Move keys"
    walk.undo()
    assert walk.studio.take == before
    assert walk.label == label


def test_numbers_count_for_all_chosen_keys_by_the_same_amount(walk: Hand, tab) -> None:
    walk.choose(1, 2)
    assert walk.editing.active == 2
    walk.type_into(tab.position[0], "0.2")
    assert walk.places[:, 0] == pytest.approx([0, 0.2, 0.2, 0])
    walk.type_into(tab.position[2], str(2 * STEP + 0.1))
    assert walk.places[:, 2] == pytest.approx([0, STEP + 0.1, 2 * STEP + 0.1, 3 * STEP])
    walk.type_into(tab.angles[0], "15")
    assert walk.yaws == pytest.approx([0, 15, 15, 0])


def test_falloff_counts_for_numbers_too(walk: Hand, tab) -> None:
    walk.type_into(tab.falloff, "0.4")
    walk.type_into(tab.position[0], "0.2")
    assert walk.places[1, 0] == pytest.approx(0.2)
    assert 0 < walk.places[2, 0] < 0.2
    assert walk.places[3, 0] == 0


def test_easing_and_look_at(walk: Hand, tab) -> None:
    tab.easing.setCurrentIndex(tab.easing.findData("hold"))
    tab.easing.activated.emit(tab.easing.currentIndex())
    assert [key.easing for key in walk.path.keys] == ["smooth", "hold", "smooth", "smooth"]
    QTest.mouseClick(tab.looks, LEFT, NONE, QPoint(8, tab.looks.height() // 2))
    assert walk.path.keys[1].look_at == pytest.approx((0, 0, STEP + 1))
    assert not tab.angles[0].isEnabled()
    walk.type_into(tab.look_at[0], "1")
    assert walk.path.keys[1].look_at == pytest.approx((1, 0, STEP + 1))
    assert tab.angles[0].value == pytest.approx(45)
    QTest.mouseClick(tab.looks, LEFT, NONE, QPoint(8, tab.looks.height() // 2))
    assert walk.path.keys[1].look_at is None
    assert walk.yaws[1] == pytest.approx(45)


def test_the_first_key_stays_at_the_start_of_its_take(walk: Hand) -> None:
    walk.choose(0)
    tab = walk.driver.window.inspector.key_tab
    assert not tab.seconds.isEnabled()
    assert tab.seconds.toolTip()


def test_speed_is_told_against_the_trained_one(walk: Hand, tab) -> None:
    assert tab.speed_words.text() == "0.030 u"
    walk.type_into(tab.duration, "2.4")
    walk.choose(1)
    assert tab.speed_words.text() == "0.060 u"
    assert "2.00 times" in tab.speed.accessibleDescription()
    assert walk.pane.scene.fast.all()


def test_the_whole_path_is_scaled_retimed_looped_and_paced(walk: Hand, tab) -> None:
    walk.type_into(tab.scale, "2")
    assert walk.places[:, 2] == pytest.approx([0, 2 * STEP, 4 * STEP, 6 * STEP])
    assert tab.scale.value == 1
    walk.type_into(tab.duration, "9.6")
    assert walk.path.end_s == pytest.approx(9.6)
    walk.driver.click(tab.loop, QPoint(8, tab.loop.height() // 2))
    assert walk.path.closing_s == pytest.approx(1.6)
    walk.type_into(tab.closing, "3.2")
    assert walk.path.closing_s == pytest.approx(3.2)
    assert len(walk.studio.take.actions) == 64
    walk.driver.click(tab.constant_speed, QPoint(8, tab.constant_speed.height() // 2))
    assert walk.path.constant_speed
    assert walk.label == "Change constant speed"


@pytest.mark.parametrize("is_accepted", [True, False])
def test_dialogs_show_at_once_and_cancel_gives_the_path_back(walk: Hand, is_accepted: bool) -> None:
    before, label = walk.studio.take, walk.label
    scale = ScaleDialog(walk.editing, walk.pane)
    walk.type_into(scale.fields[0], "0.5")
    assert walk.places[3, 2] == pytest.approx(1.5 * STEP)
    scale.accept() if is_accepted else scale.reject()
    assert (walk.studio.take == before) is not is_accepted
    assert walk.label == ("Scale path" if is_accepted else label)
    turn = TurnDialog(walk.editing, walk.pane)
    walk.type_into(turn.fields[0], "1")
    walk.type_into(turn.fields[3], "90")
    assert walk.places[0] == pytest.approx([1, 0, 0])
    assert walk.places[3, 2] == pytest.approx(0, abs=1e-9)
    turn.reject()
    retime = RetimeDialog(walk.editing, walk.path, walk.pane)
    walk.type_into(retime.fields[0], "2.4")
    retime.accept()
    assert walk.path.end_s == pytest.approx(2.4)
    for dialog in (scale, turn, retime):
        dialog.deleteLater()


def test_a_dialog_over_rows_without_keys_gives_the_rows_back(walk: Hand) -> None:
    before = walk.studio.take
    walk.studio.apply(take_edits.new_take("t"))
    rows = walk.studio.take.actions
    walk.studio.apply(set_actions("t", rows))
    bare = walk.studio.take
    dialog = ScaleDialog(walk.editing, walk.pane)
    walk.type_into(dialog.fields[0], "3")
    assert stored_path(walk.studio.take) is not None
    dialog.reject()
    assert walk.studio.take == bare
    assert before.path is not None
    dialog.deleteLater()


def test_reverse_mirror_level_and_snap_by_command(walk: Hand, tab) -> None:
    walk.type_into(tab.position[0], "0.3")
    walk.type_into(tab.position[1], "0.2")
    trigger = walk.studio.commands.trigger
    trigger("path.mirror")
    assert walk.places[1, 0] == pytest.approx(-0.3)
    trigger("path.reverse")
    assert walk.places[0, 2] == pytest.approx(3 * STEP)
    assert not is_level(walk.path)
    trigger("path.level")
    assert is_level(walk.path)
    walk.type_into(tab.seconds, "1.71")
    trigger("path.snap_times")
    times = np.array([key.time_s for key in walk.path.keys]) / 0.2
    assert np.allclose(times, np.round(times))
    trigger("path.clear")
    assert stored_path(walk.studio.take) is None


# ---------------------------------------------------------------------- camera, car, tool


@pytest.mark.logs("a frame cannot be shown", "start a new take for driving ones")
def test_a_car_drives_level_and_a_take_with_chunks_says_that_it_stays_what_it_is(walk: Hand, tab) -> None:
    walk.type_into(tab.position[1], "0.2")
    tab.modality._pick(1)
    take = walk.studio.take
    assert take.actions.modality == "driving"
    assert is_level(walk.path)
    assert take.actions.rows.shape[1] == 7
    walk.type_into(tab.position[1], "0.3")
    walk.type_into(tab.angles[2], "20")
    assert is_level(walk.path)
    tab.modality._pick(2)
    assert walk.studio.take.actions.modality == "robot"
    tab.modality._pick(0)
    assert walk.studio.take.actions.modality == "camera"
    chunk = chunk_after(walk.studio.take.id, (), walk.studio.take.actions.part(0, 8))
    walk.studio.session._become(take_edits.place(walk.studio.project, chunk), "chunk")
    tab.modality._pick(1)
    assert walk.studio.take.actions.modality == "camera"
    assert tab.modality.current == "Camera"
    problem = walk.driver.window.problems.problems[-1].problem
    assert "start a new take for driving ones" in problem.why


def test_an_empty_take_can_be_made_a_cars_before_anything_is_drawn(empty: Hand) -> None:
    tab = empty.driver.window.inspector.key_tab
    tab.modality._pick(1)
    empty.driver.key(Qt.Key.Key_Return)
    empty.driver.key(Qt.Key.Key_Return)
    assert empty.studio.take.actions.modality == "driving"
    assert len(empty.studio.take.actions) == 8
    assert empty.studio.take.actions.rows[-1, 0] == pytest.approx(7 * 0.03, abs=1e-5)


# ---------------------------------------------------------------------- pose lines, presets, kept paths


def test_a_typed_line_becomes_keys_with_its_rows_and_is_shown_while_it_is_true(walk: Hand) -> None:
    section = walk.driver.window.inspector.take_tab.camera_move
    assert section.line.text() == "w-24"
    section.line.setFocus()
    section.line.selectAll()
    QTest.keyClicks(section.line, "w-8 left-4 w+left-8 d-4")
    QTest.keyClick(section.line, Qt.Key.Key_Return)
    assert len(walk.path.keys) == 5
    assert np.array_equal(
        walk.studio.take.actions.rows, parse_pose_line("w-8 left-4 w+left-8 d-4", clock=ASTRA_CLOCK).rows
    )
    walk.studio.commands.trigger("path.copy_line")
    assert QGuiApplication.clipboard().text() == "w-8 left-4 w+left-8 d-4"
    walk.driver.window.setFocus()
    walk.pane.fit()
    begin = walk.key_spot(2)
    walk.drag(begin, begin + QPoint(20, 0))
    assert section.line.text() == ""
    assert section.words.text().startswith("Drawn path, 5 keys: no pose line says it.")
    assert not walk.studio.commands.action("path.copy_line").isEnabled()
    walk.undo()
    assert section.line.text() == "w-8 left-4 w+left-8 d-4"


def test_a_wrong_line_says_why_and_changes_nothing(walk: Hand) -> None:
    section, before = walk.driver.window.inspector.take_tab.camera_move, walk.studio.take
    section.line.setFocus()
    section.line.selectAll()
    QTest.keyClicks(section.line, "w-8 jump-4")
    QTest.keyClick(section.line, Qt.Key.Key_Return)
    assert walk.studio.take == before
    assert "'jump'" in section.words.text()
    assert section.line.property("bad") == "true"


def test_moves_add_keys_after_the_end_and_keep_the_rows_of_their_preset(empty: Hand) -> None:
    moves = empty.driver.window.project_panel.moves
    for name in ("forward", "forward-left"):
        empty.driver.click(moves.buttons[name])
    assert len(empty.path.keys) == 3
    rows = np.concatenate(
        [preset("forward", 8, clock=ASTRA_CLOCK).rows, preset("forward-left", 8, clock=ASTRA_CLOCK).rows]
    )
    assert np.array_equal(empty.studio.take.actions.rows, rows)
    assert empty.editing.selected == {2}
    assert empty.driver.window.inspector.take_tab.pose_line.text() == "w-8 w+left-8"
    menu = empty.driver.look_at(moves.menu())
    offered = {action.objectName(): action for part in menu.actions() for action in part.menu().actions()}
    assert offered.keys() == set(preset_path_names())
    offered["spiral"].trigger()
    assert len(empty.path.keys) == 3 + 16
    assert len(empty.studio.take.actions) == 16 + 48


def test_paths_are_kept_used_renamed_in_place_and_deleted(walk: Hand) -> None:
    section = walk.driver.window.project_panel.paths
    walk.studio.commands.trigger("path.keep")
    editor = section.list.findChild(QLineEdit)
    assert editor is not None
    editor.setText("lake walk")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    walk.driver.wait(lambda: [path.name for path in walk.studio.project.paths] == ["lake walk"])
    assert section.list.topLevelItem(0).text(1) == "4 keys"
    kept = walk.path
    walk.studio.commands.trigger("path.mirror")
    walk.studio.commands.trigger("path.clear")
    section.use("lake walk")
    assert walk.path == kept
    menu = walk.driver.look_at(section.menu("lake walk"))
    actions = {action.text(): action for action in menu.actions() if action.text()}
    actions["Add to This Take's End"].trigger()
    assert len(walk.path.keys) == 7
    actions["Delete"].trigger()
    assert not walk.studio.project.paths
    walk.undo()
    assert [path.name for path in walk.studio.project.paths] == ["lake walk"]


@pytest.mark.logs("There is already a path")
def test_a_name_that_is_taken_is_refused_and_the_old_one_stays(walk: Hand) -> None:
    section = walk.driver.window.project_panel.paths
    for _ in range(2):
        section.keep()
    assert [path.name for path in walk.studio.project.paths] == ["Path 1", "Path 2"]
    section.list.topLevelItem(1).setText(0, "Path 1")
    assert [path.name for path in walk.studio.project.paths] == ["Path 1", "Path 2"]
    assert section.list.topLevelItem(1).text(0) == "Path 2"
    assert "already a path" in walk.driver.window.problems.problems[-1].problem.why


def test_ticks_without_keys_are_shown_and_get_keys_with_one_click_or_the_first_change(walk: Hand) -> None:
    take = walk.studio.take
    walk.studio.apply(set_actions(take.id, take.actions))
    assert walk.pane.scene.path is None
    assert len(walk.pane.scene.ticks) == 25
    assert walk.pane.loose.isVisible()
    walk.driver.click(walk.pane.loose.button)
    assert len(walk.path.keys) == 2
    assert walk.studio.take.actions == take.actions
    assert not walk.pane.loose.isVisible()
    walk.undo()
    walk.studio.player.seek(40)
    walk.driver.key(Qt.Key.Key_Return)
    assert len(walk.path.keys) == 3
    walk.undo()
    assert walk.pane.scene.path is None
