"""List of what speaks for and against a reading of a camera file, with an icon for each."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from astra_studio.services.camera.files import Imported
from ui.theme import S4, S8, Theme

_FAR = 12.0
"""Times the median step from which on the largest one looks like a jump."""
_EXACT = 1e-6


class Findings(QWidget):
    """One line per check: ok, worth a look, or plain."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(S8)
        self._grid.setVerticalSpacing(S4)
        self._grid.setColumnStretch(1, 1)
        self.lines: list[tuple[str, str]] = []
        self.setAccessibleName(self.tr("Checks"))
        theme.changed.connect(self._fill)

    def clear(self) -> None:
        self._show([])

    def show_imported(self, imported: Imported) -> None:
        """The checks of this reading."""
        checks, recording, speed = imported.reading.checks, imported.reading.recording, imported.speed
        lines = [self._direction(checks.direction, checks.forwardness)]
        lines.append(self._rotations(checks.determinant_error, checks.quaternion_error))
        steps = np.linalg.norm(np.diff(recording.c2w[:, :3, 3], axis=0), axis=1)
        is_jump = checks.largest_step > _FAR * max(float(np.median(steps)), 1e-12) and checks.largest_step > 1e-9
        lines.append(
            (
                "warn" if is_jump else "plain",
                self.tr("Largest step {0:.3g} units, after pose {1}").format(
                    checks.largest_step, checks.largest_step_at
                ),
            )
        )
        count = len(speed.moved)
        lines.append(
            (
                "plain",
                self.tr("{0} ticks, {1:.3g} chunks, {2:.4g} s").format(
                    count, count / speed.clock.latents_per_chunk, count * speed.clock.seconds_per_tick
                ),
            )
        )
        beyond = int(speed.beyond.sum())
        if beyond:
            words = self.tr("{0} ticks are faster than trained: up to {1:.3g} units, {2:.3g} rad").format(
                beyond, float(speed.moved.max()), float(speed.turned.max())
            )
        else:
            words = self.tr("No tick is faster than trained ({0} units)").format(speed.clock.trained_speed)
        lines.append(("warn" if beyond else "ok", words))
        self._show(lines)

    def _direction(self, direction: str, ahead: float) -> tuple[str, str]:
        words = {
            "forward": self.tr("Walks forward"),
            "backward": self.tr("Walks backward"),
            "sideways": self.tr("Moves sideways"),
            "still": self.tr("Stays where it is"),
        }[direction]
        kind = {"forward": "ok", "backward": "warn"}.get(direction, "plain")
        return kind, self.tr("{0}: movement against view {1:+.2f}").format(words, ahead)

    def _rotations(self, determinant_error: float, quaternion_error: float) -> tuple[str, str]:
        """Determinants are to be +1, and quaternions of length 1."""
        if max(determinant_error, quaternion_error) < _EXACT:
            return "ok", self.tr("Rotations are exact: det R = +1, |q| = 1")
        words = self.tr("Rotations are rounded: det R off +1 by {0:.0e}, |q| off 1 by {1:.0e}")
        return "plain", words.format(determinant_error, quaternion_error)

    def _show(self, lines: list[tuple[str, str]]) -> None:
        self.lines = lines
        self._fill()

    def _fill(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        icons = {"ok": ("check", "ok"), "warn": ("warning", "warn"), "plain": ("minus", "text3")}
        for number, (kind, words) in enumerate(self.lines):
            glyph, text = QLabel(), QLabel(words)
            name, token = icons[kind]
            glyph.setPixmap(self._theme.pixmap(name, token, 12, self.devicePixelRatioF()))
            glyph.setAlignment(Qt.AlignmentFlag.AlignTop)
            glyph.setContentsMargins(0, 2, 0, 0)
            text.setWordWrap(True)
            text.setProperty("role", "label")
            self._grid.addWidget(glyph, number, 0)
            self._grid.addWidget(text, number, 1)
