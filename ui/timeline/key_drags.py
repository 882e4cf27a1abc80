"""Editing of keys on the lanes with the mouse: select, drag, copy, add, ease, delete; each one step of undo.

Keys of parameters and of the path are moved together: parameters by whole ticks, the path by frames at the finest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt

from astra_studio.document import key_edits, parameters
from astra_studio.document.action_edits import set_actions
from astra_studio.document.derived import recipe_at
from astra_studio.document.edits import Edit, together
from astra_studio.document.model import MAX_TICKS, Parameter, ParameterValue
from astra_studio.document.parameters import Place
from astra_studio.document.path_edits import set_path
from astra_studio.document.paths import Drawn
from engine.clock import Clock
from engine.trajectories import key_edits as path_keys
from engine.trajectories.path import EASINGS, CameraPath
from ui.timeline.lane import Press
from ui.timeline.scene import CAMERA, KeyId, Scene
from ui.widgets.drag import Drag

_CLICK_PX = 3
"""A mouse that moved less was clicked."""
_SLACK_S = 1e-6


class KeyDrag(Drag):
    """The chosen keys follow the mouse in time; Alt leaves the old ones where they are."""

    def __init__(self, scene: Scene, press: Press, grabbed: KeyId) -> None:
        self._scene, self._begin, self._grabbed = scene, press.where, grabbed
        self._take = scene.take.id
        self._keys = scene.take.keys
        self._asked = (scene.take.actions, scene.take.path)
        self._places, self._cameras = scene.chosen_parameters(), scene.chosen_cameras()
        self._drawn = scene.editable() if self._cameras else None
        self._is_copy = press.is_alt
        self._frame = frame_of(scene, grabbed)
        self._grip = scene.axis.frame(press.where.x()) - self._frame
        self._has_moved = False
        self._shift = 0.0

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if not self._has_moved and abs(where.x() - self._begin.x()) < _CLICK_PX:
            return
        self._has_moved = True
        scene = self._scene
        is_pose = self._grabbed[0] == CAMERA
        wanted = scene.axis.frame(where.x()) - self._grip
        if is_pose:
            shift = scene.snapped_frame(wanted, modifiers, is_pose=True) - self._frame
        else:
            tick = scene.snapped_tick(scene.clock.tick_of_frame(wanted, scene.first_frame), modifiers)
            shift = scene.clock.frame_of_tick(tick, scene.first_frame) - self._frame
        if shift != self._shift:
            self._shift = shift
            self._apply(shift)

    def _apply(self, shift_frames: float) -> None:
        scene, parts = self._scene, list[Edit]()
        chosen: set[KeyId] = set()
        if self._places:
            ticks = round(shift_frames / scene.clock.frames_per_latent)
            moved = parameters.moved(self._keys, self._places, ticks, keep=self._is_copy)
            shift = moved_shift(self._places, ticks)
            parts.append(key_edits.set_keys(self._take, moved, ""))
            chosen |= {(name, tick + shift) for name, tick in self._places}
        if self._cameras and self._drawn is not None:
            path, numbers = _moved_path(
                self._drawn.path,
                self._cameras,
                shift_frames / scene.clock.fps,
                is_copy=self._is_copy,
                clock=scene.clock,
            )
            parts.append(set_path(self._take, Drawn(path=path, modality=self._drawn.modality)))
            chosen |= {(CAMERA, number) for number in numbers}
        word = "Copy" if self._is_copy else "Move"
        label = f"{word} keys" if len(self._places) + len(self._cameras) > 1 else f"{word} key"
        if scene.apply(together(label, parts, merge_key="move keys")):
            scene.choose(chosen)

    def finish(self) -> None:
        if self._has_moved:
            self._scene.studio.end_drag()

    def cancel(self) -> None:
        if not self._has_moved:
            return
        chosen: set[KeyId] = {*self._places, *((CAMERA, number) for number in self._cameras)}
        parts = [key_edits.set_keys(self._take, self._keys, "")]
        if self._cameras:
            parts.append(set_actions(self._take, *self._asked))
        self._scene.apply(together("Move keys", parts, merge_key="move keys"))
        self._scene.studio.end_drag()
        self._scene.choose(chosen)


class BandDrag(Drag):
    """A band that chooses the keys in it; with Shift, too."""

    def __init__(self, scene: Scene, press: Press, keys_in: Callable[[QRectF], Iterable[KeyId]]) -> None:
        self._scene, self._begin, self._keys_in = scene, press.where, keys_in
        self._before = scene.chosen if press.is_shift else frozenset()
        if not press.is_shift:
            scene.choose(())

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self._scene.band is None and (where - self._begin).manhattanLength() < _CLICK_PX:
            return
        band = QRectF(self._begin, where).normalized()
        self._scene.band = band
        self._scene.choose({*self._before, *self._keys_in(band)})
        self._scene.chosen_changed.emit()

    def finish(self) -> None:
        self._scene.band = None
        self._scene.chosen_changed.emit()

    def cancel(self) -> None:
        self._scene.choose(self._before)
        self.finish()


def press_key(scene: Scene, press: Press, key: KeyId) -> Drag | None:
    """A press on a key: it is chosen, with Shift as one more or one less, and then dragged."""
    if press.is_shift and key in scene.chosen:
        scene.choose(scene.chosen - {key})
        return None
    if press.is_shift:
        scene.choose(scene.chosen | {key})
    elif key not in scene.chosen:
        scene.choose({key})
    return KeyDrag(scene, press, key)


def frame_of(scene: Scene, key: KeyId) -> float:
    """Where a key lies, in frames."""
    name, number = key
    if name == CAMERA:
        return scene.camera_frames()[number]
    return scene.clock.frame_of_tick(number, scene.first_frame)


def nudge(scene: Scene, ticks: int) -> None:
    """Move the chosen keys by ticks."""
    parts = list[Edit]()
    take, chosen = scene.take, set[KeyId]()
    places, cameras = scene.chosen_parameters(), scene.chosen_cameras()
    drawn = scene.editable() if cameras else None
    if places:
        shift = moved_shift(places, ticks)
        parts.append(key_edits.set_keys(take.id, parameters.moved(take.keys, places, ticks), ""))
        chosen |= {(name, tick + shift) for name, tick in places}
    if cameras and drawn is not None:
        seconds = ticks * scene.clock.seconds_per_tick
        path, numbers = _moved_path(drawn.path, cameras, seconds, is_copy=False, clock=scene.clock)
        parts.append(set_path(take.id, Drawn(path=path, modality=drawn.modality)))
        chosen |= {(CAMERA, number) for number in numbers}
    if parts and scene.apply(together("Move keys", parts)):
        scene.choose(chosen)


def delete_chosen(scene: Scene) -> None:
    """Remove the chosen keys."""
    parts = list[Edit]()
    take, places, cameras = scene.take, scene.chosen_parameters(), scene.chosen_cameras()
    drawn = scene.editable() if cameras else None
    if places:
        parts.append(key_edits.delete_keys(take.id, places))
    if cameras and drawn is not None:
        left = path_keys.removed(drawn.path, cameras)
        parts.append(set_path(take.id, None if left is None else Drawn(path=left, modality=drawn.modality)))
    if parts and scene.apply(together("Delete keys" if len(places) + len(cameras) > 1 else "Delete key", parts)):
        scene.choose(())


def ease_chosen(scene: Scene, easing: str) -> None:
    """Give the chosen keys another easing, where their kind has it."""
    parts = list[Edit]()
    take, places, cameras = scene.take, scene.chosen_parameters(), scene.chosen_cameras()
    drawn = scene.editable() if cameras else None
    numbers = {place for place in places if scene.spec(place[0]).is_numeric}
    if numbers and easing in ("linear", "hold"):
        parts.append(key_edits.set_easing(take.id, numbers, easing))
    path_easing = next((one for one in EASINGS if one == easing), None)
    if cameras and drawn is not None and path_easing is not None:
        eased = path_keys.eased(drawn.path, cameras, path_easing)
        parts.append(set_path(take.id, Drawn(path=eased, modality=drawn.modality)))
    if parts:
        scene.apply(together("Change easing", parts))


def add_parameter_key(scene: Scene, parameter: Parameter, tick: int) -> None:
    """A key that says what is so already, at a tick; it is then the chosen one."""
    take = scene.take
    known = {key.tick for key in parameters.of(take.keys, parameter)}
    if tick not in known:
        keys = parameters.split(take.keys, parameter, tick, recipe_value(scene, parameter))
        if not scene.apply(key_edits.set_keys(take.id, keys, f"Add {scene.spec(parameter).short.lower()} key")):
            return
    scene.choose({(parameter, tick)})


def add_camera_key_at_frame(scene: Scene, frame: float) -> None:
    """A key on the path at a frame; after the path's end, where that is."""
    seconds = scene.clock.seconds_at(frame, scene.first_frame)
    drawn, take = scene.editable(), scene.take
    if drawn is None:
        return
    path = drawn.path
    if path.start_s < seconds < path.end_s:
        path, number = path_keys.add_at(path, seconds)
    else:
        pose = path.at(np.array([seconds]))[0]
        path, number = path_keys.put(path, seconds, pose)
    if scene.apply(set_path(take.id, Drawn(path=path, modality=drawn.modality), label="Add key")):
        scene.choose({(CAMERA, number)})


def make_camera_keys(scene: Scene) -> None:
    """Give the ticks of a take that have no keys theirs."""
    drawn = scene.editable()
    if drawn is not None:
        scene.apply(set_path(scene.take.id, drawn, label="Make keys"))


def recipe_value(scene: Scene, parameter: Parameter) -> ParameterValue:
    """What counts before the first key of a parameter."""
    return recipe_at(scene.studio.project, replace(scene.take, keys=()), 0).value(parameter)


def moved_shift(places: Collection[Place], ticks: int) -> int:
    """How far `parameters.moved` really moves these keys: together, not past tick 0."""
    first = min((tick for _, tick in places), default=0)
    last = max((tick for _, tick in places), default=0)
    return min(max(ticks, -first), MAX_TICKS - last)


def _moved_path(
    path: CameraPath, numbers: Collection[int], seconds: float, *, is_copy: bool, clock: Clock
) -> tuple[CameraPath, list[int]]:
    """The path with some keys later, or copied to later; and their numbers then."""
    if not is_copy:
        return path_keys.shifted(path, numbers, seconds, clock=clock), sorted(numbers)
    copies = [replace(path.keys[number], time_s=path.keys[number].time_s + seconds) for number in sorted(numbers)]
    copies = [key for key in copies if key.time_s >= clock.seconds_per_frame]
    rest = [
        key
        for number, key in enumerate(path.keys)
        if number == 0 or all(abs(key.time_s - copy.time_s) >= clock.seconds_per_frame - _SLACK_S for copy in copies)
    ]
    keys = sorted([*rest, *copies], key=lambda key: key.time_s)
    return replace(path, keys=tuple(keys)), [number for number, key in enumerate(keys) if key in copies]
