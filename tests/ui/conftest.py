"""The real window, offscreen, over a real project file; the fake world runs on the engine's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from astra_studio.app import App
from astra_studio.paths import assets
from engine.serving.in_process import InProcessEngine

PICTURE = assets() / "pictures" / "meadow.jpg"


class Driver:
    """A user: presses keys and buttons, and waits for what comes."""

    def __init__(self, app: App, qtbot: QtBot) -> None:
        self.app, self.qtbot = app, qtbot
        assert app.window is not None
        self.window = app.window

    @property
    def studio(self):
        return self.app.studio

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.window, key, modifiers)

    def click(self, widget: QWidget, where: QPoint | None = None) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=where or widget.rect().center())

    def drag(self, widget: QWidget, begin: QPoint, end: QPoint, steps: int = 4) -> None:
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=begin)
        for step in range(1, steps + 1):
            QTest.mouseMove(widget, begin + (end - begin) * (step / steps))
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=end)

    def wait(self, condition: Callable[[], bool], timeout_ms: int = 20000) -> None:
        self.qtbot.waitUntil(condition, timeout=timeout_ms)

    def start_from(self, picture: Path = PICTURE) -> None:
        self.app.files.take_in([picture])
        self.wait(lambda: self.studio.project.start is not None)

    def wait_made(self, num_chunks: int) -> None:
        self.wait(lambda: len(self.studio.take.chunks) == num_chunks and not self.studio.generation.status.is_busy)
        self.studio.player.pause()


@pytest.fixture
def app(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("ASTRA_STUDIO_WORLD", "fake")
    monkeypatch.setattr("astra_studio.app.ChildEngine", lambda: InProcessEngine())
    made = App()
    made.settings.set("theme", "dark")
    made.theme.ignore_system()
    assert made.show(None)
    assert made.window is not None
    made.window.resize(1600, 1000)
    qtbot.waitExposed(made.window)
    # Shortcuts belong to the active window, which may still be that of the test before.
    made.window.activateWindow()
    qtbot.waitUntil(made.window.isActiveWindow, timeout=5000)
    yield made
    made.window.close()
    made.close()
    made.window.deleteLater()
    # At once: each window that is left over makes dressing the next one slower.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def driver(app: App, qtbot: QtBot) -> Driver:
    return Driver(app, qtbot)


@pytest.fixture
def filled(driver: Driver) -> Driver:
    """A take of three chunks."""
    driver.start_from()
    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    field = driver.window.inspector.take_tab.pose_line
    QTest.keyClicks(field, "w-8 left-8 d-8")
    QTest.keyClick(field, Qt.Key.Key_Return)
    driver.window.setFocus()
    driver.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    driver.wait_made(3)
    return driver
