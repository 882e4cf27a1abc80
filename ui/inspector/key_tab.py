"""Tab with the numbers of the selected camera key and of the whole path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.actions.modality import MODALITIES
from engine.clock import Clock
from engine.rotations import to_euler
from engine.trajectories import key_edits, sampling
from engine.trajectories import path_edits as whole_edits
from engine.trajectories.path import EASINGS, CameraPath, Easing, Key, Vector
from ui.path_editor import PathEditing
from ui.theme import S4
from ui.widgets import IconButton, NumberField, Section, SegmentedControl, SpeedBar, quiet_label
from ui.widgets.slider_row import ROW_PX

_LABEL_PX = 80
_AXES = ("x", "y", "z")
_ANGLES = (("Yaw", "y"), ("Pitch", "x"), ("Roll", "z"))
_EASING_WORDS: dict[Easing, str] = {
    "smooth": "Smooth",
    "ease": "Ease in and out",
    "linear": "Linear",
    "arc": "Arc",
    "hold": "Hold",
}
_EASING_TIPS: dict[Easing, str] = {
    "smooth": "On a curve, without stopping at the keys",
    "ease": "On a curve, from rest to rest",
    "linear": "Straight, at one pace",
    "arc": "On a circle, at one pace: what one action makes when it is repeated",
    "hold": "Stays, and is at the next key at once",
}
_LEAST_S = 0.05
"""Of a whole path, and of the way back of a loop."""
_STANDING = np.tile(np.eye(4), (2, 1, 1))
MOVED: dict[str, str] = {
    kind.label: kind.name for kind in MODALITIES.values() if kind.from_poses(_STANDING) is not None
}
"""What a path can move: modalities that rows can be made for from poses."""
_USUAL_LOOK = 1.0
"""Scene units ahead of a key, where a point that it looks at is put first."""


class KeyTab(QWidget):
    """Time, place, rotation, easing, look-at and speed of the active key; what is typed counts for all chosen ones."""

    def __init__(self, editing: PathEditing) -> None:
        super().__init__()
        self._editing, self._studio, self._theme = editing, editing.studio, editing.studio.theme
        self._is_dragging = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.key = Section(self._theme, self.tr("Key"))
        self.whole = Section(self._theme, self.tr("Path"))
        column.addWidget(self.key)
        column.addWidget(self.whole)
        column.addStretch(1)
        self._build_key()
        self._build_whole()
        editing.changed.connect(self.refresh)
        self._studio.project_opened.connect(self.refresh)
        self._studio.project_changed.connect(lambda _change: self.refresh())

    # ------------------------------------------------------------------ the key

    def _build_key(self) -> None:
        theme = self._theme
        for command, icon in (("path.previous_key", "caret-left"), ("path.next_key", "caret-right")):
            action = self._studio.commands.action(command)
            self.key.add_tool(IconButton(theme, icon, action.text()).follow(action))
        self._hint = quiet_label("")
        self._hint.setWordWrap(True)
        self.key.body.addWidget(self._hint)
        self._rows = QWidget()
        grid = _grid(self._rows)
        self.seconds = NumberField(theme, self.tr("Time"), minimum=0, step=0.2, decimals=2, precision=4, unit="s")
        self.ticks = NumberField(theme, self.tr("Tick"), minimum=0, step=1, decimals=0, precision=2, unit="tick")
        self.seconds.changed.connect(lambda value, is_over: self._set_time(value, is_over))
        self.ticks.changed.connect(
            lambda value, is_over: self._set_time(value * self._editing.clock.seconds_per_tick, is_over)
        )
        self.position = self._three(self.tr("Position"), self._set_position)
        self.angles = [
            NumberField(theme, self.tr(name), minimum=-3600, maximum=3600, decimals=1, precision=4, unit="°", axis=axis)
            for name, axis in _ANGLES
        ]
        for number, field in enumerate(self.angles):
            field.changed.connect(lambda value, is_over, number=number: self._set_angle(number, value, is_over))
        self.easing = QComboBox()
        self.easing.setAccessibleName(self.tr("Easing"))
        for easing in EASINGS:
            self.easing.addItem(self.tr(_EASING_WORDS[easing]), easing)
            self.easing.setItemData(self.easing.count() - 1, self.tr(_EASING_TIPS[easing]), Qt.ItemDataRole.ToolTipRole)
        self.easing.activated.connect(lambda _number: self._editing.set_easing(self.easing.currentData()))
        self.speed, self.turn = SpeedBar(theme, self.tr("Speed")), SpeedBar(theme, self.tr("Turn"))
        self.speed_words, self.turn_words = QLabel(), QLabel()
        self.looks = QCheckBox(self.tr("at a point"))
        self.looks.clicked.connect(self._toggle_look)
        self.look_at = self._three(self.tr("Look at"), self._set_look_at)
        _add_row(grid, self.tr("Time"), self.seconds, self.ticks)
        _add_row(grid, self.tr("Position"), *self.position)
        _add_row(grid, self.tr("Rotation"), *self.angles)
        _add_row(grid, self.tr("Ease"), self.easing)
        _add_row(grid, self.tr("Looks"), self.looks)
        self._look_row = _add_row(grid, "", *self.look_at)
        _add_bar(grid, self.tr("Speed"), self.speed, self.speed_words)
        _add_bar(grid, self.tr("Turn"), self.turn, self.turn_words)
        self.axes = SegmentedControl(theme, (self.tr("World"), self.tr("Local")), self.tr("Axes of the handles"))
        self.axes.chosen.connect(lambda _name: self._studio.commands.trigger("path.local"))
        self.falloff = NumberField(
            theme, self.tr("Falloff"), minimum=0, maximum=1000, step=0.05, decimals=2, precision=4, unit="u"
        )
        self.falloff.setToolTip(self.tr("How far around the chosen keys others follow; while dragging, the wheel"))
        self.falloff.changed.connect(lambda value, _is_over: self._editing.set_falloff(value))
        _add_row(grid, self.tr("Handles"), self.axes)
        _add_row(grid, self.tr("Falloff"), self.falloff)
        self.key.body.addWidget(self._rows)

    def _three(self, name: str, changed: Callable[[int, float, bool], None]) -> list[NumberField]:
        fields = []
        for number, axis in enumerate(_AXES):
            field = NumberField(
                self._theme, f"{name} {axis}", minimum=-1e4, maximum=1e4, step=0.01, decimals=2, precision=6, axis=axis
            )
            field.changed.connect(lambda value, is_over, number=number: changed(number, value, is_over))
            fields.append(field)
        return fields

    # ------------------------------------------------------------------ the whole path

    def _build_whole(self) -> None:
        theme = self._theme
        self._rows_of_whole = QWidget()
        grid = _grid(self._rows_of_whole)
        self.modality = SegmentedControl(theme, tuple(MOVED), self.tr("What the path moves"))
        self.modality.chosen.connect(self._set_modality)
        self.duration = NumberField(
            theme, self.tr("Duration"), minimum=_LEAST_S, maximum=20_000, step=0.2, decimals=2, unit="s"
        )
        self.duration.changed.connect(self._set_duration)
        self.scale = NumberField(
            theme, self.tr("Scale"), value=1, minimum=0.01, maximum=100, step=0.01, decimals=2, precision=4, unit="×"
        )
        self.scale.changed.connect(self._set_scale)
        self.constant_speed = QCheckBox(self.tr("one pace all along"))
        self.constant_speed.setToolTip(self.tr("Keys say where the way goes, and no longer when"))
        self.constant_speed.clicked.connect(self._editing.set_constant_speed)
        self.loop = QCheckBox(self.tr("closes in"))
        self.loop.clicked.connect(self._toggle_loop)
        self.closing = NumberField(
            theme, self.tr("Seconds of the way back"), minimum=_LEAST_S, maximum=1000, step=0.2, unit="s"
        )
        self.closing.setFixedWidth(62)
        self.closing.changed.connect(self._set_closing)
        _add_row(grid, self.tr("Moves a"), self.modality)
        _add_row(grid, self.tr("Duration"), self.duration)
        _add_row(grid, self.tr("Scale"), self.scale)
        _add_row(grid, self.tr("Speed"), self.constant_speed)
        _add_row(grid, self.tr("Loop"), self.loop, self.closing)
        self.whole.body.addWidget(self._rows_of_whole)
        self.make_keys = QPushButton(self.tr("Make keys of it"))
        self.make_keys.clicked.connect(self._editing.make_keys)
        self.whole.body.addWidget(self.make_keys)

    # ------------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        """Show what is true now; the numbers of a field that is being typed in stay."""
        editing = self._editing
        kept, active = editing.kept, editing.active
        has_key = kept is not None and 0 <= active < len(kept.keys)
        self._rows.setVisible(has_key)
        self._hint.setVisible(not has_key or len(editing.selected) > 1)
        if kept is not None and has_key:
            self._show_key(kept, active)
        else:
            self.key.set_title(self.tr("Key"))
            words = self.tr("No key is chosen") if kept else self.tr("Press Enter to add a key, or pick a preset")
            self._hint.setText(words)
        self.axes.choose(self.tr("Local") if editing.is_local else self.tr("World"))
        self.falloff.set_value(editing.falloff)
        self._show_whole(kept)

    def _show_key(self, path: CameraPath, number: int) -> None:
        count, chosen = len(path.keys), len(self._editing.selected)
        self.key.set_title(self.tr("Key {0} of {1}").format(number + 1, count))
        self._hint.setText(self.tr("{0} keys are chosen; changes count for all").format(chosen))
        key, times = path.keys[number], path.key_times()
        self.seconds.set_value(float(times[number]))
        self.ticks.set_value(float(times[number]) * self._editing.clock.ticks_per_second)
        for field in (self.seconds, self.ticks):
            field.setEnabled(number > 0 and not path.constant_speed)
            field.setToolTip(self.tr("A path begins with its take") if number == 0 else "")
        for field, value in zip(self.position, key.position, strict=True):
            field.set_value(value)
        for field, value in zip(self.angles, _angles_shown(path, number), strict=True):
            field.set_value(value)
            field.setEnabled(key.look_at is None)
        self.easing.setCurrentIndex(self.easing.findData(key.easing))
        self.looks.setChecked(key.look_at is not None)
        for widget in self._look_row:
            widget.setVisible(key.look_at is not None)
        for field, value in zip(self.look_at, key.look_at or (0.0, 0.0, 0.0), strict=True):
            field.set_value(value)
        clock = self._editing.clock
        moved, turned = _speed_at(path, float(times[number]), clock)
        self.speed.show_load(moved / clock.trained_speed)
        self.turn.show_load(turned / clock.trained_turn)
        self.speed_words.setText(f"{moved:.3f} u")
        self.turn_words.setText(f"{np.rad2deg(turned):.1f}°")

    def _show_whole(self, path: CameraPath | None) -> None:
        editing = self._editing
        self.whole.hint.setText("" if path is None else self.tr("{0} keys").format(len(path.keys)))
        self.modality.choose(next(word for word, name in MOVED.items() if name == editing.modality))
        has_way = path is not None and len(path.keys) > 1
        for widget in (self.duration, self.scale, self.constant_speed, self.loop, self.closing):
            widget.setEnabled(has_way)
        loose = len(self._studio.take.actions) if path is None else 0
        self.make_keys.setVisible(editing.has_loose_ticks)
        if loose:
            self.whole.hint.setText(self.tr("{0} ticks without keys").format(loose))
        if path is None:
            return
        self.duration.set_value(path.end_s - path.start_s)
        if not self._is_dragging:
            self.scale.set_value(1.0)
        self.constant_speed.setChecked(path.constant_speed)
        self.loop.setChecked(path.closing_s is not None)
        self.closing.set_value(path.closing_s or editing.clock.seconds_per_chunk)
        self.closing.setEnabled(path.closing_s is not None)

    # ------------------------------------------------------------------ what is changed

    def _change(self, change: Callable[[CameraPath], CameraPath], label: str, *, is_over: bool) -> None:
        """One step for a whole drag; `change` is told the path that the drag began with."""
        if not self._is_dragging:
            self._is_dragging = self._editing.begin_drag()
        self._editing.drag(change, label)
        if is_over:
            self._is_dragging = False
            self._editing.end_drag()
            self.refresh()

    def _set_time(self, value: float, is_over: bool) -> None:
        number, chosen = self._editing.active, self._editing.selected
        step = self._editing.clock.seconds_per_tick
        wanted = round(value / step) * step if self._studio.is_snapping and not is_over else value

        def change(path: CameraPath) -> CameraPath:
            return key_edits.shifted(path, chosen, wanted - path.keys[number].time_s, clock=self._editing.clock)

        self._change(change, self.tr("Move key in time"), is_over=is_over)

    def _set_position(self, axis: int, value: float, is_over: bool) -> None:
        number, chosen, radius = self._editing.active, self._editing.selected, self._editing.falloff

        def change(path: CameraPath) -> CameraPath:
            shift = np.zeros(3)
            shift[axis] = value - path.keys[number].position[axis]
            return key_edits.moved(path, key_edits.falloff(path, chosen, radius), shift.tolist())

        self._change(change, self.tr("Move keys"), is_over=is_over)

    def _set_angle(self, which: int, value: float, is_over: bool) -> None:
        number, chosen = self._editing.active, self._editing.selected

        def change(path: CameraPath) -> CameraPath:
            delta = value - key_edits.angles_of(path.keys[number])[which]
            for other in chosen:
                path = key_edits.with_key(path, other, _turned_by(path.keys[other], which, delta))
            return path

        self._change(change, self.tr("Turn keys"), is_over=is_over)

    def _toggle_look(self, is_on: bool) -> None:
        kept, number = self._editing.kept, self._editing.active
        if kept is None or number < 0:
            return
        point: Vector | None = None
        if is_on:
            pose = kept.at(kept.key_times()[number : number + 1])[0]
            x, y, z = (pose[:3, 3] + _USUAL_LOOK * pose[:3, 2]).tolist()
            point = (x, y, z)
        self._editing.look_at(point)

    def _set_look_at(self, axis: int, value: float, is_over: bool) -> None:
        number, chosen = self._editing.active, self._editing.selected

        def change(path: CameraPath) -> CameraPath:
            point = list(path.keys[number].look_at or (0.0, 0.0, 0.0))
            point[axis] = value
            x, y, z = point
            return key_edits.looking_at(path, chosen, (x, y, z))

        self._change(change, self.tr("Move look-at point"), is_over=is_over)

    def _set_modality(self, word: str) -> None:
        if not self._editing.set_modality(MOVED[word]):
            self.refresh()

    def _set_duration(self, value: float, is_over: bool) -> None:
        self._change(lambda path: whole_edits.retime(path, duration_s=value), self.tr("Retime path"), is_over=is_over)

    def _set_scale(self, value: float, is_over: bool) -> None:
        self._change(
            lambda path: whole_edits.scale(path, value, about=path.keys[0].position),
            self.tr("Scale path"),
            is_over=is_over,
        )

    def _toggle_loop(self, is_on: bool) -> None:
        self._editing.set_loop(self.closing.value if is_on else None)

    def _set_closing(self, value: float, is_over: bool) -> None:
        self._change(lambda path: replace(path, closing_s=value), self.tr("Change loop"), is_over=is_over)


def _turned_by(key: Key, which: int, delta: float) -> Key:
    """A key with one of its angles changed by some degrees."""
    angles = list(key_edits.angles_of(key))
    angles[which] += delta
    yaw, pitch, roll = angles
    return key_edits.with_angles(key, yaw, pitch, roll)


def _angles_shown(path: CameraPath, number: int) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees; of a key that looks at a point, where it faces."""
    if path.keys[number].look_at is None:
        return key_edits.angles_of(path.keys[number])
    facing = path.at(path.key_times()[number : number + 1])[:, :3, :3]
    pitch, yaw, roll = (float(angle) for angle in np.rad2deg(to_euler(facing, "zxy")[0]))
    return yaw, pitch, roll


def _speed_at(path: CameraPath, time_s: float, clock: Clock) -> tuple[float, float]:
    """Units and radians per tick at a time: of the faster of the ticks around it."""
    step = clock.seconds_per_tick
    times = np.clip(np.array([time_s - step, time_s, time_s + step]), path.start_s, path.end_s)
    if path.closing_s is not None:
        times = np.array([time_s - step, time_s, time_s + step])
    speed = sampling.gauge(path.at(times), clock=clock)
    return float(speed.moved.max()), float(speed.turned.max())


def _grid(inside: QWidget) -> QGridLayout:
    grid = QGridLayout(inside)
    grid.setContentsMargins(S4, 0, S4, 0)
    grid.setHorizontalSpacing(4)
    grid.setVerticalSpacing(0)
    grid.setColumnMinimumWidth(0, _LABEL_PX)
    for column in range(1, 7):
        grid.setColumnStretch(column, 1)
    return grid


def _add_row(grid: QGridLayout, text: str, *widgets: QWidget) -> tuple[QWidget, ...]:
    """A label, and widgets that share what is right of it."""
    row, share = grid.rowCount(), 6 // len(widgets)
    label = QLabel(text)
    label.setProperty("role", "label")
    label.setMinimumHeight(ROW_PX)  # of the label and not of the row, which is none while it is hidden
    grid.addWidget(label, row, 0)
    for number, widget in enumerate(widgets):
        if isinstance(widget, NumberField):
            widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            widget.setMinimumWidth(44)
        grid.addWidget(widget, row, 1 + number * share, 1, share)
    return (label, *widgets)


def _add_bar(grid: QGridLayout, text: str, bar: SpeedBar, words: QLabel) -> None:
    row = grid.rowCount()
    label = QLabel(text)
    label.setProperty("role", "label")
    grid.addWidget(label, row, 0)
    grid.addWidget(bar, row, 1, 1, 4)
    words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    words.setMinimumWidth(52)
    grid.addWidget(words, row, 5, 1, 2)
