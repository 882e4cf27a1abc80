"""Tiles for the possible readings of a camera file: the path from above, and whether it moves forward."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from astra_studio.services.camera.files import Candidate
from engine.poses import Floats
from ui.theme import R6, S4, S8, Theme

AXES_NAMES = {"opencv": "OpenCV", "opengl": "OpenGL", "unreal": "Unreal", "vehicle": "Car"}
_WEDGES = 5
"""Cameras that are drawn on the way."""
_LEAST_SPAN = 1e-6
_CLEAR = 0.5
"""From this share of the way on a camera walks forward, or backward."""


class CandidateTile(QAbstractButton):
    """One reading of a file. It is chosen like any button; the arrow keys of its row go on to the next."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.candidate: Candidate | None = None
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_candidate(self, candidate: Candidate) -> None:
        """Draw this reading, and name it for those who do not see it."""
        self.candidate = candidate
        parts = [self.title(), self.verdict()]
        if candidate.is_own:
            parts.append(self.tr("as the file says"))
        if candidate.is_likely:
            parts.append(self.tr("likely"))
        self.setAccessibleName(", ".join(parts))
        self.setToolTip(
            self.tr("Movement against the view: {0:+.2f}. +1 is straight ahead.").format(candidate.forwardness)
        )
        self.update()

    def title(self) -> str:
        candidate = self.candidate
        return "" if candidate is None else f"{candidate.convention}  {AXES_NAMES[candidate.axes]}"

    def verdict(self) -> str:
        """Where the camera goes, in a word and a number."""
        if self.candidate is None:
            return ""
        ahead = self.candidate.forwardness
        if abs(ahead) < 1e-9:
            return self.tr("stays")
        word = self.tr("sideways") if abs(ahead) <= _CLEAR else self.tr("forward") if ahead > 0 else self.tr("backward")
        return f"{word} {ahead:+.2f}"

    def sizeHint(self) -> QSize:
        return QSize(148, 132)

    def minimumSizeHint(self) -> QSize:
        return QSize(124, 112)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, candidate = self._theme, self.candidate
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("hover" if self.underMouse() else "canvas"))
        painter.drawRoundedRect(box, R6, R6)
        if candidate is not None:
            self._paint_way(painter, box.adjusted(S8, 24, -S8, -22), candidate)
            self._paint_labels(painter, box, candidate)
        if self.isChecked() or self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("focus" if self.hasFocus() else "text"), 1.5))
            painter.drawRoundedRect(box, R6, R6)

    def _paint_labels(self, painter: QPainter, box: QRectF, candidate: Candidate) -> None:
        theme = self._theme
        painter.setFont(theme.font(11, 600 if self.isChecked() else 500))
        painter.setPen(theme.color("text" if self.isChecked() else "text2"))
        top = QRectF(box.left() + S8, box.top() + S4, box.width() - 2 * S8, 18)
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.title())
        if candidate.is_likely:
            label = self.tr("Likely")
            painter.setFont(theme.font(11, 600))
            painter.setPen(theme.color("ok"))
            painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, label)
            left = top.right() - painter.fontMetrics().horizontalAdvance(label) - 15
            ratio = self.devicePixelRatioF()
            painter.drawPixmap(QPointF(left, top.top() + 3), theme.pixmap("check", "ok", 12, ratio))
        painter.setFont(theme.font(11))
        is_backward = candidate.forwardness < -_CLEAR
        painter.setPen(theme.color("warn" if is_backward else "text3"))
        bottom = QRectF(box.left() + S8, box.bottom() - 21, box.width() - 2 * S8, 18)
        painter.drawText(bottom, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.verdict())
        if candidate.is_own:
            painter.setPen(theme.color("text3"))
            # Where there is room: beside the title, or below it where that has its mark.
            place = bottom if candidate.is_likely else top
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.tr("the file's"))

    def _paint_way(self, painter: QPainter, box: QRectF, candidate: Candidate) -> None:
        """From above, the first camera at the bottom looking up."""
        points = seen_from_above(candidate.c2w, box)
        painter.setPen(QPen(self._theme.color("edge"), 1.2))
        painter.drawPolyline(QPolygonF(points))
        count = len(points)
        chosen = sorted({round(number) for number in np.linspace(0, count - 1, min(_WEDGES, count))})
        for number in chosen:
            self._paint_camera(painter, points[number], candidate.c2w[number], is_first=number == 0)
        painter.setPen(QPen(self._theme.color("text"), 1.3))
        painter.setBrush(self._theme.color("canvas"))
        painter.drawEllipse(points[0], 2.6, 2.6)

    def _paint_camera(self, painter: QPainter, at: QPointF, pose: Floats, *, is_first: bool) -> None:
        """A wedge that opens where the camera looks."""
        sides = [pose[:3, :3] @ [side * 0.5, 0.0, 1.0] for side in (-1, 1)]
        ends = [at + QPointF(9 * side[0], -9 * side[2]) for side in sides]
        painter.setPen(QPen(self._theme.color("text" if is_first else "text3"), 1.1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolygon(QPolygonF([at, *ends]))


def seen_from_above(c2w: Floats, box: QRectF) -> list[QPointF]:
    """Where poses (N, 4, 4) lie in a box, right to the right and forward up."""
    places = c2w[:, [0, 2], 3]
    low, high = places.min(axis=0), places.max(axis=0)
    span = np.maximum(high - low, _LEAST_SPAN)
    # Room for the wedges around.
    scale = float(min((box.width() - 20) / span[0], (box.height() - 20) / span[1]))
    middle, centre = (low + high) / 2, box.center()
    if float((high - low).max()) <= _LEAST_SPAN:
        scale = 0.0
    return [QPointF(centre.x() + scale * (x - middle[0]), centre.y() - scale * (z - middle[1])) for x, z in places]
