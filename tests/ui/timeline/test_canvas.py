"""Time, takes and heads on the timeline: zoom, scrolling, work area, markers, playing, walking with the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtTest import QTest

from astra_studio.document import edits, take_edits
from astra_studio.document.action_edits import paint
from astra_studio.document.model import new_id
from tests.ui.conftest import Driver
from tests.ui.timeline.conftest import CONTROL, MIDDLE, SHIFT, Hand, key, line
from ui.timeline.canvas import TimelineCanvas
from ui.timeline.scene import HEAD_PX


def on_ruler(hand: Hand, frame: float, y: float = 8) -> QPointF:
    return QPointF(round(hand.canvas.axis.x(frame)), y)


# ---------------------------------------------------------------------- time


def test_ctrl_and_wheel_zoom_around_the_mouse(planned: Hand) -> None:
    where = QPointF(700, 60)
    before, scale = planned.canvas.axis.frame(700), planned.canvas.axis.scale
    planned.wheel(where, 120, CONTROL)
    assert planned.canvas.axis.scale > scale
    planned.wheel(where, 120, CONTROL)
    assert abs(planned.canvas.axis.frame(700) - before) < 1e-6
    slider = planned.driver.window.timeline.zoom
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(4, 12))
    assert planned.canvas.axis.scale < scale


def test_keys_zoom_and_fit(planned: Hand) -> None:
    scale = planned.canvas.axis.scale
    planned.driver.key(Qt.Key.Key_Equal)
    assert planned.canvas.axis.scale > scale
    planned.driver.key(Qt.Key.Key_Backslash)
    assert planned.canvas.axis.scale == scale
    planned.driver.key(Qt.Key.Key_Minus)
    assert planned.canvas.axis.scale < scale


def test_a_take_that_fits_goes_on_fitting_in_another_size_until_it_is_zoomed(planned: Hand) -> None:
    planned.driver.window.resize(1300, 900)
    planned.driver.wait(lambda: planned.canvas.width() == 1300)
    end = planned.canvas.axis.x(97)
    assert planned.canvas.width() - 40 < end < planned.canvas.width()
    planned.canvas.zoom(2)
    scale = planned.canvas.axis.scale
    planned.driver.window.resize(1600, 900)
    planned.driver.wait(lambda: planned.canvas.width() == 1600)
    assert planned.canvas.axis.scale == scale


def test_the_whole_take_stays_in_sight_while_it_grows_until_it_is_zoomed(planned: Hand) -> None:
    planned.studio.apply(paint(planned.take.id, len(planned.take.actions), line("w-40")))
    assert planned.canvas.width() - 40 < planned.canvas.axis.x(257) < planned.canvas.width()
    planned.canvas.zoom(2)
    axis = planned.canvas.axis
    planned.studio.apply(paint(planned.take.id, len(planned.take.actions), line("w-40")))
    assert planned.canvas.axis == axis


def test_nothing_moves_under_a_drag_that_makes_the_take_longer(planned: Hand) -> None:
    axis, begin = planned.canvas.axis, planned.of_camera(3)
    planned.press(begin)
    planned.move(begin + QPointF(60, 0))
    assert planned.studio.player.num_total > 97
    assert planned.canvas.axis == axis
    planned.release(begin + QPointF(60, 0))
    assert planned.canvas.axis.scale < axis.scale


def test_the_wheel_and_the_middle_button_pan(planned: Hand) -> None:
    planned.canvas.zoom(4, 400)
    first = planned.canvas.axis.first
    planned.wheel(QPointF(700, 60), -120)
    assert planned.canvas.axis.first > first
    first = planned.canvas.axis.first
    planned.drag(QPointF(700, 60), QPointF(740, 60), button=MIDDLE)
    assert abs((first - planned.canvas.axis.first) * planned.canvas.axis.scale - 40) < 1


def test_a_drag_at_the_edge_moves_the_timeline_on(planned: Hand) -> None:
    planned.canvas.zoom(8, HEAD_PX)
    planned.put_keys(key(0, 2.0))
    begin = planned.at("guidance", 0)
    planned.press(begin)
    planned.move(QPointF(planned.canvas.width() + 30, begin.y()))
    planned.driver.wait(lambda: planned.canvas.axis.first > 20)
    tick = planned.keys("guidance")[0][0]
    planned.driver.wait(lambda: planned.keys("guidance")[0][0] > tick)
    planned.release(QPointF(planned.canvas.width() + 30, begin.y()))
    first = planned.canvas.axis.first
    QTest.qWait(80)
    assert planned.canvas.axis.first == first, "it stands still once the button is let go"
    assert planned.undo_label() == "Move key"
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.keys("guidance") == [(0, 2.0)]


def test_playing_pages_the_timeline_and_stepping_scrolls_it(filled: Driver) -> None:
    hand = Hand(filled)
    hand.canvas.fit()
    hand.canvas.zoom(6, HEAD_PX)
    player, room = filled.studio.player, hand.canvas.width() - HEAD_PX
    last = int(hand.canvas.axis.frame(hand.canvas.width()))
    player.seek(last - 2)
    filled.key(Qt.Key.Key_Right)
    first = hand.canvas.axis.first
    filled.key(Qt.Key.Key_Space)
    filled.wait(lambda: player.frame > last)
    filled.key(Qt.Key.Key_K)
    assert (hand.canvas.axis.first - first) * hand.canvas.axis.scale > room / 2
    assert HEAD_PX <= hand.canvas.axis.x(player.frame) <= hand.canvas.width()


def test_the_ruler_counts_seconds_frames_or_chunks(planned: Hand) -> None:
    units = []
    for _ in range(4):
        units.append(planned.canvas.ruler.unit)
        planned.click(QPointF(50, 10))
    assert units == ["seconds", "frames", "chunks", "seconds"]
    assert "frames" in planned.canvas.tip_at(QPointF(50, 10))


def test_a_drag_on_the_ruler_scrubs(planned: Hand) -> None:
    planned.drag(on_ruler(planned, 4), on_ruler(planned, 50))
    assert planned.studio.player.frame == 50


# ---------------------------------------------------------------------- work area and markers


def test_the_ends_of_the_work_area_are_dragged_on_the_grid_as_one_step(planned: Hand) -> None:
    planned.studio.apply(edits.set_work_area(10, 60))
    planned.drag(on_ruler(planned, 60, 21), on_ruler(planned, 74.2, 21), steps=6)
    assert planned.studio.project.work_area.stop == 73, "a tick begins there"
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.studio.project.work_area.stop == 60
    planned.press(on_ruler(planned, 10, 21))
    planned.move(on_ruler(planned, 40, 21))
    planned.key(Qt.Key.Key_Escape)
    assert planned.studio.project.work_area.start == 10


def test_the_bar_of_the_work_area_moves_all_of_it(planned: Hand) -> None:
    planned.studio.apply(edits.set_work_area(9, 33))
    planned.drag(on_ruler(planned, 20, 22), on_ruler(planned, 36, 22))
    area = planned.studio.project.work_area
    assert (area.start, area.stop) == (25, 49)
    planned.driver.key(Qt.Key.Key_Z, CONTROL)
    assert planned.studio.project.work_area.start == 9


def test_the_playhead_is_grabbed_on_lanes_of_keys_too(planned: Hand) -> None:
    planned.put_keys(key(8, 2.0))
    planned.studio.player.seek(50)
    begin = planned.on(planned.canvas.camera, planned.canvas.axis.x(50) + 3)
    planned.drag(begin, begin + QPointF(10 * planned.canvas.axis.scale, 0))
    assert planned.studio.player.frame == 60
    assert planned.scene.band is None
    # A key that lies under it comes first.
    planned.studio.player.seek(33)
    planned.drag(planned.at("guidance", 8), planned.at("guidance", 10))
    assert planned.keys("guidance") == [(10, 2.0)]
    assert planned.studio.player.frame == 33


def test_markers_are_named_dragged_and_told(planned: Hand) -> None:
    planned.studio.apply(edits.add_marker("m", 41, "turn"))
    assert "turn" in planned.canvas.tip_at(on_ruler(planned, 41))
    planned.drag(on_ruler(planned, 41), on_ruler(planned, 61))
    assert planned.studio.project.markers[0].frame == 61
    menu = planned.driver.look_at(planned.canvas.menu_at(on_ruler(planned, 61)))
    next(action for action in menu.actions() if "Delete" in action.text()).trigger()
    assert not planned.studio.project.markers


# ---------------------------------------------------------------------- takes


def test_a_chunk_tells_its_facts(filled: Driver) -> None:
    hand = Hand(filled)
    hand.canvas.fit()
    words = hand.canvas.tip_at(hand.on(hand.canvas.strips[0], hand.canvas.axis.x(50)))
    assert words.startswith("Chunk 2 of Take 1: in memory")
    assert "seed 0" in words
    assert "generated in" in words
    # What comes after what is made is asked for anew.
    hand.put_keys(key(0, 3.0))
    words = hand.canvas.tip_at(hand.on(hand.canvas.strips[0], hand.canvas.axis.x(50)))
    assert "Guidance changed" in words
    assert "on a branch" in words


def test_heads_lock_star_and_branch(filled: Driver) -> None:
    hand = Hand(filled)
    strip = hand.canvas.strips[0]
    places = {strip.head_tip(strip._button_box(number).center()): strip._button_box(number) for number in range(4)}
    star = next(box for words, box in places.items() if "Star" in words)
    hand.click(star.center())
    assert hand.take.is_starred
    lock = next(box for words, box in places.items() if "Lock" in words)
    hand.click(lock.center())
    assert len(hand.take.locked) == 3
    assert all(cell.cell.is_locked for cell in hand.scene.current.cells)
    hand.click(lock.center())
    assert not hand.take.locked
    branch = next(box for words, box in places.items() if "Branch" in words)
    filled.studio.player.seek(40)
    hand.click(branch.center())
    assert len(filled.studio.project.takes) == 2


def test_a_branch_hangs_on_the_strip_that_it_shares_most_with(filled: Driver) -> None:
    hand = Hand(filled)
    first = hand.take.id
    filled.studio.player.seek(40)
    filled.key(Qt.Key.Key_B)
    second = hand.take.id
    # The branch is shown: the take it came from shows what they do not share, from chunk 2 on.
    row = hand.scene.rows[1]
    assert (row.take, row.hangs_on, row.branch_frame) == (first, second, 33)
    assert [cell.cell.number for cell in row.cells] == [2, 3]
    hand.click(QPointF(60, hand.canvas.row_box(1).center().y()))
    row = hand.scene.rows[1]
    assert (row.take, row.hangs_on, row.cells) == (second, first, ())


def test_a_chunk_on_a_branch_is_shown_when_it_is_pressed(filled: Driver) -> None:
    hand = Hand(filled)
    first = hand.take
    filled.studio.player.seek(40)
    filled.key(Qt.Key.Key_B)
    hand.canvas.fit()
    hand.click(hand.on(hand.canvas.strips[1], hand.canvas.axis.x(70)))
    assert hand.take.id == first.id
    assert filled.studio.project.selection.ticks == (16, 24)
    assert filled.studio.player.frame == 70


def test_many_takes_scroll_and_the_lanes_stay(planned: Hand) -> None:
    for _ in range(30):
        planned.studio.apply(take_edits.new_take(new_id()))
    zone, lanes = planned.canvas.lane_boxes.branches, planned.canvas.lane_boxes.lanes
    assert zone.most > 0
    assert lanes.box.bottom() <= planned.canvas.height()
    top = planned.canvas.strips[5].box.top()
    planned.wheel(QPointF(60, zone.box.center().y()), -120)
    assert planned.canvas.strips[5].box.top() == top - 60
    first = planned.canvas.axis.first
    planned.wheel(QPointF(700, zone.box.center().y()), -120, SHIFT)
    assert planned.canvas.strips[5].box.top() == top - 120
    assert planned.canvas.axis.first == first
    # The head of a take that is scrolled in can be clicked.
    name = planned.canvas.strips[6].row.name
    assert zone.box.contains(planned.canvas.row_box(6).center())
    planned.click(QPointF(60, planned.canvas.row_box(6).center().y()))
    assert planned.take.name == name
    thumb = planned.canvas.lane_boxes.thumb_of(planned.canvas.lane_boxes.branches, planned.canvas.width())
    assert thumb is not None
    planned.drag(thumb.center(), thumb.center() + QPointF(0, 400))
    assert planned.canvas.lane_boxes.branches.offset == planned.canvas.lane_boxes.branches.most


def test_the_compared_take_and_the_shown_one_have_chips(filled: Driver) -> None:
    hand = Hand(filled)
    first = hand.take
    filled.key(Qt.Key.Key_B)
    filled.window.timeline.takes.set_compared(filled.studio.project.take(first.id), True)
    assert hand.scene.rows[1].is_compared
    plain = hand.canvas.grab().toImage()
    filled.studio.apply(edits.select(compared=None))
    other = hand.canvas.grab().toImage()
    box = hand.canvas.row_box(1)
    place = QPoint(HEAD_PX - 16, round(box.center().y()) - 6)
    assert plain.pixelColor(place) == filled.studio.theme.color("take_b")
    assert other.pixelColor(place) != plain.pixelColor(place)


def test_takes_and_markers_are_named_where_they_stand(planned: Hand) -> None:
    planned.driver.key(Qt.Key.Key_F2)
    planned.type("  ")
    assert planned.canvas.fields.shown() is not None, "a name is not empty"
    planned.type("Down the valley")
    assert planned.take.name == "Down the valley"
    planned.double_click(QPointF(60, planned.canvas.row_box(0).top() + 20))
    planned.type("Walk")
    assert planned.take.name == "Walk"
    planned.studio.apply(edits.add_marker("m", 41))
    planned.double_click(on_ruler(planned, 41))
    planned.type("turn")
    assert planned.studio.project.markers[0].name == "turn"


def test_commands_put_keys_at_the_playhead(planned: Hand) -> None:
    planned.studio.player.seek(45)
    planned.studio.commands.trigger("take.key_history_noise")
    planned.type("0.2")
    assert planned.keys("history_noise") == [(11, 0.2)]
    assert not planned.studio.commands.action("take.key_prompt").isEnabled()


# ---------------------------------------------------------------------- keyboard


def test_reached_by_tab_the_arrows_walk_through_lanes_chunks_and_keys(planned: Hand) -> None:
    planned.put_keys(key(4, 2.0), key(12, 3.0))
    canvas = planned.canvas
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    assert canvas.keyboard.lane is canvas.strips[0]
    planned.key(Qt.Key.Key_Right)
    assert planned.studio.project.selection.ticks == (8, 16)
    assert planned.studio.player.frame == 33
    planned.key(Qt.Key.Key_Down)
    assert canvas.keyboard.lane is canvas.camera
    planned.key(Qt.Key.Key_Down)
    planned.key(Qt.Key.Key_Down)
    planned.key(Qt.Key.Key_Home)
    assert planned.chosen == {("guidance", 4)}
    planned.key(Qt.Key.Key_Right)
    assert planned.chosen == {("guidance", 12)}
    assert planned.studio.player.frame == 49
    assert "3.00 at tick 12" in canvas.accessibleDescription()
    assert "2 of 2" in canvas.accessibleDescription()
    planned.key(Qt.Key.Key_Return)
    planned.type("2.75")
    assert planned.keys("guidance") == [(4, 2.0), (12, 2.75)]
    planned.key(Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert planned.keys("guidance") == [(4, 2.0), (13, 2.75)]
    planned.key(Qt.Key.Key_Delete)
    assert planned.keys("guidance") == [(4, 2.0)]
    planned.studio.player.seek(81)
    planned.key(Qt.Key.Key_Return)
    assert planned.keys("guidance") == [(4, 2.0), (20, 2.0)]
    planned.key(Qt.Key.Key_Escape)
    planned.key(Qt.Key.Key_Escape)
    assert canvas.keyboard.lane is None


def test_a_click_leaves_the_arrows_to_the_window(planned: Hand) -> None:
    planned.click(planned.on(planned.canvas.motion, planned.x(4)))
    frame = planned.studio.player.frame
    planned.key(Qt.Key.Key_Right)
    assert planned.studio.player.frame == frame + 1
    assert planned.canvas.accessibleDescription().startswith("Take 1: 1 planned, 2 planned")


# ---------------------------------------------------------------------- painting


class Painted(TimelineCanvas):
    """Takes note of what is painted anew."""

    def paint_part(self, painter: QPainter, dirty: QRectF) -> None:
        self.painted.append(dirty)
        super().paint_part(painter, dirty)


def test_a_step_of_the_playhead_paints_nothing_anew_and_a_cell_its_own_box(filled: Driver) -> None:
    hand = Hand(filled)
    painted = Painted(filled.studio)
    painted.painted = []
    filled.qtbot.addWidget(painted)
    painted.resize(1200, 340)
    painted.show()
    painted.read()
    painted.fit()
    filled.wait(lambda: bool(painted.painted))
    QTest.qWait(200)
    painted.painted.clear()
    before = painted.grab().toImage()
    filled.studio.player.seek(filled.studio.player.frame - 20)
    painted.follow_playhead()
    QTest.qWait(100)
    assert painted.painted == []
    assert painted.grab().toImage() != before
    chunk = hand.take.chunks[1].id
    filled.studio.apply(take_edits.lock(hand.take.id, [chunk], True))
    painted.read()
    filled.wait(lambda: bool(painted.painted))
    third = painted.axis.x(hand.scene.current.cells[2].start)
    assert all(rect.right() <= third + 2 for rect in painted.painted), "the third chunk stays as it is painted"
