"""The captured mouse: its motion without a pointer and without the screen's edge."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QCursor, QGuiApplication, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

_STRAY_PX = 80
"""How far from the middle of its widget the hidden pointer may go before it is put back."""


def why_not() -> str | None:
    """Why the mouse cannot be captured here, as a sentence; None where it can."""
    platform = QGuiApplication.platformName()
    if platform.startswith("wayland"):
        return (
            "The mouse cannot be captured under Wayland, where no program may move the pointer. "
            "Start Astra Studio with QT_QPA_PLATFORM=xcb, or look around with the arrow keys"
        )
    return None


class PointerCapture(QObject):
    """Hides the pointer over a widget and reports how far it would have moved. Esc always lets go."""

    moved = Signal(float, float)
    """Pixels to the right and down."""
    released = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._is_on = False
        self._begin, self._last, self._middle = QPoint(), QPoint(), QPoint()
        self._is_put_back = False

    @property
    def is_on(self) -> bool:
        return self._is_on

    def begin(self) -> bool:
        """Capture the mouse; False where this platform cannot, see `why_not`."""
        if self._is_on or why_not() is not None:
            return self._is_on
        self._is_on = True
        self._begin = QCursor.pos()
        self._widget.installEventFilter(self)
        self._widget.setMouseTracking(True)  # the mouse is looked with while no button is held
        self._widget.grabMouse(Qt.CursorShape.BlankCursor)
        self._widget.setFocus(Qt.FocusReason.OtherFocusReason)
        self._last = self._begin
        self._put_back()
        return True

    def end(self) -> None:
        """Let go: the pointer is where it was captured."""
        if not self._is_on:
            return
        self._is_on = False
        self._widget.removeEventFilter(self)
        self._widget.releaseMouse()
        QCursor.setPos(self._begin)
        self.released.emit()

    def _put_back(self) -> None:
        self._middle = self._widget.mapToGlobal(self._widget.rect().center())
        self._is_put_back = True
        QCursor.setPos(self._middle)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._heard(event.globalPosition().toPoint())
            return True
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self.end()
            return True
        if kind in (QEvent.Type.FocusOut, QEvent.Type.Hide, QEvent.Type.WindowDeactivate):
            self.end()
        return False

    def _heard(self, where: QPoint) -> None:
        # Motions from before the pointer was put back may still be on their way: they go on from where it was.
        if self._is_put_back and _length(where - self._middle) <= _length(where - self._last):
            self._last, self._is_put_back = self._middle, False
        by = where - self._last
        self._last = where
        if not by.isNull():
            self.moved.emit(float(by.x()), float(by.y()))
        if not self._is_put_back and _length(where - self._middle) > _STRAY_PX:
            self._put_back()


def _length(by: QPoint) -> int:
    return by.manhattanLength()
