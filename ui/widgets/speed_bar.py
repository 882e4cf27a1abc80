"""Bar that compares a speed with the one the model was trained at."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme

_HEIGHT_PX, _BAR_PX = 26, 6
_REACH = 2.0
"""Times the trained speed at the right end."""


class SpeedBar(QWidget):
    """Filled to the speed; a notch at the trained one, hatched beyond it."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme, self._load = theme, 0.0
        self.setAccessibleName(name)
        self.setFixedHeight(_HEIGHT_PX)
        self.setMinimumWidth(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_load(self, load: float) -> None:
        """Show a speed as a multiple of the trained one."""
        self._load = load
        text = self.tr("{0:.2f} times the trained speed").format(load)
        self.setAccessibleDescription(text)
        self.setToolTip(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(0, (self.height() - _BAR_PX) / 2, self.width(), _BAR_PX)
        notch = bar.width() / _REACH
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("line2"))
        painter.drawRoundedRect(QRectF(0, bar.top(), notch, _BAR_PX), 2, 2)
        painter.setBrush(self._theme.pattern("hatch", "warn", self.devicePixelRatioF()))
        painter.drawRoundedRect(QRectF(notch, bar.top(), bar.width() - notch, _BAR_PX), 2, 2)
        reach = bar.width() * min(self._load / _REACH, 1.0)
        painter.setBrush(self._theme.color("warn" if self._load > _REACH else "text"))
        painter.drawRoundedRect(QRectF(0, bar.top(), reach, _BAR_PX), 2, 2)
        painter.setBrush(self._theme.color("accent_mark"))
        painter.drawRect(QRectF(notch - 1, bar.top() - 5, 2, _BAR_PX + 10))
