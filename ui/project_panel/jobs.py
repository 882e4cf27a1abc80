"""Section of jobs: what is being generated and exported, how long it takes, and what can be done about it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from astra_studio.document.model import TakeId
from astra_studio.services.background.jobs import JobState
from astra_studio.services.generation.queue import GenerationStatus
from ui.studio import Studio
from ui.theme import S4, S8
from ui.top_bar import duration
from ui.widgets import IconButton, Section, quiet_label

_MOST_SHOWN = 8


class JobsSection(Section):
    """Chunks first, take by take, then exports and renders in the order in which they run."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio.theme, studio.tr("Jobs"))
        self._studio = studio
        self._status = GenerationStatus()
        self._states: tuple[JobState, ...] = ()
        studio.jobs_changed.connect(self._jobs_changed)
        studio.making_changed.connect(self._making_changed)
        studio.project_opened.connect(lambda: self._making_changed(studio.generation.status))
        self._rows: dict[object, _Row] = {}
        self._nothing = quiet_label(self.tr("Nothing to do"))
        self.clear = QPushButton(self.tr("Clear finished"))
        self.clear.setProperty("flat", "true")
        self.clear.clicked.connect(studio.jobs.remove_finished)
        self._list = QVBoxLayout()
        self._list.setSpacing(S4)
        self.body.addWidget(self._nothing)
        self.body.addLayout(self._list)
        self.body.addWidget(self.clear)
        self._show()

    def row(self, key: object) -> _Row:
        """The row of a job by its id, or of a take whose chunks are being generated."""
        return self._rows[key]

    def _jobs_changed(self, states: tuple[JobState, ...]) -> None:
        self._states = states
        self._show()

    def _making_changed(self, status: GenerationStatus) -> None:
        self._status = status
        self._show()

    def _show(self) -> None:
        takes = _takes(self._status)
        shown = self._states[-_MOST_SHOWN:]
        keys: list[object] = [*takes, *(state.id for state in shown)]
        for key in [key for key in self._rows if key not in keys]:
            self._rows.pop(key).deleteLater()
        for place, key in enumerate(keys):
            if key not in self._rows:
                self._rows[key] = self._chunks_row(str(key)) if key in takes else self._job_row(int(str(key)))
            self._list.insertWidget(place, self._rows[key])
        for place, take in enumerate(takes):
            self._fill_chunks(self._rows[take], take, place)
        waiting = [state.id for state in self._states if state.status in ("waiting", "paused")]
        for state in shown:
            self._fill_job(self._rows[state.id], state, waiting)
        count = len(takes) + sum(not state.is_over for state in self._states)
        self.hint.setText(str(count))
        self._nothing.setVisible(not keys)
        self.clear.setVisible(any(state.is_over for state in self._states))

    # ------------------------------------------------------------------ chunks

    def _chunks_row(self, take: TakeId) -> _Row:
        studio = self._studio
        row = _Row(studio)
        row.up.clicked.connect(lambda: studio.generation.prefer(take))
        row.pause.clicked.connect(lambda: studio.commands.trigger("generate.pause"))
        row.stop.clicked.connect(lambda: studio.generation.cancel_take(take))
        return row

    def _fill_chunks(self, row: _Row, take: TakeId, place: int) -> None:
        status, project = self._status, self._studio.project
        name = project.take(take).name if project.has_take(take) else ""
        active = status.active if status.active is not None and status.active.take == take else None
        waiting = sum(1 for owner, _ in status.queued if owner == take)
        share = 0.0 if active is None else active.step / max(active.num_steps, 1)
        total = waiting + (active is not None)
        row.title.setText(
            self.tr("{0}: {1} chunks").format(name, total) if total > 1 else self.tr("{0}: 1 chunk").format(name)
        )
        text = self.tr("waits") if active is None else f"{share:.0%}"
        row.status_label.setText(self.tr("paused") if status.is_paused and active is None else text)
        row.show_progress(share if active is not None else None)
        row.up.setVisible(place > 0 and active is None)
        row.down.setVisible(False)
        row.pause.setVisible(place == 0)
        row.set_paused(status.is_paused)
        left = status.seconds_left
        row.detail.setText(self.tr("{0} left").format(duration(left)) if place == 0 and left is not None else "")
        row.detail.setVisible(bool(row.detail.text()))

    # ------------------------------------------------------------------ other jobs

    def _job_row(self, number: int) -> _Row:
        jobs = self._studio.jobs
        row = _Row(self._studio)
        row.up.clicked.connect(lambda: self._move(number, -1))
        row.down.clicked.connect(lambda: self._move(number, 1))
        row.pause.clicked.connect(lambda: jobs.resume(number) if row.is_paused else jobs.pause(number))
        row.stop.clicked.connect(lambda: jobs.cancel(number))
        row.folder.clicked.connect(lambda: self._open_folder(number))
        return row

    def _fill_job(self, row: _Row, state: JobState, waiting: list[int]) -> None:
        row.title.setText(state.title)
        row.title.setToolTip(state.title)
        labels = {
            "waiting": self.tr("waits"),
            "paused": self.tr("paused"),
            "done": self.tr("done"),
            "failed": self.tr("failed"),
            "cancelled": self.tr("cancelled"),
        }
        row.status_label.setText(labels.get(state.status, f"{state.share:.0%}"))
        row.show_progress(state.share if state.status in ("running", "paused") else None)
        row.up.setVisible(state.id in waiting[1:])
        row.down.setVisible(state.id in waiting[:-1])
        row.pause.setVisible(not state.is_over)
        row.stop.setVisible(not state.is_over)
        row.folder.setVisible(state.is_over and state.result is not None)
        row.set_paused(state.status == "paused")
        left = "" if state.seconds_left is None else self.tr("{0} left").format(duration(state.seconds_left))
        going = "  ·  ".join(part for part in (state.detail, left) if part and not state.is_over)
        row.detail.setText(going if state.problem is None else state.problem.why)
        row.detail.setProperty("role", "error" if state.problem is not None else "quiet")
        row.detail.style().polish(row.detail)
        row.detail.setVisible(bool(row.detail.text()))

    def _move(self, number: int, step: int) -> None:
        """Before the waiting job above, or after the one below."""
        ids = [state.id for state in self._states]
        waiting = [state.id for state in self._states if state.status in ("waiting", "paused")]
        other = waiting[waiting.index(number) + step]
        self._studio.jobs.move(number, ids.index(other))

    def _open_folder(self, number: int) -> None:
        result = next(state.result for state in self._states if state.id == number)
        assert result is not None, "only a job with a result offers its folder"
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(_folder(result))))


class _Row(QWidget):
    """Title, status and buttons; below them a progress bar and details, if there are any."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        theme = studio.theme
        self.is_paused = False
        self.title, self.status_label, self.detail = QLabel(), quiet_label(""), quiet_label("")
        # A long title is cut off and does not make the panel wider.
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.detail.setWordWrap(True)
        self.up = IconButton(theme, "arrow-up", self.tr("Sooner"))
        self.down = IconButton(theme, "arrow-down", self.tr("Later"))
        self.pause = IconButton(theme, "pause", self.tr("Pause or resume"))
        self.stop = IconButton(theme, "x", self.tr("Cancel"))
        self.folder = IconButton(theme, "folder-open", self.tr("Show in folder"))
        self.folder.setVisible(False)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        first, second = QHBoxLayout(), QHBoxLayout()
        for line in (first, second):
            line.setSpacing(2)
        first.addWidget(self.title, 1)
        first.addWidget(self.status_label)
        second.addWidget(self.detail, 1)
        for button in (self.up, self.down, self.pause, self.stop, self.folder):
            second.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, S8)
        column.setSpacing(2)
        column.addLayout(first)
        column.addWidget(self.bar)
        column.addLayout(second)

    def show_progress(self, share: float | None) -> None:
        """The share that is done, 0 to 1; None: it is not running."""
        self.bar.setVisible(share is not None)
        self.bar.setValue(round(1000 * (share or 0.0)))
        self.bar.setAccessibleName(self.title.text())

    def set_paused(self, is_paused: bool) -> None:
        self.is_paused = is_paused
        self.pause.set_icon("play" if is_paused else "pause")


def _takes(status: GenerationStatus) -> list[TakeId]:
    """Takes whose chunks are being generated or wait, in that order, each once."""
    first = [] if status.active is None else [status.active.take]
    return list(dict.fromkeys([*first, *(take for take, _ in status.queued)]))


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent
