"""Protocol of the timeline's canvas for mouse, keyboard and fields, so that they need not know the canvas itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QWidget

from astra_studio.document.model import Parameter
from ui.studio import Studio
from ui.timeline.curves import GraphLane
from ui.timeline.lane import Lane
from ui.timeline.layout import Layout, Zone
from ui.timeline.parameter_lanes import ParameterLane
from ui.timeline.ruler import Ruler
from ui.timeline.scene import Scene
from ui.timeline.strips import Strip


class Surface(Protocol):
    """The painted timeline."""

    studio: Studio
    scene: Scene
    lane_boxes: Layout
    ruler: Ruler

    @property
    def widget(self) -> QWidget:
        """The canvas as a widget: its size, cursor and focus, and the parent of fields."""
        ...

    @property
    def strips(self) -> Sequence[Strip]:
        """One per take, the current one first."""
        ...

    @property
    def parameter_lanes(self) -> Mapping[Parameter, ParameterLane]: ...

    @property
    def graph(self) -> GraphLane | None:
        """The curves, while they are shown."""
        ...

    def lanes(self) -> list[Lane]:
        """From top to bottom."""
        ...

    def lane_at(self, where: QPointF) -> Lane | None: ...

    def zone_at(self, where: QPointF) -> Zone | None:
        """The part that scrolls under a point."""
        ...

    def scroll_zone(self, zone: Zone, px: float) -> None: ...

    def update_box(self, box: QRectF, lane: Lane) -> None:
        """Paint a box of a lane anew, as far as it is seen."""
        ...

    def update_keys(self) -> None:
        """Paint the lanes of keys anew."""
        ...

    def repaint_soon(self) -> None:
        """Paint all of it at the next occasion."""
        ...

    def keep_fitted(self) -> None:
        """Keep the whole take in sight where it was."""
        ...

    def zoom(self, factor: float, at_px: float | None = None) -> None: ...
