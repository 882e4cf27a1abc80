"""Dialog that writes a take's path as a camera file for another program, and says what that format cannot hold."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from astra_studio.problems import Problem, ended
from astra_studio.services.background.latest import Background
from astra_studio.services.camera.files import export_path, losses
from engine.trajectories.formats.registry import FORMATS
from ui.export_dialog import usual_folder
from ui.job_ends import show_folder
from ui.studio import Studio
from ui.theme import S8, S12, S16
from ui.widgets import quiet_label


class PathExportDialog(QDialog):
    """What to write, and where to."""

    def __init__(self, studio: Studio, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._studio, self._background = studio, background
        self._take = studio.take
        self.setWindowTitle(self.tr("Export Camera Path of {0}").format(self._take.name))
        self.setMinimumWidth(600)
        self.format = QComboBox()
        self.format.setAccessibleName(self.tr("Format"))
        for name, kind in FORMATS.items():
            self.format.addItem(kind.title, name)
        self.rate = QComboBox()
        self.rate.setAccessibleName(self.tr("Poses"))
        for words, rate in (
            (self.tr("Every frame: {0:g} a second"), float(self._take.clock.fps)),
            (self.tr("Every tick: {0:g} a second"), self._take.clock.ticks_per_second),
        ):
            self.rate.addItem(words.format(rate), rate)
        self.target = QLineEdit()
        self.target.setAccessibleName(self.tr("File"))
        browse = QPushButton(self.tr("Choose..."))
        browse.clicked.connect(self._browse)
        self.layout_words = quiet_label("")
        self.layout_words.setWordWrap(True)
        self.lost = QLabel()
        self.lost.setWordWrap(True)
        self.lost.setAccessibleName(self.tr("What it does not hold"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(self.tr("Export"))
        self.ok.setProperty("main", "true")
        buttons.accepted.connect(self._export)
        buttons.rejected.connect(self.reject)
        self.finished.connect(lambda _result: background.forget())
        form = QFormLayout()
        form.setVerticalSpacing(S8)
        form.setHorizontalSpacing(S12)
        place = QHBoxLayout()
        place.setSpacing(S8)
        place.addWidget(self.target, 1)
        place.addWidget(browse)
        form.addRow(self.tr("Format"), self.format)
        form.addRow("", self.layout_words)
        form.addRow(self.tr("Poses"), self.rate)
        form.addRow(self.tr("File"), place)
        form.addRow(self.tr("Not in it"), self.lost)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(S16, S16, S16, S16)
        column.setSpacing(S16)
        column.addLayout(form)
        column.addStretch(1)
        column.addWidget(buttons)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(inside)
        self.format.currentIndexChanged.connect(lambda _number: self._format_chosen())
        self.rate.currentIndexChanged.connect(lambda _number: self._foretell())
        self._format_chosen()

    def _format_chosen(self) -> None:
        kind = FORMATS[self.format.currentData()]
        self.layout_words.setText(kind.layout)
        self.rate.setEnabled(self.format.currentData() != "astra")
        stem = f"{self._studio.session.path.stem}, {self._take.name}"
        # COLMAP's text is several files in a folder.
        name = f"{stem} (COLMAP)" if self.format.currentData() == "colmap" else f"{stem}{kind.suffix or '.txt'}"
        folder = Path(self.target.text()).parent if self.target.text() else usual_folder(self._studio)
        self.target.setText(str(folder / name))
        self._foretell()

    def _foretell(self) -> None:
        """Find out what will be lost, by writing it aside."""
        take, name, fps = self._take, self.format.currentData(), self.rate.currentData()
        self.ok.setEnabled(False)
        self._background.run(lambda: losses(take, name, fps), self._show_losses, self._show_problem)

    def _show_losses(self, lost: tuple[str, ...]) -> None:
        self.lost.setText("\n".join(f"{what[:1].upper()}{what[1:]}" for what in lost) or self.tr("Nothing is lost."))
        self._dress("label")
        self.ok.setEnabled(True)

    def _show_problem(self, problem: Problem) -> None:
        self.lost.setText(" ".join(map(ended, (problem.what, problem.why, problem.todo))))
        self._dress("error")
        self.ok.setEnabled(False)

    def _dress(self, role: str) -> None:
        self.lost.setProperty("role", role)
        self.lost.style().unpolish(self.lost)
        self.lost.style().polish(self.lost)

    def _export(self) -> None:
        take, name, fps = self._take, self.format.currentData(), self.rate.currentData()
        path = Path(self.target.text()).expanduser()

        def written(_lost: tuple[str, ...]) -> None:
            self._studio.say(
                self.tr("{0} is written").format(path.name), self.tr("Show in folder"), lambda: show_folder(path)
            )
            self.accept()

        self.ok.setEnabled(False)
        self._background.run(lambda: export_path(take, path, name, fps), written, self._show_problem)

    def _browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export Camera Path"), self.target.text())
        if name:
            self.target.setText(name)


def attach_path_export(studio: Studio, background: Background, window: QWidget) -> None:
    """The command that opens it."""
    studio.commands.attach(
        "file.export_path",
        lambda: PathExportDialog(studio, background, window).open(),
        enabled=lambda: bool(len(studio.take.actions)),
    )
