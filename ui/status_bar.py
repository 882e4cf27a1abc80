"""Row at the bottom of the window: memory, speed, cache, jobs, when the project was saved."""

from __future__ import annotations

from datetime import datetime

import psutil
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout

from ui.studio import Studio
from ui.theme import S12, S24
from ui.top_bar import duration
from ui.widgets import quiet_label
from ui.widgets.basic import Filled

_EVERY_MS = 2000


class StatusBar(Filled):
    """Follows the machine and the project."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio.theme, "panel")
        self._studio = studio
        self.setFixedHeight(24)
        row = QHBoxLayout(self)
        row.setContentsMargins(S12, 0, S12, 0)
        row.setSpacing(S24)
        self.memory, self.pace, self.cache = quiet_label(""), quiet_label(""), quiet_label("")
        self.world, self.saved = quiet_label(""), quiet_label("")
        for label in (self.memory, self.pace, self.cache, self.world):
            row.addWidget(label)
        row.addStretch(1)
        row.addWidget(self.saved)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        studio.project_changed.connect(lambda _change: self._mark_saved())
        studio.project_opened.connect(self._opened)

    def refresh(self) -> None:
        studio = self._studio
        memory = psutil.virtual_memory()
        self.memory.setText(
            self.tr("Memory {0:.1f} / {1:.0f} GB").format((memory.total - memory.available) / 1e9, memory.total / 1e9)
        )
        seconds = studio.generation.status.seconds_per_chunk
        self.pace.setVisible(seconds is not None)
        self.pace.setText("" if seconds is None else self.tr("{0} per chunk").format(duration(seconds)))
        player = studio.player
        self.cache.setText(
            self.tr("Cache {0:.2f} / {1:.1f} GB").format(player.cache_bytes / 1e9, player.cache_cap_bytes / 1e9)
        )
        info = studio.project.world.info
        text = f"{info.name}, {info.width} × {info.height}, {info.device}" if info else studio.project.world.spec
        self.world.setText(text)

    def _opened(self) -> None:
        self.refresh()
        self._mark_saved()

    def _mark_saved(self) -> None:
        # Every change is in the file when it is told: there is nothing unsaved to tell of.
        self.saved.setText(self.tr("✓ Saved {0}").format(datetime.now().astimezone().strftime("%H:%M")))
