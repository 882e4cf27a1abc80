"""Owns the export dialog, and the commands that export."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
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

from astra_studio.services.export import ExportRequest, export, request_of
from astra_studio.services.jobs import JobControl
from engine.video.exporters import EXPORTERS, WORDS
from ui.studio import Studio
from ui.theme import S8, S16


class ExportDialog(QDialog):
    """What to export, and where to; it becomes a job."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(self.tr("Export"))
        self.setMinimumWidth(480)
        take, project = studio.take, studio.project
        self.kind = QComboBox()
        for name in EXPORTERS:
            self.kind.addItem(WORDS[name], name)
        self.range = QComboBox()
        total = studio.player.num_frames
        self._ranges = [(self.tr("Whole take: {0} frames").format(total), 0, total)]
        start, stop = studio.player.work_area
        if (start, stop) != (0, total):
            self._ranges.append((self.tr("Work area: frames {0} to {1}").format(start, stop - 1), start, stop))
        begin = 0
        for chunk in take.chunks:
            words = self.tr("Chunk {0}").format(chunk.request.index + 1)
            self._ranges.append((words, begin, begin + chunk.num_frames))
            begin += chunk.num_frames
        self.range.addItems([words for words, _, _ in self._ranges])
        if len(self._ranges) > 1 and (start, stop) != (0, total):
            self.range.setCurrentIndex(1)
        self.hud = QCheckBox(self.tr("Draw the actions into the frames"))
        self.beside = QComboBox()
        self.beside.addItem(self.tr("Alone"), None)
        for other in project.takes:
            if other.id != take.id and other.chunks:
                self.beside.addItem(self.tr("{0} on the right").format(other.name), other.id)
        self.sidecar = QCheckBox(self.tr("Write a JSON file with every setting and action beside it"))
        self.sidecar.setChecked(True)
        self.target = QLineEdit(str(studio.session.path.parent / f"{studio.session.path.stem} {take.name}.mp4"))
        self.target.setAccessibleName(self.tr("File"))
        browse = QPushButton(self.tr("Choose..."))
        browse.clicked.connect(self._browse)
        place = QHBoxLayout()
        place.addWidget(self.target, 1)
        place.addWidget(browse)
        form = QFormLayout()
        form.setVerticalSpacing(S8)
        form.addRow(self.tr("Format"), self.kind)
        form.addRow(self.tr("What"), self.range)
        form.addRow(self.tr("Beside"), self.beside)
        form.addRow(self.tr("File"), place)
        form.addRow("", self.hud)
        form.addRow("", self.sidecar)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setText(self.tr("Export"))
        ok.setProperty("main", "true")
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.setSpacing(S16)
        column.addWidget(QLabel(self.tr("Export {0}").format(take.name)))
        column.addLayout(form)
        column.addWidget(buttons)
        self.kind.currentIndexChanged.connect(lambda _number: self._change_suffix())

    def request(self) -> ExportRequest:
        """What has been chosen."""
        studio = self._studio
        _, start, stop = self._ranges[self.range.currentIndex()]
        beside = self.beside.currentData()
        return request_of(
            studio.project,
            studio.session.path,
            studio.take,
            Path(self.target.text()).expanduser(),
            start=start,
            stop=stop,
            has_hud=self.hud.isChecked(),
            beside=studio.project.take(beside) if beside else None,
            has_sidecar=self.sidecar.isChecked(),
        )

    def _accept(self) -> None:
        request = self.request()
        add_export(self._studio, request)
        self.accept()

    def _change_suffix(self) -> None:
        kind = self.kind.currentData()
        path = Path(self.target.text())
        self.target.setText(str(path.with_suffix("" if kind == "png" else f".{kind}")))

    def _browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export"), self.target.text())
        if name:
            self.target.setText(name)


def add_export(studio: Studio, request: ExportRequest) -> int:
    """Queue an export; the toast at its end can show the folder."""

    def work(control: JobControl) -> Path:
        return export(request, control.tell)

    return studio.jobs.add(f"Export {request.take.name} to {request.out.name}", work)


def attach_export(studio: Studio, window: QWidget) -> None:
    """The commands of exporting."""

    def has_chunks() -> bool:
        return bool(studio.take.chunks)

    def save_frame() -> None:
        found = studio.player.picture(studio.take.id, studio.player.frame)
        if found is None:
            studio.say(window.tr("The frame is still being read; try again"))
            return
        usual = studio.session.path.parent / f"{studio.session.path.stem} {studio.player.frame:05d}.png"
        name, _ = QFileDialog.getSaveFileName(window, window.tr("Save This Frame"), str(usual), "PNG (*.png)")
        if name:
            from ui.viewport.images import image_of

            image_of(found).save(name)

    studio.commands.attach("file.export", lambda: ExportDialog(studio, window).exec(), enabled=has_chunks)
    studio.commands.attach("file.export_frame", save_frame, enabled=has_chunks)
