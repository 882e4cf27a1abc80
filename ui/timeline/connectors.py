"""Curves from a strip to its branches: a ring where they part, a line down to the branch."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from ui.timeline.scene import Scene
from ui.timeline.strips import Strip

_BEFORE_PX = 10
"""The line goes down so far before the chunk that it leads to."""
_RING_PX, _CURVE_PX = 3.2, 8


def paint_connectors(painter: QPainter, scene: Scene, strips: Sequence[Strip], seen: QRectF, dirty: QRectF) -> None:
    """Those whose lower end is seen; those of nearer rows on top."""
    theme = scene.theme
    places = {strip.row.take: number for number, strip in enumerate(strips)}
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for number in reversed(range(len(strips))):
        row = strips[number].row
        if row.branch_frame is None or row.hangs_on not in places:
            continue
        upper, lower = sorted((number, places[row.hangs_on]))
        x = round(scene.axis.x(row.branch_frame)) - _BEFORE_PX
        if not seen.intersects(strips[lower].box):
            continue
        if not dirty.left() - 20 <= x <= dirty.right() + 20:
            continue
        top = strips[upper].box.bottom() - (7 if upper == 0 else 6)
        middle = round(strips[lower].box.center().y())
        path = QPainterPath(QPointF(x, top + _RING_PX))
        path.lineTo(x, middle - _CURVE_PX)
        path.quadTo(x, middle, x + _CURVE_PX, middle)
        path.lineTo(x + _BEFORE_PX, middle)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("lane"), 3.6))
        painter.drawPath(path)
        painter.setPen(QPen(theme.color("text3"), 1.6))
        painter.drawPath(path)
        painter.setBrush(theme.color("lane"))
        painter.drawEllipse(QPointF(x, top), _RING_PX, _RING_PX)
