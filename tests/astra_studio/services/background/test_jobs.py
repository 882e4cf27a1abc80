"""The queue of jobs: one at a time, in the order that is seen, paused, cancelled, reordered, failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from astra_studio.services.background.jobs import JobControl, Jobs, JobState
from astra_studio.services.signals import Mailbox


class Desk:
    """Jobs with a mailbox, and one whose steps the test gives leave to."""

    def __init__(self) -> None:
        self.mail = Mailbox()
        self.jobs = Jobs(self.mail.post)
        self.leave = threading.Semaphore(0)
        self.order: list[str] = []

    def add(self, title: str, num_steps: int = 0) -> int:
        def work(control: JobControl) -> Path | None:
            self.order.append(title)
            for step in range(num_steps):
                assert self.leave.acquire(timeout=20)
                control.keep(Path(f"{title}-{step}"))
                control.report((step + 1) / num_steps, f"part {step + 1}")
            return Path(title)

        return self.jobs.add(title, work)

    def state(self, number: int) -> JobState:
        return next(state for state in self.jobs.states if state.id == number)

    def until(self, number: int, status: str, share: float = 0.0) -> None:
        self.mail.run_until(lambda: self.state(number).status == status and self.state(number).share >= share, 20)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.leave.release(100)
    made.jobs.close()
    made.mail.run_pending()


def test_jobs_run_one_after_another_and_tell_what_they_made(desk: Desk) -> None:
    first, second = desk.add("first", 2), desk.add("second")
    assert [state.status for state in desk.jobs.states] == ["running", "waiting"]
    desk.leave.release()
    desk.until(first, "running", 0.5)
    assert desk.state(first).detail == "part 1"
    left = desk.state(first).seconds_left
    assert left is not None
    assert 0 <= left < 20
    desk.leave.release()
    desk.until(second, "done")
    assert desk.state(first).result == Path("first")
    assert desk.state(second).result == Path("second")
    desk.jobs.remove_finished()
    assert not desk.jobs.states


def test_what_waits_runs_in_the_order_that_is_seen(desk: Desk) -> None:
    desk.add("first", 1)
    last = [desk.add(title) for title in ("second", "third")][-1]
    desk.jobs.move(last, 1)
    desk.leave.release()
    desk.mail.run_until(lambda: all(state.is_over for state in desk.jobs.states), 20)
    assert desk.order == ["first", "third", "second"]


def test_a_cancelled_job_keeps_what_it_finished_and_the_next_one_runs(desk: Desk) -> None:
    first, second = desk.add("first", 3), desk.add("second")
    desk.leave.release()
    desk.until(first, "running", 0.3)
    desk.jobs.cancel(first)
    desk.leave.release()
    desk.until(second, "done")
    assert desk.state(first).status == "cancelled"
    assert desk.state(first).result == Path("first-1")


def test_a_job_that_waits_is_cancelled_at_once_and_never_begins(desk: Desk) -> None:
    desk.add("first", 1)
    second = desk.add("second")
    desk.jobs.cancel(second)
    assert desk.state(second).status == "cancelled"
    desk.leave.release()
    desk.mail.run_until(lambda: all(state.is_over for state in desk.jobs.states), 20)
    assert desk.order == ["first"]


def test_a_paused_job_stands_still_until_it_is_resumed(desk: Desk) -> None:
    first = desk.add("first", 2)
    desk.leave.release()
    desk.until(first, "running", 0.5)
    desk.jobs.pause(first)
    desk.leave.release()
    with pytest.raises(TimeoutError):
        desk.mail.run_until(lambda: desk.state(first).share == 1, 0.2)
    assert desk.state(first).status == "paused"
    desk.jobs.resume(first)
    desk.until(first, "done")


def test_a_paused_job_can_be_cancelled(desk: Desk) -> None:
    first = desk.add("first", 2)
    desk.jobs.pause(first)
    desk.leave.release()
    desk.jobs.cancel(first)
    desk.until(first, "cancelled")


@pytest.mark.logs("the job first has failed")
def test_a_failed_job_says_why_and_the_next_one_runs(desk: Desk) -> None:
    def work(control: JobControl) -> Path | None:
        control.keep(Path("half"))
        raise OSError(28, "No space left on device")

    first = desk.jobs.add("first", work)
    second = desk.add("second")
    desk.until(second, "done")
    problem = desk.state(first).problem
    assert desk.state(first).status == "failed"
    assert desk.state(first).result == Path("half")
    assert problem is not None
    assert "no room" in problem.why


def test_closing_begins_no_further_job(desk: Desk) -> None:
    desk.add("first", 1)
    desk.add("second")
    desk.leave.release()
    desk.jobs.close()
    desk.mail.run_pending()
    assert desk.order == ["first"]
