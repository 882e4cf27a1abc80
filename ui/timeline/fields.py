"""Fields opened over the timeline: which, where, and what is done with the text entered."""

from __future__ import annotations

from PySide6.QtCore import QRect

from astra_studio.document import key_edits
from astra_studio.document.edits import checked_name, rename_marker
from astra_studio.document.model import MarkerId
from astra_studio.document.take_edits import rename
from engine.settings import shown
from ui.timeline.curves import GraphLane
from ui.timeline.editors import HEIGHT_PX, NUMBER_WIDTH_PX, WORDS_WIDTH_PX, InPlaceField, parser_of
from ui.timeline.lane import TEXT_X
from ui.timeline.scene import HEAD_PX, KeyId
from ui.timeline.surface import Surface
from ui.timeline.translation import tr
from ui.widgets.number_field import evaluated


class Fields:
    """The fields that open over the timeline."""

    def __init__(self, surface: Surface, graph: GraphLane) -> None:
        self._surface, self._scene, self._graph = surface, surface.scene, graph

    def edit_key(self, key: KeyId) -> None:
        """Type the value of a parameter's key where it is."""
        known = next((one for one in self._surface.studio.take.keys if (one.parameter, one.tick) == key), None)
        if known is None:
            return
        take, lane, place = (
            self._surface.studio.take.id,
            self._surface.parameter_lanes[known.parameter],
            (known.parameter, known.tick),
        )
        self._scene.choose({key})
        self._surface.lane_boxes.show(lane)
        self._surface.repaint_soon()
        field = InPlaceField(
            self._surface.widget,
            tr("{0} at tick {1}").format(lane.name, known.tick),
            shown(known.value),
            parser_of(lane.spec),
            lambda value: self._scene.apply(key_edits.set_value(take, place, value)),
        )
        is_words = not lane.spec.is_numeric
        x = round(self._scene.x_of_tick(known.tick)) + (2 if is_words else 10)
        self._open(field, x, round(lane.middle), WORDS_WIDTH_PX if is_words else NUMBER_WIDTH_PX)

    def edit_number(self, channel: str, key: KeyId) -> None:
        """Type the number of a key on the graph where it is."""
        found = self._graph.found(channel, key)
        if found is None:
            return
        where, name = self._graph.place_of(*found), found[0].label
        field = InPlaceField(self._surface.widget, name, f"{found[1].value:.4g}", evaluated, self._graph.setter(*found))
        self._open(field, round(where.x()) + 10, round(where.y()), NUMBER_WIDTH_PX)

    def name_take(self) -> None:
        """Type the current take's name where it stands."""
        strip = self._surface.strips[0]
        take = strip.row.take
        field = InPlaceField(
            self._surface.widget,
            tr("Name of the take"),
            strip.row.name,
            lambda text: checked_name(text, "take"),
            lambda name: self._scene.apply(rename(take, str(name))),
        )
        top = round(strip.box.top()) + 9
        field.open_in(QRect(TEXT_X - 7, top, HEAD_PX - TEXT_X + 1, HEIGHT_PX))

    def name_marker(self, marker: MarkerId) -> None:
        """Type a marker's name where it stands."""
        known = next(other for other in self._surface.studio.project.markers if other.id == marker)
        field = InPlaceField(
            self._surface.widget,
            tr("Name of the marker"),
            known.name,
            str.strip,
            lambda name: self._scene.apply(rename_marker(marker, str(name))),
        )
        self._open(field, round(self._scene.axis.x(known.frame)) + 6, round(self._surface.ruler.middle), 120)

    def _open(self, field: InPlaceField, x: int, middle: int, width: int) -> None:
        left = min(max(x, HEAD_PX + 4), self._surface.widget.width() - width - 4)
        top = min(max(middle - HEIGHT_PX // 2, 2), self._surface.widget.height() - HEIGHT_PX - 2)
        field.open_in(QRect(left, top, width, HEIGHT_PX))

    def shown(self) -> InPlaceField | None:
        """The field that is open."""
        return next((one for one in self._surface.widget.findChildren(InPlaceField) if one.isVisible()), None)

    def leave(self) -> None:
        """Close the field that is open without taking its value: what it was opened for is gone."""
        field = self.shown()
        if field is not None:
            field.leave()
