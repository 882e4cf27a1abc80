"""A window with a walk of four keys, and hands on the views of its path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from astra_studio.app import App
from astra_studio.document.paths import stored_path
from engine.clock import ASTRA_CLOCK
from engine.trajectories.key_edits import angles_of
from engine.trajectories.path import CameraPath
from engine.trajectories.sampling import actions
from tests.ui.conftest import Driver, afresh
from ui.path_editor.view import PathView

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


class Hand:
    """What a user sees of the path, and does to it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.pane = driver.window.path
        self.editing = driver.window.path_editing
        self.top: PathView = self.pane.top

    @property
    def studio(self):
        return self.driver.studio

    @property
    def path(self) -> CameraPath:
        """The keys that the project holds; the rows beside them are theirs."""
        found = stored_path(self.studio.take)
        assert found is not None
        asked = self.studio.take.actions
        assert np.abs(actions(found.path, asked.kind, clock=ASTRA_CLOCK).rows - asked.rows).max(initial=0) < 1e-6
        return found.path

    @property
    def places(self) -> np.ndarray:
        return np.array([key.position for key in self.path.keys])

    @property
    def yaws(self) -> list[float]:
        return [angles_of(key)[0] for key in self.path.keys]

    @property
    def label(self) -> str | None:
        return self.studio.session.undo_label

    @property
    def scale(self) -> float:
        """Pixels per scene unit, from above."""
        return self.top.projection.scale

    def undo(self) -> None:
        self.driver.key(Qt.Key.Key_Z, CONTROL)

    def spot(self, point: Sequence[float], view: PathView | None = None) -> QPoint:
        """Where a point of the world is seen."""
        x, y = (view or self.top).projection.project(np.array([point], float))[0][0]
        return QPoint(round(x), round(y))

    def key_spot(self, number: int, view: PathView | None = None) -> QPoint:
        return self.spot((view or self.top).scene.keys[number, :3, 3], view)

    def choose(self, *numbers: int) -> None:
        """By clicks, the later ones with Shift."""
        for place, number in enumerate(numbers):
            QTest.mouseClick(self.top, LEFT, SHIFT if place else NONE, self.key_spot(number))

    def press(self, where: QPoint, view: PathView | None = None, button: Qt.MouseButton = LEFT) -> None:
        QTest.mousePress(view or self.top, button, NONE, where)

    def move(self, where: QPoint, view: PathView | None = None, modifiers: Qt.KeyboardModifier = NONE) -> None:
        target = view or self.top
        place = QPointF(where)
        event = QMouseEvent(
            QMouseEvent.Type.MouseMove, place, target.mapToGlobal(place), Qt.MouseButton.NoButton, LEFT, modifiers
        )
        QApplication.sendEvent(target, event)

    def release(self, where: QPoint, view: PathView | None = None, button: Qt.MouseButton = LEFT) -> None:
        QTest.mouseRelease(view or self.top, button, NONE, where)

    def drag(self, *way: QPoint, view: PathView | None = None, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """Press at the first point, go to all others in steps, let go at the last."""
        self.press(way[0], view)
        for begin, end in pairwise(way):
            for step in range(1, 5):
                self.move(begin + (end - begin) * (step / 4), view, modifiers)
        self.release(way[-1], view)

    def wheel(self, where: QPoint, turns: int, view: PathView | None = None) -> None:
        target = view or self.top
        place = QPointF(where)
        event = QWheelEvent(
            place,
            target.mapToGlobal(place),
            QPoint(),
            QPoint(0, 120 * turns),
            Qt.MouseButton.NoButton,
            NONE,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(target, event)

    def arrow(self, axis: int, view: PathView | None = None) -> QPoint:
        """The middle of one of the gizmo's arrows."""
        gizmo = (view or self.top).gizmo()
        assert gizmo is not None
        start, tip = gizmo.arrows()[axis]
        x, y = (start + tip) / 2
        return QPoint(round(x), round(y))

    def ring(self, share: float, view: PathView | None = None, axis: int | None = None) -> QPoint:
        """A point on one of the gizmo's rings, a share of the way round."""
        gizmo = (view or self.top).gizmo()
        assert gizmo is not None
        rings = gizmo.rings()
        points = rings[next(iter(rings)) if axis is None else axis]
        x, y = points[round(share * (len(points) - 1))]
        return QPoint(round(x), round(y))

    def type_into(self, field, text: str) -> None:
        QTest.mouseClick(field, LEFT)
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)


@pytest.fixture
def app(app_of_module: App, qtbot: QtBot) -> Iterator[App]:
    """The window of the module, with a project of this test's own."""
    afresh(app_of_module, qtbot)
    yield app_of_module
    assert app_of_module.window is not None
    app_of_module.window.toast.hide()


@pytest.fixture
def empty(driver: Driver) -> Hand:
    """Nothing drawn yet."""
    return Hand(driver)


@pytest.fixture
def walk(driver: Driver) -> Hand:
    """Four keys straight ahead, a quarter unit apart; none chosen; snapping off."""
    hand = Hand(driver)
    for _ in range(4):
        driver.key(Qt.Key.Key_Return)
    hand.studio.is_snapping = False
    hand.editing.select(())
    hand.pane.fit()
    return hand
