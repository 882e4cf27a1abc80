"""Diamonds that stand for keys: with a ring when selected, with a straight right side when held."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from ui.theme import Theme

HALF_PX, CHOSEN_HALF_PX, RING_PX = 6.5, 5.5, 8.5
SMALL_PX = 5.0
_SIDE = 24
"""Of the picture that a diamond is drawn into once: a take may have hundreds of keys."""


def paint_diamond(
    painter: QPainter,
    theme: Theme,
    middle: QPointF,
    *,
    is_chosen: bool = False,
    is_hovered: bool = False,
    is_held: bool = False,
    half_px: float = HALF_PX,
    token: str = "",
) -> None:
    """One key, across in the middle of a pixel, down between two; `token` for another colour than the usual."""
    colour = "text" if is_chosen else token or ("text2" if is_hovered else "text3")
    # Lines that keys lie on end a little before them; curves go through theirs.
    gap = 0.0 if token or is_chosen else 3.0
    pixmap = _sprite(
        theme.color(colour).rgba(),
        theme.color("text").rgba(),
        theme.color("lane").rgba(),
        min(half_px, CHOSEN_HALF_PX) if is_chosen else half_px,
        gap,
        painter.device().devicePixelRatioF(),
        is_chosen,
        is_held,
    )
    painter.drawPixmap(QPointF(round(middle.x() - 0.5) - _SIDE / 2, round(middle.y()) - _SIDE / 2), pixmap)


@lru_cache(maxsize=256)
def _sprite(
    colour: int, ring: int, surface: int, half_px: float, gap_px: float, ratio: float, is_chosen: bool, is_held: bool
) -> QPixmap:
    pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle, lane = QPointF(_SIDE / 2 + 0.5, _SIDE / 2), QColor.fromRgba(surface)
    painter.setBrush(lane)
    if is_chosen:
        painter.setPen(QPen(QColor.fromRgba(ring), 1.2))
        painter.drawPolygon(_diamond(middle, RING_PX))
    elif gap_px:
        pen = QPen(lane, gap_px)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawPolygon(_diamond(middle, half_px))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor.fromRgba(colour))
    painter.drawPolygon(_held(middle, half_px) if is_held else _diamond(middle, half_px))
    painter.end()
    return pixmap


def _diamond(middle: QPointF, half: float) -> QPolygonF:
    corners = (QPointF(0, -half), QPointF(half, 0), QPointF(0, half), QPointF(-half, 0))
    return QPolygonF([middle + corner for corner in corners])


def _held(middle: QPointF, half: float) -> QPolygonF:
    """Nothing moves on from it: the right half is a block."""
    side = half * 0.62
    corners = (QPointF(0, -half), QPointF(side, -half), QPointF(side, half), QPointF(0, half), QPointF(-half, 0))
    return QPolygonF([middle + corner for corner in corners])
