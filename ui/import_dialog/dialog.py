"""The import dialog: a camera file, the format it was recognised as and why, its possible readings, and options."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from astra_studio.document.path_edits import add_path
from astra_studio.problems import Problem
from astra_studio.services.background.latest import Background
from astra_studio.services.camera.files import (
    SHOWN_AXES,
    CameraQuestion,
    CameraReader,
    ImportChoices,
    Imported,
    import_edit,
    imported_actions,
)
from engine.rotations import EULER_ORDERS
from engine.trajectories.axes import CONVENTIONS
from engine.trajectories.errors import ALL_CAMERAS
from engine.trajectories.formats.registry import FORMATS
from ui.import_dialog.candidate_tile import AXES_NAMES, CandidateTile
from ui.import_dialog.findings import Findings
from ui.studio import Studio
from ui.theme import S4, S8, S12, S16
from ui.widgets import NumberField, quiet_label

_OWN = ""
"""What a choice holds that leaves it to the file."""


class ImportDialog(QDialog):
    """Shows one file; every change of a choices is read anew in the background."""

    def __init__(self, studio: Studio, path: Path, background: Background, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._studio, self._path, self._background = studio, path, background
        self._reader = CameraReader(path, studio.take.clock)
        self._choices = ImportChoices()
        self.imported: Imported | None = None
        self.is_reading = False
        self.setWindowTitle(self.tr("Import Camera Path"))
        self.setMinimumSize(900, 560)
        self.resize(980, 620)
        self.title = QLabel(path.name)
        self.title.setFont(studio.theme.font(16, 600))
        self.because = quiet_label(self.tr("Reading ..."))
        self.because.setWordWrap(True)
        self.findings = Findings(studio.theme)
        self._build_wishes()
        self._build_tiles()
        self.notes = quiet_label("")
        self.notes.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(self.tr("Import"))
        self.ok.setProperty("main", "true")
        self.ok.setEnabled(False)
        buttons.accepted.connect(self._take_over)
        buttons.rejected.connect(self.reject)
        self.finished.connect(lambda _result: background.forget())
        left = QVBoxLayout()
        left.setSpacing(S16)
        left.addLayout(self._form)
        left.addWidget(self.findings)
        left.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(S16 + S8)
        middle.addLayout(left)
        middle.addLayout(self._right, 1)
        inside = QWidget()
        whole = QVBoxLayout(inside)
        whole.setContentsMargins(S16, S16, S16, S16)
        whole.setSpacing(S12)
        whole.addWidget(self.title)
        whole.addWidget(self.because)
        whole.addLayout(middle, 1)
        whole.addWidget(self.notes)
        whole.addWidget(buttons)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(inside)
        self._show_takes(())
        self._read()

    # ------------------------------------------------------------------ what it is made of

    def _build_wishes(self) -> None:
        theme = self._studio.theme
        self.format = self._choice(
            self.tr("Format"), [(self.tr("Detected"), _OWN), *((kind.title, name) for name, kind in FORMATS.items())]
        )
        words = {"c2w": self.tr("Camera to world"), "w2c": self.tr("World to camera")}
        self.convention = self._choice(
            self.tr("Direction"), [(self.tr("As the file says"), _OWN), *((words[way], way) for way in CONVENTIONS)]
        )
        self.axes = self._choice(
            self.tr("Camera axes"),
            [(self.tr("As the file says"), _OWN), *((AXES_NAMES[name], name) for name in SHOWN_AXES)],
        )
        orders = [(self.tr("As the format does"), _OWN), *((order.upper(), order) for order in EULER_ORDERS)]
        self.euler = self._choice(self.tr("Order of angles"), orders)
        self.camera = self._choice(self.tr("Camera"), [])
        self.has_rate = QCheckBox(self.tr("Say it"))
        self.has_rate.setAccessibleName(self.tr("Say the poses a second, in place of the file's own times"))
        self.rate = NumberField(
            theme, self.tr("Poses a second"), value=20.0, minimum=0.1, maximum=1000.0, decimals=3, unit="/s"
        )
        self.rate.setEnabled(False)
        self.scale = NumberField(
            theme, self.tr("Scale"), value=1.0, minimum=1e-6, maximum=1e6, step=0.01, decimals=6, unit="x"
        )
        self.fits = QCheckBox(self.tr("Fit"))
        self.fits.setToolTip(self.tr("So that the median tick is as fast as the model was trained: 0.03 units"))
        self.begins = QCheckBox(self.tr("Begin at the start picture"))
        self.begins.setChecked(True)
        self.keys = self._choice(self.tr("Take over"), [])
        self.keys.setToolTip(self.tr("Rows make exactly what the file asks for; keys can be edited at once"))
        take = self._studio.take
        self.into = self._choice(self.tr("Use it in"), [(take.name, "take"), (self.tr("The project's paths"), "paths")])
        self._form = QFormLayout()
        self._form.setVerticalSpacing(S8)
        self._form.setHorizontalSpacing(S12)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for words_, widget in (
            (self.tr("Format"), self.format),
            (self.tr("Direction"), self.convention),
            (self.tr("Camera axes"), self.axes),
            (self.tr("Order of angles"), self.euler),
            (self.tr("Camera"), self.camera),
            (self.tr("Poses a second"), _row(self.rate, self.has_rate)),
            (self.tr("Scale"), _row(self.scale, self.fits)),
            ("", self.begins),
            (self.tr("Take over"), self.keys),
            (self.tr("Use it in"), self.into),
        ):
            label = QLabel(words_)
            label.setProperty("role", "label")
            self._form.addRow(label, widget)
        for choice in (self.format, self.convention, self.axes, self.euler, self.camera):
            choice.activated.connect(lambda _number: self._wished())
        self.has_rate.toggled.connect(self._rate_said)
        self.rate.changed.connect(lambda _value, _is_over: self._wished())
        self.scale.changed.connect(lambda _value, _is_over: self._scale_said())
        self.fits.toggled.connect(lambda _on: self._wished())
        self.begins.toggled.connect(lambda _on: self._wished())

    def _build_tiles(self) -> None:
        theme = self._studio.theme
        self.tiles: list[CandidateTile] = []
        grid = QGridLayout()
        grid.setSpacing(S8)
        self._group = QButtonGroup(self)
        for number in range(len(CONVENTIONS) * len(SHOWN_AXES)):
            tile = CandidateTile(theme)
            tile.setEnabled(False)
            self.tiles.append(tile)
            self._group.addButton(tile, number)
            grid.addWidget(tile, number // len(SHOWN_AXES), number % len(SHOWN_AXES))
        self._group.idClicked.connect(self._tile_chosen)
        head = QLabel(self.tr("How it could be read, from above"))
        head.setProperty("role", "title")
        hint = quiet_label(self.tr("Most cameras walk where they look: a reading that goes backward is seldom right."))
        hint.setWordWrap(True)
        self._right = QVBoxLayout()
        self._right.setSpacing(S4)
        self._right.addWidget(head)
        self._right.addWidget(hint)
        self._right.addSpacing(S4)
        self._right.addLayout(grid, 1)

    def _choice(self, name: str, options: list[tuple[str, str]]) -> QComboBox:
        choice = QComboBox()
        choice.setAccessibleName(name)
        choice.setMinimumWidth(228)
        for words, value in options:
            choice.addItem(words, value)
        return choice

    # ------------------------------------------------------------------ wishes

    def _rate_said(self, on: bool) -> None:
        self.rate.setEnabled(on)
        self._wished()

    def _scale_said(self) -> None:
        self.fits.blockSignals(True)
        self.fits.setChecked(False)
        self.fits.blockSignals(False)
        self._wished()

    def _tile_chosen(self, number: int) -> None:
        candidate = self.tiles[number].candidate
        if candidate is not None:
            own = candidate.is_own
            _choose(self.convention, _OWN if own else candidate.convention)
            _choose(self.axes, _OWN if own else candidate.axes)
            self._wished()

    def _wished(self) -> None:
        choices = ImportChoices(
            format_name=self.format.currentData() or None,
            convention=self.convention.currentData() or None,
            axes=self.axes.currentData() or None,
            euler=self.euler.currentData() or None,
            camera=self.camera.currentData() or None,
            fps=self.rate.value if self.has_rate.isChecked() else None,
            scale=self.scale.value,
            fits_speed=self.fits.isChecked(),
            begins_at_start=self.begins.isChecked(),
        )
        if choices.format_name != self._choices.format_name:
            # Another format has other cameras and angles.
            choices = replace(choices, euler=None, camera=None)
        if choices != self._choices:
            self._choices = choices
            self._read()

    def _read(self) -> None:
        reader, choices = self._reader, self._choices
        self.is_reading = True
        self.ok.setEnabled(False)
        self._background.run(lambda: reader.read_or_ask(choices), self._show_read, self._show_problem)

    # ------------------------------------------------------------------ what was read

    def _show_read(self, found: Imported | CameraQuestion) -> None:
        if isinstance(found, CameraQuestion):
            self._ask_camera(found)
        else:
            self._show_imported(found)

    def _ask_camera(self, question: CameraQuestion) -> None:
        """Several cameras are in the file, and none is the usual one."""
        self._show_nothing(self.tr("Several cameras are in this file. Choose the one to import."), "label")
        self.notes.setText("")
        self._show_cameras(question.cameras, self.tr("Choose one"))
        self._show_takes(("camera",))
        self.camera.setFocus()

    def _show_cameras(self, cameras: tuple[str, ...], first: str) -> None:
        """The cameras of the file, under the one that is chosen; `first` stands for none."""
        offered = ["", *cameras]
        if offered != [self.camera.itemData(number) for number in range(self.camera.count())]:
            self.camera.clear()
            for name in offered:
                words = self.tr("All, as one camera") if name == ALL_CAMERAS else name
                self.camera.addItem(words or first, name)
        self.camera.setItemText(0, first)
        _choose(self.camera, self._choices.camera or "")

    def _show_imported(self, imported: Imported) -> None:
        self.imported, self.is_reading = imported, False
        reading = imported.reading
        kind = FORMATS[reading.format].title
        self.because.setText(self.tr("{0}, because {1}").format(kind, reading.because))
        self.because.setProperty("role", "quiet")
        self.format.setItemText(
            0, self.tr("Detected: {0}").format(kind) if not self._choices.format_name else self.tr("Detected")
        )
        for choice, own in ((self.convention, reading.convention), (self.axes, AXES_NAMES[reading.axes])):
            if choice.currentData() == _OWN:
                choice.setItemText(0, self.tr("As the file says: {0}").format(own))
        self._show_cameras(reading.cameras, self.tr("The usual one"))
        self._show_orders(reading.smoothest_euler)
        self._show_takes(reading.takes)
        if not self.has_rate.isChecked():
            self.rate.set_value(reading.recording.fps)
        self.scale.set_value(imported.scale)
        for tile, candidate in zip(self.tiles, imported.candidates, strict=True):
            tile.setEnabled(True)
            tile.show_candidate(candidate)
            tile.setChecked((candidate.convention, candidate.axes) == (reading.convention, reading.axes))
        self._show_keys(imported)
        self.findings.show_imported(imported)
        self.notes.setText("\n".join(f"{note[:1].upper()}{note[1:]}." for note in map(self._in_words, reading.notes)))
        self.ok.setEnabled(True)
        self._dress(self.because)

    def _show_keys(self, imported: Imported) -> None:
        """What can be taken over: rows always, keys where the file holds keys."""
        chosen = self.keys.currentData()
        self.keys.clear()
        self.keys.addItem(self.tr("{0} rows, exactly").format(len(imported.track)), "rows")
        if imported.keys is not None:
            self.keys.addItem(self.tr("Its {0} keys").format(len(imported.keys.keys)), "keys")
            _choose(self.keys, chosen or "keys")
        self.keys.setEnabled(self.keys.count() > 1)

    def _show_orders(self, smoothest: str | None) -> None:
        """Mark the order of angles in which the camera turns most smoothly, while the format's own is taken."""
        if self._choices.euler is None:
            for number in range(1, self.euler.count()):
                order = self.euler.itemData(number)
                words = self.tr("{0}: turns most smoothly") if order == smoothest else "{0}"
                self.euler.setItemText(number, words.format(order.upper()))

    def _show_problem(self, problem: Problem) -> None:
        self._show_nothing(self._in_words(problem.why), "error")
        self.notes.setText(self.tr("{0}, or choose the format above if it was taken for another.").format(problem.todo))

    def _show_nothing(self, why: str, role: str) -> None:
        """Nothing has been read, and why."""
        self.imported, self.is_reading = None, False
        self.because.setText(why)
        self.because.setProperty("role", role)
        self._dress(self.because)
        for tile in self.tiles:
            tile.candidate = None
            tile.setEnabled(False)
            tile.update()
        self.findings.clear()

    def _show_takes(self, takes: tuple[str, ...]) -> None:
        """Of the wishes that few files know those that this one does."""
        self._form.setRowVisible(self.euler, "euler" in takes)
        self._form.setRowVisible(self.camera, "camera" in takes)

    def _in_words(self, text: str) -> str:
        """What the engine says to those at a command line, as it is called here."""
        for flag, words in (
            ("--fps", self.tr("Poses a second")),
            ("--convention", self.tr("Direction")),
            ("--axes", self.tr("Camera axes")),
            ("--euler", self.tr("Order of angles")),
            ("--camera", self.tr("Camera")),
            ("--from", self.tr("Format")),
        ):
            # In brackets it is a hint for those who see no field of that name.
            text = re.sub(rf" \({flag}( [^()]*)?\)", "", text).replace(flag, words)
        return text

    @staticmethod
    def _dress(label: QLabel) -> None:
        label.style().unpolish(label)
        label.style().polish(label)

    # ------------------------------------------------------------------ over

    def _take_over(self) -> None:
        imported, studio = self.imported, self._studio
        if imported is None:
            return
        count = len(imported.track)
        if self.into.currentData() == "paths":
            edit = add_path(self._path.stem, imported_actions(imported), self._path.name, clock=imported.speed.clock)
            said = self.tr("{0}: {1} ticks, among the project's paths")
        else:
            edit = import_edit(studio.take.id, imported, with_keys=self.keys.currentData() == "keys")
            said = self.tr("{0}: {1} ticks")
        if studio.apply(edit):
            studio.say(said.format(self._path.name, count), self.tr("Undo"), studio.undo)
            self.accept()


def _row(*widgets: QWidget) -> QWidget:
    """Widgets side by side."""
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(S8)
    for number, widget in enumerate(widgets):
        row.addWidget(widget, 0 if number else 1)
    return whole


def _choose(choice: QComboBox, value: str) -> None:
    choice.setCurrentIndex(max(choice.findData(value), 0))
