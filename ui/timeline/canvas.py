"""Owns the painted timeline: ruler, take strips, motion lane; and what the mouse does on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QWidget

from astra_studio.document.derived import fps, start_frames, total_frames
from astra_studio.document.edits import Edit, move_marker, select, set_work_area
from astra_studio.document.model import TakeId
from engine.messages import FRAMES_PER_LATENT
from engine.poses import TRAINED_SPEED
from ui.studio import Studio
from ui.timeline.axis import Snap, TimeAxis, ruler_step, snapped
from ui.timeline.cells import paint_cell
from ui.timeline.view import Curves, PlacedCell, TakeRow, bounds_of, curves_of, rows_of

HEAD_PX, RULER_PX, STRIP_PX, BRANCH_PX, MOTION_PX = 148, 26, 82, 34, 56
_GRAB_PX = 5
_WARN = 4 / 3
"""Of the trained speed: from here on a motion is drawn as a warning."""


class Playhead(QWidget):
    """The line over all lanes: a child of its own, so that moving it repaints nothing else."""

    def __init__(self, canvas: TimelineCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, words = self._canvas.studio.theme, self._canvas.playhead_words()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.width() / 2
        painter.fillRect(QRectF(middle - 1.75, 12, 3.5, self.height()), theme.color("app"))
        painter.fillRect(QRectF(middle - 0.75, 12, 1.5, self.height()), theme.color("accent"))
        painter.setFont(theme.font(11, 600))
        flag = QRectF(middle - 21, 3, 42, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(flag, 4, 4)
        painter.setPen(theme.color("accent_ink"))
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, words)


class TimelineCanvas(QWidget):
    """All lanes in one widget."""

    menu_asked = Signal(object)
    """A `QPoint` on the screen."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.axis = TimeAxis(left_px=HEAD_PX)
        self.snap: Snap = "Tick"
        self._rows: tuple[TakeRow, ...] = ()
        self._curves = Curves()
        self._drag: Callable[[QMouseEvent, bool], None] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Timeline"))
        self._playhead = Playhead(self)
        studio.theme.changed.connect(self.update)

    # ------------------------------------------------------------------ what is shown

    def read(self) -> None:
        """Take in what is true now, and paint it."""
        studio = self.studio
        self._rows = rows_of(studio.project, studio.generation.making, studio.player)
        self._curves = curves_of(studio.take.actions)
        self.setMinimumHeight(self.sizeHint().height())
        current = self._rows[0]
        states = ", ".join(f"{cell.cell.number} {cell.cell.state.replace('_', ' ')}" for cell in current.cells)
        self.setAccessibleDescription(f"{current.name}: {states or self.tr('no chunks yet')}")
        self.place_playhead()
        self.update()

    def place_playhead(self) -> None:
        """Move the line to the player's frame."""
        x = self.axis.x(self.studio.player.frame)
        width = 48
        self._playhead.setGeometry(round(x - width / 2), 0, width, self.height())
        self._playhead.setVisible(x >= HEAD_PX - 1)
        self._playhead.update()

    def follow_playhead(self) -> None:
        """Scroll so that the playhead is seen."""
        axis = self.axis.showing(self.studio.player.frame, self.width() - HEAD_PX)
        if axis != self.axis:
            self.axis = axis
            self.update()
        self.place_playhead()

    def playhead_words(self) -> str:
        return f"{self.studio.player.frame / self.studio.player.fps:.2f}"

    def fit(self) -> None:
        """Show the whole take."""
        count = max(total_frames(self.studio.project, self.studio.take), *bounds_of(self._rows[0]), 33)
        self.axis = self.axis.fitted(count, self.width() - HEAD_PX)
        self.place_playhead()
        self.update()

    def zoom(self, factor: float, at_px: float | None = None) -> None:
        """Larger or smaller around a pixel; around the playhead where none is given."""
        x = self.axis.x(self.studio.player.frame) if at_px is None else at_px
        self.axis = self.axis.zoomed(factor, max(x, HEAD_PX))
        self.place_playhead()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(900, RULER_PX + STRIP_PX + BRANCH_PX * max(len(self._rows) - 1, 0) + MOTION_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.place_playhead()

    # ------------------------------------------------------------------ places

    def row_box(self, number: int) -> QRectF:
        """Where a take's lane lies."""
        top = RULER_PX if number == 0 else RULER_PX + STRIP_PX + BRANCH_PX * (number - 1)
        return QRectF(0, top, self.width(), STRIP_PX if number == 0 else BRANCH_PX)

    def motion_box(self) -> QRectF:
        top = RULER_PX + STRIP_PX + BRANCH_PX * max(len(self._rows) - 1, 0)
        return QRectF(0, top, self.width(), MOTION_PX)

    def cell_box(self, row: int, cell: PlacedCell) -> QRectF:
        lane = self.row_box(row)
        margin = 5 if row == 0 else 3
        left, right = self.axis.x(cell.start), self.axis.x(cell.stop)
        return QRectF(round(left), lane.top() + margin, round(right) - round(left), lane.height() - 2 * margin)

    def cell_at(self, where: QPointF) -> tuple[TakeRow, PlacedCell] | None:
        """The chunk under a point."""
        for number, row in enumerate(self._rows):
            for cell in row.cells:
                if self.cell_box(number, cell).contains(where):
                    return row, cell
        return None

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.studio.theme
        dirty = QRectF(event.rect())
        painter.fillRect(dirty, theme.color("lane"))
        self._paint_lines(painter)
        painter.save()
        painter.setClipRect(QRectF(HEAD_PX, 0, self.width() - HEAD_PX, self.height()).intersected(dirty))
        for number, row in enumerate(self._rows):
            for cell in row.cells:
                box = self.cell_box(number, cell)
                if box.intersects(dirty):
                    paint_cell(painter, theme, box, cell.cell, is_small=number > 0)
        self._paint_branches(painter)
        self._paint_motion(painter)
        self._paint_outside(painter)
        painter.restore()
        self._paint_ruler(painter)
        self._paint_heads(painter)
        if not self._rows or not self._rows[0].cells:
            painter.setPen(theme.color("text3"))
            painter.setFont(theme.font())
            painter.drawText(
                self.row_box(0).adjusted(HEAD_PX, 0, 0, 0),
                Qt.AlignmentFlag.AlignCenter,
                self.tr("No chunks yet. Ctrl+Return makes the first one."),
            )

    def _paint_lines(self, painter: QPainter) -> None:
        theme = self.studio.theme
        for number in range(len(self._rows)):
            box = self.row_box(number)
            painter.fillRect(QRectF(0, box.bottom() - 1, self.width(), 1), theme.color("line"))
        painter.fillRect(QRectF(0, self.motion_box().bottom() - 1, self.width(), 1), theme.color("line"))
        bottom = self.motion_box().bottom()
        for bound in bounds_of(self._rows[0]) if self._rows else ():
            painter.fillRect(QRectF(round(self.axis.x(bound)), RULER_PX, 1, bottom - RULER_PX), theme.color("grid"))

    def _paint_ruler(self, painter: QPainter) -> None:
        theme = self.studio.theme
        painter.fillRect(QRectF(0, 0, self.width(), RULER_PX), theme.color("panel"))
        painter.fillRect(QRectF(0, RULER_PX - 1, self.width(), 1), theme.color("line"))
        rate = fps(self.studio.project)
        step = ruler_step(self.axis.scale, rate)
        painter.setFont(theme.font(11))
        painter.save()
        painter.setClipRect(QRectF(HEAD_PX, 0, self.width(), RULER_PX))
        second = int(self.axis.first / rate / step) * step
        while (x := self.axis.x(second * rate)) < self.width():
            painter.fillRect(QRectF(round(x), 6, 1, RULER_PX - 13), theme.color("line2"))
            painter.setPen(theme.color("text3"))
            painter.drawText(QPointF(x + 4, 15), f"{second:g}")
            second += step
        if self.axis.scale * FRAMES_PER_LATENT >= 5:
            tick = int(self.axis.first / FRAMES_PER_LATENT)
            while (x := self.axis.x(tick * FRAMES_PER_LATENT)) < self.width():
                painter.fillRect(QRectF(round(x), RULER_PX - 10, 1, 3), theme.color("line2"))
                tick += 1
        self._paint_work_area(painter)
        self._paint_markers(painter)
        painter.restore()
        painter.setPen(theme.color("text3"))
        painter.drawText(QPointF(12, 17), self.tr("seconds"))

    def _work_area_px(self) -> tuple[float, float] | None:
        area = self.studio.project.work_area
        if area.start is None and area.stop is None:
            return None
        start, stop = self.studio.player.work_area
        return self.axis.x(start), self.axis.x(area.stop if area.stop is not None else stop)

    def _paint_work_area(self, painter: QPainter) -> None:
        found = self._work_area_px()
        if found is None:
            return
        theme = self.studio.theme
        left, right = found
        painter.fillRect(QRectF(left, RULER_PX - 7, right - left, 6), theme.color("line2"))
        for x, direction in ((left, 1), (right, -1)):
            painter.setPen(QPen(theme.color("text"), 1.5))
            painter.drawPolyline(
                QPolygonF(
                    [
                        QPointF(x + 5 * direction, RULER_PX - 9),
                        QPointF(x, RULER_PX - 9),
                        QPointF(x, RULER_PX - 1),
                        QPointF(x + 5 * direction, RULER_PX - 1),
                    ]
                )
            )

    def _paint_outside(self, painter: QPainter) -> None:
        found = self._work_area_px()
        if found is None:
            return
        shade = self.studio.theme.faded("lane", 0.6)
        box = self.motion_box()
        painter.fillRect(QRectF(HEAD_PX, box.top(), found[0] - HEAD_PX, box.height()), shade)
        painter.fillRect(QRectF(found[1], box.top(), self.width(), box.height()), shade)

    def _paint_markers(self, painter: QPainter) -> None:
        theme = self.studio.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for marker in self.studio.project.markers:
            x = self.axis.x(marker.frame)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("take_a"))
            painter.drawPolygon(
                QPolygonF(
                    [
                        QPointF(x - 4, 4),
                        QPointF(x + 4, 4),
                        QPointF(x + 4, 11),
                        QPointF(x, 15),
                        QPointF(x - 4, 11),
                    ]
                )
            )
            painter.setPen(theme.color("text2"))
            painter.drawText(QPointF(x + 8, 14), marker.name)

    def _paint_heads(self, painter: QPainter) -> None:
        theme = self.studio.theme
        painter.fillRect(QRectF(0, RULER_PX, HEAD_PX, self.height()), theme.color("panel"))
        painter.fillRect(QRectF(HEAD_PX - 1, 0, 1, self.height()), theme.color("line"))
        ratio = self.devicePixelRatioF()
        for number, row in enumerate(self._rows):
            box = self.row_box(number)
            painter.fillRect(QRectF(0, box.bottom() - 1, HEAD_PX, 1), theme.color("line"))
            icon = "film-strip" if number == 0 else "git-branch"
            middle = box.top() + (22 if number == 0 else box.height() / 2)
            token = "accent_mark" if row.is_current else "text3"
            painter.drawPixmap(QPointF(12, middle - 7), theme.pixmap(icon, token, 14, ratio))
            painter.setFont(theme.font(12, 600 if row.is_current else 400))
            painter.setPen(theme.color("text" if row.is_current else "text2"))
            name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, HEAD_PX - 62)
            painter.drawText(QPointF(34, middle + 4), name)
            if row.is_starred:
                painter.drawPixmap(QPointF(HEAD_PX - 22, middle - 6), theme.pixmap("star-fill", "text2", 12, ratio))
            if row.is_compared:
                painter.setPen(theme.color("take_b"))
                painter.drawText(QPointF(HEAD_PX - 38, middle + 4), "B")
            if number == 0:
                painter.setFont(theme.font(11))
                painter.setPen(theme.color("text3"))
                painter.drawText(QPointF(34, middle + 22), row.hint)
        box = self.motion_box()
        painter.fillRect(QRectF(0, box.bottom() - 1, HEAD_PX, 1), theme.color("line"))
        painter.drawPixmap(QPointF(12, box.top() + 11), theme.pixmap("pulse", "text3", 14, ratio))
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text2"))
        painter.drawText(QPointF(34, box.top() + 22), self.tr("Motion"))
        painter.setFont(theme.font(11))
        painter.setPen(QPen(theme.color("text"), 1.5))
        painter.drawLine(QPointF(34, box.top() + 38), QPointF(44, box.top() + 38))
        painter.drawText(QPointF(48, box.top() + 42), self.tr("speed"))
        painter.setPen(QPen(theme.color("take_a"), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(84, box.top() + 38), QPointF(96, box.top() + 38))
        painter.setPen(theme.color("text2"))
        painter.drawText(QPointF(100, box.top() + 42), self.tr("turn"))

    def _paint_branches(self, painter: QPainter) -> None:
        theme = self.studio.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = {row.take: number for number, row in enumerate(self._rows)}
        for number, row in enumerate(self._rows):
            if row.branch_frame is None or row.parent not in places:
                continue
            # The current take is drawn on top: where it is the child, its parent's lane lies below.
            upper, lower = sorted((number, places[row.parent]))
            x = self.axis.x(row.branch_frame)
            top = self.row_box(upper).bottom() - (10 if upper == 0 else 6)
            bottom = self.row_box(lower).center().y()
            path = QPainterPath(QPointF(x, top))
            path.lineTo(x, bottom - 8)
            path.quadTo(x, bottom, x + 8, bottom)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("edge"), 1.6))
            painter.drawPath(path)
            painter.setBrush(theme.color("lane"))
            painter.drawEllipse(QPointF(x, top), 3.5, 3.5)

    def _paint_motion(self, painter: QPainter) -> None:
        theme, box = self.studio.theme, self.motion_box()
        low, high = box.bottom() - 8, box.top() + 8
        largest = max(float(self._curves.speed.max(initial=0)), 2 * TRAINED_SPEED)
        trained = low - TRAINED_SPEED / largest * (low - high)
        painter.setPen(QPen(theme.color("edge"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(HEAD_PX, trained), QPointF(self.width(), trained))
        painter.setPen(theme.color("text3"))
        painter.setFont(theme.font(11))
        label = QRectF(self.width() - 110, trained - 16, 102, 14)
        painter.drawText(label, Qt.AlignmentFlag.AlignRight, f"{self.tr('trained')} {TRAINED_SPEED:.3f}")
        if not len(self._curves.speed):
            return
        first = start_frames(self.studio.project, self.studio.take)
        ticks = np.arange(len(self._curves.speed))
        xs = self.axis.left_px + (first + FRAMES_PER_LATENT * (ticks + 0.5) - self.axis.first) * self.axis.scale
        ys = low - self._curves.speed / largest * (low - high)
        seen = (xs > HEAD_PX - 40) & (xs < self.width() + 40)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_fast(painter, xs, ys, trained, seen)
        painter.setPen(QPen(theme.color("text"), 1.6))
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in zip(xs[seen], ys[seen], strict=True)]))
        reach = max(float(np.abs(self._curves.turn).max(initial=0)), 2 * TRAINED_SPEED)
        turns = (low + high) / 2 - self._curves.turn / reach * (low - high) / 2
        painter.setPen(QPen(theme.color("take_a"), 1.4, Qt.PenStyle.DashLine))
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in zip(xs[seen], turns[seen], strict=True)]))

    def _paint_fast(self, painter: QPainter, xs: np.ndarray, ys: np.ndarray, trained: float, seen: np.ndarray) -> None:
        theme = self.studio.theme
        fast = seen & (self._curves.speed > TRAINED_SPEED * _WARN)
        if not fast.any():
            return
        fill = theme.faded("warn", 0.28)
        half = FRAMES_PER_LATENT * self.axis.scale / 2
        for x, y in zip(xs[fast], ys[fast], strict=True):
            painter.fillRect(QRectF(x - half, y, 2 * half, trained - y), fill)

    # ------------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        where = event.position()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag = self._pan_drag(where)
        elif event.button() != Qt.MouseButton.LeftButton:
            return
        elif where.x() < HEAD_PX:
            self._press_head(where)
        elif where.y() < RULER_PX and (drag := self._ruler_drag(where)) is not None:
            self._drag = drag
        else:
            self._press_lane(where)
            self._drag = self._scrub
            self._scrub(event, False)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._drag(event, False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._drag(event, True)
            self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.position().x() < HEAD_PX:
            self.studio.commands.trigger("take.rename")

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        found = self.cell_at(QPointF(event.pos()))
        if found is not None:
            row, cell = found
            if not row.is_current:
                self._select(row.take)
            self.studio.player.seek(cell.start)
            self._select(row.take, (cell.first_tick, cell.last_tick))
        self.studio.commands.refresh()
        menu = QMenu(self)
        for name in ("take.branch", "take.redo_from", "generate.next", "generate.all", "", "take.delete_tail"):
            menu.addAction(self.studio.commands.action(name)) if name else menu.addSeparator()
        menu.addSeparator()
        for name in ("play.mark_chunk", "play.marker", "take.rename", "take.star", "take.compare", "take.delete"):
            menu.addAction(self.studio.commands.action(name))
        menu.exec(event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1.2 ** (turned / 120), event.position().x())
        else:
            self.axis = self.axis.scrolled(-turned * 0.8)
            self.place_playhead()
            self.update()

    def _press_head(self, where: QPointF) -> None:
        for number, row in enumerate(self._rows):
            if self.row_box(number).contains(where) and not row.is_current:
                self._select(row.take)
                return

    def _press_lane(self, where: QPointF) -> None:
        found = self.cell_at(where)
        if found is None:
            return
        row, cell = found
        if not row.is_current:
            self._select(row.take)
        self._select(row.take, (cell.first_tick, cell.last_tick))

    def _scrub(self, event: QMouseEvent, _is_over: bool) -> None:
        x = event.position().x()
        if x > self.width() - 4 or x < HEAD_PX:
            # At the edge the timeline moves on under the pointer.
            self.axis = self.axis.scrolled(12 if x > HEAD_PX else -12)
            self.update()
        snap = self.snap if self.studio.is_snapping and self.snap != "Tick" else "Frame"
        self.studio.player.seek(snapped(self.axis.frame(max(x, HEAD_PX)), snap, bounds_of(self._rows[0])))

    def _pan_drag(self, begin: QPointF) -> Callable[[QMouseEvent, bool], None]:
        before = self.axis

        def drag(event: QMouseEvent, _is_over: bool) -> None:
            self.axis = before.scrolled(begin.x() - event.position().x())
            self.place_playhead()
            self.update()

        return drag

    def _ruler_drag(self, where: QPointF) -> Callable[[QMouseEvent, bool], None] | None:
        """What is dragged in the ruler: a marker, an end of the work area; None: the playhead."""
        for marker in self.studio.project.markers:
            if abs(self.axis.x(marker.frame) - where.x()) <= _GRAB_PX and where.y() < 16:
                return lambda event, is_over: self._change(
                    move_marker(marker.id, self._frame_at(event)), is_over=is_over
                )
        found = self._work_area_px()
        if found is not None and where.y() >= 14:
            for end, x in zip(("start", "stop"), found, strict=True):
                if abs(x - where.x()) <= _GRAB_PX:
                    return lambda event, is_over, end=end: self._drag_end(end, event, is_over)  # type: ignore[misc]
        return None

    def _drag_end(self, end: str, event: QMouseEvent, is_over: bool) -> None:
        start, stop = self.studio.player.work_area
        frame = self._frame_at(event)
        if end == "start":
            start = min(frame, stop - 1)
        else:
            stop = max(frame, start + 1)
        self._change(set_work_area(start, stop, merge_key="work area"), is_over=is_over)

    def _change(self, edit: Edit, *, is_over: bool) -> None:
        self.studio.apply(edit)
        if is_over:
            self.studio.end_drag()

    def _select(self, take: TakeId, ticks: tuple[int, int] | None = None) -> None:
        compared = self.studio.project.selection.compared
        self.studio.apply(select(take, compared=None if compared == take else compared, ticks=ticks))

    def _frame_at(self, event: QMouseEvent) -> int:
        snap = self.snap if self.studio.is_snapping else "Frame"
        return max(0, snapped(self.axis.frame(event.position().x()), snap, bounds_of(self._rows[0])))

    def picture(self) -> QImage:
        """The lanes as an image, for the benchmark."""
        image = QImage(self.size(), QImage.Format.Format_RGB32)
        self.render(image)
        return image
