"""The ruler: numbers and ticks in seconds, frames or chunks, the work area, the markers; a drag on it scrubs."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QMenu

from astra_studio.document.edits import delete_marker, move_marker, set_work_area
from astra_studio.document.model import MarkerId
from ui.timeline.axis import ruler_step
from ui.timeline.lane import GRAB_PX, TEXT_X, Lane, Press
from ui.timeline.scene import HEAD_PX, KeyId, Scene
from ui.timeline.translation import tr
from ui.widgets.drag import Drag

RULER_PX = 26
Unit = Literal["seconds", "frames", "chunks"]
AreaPart = Literal["start", "stop", "all"]
_UNITS: tuple[Unit, ...] = ("seconds", "frames", "chunks")
_AREA_PX = 6
_MARKER_PX = 16
"""From the top: what is grabbed there is a marker."""
_FRAME_STEPS = (1, 2, 4, 8, 16, 32, 64, 160, 320, 800, 1600, 4000, 8000)


class ScrubDrag(Drag):
    """The playhead follows the mouse."""

    def __init__(self, scene: Scene, press: Press) -> None:
        self._scene = scene
        scene.scrub(press.where.x(), press.modifiers)

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._scene.scrub(where.x(), modifiers)


class _MarkerDrag(Drag):
    def __init__(self, scene: Scene, marker: MarkerId, frame: int) -> None:
        self._scene, self._marker, self._before = scene, marker, frame

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        frame = self._scene.snapped_frame(self._scene.axis.frame(where.x()), modifiers)
        self._scene.apply(move_marker(self._marker, round(frame)))

    def finish(self) -> None:
        self._scene.studio.end_drag()

    def cancel(self) -> None:
        self._scene.apply(move_marker(self._marker, self._before))
        self.finish()


class _AreaDrag(Drag):
    """An end of the work area, or all of it."""

    def __init__(self, scene: Scene, part: AreaPart, press: Press) -> None:
        self._scene, self._part = scene, part
        self._before, self._range = scene.studio.project.work_area, scene.work_area()
        self._begin = scene.axis.frame(press.where.x())

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        scene, (start, stop) = self._scene, self._range
        frame = scene.axis.frame(where.x())
        if self._part == "start":
            start = min(round(scene.snapped_frame(frame, modifiers)), stop - 1)
        elif self._part == "stop":
            stop = max(round(scene.snapped_frame(frame, modifiers)), start + 1)
        else:
            moved = round(scene.snapped_frame(start + frame - self._begin, modifiers))
            start, stop = moved, moved + stop - start
        scene.apply(set_work_area(start, stop, merge_key="work area"))

    def finish(self) -> None:
        self._scene.studio.end_drag()

    def cancel(self) -> None:
        self._scene.apply(set_work_area(self._before.start, self._before.stop, merge_key="work area"))
        self.finish()


class Ruler(Lane):
    """The lane of time itself."""

    height = RULER_PX

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.unit: Unit = "seconds"
        self.name = tr("Ruler")

    # ------------------------------------------------------------------ painting

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        theme = self.scene.theme
        painter.fillRect(dirty, theme.color("panel"))
        painter.fillRect(QRectF(dirty.left(), self.box.bottom() - 1, dirty.width(), 1), theme.color("line"))
        self._paint_work_area(painter)
        painter.setFont(theme.font(11))
        if self.unit == "chunks":
            self._paint_chunks(painter, dirty)
        else:
            self._paint_numbers(painter, dirty)
        self._paint_markers(painter)

    def _paint_numbers(self, painter: QPainter, dirty: QRectF) -> None:
        scene, theme = self.scene, self.scene.theme
        axis, rate, per_tick = scene.axis, scene.clock.fps, scene.clock.frames_per_latent
        bottom = self.box.bottom() - 1
        if axis.scale * per_tick >= 5:
            first = scene.first_frame - 1
            tick = int(scene.clock.tick_of_frame(axis.frame(dirty.left()), first))
            while (x := axis.x(scene.clock.frame_of_tick(tick, first))) < dirty.right():
                painter.fillRect(QRectF(round(x), bottom - 4, 1, 4), theme.color("line2"))
                tick += 1
        if self.unit == "seconds":
            step_frames = ruler_step(axis.scale, rate) * rate
        else:
            step_frames = next((step for step in _FRAME_STEPS if step * axis.scale >= 56), 20_000)
        # A number reaches to the right of its line.
        number = int(max(axis.frame(dirty.left() - 60), 0) / step_frames)
        while (x := axis.x(number * step_frames)) < dirty.right():
            painter.fillRect(QRectF(round(x), bottom - 11, 1, 11), theme.color("edge"))
            painter.setPen(theme.color("text2"))
            shown = number * step_frames / rate if self.unit == "seconds" else number * step_frames
            painter.drawText(QPointF(round(x) + 4, 13), f"{shown:g}")
            number += 1

    def _paint_chunks(self, painter: QPainter, dirty: QRectF) -> None:
        theme, axis = self.scene.theme, self.scene.axis
        bottom, free = self.box.bottom() - 1, -1.0
        for cell in self.scene.current.cells:
            x = axis.x(cell.start)
            if x > dirty.right():
                return
            painter.fillRect(QRectF(round(x), bottom - 11, 1, 11), theme.color("edge"))
            if x >= free:
                painter.setPen(theme.color("text2"))
                painter.drawText(QPointF(round(x) + 4, 13), str(cell.cell.number))
                free = x + 8 + painter.fontMetrics().horizontalAdvance(str(cell.cell.number))

    def work_area_px(self) -> tuple[float, float] | None:
        """Left and right end of the work area; None where there is none."""
        area, axis = self.scene.studio.project.work_area, self.scene.axis
        if area.start is None and area.stop is None:
            return None
        start, stop = self.scene.work_area()
        return axis.x(start), axis.x(stop)

    def _paint_work_area(self, painter: QPainter) -> None:
        found = self.work_area_px()
        if found is None:
            return
        theme, bottom = self.scene.theme, self.box.bottom() - 1
        left, right = (round(x) for x in found)
        painter.fillRect(QRectF(left, bottom - _AREA_PX, right - left, _AREA_PX), theme.color("selected"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(theme.color("text"), 2))
        for x, side in ((left + 1, 1), (right - 1, -1)):
            top, low, inner = bottom - _AREA_PX - 1, bottom - 1, x + 4 * side
            corners = (QPointF(inner, top), QPointF(x, top), QPointF(x, low), QPointF(inner, low))
            painter.drawPolyline(QPolygonF(corners))

    def _paint_markers(self, painter: QPainter) -> None:
        theme = self.scene.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(11))
        for marker in self.scene.studio.project.markers:
            x = round(self.scene.axis.x(marker.frame)) + 0.5
            if marker.name:
                width = painter.fontMetrics().horizontalAdvance(marker.name) + 4
                painter.fillRect(QRectF(x + 6, 3, width + 2, 13), theme.color("panel"))
                painter.setPen(theme.color("text2"))
                painter.drawText(QPointF(x + 9, 13), marker.name)
            painter.setPen(QPen(theme.color("panel"), 2))
            painter.setBrush(theme.color("take_a"))
            shape = (QPointF(-4.5, 5), QPointF(4.5, 5), QPointF(4.5, 12), QPointF(0, 16.5), QPointF(-4.5, 12))
            painter.drawPolygon(QPolygonF([QPointF(x, 0) + corner for corner in shape]))

    def paint_head(self, painter: QPainter) -> None:
        theme = self.scene.theme
        painter.fillRect(QRectF(0, self.box.top(), HEAD_PX, self.box.height()), theme.color("panel"))
        painter.setFont(theme.font(11))
        painter.setPen(theme.color("text3"))
        painter.drawText(QPointF(TEXT_X, self.middle + 4), tr(self.unit))

    # ------------------------------------------------------------------ mouse

    def press(self, press: Press) -> Drag | None:
        where = press.where
        marker = self._marker_at(where)
        if marker is not None:
            known = next(other for other in self.scene.studio.project.markers if other.id == marker)
            return _MarkerDrag(self.scene, marker, known.frame)
        part = self._area_part_at(where)
        if part is not None:
            return _AreaDrag(self.scene, part, press)
        return ScrubDrag(self.scene, press)

    def press_head(self, press: Press) -> None:
        self.unit = _UNITS[(_UNITS.index(self.unit) + 1) % len(_UNITS)]
        self.scene.axis_changed.emit()

    def double_click(self, press: Press) -> None:
        marker = self._marker_at(press.where)
        if marker is not None:
            frame = next(other.frame for other in self.scene.studio.project.markers if other.id == marker)
            self.scene.studio.player.seek(frame)
            self.scene.studio.commands.trigger("play.edit_marker")

    def fill_menu(self, menu: QMenu, press: Press) -> None:
        commands, marker = self.scene.studio.commands, self._marker_at(press.where)
        if marker is not None:
            menu.addAction(tr("Rename Marker...")).triggered.connect(lambda: self.double_click(press))
            menu.addAction(tr("Delete Marker")).triggered.connect(lambda: self.scene.apply(delete_marker(marker)))
            menu.addSeparator()
        else:
            self.scene.scrub(press.where.x())
            commands.refresh()
        for name in ("play.marker", "play.mark_in", "play.mark_out", "play.mark_chunk", "play.clear_marks"):
            menu.addAction(commands.action(name))

    def head_tip(self, where: QPointF) -> str:
        return tr("Count in seconds, frames or chunks")

    def tip(self, where: QPointF) -> str:
        marker = self._marker_at(where)
        known = next((other for other in self.scene.studio.project.markers if other.id == marker), None)
        if known is None:
            return ""
        seconds = known.frame / self.scene.clock.fps
        return tr("{0}, frame {1}, {2:.2f} s").format(known.name or tr("Marker"), known.frame, seconds)

    def cursor(self, where: QPointF) -> Qt.CursorShape | None:
        part = self._area_part_at(where)
        if self._marker_at(where) is not None or part in ("start", "stop"):
            return Qt.CursorShape.SizeHorCursor
        return None if part is None else Qt.CursorShape.OpenHandCursor

    def stops(self) -> list[tuple[float, KeyId | None]]:
        return [(float(marker.frame), None) for marker in self.scene.studio.project.markers]

    def _marker_at(self, where: QPointF) -> MarkerId | None:
        if where.y() >= self.box.top() + _MARKER_PX:
            return None
        for marker in self.scene.studio.project.markers:
            if abs(self.scene.axis.x(marker.frame) - where.x()) <= GRAB_PX:
                return marker.id
        return None

    def _area_part_at(self, where: QPointF) -> AreaPart | None:
        """What of the work area's bar is under a point."""
        found = self.work_area_px()
        if found is None or where.y() < self.box.bottom() - _AREA_PX - 6:
            return None
        if abs(found[0] - where.x()) <= GRAB_PX:
            return "start"
        if abs(found[1] - where.x()) <= GRAB_PX:
            return "stop"
        on_bar = found[0] < where.x() < found[1] and where.y() >= self.box.bottom() - _AREA_PX - 1
        return "all" if on_bar else None
