"""Legend in the timeline's header: the signs and names of the chunk states, and the zoom slider."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.timeline.axis import LARGEST, SMALLEST
from ui.timeline.cells import STATE_WORDS, paint_glyph
from ui.timeline.translation import tr

_SIGN_PX, _GAP_PX = 17, 18
_ZOOM_STEP = 1.2


class Legend(QWidget):
    """What the states look like. Where there is no room for all, the last ones are left out."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFont(theme.font(11))
        self._width = sum(self.fontMetrics().horizontalAdvance(tr(word)) for word in STATE_WORDS.values())
        self._width += len(STATE_WORDS) * (_SIGN_PX + _GAP_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("States of chunks"))
        self.setAccessibleDescription(", ".join(tr(word) for word in STATE_WORDS.values()))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(self._width, 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font(11))
        left, middle = 0.0, self.height() / 2
        for state, word in STATE_WORDS.items():
            text = tr(word)
            width = painter.fontMetrics().horizontalAdvance(text)
            if left + _SIGN_PX + width > self.width():
                return
            paint_glyph(painter, self._theme, QPointF(left + 6, middle), state, f"state_{state}")
            painter.setPen(self._theme.color("text2"))
            painter.drawText(QPointF(left + _SIGN_PX, middle + 4), text)
            left += _SIGN_PX + width + _GAP_PX


class ZoomSlider(QWidget):
    """Pixels per frame, by powers: a step is the same everywhere."""

    zoomed = Signal(float)
    """The factor that the timeline is to grow by."""
    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._scale = theme, 1.0
        self.setFixedSize(64, 24)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Zoom of the timeline"))
        self.setToolTip(tr("Zoom of the timeline (Ctrl and wheel)"))
        theme.changed.connect(self.update)

    def show_scale(self, scale: float) -> None:
        """Stand where the timeline is."""
        if scale != self._scale:
            self._scale = scale
            self.update()

    def _share(self) -> float:
        return math.log(self._scale / SMALLEST) / math.log(LARGEST / SMALLEST)

    def _take(self, x: float) -> None:
        share = min(max((x - 6) / (self.width() - 12), 0.0), 1.0)
        self.zoomed.emit(SMALLEST * (LARGEST / SMALLEST) ** share / self._scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._take(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._take(event.position().x())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: 1 / _ZOOM_STEP, Qt.Key.Key_Right: _ZOOM_STEP}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.zoomed.emit(step)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle, x = self.height() / 2, 6 + self._share() * (self.width() - 12)
        painter.setBrush(self._theme.color("line2"))
        painter.drawRoundedRect(QRectF(2, middle - 1.5, self.width() - 4, 3), 1.5, 1.5)
        painter.setBrush(self._theme.color("text" if self._theme.name == "dark" else "field"))
        painter.setPen(self._theme.color("edge"))
        painter.drawEllipse(QPointF(x, middle), 5, 5)
        if self.hasFocus():
            painter.setPen(self._theme.color("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 2.5, -0.5, -2.5), 4, 4)
