"""A timeline with a planned take, and a hand on its canvas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from astra_studio.app import App
from astra_studio.document import edits, key_edits
from astra_studio.document.actions import actions_of
from astra_studio.document.model import ParameterKey
from astra_studio.document.path_edits import set_path
from astra_studio.document.paths import Drawn
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import WorldInfo
from engine.trajectories.path import CameraPath, Key
from engine.worlds.astra_settings import ASTRA_SETTINGS
from tests.ui.conftest import Driver, afresh
from ui.timeline.canvas import TimelineCanvas
from ui.timeline.scene import KeyId

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
READING = WorldInfo(
    name="words",
    fingerprint="words",
    width=64,
    height=48,
    clock=ASTRA_CLOCK,
    modalities=("camera",),
    has_text=True,
    settings=ASTRA_SETTINGS,
    device="cpu",
)
"""A world that reads text, as none that comes along does."""


class Hand:
    """A mouse and a keyboard on the timeline."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.canvas: TimelineCanvas = driver.window.timeline.canvas

    @property
    def studio(self):
        return self.driver.studio

    @property
    def scene(self):
        return self.canvas.scene

    @property
    def take(self):
        return self.driver.studio.take

    def x(self, tick: float) -> float:
        return self.scene.x_of_tick(tick)

    def on(self, lane, x: float) -> QPointF:
        """A place on a lane."""
        return QPointF(round(x), round(lane.middle))

    def at(self, parameter: str, tick: float) -> QPointF:
        """A place on a parameter's lane."""
        return self.on(self.canvas.parameter_lanes[parameter], self.x(tick))

    def of_camera(self, number: int) -> QPointF:
        """Where a key of the path lies."""
        return self.on(self.canvas.camera, self.canvas.axis.x(self.scene.camera_frames()[number]))

    def send(self, kind: QEvent.Type, where: QPointF, button=LEFT, held=NONE, buttons=None) -> None:
        down = button if buttons is None else buttons
        down = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else down
        pressed = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
        event = QMouseEvent(kind, where, self.canvas.mapToGlobal(where), pressed, down, held)
        QApplication.sendEvent(self.canvas, event)

    def press(self, where: QPointF, held=NONE, button=LEFT) -> None:
        self.send(QEvent.Type.MouseButtonPress, where, button, held)

    def move(self, where: QPointF, held=NONE, button=LEFT) -> None:
        self.send(QEvent.Type.MouseMove, where, button, held)

    def release(self, where: QPointF, held=NONE, button=LEFT) -> None:
        self.send(QEvent.Type.MouseButtonRelease, where, button, held)

    def click(self, where: QPointF, held=NONE) -> None:
        self.press(where, held)
        self.release(where, held)

    def double_click(self, where: QPointF, held=NONE) -> None:
        self.click(where, held)
        self.send(QEvent.Type.MouseButtonDblClick, where, LEFT, held)
        self.release(where, held)

    def drag(self, begin: QPointF, end: QPointF, held=NONE, button=LEFT, steps: int = 4) -> None:
        self.press(begin, held, button)
        for step in range(1, steps + 1):
            self.move(begin + (end - begin) * (step / steps), held, button)
        self.release(end, held, button)

    def wheel(self, where: QPointF, turned: int, held=NONE) -> None:
        place = QPointF(self.canvas.mapToGlobal(where))
        event = QWheelEvent(
            where,
            place,
            QPoint(),
            QPoint(0, turned),
            Qt.MouseButton.NoButton,
            held,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.canvas, event)

    def key(self, key: Qt.Key, held=NONE) -> None:
        """A key on the focused timeline, as the window gets it: its shortcuts come first, unless it wants it."""
        QTest.keyClick(self.canvas, key, held)

    def type(self, text: str) -> None:
        """Into the field that is open."""
        field = self.canvas.fields.shown()
        assert field is not None, "no field is open"
        field.clear()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)

    def keys(self, parameter: str) -> list[tuple[int, float | str]]:
        return [(key.tick, key.value) for key in self.take.keys if key.parameter == parameter]

    def put_keys(self, *keys: ParameterKey) -> None:
        self.studio.apply(key_edits.set_keys(self.take.id, keys, "Set keys"))

    @property
    def chosen(self) -> set[KeyId]:
        return set(self.scene.chosen)

    def undo_label(self) -> str | None:
        return self.studio.session.undo_label


def key(tick: int, value: float | str, easing: str = "linear", parameter: str = "guidance") -> ParameterKey:
    return ParameterKey(parameter=parameter, tick=tick, value=value, easing=easing)


@pytest.fixture
def app(app_of_module: App, qtbot: QtBot) -> Iterator[App]:
    """The window of the module, with a project of this test's own."""
    afresh(app_of_module, qtbot)
    yield app_of_module
    assert app_of_module.window is not None
    app_of_module.window.toast.hide()


@pytest.fixture
def hand(driver: Driver) -> Hand:
    """Nothing planned yet."""
    return Hand(driver)


@pytest.fixture
def planned(hand: Hand) -> Hand:
    """Three chunks planned, along a path of four keys at 0, 1.6, 3.2 and 4.8 s."""
    keys = tuple(Key(time_s=1.6 * number, position=(0.1 * number**2, 0.0, 0.24 * number)) for number in range(4))
    hand.studio.apply(set_path(hand.take.id, Drawn(path=CameraPath(keys=keys))))
    hand.canvas.fit()
    # Shortcuts are an active window's.
    hand.driver.wait(hand.driver.window.isActiveWindow)
    hand.driver.window.setFocus()
    return hand


@pytest.fixture
def reading(planned: Hand) -> Hand:
    """The same in a world that reads text."""
    planned.driver.wait(lambda: planned.studio.generation.status.world_stage == "open")
    planned.studio.apply(edits.world_opened(planned.studio.project.world.spec, READING))
    return planned


def line(text: str):
    return actions_of(parse_pose_line(text, clock=ASTRA_CLOCK))


__all__ = ["ALT", "CONTROL", "LEFT", "MIDDLE", "NONE", "READING", "SHIFT", "Hand", "key", "line", "replace"]
