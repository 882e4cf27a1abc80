"""The command palette: type a few letters of a command to find it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ui.commands import COMMANDS, Command
from ui.studio import Studio
from ui.theme import R4, S8, S12, Theme

_SIZE, _ROW_PX = (520, 380), 26
KEYS = Qt.ItemDataRole.UserRole + 1


class _Rows(QStyledItemDelegate):
    """Icon, words, and the keys at the right; words stand under each other with and without an icon."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, _ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, box = self._theme, QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        state = option.state
        for flag, token in (
            (QStyle.StateFlag.State_Selected, "selected"),
            (QStyle.StateFlag.State_MouseOver, "hover"),
        ):
            if state & flag:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color(token))
                painter.drawRoundedRect(box, R4, R4)
                break
        icon = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(icon, QIcon) and not icon.isNull():
            icon.paint(painter, round(box.left()) + S8, round(box.center().y()) - 7, 14, 14)
        words = box.adjusted(S8 + 14 + S8, 0, -S12, 0)
        painter.setPen(theme.color("text3"))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, index.data(KEYS))
        painter.setPen(theme.color("text"))
        text = index.data(Qt.ItemDataRole.DisplayRole)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()


class Palette(QDialog):
    """Commands that can be done now, those used last first."""

    recent: list[str]

    def __init__(self, studio: Studio, recent: list[str], parent: QWidget) -> None:
        """`recent` are ids, newest first; the one that is chosen is put in front."""
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self._studio, self.recent = studio, recent
        self.setFixedSize(*_SIZE)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("frame", "true")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Type what you want to do"))
        self.field.setAccessibleName(self.tr("Command"))
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Commands that fit"))
        self.list.setItemDelegate(_Rows(studio.theme, self.list))
        column = QVBoxLayout(self)
        column.setContentsMargins(S8, S8, S8, S8)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._show)
        self.field.installEventFilter(self)
        studio.commands.watch_fields(self)
        self.field.returnPressed.connect(self._run)
        self.list.itemClicked.connect(lambda _item: self._run())
        self._show("")
        self.move(
            parent.mapToGlobal(parent.rect().center()).x() - _SIZE[0] // 2, parent.mapToGlobal(parent.pos()).y() + 60
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        # It goes as a menu does: when something else is clicked.
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.close()
        super().changeEvent(event)

    def _show(self, text: str) -> None:
        self.list.clear()
        commands = self._studio.commands
        usable = [command for command in COMMANDS if commands.action(command.id).isEnabled()]
        for command in ranked(usable, text, self.recent):
            keys = commands.keys(command.id)
            item = QListWidgetItem(commands.action(command.id).icon(), f"{command.menu}: {command.text}")
            item.setData(KEYS, keys)
            item.setData(Qt.ItemDataRole.UserRole, command.id)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _run(self) -> None:
        item = self.list.currentItem()
        self.close()
        if item is not None:
            name = item.data(Qt.ItemDataRole.UserRole)
            self.recent[:] = [name, *(other for other in self.recent if other != name)][:20]
            self._studio.commands.trigger(name)


def ranked(commands: list[Command], text: str, recent: list[str]) -> list[Command]:
    """Commands whose words hold the letters of `text` in order; whole words, then recent ones, then as in menus."""
    wanted = text.lower().split()
    place = {command.id: number for number, command in enumerate(COMMANDS)}

    def key(command: Command) -> tuple[int, int, int]:
        words = f"{command.menu} {command.text}".lower()
        starts = sum(1 for part in wanted if any(word.startswith(part) for word in words.split()))
        age = recent.index(command.id) if command.id in recent else len(recent)
        return -starts, age, place[command.id]

    return sorted((c for c in commands if _holds(f"{c.menu} {c.text}".lower(), "".join(wanted))), key=key)


def _holds(words: str, letters: str) -> bool:
    rest = iter(words)
    return all(letter in rest for letter in letters)
