"""Dialog for a batch: its JOBS.toml, what it will take, the output folder, and its place in the job queue."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astra_studio.problems import Problem
from astra_studio.services.background.jobs import JobState
from astra_studio.services.background.latest import Background
from astra_studio.services.batch.messages import BatchRequest
from astra_studio.services.batch.process import forecast_batch, render_batch
from astra_studio.services.batch.run import Forecast, JobForecast
from ui.studio import Studio
from ui.theme import S8, S12, S16
from ui.top_bar import duration
from ui.widgets import quiet_label

_NAME, _CHUNKS, _TIME, _DISK = range(4)


class BatchDialog(QDialog):
    """Shows the forecast of one file; Render makes it a job of the queue."""

    def __init__(self, studio: Studio, jobs: Path, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._studio, self._jobs, self._background = studio, jobs, background
        self.forecast: Forecast | None = None
        self.setWindowTitle(self.tr("Render Batch"))
        self.resize(760, 560)
        title = QLabel(jobs.name)
        title.setFont(studio.theme.font(16, 600))
        self.summary = quiet_label("")
        self.summary.setWordWrap(True)
        self.table = QTableWidget(0, 4)
        self.table.setAccessibleName(self.tr("Jobs of the batch"))
        self.table.setHorizontalHeaderLabels([self.tr("Job"), self.tr("Chunks"), self.tr("Time"), self.tr("Disk")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.horizontalHeader().setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((_CHUNKS, 80), (_TIME, 100), (_DISK, 100)):
            self.table.setColumnWidth(column, width)
        for column in range(4):
            side = Qt.AlignmentFlag.AlignLeft if column == _NAME else Qt.AlignmentFlag.AlignRight
            head = self.table.horizontalHeaderItem(column)
            assert head is not None
            head.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.sums = QLabel()
        self.sums.setWordWrap(True)
        self.out = QLineEdit(str(jobs.with_name(f"{jobs.stem} videos")))
        self.out.setAccessibleName(self.tr("Folder for the videos and the report"))
        self.out.editingFinished.connect(self._folder_changed)
        self._known_out = self.out.text()
        browse = QPushButton(self.tr("Choose..."))
        browse.clicked.connect(self._browse)
        place = QHBoxLayout()
        place.setSpacing(S8)
        place.addWidget(QLabel(self.tr("Folder")))
        place.addWidget(self.out, 1)
        place.addWidget(browse)
        self.opens = QCheckBox(self.tr("Open the report at the end"))
        self.opens.setChecked(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(self.tr("Render"))
        self.ok.setProperty("main", "true")
        buttons.accepted.connect(self._render)
        buttons.rejected.connect(self.reject)
        self.finished.connect(lambda _result: background.forget())
        inside = QWidget()
        column_ = QVBoxLayout(inside)
        column_.setContentsMargins(S16, S16, S16, S16)
        column_.setSpacing(S12)
        for widget in (title, self.summary, self.table, self.sums):
            column_.addWidget(widget, 1 if widget is self.table else 0)
        column_.addLayout(place)
        column_.addWidget(self.opens)
        column_.addWidget(buttons)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(inside)
        self._update_forecast()

    def request(self) -> BatchRequest:
        """The batch as chosen in the dialog."""
        settings = self._studio.settings
        return BatchRequest(jobs=self._jobs, out=Path(self.out.text()).expanduser(), device=settings.get("device"))

    def _update_forecast(self) -> None:
        request = self.request()
        self.ok.setEnabled(False)
        self._show_text("quiet", self.tr("Checking the pictures, moves and worlds ..."))
        self._background.run(lambda: forecast_batch(request), self._show_forecast, self._show_problem)

    def _folder_changed(self) -> None:
        if self.out.text() != self._known_out:
            self._known_out = self.out.text()
            self._update_forecast()

    def _browse(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Folder for the videos and the report"), self.out.text())
        if name:
            self.out.setText(name)
            self._folder_changed()

    # ------------------------------------------------------------------ what it will take

    def _show_forecast(self, forecast: Forecast) -> None:
        self.forecast = forecast
        self.table.clearSpans()
        self.table.setRowCount(len(forecast.jobs))
        for row, job in enumerate(forecast.jobs):
            self._fill(row, job)
        count = len(forecast.jobs)
        text = self.tr("{0} jobs, {1} already rendered, {2} chunks to generate").format(
            count, forecast.num_present, forecast.num_chunks
        )
        self._show_text("quiet", text)
        time = (
            self.tr("The time is unknown: this machine has not generated such a chunk yet.")
            if forecast.seconds is None
            else self.tr("About {0} of rendering.").format(duration(forecast.seconds))
        )
        disk = self.tr("At most {0:,.1f} MB of {1:,.0f} MB free.").format(
            forecast.num_bytes / 1e6, forecast.num_free_bytes / 1e6
        )
        lines = [f"{time} {disk}"]
        if forecast.problems:
            first = forecast.problems[0]
            text = self.tr("{0} jobs cannot be rendered, for example {1}: {2}")
            why = "" if first.problem is None else first.problem.why
            lines.append(text.format(len(forecast.problems), first.job.name, why))
        if not forecast.has_room:
            lines.append(self.tr("Not enough disk space: free some, or choose a folder on another disk."))
        self.sums.setText("\n".join(lines))
        self.sums.setProperty("role", "error" if not forecast.has_room else "label")
        self._dress(self.sums)
        self.ok.setEnabled(count > len(forecast.problems) and forecast.has_room)

    def _fill(self, row: int, job: JobForecast) -> None:
        theme = self._studio.theme
        name = QTableWidgetItem(job.job.name)
        cells = ["", "", ""]
        if job.problem is not None:
            cells[0] = self.tr("cannot be rendered")
            name.setIcon(theme.icon("x", "error"))
        elif job.is_present:
            cells[0] = self.tr("already rendered")
            name.setIcon(theme.icon("check", "ok"))
        else:
            time = self.tr("not known") if job.seconds is None else duration(job.seconds)
            cells = [str(job.num_chunks), time, f"{job.num_bytes / 1e6:,.1f} MB"]
            name.setIcon(theme.icon("circle-dashed", "text3"))
        self.table.setItem(row, _NAME, name)
        for column, text in zip((_CHUNKS, _TIME, _DISK), cells, strict=True):
            item = QTableWidgetItem(text)
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        if not cells[1]:
            self.table.setSpan(row, _CHUNKS, 1, 3)
        tip = job.problem.why if job.problem is not None else job.job.trajectory_words
        for column in range(4):
            found = self.table.item(row, column)
            if found is not None:
                found.setToolTip(tip)

    def _show_problem(self, problem: Problem) -> None:
        self.forecast = None
        self.table.setRowCount(0)
        self.sums.setText(problem.todo)
        self._show_text("error", f"{problem.what}. {problem.why}")
        self.ok.setEnabled(False)

    def _show_text(self, role: str, text: str) -> None:
        self.summary.setText(text)
        self.summary.setProperty("role", role)
        self._dress(self.summary)

    @staticmethod
    def _dress(label: QLabel) -> None:
        label.style().unpolish(label)
        label.style().polish(label)

    # ------------------------------------------------------------------ into the queue

    def _render(self) -> None:
        queue_batch(self._studio, self.request(), opens_report=self.opens.isChecked())
        self._studio.say(self.tr("{0} was added to the jobs").format(self._jobs.name))
        self.accept()


def queue_batch(studio: Studio, request: BatchRequest, *, opens_report: bool) -> int:
    """Make a batch a job; its report is opened when it is over, if requested. Returns the job's id."""
    number = studio.jobs.add(f"Batch {request.jobs.stem}", lambda control: render_batch(request, control))

    def look(states: tuple[JobState, ...]) -> None:
        over = next((state for state in states if state.id == number and state.is_over), None)
        if over is not None:
            studio.jobs_changed.disconnect(look)
            if over.result is not None and over.result.is_file() and over.status != "cancelled":
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(over.result)))

    if opens_report:
        studio.jobs_changed.connect(look)
    return number


def attach_batch(studio: Studio, background: Background, window: QWidget) -> None:
    """The command that asks for a JOBS.toml and shows it."""

    def choose() -> None:
        name, _ = QFileDialog.getOpenFileName(
            window, window.tr("Render Batch"), "", f"{window.tr('Lists of jobs')} (*.toml);;{window.tr('All')} (*)"
        )
        if name:
            BatchDialog(studio, Path(name), background, window).open()

    studio.commands.attach("generate.batch", choose)
