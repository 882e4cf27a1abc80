"""Runs a batch for the window: in a child process, so that no world is loaded in the one that must not stand still.

The thread of a job asks and listens, the child renders. Pausing holds it within a chunk; cancelling stops at the next
step; should either process die, what is finished stays, and the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from astra_studio.paths import world_catalogue
from astra_studio.problems import Problem, UserError, problem_of
from astra_studio.services.background.jobs import JobControl
from astra_studio.services.batch.jobs_file import BatchJob, read_jobs
from astra_studio.services.batch.report import PAGE, BatchName, Reporter, counts
from astra_studio.services.batch.run import BatchHooks, BatchResult, Forecast, forecast, run_batch
from engine.messages import Cancelled, Event, Progress, WorldInfo
from engine.serving.child_process import ignore_interrupts, lower_priority
from engine.worlds.location import WorldLocation, open_location
from engine.worlds.protocol import WorldModel

CANCEL, PAUSE, RESUME = "cancel", "pause", "resume"
_POLL_S = 0.05
_STOP_S = 20.0
"""How long a child may take for its last step before it is ended; its finished chunks are kept."""


@dataclass(frozen=True, kw_only=True)
class AskedBatch:
    """What the child is to do."""

    jobs: Path
    out: Path
    device: str = "auto"

    def open_world(self, spec: str) -> WorldModel:
        """A world of the batch, in the process that renders it."""
        catalogue = tuple((name, str(path)) for name, path in world_catalogue().items())
        return open_location(WorldLocation(spec=spec, catalogue=catalogue, device=self.device))


@dataclass(frozen=True, kw_only=True)
class Told:
    """How far it is, 0 to 1."""

    share: float
    detail: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """All is over: what the answer is, or what went wrong."""

    answer: Any = None
    problem: Problem | None = None


def forecast_batch(asked: AskedBatch) -> Forecast:
    """What a batch will take, found out in a child. Raises UserError."""
    return _ask(_foretell, asked, lambda _connection: None)


def render_batch(asked: AskedBatch, control: JobControl) -> Path:
    """The work of a job: render a batch in a child; returns the page of its report.

    Raises UserError where jobs have failed, and Cancelled; the report is there nevertheless.
    """
    page = asked.out / PAGE

    def steer(connection: Connection) -> None:
        if control.is_paused:
            connection.send(PAUSE)
            control.wait_while_paused()
            connection.send(RESUME)

    found: dict[str, int] = _ask(_render, asked, steer, control)
    control.keep(page)
    if found["cancelled"]:
        raise Cancelled
    if found["failed"]:
        count = sum(found.values())
        what = f"{found['failed']} of {count} jobs of the batch have failed"
        raise UserError(Problem(what, "The rest is rendered", f"See why in {page}"))
    return page


def _ask(
    work: Callable[[Connection, AskedBatch], None],
    asked: AskedBatch,
    steer: Callable[[Connection], None],
    control: JobControl | None = None,
) -> Any:
    """Run `work` in a child, and pass on what it tells until it has ended."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(work, theirs, asked), name="astra-batch", daemon=True)
    process.start()
    theirs.close()
    cancelled_s: float | None = None
    try:
        while True:
            steer(ours)
            if control is not None and control.is_cancelled() and cancelled_s is None:
                ours.send(CANCEL)
                cancelled_s = time.monotonic()
            if cancelled_s is not None and time.monotonic() - cancelled_s > _STOP_S:
                raise Cancelled
            if not ours.poll(_POLL_S):
                continue
            said = ours.recv()
            if isinstance(said, Ended):
                if said.problem is not None:
                    raise UserError(said.problem)
                return said.answer
            if control is not None:
                control.say(said.share, said.detail)
    except (EOFError, OSError) as error:
        why = "Its process has ended without a word; the computer may have run out of memory"
        todo = "Close other programs and render it again: it goes on where it stood"
        raise UserError(Problem("The batch has stopped", why, todo)) from error
    finally:
        _end(process)
        ours.close()


def _end(process: SpawnProcess) -> None:
    process.join(1.0)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


# ---------------------------------------------------------------------- in the child


def _serve(work: Callable[[Connection, AskedBatch], None], connection: Connection, asked: AskedBatch) -> None:
    lower_priority()
    ignore_interrupts()
    with contextlib.suppress(EOFError, OSError):  # the window is gone
        try:
            work(connection, asked)
        except Exception as error:  # a worker: whatever it was, the window is told
            connection.send(Ended(problem=problem_of(error)))


def _foretell(connection: Connection, asked: AskedBatch) -> None:
    infos: dict[str, WorldInfo] = {}

    def info(spec: str) -> WorldInfo:
        if spec not in infos:
            infos[spec] = asked.open_world(spec).info
        return infos[spec]

    connection.send(Ended(answer=forecast(read_jobs(asked.jobs), asked.out, info)))


def _render(connection: Connection, asked: AskedBatch) -> None:
    jobs = read_jobs(asked.jobs)
    teller = _Teller(connection, jobs)
    reporter = Reporter(BatchName(title=asked.jobs.stem, out=asked.out))
    hooks = BatchHooks(
        began=teller.began,
        opened=teller.opened,
        ended=teller.ended,
        reported=reporter.update,
        listener=teller.heard,
        cancelled=teller.cancelled,
    )
    connection.send(Ended(answer=counts(run_batch(jobs, asked.out, asked.open_world, hooks))))


@dataclass
class _Teller:
    """Says how far the child is, and hears what is wished."""

    connection: Connection
    jobs: Sequence[BatchJob]
    num_over: int = 0
    num_chunks: int = 1
    name: str = ""
    was_cancelled: bool = field(default=False)

    def began(self, _number: int, job: BatchJob) -> None:
        self.name, self.num_chunks = job.name, 1
        self._tell(0.0, "")

    def opened(self, _number: int, _info: WorldInfo, num_chunks: int) -> None:
        self.num_chunks = num_chunks

    def ended(self, _number: int, _result: BatchResult) -> None:
        self.num_over += 1
        self._tell(0.0, "")

    def heard(self, event: Event) -> None:
        if isinstance(event, Progress):
            share = (event.chunk + event.step / event.num_steps) / self.num_chunks
            self._tell(share, f", chunk {event.chunk + 1} of {self.num_chunks}")

    def cancelled(self) -> bool:
        """Asked at every step; stands still while the window has paused it. Raises EOFError where that is gone."""
        while not self.was_cancelled and self.connection.poll():
            word = self.connection.recv()
            while word == PAUSE:
                word = self.connection.recv()
            self.was_cancelled = word == CANCEL
        return self.was_cancelled

    def _tell(self, share_of_job: float, words: str) -> None:
        number = min(self.num_over + 1, len(self.jobs))
        share = (self.num_over + share_of_job) / len(self.jobs)
        self.connection.send(Told(share=share, detail=f"{number} of {len(self.jobs)}: {self.name}{words}"))
