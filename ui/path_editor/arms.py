"""Tangent handles of the selected key in a view: painted and dragged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPen

from engine.poses import Floats
from engine.trajectories import handles
from ui.path_editor.drags import SNAP_UNITS, Pixel, ViewDrag
from ui.path_editor.projection import Through, on_plane
from ui.path_editor.surface import DragSurface

_KNOB_PX, _GRAB_PX = 3.5, 7.0
_LEAST_PX = 6.0
"""An arm that is seen as shorter than that, nearly along the line of sight, cannot be told from its key."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Arm:
    """From a key, `origin` (3,), to a control point of the curve after or before it, `end` (3,)."""

    number: int
    is_after: bool
    origin: Floats
    end: Floats
    origin_px: Floats
    end_px: Floats


def arms_in(view: DragSurface) -> list[Arm]:
    """Those of the one chosen key, while keys are chosen and not moved or turned."""
    editing, path, projection = view.editing, view.scene.path, view.current_projection()
    if path is None or editing.tool != "select" or len(editing.selected) != 1 or isinstance(projection, Through):
        return []
    (number,) = editing.selected
    if number >= len(path.keys):
        return []
    origin, found = np.array(path.keys[number].position), []
    for is_after, offset in enumerate(handles.arms(path, number)):
        if offset is None:
            continue
        pixels, depths = projection.project(np.stack([origin, origin + offset]))
        if (depths > 0).all() and np.linalg.norm(pixels[1] - pixels[0]) >= _LEAST_PX:
            arm = Arm(
                number=number,
                is_after=bool(is_after),
                origin=origin,
                end=origin + offset,
                origin_px=pixels[0],
                end_px=pixels[1],
            )
            found.append(arm)
    return found


def arm_at(view: DragSurface, x: float, y: float) -> Arm | None:
    """The arm whose knob is under a pixel."""
    near = [(float(np.hypot(*(arm.end_px - (x, y)))), arm) for arm in arms_in(view)]
    away, found = min(near, key=lambda pair: pair[0], default=(np.inf, None))
    return found if away <= _GRAB_PX else None


def paint_arms(painter: QPainter, view: DragSurface) -> None:
    """Lines and knobs."""
    theme = view.theme
    for arm in arms_in(view):
        knob = QPointF(*arm.end_px)
        painter.setPen(QPen(theme.color("text2"), 1.0))
        painter.drawLine(QPointF(*arm.origin_px), knob)
        painter.setPen(QPen(theme.color("canvas"), 1.0))
        painter.setBrush(theme.color("text"))
        painter.drawEllipse(knob, _KNOB_PX, _KNOB_PX)


class ArmDrag(ViewDrag):
    """Moves a control point across the line of sight; the one on the key's other side stays opposite."""

    def __init__(self, view: DragSurface, begin: Pixel, arm: Arm) -> None:
        super().__init__(view, begin)
        self._arm = arm
        self._is_on = self.editing.begin_drag()

    def follow(self, now: Pixel, *, inverts_snap: bool) -> None:
        self.now, arm, projection = now, self._arm, self.view.current_projection()
        met = [on_plane(projection, *pixel, arm.end, projection.normal) for pixel in (self.begin, now)]
        if not self._is_on or met[0] is None or met[1] is None:
            return
        end = arm.end + met[1] - met[0]
        if self.editing.studio.is_snapping != inverts_snap:
            end = np.where(np.abs(met[1] - met[0]) > 1e-12, np.round(end / SNAP_UNITS) * SNAP_UNITS, end)
        offset = end - arm.origin
        self.editing.drag(
            lambda path: handles.with_arm(path, arm.number, offset, is_after=arm.is_after), self.view.tr("Bend path")
        )
        self.words = "  ".join(f"{part:+.2f}" for part in offset)
        self.view.repaint_soon()

    def finish(self) -> None:
        self.editing.end_drag()

    def cancel(self) -> None:
        self.editing.cancel_drag()
