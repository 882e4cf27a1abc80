"""State shared by the lanes of one timeline: time axis, grid, rows, selected keys, the take's path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QFont

from astra_studio.document.actions import Actions
from astra_studio.document.declared import spec_of_parameter
from astra_studio.document.derived import start_frames
from astra_studio.document.edits import Edit
from astra_studio.document.model import Authored, Parameter, Take
from astra_studio.document.parameters import Place, place_of
from astra_studio.document.paths import Drawn, editable_path, stored_path
from engine.clock import Clock
from engine.settings import SettingSpec
from engine.trajectories.path import CameraPath
from ui.studio import Studio
from ui.theme import Theme
from ui.timeline.axis import Snap, TimeAxis, snapped
from ui.timeline.view import Curves, TakeRow, curves_of

HEAD_PX, MARGIN_PX = 148, 8
"""Width of the heads; and from there to frame 0, so that a key there is whole."""
CAMERA = "camera"
_PROBLEM = "timeline"
"""Key by which what cannot be done here is known to the problem bar."""
KeyId = tuple[str, int]
"""What is chosen: (name of a parameter, tick), or (CAMERA, number of the path's key)."""


class ChosenKeys(Protocol):
    """Who owns which keys of the path are chosen: the path editor."""

    changed: Any
    """A signal without arguments."""
    selected: frozenset[int]

    def select(self, numbers: Iterable[int], active: int | None = None) -> None:
        """Choose these and no others."""


class Scene(QObject):
    """The state of one timeline. The canvas paints it, lanes change it."""

    axis_changed = Signal()
    chosen_changed = Signal()
    edit_asked = Signal(object)
    """A `KeyId` whose value is to be typed."""
    number_asked = Signal(str, object)
    """A channel of the graph, and a `KeyId` whose number on it is to be typed."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.axis = TimeAxis(left_px=HEAD_PX + MARGIN_PX)
        self.snap: Snap = "Tick"
        self.rows: tuple[TakeRow, ...] = ()
        self.take: Take = Take(id="", name="")
        """The current take, as it was when the rows were read."""
        self.first_frame = 1
        """Frame of tick 0."""
        self.chosen: frozenset[KeyId] = frozenset()
        self.hovered: KeyId | None = None
        self.band: QRectF | None = None
        self._curves: tuple[Actions, Curves] = (Actions(), Curves())
        self._kept: tuple[Authored | None, CameraPath | None] = (None, None)
        self._path_keys: ChosenKeys | None = None

    @property
    def theme(self) -> Theme:
        return self.studio.theme

    def read(self, rows: tuple[TakeRow, ...]) -> None:
        """Take in what is true now."""
        self.rows, self.take = rows, self.studio.take
        self.first_frame = start_frames(self.studio.project, self.take)

    @property
    def clock(self) -> Clock:
        """Of the current take."""
        return self.take.clock

    @property
    def current(self) -> TakeRow:
        """The row of the current take."""
        return self.rows[0]

    def font(self, size_px: int = 12, weight: int = 400) -> QFont:
        return self.theme.font(size_px, weight)

    # ------------------------------------------------------------------ what the take asks for

    @property
    def curves(self) -> Curves:
        """Motion of the current take, worked out once per track."""
        actions = self.take.actions
        if self._curves[0] is not actions:
            self._curves = (actions, curves_of(actions, self.take.clock))
        return self._curves[1]

    @property
    def kept(self) -> CameraPath | None:
        """The keys that the current take has, worked out once; None where it has rows alone."""
        take = self.take
        if self._kept[0] is not take.path:
            found = stored_path(take)
            self._kept = (take.path, None if found is None else found.path)
        return self._kept[1]

    def editable(self) -> Drawn | None:
        """The way of the current take as keys, those that would have to be made first among them: what is edited."""
        return editable_path(self.take)

    def camera_frames(self) -> list[float]:
        """Where the keys of the current take's path lie: frame 0 is the moment of its start picture."""
        kept = self.kept
        if kept is None:
            return []
        return [self.clock.frame_at(float(time), self.first_frame) for time in kept.key_times()]

    # ------------------------------------------------------------------ time

    def x_of_tick(self, tick: float) -> float:
        return self.axis.x(self.clock.frame_of_tick(tick, self.first_frame))

    def tick_at(self, x: float) -> float:
        return self.clock.tick_of_frame(self.axis.frame(x), self.first_frame)

    def work_area(self) -> tuple[int, int]:
        """First and past-the-last frame of the work area, made or not; all of the take where an end is open."""
        area = self.studio.project.work_area
        start = area.start or 0
        return start, max(self.studio.player.num_total if area.stop is None else area.stop, start + 1)

    def set_axis(self, axis: TimeAxis) -> None:
        if axis != self.axis:
            self.axis = axis
            self.axis_changed.emit()

    def is_snapping(self, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether places snap to the grid: as the magnet says, and the other way round while Ctrl is held."""
        return self.studio.is_snapping != bool(modifiers & Qt.KeyboardModifier.ControlModifier)

    def snapped_tick(self, tick: float, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> int:
        """The tick of the grid next to a place. Parameters have whole ticks at the finest."""
        if self.snap == "Chunk" and self.is_snapping(modifiers):
            bounds = [cell.first_tick for cell in self.current.cells]
            bounds.append(self.current.cells[-1].last_tick if self.current.cells else 0)
            last, length = (
                bounds[-1],
                max(bounds[-1] - bounds[-2] if len(bounds) > 1 else self.clock.latents_per_chunk, 1),
            )
            if tick > last:
                return last + round((tick - last) / length) * length
            return min(bounds, key=lambda bound: abs(bound - tick))
        return max(0, round(tick))

    def snapped_frame(self, frame: float, modifiers: Qt.KeyboardModifier, *, is_pose: bool = False) -> float:
        """The frame of the grid next to a place, for what lies between frames; `is_pose` for keys of the path."""
        clock, shift = self.clock, self.first_frame - (1 if is_pose else 0)
        if not self.is_snapping(modifiers) or self.snap == "Frame":
            return float(max(0, round(frame)))
        if self.snap == "Tick":
            return float(max(0, clock.frame_of_tick(round(clock.tick_of_frame(frame, shift)), shift)))
        tick = self.snapped_tick(clock.tick_of_frame(frame, shift))
        return float(max(0, clock.frame_of_tick(tick, shift)))

    def scrub(self, x: float, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Show the frame under a pixel."""
        snap: Snap = self.snap if self.snap != "Tick" and self.is_snapping(modifiers) else "Frame"
        self.studio.player.seek(
            snapped(self.axis.frame(max(x, HEAD_PX)), snap, self.current.bounds, self.clock, self.first_frame)
        )

    # ------------------------------------------------------------------ keys that are chosen

    def choose(self, keys: Iterable[KeyId]) -> None:
        """Have these keys chosen and no others."""
        chosen = frozenset(keys)
        if chosen == self.chosen:
            return
        self.chosen = chosen
        cameras = self.chosen_cameras()
        if self._path_keys is not None and self._path_keys.selected != cameras:
            self._path_keys.select(sorted(cameras))
        self.chosen_changed.emit()

    def share(self, path_keys: ChosenKeys) -> None:
        """Have the same keys of the path chosen as another view of them."""
        self._path_keys = path_keys
        path_keys.changed.connect(self._path_keys_changed)

    def _path_keys_changed(self) -> None:
        """The other view has chosen keys: those, and nothing else, unless they are the same."""
        assert self._path_keys is not None
        if self._path_keys.selected != self.chosen_cameras():
            self.choose((CAMERA, number) for number in self._path_keys.selected)

    def forget_gone(self) -> None:
        """Let go of keys that are not there any more."""
        count = len(self.kept.keys) if self.kept is not None else 0
        known = {place_of(key) for key in self.take.keys} | {(CAMERA, number) for number in range(count)}
        self.choose(key for key in self.chosen if key in known)

    def spec(self, parameter: Parameter) -> SettingSpec:
        """What is known of a parameter of the world."""
        spec = spec_of_parameter(self.studio.project.world, parameter)
        assert spec is not None, f"{parameter} has no lane in this world"
        return spec

    def limits(self, parameter: Parameter) -> tuple[float, float]:
        """Lowest and highest number of a parameter."""
        return self.spec(parameter).limits

    def chosen_parameters(self) -> frozenset[Place]:
        return frozenset(key for key in self.chosen if key[0] != CAMERA)

    def chosen_cameras(self) -> frozenset[int]:
        return frozenset(number for name, number in self.chosen if name == CAMERA)

    # ------------------------------------------------------------------ edits

    def apply(self, edit: Edit) -> bool:
        """Do an edit. What is wrong with it is shown once, however often a drag asks for it."""
        is_done = self.studio.guarded(lambda: self.studio.session.apply(edit), key=_PROBLEM)
        if is_done:
            self.studio.problem_gone.emit(_PROBLEM)
        return is_done
