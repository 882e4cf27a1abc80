"""Fast drawing of curves with many points: as short lines, which Qt strokes ten times as fast as one long one."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from engine.poses import Floats

_DENSE_PX = 4.0
"""Points that are nearer on the average make no corners that a joint would be missed at."""


def paint_curve(
    painter: QPainter,
    xs: Floats,
    ys: Floats,
    colour: QColor,
    width: float,
    *,
    dashes: tuple[float, float] | None = None,
    begin_px: float = 0.0,
) -> None:
    """A curve through points (N,), in dashes of so many pixels and gaps of so many; `begin_px` of it lie before."""
    if len(xs) < 2:
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(colour, width)
    lengths = np.hypot(np.diff(xs), np.diff(ys))
    if (xs[-1] - xs[0]) / (len(xs) - 1) > _DENSE_PX:
        if dashes is not None:
            pen.setDashPattern([part / width for part in dashes])
            pen.setDashOffset(begin_px / width)
        painter.setPen(pen)
        painter.drawPolyline(polygon(xs, ys))
        return
    kept = np.ones(len(lengths), bool)
    if dashes is not None:
        at = begin_px + np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
        kept = np.mod(at, sum(dashes)) < dashes[0]
    painter.setPen(pen)
    corners = np.stack([xs[:-1], ys[:-1], xs[1:], ys[1:]], axis=1)[kept]
    painter.drawLines([QLineF(*line) for line in corners.tolist()])


def polygon(xs: Floats, ys: Floats) -> QPolygonF:
    """Points as Qt has them."""
    return QPolygonF([QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)])
