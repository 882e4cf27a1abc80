"""Mouse drags in a view of the path, from press to release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from engine.poses import Floats
from engine.trajectories import key_edits
from engine.trajectories.drawing import path_of_stroke
from engine.trajectories.path import CameraPath, Vector
from engine.trajectories.path_edits import retime
from ui.path_editor.gizmo import AXES, Gizmo, Handle
from ui.path_editor.painting import paint_falloff, polygon
from ui.path_editor.projection import Flat, Orbit, Through, on_plane
from ui.path_editor.surface import DragSurface
from ui.widgets.drag import Drag

Pixel = tuple[float, float]
SNAP_UNITS, SNAP_DEGREES = 0.05, 5.0
_WHEEL_STEP = 1.15
_FIRST_FALLOFF_PX = 40.0
_JOIN_PX = 14.0
_STROKE_TOLERANCE_PX, _STROKE_SMOOTHING_PX = 3.0, 10.0
_STROKE_GAP_PX = 2.0


class ViewDrag(Drag):
    """A drag in a view of the path. Subclasses say in `follow` what the pointer's place means."""

    words = ""
    """What it does so far, for the plate in the view."""

    def __init__(self, view: DragSurface, begin: Pixel) -> None:
        self.view, self.editing, self.begin, self.now = view, view.editing, begin, begin

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.follow((where.x(), where.y()), inverts_snap=bool(modifiers & Qt.KeyboardModifier.ControlModifier))

    def follow(self, now: Pixel, *, inverts_snap: bool) -> None:
        """The pointer is at `now`; with `inverts_snap` it snaps where it would not, and the other way round."""
        self.now = now

    def lock(self, axis: int) -> None:
        """X, Y or Z was pressed: along that axis alone; once more: free again."""

    def wheel(self, turns: float) -> bool:
        """The wheel was turned; False where the drag has no use for it."""
        return False

    def paint(self, painter: QPainter) -> None:
        """Draw what belongs to the drag alone."""


class PanDrag(ViewDrag):
    """Shifts the view."""

    def __init__(self, view: DragSurface, begin: Pixel) -> None:
        super().__init__(view, begin)
        self._before = view.projection

    def follow(self, now: Pixel, *, inverts_snap: bool) -> None:
        self.view.set_projection(self._before.panned(now[0] - self.begin[0], now[1] - self.begin[1]))

    def cancel(self) -> None:
        self.view.set_projection(self._before)


class OrbitDrag(PanDrag):
    """Turns a 3D view about what it looks at."""

    def follow(self, now: Pixel, *, inverts_snap: bool) -> None:
        if isinstance(self._before, Orbit):
            self.view.set_projection(self._before.turned(now[0] - self.begin[0], now[1] - self.begin[1]))


class BoxDrag(ViewDrag):
    """Chooses the keys in a box; with Shift besides those that are."""

    def __init__(self, view: DragSurface, begin: Pixel, *, adds: bool) -> None:
        super().__init__(view, begin)
        self._before = sorted(self.editing.selected) if adds else []

    def follow(self, now: Pixel, *, inverts_snap: bool) -> None:
        super().follow(now, inverts_snap=inverts_snap)
        low, high = np.minimum(self.begin, now), np.maximum(self.begin, now)
        pixels, depths = self.view.projection.project(self.view.scene.keys[:, :3, 3])
        inside = ((pixels >= low) & (pixels <= high)).all(axis=1) & (depths > 0)
        self.editing.select(dict.fromkeys([*self._before, *np.flatnonzero(inside).tolist()]))
        self.view.repaint_soon()

    def finish(self) -> None:
        if self.now == self.begin and not self._before:
            self.editing.select(())

    def cancel(self) -> None:
        self.editing.select(self._before)

    def paint(self, painter: QPainter) -> None:
        theme = self.view.theme
        (x, y), (to_x, to_y) = self.begin, self.now
        painter.setPen(QPen(theme.color("text2"), 1, Qt.PenStyle.DashLine))
        painter.setBrush(theme.faded("text", 0.06))
        painter.drawRect(QRectF(x + 0.5, y + 0.5, to_x - x, to_y - y).normalized())


class KeyDrag(ViewDrag):
    """What moving and turning have in common: the chosen keys, others that follow, the axis that it is locked to."""

    def __init__(self, view: DragSurface, begin: Pixel, gizmo: Gizmo) -> None:
        super().__init__(view, begin)
        self.gizmo, self._axis, self._inverts_snap = gizmo, -1, False
        self._radius = self.editing.falloff
        self._chosen = self.editing.selected
        self._is_on = self.editing.begin_drag()

    @property
    def _snaps(self) -> bool:
        return self.editing.studio.is_snapping != self._inverts_snap

    def follow(self, now: Pixel, *, inverts_snap: bool) -> None:
        self.now, self._inverts_snap = now, inverts_snap
        if self._is_on:
            self._apply()
            self.view.repaint_soon()

    def lock(self, axis: int) -> None:
        self._axis = -1 if axis == self._axis else axis
        self.follow(self.now, inverts_snap=self._inverts_snap)

    def wheel(self, turns: float) -> bool:
        if self._radius <= 0 and turns > 0:
            self._radius = _FIRST_FALLOFF_PX * self.gizmo.reach
        else:
            self._radius *= _WHEEL_STEP**turns
            if self._radius < 8 * self.gizmo.reach:
                self._radius = 0.0
        self.editing.set_falloff(self._radius)
        self.follow(self.now, inverts_snap=self._inverts_snap)
        return True

    def finish(self) -> None:
        self.editing.end_drag()

    def cancel(self) -> None:
        self.editing.cancel_drag()

    def paint(self, painter: QPainter) -> None:
        view = self.view
        centre = self.gizmo.origin
        if 0 <= self.editing.active < len(view.scene.keys):
            centre = view.scene.keys[self.editing.active, :3, 3]
        paint_falloff(painter, view.theme, view.projection, centre, self._radius)

    def _apply(self) -> None:
        raise NotImplementedError

    def _weights(self, path: CameraPath) -> Floats:
        return key_edits.falloff(path, self._chosen, self._radius)

    def _with_falloff(self, words: str) -> str:
        return f"{words}  ·  falloff {self._radius:.2f} u" if self._radius > 0 else words


class MoveDrag(KeyDrag):
    """Moves the chosen keys by the gizmo's centre, an arrow of it, or a key itself."""

    def __init__(self, view: DragSurface, begin: Pixel, gizmo: Gizmo, handle: Handle) -> None:
        super().__init__(view, begin, gizmo)
        self._handle = handle

    def _apply(self) -> None:
        gizmo = self.gizmo
        handle = self._handle if self._axis < 0 else Handle(part="arrow", axis=self._axis)
        shift = gizmo.shift(handle, self.begin, self.now)
        if self._snaps:
            shift = _snapped(gizmo, handle, shift)
        self.editing.drag(
            lambda path: key_edits.moved(path, self._weights(path), shift.tolist()), self.view.tr("Move keys")
        )
        shown = gizmo.axes @ shift
        told = "  ".join(f"{AXES[n]} {value:+.2f}" for n, value in enumerate(shown) if abs(value) > 5e-4)
        self.words = self._with_falloff(told or "0.00")


class TurnDrag(KeyDrag):
    """Turns the chosen keys by a ring: one key in place, several about the point between them."""

    def __init__(self, view: DragSurface, begin: Pixel, gizmo: Gizmo, handle: Handle) -> None:
        super().__init__(view, begin, gizmo)
        self._handle = handle
        self._last, self._angle = begin, 0.0

    def _apply(self) -> None:
        gizmo, axis = self.gizmo, self._handle.axis if self._axis < 0 else self._axis
        handle = Handle(part="ring", axis=axis)
        # Added up piece by piece, so that more than half a turn is possible.
        self._angle += gizmo.angle(handle, self._last, self.now)
        self._last = self.now
        degrees = float(np.rad2deg(self._angle))
        if self._snaps:
            degrees = SNAP_DEGREES * round(degrees / SNAP_DEGREES)
        normal = gizmo.normal_of(axis)
        x, y, z = gizmo.origin.tolist()
        about: Vector | None = (x, y, z) if len(self._chosen) > 1 or self._radius > 0 else None
        self.editing.drag(
            lambda path: key_edits.turned(
                path, self._weights(path), normal.tolist(), float(np.deg2rad(degrees)), about
            ),
            self.view.tr("Turn keys"),
        )
        self.words = self._with_falloff(f"{degrees:+.1f}°")

    def lock(self, axis: int) -> None:
        self._angle, self._last = 0.0, self.now
        super().lock(axis)


class LookDrag(KeyDrag):
    """Moves the point that the chosen keys look at."""

    def __init__(self, view: DragSurface, begin: Pixel, gizmo: Gizmo) -> None:
        super().__init__(view, begin, gizmo)

    def _apply(self) -> None:
        axis = Handle(part="centre") if self._axis < 0 else Handle(part="arrow", axis=self._axis)
        moved = self.gizmo.origin + self.gizmo.shift(axis, self.begin, self.now)
        if self._snaps:
            moved = np.round(moved / SNAP_UNITS) * SNAP_UNITS
        x, y, z = moved.tolist()
        self.editing.drag(
            lambda path: key_edits.looking_at(path, self._chosen, (x, y, z)), self.view.tr("Move look-at point")
        )
        self.words = f"{x:.2f}  {y:.2f}  {z:.2f}"


class PenDrag(ViewDrag):
    """Draws a path freehand: from the end of the one that is there, where it begins there; else anew."""

    def __init__(self, view: DragSurface, begin: Pixel) -> None:
        super().__init__(view, begin)
        path = self.editing.path
        self._from: Floats | None = None
        self._pixels: list[Pixel] = [begin]
        if path is not None and path.closing_s is None:
            end = path.at(np.array([path.end_s]))[0]
            pixel, depth = view.projection.project(end[None, :3, 3])
            if depth[0] > 0 and np.linalg.norm(pixel[0] - np.array(begin)) <= _JOIN_PX:
                self._from = end
                self._pixels = [(float(pixel[0, 0]), float(pixel[0, 1]))]
        # A drawn line lies on the height of what it goes on from, or of the middle of the view.
        self._plane = self._from[:3, 3] if self._from is not None else np.zeros(3)

    def follow(self, now: Pixel, *, inverts_snap: bool) -> None:
        if np.linalg.norm(np.subtract(now, self._pixels[-1])) >= _STROKE_GAP_PX:
            self._pixels.append(now)
            self.words = f"{len(self._points())} points" if len(self._pixels) < 3 else self._length()
            self.view.repaint_soon()

    def finish(self) -> None:
        points = self._points()
        if len(points) < 2:
            return
        reach = 1.0 / self.view.projection.scale_at(points.mean(axis=0))
        facing = None if self._from is None else self._from[:3, :3]
        path = path_of_stroke(
            points,
            tolerance=max(_STROKE_TOLERANCE_PX * reach, 0.004),
            smoothing=_STROKE_SMOOTHING_PX * reach,
            facing=facing,
            clock=self.editing.clock,
        )
        if path is None:
            self.editing.studio.say(self.view.tr("That line is shorter than a tick"))
            return
        known = self.editing.path
        if self._from is not None and known is not None:
            self.editing.change(lambda before: _gone_on(before, path), self.view.tr("Draw path"))
        else:
            self.editing.replace_with(path, self.view.tr("Draw path"))

    def paint(self, painter: QPainter) -> None:
        painter.setPen(QPen(self.view.theme.color("accent_mark"), 2.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(polygon(np.array(self._pixels)))

    def _points(self) -> Floats:
        projection = self.view.projection
        normal = projection.normal if isinstance(projection, Flat) else np.array([0.0, 1.0, 0.0])
        found = [on_plane(projection, x, y, self._plane, normal) for x, y in self._pixels]
        met = [point for point in found if point is not None]
        return np.array(met).reshape(-1, 3)

    def _length(self) -> str:
        points = self._points()
        length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
        return f"{length:.2f} u  ·  {length / 0.15:.1f} s"


class FlyDrag(ViewDrag):
    """Looks around in 3D with the right button, while W A S D Q E fly the view."""

    def __init__(self, view: DragSurface, begin: Pixel, ended: Callable[[], None]) -> None:
        super().__init__(view, begin)
        self._ended, self._last, self.is_click = ended, begin, True

    def follow(self, now: Pixel, *, inverts_snap: bool) -> None:
        self.is_click = self.is_click and bool(np.linalg.norm(np.subtract(now, self.begin)) < 4)
        if not self.is_click:
            self.view.flying.look(now[0] - self._last[0], now[1] - self._last[1])
        self._last = now

    def finish(self) -> None:
        self._ended()

    def cancel(self) -> None:
        self._ended()


def _snapped(gizmo: Gizmo, handle: Handle, shift: Floats) -> Floats:
    """The shift that puts the moved point on the snap grid, in those directions in which it moves."""
    if handle.axis >= 0 and not np.array_equal(gizmo.axes, np.eye(3)):
        along = float(gizmo.axes[handle.axis] @ shift)
        return np.asarray(gizmo.axes[handle.axis] * SNAP_UNITS * round(along / SNAP_UNITS))
    there = gizmo.origin + shift
    on_grid = np.round(there / SNAP_UNITS) * SNAP_UNITS - gizmo.origin
    moves = np.abs(shift) > 1e-12 if handle.axis >= 0 else np.ones(3, bool)
    if handle.axis < 0 and not isinstance(gizmo.projection, Orbit | Through):
        moves = np.abs(gizmo.projection.normal) < 0.5
    return np.where(moves, on_grid, shift)


def _gone_on(before: CameraPath, drawn: CameraPath) -> CameraPath:
    """A drawn path after one whose end it begins at; it lies where it was drawn, so nothing is moved."""
    later = retime(drawn, start_s=before.end_s)
    return replace(before, keys=(*before.keys, *later.keys[1:]))
