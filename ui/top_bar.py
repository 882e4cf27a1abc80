"""Row at the top of the window: logo, menus, workspaces, progress, Cancel, Generate."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QMenuBar, QProgressBar, QPushButton, QToolButton, QVBoxLayout

from astra_studio.services.generation.queue import GenerationStatus
from ui.commands import COMMANDS, MENUS
from ui.studio import Studio
from ui.theme import S4, S8, S12
from ui.widgets import SegmentedControl, quiet_label
from ui.widgets.basic import Filled

HEIGHT_PX = 44
WORKSPACES = ("Author", "Drive", "Review")


class TopBar(Filled):
    """The top row; it follows the generation."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio.theme, "panel")
        self._studio = studio
        self.setFixedHeight(HEIGHT_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(S12, 0, S12, 0)
        row.setSpacing(S8)
        self._mark = QLabel()
        row.addWidget(self._mark)
        self.menus = QMenuBar()
        self.menus.setNativeMenuBar(False)
        self.menu_of: dict[str, QMenu] = {}
        self._build_menus()
        row.addWidget(self.menus)
        row.addStretch(1)
        self.workspaces = SegmentedControl(studio.theme, WORKSPACES, self.tr("Workspace"))
        self.workspaces.chosen.connect(lambda name: studio.commands.trigger(f"view.{name.lower()}"))
        row.addWidget(self.workspaces)
        row.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(S4)
        labels = QHBoxLayout()
        self.progress_words, self.left_words = QLabel(), quiet_label("")
        labels.addWidget(self.progress_words, 1)
        labels.addWidget(self.left_words)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedWidth(230)
        self.bar.setAccessibleName(self.tr("Generation progress"))
        column.addStretch(1)
        column.addLayout(labels)
        column.addWidget(self.bar)
        column.addStretch(1)
        row.addLayout(column)
        cancel = studio.commands.action("generate.cancel")
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setToolTip("Ctrl+.")
        self.cancel.clicked.connect(cancel.trigger)
        cancel.changed.connect(self._follow_actions)
        self.generate = QPushButton(self.tr("Generate"))
        self.generate.setProperty("main", "true")
        self.generate.setToolTip(self.tr("Generate all planned chunks, or the next one"))
        all_ = studio.commands.action("generate.all")
        self.generate.clicked.connect(all_.trigger)
        all_.changed.connect(self._follow_actions)
        more = QToolButton()
        more.setToolTip(self.tr("More ways to generate"))
        more.setAccessibleName(self.tr("More ways to generate"))
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        choices = QMenu(more)
        for name in ("generate.next", "generate.all", "generate.pause"):
            choices.addAction(studio.commands.action(name))
        more.setMenu(choices)
        more.setArrowType(Qt.ArrowType.DownArrow)
        export = studio.commands.action("file.export")
        self.export = QPushButton(self.tr("Export..."))
        self.export.setToolTip(f"{export.toolTip()} ({studio.commands.keys('file.export')})")
        self.export.clicked.connect(export.trigger)
        export.changed.connect(self._follow_actions)
        for widget in (self.cancel, self.generate, more, self.export):
            row.addWidget(widget)
        self._follow_actions()
        self._dress()
        studio.theme.changed.connect(self._dress)
        studio.making_changed.connect(self.show_making)
        self.show_making(GenerationStatus())

    def show_workspace(self, name: str) -> None:
        """In Review the main button exports, in Author it generates; Drive has its own."""
        self.workspaces.choose(name)
        is_review = name == "Review"
        self.export.setVisible(is_review)
        for button, is_main in ((self.generate, name == "Author"), (self.export, is_review)):
            button.setProperty("main", "true" if is_main else "false")
            button.style().polish(button)
        self._dress()

    def _follow_actions(self) -> None:
        commands = self._studio.commands
        self.export.setEnabled(commands.action("file.export").isEnabled())
        self.cancel.setEnabled(commands.action("generate.cancel").isEnabled())
        self.generate.setEnabled(commands.action("generate.all").isEnabled())

    def _build_menus(self) -> None:
        for name in MENUS:
            menu = self.menus.addMenu(self.tr(name))
            self.menu_of[name] = menu
            group = 0
            for command in COMMANDS:
                if command.menu != name or not self._studio.commands.is_attached(command.id):
                    continue
                if command.group != group and not menu.isEmpty():
                    menu.addSeparator()
                group = command.group
                menu.addAction(self._studio.commands.action(command.id))
            menu.menuAction().setVisible(not menu.isEmpty())

    def show_making(self, status: GenerationStatus) -> None:
        """Which chunk, which step, how long it will take; nothing moves when the words change."""
        active = status.active
        if active is not None:
            count = active.index + 1 + len(status.queued)
            text = self.tr("Chunk {0} of {1}  ·  step {2} of {3}").format(
                active.index + 1, count, active.step, active.num_steps
            )
            if active.stage == "stopping":
                text = self.tr("Stopping after this step; press again to stop now")
            self.progress_words.setText(text)
            done = active.step / max(active.num_steps, 1)
            self.bar.setValue(round(1000 * done))
        elif status.world_stage == "opening":
            self.progress_words.setText(self.tr("Opening the world ..."))
            self.bar.setValue(0)
        elif status.world_stage == "failed":
            self.progress_words.setText(self.tr("The world cannot be opened"))
            self.bar.setValue(0)
        else:
            self.progress_words.setText(self.tr("Paused") if status.is_paused else self.tr("Ready"))
            self.bar.setValue(0)
        left = status.seconds_left
        self.left_words.setText("" if left is None else self.tr("{0} left").format(duration(left)))

    def _dress(self) -> None:
        theme = self._studio.theme
        self._mark.setPixmap(theme.pixmap("mark", "accent_mark", 18, self.devicePixelRatioF()))
        for button, icon in ((self.generate, "play-fill"), (self.export, "export")):
            button.setIcon(theme.icon(icon, "accent_ink" if button.property("main") == "true" else "text2"))
        self.cancel.setIcon(theme.icon("stop-fill", "error"))


def duration(seconds: float) -> str:
    """Seconds as 0.8 s, 12 s, 1:42 or 1:02:03."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
