"""Ribbon of a drive: what the last chunks did and what the next one will do, latent by latent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from astra_studio.document.actions import Actions
from engine.clock import Clock
from ui.driving.controller import DriveController
from ui.studio import Studio
from ui.theme import S4, S8
from ui.viewport.hud import Motion, motion_of

_CELL_PX = 150
_HEIGHT_PX = 64


@dataclass(frozen=True, kw_only=True)
class RibbonChunk:
    """One cell: a chunk's number from 1, the motion of each of its latents, and whether it can still be changed."""

    number: int
    motions: tuple[Motion, ...]
    is_next: bool


class Ribbon(QWidget):
    """Bars for the speed of each latent, a line for its turn; the chunk that input goes into is amber."""

    def __init__(self, studio: Studio, controller: DriveController) -> None:
        super().__init__()
        self._studio, self._controller = studio, controller
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT_PX)
        self.setAccessibleName(self.tr("What the next chunk will do"))
        controller.changed.connect(self.update)
        studio.theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(4 * _CELL_PX, _HEIGHT_PX)

    def cells(self) -> list[RibbonChunk]:
        """The chunks that there is room for, the next one last."""
        drive, state = self._controller.drive, self._controller.state
        info = self._studio.project.world.info
        if drive is None or info is None:
            return []
        room = max(self.width() // _CELL_PX, 1)
        found = [self._cell(chunk.index, chunk.actions, info.clock, False) for chunk in drive.chunks]
        if state.next_actions is not None:
            found.append(self._cell(state.next_chunk, state.next_actions, info.clock, True))
        return found[-room:]

    @staticmethod
    def _cell(index: int, actions: Actions, clock: Clock, is_next: bool) -> RibbonChunk:
        motions = (motion_of(actions, tick, clock) for tick in range(len(actions)))
        known = tuple(motion for motion in motions if motion is not None)
        return RibbonChunk(number=index + 1, motions=known, is_next=is_next)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._studio.theme
        painter.fillRect(self.rect(), theme.color("lane"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cells = self.cells()
        if not cells:
            painter.setPen(theme.color("text3"))
            painter.setFont(theme.font(12))
            painter.drawText(
                QRectF(self.rect()).adjusted(S8, 0, -S8, 0),
                Qt.AlignmentFlag.AlignVCenter,
                self.tr("Press F5, then hold W. What you hold goes into the next chunk."),
            )
            return
        for place, cell in enumerate(cells):
            self._paint_cell(painter, QRectF(place * _CELL_PX, 0, _CELL_PX - S4, self.height()), cell)

    def _paint_cell(self, painter: QPainter, box: QRectF, cell: RibbonChunk) -> None:
        theme = self._studio.theme
        inner = box.adjusted(0.5, 2.5, -0.5, -2.5)
        painter.setBrush(theme.color("accent_tint" if cell.is_next else "raised"))
        painter.setPen(QPen(theme.color("accent_mark" if cell.is_next else "line2"), 1))
        painter.drawRoundedRect(inner, 4, 4)
        painter.setFont(theme.font(11, 600))
        painter.setPen(theme.color("accent_text" if cell.is_next else "text2"))
        words = self.tr("{0} · next").format(cell.number) if cell.is_next else str(cell.number)
        painter.drawText(inner.adjusted(S8, 2, 0, 0), Qt.AlignmentFlag.AlignTop, words)
        bars = inner.adjusted(S8, 20, -S8, -S4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent_mark" if cell.is_next else "edge"))
        width = bars.width() / max(len(cell.motions), 1)
        for tick, motion in enumerate(cell.motions):
            share = min(motion.speed / (2 * motion.clock.trained_speed), 1.0)
            height = max(bars.height() * share, 1.0)
            painter.drawRect(QRectF(bars.left() + tick * width + 1, bars.bottom() - height, width - 2, height))
        self._paint_turns(painter, bars, cell.motions)

    def _paint_turns(self, painter: QPainter, bars: QRectF, motions: Sequence[Motion]) -> None:
        """Up: to the left."""
        if not any(motion.left_turn for motion in motions):
            return
        painter.setPen(QPen(self._studio.theme.color("take_a"), 1.6))
        width = bars.width() / len(motions)
        for tick, motion in enumerate(motions):
            share = max(min(motion.left_turn / (2 * motion.clock.trained_turn), 1.0), -1.0)
            y = bars.center().y() - share * bars.height() / 2
            left = bars.left() + tick * width
            painter.drawLine(QPointF(left, y), QPointF(left + width, y))
