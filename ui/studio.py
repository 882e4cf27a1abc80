"""State shared by the views of one window: the open project and its services, as Qt signals."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal

from astra_studio.document.edits import Edit
from astra_studio.document.errors import ProjectError
from astra_studio.document.model import Project, Take
from astra_studio.document.session import Change, Session
from astra_studio.problems import Problem, UserError, problem_of
from astra_studio.services.background.jobs import Jobs, JobState
from astra_studio.services.generation.queue import ChunkPreview, Generation, GenerationStatus
from astra_studio.services.playback.player import Player
from astra_studio.settings import Settings
from ui.commands import Commands
from ui.theme import Theme

_LOG = logging.getLogger(__name__)
_EDIT = "edit"
"""Key of the problem with an edit."""
Remedy = tuple[str, str | Callable[[], object]]
"""Words of a button, and the id of a command or what is done."""


@dataclass(frozen=True, kw_only=True)
class ShownProblem:
    """A Problem in the bar.

    Attributes:
        key: a later one of the same key takes its place; "" never.
        remedy: the button that helps.
        details: for those who want to know more.
    """

    problem: Problem
    key: str = ""
    remedy: Remedy | None = None
    details: str = ""


@dataclass(frozen=True, kw_only=True)
class Saying:
    """Words of a toast, and the one thing that can be done about it."""

    text: str
    action_label: str = ""
    action: Callable[[], object] | None = None


class MainThread(QObject):
    """Runs what other threads post on the thread that made it."""

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """See `services.signals.Post`."""
        self._posted.emit(call)

    def _run(self, call: Callable[[], None]) -> None:
        call()


class Studio(QObject):
    """What every view is given. Session, player and generation are others after another project was opened."""

    project_changed = Signal(object)
    """A `Change`."""
    project_opened = Signal()
    playhead_moved = Signal(int)
    playback_changed = Signal()
    frames_arrived = Signal(str)
    frames_grown = Signal(int)
    small_picture_arrived = Signal(str)
    making_changed = Signal(object)
    """A `Making`."""
    preview_arrived = Signal(object)
    """A `ChunkPreview`."""
    jobs_changed = Signal(object)
    problem_raised = Signal(object)
    """A `ShownProblem`."""
    problem_gone = Signal(str)
    said = Signal(object)
    """A `Saying`."""
    key_selected = Signal(int)
    """Number of a camera key; -1 for none."""

    session: Session
    player: Player
    generation: Generation

    def __init__(self, *, theme: Theme, settings: Settings, commands: Commands, jobs: Jobs) -> None:
        super().__init__()
        self.theme, self.settings, self.commands, self.jobs = theme, settings, commands, jobs
        self.selected_key = -1
        self.is_snapping = True
        jobs.changed.connect(self._jobs_changed)

    def show_project(self, session: Session, player: Player, generation: Generation) -> None:
        """Make this project the one that all views show."""
        self.session, self.player, self.generation = session, player, generation
        self.selected_key = -1
        session.subscribe(self._project_changed)
        player.moved.connect(self.playhead_moved.emit)
        player.changed.connect(lambda _none: self.playback_changed.emit())
        player.arrived.connect(self.frames_arrived.emit)
        player.grown.connect(self.frames_grown.emit)
        player.small_arrived.connect(self.small_picture_arrived.emit)
        generation.changed.connect(self._making_changed)
        generation.previews.connect(self._previewed)
        _LOG.info("project %s: %d takes", session.path.name, len(session.project.takes))
        self.project_opened.emit()
        self.commands.refresh()

    @property
    def project(self) -> Project:
        return self.session.project

    @property
    def take(self) -> Take:
        """The current take."""
        return self.session.project.current

    def apply(self, edit: Edit) -> bool:
        """Do an edit; what is wrong with it stands in the problem bar until the next works, and False comes back."""
        is_done = self.guarded(lambda: self.session.apply(edit), key=_EDIT)
        if is_done:
            self.problem_gone.emit(_EDIT)
        return is_done

    def guarded(self, run: Callable[[], object], key: str = "") -> bool:
        """Do what may fail for a reason that the user can mend; False where it did, and the bar says why."""
        try:
            run()
        except (ProjectError, ValueError, OSError, UserError, KeyError) as error:
            self.raise_problem(problem_of(error), key=key)
            return False
        return True

    def end_drag(self) -> None:
        """The next edit is an undo step of its own."""
        self.session.end_merge()

    def undo(self) -> None:
        self.guarded(self.session.undo)

    def redo(self) -> None:
        self.guarded(self.session.redo)

    def select_key(self, number: int) -> None:
        """Show a camera key in the inspector; -1: none."""
        if number != self.selected_key:
            self.selected_key = number
            self.key_selected.emit(number)

    def raise_problem(self, problem: Problem, key: str = "", remedy: Remedy | None = None, details: str = "") -> None:
        """Show a problem in the bar."""
        _LOG.warning("%s", problem.paragraph().replace("\n", " "))
        self.problem_raised.emit(ShownProblem(problem=problem, key=key, remedy=remedy, details=details))

    def say(self, text: str, action_label: str = "", action: Callable[[], object] | None = None) -> None:
        """Tell what was done, in a toast."""
        _LOG.info("%s", text)
        self.said.emit(Saying(text=text, action_label=action_label, action=action))

    def _project_changed(self, change: Change) -> None:
        if change.origin == "chunk":
            _LOG.info("%s has %d chunks", change.after.current.name, len(change.after.current.chunks))
        self.project_changed.emit(change)
        self.commands.refresh()

    def _making_changed(self, status: GenerationStatus) -> None:
        self.making_changed.emit(status)
        self.commands.refresh()

    def _previewed(self, preview: ChunkPreview) -> None:
        self.preview_arrived.emit(preview)

    def _jobs_changed(self, states: tuple[JobState, ...]) -> None:
        self.jobs_changed.emit(states)
