"""Transport controls under the picture: timecode, seven buttons, rate and loop."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel

from ui.studio import Studio
from ui.theme import S4, S12
from ui.widgets.basic import Filled, IconButton, quiet_label

_HEIGHT_PX = 44
_BUTTONS = ("play.start", "play.previous_chunk", "play.previous_frame", "", "play.next_frame", "play.next_chunk")


class Transport(Filled):
    """Follows the player."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio.theme, "panel")
        self._studio = studio
        self.setFixedHeight(_HEIGHT_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(S12, 0, S12, 0)
        row.setSpacing(S4)
        self.timecode = QLabel()
        self.timecode.setFont(studio.theme.font(16, 600))
        self.frames = quiet_label("")
        row.addWidget(self.timecode)
        row.addSpacing(S12)
        row.addWidget(self.frames)
        row.addStretch(1)
        for name in (*_BUTTONS, "play.end"):
            if name:
                action = studio.commands.action(name)
                row.addWidget(IconButton(studio.theme, _icon(name), action.text()).follow(action))
                continue
            self.play = IconButton(studio.theme, "play-fill", self.tr("Play"))
            self.play.setFixedSize(QSize(38, 34))
            self.play.setStyleSheet("QToolButton { border-radius: 6px; }")
            self.play.setProperty("raised", "true")
            self.play.follow(studio.commands.action("play.toggle"))
            row.addWidget(self.play)
        row.addStretch(1)
        loop = studio.commands.action("play.loop")
        row.addWidget(IconButton(studio.theme, "repeat", loop.text()).follow(loop))
        self.rate = quiet_label("")
        row.addSpacing(S4)
        row.addWidget(self.rate)
        studio.playhead_moved.connect(lambda _frame: self.refresh())
        studio.playback_changed.connect(self.refresh)
        studio.project_opened.connect(self.refresh)

    def refresh(self) -> None:
        player = self._studio.player
        self.timecode.setText(timecode(player.frame, player.fps))
        self.frames.setText(f"f {player.frame} / {max(player.num_total - 1, 0)}")
        self.rate.setText(
            f"{player.fps:g} fps   {player.rate:+.0f}×" if player.rate != 1 else f"{player.fps:g} fps   1.0×"
        )
        self.play.set_icon("pause-fill" if player.is_playing else "play-fill")


def timecode(frame: int, frames_per_second: float) -> str:
    """Minutes, seconds and hundredths of a frame's moment."""
    hundredths = round(100 * frame / frames_per_second)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"


def _icon(command: str) -> str:
    return {
        "play.start": "skip-back",
        "play.previous_chunk": "caret-double-left",
        "play.previous_frame": "caret-left",
        "play.next_frame": "caret-right",
        "play.next_chunk": "caret-double-right",
        "play.end": "skip-forward",
    }[command]
