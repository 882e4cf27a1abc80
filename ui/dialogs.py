"""Preferences, shortcuts, the log and the about box."""

from __future__ import annotations

import logging
import platform
from collections import deque

from PySide6.QtCore import Qt, QTimer, qVersion
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from astra_studio import __version__
from astra_studio.settings import SETTINGS, Setting
from ui.commands import COMMANDS
from ui.studio import Studio
from ui.theme import S4, S8, S12, S16
from ui.widgets import quiet_label, run_dialog

_MAX_LINES = 2000
_HELP_PX = 320
_LOOK_MS = 400
"""How often an open log looks for new lines."""
_CHOICES = {"system": "As the system"}


class Preferences(QDialog):
    """One row per setting of the table, on its page."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(self.tr("Preferences"))
        pages = QTabWidget()
        for name in dict.fromkeys(setting.page for setting in SETTINGS):
            pages.addTab(self._page(name), self.tr(name))
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.addWidget(pages)
        column.addWidget(close)

    def _page(self, name: str) -> QWidget:
        """The settings of one page; those without a form of their own are changed elsewhere."""
        page = QWidget()
        form = QFormLayout(page)
        form.setVerticalSpacing(S16)
        form.setHorizontalSpacing(S16)
        for setting in SETTINGS:
            if setting.page == name and not isinstance(setting.default, dict):
                editor = self._editor(setting)
                editor.setAccessibleName(setting.label)
                label, words = QLabel(self.tr(setting.label)), quiet_label(self.tr(setting.help))
                label.setProperty("role", "label")
                words.setWordWrap(True)
                words.setFixedWidth(_HELP_PX)
                field = QVBoxLayout()
                field.setSpacing(S4)
                field.addWidget(editor)
                field.addWidget(words)
                form.addRow(label, field)
        return page

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
            for name in setting.choices:
                choice.addItem(self.tr(_CHOICES.get(name, name.capitalize())), name)
            choice.setCurrentIndex(choice.findData(value))
            choice.activated.connect(lambda _number: self._set(setting.key, choice.currentData()))
            return choice
        if setting.suggestions:
            text = QComboBox()
            text.setEditable(True)
            text.addItems(setting.suggestions)
            text.setCurrentText(value)
            text.activated.connect(lambda _number: self._set(setting.key, text.currentText()))
            line = text.lineEdit()
            assert line is not None
            line.editingFinished.connect(lambda: self._set(setting.key, text.currentText()))
            return text
        number = QSpinBox()
        number.setRange(round(setting.low), round(setting.high))
        number.setValue(value)
        number.setSuffix(f" {setting.unit}" if setting.unit else "")
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
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Find a command or a key"))
        self.filter.setAccessibleName(self.tr("Find a command or a key"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter)
        self.table = QTableWidget(len(COMMANDS), 2)
        self.table.setHorizontalHeaderLabels([self.tr("Command"), self.tr("Keys")])
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setColumnWidth(0, 330)
        self.table.setShowGrid(False)
        self.table.setAccessibleName(self.tr("Commands and their keys"))
        self.keys = QKeySequenceEdit()
        self.keys.setMaximumSequenceLength(1)
        self.keys.setAccessibleName(self.tr("New keys: press them"))
        self.set_button = QPushButton(self.tr("Set"))
        self.set_button.setProperty("main", "true")
        self.reset_button = QPushButton(self.tr("Default"))
        self.words = QLabel()
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.setSpacing(S8)
        row = QHBoxLayout()
        row.setSpacing(S8)
        row.addWidget(self.keys, 1)
        for button in (self.set_button, self.reset_button):
            row.addWidget(button)
        for widget in (self.filter, self.table, quiet_label(self.tr("Choose a command, press its new keys, then Set"))):
            column.addWidget(widget)
        column.addLayout(row)
        column.addWidget(self.words)
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

    def _filter(self, text: str) -> None:
        wanted = text.lower().split()
        for row in range(self.table.rowCount()):
            words = " ".join(self._text(row, column) for column in (0, 1)).lower()
            self.table.setRowHidden(row, not all(part in words for part in wanted))

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return "" if item is None else item.text()

    def _chosen(self) -> None:
        self.keys.setKeySequence(self._studio.commands.action(self._current()).shortcut())

    def _say_conflicts(self) -> None:
        others = self._studio.commands.conflicts(self._current(), self.keys.keySequence().toString())
        names = ", ".join(f"{other.menu}: {other.text}" for other in others)
        self.words.setText(
            self.tr("Already used by {0}; setting them takes them away there.").format(names) if names else ""
        )
        self.words.setProperty("role", "error" if names else "quiet")
        self.words.style().polish(self.words)

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
        self.num_written = 0
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
        self.num_written += 1


class LogWindow(QDialog):
    """The log, to be read and copied. It stands beside the window and goes on while it is open."""

    def __init__(self, lines: LogLines, copy: QAction, parent: QWidget) -> None:
        """`copy` copies what a bug report needs."""
        super().__init__(parent)
        self._lines, self._num_shown = lines, -1
        self.setWindowTitle(self.tr("Log"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 420)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("Log"))
        button = QPushButton(copy.text())
        button.clicked.connect(copy.trigger)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(S12, S12, S12, S12)
        column.setSpacing(S8)
        column.addWidget(self.text, 1)
        column.addLayout(row)
        self._look()
        timer = QTimer(self)
        timer.setInterval(_LOOK_MS)
        timer.timeout.connect(self._look)  # lines come from all threads
        timer.start()

    def _look(self) -> None:
        if self._lines.num_written == self._num_shown:
            return
        self._num_shown = self._lines.num_written
        self.text.setPlainText("\n".join(self._lines.lines) or self.tr("Nothing has been logged."))
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())


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
    run_dialog(box)
    return box.clickedButton() is lose
