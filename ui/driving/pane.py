"""Row under the picture of the Drive workspace: the drive's buttons and its ribbon; the HUD is put over the picture."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy

from ui.driving.controller import DriveController
from ui.driving.hud import DriveHud
from ui.driving.ribbon import Ribbon
from ui.studio import Studio
from ui.theme import S8, S12
from ui.viewport.stage import Stage
from ui.widgets import IconButton
from ui.widgets.basic import Filled


class DrivePane(Filled):
    """Follows a controller."""

    def __init__(self, studio: Studio, controller: DriveController, stage: Stage) -> None:
        super().__init__(studio.theme, "panel")
        self._studio, self._controller, self._stage = studio, controller, stage
        self.hud = DriveHud(controller, studio.theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(S12, S8, S12, S8)
        row.setSpacing(S8)
        commands = studio.commands
        start = commands.action("drive.start")
        self.start, self.pause = QPushButton(self.tr("Drive")), QPushButton(self.tr("Pause"))
        self.start.setProperty("main", "true")
        self.start.setToolTip(f"{start.toolTip()} ({commands.keys('drive.start')})")
        self.start.clicked.connect(start.trigger)
        self.pause.setToolTip(commands.action("drive.pause").toolTip())
        self.pause.clicked.connect(commands.action("drive.pause").trigger)
        self.start.setMinimumWidth(120)
        self.pause.setMinimumWidth(90)
        for button in (self.start, self.pause):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        for name, icon in (
            ("drive.step", "skip-forward"),
            ("drive.discard", "arrow-u-up-left"),
            ("drive.reset", "skip-back"),
            ("drive.latch", "lock"),
            ("drive.mouse", "cursor"),
        ):
            action = commands.action(name)
            row.addWidget(IconButton(studio.theme, icon, action.text()).follow(action))
        self.ribbon = Ribbon(studio, controller)
        row.addWidget(self.ribbon, 1)
        controller.changed.connect(self.refresh)
        start.changed.connect(self.refresh)
        studio.theme.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is true now."""
        controller, stage = self._controller, self._stage
        is_on = controller.is_on or controller.is_wanted
        words = self.tr("Stop Driving") if is_on else self.tr("Drive")
        if self.start.text() != words:
            self.start.setText(words)
            self._studio.commands.action("drive.start").setText(words)
            icon = "stop-fill" if is_on else "play-fill"
            self.start.setIcon(self._studio.theme.icon(icon, "accent_ink"))
        self.start.setEnabled(self._studio.commands.action("drive.start").isEnabled())
        self.pause.setText(self.tr("Resume") if controller.state.is_paused and is_on else self.tr("Pause"))
        self.pause.setEnabled(controller.is_on)
        stage.overlay = self.hud.paint if is_on else None
        if is_on:
            self.hud.take_name = self._studio.take.name
        stage.update()
