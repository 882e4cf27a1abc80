"""The captured mouse. A widget is told where the pointer is, as a window system tells it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ui.input.capture import PointerCapture

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "grabbing the mouse")


class Room:
    """A widget, its capture, and the hand on the mouse."""

    def __init__(self, qtbot: QtBot) -> None:
        self.widget = QWidget()
        self.widget.resize(400, 300)
        qtbot.addWidget(self.widget)
        self.widget.show()
        qtbot.waitExposed(self.widget)
        QCursor.setPos(self.widget.mapToGlobal(QPoint(50, 60)))
        QApplication.processEvents()  # the window system has told of that, too
        self.capture = PointerCapture(self.widget)
        self.told: list[tuple[float, float]] = []
        self.capture.moved.connect(lambda dx, dy: self.told.append((dx, dy)))

    @property
    def whole(self) -> tuple[float, float]:
        return sum(dx for dx, _ in self.told), sum(dy for _, dy in self.told)

    def at(self, where: QPoint) -> None:
        """The window system tells that the pointer is there."""
        local = QPointF(self.widget.mapFromGlobal(where))
        event = QMouseEvent(
            QEvent.Type.MouseMove, local, QPointF(where), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(self.widget, event)

    def push(self, dx: int, dy: int) -> None:
        """The hand moves the mouse by so many pixels."""
        QCursor.setPos(QCursor.pos() + QPoint(dx, dy))
        self.at(QCursor.pos())


@pytest.fixture
def room(qtbot: QtBot) -> Iterator[Room]:
    room = Room(qtbot)
    assert room.capture.begin()
    QApplication.processEvents()
    room.at(QCursor.pos())  # the window system tells of the pointer that was put into the middle
    yield room
    room.capture.end()


def test_capturing_is_no_motion(room: Room) -> None:
    assert room.told == []


def test_no_edge_stops_the_mouse_over_two_whole_turns(room: Room) -> None:
    for _ in range(720):
        room.push(5, 0)
    assert room.whole == (3600.0, 0.0)
    middle = room.widget.mapToGlobal(room.widget.rect().center())
    assert (QCursor.pos() - middle).manhattanLength() <= 85, "the hidden pointer stays over the widget"


def test_motions_on_their_way_while_the_pointer_is_put_back_make_no_jump(room: Room) -> None:
    middle = QCursor.pos()
    # Three motions were under way before the window system heard that the pointer is to be put back.
    for x in (60, 90, 100, 110):
        room.at(middle + QPoint(x, 0))
    room.at(middle)
    room.at(middle + QPoint(4, 0))
    assert room.whole == (114.0, 0.0)
    assert max(abs(dx) for dx, _ in room.told) <= 60


def test_letting_go_puts_the_pointer_where_it_was_and_is_no_motion(room: Room) -> None:
    room.push(30, 10)
    told = list(room.told)
    room.capture.end()
    assert QCursor.pos() == room.widget.mapToGlobal(QPoint(50, 60))
    room.at(QCursor.pos())
    assert room.told == told
    assert not room.capture.is_on


@pytest.mark.parametrize("kind", [QEvent.Type.KeyPress, QEvent.Type.FocusOut, QEvent.Type.WindowDeactivate])
def test_escape_and_a_lost_focus_let_go(room: Room, kind: QEvent.Type) -> None:
    let_go: list[bool] = []
    room.capture.released.connect(lambda: let_go.append(True))
    escape = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(room.widget, escape if kind == QEvent.Type.KeyPress else QEvent(kind))
    assert let_go == [True]
    assert not room.capture.is_on
