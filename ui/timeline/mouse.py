"""Mouse on the canvas: which lane is pressed, what is dragged, scrolling at the edges, what is hovered."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent

from ui.timeline.camera_lane import CameraLane
from ui.timeline.curves import GraphLane
from ui.timeline.fields import Fields
from ui.timeline.key_drags import BandDrag
from ui.timeline.lane import Lane, Press
from ui.timeline.layout import Zone
from ui.timeline.parameter_lanes import ParameterLane
from ui.timeline.ruler import ScrubDrag
from ui.timeline.scene import HEAD_PX, KeyId
from ui.timeline.strips import Strip
from ui.timeline.surface import Surface
from ui.widgets.drag import Drag

_SCROLL_MS, _EDGE_PX = 30, 16
_WHEEL_ZOOM = 1.2
_GRAB_PX = 4.5
"""On both sides of the playhead."""
_HELD = Qt.KeyboardModifier
KEY_LANES = (CameraLane, ParameterLane)
"""Lanes of which a band over several chooses keys."""


class _Pan(Drag):
    """The middle button takes hold of the timeline itself."""

    def __init__(self, surface: Surface, where: QPointF, zone: Zone | None, lane: Lane | None) -> None:
        self._surface, self._axis, self._begin, self._last_y = surface, surface.scene.axis, where, where.y()
        self._zone, self._lane = zone, lane

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._surface.scene.set_axis(self._axis.scrolled(self._begin.x() - where.x()))
        moved, self._last_y = self._last_y - where.y(), where.y()
        if isinstance(self._lane, GraphLane):
            self._lane.set_scales(self._lane.scales.scrolled(moved))
        elif self._zone is not None:
            self._surface.scroll_zone(self._zone, moved)


class _Thumb(Drag):
    """The handle of a zone's scroll bar."""

    def __init__(self, surface: Surface, zone: Zone, where: QPointF) -> None:
        self._surface, self._zone, self._last_y = surface, zone, where.y()

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        moved = (where.y() - self._last_y) * self._zone.height / max(self._zone.box.height(), 1)
        self._last_y = where.y()
        self._surface.scroll_zone(self._zone, moved)


class Mouse(QObject):
    """Mouse input of the timeline."""

    def __init__(self, surface: Surface, fields: Fields) -> None:
        super().__init__(surface.widget)
        self._surface, self._scene, self._fields = surface, surface.scene, fields
        self.drag: Drag | None = None
        self._last = (QPointF(), Qt.KeyboardModifier.NoModifier)
        self._scrolling = QTimer(self)
        self._scrolling.setInterval(_SCROLL_MS)
        self._scrolling.timeout.connect(self._scroll_on)

    # ------------------------------------------------------------------ buttons

    def press(self, event: QMouseEvent) -> None:
        where = event.position()
        if self.drag is not None or not self._scene.rows:
            return
        press = Press(where=where, modifiers=event.modifiers())
        if event.button() == Qt.MouseButton.MiddleButton:
            self._begin(_Pan(self._surface, where, self._surface.zone_at(where), self._surface.lane_at(where)), press)
            self._surface.widget.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._left(press)

    def _left(self, press: Press) -> None:
        surface, where = self._surface, press.where
        zone, lane = surface.zone_at(where), surface.lane_at(where)
        thumb = None if zone is None else surface.lane_boxes.thumb_of(zone, surface.widget.width())
        if zone is not None and thumb is not None and where.x() >= thumb.left() - 3:
            self._begin(_Thumb(surface, zone, where), press)
        elif lane is None:
            return
        elif where.x() < HEAD_PX:
            lane.press_head(press)
        else:
            drag = ScrubDrag(self._scene, press) if self._is_on_playhead(where, lane) else lane.press(press)
            if drag is None and isinstance(lane, KEY_LANES) and lane.key_at(where) is None:
                drag = BandDrag(self._scene, press, self._keys_in)
            if drag is not None:
                self._begin(drag, press)

    def _is_on_playhead(self, where: QPointF, lane: Lane) -> bool:
        """Whether the playhead is what is grabbed: on lanes where a press would do something else, but on keys."""
        x = self._scene.axis.x(self._scene.studio.player.frame)
        return (
            isinstance(lane, (*KEY_LANES, GraphLane)) and abs(where.x() - x) <= _GRAB_PX and lane.key_at(where) is None
        )

    def _begin(self, drag: Drag, press: Press) -> None:
        self.drag, self._last = drag, (press.where, press.modifiers)

    def _keys_in(self, band: QRectF) -> list[KeyId]:
        lanes = [lane for lane in self._surface.lanes() if isinstance(lane, KEY_LANES)]
        return [key for lane in lanes for key in lane.keys_in(band)]

    def move(self, event: QMouseEvent) -> None:
        where = event.position()
        if self.drag is None:
            self.hover(where)
            return
        self._last = (where, event.modifiers())
        self.drag.move(where, event.modifiers())
        is_panning = isinstance(self.drag, (_Pan, _Thumb))
        if self._beyond(where) and not is_panning:
            if not self._scrolling.isActive():
                self._scrolling.start()
        else:
            self._scrolling.stop()

    def _beyond(self, where: QPointF) -> float:
        """Distance of a point past the edge at which the timeline scrolls; negative at the left."""
        right, left = self._surface.widget.width() - _EDGE_PX, HEAD_PX + _EDGE_PX / 2
        return max(where.x() - right, 0.0) or min(where.x() - left, 0.0)

    def _scroll_on(self) -> None:
        """Scroll at the edge, the faster the farther out the pointer is."""
        where, modifiers = self._last
        beyond = self._beyond(where)
        if self.drag is None or not beyond:
            self._scrolling.stop()
            return
        speed = min(max(abs(beyond), 4.0), 60.0)
        self._scene.set_axis(self._scene.axis.scrolled(speed if beyond > 0 else -speed))
        self.drag.move(where, modifiers)

    def release(self, event: QMouseEvent) -> None:
        if self.drag is not None and event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            drag, self.drag = self.drag, None
            self._scrolling.stop()
            drag.finish()
            self._surface.keep_fitted()
            self.hover(event.position())

    def cancel(self) -> bool:
        """Cancel the drag and undo it; False if there is none."""
        if self.drag is None:
            return False
        drag, self.drag = self.drag, None
        self._scrolling.stop()
        drag.cancel()
        self._surface.keep_fitted()
        return True

    def double_click(self, event: QMouseEvent) -> None:
        press = Press(where=event.position(), modifiers=event.modifiers())
        lane = self._surface.lane_at(press.where)
        if event.button() != Qt.MouseButton.LeftButton or lane is None:
            return
        if press.where.x() >= HEAD_PX:
            lane.double_click(press)
        elif isinstance(lane, Strip) and lane.button_at(press.where) < 0:
            self._fields.name_take()
        else:
            lane.press_head(press)

    # ------------------------------------------------------------------ hovering, wheel

    def hover(self, where: QPointF) -> None:
        """Show what is under the mouse."""
        surface, scene = self._surface, self._scene
        lane = surface.lane_at(where)
        key = lane.key_at(where) if lane is not None and where.x() >= HEAD_PX else None
        if key != scene.hovered:
            scene.hovered = key
            surface.update_keys()
        for strip in surface.strips[:1]:
            button = strip.button_at(where) if lane is strip else -1
            if button != strip.hovered_button:
                strip.hovered_button = button
                surface.update_box(QRectF(0, strip.box.top(), HEAD_PX, strip.box.height()), strip)
        shape = lane.cursor(where) if lane is not None else None
        if lane is not None and where.x() >= HEAD_PX and self._is_on_playhead(where, lane):
            shape = Qt.CursorShape.SplitHCursor
        surface.widget.setCursor(Qt.CursorShape.ArrowCursor if shape is None else shape)

    def wheel(self, event: QWheelEvent) -> None:
        """Along the time; with Ctrl zoom at the mouse; over heads, or with Shift, up and down."""
        surface, where = self._surface, event.position()
        turned, sideways, held = event.angleDelta().y(), event.angleDelta().x(), event.modifiers()
        amount, lane = turned or sideways, surface.lane_at(where)
        is_upright = where.x() < HEAD_PX or bool(held & _HELD.ShiftModifier)
        if isinstance(lane, GraphLane) and held & _HELD.ShiftModifier:
            scales = lane.scales
            is_zoom = bool(held & _HELD.ControlModifier)
            by = _WHEEL_ZOOM ** (amount / 120)
            lane.set_scales(scales.zoomed(by, where.y()) if is_zoom else scales.scrolled(-amount * 0.4))
            return
        if held & _HELD.ControlModifier:
            surface.zoom(_WHEEL_ZOOM ** (amount / 120), where.x())
            return
        zone = surface.zone_at(where)
        if zone is not None and zone.most > 0 and amount and is_upright:
            surface.scroll_zone(zone, -amount * 0.5)
            return
        self._scene.set_axis(self._scene.axis.scrolled(-amount * 0.8))
