"""Qt's keyboard events as keys by their place, for as long as somebody drives or flies."""

from __future__ import annotations

import sys
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit

from astra_studio.input.bindings import Bindings
from astra_studio.input.controls import HELD, Control
from astra_studio.input.layout_labels import LayoutLabels
from astra_studio.input.physical_keys import CODES, code_of

_TEXT_FIELDS = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox)
_BY_KEY = {
    **{int(getattr(Qt.Key, f"Key_{letter}")): f"Key{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{int(getattr(Qt.Key, f"Key_{digit}")): f"Digit{digit}" for digit in "0123456789"},
    int(Qt.Key.Key_Left): "ArrowLeft",
    int(Qt.Key.Key_Right): "ArrowRight",
    int(Qt.Key.Key_Up): "ArrowUp",
    int(Qt.Key.Key_Down): "ArrowDown",
    int(Qt.Key.Key_Shift): "ShiftLeft",
    int(Qt.Key.Key_Control): "ControlLeft",
    int(Qt.Key.Key_Alt): "AltLeft",
    int(Qt.Key.Key_Space): "Space",
    int(Qt.Key.Key_Tab): "Tab",
    int(Qt.Key.Key_Backspace): "Backspace",
    int(Qt.Key.Key_Return): "Enter",
    int(Qt.Key.Key_BracketLeft): "BracketLeft",
    int(Qt.Key.Key_BracketRight): "BracketRight",
    int(Qt.Key.Key_Minus): "Minus",
    int(Qt.Key.Key_Equal): "Equal",
}
"""By what a key means: where the platform gives no place, as for keys that a program makes up."""


def physical_code(event: QKeyEvent) -> str | None:
    """The place of a key; where the platform does not tell it, of the key that means this on a US keyboard."""
    native = event.nativeVirtualKey() if sys.platform == "darwin" else event.nativeScanCode()
    # macOS numbers its keys from 0 (A), the others tell 0 where they know nothing.
    if native or (sys.platform == "darwin" and event.nativeModifiers()):
        found = code_of(native)
        if found is not None:
            return found
    found = _BY_KEY.get(event.key())
    return found if found in CODES else None


class KeySink(Protocol):
    """What is told of keys: a `HeldInput`, or what records them before."""

    @property
    def bindings(self) -> Bindings:
        """Which keys are wanted."""
        ...

    def key(self, code: str, *, is_down: bool) -> bool:
        """A key went down or came up; False for one that is not wanted. A key that repeats goes down again."""
        ...

    def release_all(self) -> None:
        """No key is held any more."""
        ...


class KeyListener(QObject):
    """Hands keys to a `KeySink` while it listens, wherever the focus is but in a text field.

    Everything is let go where no key-up would come: the program loses the focus, a dialog or menu opens, the screen is
    locked. A key that repeats counts as held: it was down when the focus came back.
    """

    def __init__(self, held: KeySink, labels: LayoutLabels) -> None:
        super().__init__()
        self._held, self._labels = held, labels
        self._is_on = False

    def start(self) -> None:
        """Listen."""
        application = QApplication.instance()
        if self._is_on or not isinstance(application, QApplication):
            return
        self._is_on = True
        application.installEventFilter(self)
        application.applicationStateChanged.connect(self._state_changed)
        application.focusWindowChanged.connect(self._window_changed)

    def stop(self) -> None:
        """Stop listening, and hold nothing."""
        application = QApplication.instance()
        if not self._is_on or not isinstance(application, QApplication):
            return
        self._is_on = False
        application.removeEventFilter(self)
        application.applicationStateChanged.disconnect(self._state_changed)
        application.focusWindowChanged.disconnect(self._window_changed)
        self._held.release_all()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride):
            return False
        if not isinstance(event, QKeyEvent) or self._is_elsewhere():
            return False
        code = physical_code(event)
        if code is None:
            return False
        control = self._held.bindings.control_of(code)
        if kind != QEvent.Type.KeyRelease and _is_command(event, control):
            return False
        if kind == QEvent.Type.ShortcutOverride:
            if control is None:
                return False
            event.accept()  # held keys are no shortcuts of the window while somebody drives
            return True
        if kind == QEvent.Type.KeyPress:
            self._labels.learn(code, event.text() if event.modifiers() == Qt.KeyboardModifier.NoModifier else "")
        if event.isAutoRepeat() and (kind == QEvent.Type.KeyRelease or (control is not None and control not in HELD)):
            return True  # what acts once does not act again while its key is held
        return self._held.key(code, is_down=kind == QEvent.Type.KeyPress)

    @staticmethod
    def _is_elsewhere() -> bool:
        if QApplication.activePopupWidget() is not None or QApplication.activeModalWidget() is not None:
            return True
        focus = QApplication.focusWidget()
        return isinstance(focus, _TEXT_FIELDS) or (isinstance(focus, QComboBox) and focus.isEditable())

    def _state_changed(self, state: Qt.ApplicationState) -> None:
        if state != Qt.ApplicationState.ApplicationActive:
            self._held.release_all()
        else:
            self._labels.read_again()

    def _window_changed(self) -> None:
        if QGuiApplication.focusWindow() is None or QApplication.activeModalWidget() is not None:
            self._held.release_all()


def _is_command(event: QKeyEvent, control: Control | None) -> bool:
    """Keys with Alt or Meta are the window's, and those with Ctrl but for motions, which it makes slow."""
    held = event.modifiers()
    if held & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier):
        return True
    return bool(held & Qt.KeyboardModifier.ControlModifier) and control not in HELD
