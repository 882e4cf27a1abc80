"""Actions of one window: one QAction per command, its function, whether it is available, the user's shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from ui.commands.table import COMMANDS, Command
from ui.theme import Theme

_TEXT_FIELDS = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox)
_ALWAYS_LIVE = ("generate.cancel", "edit.palette", "file.quit", "view.full_screen")
"""Keys that work in text fields too; there, all others belong to the text."""
_PRESSES = frozenset({Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter})
_WALKS = frozenset(
    {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_Enter}
)


class Commands(QObject):
    """The commands of a window. Views attach what each does."""

    def __init__(self, theme: Theme, keys: Mapping[str, str] | None = None) -> None:
        """`keys` are the user's own: command id to sequence, "" for none."""
        super().__init__()
        self._theme = theme
        self._actions: dict[str, QAction] = {}
        self._enabled: dict[str, Callable[[], bool]] = {}
        self._checked: dict[str, Callable[[], bool]] = {}
        self._own = dict(keys or {})
        self._window: QWidget | None = None
        for command in COMMANDS:
            action = QAction(self._translated(command.text), self)
            action.setCheckable(command.is_checkable)
            action.setToolTip(self._translated(command.tip or command.text))
            action.setEnabled(False)
            action.setObjectName(command.id)
            self._actions[command.id] = action
            self._bind(command)
        self._dress()
        theme.changed.connect(self._dress)

    def attach(
        self,
        command_id: str,
        run: Callable[[], object],
        *,
        enabled: Callable[[], bool] = lambda: True,
        checked: Callable[[], bool] | None = None,
    ) -> None:
        """Say what a command does. Raises KeyError for an id that is not in the table."""
        action = self._actions[command_id]

        def triggered(_is_checked: bool = False) -> None:
            run()
            self.refresh()

        action.triggered.connect(triggered)
        self._enabled[command_id] = enabled
        if checked is not None:
            self._checked[command_id] = checked
        self._refresh(command_id)

    def refresh(self) -> None:
        """Ask anew what can be done and what is on."""
        for command_id in self._enabled:
            self._refresh(command_id)

    def trigger(self, command_id: str) -> None:
        """Do it, if it can be done."""
        self._refresh(command_id)
        self._actions[command_id].trigger()

    def action(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def is_attached(self, command_id: str) -> bool:
        return command_id in self._enabled

    def add_to(self, window: QWidget) -> None:
        """Make the keys live in a window."""
        window.addActions(list(self._actions.values()))
        self._window = window
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        # Not a filter of the whole program: Python would be asked about every event there is.
        application.focusChanged.connect(self._focus_changed)
        self.watch_fields(window)

    def watch_fields(self, widget: QWidget) -> None:
        """Let the text fields in a widget keep their keys, also before one of them has had the focus."""
        for kind in _TEXT_FIELDS:
            for field in widget.findChildren(kind):
                field.installEventFilter(self)

    def keys(self, command_id: str) -> str:
        """The first shortcut as people read it."""
        return self._actions[command_id].shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def rebind(self, command_id: str, keys: str | None) -> None:
        """Give a command the user's own key; None: the default again."""
        if keys is None:
            self._own.pop(command_id, None)
        else:
            self._own[command_id] = keys
        self._bind(next(command for command in COMMANDS if command.id == command_id))

    @property
    def own_keys(self) -> dict[str, str]:
        """The user's own keys, to be kept."""
        return dict(self._own)

    def conflicts(self, command_id: str, keys: str) -> list[Command]:
        """Other commands that have these keys."""
        wanted = QKeySequence(keys)
        if wanted.isEmpty():
            return []
        others = (command for command in COMMANDS if command.id != command_id)
        return [command for command in others if wanted in self._actions[command.id].shortcuts()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What has the focus owns its keys: what a field could type is no shortcut there, nor what presses a button."""
        if not isinstance(event, QKeyEvent):
            return False
        is_for_shortcut = event.type() == QEvent.Type.ShortcutOverride
        if Qt.Key(event.key()) in _own_keys(watched) and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            if is_for_shortcut:
                event.accept()
                return True
            return event.type() == QEvent.Type.KeyPress and _presses(watched, event)
        if not is_for_shortcut or not _is_typed_into(watched):
            return False
        if not self._is_always_live(event):
            event.accept()
            return True  # it ends here: of Return, a line field itself would say that it is no text
        return False

    def _focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        """A field that came later is known by the keys going to it; to filter it a second time changes nothing."""
        # In dialogs no shortcut is in the way, and Return is for the dialog.
        is_ours = now is not None and now.window() is self._window and bool(_own_keys(now))
        if now is not None and (isinstance(now, _TEXT_FIELDS) or is_ours):
            now.installEventFilter(self)

    def _is_always_live(self, event: QKeyEvent) -> bool:
        pressed = QKeySequence(event.keyCombination())
        if any(pressed in self._actions[name].shortcuts() for name in _ALWAYS_LIVE):
            return True
        # With Ctrl or Alt a field has its own few (copy, paste, undo); the rest stays with the window.
        plain = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        editing = {Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_X, Qt.Key.Key_C, Qt.Key.Key_V, Qt.Key.Key_A}
        moving = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Backspace, Qt.Key.Key_Delete}
        own = editing | moving | {Qt.Key.Key_Up, Qt.Key.Key_Down}
        return bool(plain) and Qt.Key(event.key()) not in own

    def _refresh(self, command_id: str) -> None:
        action = self._actions[command_id]
        action.setEnabled(self._enabled[command_id]())
        if command_id in self._checked:
            action.setChecked(self._checked[command_id]())

    def _bind(self, command: Command) -> None:
        own = self._own.get(command.id)
        keys = list(command.keys) if own is None else [own]
        self._actions[command.id].setShortcuts([QKeySequence(key) for key in keys if key])

    def _dress(self) -> None:
        for command in COMMANDS:
            if command.icon:
                self._actions[command.id].setIcon(self._theme.icon(command.icon))

    def _translated(self, text: str) -> str:
        return QCoreApplication.translate("Commands", text)


def _is_typed_into(widget: object) -> bool:
    """Whether a widget is a field that takes text now: one of numbers does so only while a number is typed."""
    if not isinstance(widget, _TEXT_FIELDS):
        return False
    return not (isinstance(widget, QLineEdit) and widget.isReadOnly())


def _own_keys(widget: object) -> frozenset[Qt.Key]:
    """The keys, without Ctrl and its like, that are no shortcuts while a widget has the focus."""
    if isinstance(widget, QAbstractButton):
        return _PRESSES
    if isinstance(widget, QAbstractItemView):
        can_edit = bool(widget.editTriggers() & QAbstractItemView.EditTrigger.EditKeyPressed)
        return _WALKS | {Qt.Key.Key_F2} if can_edit else _WALKS
    own: frozenset[Qt.Key] = getattr(widget, "own_keys", frozenset())
    return own


def _presses(widget: object, event: QKeyEvent) -> bool:
    """Return presses a button as Space does; Qt does so in dialogs only."""
    if isinstance(widget, QAbstractButton) and event.key() != Qt.Key.Key_Space and not event.isAutoRepeat():
        widget.click()
        return True
    return False
