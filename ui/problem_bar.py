"""Bar that says what went wrong, why, and what to do, without blocking the window."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QVBoxLayout, QWidget

from astra_studio.problems import ended
from ui.studio import ShownProblem, Studio
from ui.theme import R4, S4, S8, S12
from ui.widgets import IconButton, run_dialog
from ui.widgets.basic import Filled

_MAX_SHOWN = 3


class ProblemBar(Filled):
    """The newest problems, each a row until it is closed or has been solved."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio.theme, "stage")
        self._studio = studio
        self._shown: list[tuple[ShownProblem, QWidget]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(S12, 0, S12, S12)
        self._column.setSpacing(S4)
        self.setVisible(False)
        studio.problem_raised.connect(self.show_problem)
        studio.problem_gone.connect(self.close_key)

    @property
    def problems(self) -> tuple[ShownProblem, ...]:
        return tuple(shown for shown, _ in self._shown)

    def show_problem(self, shown: ShownProblem) -> None:
        """Add a row; it takes the place of an older one of the same key, and of the oldest where there are many."""
        if shown.key:
            self.close_key(shown.key)
        row: QWidget = _Row(self._studio, shown, lambda: self._close(row))
        self._shown.append((shown, row))
        self._column.addWidget(row)
        if len(self._shown) > _MAX_SHOWN:
            self._close(self._shown[0][1])
        self.setVisible(True)

    def close_key(self, key: str) -> None:
        """What was wrong there is wrong no longer."""
        for shown, row in tuple(self._shown):
            if shown.key == key:
                self._close(row)

    def _close(self, row: QWidget) -> None:
        self._shown = [(shown, other) for shown, other in self._shown if other is not row]
        self._column.removeWidget(row)
        row.deleteLater()
        self.setVisible(bool(self._shown))


class _Row(QWidget):
    def __init__(self, studio: Studio, shown: ShownProblem, close: object) -> None:
        super().__init__()
        self._theme = studio.theme
        self._shown = shown
        self.setMinimumHeight(36)
        problem = shown.problem
        self.setAccessibleName(problem.paragraph())
        row = QHBoxLayout(self)
        row.setContentsMargins(S12, S4, S8, S4)
        row.setSpacing(S8)
        icon = QLabel()
        icon.setPixmap(studio.theme.pixmap("warning-circle", "error", 16, self.devicePixelRatioF()))
        row.addWidget(icon)
        what = QLabel(problem.what + ".")
        what.setProperty("role", "title")
        # Where a button helps, it says itself what to do.
        told = (problem.why,) if shown.remedy is not None else (problem.why, problem.todo)
        why = QLabel(" ".join(ended(part) for part in told))
        why.setProperty("role", "label")
        why.setWordWrap(True)
        row.addWidget(what)
        row.addWidget(why, 1)
        if shown.remedy is not None:
            words, help_ = shown.remedy
            remedy = QPushButton(words)
            remedy.clicked.connect(lambda: studio.commands.trigger(help_) if isinstance(help_, str) else help_())
            row.addWidget(remedy)
        if shown.details:
            details = QPushButton(self.tr("Details"))
            details.setProperty("flat", "true")
            details.clicked.connect(self._show_details)
            row.addWidget(details)
        button = IconButton(studio.theme, "x", self.tr("Close"))
        button.clicked.connect(close)
        row.addWidget(button)

    def _show_details(self) -> None:
        box = QMessageBox(QMessageBox.Icon.NoIcon, self._shown.problem.what, self._shown.problem.paragraph())
        box.setDetailedText(self._shown.details)
        run_dialog(box)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.color("line2"))
        painter.setBrush(self._theme.color("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), R4, R4)
        painter.fillRect(QRectF(0, 4, 3, self.height() - 8), self._theme.color("error"))
