"""The jobs section: what is made and written, and its buttons."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from astra_studio.services.background.jobs import JobControl
from tests.ui.conftest import Driver
from ui.project_panel.jobs import JobsSection

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def gate(driver: Driver) -> Iterator[threading.Event]:
    """Opened, jobs go on."""
    made = threading.Event()
    yield made
    made.set()


def add(driver: Driver, title: str, gate: threading.Event, order: list[str]) -> int:
    def work(control: JobControl) -> Path | None:
        order.append(title)
        control.report(0.4, "writing frames")
        while not gate.wait(0.02):
            control.report(0.4)
        return driver.studio.session.path

    return driver.studio.jobs.add(title, work)


def section(driver: Driver) -> JobsSection:
    return driver.window.project_panel.jobs


def test_waiting_jobs_change_places_and_run_in_the_order_that_is_seen(driver: Driver, gate: threading.Event) -> None:
    order: list[str] = []
    first, second, third = (add(driver, name, gate, order) for name in ("one", "two", "three"))
    driver.wait(lambda: section(driver).row(first).status_label.text() == "40%")
    assert section(driver).hint.text() == "3"
    assert not section(driver).row(second).up.isVisibleTo(section(driver))
    driver.click(section(driver).row(third).up)
    assert section(driver).row(second).up.isVisibleTo(section(driver))
    gate.set()
    driver.wait(lambda: all(state.is_over for state in driver.studio.jobs.states))
    assert order == ["one", "three", "two"]
    assert section(driver).row(third).status_label.text() == "done"
    assert section(driver).row(third).folder.isVisibleTo(section(driver))
    driver.click(section(driver).clear)
    assert section(driver).hint.text() == "0"


def test_a_job_is_paused_goes_on_and_is_cancelled(driver: Driver, gate: threading.Event) -> None:
    number = add(driver, "one", gate, [])
    row = section(driver).row(number)
    driver.click(row.pause)
    assert row.status_label.text() == "paused"
    driver.click(row.pause)
    driver.wait(lambda: row.status_label.text() == "40%")
    driver.click(row.stop)
    driver.wait(lambda: row.status_label.text() == "cancelled")


def test_chunks_being_made_are_a_job_that_can_be_paused_and_cancelled(driver: Driver) -> None:
    driver.start_from()
    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    take = driver.studio.take.id
    driver.key(Qt.Key.Key_Return, CONTROL)
    driver.studio.generation.pause()
    driver.wait(lambda: len(driver.studio.take.chunks) == 1)
    driver.window.timeline.generate(3)
    row = section(driver).row(take)
    assert row.title.text() == "Take 1: 3 chunks"
    assert row.status_label.text() == "paused"
    driver.click(row.stop)
    assert not driver.studio.generation.status.is_busy
    driver.studio.generation.resume()
    driver.wait(lambda: section(driver).hint.text() == "0")
    assert len(driver.studio.take.chunks) == 1


def test_a_take_that_waits_goes_before_the_others(driver: Driver) -> None:
    driver.start_from()
    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    driver.studio.generation.pause()
    first = driver.studio.take.id
    driver.window.timeline.generate(2)
    driver.studio.commands.trigger("take.new")
    second = driver.studio.take.id
    driver.window.timeline.generate(1)
    assert [take for take, _ in driver.studio.generation.status.queued] == [first, first, second]
    driver.click(section(driver).row(second).up)
    assert [take for take, _ in driver.studio.generation.status.queued] == [second, first, first]
    driver.studio.generation.cancel()
