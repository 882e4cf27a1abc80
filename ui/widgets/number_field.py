"""Fields for numbers: dragged sideways, or clicked and typed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ui.theme import R4, Theme

_DRAG_PX = 4
"""Moves that count as a click."""
_PX_PER_STEP = 4
_NUMBER_BEGINS = "0123456789-.("
_OWN_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class DragField(QLineEdit):
    """Base of fields for numbers: dragging, stepping, typing. Subclasses define the kind of number."""

    changed = Signal(object, bool)
    """The value, and whether the change is over: a drag sends many that are not, and one that is."""

    def __init__(self, theme: Theme, name: str, value: Any, unit: str, axis: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._theme, self._unit, self._axis = theme, unit, axis
        self._value = value
        self._pressed: QPoint | None = None
        self._before_drag = value
        self._is_dragging = False
        self._tip = ""
        self.setAccessibleName(name)
        self.setAccessibleDescription(unit)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFixedHeight(22)
        self.setFont(theme.font())
        # A degree sign belongs to its number; other units stand apart.
        room = self.fontMetrics().horizontalAdvance(unit if unit == "°" else f" {unit}") if unit else 0
        self.setTextMargins(6 if axis else 0, 0, room - (4 if unit == "°" else 0), 0)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setReadOnly(True)
        self.editingFinished.connect(self._typed)
        self._show()

    # ------------------------------------------------------------------ what a number is

    def _parsed(self, text: str) -> Any:
        """The number that was typed. Raises ValueError with what was expected."""
        raise NotImplementedError

    def _stepped(self, value: Any, steps: float) -> Any:
        """The number after so many steps."""
        raise NotImplementedError

    def _allowed(self, value: Any) -> Any:
        """The nearest allowed number."""
        raise NotImplementedError

    def _written(self) -> str:
        """The number as it is shown."""
        raise NotImplementedError

    def _in_full(self) -> str:
        """The number as it is typed over."""
        return self._written()

    def _put(self, value: Any) -> None:
        """Show a value without emitting a signal; not while the user is typing."""
        self._value = value
        if self.isReadOnly():
            self._show()

    # ------------------------------------------------------------------ dragging

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self.isReadOnly():
            super().mousePressEvent(event)
            return
        self._pressed, self._before_drag = event.globalPosition().toPoint(), self._value
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            super().mouseMoveEvent(event)
            return
        moved = event.globalPosition().toPoint().x() - self._pressed.x()
        if not self._is_dragging and abs(moved) < _DRAG_PX:
            return
        self._is_dragging = True
        modifiers = event.modifiers()
        factor = 10.0 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0
        factor = 0.1 if modifiers & Qt.KeyboardModifier.ControlModifier else factor
        self._become(self._stepped(self._before_drag, moved / _PX_PER_STEP * factor), is_over=False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            super().mouseReleaseEvent(event)
            return
        was_dragging, self._pressed, self._is_dragging = self._is_dragging, None, False
        if was_dragging:
            self.changed.emit(self._value, True)
        else:
            self._type()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.hasFocus() or not self.isEnabled():
            event.ignore()
            return
        self._become(self._stepped(self._value, 1 if event.angleDelta().y() > 0 else -1), is_over=True)

    # ------------------------------------------------------------------ typing

    def event(self, event: QEvent) -> bool:
        """What begins a number, and what changes it, is no shortcut of the window."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.isReadOnly():
            is_plain = not event.modifiers() & ~_PLAIN
            if is_plain and (event.key() in _OWN_KEYS or (event.text() and event.text() in _NUMBER_BEGINS)):
                event.accept()
                return True
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if self.isReadOnly():
            step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(key)
            if step is not None:
                self._become(self._stepped(self._value, step), is_over=True)
            elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._type()
            elif event.text() and event.text() in _NUMBER_BEGINS:
                self._type()
                super().keyPressEvent(event)
            else:
                event.ignore()
            return
        if key == Qt.Key.Key_Escape:
            self._stop_typing()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._stop_typing()

    def _type(self) -> None:
        if self.isEnabled():
            self.setReadOnly(False)
            self.setCursor(Qt.CursorShape.IBeamCursor)
            self.setText(self._in_full())
            self.selectAll()

    def _typed(self) -> None:
        if self.isReadOnly():
            return
        try:
            value = self._parsed(self.text())
        except ValueError as error:
            self._mark(str(error))
            return
        self._stop_typing()
        self._become(value, is_over=True)

    def _stop_typing(self) -> None:
        self._mark("")
        self.setReadOnly(True)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.deselect()
        self._show()

    def _mark(self, reason: str) -> None:
        if reason and self.property("bad") != "true":
            self._tip = self.toolTip()
        if reason or self.property("bad") == "true":
            self.setToolTip(reason or self._tip)
        self.setProperty("bad", "true" if reason else "false")
        self.style().unpolish(self)
        self.style().polish(self)

    def _become(self, value: Any, *, is_over: bool) -> None:
        cut = self._allowed(value)
        if cut != self._value or is_over:
            is_new = cut != self._value
            self._value = cut
            self._show()
            if is_new:
                self.changed.emit(cut, is_over)

    def _show(self) -> None:
        self.setText(self._written())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._axis:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color(f"axis_{self._axis}"))
            painter.drawRoundedRect(QRectF(5, 5, 2, 12), 1, 1)
        if self._unit:
            painter.setPen(self._theme.color("text3"))
            painter.setFont(self.font())
            box = QRectF(self.rect()).adjusted(0, 0, -4 if self._unit == "°" else -7, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._unit)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.color("error" if self.property("bad") == "true" else "focus"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), R4, R4)


class NumberField(DragField):
    """A number. Drag sideways to change it (Shift: ten times, Ctrl: a tenth), click to type, also sums like 2*0.03."""

    changed = Signal(float, bool)

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        value: float = 0.0,
        minimum: float = -1e6,
        maximum: float = 1e6,
        step: float = 1.0,
        decimals: int = 2,
        precision: int | None = None,
        unit: str = "",
        axis: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """`name` is for screen readers; `axis` x, y or z draws the stripe of that axis.

        `decimals` are shown and dragged by; `precision`, if more, are kept of what is typed.
        """
        self._minimum, self._maximum, self._step = minimum, maximum, step
        self._decimals = decimals
        self._precision = decimals if precision is None else precision
        super().__init__(theme, name, value, unit, axis, parent)

    @property
    def value(self) -> float:
        return float(self._value)

    def set_value(self, value: float) -> None:
        """Show a value without emitting a signal; not while the user is typing."""
        self._put(value)

    def _parsed(self, text: str) -> float:
        return evaluated(text)

    def _stepped(self, value: float, steps: float) -> float:
        return value + steps * self._step

    def _allowed(self, value: float) -> float:
        # A drag goes by what is seen; what is typed is kept as it was meant.
        digits = self._decimals if self._is_dragging else self._precision
        return round(min(max(value, self._minimum), self._maximum), digits)

    def _written(self) -> str:
        return f"{self._value:.{self._decimals}f}".replace("-0" if self._value == 0 else "\0", "0")

    def _in_full(self) -> str:
        """With every digit that is kept, and no zeros after them."""
        shown = self._written()
        full = f"{self._value:.{self._precision}f}"
        return full.rstrip("0").rstrip(".") if float(full) != float(shown) else shown


class IntegerField(DragField):
    """A whole number of any size, digit for digit. Invalid input is reported, never cut to fit."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        value: int = 0,
        minimum: int,
        maximum: int,
        parent: QWidget | None = None,
    ) -> None:
        """`name` is for screen readers."""
        self._minimum, self._maximum = minimum, maximum
        super().__init__(theme, name, value, "", "", parent)

    @property
    def value(self) -> int:
        return int(self._value)

    def set_value(self, value: int) -> None:
        """Show a value without emitting a signal; not while the user is typing."""
        self._put(value)

    def _parsed(self, text: str) -> int:
        try:
            value = int(text.strip())
        except ValueError as error:
            raise ValueError(f"type a whole number from {self._minimum} to {self._maximum}") from error
        if value > self._maximum:
            raise ValueError(f"the largest is {self._maximum}")
        if value < self._minimum:
            raise ValueError(f"the smallest is {self._minimum}")
        return value

    def _stepped(self, value: int, steps: float) -> int:
        return value + round(steps)

    def _allowed(self, value: int) -> int:
        return min(max(value, self._minimum), self._maximum)

    def _written(self) -> str:
        return str(self._value)


def evaluated(text: str) -> float:
    """The value of an expression of digits, + - * / and brackets. Raises ValueError for anything else."""
    try:
        return float(_value(ast.parse(text.strip().replace(",", "."), mode="eval").body))
    except (SyntaxError, ZeroDivisionError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError("type a number, or a sum such as 2*0.03") from error


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError("type a number, or a sum such as 2*0.03")
