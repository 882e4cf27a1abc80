"""Driving in the real window with the fake world: keys as Qt delivers them, rows as they are stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from tests.ui.conftest import Driver
from ui.driving.controller import DriveController


class Seat:
    """Somebody who drives."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.controller: DriveController = driver.window.driving

    def down(self, key: Qt.Key) -> None:
        QTest.keyPress(self.driver.window, key)

    def up(self, key: Qt.Key) -> None:
        QTest.keyRelease(self.driver.window, key)

    @property
    def chunks(self):
        return self.driver.studio.take.chunks

    def wait_chunks(self, count: int) -> None:
        self.driver.wait(lambda: len(self.chunks) >= count)

    def announced(self) -> int:
        """The chunk that input goes into, by its index."""
        return self.controller.state.next_chunk

    def motions(self, index: int):
        """Of the stored rows of a chunk."""
        actions = self.chunks[index].request.actions
        return actions.kind.motions(actions.rows, self.driver.studio.take.clock)


@pytest.fixture
def seat(driver: Driver) -> Iterator[Seat]:
    driver.studio.settings.set("drive_latents", "2")
    driver.start_from()
    driver.wait(lambda: driver.studio.generation.status.world_stage == "open")
    seat = Seat(driver)
    driver.key(Qt.Key.Key_F5)
    driver.wait(lambda: seat.controller.is_on)
    yield seat
    seat.controller.stop()


def test_holding_w_goes_forward_in_the_chunk_that_was_announced(seat: Seat) -> None:
    seat.wait_chunks(1)
    assert seat.driver.window.workspace == "Drive"
    index = seat.announced()
    seat.down(Qt.Key.Key_W)
    seat.wait_chunks(index + 1)
    assert (seat.motions(index).forward > 0).all()
    assert seat.controller.drive.chunks[index].events[0].code == "KeyW"


def test_a_with_w_goes_forward_and_to_the_left(seat: Seat) -> None:
    seat.wait_chunks(1)
    index = seat.announced()
    seat.down(Qt.Key.Key_W)
    seat.down(Qt.Key.Key_A)
    seat.wait_chunks(index + 1)
    assert (seat.motions(index).forward > 0).all()
    assert (seat.motions(index).right < 0).all()


def test_frames_play_on_by_themselves(seat: Seat) -> None:
    seat.down(Qt.Key.Key_W)
    seat.wait_chunks(3)
    player = seat.driver.studio.player
    seat.driver.wait(lambda: player.frame > 12)
    assert player.is_following


def test_after_pause_and_resume_by_mouse_w_works_at_once(seat: Seat) -> None:
    seat.wait_chunks(1)
    pause = seat.driver.window.drive_pane.pause
    seat.driver.click(pause)
    assert seat.controller.state.is_paused
    seat.driver.click(pause)
    assert not seat.controller.state.is_paused
    index = seat.announced()
    seat.down(Qt.Key.Key_W)
    seat.wait_chunks(index + 1)
    assert (seat.motions(index).forward > 0).all()


def test_space_pauses_and_does_not_stop_the_picture(seat: Seat) -> None:
    seat.wait_chunks(1)
    seat.down(Qt.Key.Key_Space)
    seat.up(Qt.Key.Key_Space)
    assert seat.controller.state.is_paused
    assert seat.driver.studio.player.is_following
    seat.driver.wait(lambda: not seat.driver.studio.generation.status.is_busy)
    count = len(seat.chunks)
    QTest.qWait(300)
    assert len(seat.chunks) == count
    seat.down(Qt.Key.Key_N)
    seat.wait_chunks(count + 1)


def test_backspace_makes_a_branch_without_the_last_chunk(seat: Seat) -> None:
    seat.wait_chunks(2)
    before = seat.driver.studio.take
    seat.down(Qt.Key.Key_Backspace)
    now = seat.driver.studio.take
    assert now.id != before.id
    assert len(now.chunks) < seat.controller.state.next_chunk + 1
    assert seat.driver.studio.project.take(before.id).chunks[: len(now.chunks)] == now.chunks
    assert seat.controller.is_on
    count = len(now.chunks)
    seat.wait_chunks(count + 1)
    assert seat.controller.drive.take == seat.driver.studio.take.id


def test_a_dialog_lets_all_keys_go(seat: Seat) -> None:
    seat.wait_chunks(1)
    seat.down(Qt.Key.Key_W)
    assert seat.controller.held.peek().axes["forward"] == 1
    dialog = QDialog(seat.driver.window)
    dialog.setModal(True)
    dialog.show()
    seat.driver.wait(lambda: seat.controller.held.peek().rests)
    dialog.close()
    seat.wait_chunks(seat.announced() + 1)
    events = [event for chunk in seat.controller.drive.chunks for event in chunk.events]
    assert [(event.code, event.is_down) for event in events] == [("KeyW", True), ("KeyW", False)]


def test_undo_takes_the_drive_back_in_one_step(seat: Seat) -> None:
    studio = seat.driver.studio
    seat.down(Qt.Key.Key_W)
    seat.wait_chunks(3)
    seat.up(Qt.Key.Key_W)
    QTest.keyClick(seat.driver.window, Qt.Key.Key_Escape)
    assert not seat.controller.is_on
    seat.driver.wait(lambda: not studio.generation.status.is_busy)
    assert studio.session.undo_label == "Drive"
    studio.undo()
    assert studio.session.undo_label != "Drive"
    assert studio.take.recipe.num_latents != 2
    assert len(studio.take.chunks) >= 3, "what was made stays, as with every undo"


def test_undo_in_mid_drive_ends_it(seat: Seat) -> None:
    seat.wait_chunks(1)
    seat.driver.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not seat.controller.is_on


def test_closing_the_window_in_mid_drive_ends_it(seat: Seat) -> None:
    seat.down(Qt.Key.Key_W)
    seat.wait_chunks(1)
    seat.driver.window.close()
    assert not seat.controller.is_on
    assert seat.controller.held.peek().rests


def test_the_hud_says_which_chunk_and_lights_the_keys(seat: Seat) -> None:
    seat.wait_chunks(1)
    hud = seat.driver.window.drive_pane.hud
    seat.down(Qt.Key.Key_W)
    assert hud.words().main == f"Input goes into chunk {seat.announced() + 1}"
    letters, _turns = hud.caps()
    assert [cap.label for cap in letters if cap.is_held] == ["W"]
    seat.driver.click(seat.driver.window.drive_pane.pause)
    assert hud.words().main.startswith("Paused")


def test_another_chunk_length_holds_from_the_next_chunk_on(seat: Seat) -> None:
    seat.wait_chunks(1)
    seat.driver.studio.settings.set("drive_latents", "4")
    index = seat.announced()
    seat.wait_chunks(index + 1)
    assert len(seat.chunks[index].request.actions) == 4


def test_brackets_change_guidance_from_the_next_chunk_on(seat: Seat) -> None:
    seat.wait_chunks(1)
    before = dict(seat.chunks[0].request.settings)["guidance"]
    index = seat.announced()
    seat.down(Qt.Key.Key_BracketRight)
    seat.wait_chunks(index + 1)
    assert dict(seat.chunks[index].request.settings)["guidance"] > before
