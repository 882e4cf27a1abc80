"""A chunk for which the disk has no room: it is kept, closing asks first, and Save As brings it to another disk."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from tests.ui.conftest import Driver


@pytest.fixture
def without_room(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """A project on a full disk, with a finished chunk."""
    full = driver.studio.session.path.parent
    plain = sys.modules["astra_studio.document.writer"].connect

    def connect(path: Path) -> sqlite3.Connection:
        connection = plain(path)
        if path.parent == full:
            connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr("astra_studio.document.writer.connect", connect)
    driver.start_from()
    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    driver.studio.commands.trigger("generate.next")
    driver.wait(lambda: driver.studio.generation.has_unstored)
    yield driver
    driver.studio.generation.take_unstored()


def answer(words: str) -> None:
    """Press that button of the question that will be asked."""

    def press() -> None:
        box = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMessageBox))
        next(button for button in box.findChildren(QPushButton) if button.text() == words).click()

    QTimer.singleShot(100, press)


@pytest.mark.qt_log_ignore("propagateSizeHints")
@pytest.mark.logs("could not be stored", "The disk is full")
def test_closing_asks_before_it_loses_a_chunk(without_room: Driver) -> None:
    answer("Stay")
    assert not without_room.window.close()
    assert without_room.window.isVisible()
    answer("Close and lose it")
    assert without_room.window.close()


@pytest.mark.logs("could not be stored", "The disk is full")
def test_save_as_takes_the_chunk_along_to_a_disk_with_room(without_room: Driver, tmp_path: Path) -> None:
    studio = without_room.studio
    assert not studio.take.chunks
    assert without_room.app.files.save_to(tmp_path / "elsewhere.astra")
    without_room.wait(lambda: len(studio.take.chunks) == 1)
    assert studio.session.path == tmp_path / "elsewhere.astra"
    assert not studio.generation.has_unstored
