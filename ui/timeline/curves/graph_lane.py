"""The graph lane: paints curves and their keys, handles the mouse, and lists the channels in its head."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QMenu

from ui.timeline import key_drags
from ui.timeline.curves.channels import ANGLES, POSITIONS, Channel, Point
from ui.timeline.curves.graph import Graph, PointId
from ui.timeline.curves.graph_drags import GraphDrag, PointsBand
from ui.timeline.curves.tangent_handles import (
    HandleDrag,
    handle_at,
    paint_handles,
)
from ui.timeline.diamonds import SMALL_PX, paint_diamond
from ui.timeline.lane import Press
from ui.timeline.menus import fill_easings
from ui.timeline.scene import HEAD_PX, KeyId
from ui.timeline.strokes import paint_curve
from ui.timeline.translation import tr
from ui.widgets.drag import Drag

_ROW_PX, _TOP_PX = 16, 6
_DASHES = (6.0, 4.0)


class GraphLane(Graph):
    """The graph as it is seen and taken hold of."""

    # ------------------------------------------------------------------ painting

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        theme, scales = self.scene.theme, self.placed()
        for value in scales.lines(self.active_unit):
            y = round(scales.y(self.active_unit, value))
            token = "line" if abs(value) < 1e-9 else "grid"
            painter.fillRect(QRectF(HEAD_PX, y, self.box.width(), 1), theme.color(token))
        if not self.seen():
            painter.setPen(theme.color("text3"))
            text = tr("No channel is shown: click one at the left") if self.channels() else tr("Nothing to show yet")
            painter.drawText(self.body, Qt.AlignmentFlag.AlignCenter, text)
            return
        # The whole width whatever part is painted: so dashes stay where they are.
        xs = np.arange(HEAD_PX, self.box.right() + 3, 2.0)
        frames = self.scene.axis.first + (xs - self.scene.axis.left_px) / self.scene.axis.scale
        inside = frames >= 0
        for channel in self.seen():
            self._paint_curve(painter, channel, xs[inside], frames[inside])
        paint_handles(painter, self)
        for channel in self.seen():
            for point in channel.points:
                middle = self.place_of(channel, point)
                if dirty.left() - 12 <= middle.x() <= dirty.right() + 12:
                    self._paint_point(painter, channel, point, middle)
        self._paint_values(painter)

    def _paint_values(self, painter: QPainter) -> None:
        """The values of the lines, in the unit that was looked at last."""
        theme, scales = self.scene.theme, self.scales
        painter.setFont(theme.font(11))
        for value in scales.lines(self.active_unit):
            y = round(scales.y(self.active_unit, value))
            text = f"{value:g}{self.active_unit.replace('u', ' u')}"
            box = QRectF(HEAD_PX + 4, y - 7, painter.fontMetrics().horizontalAdvance(text) + 6, 14)
            if box.top() > self.box.top() and box.bottom() < self.box.bottom():
                painter.fillRect(box, theme.faded("lane", 0.8))
                painter.setPen(theme.color("text3"))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_curve(self, painter: QPainter, channel: Channel, xs: np.ndarray, frames: np.ndarray) -> None:
        theme, scales = self.scene.theme, self.scales
        values = channel.sample(frames)
        low, high = scales.range_of(channel.unit)
        ys = scales.bottom_px - (values - low) / (high - low) * (scales.bottom_px - scales.top_px)
        ys = np.clip(ys, self.box.top() - 2000, self.box.bottom() + 2000)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dashes = _DASHES if channel.is_dashed else None
        paint_curve(painter, xs, ys, theme.color(channel.token), 1.6, dashes=dashes)
        if not channel.is_parameter:
            return
        # What each chunk really gets: the value at its first tick.
        painter.setPen(QPen(theme.color(channel.token), 1.2))
        painter.setBrush(theme.color("lane"))
        first = self.scene.first_frame
        starts = np.array([first + 4.0 * cell.first_tick for cell in self.scene.current.cells])
        for frame, value in zip(starts, channel.sample(starts), strict=True):
            painter.drawEllipse(QPointF(self.scene.axis.x(frame), scales.y(channel.unit, float(value))), 2.6, 2.6)

    def _paint_point(self, painter: QPainter, channel: Channel, point: Point, middle: QPointF) -> None:
        theme = self.scene.theme
        name: PointId = (channel.name, point.key)
        middle = QPointF(round(middle.x()) + 0.5, round(middle.y()))
        if point.is_fixed:
            painter.setPen(QPen(theme.color(channel.token), 1.2))
            painter.setBrush(theme.color("lane"))
            painter.drawEllipse(middle, 3.5, 3.5)
            return
        paint_diamond(
            painter,
            theme,
            middle,
            is_chosen=name in self.points,
            is_hovered=name == self.hovered,
            is_held=point.is_held,
            half_px=SMALL_PX,
            token=channel.token,
        )

    def paint_head(self, painter: QPainter) -> None:
        theme = self.scene.theme
        frame = np.array([float(self.scene.studio.player.frame)])
        for channel, box in self._rows():
            is_seen = channel.name in self.shown
            middle = round(box.center().y())
            pen = QPen(theme.color(channel.token if is_seen else "line2"), 2)
            if channel.is_dashed:
                pen.setDashPattern([2.5, 1.5])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(pen)
            painter.drawLine(QPointF(12, middle), QPointF(24, middle))
            painter.setFont(theme.font(11, 500 if is_seen else 400))
            painter.setPen(theme.color("text" if is_seen else "text3"))
            painter.drawText(QPointF(32, middle + 4), channel.label)
            # Zero added: no minus before what rounds to nothing.
            value = f"{round(float(channel.sample(frame)[0]), 2) + 0.0:.2f}"
            painter.setFont(theme.font(11))
            painter.setPen(theme.color("text2" if is_seen else "text3"))
            painter.drawText(
                QRectF(0, box.top(), HEAD_PX - 10, box.height()),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                value,
            )

    def _rows(self) -> list[tuple[Channel, QRectF]]:
        rows = []
        known = {channel.name: channel for channel in self.channels()}
        top = self.box.top() + _TOP_PX
        for group in (POSITIONS, ANGLES, self.parameters):
            for name in group:
                if name in known:
                    rows.append((known[name], QRectF(0, top, HEAD_PX, _ROW_PX)))
                    top += _ROW_PX
            top += 4 if any(name in known for name in group) else 0
        return rows

    # ------------------------------------------------------------------ mouse

    def press(self, press: Press) -> Drag | None:
        handle = handle_at(self, press.where)
        if handle is not None:
            self.active_unit = handle.channel.unit
            return HandleDrag(self, handle)
        found = self.point_at(press.where)
        if found is None:
            return PointsBand(self, press)
        channel, point = found
        self.active_unit = channel.unit
        name: PointId = (channel.name, point.key)
        if press.is_shift:
            self.choose_points(self.points ^ {name})
            if name not in self.points:
                return None
        elif name not in self.points:
            self.choose_points(frozenset({name}))
        return GraphDrag(self, press, channel, point)

    def press_head(self, press: Press) -> None:
        """Show or hide a channel; with Shift show it alone."""
        channel = next((channel for channel, box in self._rows() if box.contains(press.where)), None)
        if channel is None:
            return
        if press.is_shift:
            self.show_only({channel.name})
        else:
            self.shown ^= {channel.name}
        if channel.name in self.shown:
            self.active_unit = channel.unit
            if not press.is_shift and not any(one.unit == channel.unit for one in self.seen() if one is not channel):
                self.frame_all()
        self.choose_active()
        self.scene.chosen_changed.emit()

    def double_click(self, press: Press) -> None:
        """A key's value is typed; on a curve a key is added."""
        found = self.point_at(press.where)
        if found is not None:
            channel, point = found
            if not point.is_fixed:
                self.scene.number_asked.emit(channel.name, point.key)
            return
        curve = self.channel_at(press.where)
        if curve is not None:
            self.add_key(curve, press)

    def fill_menu(self, menu: QMenu, press: Press) -> None:
        found = self.point_at(press.where)
        if found is not None:
            channel, point = found
            if (channel.name, point.key) not in self.points:
                self.choose_points(frozenset({(channel.name, point.key)}))
            edit = menu.addAction(tr("Edit Value..."))
            edit.triggered.connect(lambda: self.scene.number_asked.emit(channel.name, point.key))
            edit.setEnabled(not point.is_fixed)
            menu.addSeparator()
            fill_easings(menu, self.scene)
            commands = self.scene.studio.commands
            commands.refresh()
            menu.addAction(commands.action("path.automatic"))
            menu.addSeparator()
            menu.addAction(tr("Delete Key")).triggered.connect(lambda: key_drags.delete_chosen(self.scene))
            return
        curve = self.channel_at(press.where)
        if curve is not None:
            menu.addAction(tr("Add Key Here")).triggered.connect(lambda: self.add_key(curve, press))
        menu.addAction(tr("Select All Keys")).triggered.connect(self.choose_all)
        menu.addAction(tr("Frame All Values")).triggered.connect(self.frame_all)
        menu.addAction(tr("Show All Channels")).triggered.connect(
            lambda: self.show_only({channel.name for channel in self.channels()})
        )

    def cursor(self, where: QPointF) -> Qt.CursorShape | None:
        if where.x() < HEAD_PX:
            on_row = any(box.contains(where) for _, box in self._rows())
            return Qt.CursorShape.PointingHandCursor if on_row else None
        if handle_at(self, where) is not None:
            return Qt.CursorShape.CrossCursor
        found = self.point_at(where)
        return Qt.CursorShape.SizeAllCursor if found is not None and not found[1].is_fixed else None

    def key_at(self, where: QPointF) -> KeyId | None:
        found = self.point_at(where)
        self.hovered = None if found is None else (found[0].name, found[1].key)
        return None if found is None else found[1].key

    def tip(self, where: QPointF) -> str:
        if handle_at(self, where) is not None:
            return tr("Drag to change the slope of the curve at the key")
        found = self.point_at(where)
        if found is None:
            return ""
        channel, point = found
        seconds = point.frame / self.scene.studio.player.fps
        unit = {"u": " u", "": ""}.get(channel.unit, channel.unit)
        lines = [f"{channel.label} {point.value:.3f}{unit}, {seconds:.2f} s"]
        if point.is_fixed:
            lines.append(tr("the camera looks at a point here, which sets its angles"))
        return "\n".join(lines)

    def head_tip(self, where: QPointF) -> str:
        return tr("Click: show or hide. Shift and click: show alone")

    def stops(self) -> list[tuple[float, KeyId | None]]:
        found = {point.key: point.frame for channel in self.seen() for point in channel.points}
        return sorted(((frame, key) for key, frame in found.items()), key=lambda stop: stop[0])

    def described(self) -> str:
        channels_text = ", ".join(f"{one.label} ({len(one.points)})" for one in self.seen())
        return tr("{0}: {1}").format(self.name, channels_text or tr("no channel"))
