"""Dialogs that change a whole path by numbers, with a live preview; each is one step of undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from engine import poses
from engine.trajectories import path_edits
from engine.trajectories.path import CameraPath
from ui.path_editor.editing import PathChange, PathEditing
from ui.theme import S8, S16
from ui.widgets import NumberField


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One number that is asked for."""

    label: str
    value: float
    step: float
    unit: str = ""
    axis: str = ""
    minimum: float = -1e4
    maximum: float = 1e4


class WholeDialog(QDialog):
    """Numbers, and the path that they make while they are changed; Cancel gives the old one back."""

    def __init__(self, editing: PathEditing, title: str, entries: Sequence[Sequence[Entry]], parent: QWidget) -> None:
        super().__init__(parent)
        self._editing, self._title = editing, title
        self.setWindowTitle(title)
        form = QFormLayout()
        form.setVerticalSpacing(S8)
        self.fields: list[NumberField] = []
        for group in entries:
            row = QHBoxLayout()
            for entry in group:
                field = NumberField(
                    editing.studio.theme,
                    f"{entry.label} {entry.axis}".strip(),
                    value=entry.value,
                    minimum=entry.minimum,
                    maximum=entry.maximum,
                    step=entry.step,
                    precision=6,
                    unit=entry.unit,
                    axis=entry.axis,
                )
                field.setMinimumWidth(80)
                field.changed.connect(lambda _value, _is_over: self._show())
                row.addWidget(field)
                self.fields.append(field)
            form.addRow(group[0].label, row)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.setSpacing(S16)
        column.addLayout(form)
        column.addWidget(buttons)
        editing.studio.commands.watch_fields(self)
        self._is_on = editing.begin_drag()
        self.finished.connect(self._over)

    def change(self) -> PathChange:
        """What the numbers ask for."""
        raise NotImplementedError

    def _show(self) -> None:
        if self._is_on:
            self._editing.drag(self.change(), self._title)

    def _over(self, result: int) -> None:
        if result == QDialog.DialogCode.Accepted:
            self._editing.end_drag()
        else:
            self._editing.cancel_drag()


class ScaleDialog(WholeDialog):
    """Larger or smaller about the first key."""

    def __init__(self, editing: PathEditing, parent: QWidget) -> None:
        entry = Entry(label=editing.tr("Scale"), value=1, step=0.01, unit="×", minimum=0.001, maximum=1000)
        super().__init__(editing, editing.tr("Scale path"), [[entry]], parent)

    def change(self) -> PathChange:
        factor = self.fields[0].value
        return lambda path: path_edits.scale(path, factor, about=path.keys[0].position)


class RetimeDialog(WholeDialog):
    """Longer or shorter, the same way."""

    def __init__(self, editing: PathEditing, path: CameraPath, parent: QWidget) -> None:
        entry = Entry(
            label=editing.tr("Duration"),
            value=path.end_s - path.start_s,
            step=0.2,
            unit="s",
            minimum=0.2,
            maximum=20_000,
        )
        super().__init__(editing, editing.tr("Retime path"), [[entry]], parent)

    def change(self) -> PathChange:
        seconds = self.fields[0].value
        return lambda path: path_edits.retime(path, duration_s=seconds)


class TurnDialog(WholeDialog):
    """Moved and turned as one piece, about its first key."""

    def __init__(self, editing: PathEditing, parent: QWidget) -> None:
        move = [Entry(label=editing.tr("Move"), value=0, step=0.01, unit="u", axis=axis) for axis in "xyz"]
        turn = [
            Entry(label=editing.tr("Turn"), value=0, step=1, unit="°", axis=axis, minimum=-3600, maximum=3600)
            for axis in "yxz"
        ]
        super().__init__(editing, editing.tr("Move and turn path"), [move, turn], parent)

    def change(self) -> PathChange:
        x, y, z, yaw, pitch, roll = (field.value for field in self.fields)
        turned = np.deg2rad([yaw, pitch, roll])
        rotation = poses.rotation_y(turned[0]) @ poses.rotation_x(turned[1]) @ poses.rotation_z(turned[2])

        def moved(path: CameraPath) -> CameraPath:
            about = poses.from_parts(translation=path.keys[0].position)
            there = poses.from_parts(rotation, [x, y, z])
            return path_edits.transform(path, about @ there @ poses.inverse(about))

        return moved
