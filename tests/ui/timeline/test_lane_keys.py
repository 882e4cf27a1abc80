"""Keys on the lanes, by mouse and keyboard: each thing done is one step of undo."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt

from astra_studio.document.action_edits import set_actions
from astra_studio.document.actions import joined
from astra_studio.document.derived import slots
from tests.ui.conftest import Driver
from tests.ui.timeline.conftest import ALT, CONTROL, SHIFT, Hand, key, line
from ui.timeline.parameter_lanes import WordsLane


def menu_action(hand: Hand, where: QPointF, words: str):
    menu = hand.driver.look_at(hand.canvas.menu_at(where))
    return next(action for action in menu.actions() if words in action.text())


# ---------------------------------------------------------------------- adding and typing


def test_a_double_click_adds_a_key_that_says_what_is_so_already(planned: Hand) -> None:
    planned.put_keys(key(0, 1.0), key(16, 3.0))
    planned.double_click(planned.at("guidance", 8.2))
    assert planned.keys("guidance") == [(0, 1.0), (8, 2.0), (16, 3.0)]
    assert planned.chosen == {("guidance", 8)}
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.keys("guidance") == [(0, 1.0), (16, 3.0)]


def test_a_double_click_on_a_key_types_its_value(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0))
    planned.double_click(planned.at("guidance", 8))
    planned.type("5/2")
    assert planned.keys("guidance") == [(8, 2.5)]
    assert planned.undo_label() == "Change guidance key"
    assert planned.canvas.fields.shown() is None


def test_a_value_that_none_can_be_is_refused_with_a_reason_and_escape_leaves(planned: Hand) -> None:
    planned.put_keys(key(8, 0.5, parameter="history_noise"))
    planned.double_click(planned.at("history_noise", 8))
    planned.type("1.5")
    field = planned.canvas.fields.shown()
    assert field is not None
    assert "up to but not including 1" in field.toolTip()
    planned.driver.qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert planned.canvas.fields.shown() is None
    assert planned.keys("history_noise") == [(8, 0.5)]
    assert planned.canvas.hasFocus()


def test_clicking_elsewhere_takes_what_was_typed(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0))
    planned.double_click(planned.at("guidance", 8))
    field = planned.canvas.fields.shown()
    assert field is not None
    field.setText("4")
    planned.click(planned.on(planned.canvas.motion, planned.x(12)))
    assert planned.keys("guidance") == [(8, 4.0)]


def test_a_double_click_adds_a_key_of_the_path_on_the_path(planned: Hand) -> None:
    before = planned.scene.kept
    planned.double_click(planned.on(planned.canvas.camera, planned.canvas.axis.x(16)))
    path = planned.scene.kept
    assert [round(one.time_s, 3) for one in path.keys] == [0, 0.8, 1.6, 3.2, 4.8]
    assert path.keys[1].position == pytest.approx(before.at([0.8])[0][:3, 3], abs=1e-9)
    assert planned.chosen == {("camera", 1)}
    assert planned.driver.window.path_editing.selected == {1}


# ---------------------------------------------------------------------- moving


def test_a_drag_moves_a_key_by_whole_ticks_as_one_step(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0), key(20, 3.0))
    label = planned.undo_label()
    planned.drag(planned.at("guidance", 8), planned.at("guidance", 11.3), steps=7)
    assert planned.keys("guidance") == [(11, 2.0), (20, 3.0)]
    assert planned.chosen == {("guidance", 11)}
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.keys("guidance") == [(8, 2.0), (20, 3.0)]
    assert planned.undo_label() == label


@pytest.mark.parametrize(("held", "magnet", "tick"), [(0, True, 16), (CONTROL, True, 13), (CONTROL, False, 16)])
def test_keys_snap_to_chunks_and_ctrl_inverts_the_magnet(planned: Hand, held, magnet: bool, tick: int) -> None:
    planned.put_keys(key(3, 2.0))
    planned.driver.window.timeline.snap.choose("Chunk")
    planned.canvas.set_snap("Chunk")
    planned.studio.is_snapping = magnet
    modifiers = held or Qt.KeyboardModifier.NoModifier
    planned.press(planned.at("guidance", 3))
    planned.move(planned.at("guidance", 13), modifiers)
    planned.release(planned.at("guidance", 13), modifiers)
    assert planned.keys("guidance") == [(tick, 2.0)]


def test_alt_drags_a_copy(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0))
    planned.drag(planned.at("guidance", 8), planned.at("guidance", 14), held=ALT)
    assert planned.keys("guidance") == [(8, 2.0), (14, 2.0)]
    assert planned.undo_label() == "Copy key"


def test_escape_during_a_drag_puts_everything_back(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0))
    label = planned.undo_label()
    planned.press(planned.at("guidance", 8))
    planned.move(planned.at("guidance", 12))
    assert planned.keys("guidance") == [(12, 2.0)]
    planned.key(Qt.Key.Key_Escape)
    planned.move(planned.at("guidance", 18))
    planned.release(planned.at("guidance", 18))
    assert planned.keys("guidance") == [(8, 2.0)]
    assert planned.undo_label() == label
    assert planned.chosen == {("guidance", 8)}


def test_keys_of_the_path_move_in_time_by_ticks_and_not_past_each_other(planned: Hand) -> None:
    begin = planned.of_camera(1)
    planned.drag(begin, begin + QPointF(4 * 4 * planned.canvas.axis.scale, 0))
    assert [round(one.time_s, 3) for one in planned.scene.kept.keys] == [0, 2.4, 3.2, 4.8]
    planned.drag(planned.of_camera(1), planned.of_camera(3))
    times = [one.time_s for one in planned.scene.kept.keys]
    assert times[1] < times[2]
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert [round(one.time_s, 3) for one in planned.scene.kept.keys] == [0, 1.6, 3.2, 4.8]


def test_ticks_without_keys_get_them_by_a_double_click_and_ticks_after_the_path_are_not_lost(hand: Hand) -> None:
    hand.studio.apply(set_actions(hand.take.id, line("w-8 left-8")))
    hand.canvas.fit()
    hand.driver.wait(hand.driver.window.isActiveWindow)
    assert hand.scene.camera_frames() == []
    rows = hand.take.actions
    hand.double_click(hand.on(hand.canvas.camera, hand.x(6)))
    assert [round(frame) for frame in hand.scene.camera_frames()] == [0, 32, 64]
    assert hand.take.actions == rows
    # What was generated after the end of the path.
    hand.studio.apply(set_actions(hand.take.id, joined([rows, line("d-8")]), hand.take.path))
    begin = hand.of_camera(1)
    hand.drag(begin, begin + QPointF(16 * hand.canvas.axis.scale, 0))
    assert len(hand.take.actions) == 24, "the ticks after its path have become keys of it"
    hand.driver.key(Qt.Key.Key_Z, CONTROL)
    assert len(hand.take.actions) == 24
    assert len(hand.scene.camera_frames()) == 3


def test_a_band_chooses_keys_of_several_lanes_and_they_move_together(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0), key(12, 3.0), key(8, 0.1, parameter="history_noise"))
    lanes = planned.canvas
    begin = QPointF(planned.x(8) - 30, lanes.camera.box.top() + 2)
    end = QPointF(planned.x(8) + 12, lanes.parameter_lanes["history_noise"].box.bottom() - 2)
    planned.drag(begin, end)
    assert planned.chosen == {("guidance", 8), ("history_noise", 8), ("camera", 1)}
    assert planned.scene.band is None
    planned.drag(planned.at("guidance", 8), planned.at("guidance", 10))
    assert planned.keys("guidance") == [(10, 2.0), (12, 3.0)]
    assert planned.keys("history_noise") == [(10, 0.1)]
    assert round(planned.scene.kept.keys[1].time_s, 3) == 2.0
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.keys("guidance") == [(8, 2.0), (12, 3.0)]
    assert round(planned.scene.kept.keys[1].time_s, 3) == 1.6


def test_shift_chooses_one_more_and_one_less(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0), key(12, 3.0))
    planned.click(planned.at("guidance", 8))
    planned.click(planned.at("guidance", 12), SHIFT)
    assert planned.chosen == {("guidance", 8), ("guidance", 12)}
    planned.click(planned.at("guidance", 8), SHIFT)
    assert planned.chosen == {("guidance", 12)}
    planned.click(planned.at("guidance", 20))
    assert planned.chosen == set()


def test_the_path_editor_and_the_timeline_have_the_same_keys_chosen(planned: Hand) -> None:
    editing = planned.driver.window.path_editing
    planned.click(planned.of_camera(1))
    planned.click(planned.of_camera(3), SHIFT)
    assert editing.selected == {1, 3}
    editing.select([0, 2])
    assert planned.chosen == {("camera", 0), ("camera", 2)}
    planned.put_keys(key(8, 2.0))
    planned.click(planned.at("guidance", 8))
    assert editing.selected == frozenset()
    planned.click(planned.of_camera(1))
    planned.drag(planned.of_camera(1), planned.of_camera(1) + QPointF(40, 0))
    assert editing.selected == {1}
    editing.remove_chosen()
    assert len(planned.scene.kept.keys) == 3
    assert planned.chosen == {("camera", number) for number in editing.selected}


# ---------------------------------------------------------------------- deleting, easing


def test_delete_removes_the_chosen_keys_of_all_lanes_in_one_step(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0), key(12, 3.0))
    planned.click(planned.at("guidance", 8))
    planned.click(planned.of_camera(2), SHIFT)
    planned.key(Qt.Key.Key_Delete)
    assert planned.keys("guidance") == [(12, 3.0)]
    assert len(planned.scene.kept.keys) == 3
    assert planned.undo_label() == "Delete keys"
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.keys("guidance") == [(8, 2.0), (12, 3.0)]
    assert len(planned.scene.kept.keys) == 4


def test_the_menu_of_a_key_changes_its_easing_and_deletes_it(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0), key(16, 3.0))
    menu_action(planned, planned.at("guidance", 8), "Hold").trigger()
    assert planned.take.keys[0].easing == "hold"
    assert menu_action(planned, planned.at("guidance", 8), "Hold").isChecked()
    menu_action(planned, planned.of_camera(1), "Ease").trigger()
    assert planned.scene.kept.keys[1].easing == "ease"
    menu_action(planned, planned.at("guidance", 8), "Delete").trigger()
    assert planned.keys("guidance") == [(16, 3.0)]


def test_the_menu_of_a_lane_adds_and_chooses(planned: Hand) -> None:
    menu_action(planned, planned.at("guidance", 8), "Add Key").trigger()
    menu_action(planned, planned.at("guidance", 16), "Add Key").trigger()
    assert [tick for tick, _ in planned.keys("guidance")] == [8, 16]
    menu_action(planned, planned.at("guidance", 12), "Select All").trigger()
    assert planned.chosen == {("guidance", 8), ("guidance", 16)}


# ---------------------------------------------------------------------- words


def test_without_text_there_is_no_lane_of_words(planned: Hand) -> None:
    assert not any(isinstance(lane, WordsLane) for lane in planned.canvas.lanes())


def test_a_prompt_key_is_typed_where_it_begins(reading: Hand) -> None:
    lane = reading.canvas.parameter_lanes["prompt"]
    assert isinstance(lane, WordsLane)
    reading.double_click(reading.at("prompt", 8))
    reading.type("first stars")
    assert reading.keys("prompt") == [(8, "first stars")]
    # Behind its words another one begins; on them they are edited.
    reading.double_click(reading.at("prompt", 20))
    reading.type("cold light")
    assert reading.keys("prompt") == [(8, "first stars"), (20, "cold light")]
    reading.double_click(QPointF(reading.x(8) + 20, lane.middle))
    reading.type("many stars")
    assert reading.keys("prompt") == [(8, "many stars"), (20, "cold light")]
    reading.drag(QPointF(reading.x(8) + 20, lane.middle), QPointF(reading.x(12) + 20, lane.middle))
    assert reading.keys("prompt") == [(12, "many stars"), (20, "cold light")]


# ---------------------------------------------------------------------- what comes of them


def test_a_key_reaches_the_request_and_a_change_makes_later_chunks_stale(filled: Driver) -> None:
    hand = Hand(filled)
    hand.canvas.fit()
    hand.double_click(hand.at("guidance", 16))
    hand.double_click(hand.at("guidance", 16))
    hand.type("4.5")
    states = [slot.state for slot in slots(hand.studio.project, hand.take)]
    assert states == ["stored", "stored", "stale"]
    words = [cell.cell.text for cell in hand.scene.current.cells]
    assert words == ["", "", "Guidance changed"]
    filled.key(Qt.Key.Key_Return, CONTROL)
    filled.wait_made(3)
    assert [round(chunk.request.settings["guidance"], 2) for chunk in hand.take.chunks][2] == 4.5
    assert hand.take.chunks[2].keyed == ("guidance",)


def test_the_inspector_sets_the_key_of_the_next_chunk_where_there_are_keys(filled: Driver) -> None:
    hand = Hand(filled)
    hand.put_keys(key(0, filled.studio.take.chunks[0].request.settings["guidance"], "hold"))
    row = filled.window.inspector.take_tab.numbers.slider("guidance")
    assert row.dot.is_keyed
    row.changed.emit(3.5, True)
    assert hand.keys("guidance")[-1] == (24, 3.5)
    assert all(slot.state == "stored" for slot in slots(hand.studio.project, hand.take))
    assert row.field.value == 3.5


def test_a_preset_leaves_keys_and_says_so(planned: Hand) -> None:
    planned.put_keys(key(0, 3.0))
    said = []
    planned.studio.said.connect(said.append)
    planned.driver.window.inspector.take_tab.use_preset("Draft")
    assert planned.keys("guidance") == [(0, 3.0)]
    assert dict(planned.take.recipe.changes)["num_steps"] == 2
    assert "guidance" in said[0].text


@pytest.mark.logs("would make it stale")
def test_a_locked_chunk_refuses_a_key_and_the_bar_says_why(filled: Driver) -> None:
    hand = Hand(filled)
    hand.canvas.fit()
    filled.studio.player.seek(40)
    filled.studio.commands.trigger("take.lock")
    hand.double_click(hand.on(hand.canvas.camera, hand.x(2)))
    hand.double_click(hand.at("guidance", 8))
    hand.double_click(hand.at("guidance", 8))
    hand.type("4.5")
    assert "Chunk 2 of Take 1 is locked" in filled.window.problems.problems[-1].problem.why
    # However long it is dragged, it is said once, and gone when it can be done.
    count = len(filled.window.problems.problems)
    hand.drag(hand.of_camera(1), hand.of_camera(1) - QPointF(200, 0), steps=12)
    assert len(filled.window.problems.problems) == count
    filled.studio.commands.trigger("take.lock")
    assert not hand.take.locked
    hand.double_click(hand.at("guidance", 8))
    hand.type("4.5")
    assert len(filled.window.problems.problems) == count - 1


# ---------------------------------------------------------------------- another project


def test_a_field_that_is_open_goes_with_its_project(reading: Hand) -> None:
    raised: list[object] = []
    reading.studio.problem_raised.connect(raised.append)
    reading.put_keys(key(8, 2.0))
    reading.double_click(reading.at("guidance", 8))
    field = reading.canvas.fields.shown()
    assert field is not None
    field.setText("3")
    assert reading.driver.app.files.new_project("fake")
    reading.driver.wait(lambda: reading.canvas.fields.shown() is None)
    reading.driver.window.setFocus()
    assert not raised
    assert not reading.take.keys
    reading.studio.problem_raised.disconnect(raised.append)
