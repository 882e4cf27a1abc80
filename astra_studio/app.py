"""Assembly of the window: settings, theme, engine thread, project; and what happens after a crash."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from astra_studio.document.places import recent
from astra_studio.document.store import SUFFIX
from astra_studio.problems import Problem, problem_of
from astra_studio.services.background.jobs import Jobs
from astra_studio.settings import Settings
from engine.serving.child_engine import ChildEngine
from ui.commands import Commands
from ui.dialogs import LogLines
from ui.files import Files
from ui.main_window import MainWindow
from ui.studio import MainThread, ShownProblem, Studio
from ui.theme import Theme
from ui.trial import GenerateOnce

WORLD_VARIABLE = "ASTRA_STUDIO_WORLD"
"""World of new projects, in place of the bundled one: for tests and for working on the window."""
Until = Literal["closed", "shown", "generated"]
_LOG = logging.getLogger(__name__)


class App:
    """The running program."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        existing = QApplication.instance()
        self.qt = existing if isinstance(existing, QApplication) else QApplication([sys.argv[0], *arguments])
        self.qt.setApplicationName("Astra Studio")
        self.qt.setDesktopFileName("astra-studio")
        self.log = LogLines()
        logging.getLogger().addHandler(self.log)
        for name in ("astra_studio", "ui"):
            logging.getLogger(name).setLevel(logging.INFO)
        self.settings = Settings()
        self.theme = Theme()
        self._choose_theme("theme")
        self.theme.apply(self.qt)
        self.theme.changed.connect(lambda: self.theme.apply(self.qt))
        self.settings.subscribe(self._choose_theme)
        self.main_thread = MainThread()
        self.engine = ChildEngine()
        self.jobs = Jobs(self.main_thread.post)
        commands = Commands(self.theme, self.settings.get("keys"))
        self.studio = Studio(theme=self.theme, settings=self.settings, commands=commands, jobs=self.jobs)
        self.files = Files(self.studio, self.engine, self.main_thread.post)
        self.window: MainWindow | None = None
        self.problems: list[Problem] = []

    def show(self, file: Path | None) -> bool:
        """Show the window with a project file, or with a new project that takes in another file, such as a picture.

        False where not even a new one could be made.
        """
        project = file if file is not None and file.suffix.lower() == SUFFIX else None
        raised: list[ShownProblem] = []
        self.studio.problem_raised.connect(raised.append)
        world = os.environ.get(WORLD_VARIABLE, "")
        if file is None and self.settings.get("reopen_last"):
            project = next(iter(recent()), None)
        is_open = project is not None and self.files.open_project(project)
        if not is_open:
            is_open = self.files.new_project(world) if world else self.files.new_project()
        self.problems = [shown.problem for shown in raised]
        if not is_open:
            return False
        self.window = MainWindow(self.studio, self.files, self.log)
        for shown in raised:
            self.window.problems.show_problem(shown)
        self.studio.problem_raised.disconnect(raised.append)
        self.window.show()
        sys.excepthook = self._broke
        if file is not None and project is None:
            self.files.take_in([file])
        return True

    def close(self) -> None:
        """End everything that runs; what is finished is stored."""
        self.theme.ignore_system()
        self.jobs.close()
        self.files.end()
        self.engine.close()
        logging.getLogger().removeHandler(self.log)
        sys.excepthook = sys.__excepthook__

    def _choose_theme(self, key: str) -> None:
        if key != "theme":
            return
        name = self.settings.get("theme")
        if name == "system":
            self.theme.follow_system()
        else:
            self.theme.ignore_system()
            self.theme.set_name(name)

    def _broke(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """A mistake of ours: it is told, logged, and the window goes on."""
        details = "".join(traceback.format_exception(kind, error, trace))
        _LOG.error("%s", details)
        sys.__excepthook__(kind, error, trace)
        self.studio.raise_problem(problem_of(error), details=details)


def run(file: Path | None, until: Until = "closed") -> int:
    """Show the window and run until it is closed; or, for tests and checks, tell how long it took to be shown, or make
    one chunk, and end."""
    began_s = time.perf_counter()
    app = App()
    if not app.show(file):
        app.close()
        words = "\n\n".join(problem.paragraph() for problem in app.problems)
        sys.stderr.write(f"{words}\n")
        if until == "closed":
            # Whoever clicked an icon has no terminal to read.
            QMessageBox.critical(None, app.qt.applicationName(), words)
        return 1
    # Python looks at signals only between its own instructions.
    ticking = QTimer()
    ticking.start(200)
    ticking.timeout.connect(lambda: None)
    signal.signal(signal.SIGINT, lambda *_: app.qt.quit())
    signal.signal(signal.SIGTERM, lambda *_: app.qt.quit())

    def end(exit_code: int, words: str) -> None:
        sys.stdout.write(f"{words}\n")
        app.qt.exit(exit_code)

    def shown() -> None:
        heavy = sorted({"torch", "diffusers", "transformers"} & set(sys.modules))
        end(0, f"shown after {time.perf_counter() - began_s:.2f} s; heavy modules: {', '.join(heavy) or 'none'}")

    trials = []
    if until == "shown":
        QTimer.singleShot(0, shown)
    elif until == "generated":
        QTimer.singleShot(0, lambda: trials.append(GenerateOnce(app.studio, end)))
    code = app.qt.exec()
    app.close()
    return code
