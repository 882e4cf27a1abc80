"""State of the graph: visible channels, their scales, their selected keys, and the layout."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF

from astra_studio.document.key_edits import set_keys
from astra_studio.document.model import Parameter, ParameterValue
from astra_studio.document.path_edits import set_path
from astra_studio.document.paths import Drawn
from ui.timeline import key_drags
from ui.timeline.curves.channels import (
    POSITIONS,
    Channel,
    ChannelBook,
    Point,
    with_camera_values,
    with_number_values,
)
from ui.timeline.curves.scales import Scales, Unit
from ui.timeline.lane import Lane, Press
from ui.timeline.scene import CAMERA, KeyId, Scene
from ui.timeline.translation import tr

LEAST_PX = 120
_REACH_PX, _CURVE_REACH_PX = 8, 6
PointId = tuple[str, KeyId]
"""A key on a channel."""


class Graph(Lane):
    """All the lanes of keys as curves, as far as it can be said without a painter or a mouse. Its height is what is
    left of the timeline."""

    icon = "pulse"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.name = tr("Curves")
        self.height = LEAST_PX
        self.scales = Scales()
        self.parameters: tuple[Parameter, ...] = ()
        """Those that have a channel."""
        self.shown: set[str] = {*POSITIONS}
        """Channels that are drawn, where there are such."""
        self.points: frozenset[PointId] = frozenset()
        """Chosen keys by channel; what is chosen elsewhere is chosen on every channel that is seen."""
        self.hovered: PointId | None = None
        self.active_unit: Unit = "u"
        self._book = ChannelBook(scene)
        scene.chosen_changed.connect(self._chosen_elsewhere)

    def channels(self) -> tuple[Channel, ...]:
        """All that there are."""
        return self._book.channels(self.parameters)

    def seen(self) -> list[Channel]:
        """Those that are drawn."""
        return [channel for channel in self.channels() if channel.name in self.shown]

    def show_only(self, names: set[str]) -> None:
        """Draw these channels and no others, framed."""
        self.shown = set(names)
        self.frame_all()

    def frame_all(self) -> None:
        """Every channel that is seen from its lowest to its highest value."""
        found: dict[Unit, tuple[float, float]] = {}
        frames = np.linspace(0, max(self.scene.studio.player.num_total, 2), 600)
        for channel in self.seen():
            values = np.concatenate([channel.sample(frames), [point.value for point in channel.points]])
            low, high = found.get(channel.unit, (np.inf, -np.inf))
            found[channel.unit] = (min(low, float(values.min())), max(high, float(values.max())))
        self.scales = self.scales.framed(found)
        self.choose_active()
        self.scene.chosen_changed.emit()

    def set_scales(self, scales: Scales) -> None:
        """Zoom or scroll the values."""
        self.scales = scales
        self.scene.chosen_changed.emit()

    def show_chosen(self) -> None:
        """Show the channels of the chosen keys; those of the way where none is chosen."""
        names = {name for name, _ in self.scene.chosen if name != CAMERA}
        if CAMERA in {name for name, _ in self.scene.chosen} or not names & set(self.parameters):
            names |= set(POSITIONS) if self.scene.kept is not None else set(self.parameters[:1])
        self.show_only(names)
        self._chosen_elsewhere()

    def found(self, channel: str, key: KeyId) -> tuple[Channel, Point] | None:
        """A key on a channel."""
        for one in self.channels():
            for point in one.points:
                if one.name == channel and point.key == key:
                    return one, point
        return None

    def setter(self, channel: Channel, point: Point) -> Callable[[ParameterValue], object]:
        """What gives a key another number."""
        scene, take = self.scene, self.scene.take

        def changed(value: ParameterValue) -> None:
            if point.key[0] == CAMERA:
                drawn = scene.editable()
                assert drawn is not None
                path = with_camera_values(drawn.path, {(point.key[1], channel.name): float(value) - point.value})
                edit = set_path(take.id, Drawn(path=path, modality=drawn.modality), label="Change key")
            else:
                changes = {point.key: float(value) - point.value}
                keys = with_number_values(take.keys, changes, scene.limits)
                edit = set_keys(take.id, keys, "Change key")
            scene.apply(edit)

        return changed

    def placed(self) -> Scales:
        """The scales on the lane's body."""
        top, bottom = self.box.top() + 10, self.box.bottom() - 10
        if (self.scales.top_px, self.scales.bottom_px) != (top, bottom):
            self.scales = self.scales.placed(top, bottom)
        return self.scales

    def choose_active(self) -> None:
        units = [channel.unit for channel in self.seen()]
        if units and self.active_unit not in units:
            self.active_unit = units[0]

    def place_of(self, channel: Channel, point: Point) -> QPointF:
        """Where a point is painted."""
        return QPointF(self.scene.axis.x(point.frame), self.placed().y(channel.unit, point.value))

    def point_at(self, where: QPointF) -> tuple[Channel, Point] | None:
        """The key under a place; of several the nearest."""
        found, nearest = None, float(_REACH_PX)
        for channel in self.seen():
            for point in channel.points:
                away = self.place_of(channel, point) - where
                distance = max(abs(away.x()), abs(away.y()))
                if distance <= nearest:
                    found, nearest = (channel, point), distance
        return found

    def channel_at(self, where: QPointF) -> Channel | None:
        """The curve under a place."""
        frame = np.array([self.scene.axis.frame(where.x())])
        scales = self.placed()
        near = [
            (abs(scales.y(channel.unit, float(channel.sample(frame)[0])) - where.y()), channel)
            for channel in self.seen()
        ]
        away, channel = min(near, key=lambda pair: pair[0], default=(np.inf, None))
        return channel if away <= _CURVE_REACH_PX else None

    def choose_points(self, points: frozenset[PointId]) -> None:
        """Have these keys of channels chosen."""
        self.points = points
        self.scene.choose(key for _, key in points)
        self.scene.chosen_changed.emit()

    def _chosen_elsewhere(self) -> None:
        if frozenset(key for _, key in self.points) != self.scene.chosen:
            self.points = frozenset(
                (channel.name, point.key)
                for channel in self.seen()
                for point in channel.points
                if point.key in self.scene.chosen
            )

    def choose_all(self) -> None:
        """All keys of what is seen."""
        self.choose_points(frozenset((channel.name, point.key) for channel in self.seen() for point in channel.points))

    def add_key(self, channel: Channel, press: Press) -> None:
        """A key on a curve, which stays as it is."""
        scene, frame = self.scene, self.scene.axis.frame(press.where.x())
        if channel.is_parameter:
            tick = scene.snapped_tick(scene.tick_at(press.where.x()), press.modifiers)
            key_drags.add_parameter_key(scene, channel.name, tick)
        else:
            key_drags.add_camera_key_at_frame(scene, scene.snapped_frame(frame, press.modifiers, is_pose=True))
        self.points = frozenset((channel.name, key) for key in scene.chosen)
