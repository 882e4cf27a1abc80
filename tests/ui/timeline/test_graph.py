"""The graph editor: channels, keys in time and value, easing, framing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from astra_studio.document.path_edits import set_path
from astra_studio.document.paths import Drawn
from engine.trajectories.key_edits import angles_of, eased, looking_at, with_angles
from tests.ui.timeline.conftest import CONTROL, SHIFT, Hand, key
from ui.timeline.curves import GraphLane
from ui.timeline.curves.scales import Scales
from ui.timeline.curves.tangent_handles import Handle, handles_of


@pytest.fixture
def graph(planned: Hand) -> GraphLane:
    """The curves of the planned take, x and z of them shown."""
    planned.driver.key(Qt.Key.Key_G, SHIFT)
    shown = planned.canvas.graph
    assert shown is not None
    shown.show_only({"x", "z"})
    return shown


def where(graph: GraphLane, channel: str, number: int) -> QPointF:
    found = next(one for one in graph.channels() if one.name == channel)
    return graph.place_of(found, found.points[number])


def test_the_command_and_the_switch_show_curves_in_place_of_the_lanes(planned: Hand, graph: GraphLane) -> None:
    assert planned.driver.window.timeline.mode.current == "Curves"
    assert graph in planned.canvas.lanes()
    assert planned.canvas.camera not in planned.canvas.lanes()
    assert graph.box.bottom() == planned.canvas.height()
    planned.driver.key(Qt.Key.Key_G, SHIFT)
    assert planned.canvas.graph is None


def test_a_drag_upwards_changes_the_value_alone_as_one_step(planned: Hand, graph: GraphLane) -> None:
    before = planned.scene.kept.keys[1].position
    begin = where(graph, "z", 1)
    planned.drag(begin, begin - QPointF(0, 20), steps=5)
    after = planned.scene.kept.keys[1]
    assert after.position[2] == pytest.approx(before[2] + 20 * graph.scales.per_px("u"), abs=1e-6)
    assert after.position[:2] == before[:2]
    assert after.time_s == pytest.approx(1.6)
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.scene.kept.keys[1].position == before


def test_a_drag_sideways_changes_the_time_and_shift_holds_the_value(planned: Hand, graph: GraphLane) -> None:
    before = planned.scene.kept.keys[1].position
    begin = where(graph, "z", 1)
    planned.press(begin)
    planned.move(begin + QPointF(8 * planned.canvas.axis.scale, 9), SHIFT)
    planned.release(begin + QPointF(8 * planned.canvas.axis.scale, 9), SHIFT)
    after = planned.scene.kept.keys[1]
    assert after.position == before
    assert after.time_s == pytest.approx(2.0)


def test_a_band_chooses_keys_of_channels_and_they_move_together(planned: Hand, graph: GraphLane) -> None:
    before = planned.scene.kept.keys
    second, third = where(graph, "z", 1), where(graph, "z", 2)
    planned.drag(QPointF(second.x() - 15, graph.box.top() + 3), QPointF(third.x() + 15, graph.box.bottom() - 3))
    assert graph.points == {(name, ("camera", number)) for name in ("x", "z") for number in (1, 2)}
    planned.drag(second, second - QPointF(0, 12))
    by = 12 * graph.scales.per_px("u")
    for number in (1, 2):
        x, _, z = planned.scene.kept.keys[number].position
        assert x == pytest.approx(before[number].position[0] + by)
        assert z == pytest.approx(before[number].position[2] + by)
    assert planned.undo_label() == "Change curve"


def test_angles_are_dragged_in_degrees(planned: Hand, graph: GraphLane) -> None:
    graph.show_only({"yaw"})
    begin = where(graph, "yaw", 2)
    planned.drag(begin, begin - QPointF(0, 15))
    yaw, pitch, roll = angles_of(planned.scene.kept.keys[2])
    assert yaw == pytest.approx(15 * graph.scales.per_px("°"), abs=1e-6)
    assert (pitch, roll) == pytest.approx((0, 0), abs=1e-9)


def test_angles_of_a_key_that_faces_a_point_are_not_its_own(planned: Hand, graph: GraphLane) -> None:
    path = looking_at(planned.scene.kept, {2}, (1.0, 0.0, 3.0))
    planned.studio.apply(set_path(planned.take.id, Drawn(path=path)))
    graph.show_only({"yaw"})
    begin = where(graph, "yaw", 2)
    before = planned.scene.kept.keys[2]
    planned.drag(begin, begin - QPointF(0, 15))
    assert planned.scene.kept.keys[2] == before
    assert "looks at a point" in planned.canvas.tip_at(begin)


def test_guidance_is_dragged_within_what_it_can_be(planned: Hand, graph: GraphLane) -> None:
    planned.put_keys(key(8, 2.0), key(16, 3.0))
    graph.show_only({"guidance"})
    begin = where(graph, "guidance", 0)
    planned.drag(begin, begin + QPointF(0, 900))
    assert planned.keys("guidance") == [(8, 0.0), (16, 3.0)]
    end = where(graph, "guidance", 1)
    planned.drag(end, end + QPointF(2 * 4 * planned.canvas.axis.scale, 0))
    assert planned.keys("guidance") == [(8, 0.0), (18, 3.0)]


def test_a_double_click_types_a_number_or_adds_a_key_on_the_curve(planned: Hand, graph: GraphLane) -> None:
    planned.double_click(where(graph, "z", 1))
    planned.type("0.5")
    assert planned.scene.kept.keys[1].position[2] == pytest.approx(0.5)
    channel = next(one for one in graph.channels() if one.name == "z")
    frame = 16.0
    y = graph.placed().y("u", float(channel.sample([frame])[0]))
    before = planned.scene.kept
    planned.double_click(QPointF(planned.canvas.axis.x(frame), y))
    after = planned.scene.kept
    assert len(after.keys) == 5
    assert after.keys[1].time_s == pytest.approx(0.8)
    assert after.keys[1].position == pytest.approx(before.at([0.8])[0][:3, 3], abs=1e-9)


def test_easing_is_chosen_per_key_from_the_menu(planned: Hand, graph: GraphLane) -> None:
    menu = planned.driver.look_at(planned.canvas.menu_at(where(graph, "z", 1)))
    names = [action.text().split(":")[0] for action in menu.actions() if action.isCheckable()]
    assert names == ["Smooth", "Ease", "Linear", "Arc", "Hold"]
    next(action for action in menu.actions() if action.text().startswith("Hold")).trigger()
    assert planned.scene.kept.keys[1].easing == "hold"


def test_escape_puts_a_dragged_curve_back(planned: Hand, graph: GraphLane) -> None:
    before, label = planned.scene.kept, planned.undo_label()
    begin = where(graph, "z", 1)
    planned.press(begin)
    planned.move(begin - QPointF(10, 30))
    assert planned.scene.kept != before
    planned.key(Qt.Key.Key_Escape)
    assert planned.scene.kept == before
    assert planned.undo_label() == label


def test_heads_show_and_hide_channels_and_frame_what_is_new(planned: Hand, graph: GraphLane) -> None:
    rows = {channel.name: box for channel, box in graph._rows()}
    planned.click(rows["x"].center())
    assert [channel.name for channel in graph.seen()] == ["z"]
    planned.click(rows["yaw"].center())
    assert {channel.name for channel in graph.seen()} == {"z", "yaw"}
    planned.click(rows["x"].center(), SHIFT)
    assert [channel.name for channel in graph.seen()] == ["x"]


def test_values_zoom_scroll_and_are_framed_again(planned: Hand, graph: GraphLane) -> None:
    middle = QPointF(700, graph.middle)
    before = graph.scales.ranges["u"]
    planned.wheel(middle, 120, CONTROL | SHIFT)
    zoomed = graph.scales.ranges["u"]
    assert zoomed[1] - zoomed[0] < before[1] - before[0]
    planned.wheel(middle, 120, SHIFT)
    assert graph.scales.ranges["u"] != zoomed
    planned.canvas.setFocus()
    planned.key(Qt.Key.Key_F)
    assert graph.scales.ranges["u"] == pytest.approx(before)


def test_scales_keep_what_is_under_the_mouse() -> None:
    scales = Scales(top_px=0, bottom_px=200).framed({"u": (-1.0, 3.0)})
    assert scales.zoomed(3, 50).value("u", 50) == pytest.approx(scales.value("u", 50))
    assert scales.scrolled(10).y("u", 0.0) == pytest.approx(scales.y("u", 0.0) - 10)
    lines = scales.lines("u")
    assert 0.0 in lines
    assert len(lines) <= 200 / 28 + 1
    flat = scales.framed({"°": (5.0, 5.0)}).ranges["°"]
    assert flat[0] < 5 < flat[1]


def handle(graph: GraphLane, channel: str, *, is_after: bool) -> Handle:
    """The handle of the chosen key on a channel."""
    found = [one for one in handles_of(graph) if one.channel.name == channel and one.is_after is is_after]
    assert len(found) == 1
    return found[0]


def slope_px(graph: GraphLane, channel: str, number: int, *, is_after: bool) -> float:
    """How many pixels the curve rises on a pixel beside a key."""
    found = next(one for one in graph.channels() if one.name == channel)
    frames = found.points[number].frame + (0.5 if is_after else -0.5) * np.array([0.0, 1.0])
    rise = np.diff(found.sample(frames))[0] / (frames[1] - frames[0])
    return float(rise / graph.placed().per_px(found.unit) / graph.scene.axis.scale)


def test_only_chosen_keys_have_handles_and_only_where_the_path_curves(planned: Hand, graph: GraphLane) -> None:
    assert list(handles_of(graph)) == []
    planned.click(where(graph, "z", 0))
    assert [(one.channel.name, one.is_after) for one in handles_of(graph)] == [("z", True)]
    planned.click(where(graph, "z", 1))
    assert [one.is_after for one in handles_of(graph)] == [False, True]
    planned.studio.apply(set_path(planned.take.id, Drawn(path=eased(planned.scene.kept, {1}, "ease"))))
    assert list(handles_of(graph)) == []


@pytest.mark.parametrize("is_after", [False, True])
def test_a_dragged_handle_makes_the_curve_go_towards_the_mouse_as_one_step(
    planned: Hand, graph: GraphLane, is_after: bool
) -> None:
    before = planned.scene.kept
    planned.click(where(graph, "z", 1))
    one = handle(graph, "z", is_after=is_after)
    side = 1 if is_after else -1
    planned.drag(one.knob, one.middle + QPointF(side * 40, side * -6), steps=4)
    assert slope_px(graph, "z", 1, is_after=is_after) == pytest.approx(6 / 40, rel=0.1)
    after = planned.scene.kept
    assert [key.position for key in after.keys] == [key.position for key in before.keys]
    assert after.keys[1].tangent is not None
    assert handle(graph, "z", is_after=is_after).knob.y() == pytest.approx(one.middle.y() - side * 5.93, abs=0.3)
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.scene.kept == before


def test_the_handle_of_an_angle_changes_how_fast_it_turns_and_not_where_it_goes(
    planned: Hand, graph: GraphLane
) -> None:
    path = planned.scene.kept
    turned = tuple(with_angles(one, 15.0 * number, 0.0, 0.0) for number, one in enumerate(path.keys))
    planned.studio.apply(set_path(planned.take.id, Drawn(path=replace(path, keys=turned))))
    graph.show_only({"yaw"})
    planned.click(where(graph, "yaw", 1))
    one = handle(graph, "yaw", is_after=True)
    planned.drag(one.knob, one.middle + QPointF(40, 0))
    shaped = planned.scene.kept.keys[1]
    assert (shaped.turn_pace, shaped.pace, shaped.tangent) == (pytest.approx(0, abs=0.02), None, None)


def test_automatic_handles_bring_the_curve_back(planned: Hand, graph: GraphLane) -> None:
    before = planned.scene.kept
    planned.click(where(graph, "x", 1))
    one = handle(graph, "x", is_after=True)
    planned.drag(one.knob, one.knob - QPointF(0, 25))
    assert planned.scene.kept != before
    menu = planned.driver.look_at(planned.canvas.menu_at(where(graph, "x", 1)))
    next(action for action in menu.actions() if action.text() == "Automatic Handles").trigger()
    assert planned.scene.kept == before


def test_escape_puts_a_dragged_handle_back(planned: Hand, graph: GraphLane) -> None:
    before, label = planned.scene.kept, planned.undo_label()
    planned.click(where(graph, "z", 1))
    one = handle(graph, "z", is_after=False)
    planned.press(one.knob)
    planned.move(one.knob + QPointF(0, 30))
    assert planned.scene.kept != before
    planned.key(Qt.Key.Key_Escape)
    assert planned.scene.kept == before
    assert planned.undo_label() == label
