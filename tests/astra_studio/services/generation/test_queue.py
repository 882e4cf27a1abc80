"""The queue of chunks over a real project file, with the engine on its thread and in its child process."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from astra_studio.document import action_edits, edits, key_edits, take_edits, writer
from astra_studio.document.actions import actions_of
from astra_studio.document.derived import slots
from astra_studio.document.model import Chunk, ParameterKey, Start, new_id, new_project
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.session import Session
from astra_studio.services.generation.queue import Generation, GenerationStatus, NewFrames
from astra_studio.services.generation.timings import Timings
from astra_studio.services.signals import Mailbox
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.serving.child_engine import ChildEngine
from engine.serving.in_process import InProcessEngine
from engine.worlds.fake import FakeWorld

PICTURE = Path("assets/pictures/meadow.jpg")


class Rig:
    """A project, an engine and a mailbox in place of an event loop."""

    def __init__(self, path: Path, world: str = "fake", *, in_process: bool = True) -> None:
        self.mail = Mailbox()
        self.engine = InProcessEngine() if in_process else ChildEngine()
        self.session = Session(open_store(path) if path.exists() else create_store(path, new_project(world)))
        self.generation = Generation(self.session, self.engine, self.mail.post)
        self.problems: list[str] = []

    def add_start(self) -> None:
        artifact = self.session.put("picture", PICTURE.read_bytes())
        self.session.apply(edits.set_start(Start(artifact=artifact, width_px=832, height_px=480)))

    @property
    def take(self):
        return self.session.project.current

    def plan(self, line: str) -> None:
        self.session.apply(action_edits.set_actions(self.take.id, actions_of(parse_pose_line(line, clock=ASTRA_CLOCK))))

    def wait(self, timeout_s: float = 60.0) -> None:
        self.mail.run_until(lambda: not self.generation.status.is_busy, timeout_s)

    def close(self) -> None:
        self.generation.close()
        self.engine.close()
        self.mail.run_pending()
        self.session.close()


@pytest.fixture
def new_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Makes rigs on files of these names, and closes those that the test leaves open."""
    made: list[Rig] = []

    def new(name: str = "walk", world: str = "fake", *, in_process: bool = True, seconds: float = 0.0) -> Rig:
        named = f"fake:{seconds}" if seconds else world
        made.append(Rig(tmp_path / f"{name}.astra", named, in_process=in_process))
        return made[-1]

    yield new
    for one in made:
        if one.session.is_open:
            one.close()


@pytest.fixture
def rig(new_rig: Callable[..., Rig]) -> Rig:
    made = new_rig()
    made.add_start()
    return made


def test_generate_makes_all_that_is_planned(rig: Rig) -> None:
    rig.plan("w-8 left-8 d-8")
    rig.generation.generate(rig.take.id)
    rig.wait()
    assert [chunk.num_frames for chunk in rig.take.chunks] == [33, 32, 32]
    assert [slot.state for slot in slots(rig.session.project, rig.take)] == ["stored"] * 3
    assert rig.take.chunks[1].request.actions == rig.take.actions.part(8, 16)


def test_generate_without_a_plan_walks_into_the_picture_and_goes_on(rig: Rig) -> None:
    rig.generation.generate(rig.take.id, 2)
    rig.wait()
    assert len(rig.take.chunks) == 2
    assert (rig.take.actions.rows[:, 11] < 0).all(), "forward is tz < 0"


def test_keys_reach_the_requests_of_their_chunks(rig: Rig) -> None:
    rig.plan("w-32")
    keys = [
        ParameterKey(parameter="guidance", tick=8, value=1.0),
        ParameterKey(parameter="guidance", tick=24, value=3.0),
        ParameterKey(parameter="history_noise", tick=3, value=0.25, easing="hold"),
        ParameterKey(parameter="prompt", tick=0, value="fog", easing="hold"),
    ]
    rig.session.apply(key_edits.set_keys(rig.take.id, tuple(keys), "Set keys"))
    rig.generation.generate(rig.take.id)
    rig.wait()
    asked = [chunk.request for chunk in rig.take.chunks]
    assert [one.settings["guidance"] for one in asked[1:]] == [1.0, 2.0, 3.0]
    assert [one.settings["history_noise"] for one in asked] == [0.0, 0.25, 0.25, 0.25]
    assert [one.prompt for one in asked] == [""] * 4, "the fake world reads no text"
    assert [chunk.keyed for chunk in rig.take.chunks] == [(), *[("guidance", "history_noise")] * 3]
    assert [slot.state for slot in slots(rig.session.project, rig.take)] == ["stored"] * 4


def test_a_changed_key_makes_generate_branch_where_the_requests_begin_to_differ(rig: Rig) -> None:
    rig.plan("w-24")
    rig.generation.generate(rig.take.id)
    rig.wait()
    first = rig.take
    key = ParameterKey(parameter="guidance", tick=16, value=4.0)
    rig.session.apply(key_edits.add_key(first.id, key))
    rig.generation.generate(first.id)
    rig.wait()
    assert rig.take.id != first.id
    assert [chunk.id for chunk in rig.take.chunks[:2]] == [chunk.id for chunk in first.chunks[:2]]
    assert rig.take.chunks[2].request.settings["guidance"] == 4.0


def test_generate_without_a_start_says_what_is_missing(new_rig: Callable[..., Rig]) -> None:
    made = new_rig()
    with pytest.raises(ValueError, match="start picture"):
        made.generation.generate(made.take.id)


def test_settings_take_effect_at_the_next_chunk_to_begin(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(world="fake:0.2")
    made.add_start()
    made.plan("w-8 left-8")
    seen: list[int] = []

    def change(status: GenerationStatus) -> None:
        if status.active is not None and status.active.step == 1 and not seen:
            seen.append(status.active.index)
            made.session.apply(edits.set_settings(made.take.id, {"guidance": 3.0}))

    made.generation.changed.connect(change)
    made.generation.generate(made.take.id)
    made.wait()
    assert seen == [0]
    assert [chunk.request.settings["guidance"] for chunk in made.take.chunks][1] == 3.0
    assert made.take.chunks[0].request.settings["guidance"] != 3.0


def test_stale_chunks_are_made_again_as_a_branch(rig: Rig) -> None:
    rig.plan("w-8 left-8 d-8")
    rig.generation.generate(rig.take.id)
    rig.wait()
    first = rig.take
    rig.plan("w-8 right-8 d-8")
    went_to = rig.generation.generate(first.id)
    rig.wait()
    branch = rig.session.project.take(went_to)
    assert went_to != first.id
    assert branch.parent == first.id
    assert len(branch.chunks) == 3
    assert branch.chunks[0] == first.chunks[0]
    assert branch.chunks[1].latents_sha256 != first.chunks[1].latents_sha256
    assert len(rig.session.project.take(first.id).chunks) == 3


def test_cancel_keeps_what_is_finished(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(seconds=0.4)
    made.add_start()
    made.plan("w-8 left-8 d-8")
    made.generation.generate(made.take.id)
    made.mail.run_until(lambda: len(made.take.chunks) == 1 and made.generation.status.active is not None)
    made.generation.cancel()
    made.wait()
    assert len(made.take.chunks) == 1
    made.generation.generate(made.take.id)
    made.wait()
    assert len(made.take.chunks) == 3


def test_a_chunk_whose_take_was_deleted_meanwhile_can_be_restored(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(world="fake:0.2")
    made.add_start()
    made.generation.generate(made.take.id, 3)
    made.mail.run_until(lambda: made.generation.status.active is not None)
    made.session.apply(take_edits.delete_take(made.take.id, new_id()))
    made.wait()
    assert not made.take.chunks
    assert len(made.session.loose()) == 1


@pytest.mark.logs("There is no world 'nowhere'")
def test_a_world_that_is_not_there_fails_and_the_next_request_works(rig: Rig) -> None:
    rig.session.apply(edits.set_world("nowhere"))
    rig.generation.generate(rig.take.id)
    rig.wait()
    assert rig.generation.status.world_stage == "failed"
    (failure,) = rig.generation.status.failures.values()
    assert failure.kind == "bad_input"
    assert "nowhere" in failure.problem.why
    rig.session.apply(edits.set_world("fake"))
    rig.generation.generate(rig.take.id)
    rig.wait()
    assert len(rig.take.chunks) == 1
    assert not rig.generation.status.failures


def test_pause_waits_after_the_chunk_under_way(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(seconds=0.1)
    made.add_start()
    made.generation.generate(made.take.id, 2)
    made.mail.run_until(lambda: made.generation.status.active is not None)
    made.generation.pause()
    made.mail.run_until(lambda: len(made.take.chunks) == 1)
    assert made.generation.status.active is None
    assert len(made.generation.status.queued) == 1
    made.generation.resume()
    made.wait()
    assert len(made.take.chunks) == 2


def test_a_reopened_project_goes_on_from_its_stored_latents_as_if_it_had_never_closed(
    new_rig: Callable[..., Rig],
) -> None:
    whole = new_rig("whole", "small-astra")
    whole.add_start()
    whole.plan("w-8 left-8 d-8")
    whole.generation.generate(whole.take.id)
    whole.wait()
    expected = [chunk.latents_sha256 for chunk in whole.take.chunks]
    whole.close()

    parts = new_rig("parts", "small-astra")
    parts.add_start()
    parts.plan("w-8 left-8 d-8")
    parts.generation.generate(parts.take.id, 2)
    parts.wait()
    parts.close()
    again = new_rig("parts", "small-astra")
    again.generation.generate(again.take.id)
    again.wait()
    assert [chunk.latents_sha256 for chunk in again.take.chunks] == expected


@pytest.mark.logs("process has ended")
def test_a_killed_engine_process_is_restarted_and_the_take_goes_on(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(in_process=False, seconds=0.5)
    made.add_start()
    made.plan("w-8 left-8 d-8")
    made.generation.generate(made.take.id)
    made.mail.run_until(lambda: made.generation.status.active is not None and made.generation.status.active.index == 1)
    made.mail.run_until(lambda: made.generation.status.active.step >= 1)
    first = made.engine.child_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    made.wait()
    assert made.engine.child_pid != first
    assert len(made.take.chunks) == 3
    assert not made.generation.status.failures


def test_cancelling_is_told_until_the_step_is_over(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(seconds=2.0)
    made.add_start()
    made.generation.generate(made.take.id)
    made.mail.run_until(lambda: made.generation.status.active is not None)
    made.generation.cancel()
    assert made.generation.status.active is not None
    assert made.generation.status.active.stage == "stopping"
    made.wait()
    assert not made.take.chunks


def test_cancel_reaches_the_engine_process_within_a_step(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(in_process=False, seconds=4.0)
    made.add_start()
    made.generation.generate(made.take.id)
    made.mail.run_until(lambda: made.generation.status.active is not None and made.generation.status.active.step == 1)
    made.generation.cancel()
    made.wait(timeout_s=2.5)
    assert not made.take.chunks


@pytest.mark.logs("a chunk could not be stored")
def test_a_chunk_that_found_no_room_is_kept_and_stored_when_asked_again(
    new_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(path: Path) -> sqlite3.Connection:
        connection = plain(path)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    plain = sys.modules["astra_studio.document.writer"].connect
    monkeypatch.setattr("astra_studio.document.writer.connect", small)
    made = new_rig()
    made.add_start()
    made.generation.generate(made.take.id, 2)
    made.mail.run_until(lambda: bool(made.generation.status.failures))
    (failure,) = made.generation.status.failures.values()
    assert failure.problem.what == "The disk is full"
    assert not made.take.chunks
    assert made.generation.status.is_paused
    made.generation.resume()
    made.mail.run_until(lambda: bool(made.generation.status.failures))
    assert not made.take.chunks, "still no room: it comes back, and waits on"
    assert made.generation.has_unstored
    kept = made.generation._unstored[0]
    made.generation._storing._writer.close()
    monkeypatch.undo()
    made.generation._storing._writer = made.generation._storing.new_writer()
    made.generation.generate(made.take.id, 1)
    made.wait()
    assert [chunk.request.index for chunk in made.take.chunks] == [0, 1, 2]
    assert made.take.chunks[0].id == kept.id
    assert not made.generation.status.failures


def test_undoing_the_branch_that_is_being_made_leaves_its_chunk_to_be_restored(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(world="fake:0.2")
    made.add_start()
    made.generation.generate(made.take.id, 2)
    made.wait()
    first = made.take.id
    went_to = made.generation.redo_from(first, 1, {"guidance": 3.0})
    made.mail.run_until(lambda: made.generation.status.active is not None)
    made.session.undo()
    made.wait()
    assert made.take.id == first
    assert len(made.session.loose()) == 1
    made.session.redo()
    assert len(made.session.project.take(went_to).chunks) == 2


def test_a_redo_keeps_a_locked_seed_and_throws_the_dice_for_another(rig: Rig) -> None:
    rig.generation.generate(rig.take.id, 1)
    rig.wait()
    first = rig.take.id
    thrown = rig.generation.redo_from(first, 0, {})
    rig.wait()
    assert rig.session.project.take(thrown).recipe.seed != 0
    rig.session.apply(edits.set_seed(first, 7, is_locked=True))
    kept = rig.generation.redo_from(first, 0, {})
    rig.wait()
    assert rig.session.project.take(kept).recipe.seed == 7


def test_the_time_of_a_chunk_is_known_in_the_next_session(new_rig: Callable[..., Rig]) -> None:
    made = new_rig(seconds=0.4)
    made.add_start()
    made.generation.generate(made.take.id, 1)
    made.wait()
    made.close()
    info, settings = FakeWorld().info, FakeWorld().info.defaults
    took = Timings().seconds(info, settings, 8)
    assert took is not None
    assert 0.4 <= took < 5
    twice = Timings().seconds(info, info.settings_with({"num_steps": 8}), 8)
    assert twice == pytest.approx(2 * took), "from what is known of this world, by its steps"


# ---------------------------------------------------------------------- chunks that overlap


class SlowDisk:
    """Lets a chunk into the file only when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_write = threading.Semaphore(0)
        self.writing: list[int] = []
        put_chunk = writer.put_chunk

        def slow(connection: sqlite3.Connection, chunk: Chunk) -> int:
            self.writing.append(chunk.request.index)
            assert self.may_write.acquire(timeout=60)
            return put_chunk(connection, chunk)

        monkeypatch.setattr(writer, "put_chunk", slow)


def test_the_next_chunk_begins_while_the_last_is_stored_and_no_more_than_one_waits(
    new_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, made = SlowDisk(monkeypatch), new_rig()
    made.add_start()
    made.plan("w-8 left-8 d-8 s-8")
    made.generation.generate(made.take.id)
    made.mail.run_until(lambda: len(made.generation.status.storing) == 2)
    time.sleep(0.3)
    made.mail.run_pending()
    status = made.generation.status
    assert disk.writing == [0]
    assert not made.take.chunks
    assert status.storing == ((made.take.id, 0), (made.take.id, 1))
    assert status.queued == ((made.take.id, 2), (made.take.id, 3)), "two are unstored, so the third waits"
    assert status.is_busy
    disk.may_write.release()
    made.mail.run_until(lambda: len(made.take.chunks) == 1)
    made.mail.run_until(lambda: len(made.generation.status.storing) == 2)
    assert [index for _, index in made.generation.status.storing] == [1, 2]
    for _ in range(3):
        disk.may_write.release()
    made.wait()
    assert [chunk.request.index for chunk in made.take.chunks] == [0, 1, 2, 3]
    assert [chunk.parent for chunk in made.take.chunks] == [None, *(chunk.id for chunk in made.take.chunks[:3])]


def test_chunks_that_overlap_are_those_that_follow_one_another(
    new_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "w-8 left-5 w-3 d-8 s-4"
    plain = new_rig("plain")
    plain.add_start()
    plain.plan(line)
    for _ in range(4):
        plain.generation.generate(plain.take.id, 1)
        plain.wait()
    disk, made = SlowDisk(monkeypatch), new_rig("overlapping")
    made.add_start()
    made.plan(line)
    for _ in range(4):
        disk.may_write.release()
    made.generation.generate(made.take.id)
    made.wait()
    assert [c.latents_sha256 for c in made.take.chunks] == [c.latents_sha256 for c in plain.take.chunks]
    assert made.take.actions == plain.take.actions
    assert [c.request.actions for c in made.take.chunks] == [c.request.actions for c in plain.take.chunks]


@pytest.mark.logs("process has ended")
def test_an_engine_killed_while_the_chunk_before_is_unstored_goes_on_from_memory(
    new_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, made = SlowDisk(monkeypatch), new_rig(world="fake:0.4", in_process=False)
    made.add_start()
    made.plan("w-8 left-8 d-8")
    made.generation.generate(made.take.id)
    made.mail.run_until(lambda: is_making(made, 1, step=1))
    assert not made.take.chunks
    assert made.engine.child_pid is not None
    os.kill(made.engine.child_pid, signal.SIGKILL)
    for _ in range(3):
        disk.may_write.release()
    made.wait()
    plain = new_rig("plain", "fake:0.1")
    plain.add_start()
    plain.plan("w-8 left-8 d-8")
    plain.generation.generate(plain.take.id)
    for _ in range(3):
        disk.may_write.release()
    plain.wait()
    assert [c.latents_sha256 for c in made.take.chunks] == [c.latents_sha256 for c in plain.take.chunks]
    assert not made.generation.status.failures


def test_closing_stores_all_that_is_finished(new_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch) -> None:
    disk, made = SlowDisk(monkeypatch), new_rig()
    made.add_start()
    made.plan("w-8 left-8 d-8")
    made.generation.generate(made.take.id)
    made.mail.run_until(lambda: len(made.generation.status.storing) == 2)
    disk.may_write.release()
    disk.may_write.release()
    made.close()
    again = new_rig()
    assert len(again.take.chunks) == 2


def test_what_is_asked_for_meanwhile_comes_after_what_is_unstored(
    new_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, made = SlowDisk(monkeypatch), new_rig()
    made.add_start()
    made.generation.generate(made.take.id, 1)
    made.mail.run_until(lambda: bool(made.generation.status.storing))
    made.generation.generate(made.take.id, 1)
    made.generation.generate(made.take.id, 1)
    for _ in range(3):
        disk.may_write.release()
    made.wait()
    assert [chunk.request.index for chunk in made.take.chunks] == [0, 1, 2]


def test_frames_come_before_the_chunk_is_stored_and_those_of_a_cancelled_one_are_dropped(
    new_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, made = SlowDisk(monkeypatch), new_rig()
    made.add_start()
    heard: list[NewFrames] = []
    made.generation.frames.connect(heard.append)
    made.generation.generate(made.take.id, 1)
    made.mail.run_until(lambda: bool(made.generation.status.storing))
    assert [new.first_frame for new in heard] == [0, 1, 5, 9, 13, 17, 21, 25, 29]
    assert not made.take.chunks
    disk.may_write.release()
    made.wait()
    assert {new.chunk_id for new in heard} == {made.take.chunks[0].id}

    dropped: list[str] = []
    made.generation.dropped.connect(dropped.append)
    made.session.apply(edits.set_world("fake:1"))
    made.generation.generate(made.take.id, 1)
    made.mail.run_until(lambda: is_making(made, 0, step=1) or is_making(made, 1, step=1))
    active = made.generation.status.active
    assert active is not None
    made.generation.cancel()
    made.wait()
    assert dropped == [active.chunk_id]


def is_making(made: Rig, index: int, step: int) -> bool:
    active = made.generation.status.active
    return active is not None and active.index == index and active.step >= step
