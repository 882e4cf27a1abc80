"""Queue of jobs: exports and other long work, one at a time on a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from astra_studio.problems import Problem, problem_of
from astra_studio.services.signals import Post, Signal
from engine.messages import Cancelled

_LOG = logging.getLogger(__name__)

Status = Literal["waiting", "running", "paused", "done", "failed", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class JobState:
    """A job at one moment.

    Attributes:
        share: done, 0 to 1.
        result: what it made; a cancelled or failed one may have made a part.
    """

    id: int
    title: str
    detail: str = ""
    status: Status = "waiting"
    share: float = 0.0
    seconds_left: float | None = None
    problem: Problem | None = None
    result: Path | None = None

    @property
    def is_over(self) -> bool:
        return self.status in ("done", "failed", "cancelled")


class JobControl:
    """Control of one job, for its work on the job thread: progress out, pause and cancel in."""

    def __init__(self, report: Callable[[float, str], None]) -> None:
        self._report = report
        self._cancelled = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self.paused_s = 0.0
        self.kept: Path | None = None

    def keep(self, path: Path) -> None:
        """Name what is finished so far, which stays when the job is cancelled or fails."""
        self.kept = path

    def report(self, share: float, detail: str = "") -> None:
        """Report the share that is done, 0 to 1. Waits while paused; raises Cancelled where the user cancelled."""
        self.wait_while_paused()
        if self._cancelled.is_set():
            raise Cancelled
        self._report(share, detail)

    def report_now(self, share: float, detail: str = "") -> None:
        """Report without waiting: for work that handles pause and cancel itself."""
        self._report(share, detail)

    @property
    def is_paused(self) -> bool:
        return not self._going.is_set()

    def wait_while_paused(self) -> None:
        """Return when the job may go on, or was cancelled."""
        if not self._going.is_set():
            began_s = time.monotonic()
            self._going.wait()
            self.paused_s += time.monotonic() - began_s

    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()
        self._going.set()

    def pause(self) -> None:
        self._going.clear()

    def resume(self) -> None:
        self._going.set()


JobWork = Callable[[JobControl], Path | None]


@dataclass(kw_only=True)
class _Job:
    state: JobState
    work: JobWork
    control: JobControl
    began_s: float = 0.0


class Jobs:
    """One queue. Its methods are called on the main thread, and so are its listeners."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._jobs: list[_Job] = []
        self._number = 0
        self._running: _Job | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self.changed: Signal[tuple[JobState, ...]] = Signal()

    @property
    def states(self) -> tuple[JobState, ...]:
        return tuple(job.state for job in self._jobs)

    def add(self, title: str, work: JobWork) -> int:
        """Queue work; returns its id."""
        self._number += 1
        number = self._number
        control = JobControl(lambda share, detail: self._post(lambda: self._show_progress(number, share, detail)))
        self._jobs.append(_Job(state=JobState(id=number, title=title), work=work, control=control))
        self._start_next()
        return number

    def cancel(self, number: int) -> None:
        """Stop a job; what it finished stays."""
        job = self._job(number)
        job.control.cancel()
        if job.state.status in ("waiting", "paused") and job is not self._running:
            self._change(job, status="cancelled")

    def pause(self, number: int) -> None:
        """Stop a running job where it next speaks, with all behind it; keep a waiting one from its turn."""
        job = self._job(number)
        if not job.state.is_over:
            job.control.pause()
            self._change(job, status="paused", seconds_left=None)

    def resume(self, number: int) -> None:
        job = self._job(number)
        job.control.resume()
        if job.state.status == "paused":
            self._change(job, status="running" if job is self._running else "waiting")
        self._start_next()

    def move(self, number: int, place: int) -> None:
        """Another place in the list, from 0; what waits runs from its top."""
        job = self._job(number)
        self._jobs.remove(job)
        self._jobs.insert(place, job)
        self.changed.emit(self.states)

    def remove_finished(self) -> None:
        self._jobs = [job for job in self._jobs if not job.state.is_over]
        self.changed.emit(self.states)

    def close(self) -> None:
        """Cancel everything and wait for the one that runs to stop."""
        self._is_closed = True
        for job in self._jobs:
            job.control.cancel()
        if self._thread is not None:
            self._thread.join()

    def _job(self, number: int) -> _Job:
        return next(job for job in self._jobs if job.state.id == number)

    def _start_next(self) -> None:
        if self._running is None and not self._is_closed:
            job = next((job for job in self._jobs if job.state.status == "waiting"), None)
            if job is not None:
                self._running, job.began_s = job, time.monotonic()
                self._change(job, status="running")
                self._thread = threading.Thread(target=self._run, args=(job,), name="job")
                self._thread.start()
                return
        self.changed.emit(self.states)

    def _run(self, job: _Job) -> None:
        try:
            result = job.work(job.control)
        except Cancelled:
            self._post(lambda: self._ended(job, status="cancelled", result=job.control.kept))
        except Exception as error:  # a job runner: whatever it was, the window and the next job go on
            _LOG.exception("the job %s has failed", job.state.title)
            problem = problem_of(error)
            self._post(lambda: self._ended(job, status="failed", problem=problem, result=job.control.kept))
        else:
            self._post(lambda: self._ended(job, status="done", share=1.0, result=result))

    def _show_progress(self, number: int, share: float, detail: str) -> None:
        job = next((job for job in self._jobs if job.state.id == number), None)
        if job is None or job.state.is_over:
            return
        passed = time.monotonic() - job.began_s - job.control.paused_s
        left = passed / share * (1 - share) if share > 0.02 else None
        self._change(job, share=share, detail=detail or job.state.detail, seconds_left=left)

    def _ended(self, job: _Job, **changes: object) -> None:
        self._running = None
        self._change(job, seconds_left=None, **changes)
        self._start_next()

    def _change(self, job: _Job, **changes: object) -> None:
        job.state = replace(job.state, **changes)  # type: ignore[arg-type]
        self.changed.emit(self.states)
