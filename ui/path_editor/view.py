"""One view of the path: painted from above, from the side or in 3D; takes mouse and keyboard input."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QWidget

from engine.poses import Floats
from ui.path_editor import furniture, painting
from ui.path_editor.arms import ArmDrag, arm_at, paint_arms
from ui.path_editor.drags import (
    BoxDrag,
    FlyDrag,
    LookDrag,
    MoveDrag,
    OrbitDrag,
    PanDrag,
    PenDrag,
    TurnDrag,
    ViewDrag,
)
from ui.path_editor.editing import PathEditing
from ui.path_editor.flying import KEYS, Flying
from ui.path_editor.gizmo import Gizmo, Handle, frame_of
from ui.path_editor.painting import FRUSTUM_PX, PLAYHEAD_PX, Look
from ui.path_editor.projection import Flat, Kind, Orbit, Projection, Through
from ui.path_editor.scene import PathScene
from ui.widgets import run_menu

_KEY_GRAB_PX, _LINE_GRAB_PX = 9.0, 5.0
_EDGE_PX = 8
"""What is nearer to the edge of a view counts as outside."""
_NUDGE_UNITS = 0.01
_FLOOR_BELOW_EYE = 0.12
"""Scene units under the camera that is looked through: seen from its own height, the ground is a line."""
_AXIS_KEYS = {Qt.Key.Key_X: 0, Qt.Key.Key_Y: 1, Qt.Key.Key_Z: 2}
_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
_MENU = (
    "path.add_key", "path.duplicate", "path.remove_key", "path.automatic", "",
    "path.from_view", "path.look_through", "",
    "path.select_all", "path.frame_all", "path.snap", "",
    "path.reverse", "path.mirror", "path.make_keys", "path.clear",
)  # fmt: skip


class PathView(QWidget):
    """One projection. What is shown is set by the pane; what is done goes to `PathEditing`."""

    recording_cancelled = Signal()

    def __init__(self, editing: PathEditing, flying: Flying, kind: Kind) -> None:
        super().__init__()
        self.editing, self.flying, self.kind = editing, flying, kind
        self.studio, self.theme = editing.studio, editing.studio.theme
        self.scene = PathScene()
        self.projection: Projection = Flat(kind=kind) if kind != "3d" else Orbit()
        self.looks_through = False
        """Whether a 3D view shows what the path's camera sees."""
        self.picture: QImage | None = None
        """What has been made at the playhead, for a view that looks through."""
        self.aspect = 832 / 480
        self._is_fitted, self._is_looked_around = False, False
        self._last_shown: tuple[int, list[float]] = (-1, [])
        self._drag: ViewDrag | None = None
        self._hot: Handle | None = None
        self._hovered = -1
        self._painted: tuple[object, QPixmap] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 110)
        names = {"top": self.tr("Path from above"), "side": self.tr("Path from the side"), "3d": self.tr("Path in 3D")}
        self.setAccessibleName(names[kind])
        self.theme.changed.connect(self.update)
        editing.changed.connect(self._chosen)

    def sizeHint(self) -> QSize:
        return QSize(376, 337 if self.kind != "3d" else 181)

    # ------------------------------------------------------------------ what is shown

    def show_scene(self, scene: PathScene) -> None:
        """Show another path, or the same one changed."""
        is_new, self.scene = self.scene.is_empty and not scene.is_empty, scene
        if not self._is_fitted or (is_new and not self._sees(scene.extent())) or self._has_lost_active():
            self.fit()
        count = len(scene.keys)
        chosen = ", ".join(str(number + 1) for number in sorted(self.editing.selected))
        words = self.tr("{0} keys, {1} ticks, {2} faster than trained").format(
            count, len(scene.ticks) - 1, int(scene.fast.sum())
        )
        self.setAccessibleDescription(f"{words}; {self.tr('chosen')}: {chosen or self.tr('none')}")
        self.update()

    def _chosen(self) -> None:
        """Other keys were chosen: the active one is to be seen."""
        if self._is_fitted and self._has_lost_active():
            self.fit()
        self.update()

    def repaint_soon(self) -> None:
        """Paint the view at the next occasion."""
        self.update()

    def set_projection(self, projection: Projection) -> None:
        """Look from elsewhere; from then on the view stays there."""
        self.projection, self._is_looked_around = projection, True
        self.update()

    def fit(self) -> None:
        """Show the whole path, also after the view has changed its size, until it is looked around in."""
        self._is_fitted, self._is_looked_around = True, False
        self.projection = self.projection.sized(self.width(), self.height()).fitted(self.scene.extent())
        self.update()

    def set_looking_through(self, is_on: bool) -> None:
        """Look through the path's camera, or freely."""
        self.looks_through = is_on
        self.update()

    def _has_lost_active(self) -> bool:
        """Whether another key has become the active one, or it has been put elsewhere, and it lies outside."""
        active, keys = self.editing.active, self.scene.keys
        place = keys[active, :3, 3].tolist() if 0 <= active < len(keys) else []
        if self._drag is not None or self.editing.is_dragging or (active, place) == self._last_shown:
            return False
        self._last_shown = (active, place)
        # A key that was put where this view looks from cannot be seen in it, and is not lost.
        is_eye = isinstance(self.projection, Orbit) and bool(place) and np.allclose(place, self.projection.eye[:3, 3])
        return bool(place) and not is_eye and not self._sees(keys[active : active + 1, :3, 3])

    def _sees(self, points: Floats) -> bool:
        """Whether all of the points (N, 3) lie within the view."""
        pixels, depths = self.projection.project(points)
        size = (self.width() - _EDGE_PX, self.height() - _EDGE_PX)
        return bool((depths > 0).all() and (pixels > _EDGE_PX).all() and (pixels < size).all())

    @property
    def eye(self) -> Floats:
        """Camera-to-world pose (4, 4) that this view looks from."""
        projection = self.current_projection()
        if isinstance(projection, Orbit | Through):
            return projection.eye
        return self.scene.pose_at(self.editing.time_s)

    def current_projection(self) -> Projection:
        """The projection of this moment: a camera that is looked through moves with the playhead, or flies."""
        if self.kind == "3d" and self.flying.is_recording:
            return Through(eye=self.flying.pose, aspect=self.aspect, width=self.width(), height=self.height())
        if self.kind == "3d" and self.looks_through:
            eye = self.scene.pose_at(self.editing.time_s)
            return Through(eye=eye, aspect=self.aspect, width=self.width(), height=self.height())
        return self.projection

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.projection = self.projection.sized(self.width(), self.height())
        if not self._is_looked_around:
            self.fit()

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter)
        painter.end()

    def paint(self, painter: QPainter) -> None:
        """The whole view; also what the benchmark times."""
        theme, scene, projection = self.theme, self.scene, self.current_projection()
        look = self._look()
        is_through = isinstance(projection, Through)
        if is_through:
            self._paint_still(painter, projection)
        else:
            painter.drawPixmap(0, 0, self._still(projection, painter.device().devicePixelRatioF()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if scene.is_empty and not self.flying.is_recording:
            furniture.paint_empty(painter, theme, QRectF(self.rect()), self._empty_words())
            if isinstance(projection, Flat):
                furniture.paint_scale(painter, theme, projection)
        else:
            painting.paint_past(painter, theme, projection, scene, look)
            self._paint_cameras(painter, projection, look, is_through=is_through)
            self._paint_handles(painter)
        if self.flying.is_recording and not is_through:
            painting.paint_flight(painter, theme, projection, self.flying.recorded)
            size = self._frustum_depth(projection, PLAYHEAD_PX)
            painting.paint_camera(painter, theme, projection, self.flying.pose, size, "error")
        if self._drag is not None:
            self._drag.paint(painter)
        self._paint_furniture(painter, projection)

    def _still(self, projection: Projection, ratio: float) -> QPixmap:
        """What does not move with the playhead, painted once until something of it changes."""
        key = (self.scene, projection, self.theme.name, self.size().toTuple(), ratio, self.flying.is_recording)
        if self._painted is None or self._painted[0] != key:
            pixmap = QPixmap(self.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            painter = QPainter(pixmap)
            self._paint_still(painter, projection)
            painter.end()
            self._painted = (key, pixmap)
        return self._painted[1]

    def _paint_still(self, painter: QPainter, projection: Projection) -> None:
        theme, scene = self.theme, self.scene
        painter.fillRect(self.rect(), theme.color("canvas"))
        if isinstance(projection, Flat):
            painting.paint_flat_grid(painter, theme, projection)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_ground(painter, projection)
        if scene.is_empty and not self.flying.is_recording:
            return
        if isinstance(projection, Orbit):
            painting.paint_drops(painter, theme, projection, scene)
        painting.paint_ghost(painter, theme, projection, scene)
        painting.paint_way(painter, theme, projection, scene)

    def _look(self) -> Look:
        time_s = self.editing.time_s
        return Look(
            selected=self.editing.selected,
            active=self.editing.active,
            hovered=self._hovered,
            time_s=time_s,
            playhead=self.scene.pose_at(time_s),
        )

    def _paint_ground(self, painter: QPainter, projection: Projection) -> None:
        if isinstance(projection, Through):
            furniture.paint_picture(painter, self.theme, projection, self._backdrop())
            floor = float(projection.eye[1, 3]) + _FLOOR_BELOW_EYE
            if self._backdrop() is None:
                around = np.concatenate([self.scene.extent(), projection.eye[None, :3, 3]])
                painting.paint_floor(painter, self.theme, projection, around, floor, "line2")
        else:
            painting.paint_floor(painter, self.theme, projection, self.scene.extent(), 0.0, "grid")

    def _backdrop(self) -> QImage | None:
        return None if self.flying.is_recording else self.picture

    def _paint_cameras(self, painter: QPainter, projection: Projection, look: Look, *, is_through: bool) -> None:
        depth = self._frustum_depth(projection, FRUSTUM_PX)
        painting.paint_keys(painter, self.theme, projection, self.scene, look, depth)
        if is_through:
            return
        active = self.editing.active
        path = self.scene.path
        if path is not None and 0 <= active < len(path.keys) and (point := path.keys[active].look_at) is not None:
            eye = self.scene.keys[active, :3, 3]
            painting.paint_look_at(painter, self.theme, projection, eye, np.array(point))
        size = self._frustum_depth(projection, PLAYHEAD_PX)
        painting.paint_camera(painter, self.theme, projection, look.playhead, size)

    def _frustum_depth(self, projection: Projection, pixels: float) -> float:
        """Scene units that a pyramid is deep: the same all over a view."""
        if isinstance(projection, Orbit):
            return pixels * projection.distance / projection.focal
        return pixels / projection.scale_at(self.scene.line.mean(axis=0))

    def _paint_handles(self, painter: QPainter) -> None:
        gizmo = self.gizmo()
        is_meant = self.kind != "3d" or self.hasFocus() or self.underMouse()
        if gizmo is not None and is_meant and not isinstance(self._drag, BoxDrag):
            painting.paint_gizmo(painter, self.theme, gizmo, self._hot, quiet_ring=self.editing.tool != "rotate")
        paint_arms(painter, self)

    def _paint_furniture(self, painter: QPainter, projection: Projection) -> None:
        theme = self.theme
        if self.kind == "3d":
            words = "3D"
            if self.flying.is_recording:
                words = self.tr("Recording {0:.1f} s").format(self.flying.recorded_s)
            elif self.looks_through:
                words = self.tr("Through the camera")
            furniture.paint_chip(painter, theme, words, is_recording=self.flying.is_recording)
            if isinstance(projection, Orbit):
                furniture.paint_triad(painter, theme, projection)
        elif isinstance(projection, Flat) and not self.scene.is_empty:
            if self._drag is None or not self._drag.words:
                furniture.paint_scale(painter, theme, projection)
            furniture.paint_legend(painter, theme, QRectF(self.rect()))
        if self._drag is not None and self._drag.words:
            furniture.paint_label(painter, theme, QRectF(self.rect()), self._drag.words)

    def _empty_words(self) -> str:
        return self.tr("Press Enter to add a key, or pick a preset") if self.kind != "3d" else ""

    # ------------------------------------------------------------------ handles and keys under the pointer

    def gizmo(self) -> Gizmo | None:
        """The handles around the chosen keys; None where there are none to be taken hold of."""
        editing, scene = self.editing, self.scene
        chosen = [number for number in sorted(editing.selected) if number < len(scene.keys)]
        if not chosen or editing.tool in ("pen", "select") or isinstance(self.current_projection(), Through):
            return None
        origin = scene.keys[chosen, :3, 3].mean(axis=0)
        lead = editing.active if editing.active in chosen else chosen[-1]
        return Gizmo(
            origin=origin,
            axes=frame_of(scene.keys[lead], is_local=editing.is_local),
            projection=self.current_projection(),
            has_arrows=editing.tool == "move",
            has_rings=True,
            all_rings=editing.tool == "rotate",
        )

    def key_at(self, where: QPointF) -> int:
        """Number of the key under a point, the chosen ones first; -1 for none."""
        if not len(self.scene.keys):
            return -1
        pixels, depths = self.current_projection().project(self.scene.keys[:, :3, 3])
        away = np.hypot(pixels[:, 0] - where.x(), pixels[:, 1] - where.y())
        away[depths <= 0] = np.inf
        for number in sorted(self.editing.selected):
            if number < len(away) and away[number] <= _KEY_GRAB_PX:
                return number
        nearest = int(np.argmin(away))
        return nearest if away[nearest] <= _KEY_GRAB_PX else -1

    def time_at(self, where: QPointF) -> float | None:
        """The path's time under a point; None where it lies beside the way."""
        pixels, depths = self.current_projection().project(self.scene.line)
        if len(pixels) < 2:
            return None
        start, way = pixels[:-1], np.diff(pixels, axis=0)
        point = np.array([where.x(), where.y()])
        share = np.clip(((point - start) * way).sum(axis=1) / np.maximum((way**2).sum(axis=1), 1e-12), 0, 1)
        away = np.linalg.norm(point - (start + share[:, None] * way), axis=1)
        away[(depths[:-1] <= 0) | (depths[1:] <= 0)] = np.inf
        nearest = int(np.argmin(away))
        if away[nearest] > _LINE_GRAB_PX:
            return None
        times = self.scene.line_times
        return float(times[nearest] + share[nearest] * (times[nearest + 1] - times[nearest]))

    def _look_at_px(self) -> Floats | None:
        path, active = self.scene.path, self.editing.active
        if path is None or not 0 <= active < len(path.keys) or path.keys[active].look_at is None:
            return None
        pixel, depth = self.current_projection().project(np.array([path.keys[active].look_at]))
        return pixel[0] if depth[0] > 0 else None

    # ------------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if self._drag is not None or self.flying.is_recording:
            return
        self._drag = self._begun(event)
        self.update()

    def _begun(self, event: QMouseEvent) -> ViewDrag | None:
        begin = (event.position().x(), event.position().y())
        button, modifiers = event.button(), event.modifiers()
        is_free = not isinstance(self.current_projection(), Through)
        if button == Qt.MouseButton.MiddleButton and is_free:
            shifts = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            return OrbitDrag(self, begin) if self.kind == "3d" and not shifts else PanDrag(self, begin)
        if button == Qt.MouseButton.RightButton and self.kind == "3d" and is_free:
            return self._fly(begin)
        if button != Qt.MouseButton.LeftButton:
            return None
        if modifiers & Qt.KeyboardModifier.AltModifier and is_free:
            return OrbitDrag(self, begin) if self.kind == "3d" else PanDrag(self, begin)
        if self.editing.tool == "pen" and is_free:
            return PenDrag(self, begin)
        return self._pressed_left(event, begin)

    def _pressed_left(self, event: QMouseEvent, begin: tuple[float, float]) -> ViewDrag | None:
        editing, where = self.editing, event.position()
        adds = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        gizmo = self.gizmo()
        look = self._look_at_px()
        if look is not None and np.hypot(*(look - begin)) <= _KEY_GRAB_PX:
            point = self.scene.path.keys[editing.active].look_at  # type: ignore[union-attr]
            return LookDrag(self, begin, self._handles_at(np.array(point)))
        if gizmo is not None and (handle := gizmo.at(*begin)) is not None and not adds:
            kind = TurnDrag if handle.part == "ring" else MoveDrag
            return kind(self, begin, gizmo, handle)
        arm = arm_at(self, *begin)
        if arm is not None and not adds:
            return ArmDrag(self, begin, arm)
        number = self.key_at(where)
        if number >= 0:
            if adds:
                editing.toggle(number)
                return None
            if number not in editing.selected:
                editing.go_to(number)
            if isinstance(self.current_projection(), Through):
                return None
            return MoveDrag(self, begin, self._handles_at(self.scene.keys[number, :3, 3]), Handle(part="centre"))
        time_s = self.time_at(where)
        if time_s is not None and not adds:
            editing.seek(time_s)
            return None
        return BoxDrag(self, begin, adds=adds)

    def _handles_at(self, point: Floats) -> Gizmo:
        lead = self.editing.active
        pose = self.scene.keys[lead] if 0 <= lead < len(self.scene.keys) else np.eye(4)
        axes = frame_of(pose, is_local=self.editing.is_local)
        return Gizmo(origin=point, axes=axes, projection=self.current_projection())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            self._hover(event.position())
            return
        self._drag.move(event.position(), event.modifiers())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        if drag is not None:
            drag.finish()
            self._hover(event.position())
            self.update()
            if isinstance(drag, FlyDrag) and drag.is_click:
                self._show_menu(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A key where the way is double-clicked."""
        if event.button() == Qt.MouseButton.LeftButton and self.editing.tool != "pen":
            time_s = self.time_at(event.position())
            if time_s is not None and self.key_at(event.position()) < 0:
                self.editing.split_at(time_s)
                return
        self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turns = event.angleDelta().y() / 120
        if self._drag is not None and self._drag.wheel(turns):
            return
        if self.flying.is_on:
            self.flying.pace = min(max(self.flying.pace * 1.2**turns, 0.1), 50.0)
            return
        where = event.position()
        self.set_projection(self.projection.zoomed(1.15**turns, where.x(), where.y()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.kind == "3d" and event.reason() == QContextMenuEvent.Reason.Mouse:
            return  # the right button looks around there; a click shows the menu when it ends
        number = self.key_at(QPointF(event.pos()))
        if number >= 0 and number not in self.editing.selected:
            self.editing.select([number])
        run_menu(self._menu(), event.globalPos())

    def _show_menu(self, event: QMouseEvent) -> None:
        run_menu(self._menu(), event.globalPosition().toPoint())

    def _menu(self) -> QMenu:
        commands = self.studio.commands
        commands.refresh()
        menu = QMenu(self)
        for name in _MENU:
            menu.addAction(commands.action(name)) if name else menu.addSeparator()
        return menu

    def _hover(self, where: QPointF) -> None:
        gizmo = self.gizmo()
        hot = gizmo.at(where.x(), where.y()) if gizmo is not None else None
        hovered = self.key_at(where) if hot is None else -1
        if (hot, hovered) != (self._hot, self._hovered):
            self._hot, self._hovered = hot, hovered
            self.update()
        self.setCursor(self._cursor(where))

    def _cursor(self, where: QPointF) -> Qt.CursorShape:
        if self.editing.tool == "pen":
            return Qt.CursorShape.CrossCursor
        if self._hot is not None:
            return Qt.CursorShape.SizeAllCursor if self._hot.part != "ring" else Qt.CursorShape.OpenHandCursor
        if arm_at(self, where.x(), where.y()) is not None:
            return Qt.CursorShape.SizeAllCursor
        if self._hovered >= 0 or self.time_at(where) is not None:
            return Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.ArrowCursor

    def leaveEvent(self, event: QEvent) -> None:
        if self._hot is not None or self._hovered >= 0:
            self._hot, self._hovered = None, -1
            self.update()

    # ------------------------------------------------------------------ flying

    def _fly(self, begin: tuple[float, float]) -> ViewDrag:
        projection = self.current_projection()
        assert isinstance(projection, Orbit)
        before = projection
        pace = max(before.distance / 0.6, 0.2)  # a large scene is crossed in the same time as a small one

        def flew(pose: Floats) -> None:
            self.set_projection(before.seen_from(pose))

        self.flying.start(before.eye, records=False, clock=self.scene.clock, pace=pace)
        connection = self.flying.moved.connect(flew)

        def ended() -> None:
            self.flying.stop()
            self.flying.moved.disconnect(connection)

        return FlyDrag(self, begin, ended)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        # A key that is let go elsewhere would be held for ever.
        self.flying.held.clear()
        super().focusOutEvent(event)

    # ------------------------------------------------------------------ keys

    def event(self, event: QEvent) -> bool:
        """Keys that mean something here, while they do, are no shortcuts of the window."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._owns(event):
            event.accept()
            return True
        return super().event(event)

    def _owns(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if self.flying.is_on:
            return event.key() in KEYS or key == Qt.Key.Key_Escape
        if self._drag is not None:
            return key in _AXIS_KEYS or key == Qt.Key.Key_Escape
        if key == Qt.Key.Key_Escape:
            return bool(self.editing.selected)
        return key in _ARROWS and bool(self.editing.selected)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        if self.flying.is_recording and key == Qt.Key.Key_Escape:
            self.recording_cancelled.emit()
            return
        if self.flying.is_on:
            self._fly_modifiers(event)
            if event.isAutoRepeat() or self.flying.press(event.key()):
                return
        if self._drag is not None:
            if key in _AXIS_KEYS:
                self._drag.lock(_AXIS_KEYS[key])
            elif key == Qt.Key.Key_Escape:
                drag, self._drag = self._drag, None
                drag.cancel()
                self.update()
            return
        if key == Qt.Key.Key_Escape and self.editing.selected:
            self.editing.select(())
            return
        if key in _ARROWS and self.editing.selected:
            size = _NUDGE_UNITS * (10.0 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0)
            size *= 0.1 if modifiers & Qt.KeyboardModifier.ControlModifier else 1.0
            self.editing.nudge(size * self._direction(key), is_repeat=event.isAutoRepeat())
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if self.flying.is_on:
            self._fly_modifiers(event)
            if event.isAutoRepeat() or self.flying.release(event.key()):
                return
        if Qt.Key(event.key()) in _ARROWS and not event.isAutoRepeat():
            self.studio.end_drag()
        super().keyReleaseEvent(event)

    def _fly_modifiers(self, event: QKeyEvent) -> None:
        held = event.modifiers()
        self.flying.set_modifiers(
            is_fast=bool(held & Qt.KeyboardModifier.ShiftModifier),
            is_slow=bool(held & Qt.KeyboardModifier.ControlModifier),
        )

    def _direction(self, key: Qt.Key) -> Floats:
        """Where an arrow key moves keys, in this view: as it points on the screen."""
        if isinstance(self.projection, Flat):
            right, up = self.projection.right, self.projection.up
        else:
            right, up = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
        return np.asarray(
            {
                Qt.Key.Key_Left: -right,
                Qt.Key.Key_Right: right,
                Qt.Key.Key_Up: up,
                Qt.Key.Key_Down: -up,
            }[key]
        )
