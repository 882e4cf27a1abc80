"""Row of the inspector: label, slider that fills from its default, number field, dot that restores the default."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.number_field import NumberField

ROW_PX, LABEL_PX, FIELD_PX, DOT_PX = 26, 96, 62, 14


class ResetDot(QWidget):
    """Shown where a value is not the default, as a diamond where keys decide it; a click puts the default back."""

    clicked = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme, self.is_shown, self.is_keyed = theme, False, False
        self.setFixedSize(DOT_PX, ROW_PX)
        self.setAccessibleName(name)

    def show_dot(self, is_shown: bool, *, is_keyed: bool = False) -> None:
        self.is_shown, self.is_keyed = is_shown, is_keyed
        self.setToolTip(self.tr("Back to the default") if is_shown else "")
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_shown else Qt.CursorShape.ArrowCursor)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.is_shown:
            self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.is_shown:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("accent_mark"))
            middle = QPointF(self.width() - 5, self.height() / 2)
            if self.is_keyed:
                corners = (QPointF(0, -4), QPointF(4, 0), QPointF(0, 4), QPointF(-4, 0))
                painter.drawPolygon(QPolygonF([middle + corner for corner in corners]))
            else:
                painter.drawEllipse(middle, 3, 3)


class _Track(QWidget):
    """The slider itself."""

    moved = Signal(float, bool)
    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def __init__(self, theme: Theme, name: str, minimum: float, maximum: float, step: float) -> None:
        super().__init__()
        self._theme, self.minimum, self.maximum, self._step = theme, minimum, maximum, step
        self.value, self.default = minimum, minimum
        self.setMinimumWidth(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(ROW_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)

    def _x(self, value: float) -> float:
        share = (value - self.minimum) / (self.maximum - self.minimum)
        return 6 + min(max(share, 0), 1) * (self.width() - 12)

    def _take(self, event: QMouseEvent, *, is_over: bool) -> None:
        share = (event.position().x() - 6) / max(self.width() - 12, 1)
        value = self.minimum + min(max(share, 0), 1) * (self.maximum - self.minimum)
        self.value = round(value / self._step) * self._step
        self.update()
        self.moved.emit(self.value, is_over)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._take(event, is_over=False)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._take(event, is_over=False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._take(event, is_over=True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self.value = min(max(self.value + step * self._step, self.minimum), self.maximum)
        self.update()
        self.moved.emit(self.value, True)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("line2"))
        painter.drawRoundedRect(QRectF(6, middle - 1.5, self.width() - 12, 3), 1.5, 1.5)
        here, notch = self._x(self.value), self._x(self.default)
        is_changed = abs(self.value - self.default) > 1e-9
        painter.setBrush(self._theme.color("accent_mark" if is_changed else "edge"))
        painter.drawRect(QRectF(min(here, notch), middle - 1.5, abs(here - notch), 3))
        painter.drawRect(QRectF(notch - 0.5, middle - 5, 1, 10))
        painter.setBrush(self._theme.color("text" if self.isEnabled() else "edge"))
        painter.drawEllipse(QPointF(here, middle), 5, 5)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.color("focus"))
            painter.drawEllipse(QPointF(here, middle), 7, 7)


class SliderRow(QWidget):
    """A number with a slider. `changed` as of the number field."""

    changed = Signal(float, bool)
    reset = Signal()

    def __init__(
        self,
        theme: Theme,
        label: str,
        *,
        minimum: float,
        maximum: float,
        step: float,
        decimals: int = 2,
        unit: str = "",
        tip: str = "",
        hard_minimum: float | None = None,
        hard_maximum: float | None = None,
    ) -> None:
        """The slider goes from minimum to maximum, the field from `hard_minimum` to `hard_maximum`."""
        super().__init__()
        self.setFixedHeight(ROW_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(6)
        self._label = QLabel(label)
        self._label.setProperty("role", "label")
        self._label.setFixedWidth(LABEL_PX)
        self.track = _Track(theme, f"{label}, slider", minimum, maximum, step)
        self.field = NumberField(
            theme,
            label,
            minimum=minimum if hard_minimum is None else hard_minimum,
            maximum=maximum if hard_maximum is None else hard_maximum,
            step=step,
            decimals=decimals,
            unit=unit,
        )
        self.field.setFixedWidth(FIELD_PX)
        self.dot = ResetDot(theme, f"{label}: back to the default")
        for widget in (self._label, self.track, self.field, self.dot):
            row.addWidget(widget)
        self._tip, self._unit, self._decimals = tip, unit, decimals
        self.track.moved.connect(self.changed)
        self.field.changed.connect(self.changed)
        self.dot.clicked.connect(self.reset)

    def show_value(self, value: float, default: float, *, is_keyed: bool = False) -> None:
        """Show a value and what the default is, and whether keys decide it."""
        self.track.value, self.track.default = value, default
        self.track.update()
        self.field.set_value(value)
        text = self.tr("Default {0}").format(f"{default:.{self._decimals}f} {self._unit}".rstrip())
        self.setToolTip(f"{self._tip}\n{text}" if self._tip else text)
        self.dot.show_dot(abs(value - default) > 1e-9 or is_keyed, is_keyed=is_keyed)
