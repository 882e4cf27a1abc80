"""Tangent handles of a graph's selected keys: their positions, painting and dragging."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from astra_studio.document.action_edits import set_actions
from astra_studio.document.path_edits import set_path
from astra_studio.document.paths import Drawn
from ui.timeline.curves.channels import Channel, Point, with_slope
from ui.timeline.curves.graph import Graph
from ui.timeline.scene import CAMERA
from ui.widgets.drag import Drag

_ARM_PX = 40.0
_KNOB_PX, _REACH_PX = 3.5, 7.0
_LEAST_ACROSS_PX = 1.0


@dataclass(frozen=True, kw_only=True)
class Handle:
    """One arm of a key on a channel; `is_after`: the one on its right."""

    channel: Channel
    point: Point
    is_after: bool
    middle: QPointF
    knob: QPointF


def handles_of(graph: Graph) -> Iterator[Handle]:
    """Those of the chosen keys."""
    scales, per_frame = graph.placed(), graph.scene.axis.scale
    for channel in graph.seen():
        for point in channel.points:
            if (channel.name, point.key) not in graph.points:
                continue
            middle = graph.place_of(channel, point)
            for is_after, slope in enumerate(point.slopes):
                if slope is not None:
                    steepness = slope / scales.per_px(channel.unit) / per_frame
                    arm = (_ARM_PX if is_after else -_ARM_PX) / math.hypot(1.0, steepness)
                    knob = middle + QPointF(arm, -arm * steepness)
                    yield Handle(channel=channel, point=point, is_after=bool(is_after), middle=middle, knob=knob)


def handle_at(graph: Graph, where: QPointF) -> Handle | None:
    """The one whose knob is under a place."""
    near = [(math.hypot(*(one.knob - where).toTuple()), one) for one in handles_of(graph)]
    away, found = min(near, key=lambda pair: pair[0], default=(math.inf, None))
    return found if away <= _REACH_PX else None


def paint_handles(painter: QPainter, graph: Graph) -> None:
    """Arms and knobs, under the keys."""
    theme = graph.scene.theme
    for handle in handles_of(graph):
        painter.setPen(QPen(theme.color("text2"), 1.0))
        painter.drawLine(handle.middle, handle.knob)
        painter.setPen(QPen(theme.color("lane"), 1.0))
        painter.setBrush(theme.color(handle.channel.token))
        painter.drawEllipse(handle.knob, _KNOB_PX, _KNOB_PX)


class HandleDrag(Drag):
    """The curve goes through the key towards the mouse, on both sides."""

    def __init__(self, graph: Graph, handle: Handle) -> None:
        self._graph, self._handle = graph, handle
        take = graph.scene.take
        self._take, self._asked = take.id, (take.actions, take.path)
        self._drawn = graph.scene.editable()
        self._scales = graph.placed()
        self._has_moved = False

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        handle, scene = self._handle, self._graph.scene
        assert self._drawn is not None
        assert handle.point.key[0] == CAMERA
        self._has_moved = True
        across, up = where.x() - handle.middle.x(), handle.middle.y() - where.y()
        across = max(across, _LEAST_ACROSS_PX) if handle.is_after else min(across, -_LEAST_ACROSS_PX)
        per_px = self._scales.per_px(handle.channel.unit)
        slope = up * per_px / across * scene.axis.scale * scene.clock.fps
        number = int(handle.point.key[1])
        path = with_slope(self._drawn.path, number, handle.channel.name, slope, is_after=handle.is_after)
        changed = Drawn(path=path, modality=self._drawn.modality)
        scene.apply(set_path(self._take, changed, label="Change curve", merge_key="drag handle"))

    def finish(self) -> None:
        if self._has_moved:
            self._graph.scene.studio.end_drag()

    def cancel(self) -> None:
        if self._has_moved:
            self._graph.scene.apply(set_actions(self._take, *self._asked, merge_key="drag handle"))
            self._graph.scene.studio.end_drag()
