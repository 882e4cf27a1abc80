"""Keys as Qt delivers them, offscreen; the real keyboard of an X server is in test_layouts."""

import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from astra_studio.input.held import HeldInput
from astra_studio.input.layout_labels import LayoutLabels
from ui.input.qt_events import KeyListener, physical_code

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
W_PLACE = {"linux": 25, "win32": 0x11, "darwin": 13}[sys.platform]


class Seat:
    """A window with a button and a text field, and somebody who drives in it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.window = QWidget()
        self.button, self.field = QPushButton("Pause", self.window), QLineEdit(self.window)
        layout = QVBoxLayout(self.window)
        layout.addWidget(self.button)
        layout.addWidget(self.field)
        qtbot.addWidget(self.window)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.window.activateWindow()
        self.button.setFocus()
        self.labels = LayoutLabels(read_labels=dict)
        self.held = HeldInput()
        self.listener = KeyListener(self.held, self.labels)
        self.listener.start()

    def send(self, key: Qt.Key, text: str = "", *, up: bool = False, held: Qt.KeyboardModifier = NONE) -> None:
        kind = QEvent.Type.KeyRelease if up else QEvent.Type.KeyPress
        QApplication.sendEvent(QApplication.focusWidget() or self.window, QKeyEvent(kind, key, held, text))

    @property
    def forward(self) -> float:
        return self.held.peek().axes["forward"]


@pytest.fixture
def seat(qtbot: QtBot) -> Iterator[Seat]:
    seat = Seat(qtbot)
    yield seat
    seat.listener.stop()


def test_the_place_of_a_key_counts_and_not_its_letter(qtbot: QtBot) -> None:
    french_w = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Z, NONE, W_PLACE, 0, 0, "z")
    assert physical_code(french_w) == "KeyW"
    made_up = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_W, NONE, "w")
    assert physical_code(made_up) == "KeyW"


def test_a_held_key_moves_until_it_is_let_go(seat: Seat) -> None:
    seat.send(Qt.Key.Key_W, "w")
    assert seat.forward == 1.0
    seat.send(Qt.Key.Key_W, "w", up=True)
    assert seat.forward == 0.0


def test_typing_in_a_field_drives_nothing(seat: Seat) -> None:
    seat.field.setFocus()
    seat.send(Qt.Key.Key_W, "w")
    assert seat.forward == 0.0
    assert seat.field.text() == "w"


def test_after_a_click_on_a_button_keys_drive_at_once(seat: Seat, qtbot: QtBot) -> None:
    pressed: list[str] = []
    seat.button.clicked.connect(lambda: pressed.append("Pause"))
    qtbot.mouseClick(seat.button, Qt.MouseButton.LeftButton)
    seat.send(Qt.Key.Key_Space, " ")
    seat.send(Qt.Key.Key_Space, " ", up=True)
    seat.send(Qt.Key.Key_W, "w")
    assert len(pressed) == 1, "Space pauses the drive and does not press the button"
    assert seat.forward == 1.0


def test_a_dialog_lets_go_of_what_is_held_and_has_the_keys(seat: Seat, qtbot: QtBot) -> None:
    seat.send(Qt.Key.Key_W, "w")
    dialog = QDialog(seat.window)
    dialog.setModal(True)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: seat.forward == 0.0)
    seat.send(Qt.Key.Key_W, "w")
    assert seat.forward == 0.0
    dialog.close()
    seat.send(Qt.Key.Key_W, "w")
    assert seat.forward == 1.0


def test_ctrl_makes_motions_slow_and_leaves_other_keys_to_the_window(seat: Seat) -> None:
    seat.send(Qt.Key.Key_Control, held=CTRL)
    seat.send(Qt.Key.Key_W, "w", held=CTRL)
    assert seat.forward == 1.0
    assert seat.held.peek().fast == 0.5
    seat.send(Qt.Key.Key_N, "n", held=CTRL)
    assert "KeyN" not in seat.held.peek().keys


def test_a_key_let_go_while_ctrl_is_held_is_let_go(seat: Seat) -> None:
    seat.send(Qt.Key.Key_N, "n")
    seat.send(Qt.Key.Key_N, "n", up=True, held=CTRL)
    assert seat.held.peek().keys == frozenset()


def test_bound_keys_are_no_shortcuts_while_somebody_drives(seat: Seat) -> None:
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_W, NONE, "w")
    override.ignore()
    QApplication.sendEvent(seat.button, override)
    assert override.isAccepted()
    seat.listener.stop()
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_W, NONE, "w")
    override.ignore()
    QApplication.sendEvent(seat.button, override)
    assert not override.isAccepted()


def test_labels_are_learnt_from_what_is_typed(seat: Seat) -> None:
    assert seat.labels.label("KeyW") == "W"
    QApplication.sendEvent(seat.button, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Z, NONE, W_PLACE, 0, 0, "z"))
    assert seat.labels.label("KeyW") == "Z"
    assert seat.forward == 1.0
