"""Lane of the motion in a take's actions: speed and turn per tick, against the trained speed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from engine.poses import Floats
from ui.timeline.lane import ICON_X, TEXT_X, Lane, Press
from ui.timeline.ruler import ScrubDrag
from ui.timeline.scene import HEAD_PX, Scene
from ui.timeline.strokes import paint_curve, polygon
from ui.timeline.translation import tr
from ui.widgets.drag import Drag

MOTION_PX = 56
_WARN = 4 / 3
"""Of the trained speed: from here on a motion is drawn as a warning."""
_MARGIN_PX = 6
_DASHES = (5.0, 3.0)


class MotionLane(Lane):
    """Two curves; a drag on them scrubs."""

    height = MOTION_PX
    icon = "pulse"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.name = tr("Motion")

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        scene, theme, curves = self.scene, self.scene.theme, self.scene.curves
        low, high = self.box.bottom() - 1, self.box.top() + _MARGIN_PX
        clock = scene.clock
        largest = max(float(curves.speed.max(initial=0)), 2 * clock.trained_speed)

        def y_of(speed: Floats | float) -> Floats:
            return low - np.asarray(speed) / largest * (low - high)

        trained = round(float(y_of(clock.trained_speed))) + 0.5
        if len(curves.speed):
            axis, first = scene.axis, scene.first_frame
            # A tick is drawn over its frames; the curve goes through their middles, and to both ends.
            middles = first + clock.frames_per_latent * (np.arange(len(curves.speed)) + 0.5)
            ends = (first - 1.0, clock.frame_of_tick(len(curves.speed), first))
            frames = np.concatenate([[ends[0]], middles, [ends[1]]])
            xs = axis.left_px + (frames - axis.first) * axis.scale
            seen = np.flatnonzero((xs > dirty.left() - 4) & (xs < dirty.right() + 4))
            first_seen, last_seen = (int(seen[0]), int(seen[-1])) if len(seen) else _around(xs, dirty.left())
            if xs[-1] > dirty.left() and xs[0] < dirty.right():
                # At most a point per two pixels.
                stride = max(1, math.ceil(2 / (clock.frames_per_latent * axis.scale)) - 1)
                part = slice((max(first_seen - 1, 0) // stride) * stride, last_seen + 2 * stride, stride)
                speeds = np.concatenate([curves.speed[:1], curves.speed, curves.speed[-1:]])
                turns = np.concatenate([curves.turn[:1], curves.turn, curves.turn[-1:]])
                self._paint_curves(painter, xs, speeds, turns, part, y_of, low)
        pen = QPen(theme.color("text3"), 1)
        pen.setDashPattern([4, 4])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(pen)
        # The pattern begins at the same place whatever part is painted.
        painter.drawLine(QPointF(HEAD_PX, trained), QPointF(self.box.right(), trained))
        painter.setFont(theme.font(11))
        words = f"{tr('trained')} {clock.trained_speed:.3f}"
        width = painter.fontMetrics().horizontalAdvance(words)
        label = QRectF(self.box.right() - 8 - width, trained - 17, width, 14)
        painter.fillRect(label.adjusted(-4, 0, 4, 0), theme.faded("lane", 0.85))  # curves go through there, too
        painter.setPen(theme.color("text3"))
        painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_curves(
        self,
        painter: QPainter,
        xs: Floats,
        speeds: Floats,
        turns: Floats,
        part: slice,
        y_of: Callable[[Floats | float], Floats],
        low: float,
    ) -> None:
        # Left is up: half of the height is the largest turn, at least twice the trained one.
        reach = max(float(np.abs(turns).max(initial=0)), 2 * self.scene.clock.trained_turn)
        warn = _WARN * self.scene.clock.trained_speed
        high = self.box.top() + _MARGIN_PX
        bent = (low + high) / 2 - turns / reach * (low - high) / 2
        # Dashes begin where the curve does, whatever part of it is painted.
        stride, begin = part.step, part.start
        before = np.hypot(np.diff(xs[: begin + 1 : stride]), np.diff(bent[: begin + 1 : stride])).sum()
        xs, speeds, bent = xs[part], speeds[part], bent[part]
        theme = self.scene.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("raised" if theme.name == "dark" else "selected"))
        painter.drawPolygon(_under(xs, y_of(speeds), low))
        if speeds.max() > warn:
            painter.setBrush(theme.faded("warn", 0.34))
            limit = float(y_of(warn))
            for run in _runs(speeds > warn):
                painter.drawPolygon(_under(xs[run], np.minimum(y_of(speeds[run]), limit), limit))
        paint_curve(painter, xs, y_of(speeds), theme.color("text"), 1.6)
        paint_curve(painter, xs, bent, theme.color("take_a"), 1.5, dashes=_DASHES, begin_px=float(before))

    def paint_head(self, painter: QPainter) -> None:
        theme, ratio, top = self.scene.theme, painter.device().devicePixelRatioF(), self.box.top()
        painter.drawPixmap(QPointF(ICON_X, top + 12), theme.pixmap(self.icon, "text3", 14, ratio))
        painter.setFont(theme.font(12, 500))
        painter.setPen(theme.color("text"))
        painter.drawText(QPointF(TEXT_X, top + 23), self.name)
        painter.setFont(theme.font(11))
        left = float(TEXT_X)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for word, token, style in (
            (tr("speed"), "text", Qt.PenStyle.SolidLine),
            (tr("turn"), "take_a", Qt.PenStyle.CustomDashLine),
        ):
            pen = QPen(theme.color(token), 2)
            if style == Qt.PenStyle.CustomDashLine:
                pen.setDashPattern([2.5, 1.5])
            painter.setPen(pen)
            painter.drawLine(QPointF(left, top + 36), QPointF(left + 12, top + 36))
            painter.setPen(theme.color("text3"))
            painter.drawText(QPointF(left + 15, top + 40), word)
            left += 24 + painter.fontMetrics().horizontalAdvance(word)

    def press(self, press: Press) -> Drag | None:
        return ScrubDrag(self.scene, press)

    def tip(self, where: QPointF) -> str:
        curves, tick = self.scene.curves, int(self.scene.tick_at(where.x()))
        if not 0 <= tick < len(curves.speed):
            return ""
        turn, trained = float(np.rad2deg(curves.turn[tick])), self.scene.clock.trained_speed
        side = tr("left") if turn > 0 else tr("right")
        lines = [
            tr("Tick {0}: {1:.3f} units per tick, {2:.1f} times the trained speed").format(
                tick, curves.speed[tick], curves.speed[tick] / trained
            ),
            tr("turns {0:.2f} degrees {1} per tick").format(abs(turn), side) if abs(turn) > 1e-3 else tr("no turn"),
        ]
        if curves.speed[tick] > _WARN * trained:
            lines.append(tr("faster than the world has seen: it may not follow"))
        return "\n".join(lines)

    def described(self) -> str:
        speed = self.scene.curves.speed
        if not len(speed):
            return f"{self.name}: {tr('nothing planned')}"
        return tr("{0}: {1} ticks, at most {2:.3f} units per tick").format(self.name, len(speed), speed.max())


def _around(xs: Floats, x: float) -> tuple[int, int]:
    """The points on both sides of a place between two of them."""
    after = int(np.clip(np.searchsorted(xs, x), 1, len(xs) - 1))
    return after - 1, after


def _under(xs: Floats, ys: Floats, low: float) -> QPolygonF:
    """The area between a curve and a level."""
    area = polygon(xs, ys)
    area.append(QPointF(float(xs[-1]), low))
    area.append(QPointF(float(xs[0]), low))
    return area


def _runs(holds: np.ndarray) -> list[slice]:
    """Where something holds, with a place on either side so that slopes are drawn too."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    return [slice(max(int(a) - 1, 0), int(b) + 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
