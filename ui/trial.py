"""Unattended run of the window that generates one chunk and exits, to check a packaged program."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from ui.studio import ShownProblem, Studio

End = Callable[[int, str], None]
"""Ends the program with an exit code and a last line."""


class GenerateOnce(QObject):
    """Presses Generate as soon as there is a start, and ends when the chunk is stored, or with the first problem."""

    def __init__(self, studio: Studio, end: End) -> None:
        super().__init__()
        self._studio, self._end, self._has_pressed = studio, end, False
        studio.problem_raised.connect(self._failed)
        studio.project_changed.connect(lambda _change: self._look())
        studio.making_changed.connect(lambda _status: self._look())
        self._look()

    def _look(self) -> None:
        studio = self._studio
        status = studio.generation.status
        if not self._has_pressed and studio.project.start is not None and status.world_stage == "open":
            self._has_pressed = True
            studio.commands.action("generate.next").trigger()
        elif status.failures or status.world_stage == "failed":
            problem = status.world_problem or next(iter(status.failures.values())).problem
            self._end(1, problem.paragraph())
        elif self._has_pressed and studio.take.chunks and not status.is_busy:
            self._end(0, f"made {studio.take.chunks[-1].num_frames} frames in {studio.session.path}")

    def _failed(self, shown: ShownProblem) -> None:
        self._end(1, shown.problem.paragraph())
