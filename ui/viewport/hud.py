"""The action HUD: keycaps lit by the action of the current frame, speed and turn per tick."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from astra_studio.document.actions import Actions
from engine.clock import ASTRA_CLOCK, Clock
from ui.theme import R8, Theme

CAP, GAP = 42, 6
_SHARE = 0.2
"""Of the trained speed, from which on a key counts as held."""
_WARN = 4 / 3
"""Of the trained speed, from which on the gauge warns."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """What one action row does: units and radians per tick, in a camera's own axes."""

    forward: float = 0.0
    right: float = 0.0
    down: float = 0.0
    left_turn: float = 0.0
    up_turn: float = 0.0
    clock: Clock = ASTRA_CLOCK

    @property
    def speed(self) -> float:
        return math.sqrt(self.forward**2 + self.right**2 + self.down**2)


def motion_of(actions: Actions, tick: int, clock: Clock) -> Motion | None:
    """The motion of a tick; None where nothing is asked for, or a place and no step."""
    if not 0 <= tick < len(actions):
        return None
    found = actions.kind.motions(actions.rows[tick : tick + 1], clock)
    if found is None:
        return None
    return Motion(
        forward=float(found.forward[0]),
        right=float(found.right[0]),
        down=float(found.down[0]),
        left_turn=float(found.left_turn[0]),
        up_turn=float(found.up_turn[0]),
        clock=clock,
    )


def paint_chip(painter: QPainter, theme: Theme, bottom_left: QPointF, motion: Motion) -> None:
    """The one thing that lies on the picture in Author: speed and turn per tick."""
    speed = f"{motion.speed:.3f} u"
    turn = f"{math.degrees(motion.left_turn):+.1f}° {_words('/ tick')}"
    font = theme.font(12, 600)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    width = 62 + metrics.horizontalAdvance(speed) + metrics.horizontalAdvance(turn)
    box = QRectF(bottom_left.x(), bottom_left.y() - 24, width, 24)
    plate(painter, theme, box)
    ratio = painter.device().devicePixelRatioF()
    painter.drawPixmap(QPointF(box.left() + 8, box.top() + 5), theme.pixmap("arrow-up", "on_plate", 14, ratio))
    painter.setPen(theme.color("on_plate"))
    painter.drawText(QPointF(box.left() + 26, box.top() + 16), speed)
    x = box.left() + 38 + metrics.horizontalAdvance(speed)
    painter.drawPixmap(QPointF(x, box.top() + 5), theme.pixmap("arrow-counter-clockwise", "on_plate", 14, ratio))
    painter.drawText(QPointF(x + 18, box.top() + 16), turn)


def plate(painter: QPainter, theme: Theme, box: QRectF) -> None:
    """Black at 78 %: what every text on a picture stands on."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("plate"))
    painter.drawRoundedRect(box, R8, R8)


def paint_hud(painter: QPainter, theme: Theme, box: QRectF, motion: Motion) -> None:
    """Keycaps in the lower corners of a picture, and the gauge between them."""
    if box.width() < 330 or box.height() < 150:
        return
    trace, bend = motion.clock.trained_speed * _SHARE, motion.clock.trained_turn * _SHARE
    left, top = box.left() + 16, box.bottom() - 16 - 2 * CAP - GAP
    caps = {
        "Q": (0, 0, motion.down > trace),
        "W": (1, 0, motion.forward > trace),
        "E": (2, 0, motion.down < -trace),
        "A": (0, 1, motion.right < -trace),
        "S": (1, 1, motion.forward < -trace),
        "D": (2, 1, motion.right > trace),
    }
    for name, (column, row, is_held) in caps.items():
        place = QRectF(left + column * (CAP + GAP), top + row * (CAP + GAP), CAP, CAP)
        paint_cap(painter, theme, place, name, is_held=is_held, is_dim=name in "QE")
    right = box.right() - 16 - 3 * CAP - 2 * GAP
    arrows = {
        "up": (1, 0, motion.up_turn > bend),
        "left": (0, 1, motion.left_turn > bend),
        "down": (1, 1, motion.up_turn < -bend),
        "right": (2, 1, motion.left_turn < -bend),
    }
    for name, (column, row, is_held) in arrows.items():
        place = QRectF(right + column * (CAP + GAP), top + row * (CAP + GAP), CAP, CAP)
        paint_cap(painter, theme, place, name, is_held=is_held)
    middle = box.width() - 2 * (16 + 3 * CAP + 2 * GAP) - 32
    if middle >= 220:
        width = min(430.0, middle)
        paint_gauge(painter, theme, QRectF(box.center().x() - width / 2, box.bottom() - 16 - 74, width, 74), motion)


def paint_note(painter: QPainter, theme: Theme, box: QRectF, note: str) -> None:
    """A line at the top of a picture, shortened where it has no room."""
    if not note or box.width() < 200:
        return
    painter.setFont(theme.font(11))
    metrics = painter.fontMetrics()
    words = metrics.elidedText(note, Qt.TextElideMode.ElideRight, int(box.width() - 48))
    width = metrics.horizontalAdvance(words) + 20
    place = QRectF(box.center().x() - width / 2, box.top() + 10, width, 22)
    plate(painter, theme, place)
    painter.setPen(theme.color("on_plate2"))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)


def paint_cap(painter: QPainter, theme: Theme, box: QRectF, name: str, *, is_held: bool, is_dim: bool = False) -> None:
    """One key: amber while its action is on."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accent" if is_held else "plate"))
    painter.drawRoundedRect(box, 6, 6)
    ink = theme.color("accent_ink" if is_held else "on_plate2" if is_dim else "on_plate")
    if is_dim and not is_held:
        ink.setAlphaF(0.6)
    if name in ("up", "down", "left", "right"):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = painter.pen()
        pen.setColor(ink)
        pen.setWidthF(1.6)
        pen.setStyle(Qt.PenStyle.SolidLine)
        painter.setPen(pen)
        painter.save()
        painter.translate(box.center())
        painter.rotate({"up": 0, "right": 90, "down": 180, "left": 270}[name])
        painter.drawPolyline(QPolygonF([QPointF(-5, 2.5), QPointF(0, -2.5), QPointF(5, 2.5)]))
        painter.restore()
        return
    painter.setPen(ink)
    painter.setFont(theme.font(16, 600))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)


def paint_gauge(painter: QPainter, theme: Theme, box: QRectF, motion: Motion) -> None:
    """Speed and turn per tick, with a notch at the speed that the model was trained at."""
    plate(painter, theme, box)
    half = box.width() / 2
    turn = math.degrees(motion.left_turn)
    trained_turn = math.degrees(motion.clock.trained_turn)
    for left, title, value, unit in (
        (box.left() + 14, _words("Speed"), f"{motion.speed:.3f}", _words("u / tick")),
        (box.left() + half + 14, _words("Turn"), f"{turn:+.1f}°", _words("/ tick")),
    ):
        painter.setPen(theme.color("on_plate2"))
        painter.setFont(theme.font(11))
        painter.drawText(QPointF(left, box.top() + 18), title)
        painter.setPen(theme.color("on_plate"))
        painter.setFont(theme.font(20, 600))
        painter.drawText(QPointF(left, box.top() + 42), value)
        shift = painter.fontMetrics().horizontalAdvance(value) + 6
        painter.setPen(theme.color("on_plate2"))
        painter.setFont(theme.font(11))
        painter.drawText(QPointF(left + shift, box.top() + 42), unit)
    width = half - 28
    bar = QRectF(box.left() + 14, box.bottom() - 18, width, 5)
    _bar(painter, theme, bar, motion.speed / (2 * motion.clock.trained_speed), 0.5, from_middle=False)
    bar = QRectF(box.left() + half + 14, box.bottom() - 18, width, 5)
    _bar(painter, theme, bar, turn / (2 * trained_turn), 0.5, from_middle=True)


def _hatch(painter: QPainter, theme: Theme, part: QRectF) -> None:
    """Speeds that the model never saw in training."""
    painter.save()
    painter.setClipRect(part)
    painter.setPen(QPen(theme.color("on_plate_warn"), 1.5))
    x = part.left() - part.height()
    while x < part.right():
        painter.drawLine(QPointF(x, part.bottom()), QPointF(x + part.height(), part.top()))
        x += 4
    painter.restore()


def _words(text: str) -> str:
    return QCoreApplication.translate("Hud", text)


def _bar(painter: QPainter, theme: Theme, bar: QRectF, share: float, notch: float, *, from_middle: bool) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.faded("on_plate", 0.25))
    painter.drawRoundedRect(bar, 2, 2)
    reach = bar.width() / 2 if from_middle else bar.width()
    fast = reach * (1 - notch * _WARN)
    _hatch(painter, theme, bar.adjusted(bar.width() - fast, 0, 0, 0))
    if from_middle:
        _hatch(painter, theme, bar.adjusted(0, 0, fast - bar.width(), 0))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("on_plate"))
    if from_middle:
        middle = bar.center().x()
        end = middle - max(-1.0, min(1.0, share)) * reach
        painter.drawRect(QRectF(min(middle, end), bar.top(), abs(end - middle), bar.height()))
        notches = [middle - notch * reach, middle + notch * reach]
    else:
        painter.drawRect(QRectF(bar.left(), bar.top(), bar.width() * min(max(share, 0), 1), bar.height()))
        notches = [bar.left() + notch * bar.width()]
    painter.setBrush(theme.color("on_plate_accent"))
    for x in notches:
        painter.drawRect(QRectF(x - 1, bar.top() - 3, 2, bar.height() + 6))
