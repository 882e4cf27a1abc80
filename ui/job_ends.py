"""Notices at the end of a job: a toast that can show the result, or the problem bar."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from astra_studio.services.background.jobs import JobState
from ui.studio import Studio


class JobEnds(QObject):
    """Watches the queue and announces the end of each job once."""

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._announced: set[int] = set()
        studio.jobs_changed.connect(self._look)

    def _look(self, states: tuple[JobState, ...]) -> None:
        for state in states:
            if state.is_over and state.id not in self._announced:
                self._announced.add(state.id)
                self._announce(state)

    def _announce(self, state: JobState) -> None:
        studio, result = self._studio, state.result
        if state.status == "failed" and state.problem is not None:
            studio.raise_problem(state.problem, key=f"job {state.id}")
        elif state.status == "cancelled":
            studio.say(self.tr("{0} was cancelled").format(state.title))
        elif result is not None:
            studio.say(
                self.tr("{0} is done").format(result.name), self.tr("Show in folder"), lambda: show_folder(result)
            )


def show_folder(made: Path) -> None:
    """Open the folder of a file in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(made.parent)))
