"""Owns preferences, shortcuts, the log and the about box."""

from __future__ import annotations

import logging
import platform
from collections import deque

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QKeySequenceEdit,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astra_studio import __version__
from astra_studio.settings import SETTINGS, Setting
from ui.commands import COMMANDS
from ui.studio import Studio
from ui.theme import S12, S16
from ui.widgets import quiet_label

_MAX_LINES = 2000


class Preferences(QDialog):
    """One row per setting of the table."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(self.tr("Preferences"))
        self.setMinimumWidth(460)
        form = QFormLayout()
        form.setVerticalSpacing(S12)
        for setting in SETTINGS:
            if not isinstance(setting.default, dict):
                form.addRow(setting.label, self._editor(setting))
                form.addRow("", quiet_label(setting.help))
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.addLayout(form)
        column.addWidget(close)

    def _editor(self, setting: Setting) -> QWidget:
        settings = self._studio.settings
        value = settings.get(setting.key)
        if isinstance(setting.default, bool):
            box = QCheckBox()
            box.setChecked(value)
            box.toggled.connect(lambda on: self._set(setting.key, on))
            return box
        if setting.choices:
            choice = QComboBox()
            choice.addItems(setting.choices)
            choice.setCurrentText(value)
            choice.textActivated.connect(lambda text: self._set(setting.key, text))
            return choice
        number = QSpinBox()
        number.setRange(round(setting.low), round(setting.high))
        number.setValue(value)
        number.valueChanged.connect(lambda new: self._set(setting.key, new))
        return number

    def _set(self, key: str, value: object) -> None:
        self._studio.guarded(lambda: self._studio.settings.set(key, value))


class Shortcuts(QDialog):
    """Every command with its keys, which can be changed; who has them already is said."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(self.tr("Keyboard Shortcuts"))
        self.resize(560, 620)
        self.table = QTableWidget(len(COMMANDS), 2)
        self.table.setHorizontalHeaderLabels([self.tr("Command"), self.tr("Keys")])
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setColumnWidth(0, 330)
        self.keys = QKeySequenceEdit()
        self.keys.setMaximumSequenceLength(1)
        self.set_button = QPushButton(self.tr("Set"))
        self.reset_button = QPushButton(self.tr("Default"))
        self.words = QLabel()
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        for widget in (self.table, self.keys, self.words, self.set_button, self.reset_button):
            column.addWidget(widget)
        self.keys.keySequenceChanged.connect(lambda _keys: self._say_conflicts())
        self.table.currentCellChanged.connect(lambda *_: self._chosen())
        self.set_button.clicked.connect(lambda: self._rebind(self.keys.keySequence().toString()))
        self.reset_button.clicked.connect(lambda: self._rebind(None))
        self._show()
        self.table.setCurrentCell(0, 0)

    def choose(self, command_id: str) -> None:
        """Select a command."""
        self.table.setCurrentCell([command.id for command in COMMANDS].index(command_id), 0)

    def _current(self) -> str:
        return COMMANDS[max(self.table.currentRow(), 0)].id

    def _show(self) -> None:
        for row, command in enumerate(COMMANDS):
            self.table.setItem(row, 0, QTableWidgetItem(f"{command.menu}: {command.text}"))
            keys = self._studio.commands.action(command.id).shortcuts()
            words = ", ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in keys)
            self.table.setItem(row, 1, QTableWidgetItem(words))

    def _chosen(self) -> None:
        self.keys.setKeySequence(self._studio.commands.action(self._current()).shortcut())

    def _say_conflicts(self) -> None:
        others = self._studio.commands.conflicts(self._current(), self.keys.keySequence().toString())
        names = ", ".join(f"{other.menu}: {other.text}" for other in others)
        self.words.setText(
            self.tr("Already used by {0}; setting them takes them away there.").format(names) if names else ""
        )
        self.words.setProperty("role", "error" if names else "quiet")

    def _rebind(self, keys: str | None) -> None:
        commands = self._studio.commands
        for other in commands.conflicts(self._current(), keys or ""):
            commands.rebind(other.id, "")
        commands.rebind(self._current(), keys)
        self._studio.guarded(lambda: self._studio.settings.set("keys", commands.own_keys))
        self._show()
        self._say_conflicts()


class LogLines(logging.Handler):
    """Keeps the last lines of the program's log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_MAX_LINES)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class LogWindow(QDialog):
    """The log, to be read and copied."""

    def __init__(self, lines: LogLines, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Log"))
        self.resize(760, 420)
        text = QPlainTextEdit("\n".join(lines.lines) or self.tr("Nothing has been logged."))
        text.setReadOnly(True)
        text.setAccessibleName(self.tr("Log"))
        column = QVBoxLayout(self)
        column.addWidget(text)


class About(QDialog):
    """What this is."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Astra Studio"))
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 24, 32, 24)
        column.setSpacing(S12)
        mark = QLabel()
        mark.setPixmap(studio.theme.pixmap("astra", "accent", 64, self.devicePixelRatioF()))
        mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        name = QLabel(f"Astra Studio {__version__}")
        name.setFont(studio.theme.font(16, 600))
        name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = quiet_label(
            self.tr("Walk into a picture: the Astra world model on your own computer.\nApache License 2.0")
            + f"\nPython {platform.python_version()}, Qt {qVersion()}"
        )
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for widget in (mark, name, words):
            column.addWidget(widget)


def may_lose_a_chunk(window: QWidget) -> bool:
    """Ask; the only question that stands in anybody's way, since nothing else can be lost."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setText(box.tr("A finished chunk is not stored yet: there was no room for it."))
    box.setInformativeText(box.tr("Make room, or choose Save As on another disk. Closing now loses this chunk."))
    lose = box.addButton(box.tr("Close and lose it"), QMessageBox.ButtonRole.DestructiveRole)
    stay = box.addButton(box.tr("Stay"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.exec()
    return box.clickedButton() is lose
