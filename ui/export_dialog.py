"""The export dialog, and the commands that export."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from PySide6.QtCore import QStandardPaths
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

from astra_studio.document.derived import made_frames
from astra_studio.document.places import is_untitled
from astra_studio.services.background.jobs import JobControl
from astra_studio.services.export.export import (
    ExportRequest,
    FrameSpan,
    chosen_spans,
    export,
    export_frame,
)
from astra_studio.services.export.timeline_file import SUFFIX as TIMELINE_SUFFIX
from astra_studio.services.export.timeline_file import WORDS as TIMELINE_WORDS
from astra_studio.services.export.timeline_file import TimelineRequest, export_timeline
from engine.video.exporters import EXPORTERS, WORDS
from engine.worlds.detail_settings import shown_size
from ui.job_ends import JobEnds, show_folder
from ui.studio import Studio
from ui.theme import S8, S12, S16
from ui.widgets import quiet_label, run_dialog

_TIMELINE = TIMELINE_SUFFIX.removeprefix(".")
_SCALES, _WIDEST_PX = (1, 2, 4, 8), 3840
_WHOLE, _AREA, _CHUNKS = "whole", "area", "chunks"


class ExportDialog(QDialog):
    """What to export, and where to; it becomes a job."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        take, project = studio.take, studio.project
        self.setWindowTitle(self.tr("Export {0}").format(take.name))
        self.setMinimumWidth(560)
        self.kind = QComboBox()
        for name in EXPORTERS:
            self.kind.addItem(WORDS[name], name)
        self.kind.addItem(TIMELINE_WORDS, _TIMELINE)
        self.what = QComboBox()
        self._fill_what()
        self.chunks = QLineEdit(self._chunk_here())
        self.chunks.setPlaceholderText(self.tr("such as 1, 3-4"))
        self.chunks.setAccessibleName(self.tr("Chunks"))
        self.beside = QComboBox()
        self.beside.addItem(self.tr("Nothing"), None)
        for other in project.takes:
            if other.id != take.id and other.chunks:
                self.beside.addItem(self.tr("{0} on the right").format(other.name), other.id)
        self.scale = QComboBox()
        self._fill_sizes()
        self.hud = QCheckBox(self.tr("Draw the actions into the frames"))
        self.sidecar = QCheckBox(self.tr("Write a JSON file with every setting, seed and action beside it"))
        self.sidecar.setChecked(True)
        self.target = QLineEdit(str(self._usual_target()))
        self.target.setAccessibleName(self.tr("File"))
        self.summary = quiet_label("")
        self.summary.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(self.tr("Export"))
        self.ok.setProperty("main", "true")
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.setSpacing(S16)
        column.addLayout(self._form())
        column.addWidget(self.summary)
        column.addWidget(buttons)
        self.kind.currentIndexChanged.connect(lambda _number: self._change_suffix())
        for changed in (self.kind.currentIndexChanged, self.what.currentIndexChanged, self.chunks.textChanged):
            changed.connect(lambda _new: self._refresh())
        self.target.textChanged.connect(lambda _new: self._refresh())
        self._refresh()

    def _form(self) -> QFormLayout:
        browse = QPushButton(self.tr("Choose..."))
        browse.clicked.connect(self._browse)
        self._chunk_row, file_row = QWidget(), QWidget()
        for holder, parts in ((self._chunk_row, (self.what, self.chunks)), (file_row, (self.target, browse))):
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(S8)
            for part in parts:
                row.addWidget(part, 0 if part is browse else 1)
        form = QFormLayout()
        form.setVerticalSpacing(S12)
        form.setHorizontalSpacing(S16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, field in (
            (self.tr("Format"), self.kind),
            (self.tr("Frames"), self._chunk_row),
            (self.tr("Beside"), self.beside),
            (self.tr("Size"), self.scale),
            (self.tr("File"), file_row),
        ):
            label = QLabel(words)
            label.setProperty("role", "label")
            form.addRow(label, field)
        form.addRow("", self.hud)
        form.addRow("", self.sidecar)
        return form

    def _fill_what(self) -> None:
        total = made_frames(self._studio.take)
        start, stop = self._area()
        self.what.addItem(self.tr("Whole take"), _WHOLE)
        if (start, stop) != (0, total):
            self.what.addItem(self.tr("In to out: {0} to {1}").format(start, stop - 1), _AREA)
            self.what.setCurrentIndex(1)
        self.what.addItem(self.tr("Chosen chunks"), _CHUNKS)

    def _area(self) -> tuple[int, int]:
        """The work area, as far as its frames are in the project."""
        start, stop = self._studio.player.work_area
        return start, min(stop, made_frames(self._studio.take))

    def _fill_sizes(self) -> None:
        """As the world makes them, or larger: small pictures are hard to look at elsewhere."""
        info, chunks = self._studio.project.world.info, self._studio.take.chunks
        width, height = (info.width, info.height) if info else (0, 0)
        if info and chunks:
            asked = chunks[-1].request
            width, height = shown_size(info, asked.settings, asked.actions.modality)
        for scale in _SCALES:
            if scale * width <= _WIDEST_PX:
                words = self.tr("As it is") if scale == 1 else self.tr("{0} times").format(scale)
                self.scale.addItem(f"{words}, {scale * width} x {scale * height}" if info else words, scale)

    def _chunk_here(self) -> str:
        """The number of the chunk under the playhead, as people count."""
        here = self._studio.player.chunk
        return str(here[0].request.index + 1) if here else "1"

    # ------------------------------------------------------------------ what has been chosen

    def spans(self) -> tuple[FrameSpan, ...] | str:
        """The chosen frames; a sentence where they are none."""
        what = self.what.currentData()
        if what == _CHUNKS:
            return chosen_spans(self._studio.take, self.chunks.text())
        return (self._area(),) if what == _AREA else ((0, made_frames(self._studio.take)),)

    def request(self) -> ExportRequest | TimelineRequest:
        """What to export. Only while the button is enabled."""
        studio, out = self._studio, self._out()
        if self.kind.currentData() == _TIMELINE:
            return TimelineRequest(
                project=studio.project,
                path=studio.session.path,
                takes=studio.project.takes,
                out=out,
                has_hud=self.hud.isChecked(),
                scale=self.scale.currentData(),
            )
        spans, beside = self.spans(), self.beside.currentData()
        assert not isinstance(spans, str), "the button is not enabled"
        return ExportRequest(
            project=studio.session.path,
            take=studio.take,
            out=out,
            parts=spans,
            has_hud=self.hud.isChecked(),
            beside=studio.project.take(beside) if beside else None,
            has_sidecar=self.sidecar.isChecked(),
            scale=self.scale.currentData(),
        )

    def _out(self) -> Path:
        return Path(self.target.text()).expanduser()

    def _accept(self) -> None:
        add_export(self._studio, self.request())
        self.accept()

    def _refresh(self) -> None:
        is_timeline = self.kind.currentData() == _TIMELINE
        for field in (self._chunk_row, self.beside, self.sidecar):
            field.setEnabled(not is_timeline)
        self.chunks.setVisible(self.what.currentData() == _CHUNKS)
        problem = self._problem()
        self.ok.setEnabled(not problem)
        self.summary.setProperty("role", "error" if problem else "quiet")
        self.summary.setText(problem or self._words())
        self.summary.style().unpolish(self.summary)
        self.summary.style().polish(self.summary)

    def _problem(self) -> str:
        kind, out = self.kind.currentData(), self._out()
        spans = self.spans()
        if kind != _TIMELINE and isinstance(spans, str):
            return spans[:1].upper() + spans[1:]
        expected = "" if kind == "png" else f".{kind}"
        if not out.name or out.suffix.lower() != expected:
            return self.tr("The name is to end in {0}").format(expected) if expected else self.tr("Leave out the dot")
        if not out.parent.is_dir():
            return self.tr("There is no folder {0}").format(out.parent)
        if out.is_dir():
            return self.tr("A folder of that name is there already; choose another name")
        return ""

    def _words(self) -> str:
        studio, out, spans = self._studio, self._out(), self.spans()
        if self.kind.currentData() == _TIMELINE:
            takes = [take for take in studio.project.takes if take.chunks]
            words = self.tr("A track for each take with chunks, of which there are {0}").format(len(takes))
        else:
            number = sum(stop - start for start, stop in spans) if not isinstance(spans, str) else 0
            words = self.tr("{0} frames, {1} s").format(number, f"{number / studio.player.fps:.1f}")
        replaced = self.tr("The file that is there is replaced") if out.exists() else ""
        return f"{words}. {replaced}" if replaced else words

    # ------------------------------------------------------------------ where to

    def _usual_target(self) -> Path:
        studio = self._studio
        return _free(usual_folder(studio) / f"{studio.session.path.stem}, {studio.take.name}.mp4")

    def _change_suffix(self) -> None:
        kind = self.kind.currentData()
        path = self._out()
        plain = path.with_suffix("") if path.suffix.lower().removeprefix(".") in (*EXPORTERS, _TIMELINE) else path
        self.target.setText(str(_free(plain.with_name(plain.name + ("" if kind == "png" else f".{kind}")))))

    def _browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export"), self.target.text())
        if name:
            self.target.setText(name)


def usual_folder(studio: Studio) -> Path:
    """Where the last export went; else beside the project, or among the videos where that has no place of its own."""
    project = studio.session.path
    done = [state.result.parent for state in studio.jobs.states if state.result is not None]
    videos = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    places = [*reversed(done), *((Path(videos), Path.home()) if is_untitled(project) else ())]
    return next((place for place in places if place.is_dir()), project.parent)


def _free(path: Path) -> Path:
    """The path, or one with a number after its name where that is taken."""
    names = (path.with_name(f"{path.stem} {number}{path.suffix}") for number in count(2))
    return path if not path.exists() else next(name for name in names if not name.exists())


def add_export(studio: Studio, request: ExportRequest | TimelineRequest) -> int:
    """Queue an export; `job_ends` tells of its end."""

    def work(control: JobControl) -> Path:
        return (
            export_timeline(request, control.report)
            if isinstance(request, TimelineRequest)
            else export(request, control.report)
        )

    what = studio.session.path.stem if isinstance(request, TimelineRequest) else request.take.name
    return studio.jobs.add(studio.tr("Export {0} to {1}").format(what, request.out.name), work)


def attach_export(studio: Studio, window: QWidget) -> None:
    """The commands of exporting, and what is told of how it ends."""
    JobEnds(studio, window)

    def has_chunks() -> bool:
        return bool(studio.take.chunks)

    def save_frame() -> None:
        usual = usual_folder(studio) / f"{studio.session.path.stem} {studio.player.frame:05d}.png"
        name, _ = QFileDialog.getSaveFileName(window, window.tr("Save This Frame"), str(usual), "PNG (*.png)")
        path, frame = Path(name), studio.player.frame
        if name and studio.guarded(lambda: export_frame(studio.session.path, studio.take, frame, path), key="export"):
            studio.problem_gone.emit("export")
            studio.say(
                window.tr("{0} is saved").format(path.name), window.tr("Show in folder"), lambda: show_folder(path)
            )

    studio.commands.attach("file.export", lambda: run_dialog(ExportDialog(studio, window)), enabled=has_chunks)
    studio.commands.attach("file.export_frame", save_frame, enabled=has_chunks)
