"""Drawing freehand and recording by flying: few keys, on ticks, as one undo step."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from astra_studio.document.paths import stored_path
from engine.clock import ASTRA_CLOCK
from engine.trajectories.sampling import gauge, tick_poses
from tests.ui.path_editor.conftest import LEFT, NONE, Hand
from ui.path_editor.flying import Flying


def arc(begin: QPoint) -> list[QPoint]:
    """A bow to the upper right."""
    angles = np.linspace(0, np.pi / 2, 14)
    return [begin + QPoint(round(120 * (1 - np.cos(a))), round(-120 * np.sin(a))) for a in angles]


def test_a_line_drawn_with_the_pen_becomes_keys_along_it(empty: Hand) -> None:
    empty.driver.key(Qt.Key.Key_P)
    assert empty.editing.tool == "pen"
    way = arc(QPoint(140, 260))
    empty.drag(*way)
    path = empty.path
    assert 3 <= len(path.keys) <= 8
    assert empty.label == "Draw path"
    times = np.array([key.time_s for key in path.keys])
    assert np.allclose(times / 0.2, np.round(times / 0.2))
    walked = tick_poses(path, clock=ASTRA_CLOCK)
    pixels = empty.top.projection.project(walked[:, :3, 3])[0]
    drawn = np.array([[point.x(), point.y()] for point in way])
    away = np.linalg.norm(pixels[:, None] - drawn[None], axis=2).min(axis=1)
    assert away.max() < 12
    assert not (gauge(walked, clock=ASTRA_CLOCK).moved > 0.0305).any()
    assert walked[0, :3, 2] == pytest.approx([0, 0, 1], abs=0.25)
    assert walked[-1, :3, 2] == pytest.approx([1, 0, 0], abs=0.25)
    empty.undo()
    assert stored_path(empty.studio.take) is None


def test_a_line_from_the_end_of_the_path_goes_on_and_another_replaces_it(walk: Hand) -> None:
    walk.driver.key(Qt.Key.Key_P)
    before = walk.path
    end = walk.key_spot(3)
    walk.drag(end, end + QPoint(30, -20), end + QPoint(80, -30))
    assert walk.path.keys[:3] == before.keys[:3]
    assert len(walk.path.keys) > 4
    assert walk.places[-1, 0] * walk.scale == pytest.approx(80, abs=3)
    walk.undo()
    assert walk.path == before
    walk.drag(QPoint(60, 250), QPoint(120, 200), QPoint(200, 180))
    assert walk.places[0, 0] == pytest.approx(walk.top.projection.ray(60, 250)[0][0])
    assert walk.driver.window.toast.isVisible()
    walk.driver.click(walk.driver.window.toast.button)
    assert walk.path == before


def test_a_dot_of_the_pen_is_no_path(empty: Hand) -> None:
    empty.editing.set_tool("pen")
    QTest.mouseClick(empty.top, LEFT, NONE, QPoint(100, 100))
    assert stored_path(empty.studio.take) is None
    assert empty.label is None


def test_drawing_from_the_side_changes_the_height(empty: Hand) -> None:
    empty.pane.show_view("Side")
    empty.editing.set_tool("pen")
    empty.drag(QPoint(60, 200), QPoint(200, 120), view=empty.pane.side)
    assert np.allclose(empty.places[:, 0], 0)
    assert empty.places[-1, 1] < -0.1  # up
    assert tick_poses(empty.path, clock=ASTRA_CLOCK)[-1, 1, 2] < -0.3


# ---------------------------------------------------------------------- flying


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def hold(hand: Hand, clock: Clock, seconds: float, *keys: Qt.Key) -> None:
    """Hold keys of the 3D view for a while; the flying's own timer is not waited for."""
    space = hand.pane.space
    for key in keys:
        QTest.keyPress(space, key)
    for _ in range(round(seconds / 0.02)):
        clock.now += 0.02
        hand.pane.flying.step()
    for key in keys:
        QTest.keyRelease(space, key)


@pytest.fixture
def clock(empty: Hand) -> Clock:
    clock = Clock()
    empty.pane.flying._watch = clock
    return clock


def test_a_flight_is_recorded_in_real_time_and_becomes_keys(empty: Hand, clock: Clock) -> None:
    button = empty.pane.record
    QTest.mousePress(button, LEFT)
    assert empty.pane.recorder.is_on
    hold(empty, clock, 0.7)
    hold(empty, clock, 2.0, Qt.Key.Key_W)
    hold(empty, clock, 2.0, Qt.Key.Key_W, Qt.Key.Key_Left)
    QTest.mouseRelease(button, LEFT)
    assert empty.pane.recorder.is_on  # a click: it goes on until the next one
    QTest.mouseClick(button, LEFT)
    assert not empty.pane.recorder.is_on
    path = empty.path
    assert 3 <= len(path.keys) <= 8
    assert path.end_s == pytest.approx(4.0, abs=0.21)
    walked = tick_poses(path, clock=ASTRA_CLOCK)
    speed = gauge(walked, clock=ASTRA_CLOCK)
    assert speed.moved[2:8] == pytest.approx(0.03, rel=0.05)
    assert speed.turned[-6:-2] == pytest.approx(0.03, rel=0.1)
    assert walked[9, :3, 3] == pytest.approx([0, 0, 0.27], abs=0.01)
    assert empty.label == "Record path"
    empty.undo()
    assert stored_path(empty.studio.take) is None


def test_flying_goes_on_from_the_end_and_keys_are_no_shortcuts_meanwhile(walk: Hand, clock: Clock) -> None:
    walk.driver.key(Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert walk.pane.recorder.is_on
    frame, before = walk.studio.player.frame, walk.path
    hold(walk, clock, 1.0, Qt.Key.Key_D)
    hold(walk, clock, 1.0, Qt.Key.Key_E, Qt.Key.Key_Right)
    assert walk.studio.player.frame == frame  # Right steps a frame where nothing flies
    walk.driver.key(Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert walk.path.keys[:3] == before.keys[:3]
    assert walk.places[-1] == pytest.approx([0.15, -0.15, 0.72], abs=0.01)
    assert walk.yaws[-1] == pytest.approx(np.rad2deg(0.15), abs=1)
    walk.undo()
    assert walk.path == before


def test_escape_forgets_a_flight_and_a_flight_without_motion_says_so(empty: Hand, clock: Clock) -> None:
    empty.studio.commands.trigger("path.record")
    hold(empty, clock, 1.0, Qt.Key.Key_W)
    QTest.keyClick(empty.pane.space, Qt.Key.Key_Escape)
    assert not empty.pane.recorder.is_on
    assert stored_path(empty.studio.take) is None
    empty.studio.commands.trigger("path.record")
    hold(empty, clock, 1.0)
    empty.studio.commands.trigger("path.record")
    assert stored_path(empty.studio.take) is None
    assert empty.driver.window.toast.isVisible()


def test_a_loop_is_not_flown_on_from(walk: Hand, clock: Clock) -> None:
    walk.studio.commands.trigger("path.loop")
    walk.studio.commands.trigger("path.record")
    assert not walk.pane.recorder.is_on
    assert walk.path.closing_s is not None


def test_the_right_button_flies_the_view_and_changes_no_path(walk: Hand, clock: Clock) -> None:
    space = walk.pane.space
    before, path = space.projection, walk.path
    middle = QPoint(100, 90)
    walk.press(middle, space, Qt.MouseButton.RightButton)
    walk.move(middle + QPoint(20, 0), space)
    hold(walk, clock, 1.0, Qt.Key.Key_W)
    walk.release(middle + QPoint(20, 0), space, Qt.MouseButton.RightButton)
    assert space.projection.yaw > before.yaw
    assert np.linalg.norm(space.projection.eye[:3, 3] - before.eye[:3, 3]) > 0.1
    assert walk.path == path
    assert not walk.pane.flying.is_on


def test_shift_is_fast_control_is_slow_and_opposites_rest() -> None:
    clock = Clock()
    flying = Flying(clock)
    lengths = []
    for is_fast, is_slow in ((False, False), (True, False), (False, True)):
        flying.start(np.eye(4), records=True, clock=ASTRA_CLOCK)
        flying.press(int(Qt.Key.Key_W))
        flying.set_modifiers(is_fast=is_fast, is_slow=is_slow)
        for _ in range(50):
            clock.now += 0.02
            flying.step()
        lengths.append(float(flying.pose[2, 3]))
        flying.stop()
    assert lengths == pytest.approx([0.15, 0.3, 0.075])
    flying.start(np.eye(4), records=True, clock=ASTRA_CLOCK)
    for key in (Qt.Key.Key_W, Qt.Key.Key_S):
        flying.press(int(key))
    clock.now += 0.05
    flying.step()
    assert np.array_equal(flying.pose, np.eye(4))
    clock.now += 30  # a laptop that slept
    flying.release(int(Qt.Key.Key_S))
    clock.now += 30
    flying.step()
    assert flying.pose[2, 3] < 0.02
    flying.stop()
