"""Opening of projects, pictures and clips: by dialog, drop, paste or command line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from astra_studio.document import edits
from astra_studio.document.errors import ProjectDamaged
from astra_studio.document.model import Start
from astra_studio.document.places import recent
from astra_studio.document.rescue import rescue
from astra_studio.document.store import SUFFIX, store_artifact
from astra_studio.paths import BUNDLED_WORLD
from astra_studio.problems import problem_of
from astra_studio.services.background.latest import Background
from astra_studio.services.camera.files import CAMERA_SUFFIXES
from astra_studio.services.export.restore import SETTINGS_SUFFIXES, Restored, restored
from astra_studio.services.open_project import OpenProject, open_project
from astra_studio.services.playback.starts import PICTURE_SUFFIXES, VIDEO_SUFFIXES, NewStart, read_start
from astra_studio.services.signals import Post
from engine.serving.protocol import Engine
from ui.batch_dialog import BatchDialog
from ui.dropping import files_of, picture_of, png_of
from ui.import_dialog import ImportDialog
from ui.studio import Studio

_STARTS = " ".join(f"*{suffix}" for suffix in sorted(PICTURE_SUFFIXES | VIDEO_SUFFIXES))


class Files(QObject):
    """Opens things for one window."""

    def __init__(self, studio: Studio, engine: Engine, post: Post) -> None:
        super().__init__()
        self._studio, self._engine, self._post = studio, engine, post
        self.background = Background(post)
        self._open: OpenProject | None = None
        self.window: QWidget | None = None

    # ------------------------------------------------------------------ projects

    def new_project(self, world: str = BUNDLED_WORLD) -> bool:
        """A new project of a world; it lies in the user's folder until it is saved elsewhere."""
        return self._show(None, world)

    def open_project(self, path: Path) -> bool:
        """Show a project file; False where it cannot be, and the bar says why."""
        if self._open is not None and path.exists() and path.samefile(self._open.session.path):
            return True
        return self._show(path, BUNDLED_WORLD)

    def close(self) -> None:
        """Store what is finished and let the project go."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def end(self) -> None:
        """Let everything go: the program ends."""
        self.background.close()
        self.close()

    def _show(self, path: Path | None, world: str) -> bool:
        settings = self._studio.settings
        try:
            opened = open_project(
                path,
                world,
                self._engine,
                self._post,
                cap_bytes=settings.get("cache_mb") * 2**20,
                device=settings.get("device"),
                before=self.close,
            )
        except ProjectDamaged as error:
            remedy = None if path is None else (self.tr("Save into a new project"), lambda: self._rescue(path))
            self._studio.raise_problem(problem_of(error), key="project", remedy=remedy)
            return False
        except (OSError, ValueError) as error:
            self._studio.raise_problem(problem_of(error), key="project")
            return False
        self._open = opened
        self._studio.problem_gone.emit("project")
        self._studio.show_project(opened.session, opened.player, opened.generation)
        opened.generation.open_world()
        return True

    def _rescue(self, path: Path) -> None:
        """Save what is whole in a damaged project beside it, and open that."""
        names = (f"{path.stem} (rescued{number}){SUFFIX}" for number in ("", *(f" {n}" for n in range(2, 1000))))
        target = next(place for name in names if not (place := path.with_name(name)).exists())
        if self._studio.guarded(lambda: rescue(path, target), key="project"):
            self.open_project(target)

    def save_as(self) -> None:
        """Copy the project to another place, and go on there."""
        studio = self._studio
        name, _ = QFileDialog.getSaveFileName(
            self.window, self.tr("Save As"), studio.session.path.name, f"Astra Studio (*{SUFFIX})"
        )
        if name:
            self.save_to(Path(name).with_suffix(SUFFIX))

    def save_to(self, target: Path) -> bool:
        """Copy the project there and go on with the copy; False where that cannot be, and the bar says why.

        Chunks for which the disk had no room go along: that is a way to keep them.
        """
        studio = self._studio
        if not studio.guarded(lambda: studio.session.save_as(target), key="project"):
            return False
        unstored = studio.generation.take_unstored()
        is_open = self.open_project(target)
        if unstored:
            studio.generation.store(unstored)
        if is_open:
            studio.say(self.tr("Saved as {0}").format(target.name))
        return is_open

    def ask_project(self) -> None:
        """Choose a project in a dialog."""
        name, _ = QFileDialog.getOpenFileName(
            self.window, self.tr("Open Project"), str(self._studio.session.path.parent), f"Astra Studio (*{SUFFIX})"
        )
        if name:
            self.open_project(Path(name))

    def fill_recent(self, menu: QMenu) -> None:
        """The projects opened last, asked anew whenever the menu is shown."""
        menu.clear()
        for path in recent():
            menu.addAction(path.name).triggered.connect(lambda _on=False, path=path: self.open_project(path))
        menu.setEnabled(not menu.isEmpty())

    # ------------------------------------------------------------------ pictures and clips

    def ask_picture(self) -> None:
        """Choose a picture or a clip in a dialog."""
        name, _ = QFileDialog.getOpenFileName(
            self.window, self.tr("Open Picture or Clip"), "", f"{self.tr('Pictures and clips')} ({_STARTS})"
        )
        if name:
            self.use_picture(Path(name))

    def use_picture(self, path: Path, then: Callable[[], None] = lambda: None) -> None:
        """Start from a picture or clip, and go on with `then`."""

        clock = self._studio.take.clock

        def read() -> NewStart:
            return read_start(path, clock)

        self._start_from(read, then)

    def paste_picture(self) -> None:
        """Start from the picture, or the picture's file, on the clipboard."""
        if not self.take_data(QGuiApplication.clipboard().mimeData(), self.tr("Pasted")):
            self._studio.say(self.tr("There is no picture on the clipboard"))

    def take_data(self, data: QMimeData, name: str) -> bool:
        """Files, or a picture without a file, as a browser hands them over; False where it is neither."""
        paths = files_of(data)
        if paths:
            self.take_in(paths)
            return True
        image = picture_of(data)
        if image.isNull():
            return False
        start = Start(artifact="", name=name, width_px=image.width(), height_px=image.height())
        self._start_from(lambda: NewStart(data=png_of(image), start=start))
        return True

    def take_in(self, paths: list[Path]) -> None:
        """Files that were dropped: the first decides what they are."""
        path = paths[0]
        if path.suffix.lower() == SUFFIX:
            self.open_project(path)
        elif path.suffix.lower() in SETTINGS_SUFFIXES and self._restore(path):
            return
        elif path.suffix.lower() in CAMERA_SUFFIXES or path.is_dir():
            self.import_path(path)
        elif path.suffix.lower() == ".toml" and self.window is not None:
            BatchDialog(self._studio, path, self.background, self.window).open()
        else:
            self.use_picture(path)

    def import_path(self, path: Path) -> None:
        """Show a camera file, and let the user take it over."""
        ImportDialog(self._studio, path, self.background, self.window).open()

    def ask_path(self) -> None:
        """Choose a camera file in a dialog."""
        patterns = " ".join(f"*{suffix}" for suffix in CAMERA_SUFFIXES)
        name, _ = QFileDialog.getOpenFileName(
            self.window,
            self.tr("Import Camera Path"),
            "",
            f"{self.tr('Camera files')} ({patterns});;{self.tr('All')} (*)",
        )
        if name:
            self.import_path(Path(name))

    def _restore(self, path: Path) -> bool:
        """Settings out of an exported file, where it is one: False where it is not."""
        studio = self._studio
        found: list[Restored | None] = []
        if not studio.guarded(lambda: found.append(restored(path, studio.project)), key="restore"):
            return True
        if found[0] is None:
            return False
        studio.problem_gone.emit("restore")
        if studio.apply(found[0].edit):
            words = [self.tr("Settings of {0} restored").format(path.name), *found[0].missing]
            studio.say(". ".join(words), self.tr("Undo"), studio.undo)
        return True

    def _start_from(self, read: Callable[[], NewStart], then: Callable[[], None] = lambda: None) -> None:
        """Read a start and store it, on a thread of its own; then begin with it, if the project is still the same."""
        studio, path = self._studio, self._studio.session.path

        def work() -> None:
            try:
                found = read()
                artifact = store_artifact(path, "start", found.data)
            except (ValueError, OSError) as error:
                problem = problem_of(error)
                self._post(lambda: studio.raise_problem(problem, key="picture"))
            else:
                start = replace(found.start, artifact=artifact)
                self._post(lambda: begin(start))

        def begin(start: Start) -> None:
            if studio.session.path != path:
                return
            if studio.guarded(lambda: studio.session.apply(edits.set_start(start)), key="picture"):
                studio.problem_gone.emit("picture")
                if start.source is not None and start.source.notes:
                    studio.say("; ".join((start.name, *start.source.notes)))
                then()

        threading.Thread(target=work, name="read picture", daemon=True).start()
