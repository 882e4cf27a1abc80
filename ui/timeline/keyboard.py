"""Keyboard on the canvas.

Reached by Tab, the arrow keys walk: up and down through the lanes, left and right through their chunks and keys, Return
types a value or adds a key, Escape gives the arrows back to the window. With keys chosen, Delete removes them and
Alt with an arrow moves them by a tick; Ctrl+A chooses all.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent

from ui.timeline import key_drags
from ui.timeline.curves import GraphLane
from ui.timeline.fields import Fields
from ui.timeline.lane import Lane, Press
from ui.timeline.mouse import KEY_LANES, Mouse
from ui.timeline.parameter_lanes import ParameterLane
from ui.timeline.strips import Strip
from ui.timeline.surface import Surface
from ui.timeline.translation import tr

_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right)
_WALKING = (*_ARROWS, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Return)
_REMOVING = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class Keyboard:
    """Keyboard input of the timeline."""

    def __init__(self, surface: Surface, mouse: Mouse, fields: Fields) -> None:
        self._surface, self._scene, self._mouse, self._fields = surface, surface.scene, mouse, fields
        self.lane: Lane | None = None
        """The lane that the arrow keys move along; None: they belong to the window."""
        self._stop = -1

    def wants(self, event: QKeyEvent) -> bool:
        """Whether a key belongs to the timeline at the moment, and not to the window."""
        key, held = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        is_plain, chosen = held == Qt.KeyboardModifier.NoModifier, self._scene.chosen
        if key == Qt.Key.Key_Escape:
            return self._mouse.drag is not None or self.lane is not None or bool(chosen)
        if chosen and key in _REMOVING and is_plain:
            return True
        if chosen and key in _ARROWS and held == Qt.KeyboardModifier.AltModifier:
            return True
        if key == Qt.Key.Key_A and held == Qt.KeyboardModifier.ControlModifier:
            return True
        if key == Qt.Key.Key_F and is_plain and self._surface.graph is not None:
            return True
        return self.lane is not None and is_plain and key in (*_WALKING, Qt.Key.Key_Enter)

    def press(self, event: QKeyEvent) -> None:
        """A key that is wanted."""
        key = Qt.Key(event.key())
        side = -1 if key in (Qt.Key.Key_Left, Qt.Key.Key_Up) else 1
        if key == Qt.Key.Key_Escape:
            self._escape()
        elif key in _REMOVING:
            key_drags.delete_chosen(self._scene)
        elif key == Qt.Key.Key_F and self._surface.graph is not None:
            self._surface.graph.frame_all()
        elif key == Qt.Key.Key_A:
            self._choose_all()
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier:
            key_drags.nudge(self._scene, side)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._walk_lanes(side)
        elif key in _ARROWS:
            self._go_to(self._stop + side)
        elif key == Qt.Key.Key_Home:
            self._go_to(0)
        elif key == Qt.Key.Key_End:
            self._go_to(len(self._stops()) - 1)
        else:
            self._enter()

    def _escape(self) -> None:
        if self._mouse.cancel():
            return
        if self._scene.chosen:
            self._scene.choose(())
        else:
            self.leave()

    def _choose_all(self) -> None:
        """Select all keys of what is visible."""
        if self._surface.graph is not None:
            self._surface.graph.choose_all()
            return
        lanes = [lane for lane in self._surface.lanes() if isinstance(lane, KEY_LANES)]
        self._scene.choose(key for lane in lanes for key in lane.all_keys())

    # ------------------------------------------------------------------ walking

    def leave(self) -> None:
        """Give the arrow keys back to the window."""
        if self.lane is not None:
            self.lane = None
            self.describe()
            self._surface.repaint_soon()

    def enter(self, lane: Lane) -> None:
        """Move the arrow keys to a lane, at the stop nearest to the playhead."""
        self.lane = lane
        frames = [frame for frame, _ in lane.stops()]
        here = self._surface.studio.player.frame
        self._stop = min(range(len(frames)), key=lambda number: abs(frames[number] - here), default=-1)
        self._surface.lane_boxes.show(lane)
        self.describe()
        self._surface.repaint_soon()

    def lanes_changed(self) -> None:
        """Stay on a lane that is still there."""
        if self.lane is not None and self.lane not in self._surface.lanes():
            self.leave()

    def _walk_lanes(self, side: int) -> None:
        lanes = self._surface.lanes()
        place = lanes.index(self.lane) if self.lane in lanes else 0
        self.enter(lanes[min(max(place + side, 0), len(lanes) - 1)])

    def _stops(self) -> list[tuple[float, tuple[str, int] | None]]:
        return [] if self.lane is None else self.lane.stops()

    def _go_to(self, number: int) -> None:
        stops, lane = self._stops(), self.lane
        if lane is None or not stops:
            return
        self._stop = min(max(number, 0), len(stops) - 1)
        frame, key = stops[self._stop]
        if isinstance(lane, Strip):
            lane.choose_at(QPointF(self._scene.axis.x(frame) + 0.5, lane.middle))
            # A branch that was walked on is the current take now, and on top.
            self.lane = lane = self._surface.strips[0]
            frames = [other for other, _ in lane.stops()]
            self._stop = frames.index(frame) if frame in frames else self._stop
        self._surface.studio.player.seek(round(frame))
        self._scene.choose(() if key is None else {key})
        self.describe()

    def _enter(self) -> None:
        """Return: the value of a key, or a key where there is none."""
        lane, stops = self.lane, self._stops()
        key = stops[self._stop][1] if 0 <= self._stop < len(stops) else None
        if key is not None and key in self._scene.chosen and isinstance(lane, ParameterLane):
            self._fields.edit_key(key)
        elif isinstance(lane, KEY_LANES):
            x = self._scene.axis.x(self._surface.studio.player.frame)
            lane.double_click(Press(where=QPointF(x, lane.middle)))
            self.enter(lane)
        elif isinstance(lane, GraphLane) and lane.points:
            channel, chosen = min(lane.points)
            self._scene.number_asked.emit(channel, chosen)

    # ------------------------------------------------------------------ words

    def describe(self) -> None:
        """Describe the current take, or the lane that the arrow keys are on, to a screen reader."""
        surface, lane = self._surface, self.lane
        text = surface.strips[0].described() if lane is None else lane.described()
        stops = self._stops()
        if 0 <= self._stop < len(stops):
            seconds = stops[self._stop][0] / surface.studio.player.fps
            text = tr("{0}. At {1:.2f} s, {2} of {3}").format(text, seconds, self._stop + 1, len(stops))
        widget = surface.widget
        if text != widget.accessibleDescription():
            widget.setAccessibleDescription(text)
            if widget.hasFocus():
                QAccessible.updateAccessibility(QAccessibleEvent(widget, QAccessible.Event.DescriptionChanged))
