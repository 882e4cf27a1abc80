"""Small controls over the views: keys for loose ticks, and the record button."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from ui.path_editor.editing import PathEditing
from ui.path_editor.recording import FlightRecorder
from ui.theme import R6, S8, Theme
from ui.widgets import IconButton

_HELD_S = 0.35
"""A button pressed for longer is held: what it began ends with it."""


class _Plate(QWidget):
    """A rounded surface over a view, which takes no clicks meant for it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.color("line"))
        painter.setBrush(self._theme.color("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), R6, R6)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()


class LooseTicks(_Plate):
    """Says that there are ticks without keys, and makes them."""

    def __init__(self, editing: PathEditing) -> None:
        super().__init__(editing.studio.theme)
        self._editing = editing
        self.label = QLabel()
        self.button = QPushButton(self.tr("Make keys"))
        self.button.clicked.connect(lambda: editing.studio.commands.trigger("path.make_keys"))
        row = QHBoxLayout(self)
        row.setContentsMargins(S8, 3, 3, 3)
        row.setSpacing(S8)
        row.addWidget(self.label)
        row.addWidget(self.button)

    def refresh(self, num_loose: int) -> None:
        self.setVisible(num_loose > 0)
        self.label.setText(self.tr("{0} ticks have no keys").format(num_loose))


class RecordButton(IconButton):
    """Held, it records as long as it is; clicked, until it is clicked again."""

    begun = Signal()
    ended = Signal()

    def __init__(self, editing: PathEditing, recorder: FlightRecorder) -> None:
        theme = editing.studio.theme
        keys = editing.studio.commands.action("path.record").shortcut().toString()
        super().__init__(
            theme,
            "record",
            editing.tr("Record by flying: hold it and fly with W A S D Q E and the arrow keys ({0})").format(keys),
        )
        self._recorder, self._pressed_s = recorder, 0.0
        self.setCheckable(True)
        self.setProperty("raised", "true")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        recorder.changed.connect(lambda: self.setChecked(recorder.is_on))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._recorder.is_on:
            self.ended.emit()
            self._pressed_s = 0.0
            return
        self._pressed_s = time.monotonic()
        self.begun.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed_s and self._recorder.is_on and time.monotonic() - self._pressed_s > _HELD_S:
            self.ended.emit()

    def _dress(self) -> None:
        self.setIcon(self._theme.icon("record", "error", on_token="error"))
