"""Layout of the lanes: the ruler and the current take stay on top; branches, and lanes of the take, scroll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF

from ui.timeline.lane import Lane

LEAST_BRANCHES_PX = 68
"""So much of the branches is seen, where the rest would take all of the room."""


@dataclass(kw_only=True)
class Zone:
    """Lanes that scroll together.

    Attributes:
        box: what is seen of them.
        height: of all of them.
        offset: how far they are scrolled.
    """

    lanes: Sequence[Lane]
    box: QRectF
    height: float
    offset: float = 0.0

    @property
    def most(self) -> float:
        """The largest scroll offset."""
        return max(0.0, self.height - self.box.height())


class Layout:
    """Assigns boxes to lanes. Offsets stay while there is room for them."""

    def __init__(self) -> None:
        self.fixed: tuple[Lane, ...] = ()
        self.branches = Zone(lanes=(), box=QRectF(), height=0)
        self.lanes = Zone(lanes=(), box=QRectF(), height=0)
        self._zone_of: dict[Lane, Zone] = {}

    @property
    def zones(self) -> tuple[Zone, Zone]:
        return self.branches, self.lanes

    @property
    def bottom(self) -> float:
        """The bottom of the last lane."""
        return self.lanes.box.bottom()

    def place(
        self, fixed: Sequence[Lane], branches: Sequence[Lane], lanes: Sequence[Lane], width: float, height: float
    ) -> None:
        """Give every lane its box within a canvas."""
        self.fixed = tuple(fixed)
        top = 0.0
        for lane in fixed:
            lane.box = QRectF(0, top, width, lane.height)
            top += lane.height
        room = max(height - top, 0.0)
        need = float(sum(lane.height for lane in branches))
        rest = float(sum(lane.height for lane in lanes))
        shown = need
        if need + rest > room:
            shown = min(need, max(min(need, LEAST_BRANCHES_PX), room - rest))
        shown = min(shown, room)
        self.branches = Zone(lanes=branches, box=QRectF(0, top, width, shown), height=need, offset=self.branches.offset)
        top += shown
        self.lanes = Zone(
            lanes=lanes, box=QRectF(0, top, width, min(rest, room - shown)), height=rest, offset=self.lanes.offset
        )
        self._zone_of = {lane: zone for zone in self.zones for lane in zone.lanes}
        for zone in self.zones:
            self.scroll(zone, 0.0)

    def scroll(self, zone: Zone, px: float) -> bool:
        """Scroll a zone; whether anything moved."""
        before = zone.offset
        zone.offset = round(min(max(zone.offset + px, 0.0), zone.most))
        top = zone.box.top() - zone.offset
        for lane in zone.lanes:
            lane.box = QRectF(0, top, zone.box.width(), lane.height)
            top += lane.height
        return zone.offset != before

    def show(self, lane: Lane) -> bool:
        """Scroll as little as needed to see a lane."""
        zone = self._zone_of.get(lane)
        if zone is None:
            return False
        over = min(0.0, lane.box.top() - zone.box.top()) or max(0.0, lane.box.bottom() - zone.box.bottom())
        return self.scroll(zone, over)

    def clip_of(self, lane: Lane) -> QRectF:
        """The visible part of a lane."""
        zone = self._zone_of.get(lane)
        return lane.box if zone is None else lane.box.intersected(zone.box)

    def thumb_of(self, zone: Zone, width: float) -> QRectF | None:
        """The handle of a zone's scroll bar at its right edge; None where there is nothing to scroll."""
        if zone.most <= 0 or zone.box.height() < 12:
            return None
        height = max(16.0, zone.box.height() ** 2 / zone.height)
        top = zone.box.top() + (zone.box.height() - height) * zone.offset / zone.most
        return QRectF(width - 9, top + 2, 6, height - 4)
