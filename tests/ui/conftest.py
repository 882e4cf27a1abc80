"""The real window, offscreen, over a real project file; the fake world runs on the engine's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from astra_studio.app import App
from astra_studio.paths import assets
from engine.serving.in_process import InProcessEngine
from tests import leaks

SIZE = (1600, 1000)
PICTURE = assets() / "pictures" / "meadow.jpg"


@pytest.fixture(autouse=True)
def _no_window_is_left(qapp: QApplication) -> Iterator[None]:
    """A test takes its windows away, and stops its timers."""

    def settle() -> None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.processEvents()

    windows, timers = leaks.windows(), leaks.running_timers()
    yield
    left = [f"window {window}" for window in leaks.left_over(leaks.windows, windows, settle)]
    left += [f"timer {timer}" for timer in leaks.left_over(leaks.running_timers, timers, settle)]
    if left:
        pytest.fail("the test left behind:\n" + "\n".join(left), pytrace=False)


class Driver:
    """A user: presses keys and buttons, and waits for what comes."""

    def __init__(self, app: App, qtbot: QtBot) -> None:
        self.app, self.qtbot = app, qtbot
        self.menus: list[QMenu] = []
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

    def look_at(self, menu: QMenu | None) -> QMenu:
        """A menu that the test asked a view for, without showing it; it is deleted after the test."""
        assert menu is not None
        self.menus.append(menu)
        return menu

    def start_from(self, picture: Path = PICTURE) -> None:
        self.app.files.take_in([picture])
        self.wait(lambda: self.studio.project.start is not None)

    def wait_made(self, num_chunks: int) -> None:
        self.wait(lambda: len(self.studio.take.chunks) == num_chunks and not self.studio.generation.status.is_busy)
        self.studio.player.pause()


@contextmanager
def shown_app() -> Iterator[App]:
    """The program with its window shown, the fake world, and its engine in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTRA_STUDIO_WORLD", "fake")
        patch.setattr("astra_studio.app.ChildEngine", lambda: InProcessEngine())
        made = App()
        made.settings.set("theme", "dark")
        made.theme.ignore_system()
        assert made.show(None)
    assert made.window is not None
    made.window.resize(*SIZE)
    yield made
    made.window.close()
    made.close()
    made.qt.processEvents()  # what its threads have posted finds the window still there
    made.window.deleteLater()
    # At once: each window that is left over makes dressing the next one slower.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait_active(window: QWidget, qtbot: QtBot) -> None:
    """Shortcuts belong to the active window, which may still be that of the test before."""
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)


@pytest.fixture
def fresh_app(qtbot: QtBot) -> Iterator[App]:
    """A window that no other test sees."""
    with shown_app() as made:
        assert made.window is not None
        wait_active(made.window, qtbot)
        yield made


@pytest.fixture
def app(fresh_app: App) -> App:
    """The window of a test; folders whose tests look at one pane share one per module."""
    return fresh_app


@pytest.fixture(scope="module")
def app_of_module(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One window for the tests of a module that look at one pane, and do not change what outlives a project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTRA_STUDIO_HOME", str(tmp_path_factory.mktemp("home of a module")))
        with shown_app() as made:
            yield made


def afresh(app: App, qtbot: QtBot) -> None:
    """Give a window that a test before has used a new project, as its user would, and what outlives a project as it was
    at first: size, workspace, tools, snapping."""
    window, studio = app.window, app.studio
    assert window is not None
    assert app.files.new_project("fake")
    window.resize(*SIZE)
    window.show_workspace("Author")
    window.path_editing.set_tool("move")
    window.path_editing.set_local(False)
    window.path_editing.set_falloff(0.0)
    window.timeline.canvas.show_graph(False)
    window.timeline.snap.choose("Tick")
    window.timeline.canvas.set_snap("Tick")
    studio.is_snapping = True
    window.setFocus()
    wait_active(window, qtbot)
    qtbot.waitUntil(lambda: studio.generation.status.world_stage == "open", timeout=5000)


@pytest.fixture
def driver(app: App, qtbot: QtBot) -> Iterator[Driver]:
    made = Driver(app, qtbot)
    yield made
    for menu in made.menus:
        menu.deleteLater()


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
