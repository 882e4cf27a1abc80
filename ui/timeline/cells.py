"""Appearance of a chunk by its state: colour, pattern, icon and text, so that colour never stands alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap, QPolygonF

from ui.theme import R4, Theme
from ui.theme.theme import Pattern

State = Literal["planned", "queued", "generating", "latent_only", "stored", "in_memory", "stale", "failed"]
BAR_PX, SMALL_BAR_PX = 6, 5
_LEAST_CHIP_PX, _LEAST_GLYPH_PX, _LEAST_WORDS_PX = 22, 44, 48
_CHIP_PX = 16
_BAR_PATTERNS: dict[State, Pattern] = {
    "queued": "dots",
    "latent_only": "bars",
    "stale": "hatch",
    "failed": "crosses",
}
STATE_WORDS: dict[State, str] = {
    "planned": "Planned",
    "queued": "Queued",
    "generating": "Generating",
    "latent_only": "Latent only",
    "stored": "Stored",
    "in_memory": "In memory",
    "stale": "Stale",
    "failed": "Failed",
}
_PICTURED = frozenset({"generating", "latent_only", "stored", "in_memory", "stale"})
"""States whose cell shows a picture, so that what is written on it needs a plate."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A chunk on the strip.

    Attributes:
        words: at the bottom; "" for none.
        share: of its steps, while it is generated.
        was: what a stale one would be, were it not stale.
        is_selected: whether the selected ticks are its own.
    """

    number: int
    state: State
    text: str = ""
    share: float = 0.0
    was: Literal["stored", "in_memory"] = "stored"
    is_locked: bool = False
    is_selected: bool = False


def paint_cell(
    painter: QPainter, theme: Theme, box: QRectF, cell: Cell, thumbnail: QPixmap | None, *, is_small: bool = False
) -> None:
    """One chunk in its box, on whole pixels. A small one, of a branch, has no words.

    `thumbnail` is as high as the box without its bar (`body_of`), and is repeated where that is wider.
    """
    body = body_of(box, is_small=is_small)
    bar = QRectF(box.left(), body.bottom(), box.width(), box.bottom() - body.bottom())
    if box.width() < _LEAST_CHIP_PX:
        _paint_narrow(painter, theme, box, body, bar, cell, thumbnail)
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(body, Qt.ClipOperation.IntersectClip)
    _paint_body(painter, theme, box, body, cell, thumbnail)
    _paint_chips(painter, theme, body, cell, is_small=is_small, has_picture=thumbnail is not None)
    if cell.text and box.width() >= _LEAST_WORDS_PX and not is_small:
        _paint_words(painter, theme, body, cell, has_picture=thumbnail is not None)
    painter.restore()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(bar, Qt.ClipOperation.IntersectClip)
    _paint_bar(painter, theme, box, bar, cell)
    painter.restore()
    if cell.is_selected:
        # Around the picture alone: the bar is what tells the state.
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("app"), 1))
        painter.drawRoundedRect(body.adjusted(2.5, 2.5, -2.5, -2.5), R4 - 2, R4 - 2)
        painter.setPen(QPen(theme.color("text"), 2))
        painter.drawRoundedRect(body.adjusted(1, 1, -1, -1), R4 - 1, R4 - 1)
        painter.restore()


def body_of(box: QRectF, *, is_small: bool = False) -> QRectF:
    """The part of a cell above its bar."""
    return box.adjusted(0, 0, 0, -(SMALL_BAR_PX if is_small else BAR_PX))


def paint_glyph(painter: QPainter, theme: Theme, middle: QPointF, state: State, token: str) -> None:
    """The sign of a state, some 10 pixels large."""
    colour = theme.color(token)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state == "planned":
        pen = QPen(colour, 1.5)
        pen.setDashPattern([1.6, 1.5])
        painter.setPen(pen)
        painter.drawEllipse(middle, 4.2, 4.2)
    elif state == "stored":
        painter.setPen(QPen(colour, 1.9))
        painter.drawEllipse(middle, 3.7, 3.7)
    elif state == "failed":
        painter.setPen(QPen(colour, 1.9, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(middle - QPointF(3.4, 3.4), middle + QPointF(3.4, 3.4))
        painter.drawLine(middle + QPointF(-3.4, 3.4), middle + QPointF(3.4, -3.4))
    elif state == "stale":
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(middle - QPointF(5.5, 5.5), theme.pixmap("arrow-clockwise", token, 11, ratio))
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if state == "in_memory":
            painter.drawEllipse(middle, 4.5, 4.5)
        elif state == "queued":
            for shift in (-4.0, 0.0, 4.0):
                painter.drawEllipse(middle + QPointF(shift, 0), 1.3, 1.3)
        elif state == "generating":
            corners = (QPointF(-3.5, -4.5), QPointF(4.5, 0), QPointF(-3.5, 4.5))
            painter.drawPolygon(QPolygonF([middle + corner for corner in corners]))
        else:
            box = QRectF(middle.x() - 4, middle.y() - 4, 8, 8)
            painter.drawPie(box, 90 * 16, 180 * 16)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour, 1.4))
            painter.drawEllipse(box)
    painter.restore()


def _paint_narrow(
    painter: QPainter, theme: Theme, box: QRectF, body: QRectF, bar: QRectF, cell: Cell, thumbnail: QPixmap | None
) -> None:
    """Picture and bar alone, with straight corners: there may be hundreds of them."""
    ratio = painter.device().devicePixelRatioF()
    state = cell.was if cell.state == "stale" else cell.state
    token = f"state_{state}"
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if thumbnail is not None and cell.state in _PICTURED:
        scale = thumbnail.devicePixelRatioF()
        left = max(0.0, (thumbnail.width() - body.width() * scale) / 2)
        painter.drawPixmap(body, thumbnail, QRectF(left, 0, body.width() * scale, thumbnail.height()))
        if cell.state == "stale":
            _pattern(painter, theme.pattern("veil", "veil", ratio), body)
    elif cell.state == "planned":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_dashed(theme.color(token)))
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        return
    else:
        painter.fillRect(body, theme.faded(token, 0.24) if cell.state == "failed" else _ground(theme))
    if cell.state in ("in_memory", "generating"):
        painter.fillRect(bar, theme.color(token))
        return
    painter.fillRect(bar, theme.faded(token, 0.36))
    kind = _BAR_PATTERNS.get(cell.state)
    if kind is not None:
        _pattern(painter, theme.pattern(kind, token, ratio), bar)
    elif cell.state == "stored":
        painter.fillRect(QRectF(bar.left(), bar.center().y() - 1.5, bar.width(), 3), theme.color(token))
    if cell.is_selected:
        painter.fillRect(QRectF(body.left(), body.top(), body.width(), 2), theme.color("text"))
        painter.fillRect(QRectF(body.left(), body.bottom() - 2, body.width(), 2), theme.color("text"))


def _paint_body(
    painter: QPainter, theme: Theme, box: QRectF, body: QRectF, cell: Cell, thumbnail: QPixmap | None
) -> None:
    ratio = painter.device().devicePixelRatioF()
    painter.setPen(Qt.PenStyle.NoPen)
    if cell.state == "planned":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_dashed(theme.color("state_planned")))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, 8), R4, R4)
        return
    if thumbnail is not None and cell.state in _PICTURED:
        painter.setBrush(QBrush(thumbnail))
        width = thumbnail.width() / thumbnail.devicePixelRatioF()
        # A narrow cell shows the middle of its picture, a wide one begins with a whole one.
        shift = min(0.0, (body.width() - width) / 2)
        painter.setBrushOrigin(QPointF(round(body.left() + shift), body.top()))
        _fill(painter, box)
        painter.setBrushOrigin(0, 0)
    else:
        painter.setBrush(_tinted(theme, "state_failed", 0.24) if cell.state == "failed" else _ground(theme))
        _fill(painter, box)
    if cell.state == "queued":
        painter.setOpacity(0.42)
        _pattern(painter, theme.pattern("dots", "state_queued", ratio), body)
        painter.setOpacity(1)
    elif cell.state == "failed":
        painter.setPen(QPen(_tinted(theme, "state_failed", 0.55), 1))
        painter.drawLines([QLineF(box.topLeft(), body.bottomRight()), QLineF(body.bottomLeft(), box.topRight())])
    elif cell.state == "generating":
        painter.fillRect(body.adjusted(body.width() * cell.share, 0, 0, 0), theme.faded("stage", 0.6))
    elif cell.state == "stale" and body.width() >= 6:
        _pattern(painter, theme.pattern("veil", "veil", ratio), body)


def _paint_bar(painter: QPainter, theme: Theme, box: QRectF, bar: QRectF, cell: Cell) -> None:
    ratio = painter.device().devicePixelRatioF()
    state = cell.was if cell.state == "stale" else cell.state
    token = f"state_{state}"
    colour = theme.color(token)
    painter.setPen(Qt.PenStyle.NoPen)
    if cell.state == "planned":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_dashed(colour))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), R4, R4)
        painter.drawLine(QPointF(bar.left() + 3, bar.top() + 1.5), QPointF(bar.right() - 3, bar.top() + 1.5))
        return
    if cell.state == "queued":
        painter.setBrush(_ground(theme))
        _fill(painter, box)
        painter.setBrush(colour)
        x = bar.left() + 4
        while x < bar.right() - 2:
            painter.drawEllipse(QPointF(x, bar.center().y()), 1.2, 1.2)
            x += 6
        return
    painter.setBrush(colour if cell.state == "in_memory" else _tinted(theme, token, 0.36))
    _fill(painter, box)
    if cell.state == "stored":
        painter.fillRect(QRectF(bar.left(), bar.center().y() - 1.5, bar.width(), 3), colour)
    elif cell.state == "generating":
        painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * cell.share, bar.height()), colour)
    elif cell.state in _BAR_PATTERNS:
        _pattern(painter, theme.pattern(_BAR_PATTERNS[cell.state], token, ratio), bar)


def _paint_chips(
    painter: QPainter, theme: Theme, body: QRectF, cell: Cell, *, is_small: bool, has_picture: bool
) -> None:
    """Number and sign: in the two upper corners of a large cell, together in the left one of a small one."""
    painter.setFont(theme.font(11, 600))
    number = str(cell.number)
    width = max(painter.fontMetrics().horizontalAdvance(number) + 8, _CHIP_PX)
    top = body.center().y() - 8 if is_small else body.top() + 6
    left = body.left() + (4 if is_small else 6)
    has_glyph = body.width() >= _LEAST_GLYPH_PX
    has_plate = has_picture and cell.state in _PICTURED
    token = f"plate_{cell.state}" if has_plate else f"state_{cell.state}"
    chip = QRectF(left, top, width + (18 if has_glyph and is_small else 0), 15 if is_small else _CHIP_PX)
    if body.width() < chip.width() + 4:
        return
    if has_plate:
        _plate(painter, theme, chip)
    painter.setPen(theme.color("on_plate" if has_plate else "text2"))
    box_of_text = QRectF(chip.left(), chip.top(), width, chip.height())
    painter.drawText(box_of_text, Qt.AlignmentFlag.AlignCenter, number)
    sign = QRectF(body.right() - 26, top, 20, _CHIP_PX)
    if has_glyph and is_small:
        paint_glyph(painter, theme, QPointF(chip.right() - 11, chip.center().y()), cell.state, token)
    elif has_glyph:
        if has_plate:
            _plate(painter, theme, sign)
        paint_glyph(painter, theme, sign.center(), cell.state, token)
    if cell.is_locked and body.width() >= _LEAST_GLYPH_PX + 30:
        lock = QRectF(body.right() - 24, top, 18, 15) if is_small else sign.translated(-24, 0)
        ratio = painter.device().devicePixelRatioF()
        _plate(painter, theme, lock)
        painter.drawPixmap(lock.center() - QPointF(5.5, 5.5), theme.pixmap("lock", "on_plate", 11, ratio))


def _paint_words(painter: QPainter, theme: Theme, body: QRectF, cell: Cell, *, has_picture: bool) -> None:
    painter.setFont(theme.font(11, 500))
    metrics = painter.fontMetrics()
    text = metrics.elidedText(cell.text, Qt.TextElideMode.ElideRight, round(body.width() - 18))
    plate = QRectF(body.left() + 6, body.bottom() - 22, metrics.horizontalAdvance(text) + 10, 17)
    if has_picture and cell.state in _PICTURED:
        _plate(painter, theme, plate)
        painter.setPen(theme.color("on_plate"))
    else:
        painter.setPen(theme.color("state_failed" if cell.state == "failed" else "text2"))
    painter.drawText(plate.adjusted(5, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)


def _plate(painter: QPainter, theme: Theme, box: QRectF) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("plate"))
    painter.drawRoundedRect(box, R4, R4)


def _fill(painter: QPainter, box: QRectF) -> None:
    """The whole cell with the brush; what is clipped says which part of it."""
    if box.width() < 2 * R4:
        painter.drawRect(box)
    else:
        painter.drawRoundedRect(box, R4, R4)


def _pattern(painter: QPainter, pattern: QBrush, box: QRectF) -> None:
    painter.setBrushOrigin(box.topLeft())
    painter.fillRect(box, pattern)
    painter.setBrushOrigin(0, 0)


def _ground(theme: Theme) -> QColor:
    """Of a cell without a picture."""
    return theme.color("raised" if theme.name == "dark" else "selected")


def _dashed(colour: QColor) -> QPen:
    pen = QPen(colour, 1)
    pen.setDashPattern([4, 3])
    return pen


def _tinted(theme: Theme, token: str, share: float) -> QColor:
    return theme.faded(token, share)
