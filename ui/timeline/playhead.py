"""The playhead: a line over all lanes and a flag with the time, in widgets of their own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui.theme import R4, Theme

FLAG_PX, LINE_PX = 18, 5
_MARGIN_PX = 6


class _Line(QWidget):
    """1.5 px, with a casing that keeps it apart from any picture."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRectF(0.75, 0, 3.5, self.height()), self._theme.faded("app", 0.85))
        painter.fillRect(QRectF(1.75, 0, 1.5, self.height()), self._theme.color("accent_mark"))


class _Flag(QWidget):
    """The time."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent"))
        painter.drawRoundedRect(QRectF(self.rect()), R4, R4)
        painter.setFont(self._theme.font(11, 600))
        painter.setPen(self._theme.color("accent_ink"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text)


class Playhead:
    """Both, moved together. Moving them repaints a few pixels of the lanes below."""

    def __init__(self, theme: Theme, parent: QWidget, font_width: Callable[[str], int]) -> None:
        self._parent, self._font_width = parent, font_width
        self._line, self._flag = _Line(theme, parent), _Flag(theme, parent)
        theme.changed.connect(self._line.update)
        theme.changed.connect(self._flag.update)

    def place(self, x: float, text: str, least_x: float) -> None:
        """Stand at a pixel, with the time written on the flag; hidden left of `least_x`."""
        is_seen = least_x - 1 <= x < self._parent.width() + FLAG_PX
        if self._flag.text != text:
            self._flag.text = text
            self._flag.update()
        width = self._font_width(text) + 2 * _MARGIN_PX
        self._flag.setGeometry(round(x - width / 2 + 0.5), 3, width, FLAG_PX)
        self._line.setGeometry(round(x) - LINE_PX // 2, 3 + FLAG_PX, LINE_PX, self._parent.height() - FLAG_PX - 3)
        for part in (self._line, self._flag):
            part.setVisible(is_seen)

    def raise_(self) -> None:
        """On top of everything else over the lanes."""
        self._line.raise_()
        self._flag.raise_()
