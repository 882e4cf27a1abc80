"""Owns how a chunk looks by its state: colour, pattern, glyph and words, so that colour never stands alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from ui.theme import Theme

State = Literal["planned", "queued", "generating", "latent_only", "stored", "in_memory", "stale", "failed"]
BAR_PX = 6
_LEAST_WORDS_PX = 48
_GLYPHS: dict[State, str] = {
    "planned": "circle-dashed",
    "queued": "dots-three",
    "generating": "play-fill",
    "latent_only": "circle-half",
    "stored": "circle",
    "in_memory": "circle",
    "stale": "arrow-clockwise",
    "failed": "x",
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


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A chunk on the strip.

    Attributes:
        words: at the bottom; "" for none.
        share: of its steps, while it is generated.
        is_selected: whether the selected ticks are its own.
    """

    number: int
    state: State
    thumbnail: QImage | None = None
    words: str = ""
    share: float = 0.0
    is_selected: bool = False


def paint_cell(painter: QPainter, theme: Theme, box: QRectF, cell: Cell, *, is_small: bool = False) -> None:
    """One chunk; a small one, of a branch, has number, glyph and bar alone."""
    painter.save()
    painter.setClipRect(box)
    bar_px = 3 if is_small else BAR_PX
    inside = box.adjusted(1, 1, -1, -1)
    body = inside.adjusted(0, 0, 0, -bar_px)
    colour = theme.color(f"state_{cell.state}")
    _paint_body(painter, theme, body, cell)
    _paint_bar(painter, theme, QRectF(inside.left(), body.bottom(), inside.width(), bar_px), cell)
    if box.width() >= 26:
        _paint_chip(painter, theme, body.topLeft() + QPointF(4, 4), str(cell.number), is_small=is_small)
        if box.width() >= 44:
            _paint_glyph(painter, theme, body, cell.state, is_small=is_small)
    if cell.words and box.width() >= _LEAST_WORDS_PX and not is_small:
        painter.setFont(theme.font(11, 500))
        width = min(painter.fontMetrics().horizontalAdvance(cell.words) + 10, body.width() - 8)
        plate = QRectF(body.left() + 4, body.bottom() - 20, width, 16)
        if cell.thumbnail is not None or cell.state == "generating":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("plate"))
            painter.drawRoundedRect(plate, 3, 3)
            painter.setPen(theme.color("on_plate"))
        else:
            painter.setPen(colour if cell.state == "failed" else theme.color("text3"))
        painter.drawText(plate.adjusted(5, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, cell.words)
    if cell.is_selected:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("text"), 1.5))
        painter.drawRoundedRect(inside.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    painter.restore()


def _paint_body(painter: QPainter, theme: Theme, body: QRectF, cell: Cell) -> None:
    colour = theme.color(f"state_{cell.state}")
    ratio = painter.device().devicePixelRatioF()
    if cell.thumbnail is not None:
        image = cell.thumbnail
        scale = max(body.width() / image.width(), body.height() / image.height())
        width, height = body.width() / scale, body.height() / scale
        source = QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(body, image, source)
        if cell.state == "stale":
            painter.fillRect(body, theme.faded("lane", 0.6))
            painter.setOpacity(0.55)
            painter.fillRect(body, theme.hatch("stale", ratio))
            painter.setOpacity(1)
    elif cell.state in ("planned",):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(body.adjusted(0.5, 0.5, -0.5, 2.5), 3, 3)
    elif cell.state == "failed":
        tint = theme.color("state_failed")
        tint.setAlphaF(0.22)
        painter.fillRect(body, tint)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1))
        painter.drawLine(body.topLeft(), body.bottomRight())
        painter.drawLine(body.bottomLeft(), body.topRight())
    else:
        painter.fillRect(body, theme.color("field"))
        if cell.state == "queued":
            painter.setOpacity(0.5)
            painter.fillRect(body, theme.hatch("queued", ratio))
            painter.setOpacity(1)
    if cell.state == "generating":
        done = body.width() * cell.share
        painter.fillRect(body.adjusted(done, 0, 0, 0), theme.faded("lane", 0.6))


def _paint_bar(painter: QPainter, theme: Theme, bar: QRectF, cell: Cell) -> None:
    colour = theme.color(f"state_{cell.state}")
    ratio = painter.device().devicePixelRatioF()
    tint = theme.color(f"state_{cell.state}")
    tint.setAlphaF(0.25)
    if cell.state == "in_memory":
        painter.fillRect(bar, colour)
    elif cell.state == "stored":
        painter.fillRect(bar, tint)
        painter.fillRect(QRectF(bar.left(), bar.center().y() - 1.5, bar.width(), 3), colour)
    elif cell.state == "generating":
        painter.fillRect(bar, tint)
        painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * cell.share, bar.height()), colour)
    elif cell.state == "planned":
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(bar.left(), bar.center().y()), QPointF(bar.right(), bar.center().y()))
    else:
        painter.fillRect(bar, tint)
        painter.setBrushOrigin(bar.topLeft())
        painter.fillRect(bar, theme.hatch(cell.state, ratio))


def _paint_chip(painter: QPainter, theme: Theme, where: QPointF, text: str, *, is_small: bool) -> None:
    painter.setFont(theme.font(11, 600))
    width = painter.fontMetrics().horizontalAdvance(text) + 9
    box = QRectF(where.x(), where.y() - (2 if is_small else 0), width, 15)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("plate"))
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(theme.color("on_plate"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _paint_glyph(painter: QPainter, theme: Theme, body: QRectF, state: State, *, is_small: bool) -> None:
    box = QRectF(body.right() - 20, body.top() + (2 if is_small else 4), 16, 15)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("plate"))
    painter.drawRoundedRect(box, 3, 3)
    # On a plate the dark theme's colours hold in both themes.
    ratio = painter.device().devicePixelRatioF()
    if state == "in_memory":
        painter.setBrush(theme.color("state_in_memory"))
        painter.drawEllipse(box.center(), 4, 4)
        return
    token = {"generating": "on_plate_accent", "failed": "state_failed"}.get(state, "on_plate2")
    painter.drawPixmap(box.topLeft() + QPointF(3, 2), theme.pixmap(_GLYPHS[state], token, 11, ratio))
