"""Toasts: short messages at the bottom right that disappear by themselves, each with at most one button."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPoint, QPropertyAnimation, QRectF, Qt, QTimer
from PySide6.QtGui import QEnterEvent, QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from astra_studio.document.facets import Facet
from astra_studio.document.session import Change
from ui.studio import Saying, Studio
from ui.theme import R6, S8, S12, S16
from ui.widgets import IconButton

_SHOWN_MS = 6000
_HEIGHT_PX = 40
_RISE_PX, _RISE_MS = 12, 160


class Toast(QWidget):
    """The newest saying, over a window. It waits while the pointer is on it."""

    def __init__(self, studio: Studio, window: QWidget) -> None:
        super().__init__(window)
        self._studio, self._window = studio, window
        self._saying: Saying | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(S16, 0, S8, 0)
        row.setSpacing(S12)
        self.words = QLabel()
        self.button = QPushButton()
        self.button.setProperty("flat", "true")
        self.button.clicked.connect(self._act)
        close = IconButton(studio.theme, "x", self.tr("Close"))
        close.clicked.connect(self.hide)
        row.addWidget(self.words)
        row.addWidget(self.button)
        row.addWidget(close)
        self.setFixedHeight(_HEIGHT_PX)
        self._rise = QPropertyAnimation(self, b"pos", self)
        self._rise.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()
        studio.said.connect(self.show_saying)
        studio.project_changed.connect(self._project_changed)
        studio.project_opened.connect(self.hide)
        window.installEventFilter(self)

    def show_saying(self, saying: Saying) -> None:
        self._saying = saying
        self.words.setText(saying.text)
        self.button.setText(saying.action_label)
        self.button.setVisible(saying.action is not None)
        self.setAccessibleName(saying.text)
        self.adjustSize()
        is_new = not self.isVisible()
        self._place()
        self.show()
        self.raise_()
        if is_new and not self._studio.settings.get("reduced_motion"):
            self._rise.setDuration(_RISE_MS)
            self._rise.setStartValue(self.pos() + QPoint(0, _RISE_PX))
            self._rise.setEndValue(self.pos())
            self._rise.start()
        self._timer.start()

    def _project_changed(self, change: Change) -> None:
        """An offer to undo is one for the newest step; what comes after takes it away."""
        if self._saying is None or self._saying.action != self._studio.undo or change.origin == "chunk":
            return
        if change.facets - {Facet.SELECTION}:
            self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()

    def _place(self) -> None:
        self._rise.stop()
        self.move(self._window.width() - self.width() - S16, self._window.height() - self.height() - 40)

    def _act(self) -> None:
        if self._saying is not None and self._saying.action is not None:
            self._saying.action()
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._studio.theme.color("line2"))
        painter.setBrush(self._studio.theme.color("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), R6, R6)
        painter.setPen(Qt.PenStyle.NoPen)
