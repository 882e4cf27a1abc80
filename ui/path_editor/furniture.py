"""Labels and aids around a path: scale bar, legend, triad, chips, the empty state, the picture being viewed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from ui.path_editor.gizmo import AXES
from ui.path_editor.painting import DOT_PX, RING_PX, grid_step
from ui.path_editor.projection import Flat, Orbit, Through
from ui.theme import R4, R6, S12, Theme

_BASE_PX = 16
"""From the bottom to the middle of scale bar and legend."""
_TRIAD_PX = 20.0


def paint_scale(painter: QPainter, theme: Theme, projection: Flat) -> None:
    """The length of a grid step."""
    step = grid_step(projection)
    length = step * projection.scale
    left, middle = float(S12), projection.height - _BASE_PX
    painter.setPen(QPen(theme.color("text2"), 1.4))
    painter.drawLine(QPointF(left, middle), QPointF(left + length, middle))
    for x in (left, left + length):
        painter.drawLine(QPointF(x, middle - 5), QPointF(x, middle + 5))
    painter.setFont(theme.font(12))
    painter.setPen(theme.color("text2"))
    painter.drawText(QPointF(left + length + 9, middle + 4), f"{step:g} u")


def paint_legend(painter: QPainter, theme: Theme, box: QRectF) -> None:
    """The legend of dots and rings."""
    painter.setFont(theme.font(12))
    metrics = painter.fontMetrics()
    x, middle = box.right() - S12, box.bottom() - _BASE_PX
    entries = (("fast", "warn"), ("chunk", "text2"), ("tick", "text2"))
    for word, token in entries:
        width = metrics.horizontalAdvance(word)
        if x - width - 16 < box.left() + 130:
            return
        painter.setPen(theme.color("text2"))
        painter.drawText(QPointF(x - width, middle + 4), word)
        x -= width + 12
        if word == "chunk":
            painter.setPen(QPen(theme.color(token), 1.6))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, middle), RING_PX, RING_PX)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(token))
            radius = DOT_PX + (0.8 if word == "fast" else 0.3)
            painter.drawEllipse(QPointF(x + 3, middle), radius, radius)
        x -= 20


def paint_triad(painter: QPainter, theme: Theme, projection: Orbit) -> None:
    """The directions of the axes, in the upper right corner; those that point away are drawn first."""
    centre = np.array([projection.width - 26.0, 30.0])
    axes = np.diag([1.0, -1.0, 1.0])  # the y axis is shown upward, as people expect a height
    seen = axes @ projection.eye[:3, :3]
    for axis in np.argsort(-seen[:, 2]).tolist():
        painter.setPen(QPen(theme.color(f"axis_{AXES[axis]}"), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(*centre), QPointF(*(centre + _TRIAD_PX * seen[axis, :2])))


def paint_chip(painter: QPainter, theme: Theme, text: str, *, is_recording: bool) -> None:
    """The name of a 3D view's mode, in its upper left corner."""
    painter.setFont(theme.font(12, 500))
    width = painter.fontMetrics().horizontalAdvance(text)
    dot = 14 if is_recording else 0
    box = QRectF(10.5, 10.5, width + 18 + dot, 20)
    painter.setPen(theme.color("line"))
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(box, R4, R4)
    painter.setPen(Qt.PenStyle.NoPen)
    if is_recording:
        painter.setBrush(theme.color("error"))
        painter.drawEllipse(QPointF(box.left() + 13, box.center().y()), 4, 4)
    painter.setPen(theme.color("text" if is_recording else "text2"))
    painter.drawText(QPointF(box.left() + 9 + dot, box.center().y() + 4.5), text)


def paint_label(painter: QPainter, theme: Theme, box: QRectF, text: str) -> None:
    """The effect of a drag so far, in place of the scale bar."""
    painter.setFont(theme.font(12, 500))
    width = painter.fontMetrics().horizontalAdvance(text)
    plate = QRectF(box.left() + S12 - 3.5, box.bottom() - _BASE_PX - 10.5, width + 16, 22)
    painter.setPen(theme.color("line"))
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(plate, R6, R6)
    painter.setPen(theme.color("text"))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def paint_empty(painter: QPainter, theme: Theme, box: QRectF, text: str) -> None:
    """One icon, one sentence."""
    if not text:
        return
    icon = theme.pixmap("path", "text3", 24, painter.device().devicePixelRatioF())
    middle = box.center()
    painter.drawPixmap(QPointF(middle.x() - 12, middle.y() - 34), icon)
    painter.setFont(theme.font())
    painter.setPen(theme.color("text3"))
    place = QRectF(box.left() + 24, middle.y(), box.width() - 48, 40)
    painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, text)


def paint_picture(painter: QPainter, theme: Theme, projection: Through, picture: QImage | None) -> None:
    """The box of the camera that is looked through, with what has been made there."""
    left, top, width, height = projection.box
    box = QRectF(left, top, width, height)
    if picture is not None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(box, picture)
    outline = QColor(theme.color("line2"))
    painter.setPen(QPen(outline, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
