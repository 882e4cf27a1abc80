"""Keys by mouse and keyboard: added, chosen, moved, turned, with others following; one undo step each."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from astra_studio.document.paths import stored_path
from tests.ui.path_editor.conftest import CONTROL, LEFT, NONE, SHIFT, Hand

STEP = 0.24
"""Scene units between the keys of the walk."""


def test_return_adds_keys_and_undo_takes_them_back(empty: Hand) -> None:
    assert empty.pane.scene.is_empty
    for _ in range(3):
        empty.driver.key(Qt.Key.Key_Return)
    assert np.allclose(empty.places[:, 2], [0, STEP, 2 * STEP])
    assert [key.time_s for key in empty.path.keys] == pytest.approx([0, 1.6, 3.2])
    assert len(empty.pane.scene.keys) == 3
    assert empty.studio.player.frame == 64
    for left in (2, 1):
        empty.undo()
        assert len(empty.path.keys) == left
    empty.undo()
    assert stored_path(empty.studio.take) is None
    assert empty.pane.scene.is_empty


def test_return_within_the_path_adds_a_key_on_it_at_a_tick(walk: Hand) -> None:
    walk.studio.is_snapping = True
    walk.studio.player.seek(41)
    walk.driver.key(Qt.Key.Key_Return)
    assert len(walk.path.keys) == 5
    assert walk.path.keys[2].time_s == pytest.approx(2.0)
    assert np.allclose(walk.places[2], [0, 0, 0.3], atol=1e-6)
    assert walk.editing.selected == {2}
    walk.driver.key(Qt.Key.Key_Return)
    assert len(walk.path.keys) == 5


def test_a_key_is_chosen_by_a_click_and_dragged_as_one_undo_step(walk: Hand) -> None:
    before = walk.studio.take
    walk.choose(2)
    assert walk.editing.selected == {2}
    assert walk.studio.player.frame == 64
    begin = walk.key_spot(2)
    walk.drag(begin, begin + QPoint(40, -20))
    assert walk.places[2] == pytest.approx([40 / walk.scale, 0, 2 * STEP + 20 / walk.scale])
    assert np.allclose(walk.places[[0, 1, 3]], [[0, 0, 0], [0, 0, STEP], [0, 0, 3 * STEP]])
    walk.undo()
    assert walk.studio.take == before


def test_an_arrow_moves_along_its_axis_alone(walk: Hand) -> None:
    walk.choose(1)
    begin = walk.arrow(0)
    walk.drag(begin, begin + QPoint(30, -25))
    assert walk.places[1] == pytest.approx([30 / walk.scale, 0, STEP])
    begin = walk.arrow(2)
    walk.drag(begin, begin + QPoint(20, -24))
    assert walk.places[1] == pytest.approx([30 / walk.scale, 0, STEP + 24 / walk.scale])
    assert walk.label == "Move keys"


def test_x_y_and_z_lock_the_axis_of_a_drag_and_free_it_again(walk: Hand) -> None:
    walk.choose(1)
    begin = walk.key_spot(1)
    end = begin + QPoint(30, -30)
    walk.press(begin)
    walk.move(end)
    QTest.keyClick(walk.top, Qt.Key.Key_Z)
    assert walk.places[1] == pytest.approx([0, 0, STEP + 30 / walk.scale])
    QTest.keyClick(walk.top, Qt.Key.Key_X)
    assert walk.places[1] == pytest.approx([30 / walk.scale, 0, STEP])
    QTest.keyClick(walk.top, Qt.Key.Key_X)
    assert walk.places[1] == pytest.approx([30 / walk.scale, 0, STEP + 30 / walk.scale])
    walk.release(end)
    assert walk.studio.project.work_area.start is None  # X marks a chunk where nothing is dragged
    walk.undo()
    assert walk.places[1] == pytest.approx([0, 0, STEP])


def test_escape_gives_the_path_back_and_leaves_no_step(walk: Hand) -> None:
    walk.choose(1)
    before, label = walk.studio.take, walk.label
    begin = walk.key_spot(1)
    walk.press(begin)
    walk.move(begin + QPoint(50, 10))
    assert walk.studio.take != before
    QTest.keyClick(walk.top, Qt.Key.Key_Escape)
    walk.release(begin + QPoint(50, 10))
    assert walk.studio.take == before
    assert walk.label == label


@pytest.mark.parametrize(("is_on", "modifiers"), [(True, NONE), (False, CONTROL)])
def test_snapping_puts_keys_on_the_grid_and_control_inverts_it(walk: Hand, is_on: bool, modifiers) -> None:
    walk.studio.is_snapping = is_on
    walk.choose(1)
    begin = walk.key_spot(1)
    walk.drag(begin, begin + QPoint(37, -23), modifiers=modifiers)
    moved = walk.places[1] / 0.05
    assert np.allclose(moved, np.round(moved), atol=1e-6)
    assert not np.allclose(walk.places[1], [0, 0, STEP])


def test_the_ring_turns_a_key_where_it_stands(walk: Hand) -> None:
    walk.choose(1)
    begin, end = walk.ring(0.0), walk.ring(0.125)
    walk.drag(begin, end)
    assert abs(walk.yaws[1]) == pytest.approx(45, abs=3)
    assert np.allclose(walk.places[:, 2], [0, STEP, 2 * STEP, 3 * STEP])
    assert walk.label == "Turn keys"
    walk.undo()
    assert walk.yaws == pytest.approx([0, 0, 0, 0])


def test_a_snapped_turn_goes_by_five_degrees(walk: Hand) -> None:
    walk.studio.is_snapping = True
    walk.choose(1)
    walk.drag(walk.ring(0.0), walk.ring(0.06))
    assert walk.yaws[1] % 5 == pytest.approx(0, abs=1e-6) or walk.yaws[1] % 5 == pytest.approx(5, abs=1e-6)
    assert abs(walk.yaws[1]) > 4


def test_several_keys_turn_about_the_point_between_them(walk: Hand) -> None:
    walk.driver.key(Qt.Key.Key_A, CONTROL)
    assert walk.editing.selected == {0, 1, 2, 3}
    middle = walk.places.mean(axis=0)
    walk.drag(walk.ring(0.0), walk.ring(0.25))
    assert np.allclose(walk.places.mean(axis=0), middle, atol=1e-6)
    assert np.ptp(walk.places[:, 0]) == pytest.approx(3 * STEP, rel=0.02)
    assert len({round(yaw, 4) for yaw in walk.yaws}) == 1


def test_a_whole_turn_and_more_is_possible(walk: Hand) -> None:
    walk.choose(1)
    walk.drag(*(walk.ring(share) for share in (0.0, 0.3, 0.6, 0.9)))
    assert abs((walk.yaws[1] - 324 + 180) % 360 - 180) < 4 or abs((walk.yaws[1] + 324 + 180) % 360 - 180) < 4


def test_the_wheel_takes_neighbours_along_while_a_key_is_dragged(walk: Hand) -> None:
    walk.choose(1)
    begin = walk.key_spot(1)
    end = begin + QPoint(60, 0)
    walk.press(begin)
    walk.move(end)
    assert np.allclose(walk.places[[0, 2, 3], 0], 0)
    for _ in range(16):
        walk.wheel(end, 1)
    moved = walk.places[:, 0] * walk.scale
    assert moved[1] == pytest.approx(60)
    assert 0 < moved[3] < moved[2] < 60
    assert moved[0] == pytest.approx(moved[2])
    walk.release(end)
    assert walk.editing.falloff > 2 * STEP
    walk.undo()
    assert np.allclose(walk.places[:, 0], 0)


def test_a_box_chooses_keys_and_shift_adds_to_them(walk: Hand) -> None:
    first, second = walk.key_spot(1), walk.key_spot(2)
    walk.drag(first + QPoint(-40, 12), second + QPoint(40, -12))
    assert walk.editing.selected == {1, 2}
    QTest.mouseClick(walk.top, LEFT, SHIFT, walk.key_spot(0))
    assert walk.editing.selected == {0, 1, 2}
    QTest.mouseClick(walk.top, LEFT, SHIFT, walk.key_spot(1))
    assert walk.editing.selected == {0, 2}
    QTest.mouseClick(walk.top, LEFT, NONE, QPoint(20, 30))
    assert walk.editing.selected == frozenset()
    assert walk.label == "Add key"


def test_a_click_on_the_way_puts_the_playhead_there_and_two_split_it(walk: Hand) -> None:
    where = walk.spot((0, 0, 1.5 * STEP))
    QTest.mouseClick(walk.top, LEFT, NONE, where)
    assert walk.studio.player.frame == pytest.approx(48, abs=1)
    QTest.mouseDClick(walk.top, LEFT, NONE, where)
    assert len(walk.path.keys) == 5
    assert walk.places[2, 2] == pytest.approx(1.5 * STEP, abs=2 / walk.scale)
    assert walk.label == "Split path"


def test_comma_and_period_go_from_key_to_key(walk: Hand) -> None:
    walk.studio.player.seek(0)
    seen = []
    for _ in range(4):
        walk.driver.key(Qt.Key.Key_Period)
        seen.append((walk.editing.active, walk.studio.player.frame))
    assert seen == [(1, 32), (2, 64), (3, 96), (3, 96)]
    walk.driver.key(Qt.Key.Key_Comma)
    assert walk.editing.active == 2
    walk.studio.player.seek(50)
    walk.driver.key(Qt.Key.Key_Comma)
    assert walk.editing.active == 1


def test_arrow_keys_nudge_chosen_keys_and_step_frames_where_none_is(walk: Hand) -> None:
    walk.choose(1)
    QTest.keyClick(walk.top, Qt.Key.Key_Right)
    QTest.keyClick(walk.top, Qt.Key.Key_Up, SHIFT)
    assert walk.places[1] == pytest.approx([0.01, 0, STEP + 0.1])
    walk.undo()
    assert walk.places[1] == pytest.approx([0.01, 0, STEP])
    QTest.keyClick(walk.top, Qt.Key.Key_Escape)
    assert not walk.editing.selected
    frame = walk.studio.player.frame
    QTest.keyClick(walk.top, Qt.Key.Key_Right)
    assert walk.studio.player.frame == frame + 1


def test_delete_and_duplicate(walk: Hand) -> None:
    walk.choose(1)
    walk.driver.key(Qt.Key.Key_D, CONTROL)
    assert np.allclose(walk.places[:, 2], [0, STEP, STEP, 2 * STEP, 3 * STEP])
    assert [key.time_s for key in walk.path.keys] == pytest.approx([0, 1.6, 3.2, 4.8, 6.4])
    assert walk.editing.selected == {2}
    walk.driver.key(Qt.Key.Key_Delete)
    assert len(walk.path.keys) == 4
    assert walk.label == "Remove key"
    walk.driver.key(Qt.Key.Key_A, CONTROL)
    walk.driver.key(Qt.Key.Key_Delete)
    assert stored_path(walk.studio.take) is None
    assert len(walk.studio.take.actions) == 0
    walk.undo()
    assert len(walk.path.keys) == 4


def test_local_axes_are_those_of_the_key(walk: Hand) -> None:
    walk.choose(1)
    walk.drag(walk.ring(0.0), walk.ring(0.125))
    yaw = np.deg2rad(walk.yaws[1])
    walk.driver.key(Qt.Key.Key_C, SHIFT)
    assert walk.editing.is_local
    before = walk.places[1]
    gizmo = walk.top.gizmo()
    start, tip = gizmo.arrows()[2]
    way = (tip - start) / np.linalg.norm(tip - start) * 40
    begin = walk.arrow(2)
    walk.drag(begin, begin + QPoint(round(way[0]), round(way[1])))
    moved = walk.places[1] - before
    assert np.linalg.norm(moved) == pytest.approx(40 / walk.scale, rel=0.05)
    assert moved[0] / moved[2] == pytest.approx(np.tan(yaw), rel=0.02)


def test_keys_move_in_the_view_from_the_side_and_in_3d(walk: Hand) -> None:
    walk.pane.show_view("Side")
    side = walk.pane.side
    QTest.mouseClick(side, LEFT, NONE, walk.key_spot(1, side))
    begin = walk.key_spot(1, side)
    walk.drag(begin, begin + QPoint(0, -30), view=side)
    assert walk.places[1] == pytest.approx([0, -30 / side.projection.scale, STEP])
    walk.pane.show_view("3D")
    space = walk.pane.space
    space.fit()
    begin = walk.arrow(0, space)
    walk.drag(begin, begin + QPoint(25, 0), view=space)
    assert walk.places[1, 0] > 0.02
    assert walk.places[1, 2] == pytest.approx(STEP)
    QTest.keyClick(space, Qt.Key.Key_Escape)
    assert not walk.editing.selected


def test_middle_button_and_wheel_move_the_view_and_f_frames_all(walk: Hand) -> None:
    before = walk.top.projection
    middle = QPoint(150, 150)
    walk.press(middle, button=Qt.MouseButton.MiddleButton)
    walk.move(middle + QPoint(30, 10))
    walk.release(middle + QPoint(30, 10), button=Qt.MouseButton.MiddleButton)
    assert walk.top.projection.centre[0] == pytest.approx(before.centre[0] - 30 / walk.scale)
    under = walk.spot((0, 0, STEP))
    walk.wheel(under, 3)
    assert walk.scale > before.scale * 1.4
    assert (walk.spot((0, 0, STEP)) - under).manhattanLength() <= 2
    walk.driver.key(Qt.Key.Key_F)
    assert walk.top.projection == before
    orbit = walk.pane.space.projection
    walk.press(middle, walk.pane.space, Qt.MouseButton.MiddleButton)
    walk.move(middle + QPoint(40, 0), walk.pane.space)
    walk.release(middle + QPoint(40, 0), walk.pane.space, Qt.MouseButton.MiddleButton)
    assert walk.pane.space.projection.yaw > orbit.yaw


def test_a_key_looks_at_a_point_that_can_be_dragged(walk: Hand) -> None:
    walk.choose(1)
    walk.editing.look_at((0.2, 0.0, 2 * STEP))
    assert walk.path.keys[1].look_at == (0.2, 0.0, 2 * STEP)
    begin = walk.spot((0.2, 0.0, 2 * STEP))
    walk.drag(begin, begin + QPoint(20, 0))
    x, _, z = walk.path.keys[1].look_at
    assert (x, z) == pytest.approx((0.2 + 20 / walk.scale, 2 * STEP))
    facing = walk.path.at(np.array([1.6]))[0, :3, 2]
    assert facing == pytest.approx(np.array([x, 0, z - STEP]) / np.hypot(x, z - STEP))
    walk.undo()
    assert walk.path.keys[1].look_at[0] == pytest.approx(0.2)


def test_everything_is_undone_to_the_start_and_done_again(walk: Hand) -> None:
    walk.choose(1)
    begin = walk.key_spot(1)
    walk.drag(begin, begin + QPoint(30, 5))
    walk.drag(walk.ring(0.0), walk.ring(0.1))
    walk.driver.key(Qt.Key.Key_D, CONTROL)
    walk.studio.commands.trigger("path.mirror")
    walk.studio.commands.trigger("path.reverse")
    last = walk.studio.project
    labels = []
    while walk.studio.session.undo_label is not None:
        labels.append(walk.studio.session.undo_label)
        walk.undo()
    assert labels == ["Reverse path", "Mirror path", "Duplicate keys", "Turn keys", "Move keys", *["Add key"] * 4]
    assert len(walk.studio.take.actions) == 0
    while walk.studio.session.redo_label is not None:
        walk.driver.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert walk.studio.project == last
