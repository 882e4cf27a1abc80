"""Drags on the graph: keys in time and value, each drag one step of undo; and the selection rectangle."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt

from astra_studio.document import key_edits, parameters
from astra_studio.document.action_edits import set_actions
from astra_studio.document.edits import Edit, together
from astra_studio.document.path_edits import set_path
from astra_studio.document.paths import Drawn
from engine.trajectories import key_edits as path_keys
from ui.timeline.curves.channels import Channel, Point, with_camera_values, with_number_values
from ui.timeline.curves.graph import Graph, PointId
from ui.timeline.key_drags import moved_shift
from ui.timeline.lane import Press
from ui.timeline.scene import CAMERA, KeyId
from ui.widgets.drag import Drag

_CLICK_PX = 3


class GraphDrag(Drag):
    """The chosen keys follow the mouse; Shift holds the axis that the mouse has moved less along."""

    def __init__(self, graph: Graph, press: Press, channel: Channel, point: Point) -> None:
        self._graph, self._begin, self._grabbed = graph, press.where, point
        scene = graph.scene
        self._take, self._keys = scene.take.id, scene.take.keys
        self._asked = (scene.take.actions, scene.take.path)
        self._points, self._chosen = graph.points, scene.chosen
        self._drawn = scene.editable() if any(name == CAMERA for name, _ in self._chosen) else None
        self._fixed = {(one.name, other.key) for one in graph.seen() for other in one.points if other.is_fixed}
        self._units = {one.name: one.unit for one in graph.seen()}
        self._scales = graph.placed()
        self._last = (0.0, 0.0)
        self._has_moved = False

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        moved = where - self._begin
        if not self._has_moved and moved.manhattanLength() < _CLICK_PX:
            return
        self._has_moved = True
        across, up = moved.x(), -moved.y()
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            across, up = (across, 0.0) if abs(across) >= abs(up) else (0.0, up)
        shift = self._shift_frames(across, modifiers)
        if (shift, up) != self._last:
            self._last = (shift, up)
            self._apply(shift, up)

    def _shift_frames(self, across_px: float, modifiers: Qt.KeyboardModifier) -> float:
        if abs(across_px) < _CLICK_PX:
            return 0.0
        scene, begin = self._graph.scene, self._grabbed.frame
        is_pose = self._grabbed.key[0] == CAMERA
        wanted = begin + across_px / scene.axis.scale
        if is_pose:
            return scene.snapped_frame(wanted, modifiers, is_pose=True) - begin
        tick = scene.snapped_tick(scene.clock.tick_of_frame(wanted, scene.first_frame), modifiers)
        return scene.clock.frame_of_tick(tick, scene.first_frame) - begin

    def _apply(self, shift_frames: float, up_px: float) -> None:
        scene, parts = self._graph.scene, list[Edit]()
        by = {
            point: up_px * self._scales.per_px(self._units[point[0]])
            for point in self._points
            if point not in self._fixed and point[0] in self._units
        }
        places = frozenset(key for key in self._chosen if key[0] != CAMERA)
        cameras = frozenset(number for name, number in self._chosen if name == CAMERA)
        renamed: dict[KeyId, KeyId] = {key: key for key in self._chosen}
        if places:
            changed = with_number_values(self._keys, {key: value for (_, key), value in by.items()}, scene.limits)
            ticks = round(shift_frames / scene.clock.frames_per_latent)
            shift = moved_shift(places, ticks)
            renamed |= {(name, tick): (name, tick + shift) for name, tick in places}
            parts.append(key_edits.set_keys(self._take, parameters.moved(changed, places, ticks), ""))
        if cameras and self._drawn is not None:
            changes: Mapping[tuple[int, str], float] = {
                (key[1], channel): value for (channel, key), value in by.items() if key[0] == CAMERA
            }
            path = with_camera_values(self._drawn.path, changes)
            path = path_keys.shifted(path, cameras, shift_frames / scene.clock.fps, clock=scene.clock)
            parts.append(set_path(self._take, Drawn(path=path, modality=self._drawn.modality)))
        if scene.apply(together("Change curve", parts, merge_key="drag curve")):
            self._graph.choose_points(frozenset((channel, renamed[key]) for channel, key in self._points))

    def finish(self) -> None:
        if self._has_moved:
            self._graph.scene.studio.end_drag()

    def cancel(self) -> None:
        if not self._has_moved:
            return
        parts = [key_edits.set_keys(self._take, self._keys, "")]
        if any(name == CAMERA for name, _ in self._chosen):
            parts.append(set_actions(self._take, *self._asked))
        self._graph.scene.apply(together("Change curve", parts, merge_key="drag curve"))
        self._graph.scene.studio.end_drag()
        self._graph.choose_points(self._points)


class PointsBand(Drag):
    """A band that chooses the keys of channels in it; with Shift, too."""

    def __init__(self, graph: Graph, press: Press) -> None:
        self._graph, self._begin = graph, press.where
        self._before = graph.points if press.is_shift else frozenset[PointId]()
        if not press.is_shift:
            graph.choose_points(frozenset())

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        graph = self._graph
        if graph.scene.band is None and (where - self._begin).manhattanLength() < _CLICK_PX:
            return
        band = QRectF(self._begin, where).normalized()
        graph.scene.band = band.intersected(graph.body)
        inside = {
            (channel.name, point.key)
            for channel in graph.seen()
            for point in channel.points
            if band.contains(graph.place_of(channel, point))
        }
        graph.choose_points(self._before | inside)

    def finish(self) -> None:
        self._graph.scene.band = None
        self._graph.scene.chosen_changed.emit()

    def cancel(self) -> None:
        self._graph.choose_points(self._before)
        self.finish()
