"""A chunk that fails is told in the problem bar, with what helps, and what was made stays."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from engine.serving.in_process import InProcessEngine
from engine.worlds.fake import FakeWorld
from tests.ui.conftest import Driver


class Failing(FakeWorld):
    """Raises what is in `errors` at the chunks of these numbers, once each."""

    def __init__(self, errors: dict[int, Exception]) -> None:
        super().__init__()
        self.errors = errors

    def step(self, state, request, on_event, cancelled):
        if request.index in self.errors:
            raise self.errors.pop(request.index)
        return super().step(state, request, on_event, cancelled)


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> dict[int, Exception]:
    found: dict[int, Exception] = {}
    monkeypatch.setattr(
        "tests.ui.conftest.InProcessEngine",
        lambda: InProcessEngine(lambda _location: Failing(found)),
    )
    return found


def remedy(driver: Driver) -> QPushButton:
    return driver.window.problems.findChild(QPushButton)


def begin(driver: Driver, num_chunks: int) -> None:
    driver.start_from()
    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    driver.window.timeline.generate(num_chunks)


@pytest.mark.logs("shapes do not match")
def test_a_mistake_in_a_chunk_is_told_and_the_next_request_works(errors, driver: Driver) -> None:
    errors[1] = RuntimeError("shapes do not match")
    begin(driver, 2)
    driver.wait(lambda: bool(driver.window.problems.problems))
    shown = driver.window.problems.problems[0]
    assert shown.problem.what.startswith("Chunk 2 failed.")
    assert "shapes do not match" in shown.details
    driver.wait(lambda: not driver.studio.generation.status.is_busy)  # the first one was still being stored
    assert len(driver.studio.take.chunks) == 1
    driver.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    driver.wait_made(2)
    assert not driver.window.problems.problems


@pytest.mark.logs("run out of memory")
def test_out_of_memory_offers_shorter_chunks_and_the_button_makes_them(errors, driver: Driver) -> None:
    errors[0] = MemoryError("could not allocate 12 GB")
    begin(driver, 1)
    driver.wait(lambda: bool(driver.window.problems.problems))
    assert remedy(driver).text() == "Retry with shorter chunks"
    driver.click(remedy(driver))
    driver.wait_made(1)
    assert driver.studio.take.chunks[0].num_ticks == 4
    assert not driver.window.problems.problems
    assert not driver.studio.commands.action("generate.retry").isEnabled()


@pytest.mark.logs("There is no world 'nowhere'")
def test_a_world_that_cannot_be_opened_leads_to_the_choice_of_worlds(driver: Driver) -> None:
    from astra_studio.document.edits import set_world

    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    driver.studio.apply(set_world("nowhere"))
    driver.studio.generation.open_world()
    driver.wait(lambda: bool(driver.window.problems.problems))
    assert remedy(driver).text() == "Choose a world"
    driver.click(remedy(driver))
    assert driver.window.inspector.project_tab.choice.isVisible()
    driver.studio.apply(set_world("fake"))
    driver.studio.generation.open_world()
    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    assert not driver.window.problems.problems
