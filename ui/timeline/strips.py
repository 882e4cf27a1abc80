"""Strips of takes: cells for chunks, facts about them, and heads with the take's buttons."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QMenu

from astra_studio.document import take_edits
from astra_studio.document.declared import has_text, specs_of, words_of
from astra_studio.document.derived import recipe_at, slots
from astra_studio.document.edits import select
from astra_studio.document.model import Project, Take, TakeId
from engine.settings import Settings, summary
from ui.timeline.cells import STATE_WORDS, Cell, body_of, paint_cell
from ui.timeline.lane import ICON_X, TEXT_X, Lane, Press
from ui.timeline.ruler import ScrubDrag
from ui.timeline.scene import HEAD_PX, KeyId, Scene
from ui.timeline.thumbnails import Thumbnails, tile_size
from ui.timeline.translation import tr
from ui.timeline.view import PlacedCell, TakeRow, stale_words
from ui.widgets.drag import Drag

STRIP_PX, BRANCH_PX = 82, 34
_MARGIN_PX, _SMALL_MARGIN_PX = 6, 5
_BUTTON_PX, _BUTTON_Y = 22, 52
_LEAST_PICTURE_PX = 6
"""A cell that is narrower shows no picture."""
_MENU = ("take.branch", "take.redo_from", "generate.next", "generate.all", "", "take.lock", "take.delete_tail", "")
_MENU_MORE = ("play.mark_chunk", "play.marker", "take.rename", "take.star", "take.compare", "take.delete")


class Strip(Lane):
    """One take: the current one large, another small."""

    def __init__(self, scene: Scene, number: int, thumbnails: Thumbnails) -> None:
        super().__init__(scene)
        self._number, self._thumbnails = number, thumbnails
        self.height = STRIP_PX if number == 0 else BRANCH_PX
        self.hovered_button = -1

    @property
    def row(self) -> TakeRow:
        return self.scene.rows[self._number]

    @property
    def is_small(self) -> bool:
        return self._number > 0

    # ------------------------------------------------------------------ places

    def cell_box(self, placed: PlacedCell) -> QRectF:
        """Where a cell lies, on whole pixels, with the gap to the next one."""
        margin = _SMALL_MARGIN_PX if self.is_small else _MARGIN_PX
        axis = self.scene.axis
        left, right = round(axis.x(placed.start)), round(axis.x(placed.stop))
        gap = 1 if right - left >= 8 else 0
        height = self.box.height() - 2 * margin
        return QRectF(left + gap, self.box.top() + margin, max(right - left - 2 * gap, 1), height)

    def cell_at(self, where: QPointF) -> PlacedCell | None:
        """The cell under a point."""
        if not self.body.contains(where):
            return None
        frame = self.scene.axis.frame(where.x())
        return next((cell for cell in self.row.cells if cell.start <= frame < cell.stop), None)

    def visible(self, dirty: QRectF) -> list[PlacedCell]:
        """The cells that reach into a part of the canvas."""
        cells, axis = self.row.cells, self.scene.axis
        first = bisect_left(cells, axis.frame(dirty.left()) - 1, key=lambda cell: cell.stop)
        last = bisect_left(cells, axis.frame(dirty.right()) + 1, key=lambda cell: cell.start)
        return list(cells[first:last])

    # ------------------------------------------------------------------ painting

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        theme, row = self.scene.theme, self.row
        for placed in self.visible(dirty):
            box = self.cell_box(placed)
            paint_cell(painter, theme, box, placed.cell, self._thumbnail(painter, placed, box), is_small=self.is_small)
        if not row.cells and not self.is_small:
            painter.setPen(theme.color("text3"))
            painter.setFont(theme.font())
            text = tr("No chunks yet. Ctrl+Return makes the first one.")
            painter.drawText(self.body, Qt.AlignmentFlag.AlignCenter, text)

    def _thumbnail(self, painter: QPainter, placed: PlacedCell, box: QRectF) -> QPixmap | None:
        body, ratio = body_of(box, is_small=self.is_small), painter.device().devicePixelRatioF()
        if box.width() < _LEAST_PICTURE_PX:
            return None
        size = tile_size(body.width(), body.height(), is_small=self.is_small)
        if placed.chunk is not None:
            player = self.scene.studio.player
            is_grey = placed.cell.state == "stale"
            return self._thumbnails.pixmap(player, placed.chunk, size, ratio, is_grey=is_grey)
        if placed.cell.state in ("planned", "queued", "failed"):
            return None
        return self._thumbnails.preview((self.row.take, placed.cell.number - 1), size, ratio)

    def paint_head(self, painter: QPainter) -> None:
        theme, row, ratio = self.scene.theme, self.row, painter.device().devicePixelRatioF()
        middle = self.box.top() + (20 if not self.is_small else self.box.height() / 2)
        icon = "film-strip" if not self.is_small else "git-branch"
        token = "accent_mark" if row.is_current else "text3"
        painter.drawPixmap(QPointF(ICON_X, round(middle) - 7), theme.pixmap(icon, token, 14, ratio))
        right = self._paint_marks(painter, middle)
        painter.setFont(theme.font(12, 600 if row.is_current else 400))
        painter.setPen(theme.color("text" if row.is_current else "text2"))
        name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, round(right - TEXT_X - 4))
        painter.drawText(QPointF(TEXT_X, round(middle) + 4), name)
        if self.is_small:
            return
        painter.setFont(theme.font(11))
        painter.setPen(theme.color("text3"))
        hint = painter.fontMetrics().elidedText(row.hint, Qt.TextElideMode.ElideRight, HEAD_PX - TEXT_X - 6)
        painter.drawText(QPointF(TEXT_X, self.box.top() + 41), hint)
        for number, (icon, is_on, _tip, _run) in enumerate(self._buttons()):
            box = self._button_box(number)
            if number == self.hovered_button:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("hover"))
                painter.drawRoundedRect(box, 4, 4)
            token = "text" if is_on or number == self.hovered_button else "text3"
            painter.drawPixmap(box.topLeft() + QPointF(4, 4), theme.pixmap(icon, token, 14, ratio))

    def _paint_marks(self, painter: QPainter, middle: float) -> float:
        """Star and chip of the comparison at the right of the head; where the name has to end."""
        theme, row, ratio = self.scene.theme, self.row, painter.device().devicePixelRatioF()
        right = float(HEAD_PX - 8)
        compared = self.scene.studio.project.selection.compared is not None
        letter = "B" if row.is_compared else "A" if row.is_current and compared else ""
        if letter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(right - 16, round(middle) - 8, 16, 16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("take_a" if letter == "A" else "take_b"))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(theme.color("lane"))
            painter.setFont(theme.font(11, 600))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)
            right -= 22
        if row.is_starred:
            right -= 14
            painter.drawPixmap(QPointF(right, round(middle) - 6), theme.pixmap("star-fill", "text2", 12, ratio))
            right -= 4
        return right

    # ------------------------------------------------------------------ the head's buttons

    def _buttons(self) -> list[tuple[str, bool, str, Callable[[], object]]]:
        """Icon, whether it is on, tool tip, action."""
        row, commands = self.row, self.scene.studio.commands
        is_locked = bool(row.num_chunks) and row.num_locked == row.num_chunks
        lock_words = tr("Unlock all chunks") if is_locked else tr("Lock all chunks: neither deleted nor made stale")
        compared = self.scene.studio.project.selection.compared is not None
        star = "star-fill" if row.is_starred else "star"
        return [
            ("eye", compared, tr("Compare with another take"), lambda: commands.trigger("take.compare")),
            ("lock" if row.num_locked else "lock-open", row.num_locked > 0, lock_words, self._toggle_locks),
            ("git-branch", False, tr("Branch at the playhead"), lambda: commands.trigger("take.branch")),
            (star, row.is_starred, tr("Star the take"), lambda: commands.trigger("take.star")),
        ]

    def _button_box(self, number: int) -> QRectF:
        return QRectF(TEXT_X - 4 + number * _BUTTON_PX, self.box.top() + _BUTTON_Y, _BUTTON_PX, _BUTTON_PX)

    def button_at(self, where: QPointF) -> int:
        """The number of a head's button under a point; -1: none."""
        if self.is_small:
            return -1
        return next((number for number in range(4) if self._button_box(number).contains(where)), -1)

    def _toggle_locks(self) -> None:
        row = self.row
        if row.num_chunks:
            chunks = [chunk.id for chunk in self._take.chunks]
            self.scene.apply(take_edits.lock(row.take, chunks, row.num_locked < row.num_chunks))

    @property
    def _take(self) -> Take:
        return self.scene.studio.project.take(self.row.take)

    # ------------------------------------------------------------------ mouse

    def press(self, press: Press) -> Drag | None:
        self.choose_at(press.where)
        return ScrubDrag(self.scene, press)

    def choose_at(self, where: QPointF) -> None:
        """Show the take, with the chunk under a point chosen."""
        placed = self.cell_at(where)
        if placed is not None:
            self._select((placed.first_tick, placed.last_tick))

    def _select(self, ticks: tuple[int, int] | None) -> None:
        take, compared = self.row.take, self.scene.studio.project.selection.compared
        self.scene.apply(select(take, compared=None if compared == take else compared, ticks=ticks))

    def press_head(self, press: Press) -> None:
        number = self.button_at(press.where)
        if number >= 0:
            self._buttons()[number][3]()
        elif not self.row.is_current:
            self._select(None)

    def fill_menu(self, menu: QMenu, press: Press) -> None:
        placed, commands = self.cell_at(press.where), self.scene.studio.commands
        if placed is not None:
            self.choose_at(press.where)
            self.scene.studio.player.seek(placed.start)
        elif not self.row.is_current:
            self._select(None)
        commands.refresh()
        for name in _MENU + _MENU_MORE:
            if name:
                menu.addAction(commands.action(name))
            else:
                menu.addSeparator()

    def cursor(self, where: QPointF) -> Qt.CursorShape | None:
        is_button = self.button_at(where) >= 0 or (where.x() < HEAD_PX and self.is_small)
        return Qt.CursorShape.PointingHandCursor if is_button else None

    def head_tip(self, where: QPointF) -> str:
        number = self.button_at(where)
        if number >= 0:
            return self._buttons()[number][2]
        return self.row.name if not self.is_small else tr("Show {0}").format(self.row.name)

    def tip(self, where: QPointF) -> str:
        placed = self.cell_at(where)
        return "" if placed is None else "\n".join(facts_of(self.scene, self.row.take, placed))

    # ------------------------------------------------------------------ keyboard

    def stops(self) -> list[tuple[float, KeyId | None]]:
        return [(float(cell.start), None) for cell in self.row.cells]

    def described(self) -> str:
        states = ", ".join(f"{placed.cell.number} {state_text(placed.cell)}" for placed in self.row.cells)
        return f"{self.row.name}: {states or tr('no chunks yet')}"


def state_text(cell: Cell) -> str:
    """The state of a chunk as text."""
    text = tr(STATE_WORDS[cell.state]).lower()
    return f"{text}, {tr('locked')}" if cell.is_locked else text


def facts_of(scene: Scene, take_id: TakeId, placed: PlacedCell) -> list[str]:
    """Facts about a chunk, a line each: state, times, the settings it was or will be generated with."""
    project = scene.studio.project
    take, cell, rate = project.take(take_id), placed.cell, scene.studio.player.fps
    state = state_text(cell)
    lines = [tr("Chunk {0} of {1}: {2}").format(cell.number, take.name, state)]
    chunk = placed.chunk
    if chunk is None and cell.text and cell.state not in ("queued", "planned"):
        lines[0] += f" ({cell.text})"
    if cell.state == "stale":
        slot = slots(project, take)[cell.number - 1]
        lines.append(stale_words(slot, project.world) + ". " + tr("Generate makes it again on a branch"))
    seconds = (placed.stop - placed.start) / rate
    lines.append(tr("{0:.2f} to {1:.2f} s, {2:.2f} s").format(placed.start / rate, placed.stop / rate, seconds))
    if chunk is None:
        recipe = recipe_at(project, take, placed.first_tick)
        lines.append(_settings_text(project, recipe.settings, take.recipe.seed))
        return lines
    lines.append(_settings_text(project, chunk.request.settings, chunk.request.seed))
    if chunk.request.prompt:
        lines.append(_short(chunk.request.prompt))
    if chunk.keyed:
        lines.append(tr("by keys: {0}").format(", ".join(words_of(project.world, name) for name in chunk.keyed)))
    if chunk.seconds:
        lines.append(tr("generated in {0:.2f} s").format(sum(value for _, value in chunk.seconds)))
    return lines


def _settings_text(project: Project, settings: Settings, seed: int) -> str:
    settings_text = summary(specs_of(project.world), settings, has_text=has_text(project.world))
    return ", ".join([settings_text, tr("seed {0}").format(seed)] if settings_text else [tr("seed {0}").format(seed)])


def _short(text: str, length: int = 70) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
