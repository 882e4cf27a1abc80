"""Owns a drop-down list that shows that it is one."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QWidget

from ui.theme import S8, Theme

_CARET_PX = 12


class Choice(QComboBox):
    """A combo box with a caret in the theme's colours, which a style sheet cannot give it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        token = "text2" if self.isEnabled() else "edge"
        caret = self._theme.pixmap("caret-down", token, _CARET_PX, self.devicePixelRatioF())
        painter = QPainter(self)
        painter.drawPixmap(self.width() - _CARET_PX - S8, (self.height() - _CARET_PX) // 2, caret)
