"""A batch of the window: in a process of its own, told, paused, cancelled; what is finished stays."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from astra_studio.problems import UserError
from astra_studio.services.background.jobs import Jobs, JobState
from astra_studio.services.batch.messages import BatchRequest
from astra_studio.services.batch.process import forecast_batch, render_batch
from astra_studio.services.batch.report import PAGE
from astra_studio.services.signals import Mailbox
from engine.messages import Cancelled

GRID = '[defaults]\nworld = "fake:0.3"\n[grid]\nimages = ["red.png"]\ntrajectories = ["w-8", "left-16", "d-8"]\n'


@pytest.fixture
def batch(tmp_path: Path) -> BatchRequest:
    Image.new("RGB", (112, 64), (200, 30, 30)).save(tmp_path / "red.png")
    (tmp_path / "jobs.toml").write_text(GRID)
    return BatchRequest(jobs=tmp_path / "jobs.toml", out=tmp_path / "out")


class Queue:
    """The jobs of a window without one."""

    def __init__(self, batch: BatchRequest) -> None:
        self.mail = Mailbox()
        self.jobs = Jobs(self.mail.post)
        self.seen: list[JobState] = []
        self.jobs.changed.connect(lambda states: self.seen.extend(states[:1]))
        self.number = self.jobs.add("batch", lambda control: render_batch(batch, control))

    @property
    def state(self) -> JobState:
        return self.jobs.states[0]

    def wait(self, share: float) -> None:
        self.mail.run_until(lambda: self.state.share >= share or self.state.is_over, 60)

    def wait_over(self) -> JobState:
        self.mail.run_until(lambda: self.state.is_over, 60)
        return self.state


def test_the_forecast_comes_from_a_process_of_its_own(batch):
    told = forecast_batch(batch)
    assert (len(told.jobs), told.num_chunks, told.problems) == (3, 4, ())
    batch.jobs.write_text("nonsense")
    with pytest.raises(UserError) as caught:
        forecast_batch(batch)
    assert "not TOML" in caught.value.problem.why


def test_a_batch_is_a_job_that_tells_how_far_it_is_and_ends_with_its_report(batch):
    queue = Queue(batch)
    state = queue.wait_over()
    assert (state.status, state.result) == ("done", batch.out / PAGE)
    shares = [seen.share for seen in queue.seen]
    assert shares == sorted(shares)
    assert any("2 of 3: red_left-16, chunk 2 of 2" in seen.detail for seen in queue.seen)
    assert len(list(batch.out.glob("*.mp4"))) == 3


@pytest.mark.logs("the job batch has failed")
def test_jobs_that_fail_are_told_and_the_report_is_there(batch):
    batch.jobs.write_text(GRID + '[[job]]\nname = "x"\nimage = "gone.png"\ntrajectory = "w-8"\n')
    state = Queue(batch).wait_over()
    assert state.status == "failed"
    assert state.problem is not None
    assert "1 of 4 jobs" in state.problem.what
    assert state.result == batch.out / PAGE


def test_a_paused_batch_stands_still_and_goes_on(batch):
    queue = Queue(batch)
    queue.wait(0.1)
    queue.jobs.pause(queue.number)
    queue.mail.run_until(lambda: queue.state.status == "paused", 10)
    time.sleep(0.5)
    queue.mail.run_pending()
    before = queue.state.share
    time.sleep(0.6)
    queue.mail.run_pending()
    assert queue.state.share == before
    queue.jobs.resume(queue.number)
    assert queue.wait_over().status == "done"


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_cancelled_batch_stops_in_its_step_and_keeps_what_is_finished(batch, is_paused):
    queue = Queue(batch)
    queue.wait(0.4)
    if is_paused:
        queue.jobs.pause(queue.number)
        time.sleep(0.2)
    queue.jobs.cancel(queue.number)
    state = queue.wait_over()
    assert (state.status, state.result) == ("cancelled", batch.out / PAGE)
    assert len(list(batch.out.glob("*.mp4"))) in (1, 2)
    assert not [child for child in psutil.Process().children() if "batch.child" in " ".join(child.cmdline())]
    assert Queue(batch).wait_over().status == "done"


@pytest.mark.logs("the job batch has failed")
def test_a_process_that_dies_is_told(batch):
    queue = Queue(batch)
    queue.wait(0.1)
    for child in psutil.Process().children():
        if "batch.child" in " ".join(child.cmdline()):
            child.kill()
    state = queue.wait_over()
    assert state.status == "failed"
    assert state.problem is not None
    assert "ended without a word" in state.problem.why
    assert Queue(batch).wait_over().status == "done"


def test_cancelled_is_no_problem(batch):
    class Control:
        is_paused = False

        def is_cancelled(self) -> bool:
            return True

        def report_now(self, share: float, detail: str) -> None:
            pass

        def keep(self, path: Path) -> None:
            pass

    with pytest.raises(Cancelled):
        render_batch(batch, Control())  # type: ignore[arg-type]
