"""The main window: panes in their three workspaces, and the window's own commands."""

from __future__ import annotations

import platform

from PySide6.QtCore import QEvent, QSettings, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QIcon, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QPushButton, QSplitter, QVBoxLayout, QWidget

from astra_studio import __version__
from astra_studio.paths import assets, user_data
from ui.arrangement import Arrangement
from ui.batch_dialog import attach_batch
from ui.dialogs import About, LogLines, LogWindow, Preferences, Shortcuts, may_lose_a_chunk
from ui.driving import DriveController, DrivePane
from ui.dropping import can_take
from ui.export_dialog import attach_export
from ui.failures import Failures
from ui.files import Files
from ui.inspector import InspectorPane
from ui.palette import Palette
from ui.path_editor import PathEditing, PathPane, attach_path_commands
from ui.path_export_dialog import attach_path_export
from ui.problem_bar import ProblemBar
from ui.project_panel import ProjectPane
from ui.shared_place import SharedPlace
from ui.status_bar import StatusBar
from ui.studio import Studio
from ui.timeline import TimelinePane
from ui.toasts import Toast
from ui.top_bar import WORKSPACES, TopBar
from ui.viewport import ViewportPane
from ui.widgets import run_dialog

SMALLEST = (1200, 640)
"""A laptop of 1920 x 1080 at 150 % has 1280 x 720, less its task bar."""
ROOM_FOR_BOTH_PX = 1400
"""Width of the window from which on the path stands beside the viewer."""


class MainWindow(QMainWindow):
    """One window over one studio. The project is open before it is built."""

    def __init__(self, studio: Studio, files: Files, log: LogLines) -> None:
        super().__init__()
        self.studio, self.files, self._log = studio, files, log
        files.window = self
        self._recent_commands: list[str] = []
        self.workspace = ""
        self._has_hud = {"Drive": True}
        self.setWindowIcon(QIcon(str(assets() / "icons" / "astra.svg")))
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        self.viewport = ViewportPane(studio, files.ask_picture, files.open_project)
        self.viewport.dropped.connect(lambda data: files.take_data(data, self.tr("Dropped")))
        self.path_editing = PathEditing(studio)
        self.path = PathPane(self.path_editing)
        attach_path_commands(self.path)
        self.timeline = TimelinePane(studio)
        self.timeline.canvas.scene.share(self.path_editing)
        self.inspector = InspectorPane(studio, self.path_editing)
        self.project_panel = ProjectPane(self.path_editing, files.ask_picture, files.use_picture, files.ask_path)
        self.problems = ProblemBar(studio)
        self.failures = Failures(studio)
        self.viewport.place_for_problems.addWidget(self.problems)
        self.driving = DriveController(studio, self.viewport.stage, lambda: self.show_workspace("Drive"))
        self.drive_pane = DrivePane(studio, self.driving, self.viewport.stage)
        self.viewport.place_for_driving.addWidget(self.drive_pane)
        self._attach()
        self.top = TopBar(studio)
        self._add_recent()
        self.status = StatusBar(studio)
        self._columns, self._rows = QSplitter(Qt.Orientation.Horizontal), QSplitter(Qt.Orientation.Vertical)
        for pane in (self.project_panel, self.path, self.viewport, self.inspector):
            self._columns.addWidget(pane)
        self._columns.setStretchFactor(2, 1)
        views = [
            (self.tr("Viewer"), self.viewport, self.viewport.header),
            (self.tr("Path"), self.path, self.path.header),
        ]
        self.middle = SharedPlace(studio.theme, views, self.tr("Viewer or path"))
        self._rows.addWidget(self._columns)
        self._rows.addWidget(self.timeline)
        self._rows.setStretchFactor(0, 1)
        kept = QSettings(str(user_data() / "layout.ini"), QSettings.Format.IniFormat)
        self.arrangement = Arrangement(kept, self._columns, self._rows)
        self.middle.turned.connect(self.arrangement.apply)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        for part, stretch in ((self.top, 0), (self._rows, 1), (self.status, 0)):
            column.addWidget(part, stretch)
        self.setCentralWidget(whole)
        self.toast = Toast(studio, self)
        studio.commands.add_to(self)
        for button in self.findChildren(QPushButton):
            # A click leaves the keys where they are: Space is to play, and not to press the same again.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        studio.project_opened.connect(self._name)
        studio.project_changed.connect(lambda _change: self._undo_words())
        self.arrangement.place(self)
        self.show_workspace(self.arrangement.kept_workspace)
        studio.project_opened.emit()
        studio.commands.refresh()
        self.viewport.stage.setFocus(Qt.FocusReason.OtherFocusReason)

    # ------------------------------------------------------------------ commands

    def _attach(self) -> None:
        studio, files, attach = self.studio, self.files, self.studio.commands.attach
        attach("file.new", files.new_project)
        attach("file.open", files.ask_project)
        attach("file.save_as", files.save_as)
        attach("file.open_picture", files.ask_picture)
        attach("file.paste_picture", files.paste_picture)
        attach("file.import_path", files.ask_path)
        attach("file.quit", self.close)
        attach("edit.undo", studio.undo, enabled=lambda: studio.session.undo_label is not None)
        attach("edit.redo", studio.redo, enabled=lambda: studio.session.redo_label is not None)
        attach("edit.palette", lambda: Palette(studio, self._recent_commands, self).show())
        attach("edit.shortcuts", lambda: run_dialog(Shortcuts(studio, self)))
        attach("edit.preferences", lambda: run_dialog(Preferences(studio, self)))
        for name in WORKSPACES:
            self._attach_workspace(name)
        attach("view.full_screen", self._toggle_full_screen, checked=self.isFullScreen)
        attach("view.theme", self._other_theme)
        attach("view.log", lambda: LogWindow(self._log, studio.commands.action("help.copy_diagnostics"), self).show())
        attach("generate.world", self._choose_world)
        attach("help.copy_diagnostics", self._copy_diagnostics)
        attach("help.about", lambda: run_dialog(About(studio, self)))
        attach_export(studio, self)
        attach_path_export(studio, files.background, self)
        attach_batch(studio, files.background, self)

    def _attach_workspace(self, name: str) -> None:
        self.studio.commands.attach(
            f"view.{name.lower()}",
            lambda: self.show_workspace(name),
            checked=lambda: bool(self.workspace == name),
        )

    def _add_recent(self) -> None:
        menu = self.top.menu_of["File"]
        recent = menu.addMenu(self.tr("Open Recent"))
        menu.insertMenu(self.studio.commands.action("file.save_as"), recent)
        menu.aboutToShow.connect(lambda: self.files.fill_recent(recent))

    def show_workspace(self, name: str) -> None:
        """Author, Drive or Review, each with the layout that it was left with."""
        known = name if name in WORKSPACES else "Author"
        stage = self.viewport.stage
        if known != "Drive":
            self.driving.stop()
        self._has_hud[self.workspace] = stage.has_hud
        self.workspace = self.arrangement.workspace = known
        stage.has_hud = self._has_hud.get(known, False)
        self._arrange()
        self.top.show_workspace(known)
        if self.studio.session is not None:
            self.viewport.refresh()
        self.studio.commands.refresh()

    def _arrange(self) -> None:
        """Show the panes of the workspace; in full screen the picture alone."""
        alone, is_author = self.isFullScreen(), self.workspace == "Author"
        for part in (self.top, self.status, self.timeline, self.inspector):
            part.setVisible(not alone)
        self.drive_pane.setVisible(not alone and self.workspace == "Drive")
        self.viewport.header.setVisible(not alone and self.workspace != "Drive")
        self.project_panel.setVisible(not alone and self.workspace != "Drive")
        self.middle.set_shared(is_author and not alone and self.width() < ROOM_FOR_BOTH_PX)
        if not is_author or alone:
            self.viewport.show()
            self.path.hide()
        elif not self.middle.is_shared:
            self.path.show()
        self.arrangement.apply()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.workspace:
            self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        # A window manager has its own keys for full screen.
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and self.workspace:
            self._arrange()

    def _toggle_full_screen(self) -> None:
        """The picture alone, and back to what the window was before."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.driving.escape():
            return
        if self.isFullScreen() and event.key() == Qt.Key.Key_Escape:
            self.studio.commands.trigger("view.full_screen")
            return
        if event.key() == Qt.Key.Key_Escape:
            # Whatever had the keys and did not want this one lets go of them, so that letters are shortcuts again.
            self.viewport.stage.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        super().keyPressEvent(event)

    def _choose_world(self) -> None:
        """Where a world is chosen: the inspector's project tab."""
        self.inspector.show_tab("Project")
        self.inspector.project_tab.choice.setFocus(Qt.FocusReason.OtherFocusReason)

    def _other_theme(self) -> None:
        name = "light" if self.studio.theme.name == "dark" else "dark"
        self.studio.guarded(lambda: self.studio.settings.set("theme", name))

    def _copy_diagnostics(self) -> None:
        QGuiApplication.clipboard().setText(self.diagnostics())
        self.studio.say(self.tr("Diagnostics copied"))

    def diagnostics(self) -> str:
        """What a bug report needs: versions, world, what is going on, the end of the log. No file of the user's."""
        studio = self.studio
        info, status = studio.project.world.info, studio.generation.status
        facts = [
            f"Astra Studio {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"Qt platform {QGuiApplication.platformName()}, screen ratio {self.devicePixelRatioF():g}",
            f"World {studio.project.world.spec}: {status.world_stage}" + (f", {info.fingerprint[:16]}" if info else ""),
            f"{len(studio.project.takes)} takes, {len(studio.session.library)} chunks, "
            f"cache {studio.player.cache_bytes / 1e6:.0f} MB",
        ]
        return "\n".join([*facts, "", *list(self._log.lines)[-40:]])

    # ------------------------------------------------------------------ the window itself

    def _name(self) -> None:
        self.setWindowTitle(f"{self.studio.session.path.stem} - Astra Studio")
        self._undo_words()

    def _undo_words(self) -> None:
        session = self.studio.session
        for command, label, word in (
            ("edit.undo", session.undo_label, self.tr("Undo")),
            ("edit.redo", session.redo_label, self.tr("Redo")),
        ):
            self.studio.commands.action(command).setText(f"{word} {label}" if label else word)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if can_take(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.files.take_data(event.mimeData(), self.tr("Dropped"))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.studio.generation.has_unstored and not may_lose_a_chunk(self):
            event.ignore()
            return
        self.driving.close()
        self.arrangement.keep(self)
        super().closeEvent(event)
