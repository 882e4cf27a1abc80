"""The child process of a batch: renders, tells how far it is, and hears what is wished."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from astra_studio.problems import problem_of
from astra_studio.services.batch.jobs_file import BatchJob, read_jobs
from astra_studio.services.batch.messages import (
    CHILD_MESSAGES,
    AskedBatch,
    BatchFailed,
    ForecastBatch,
    Forecasted,
    RenderBatch,
    Rendered,
    Steering,
    Told,
)
from astra_studio.services.batch.report import BatchName, Reporter, counts
from astra_studio.services.batch.run import BatchHooks, BatchResult, forecast, run_batch
from engine.messages import Event, Progress, WorldInfo
from engine.serving.child_process import ChildGone, ParentLink


def main() -> None:
    """Do the one thing that the process which started this one asks for."""
    link = ParentLink(CHILD_MESSAGES)
    with suppress(ChildGone, OSError):  # the window is gone
        request = link.receive()
        try:
            if isinstance(request, ForecastBatch):
                link.send(_forecasted(request.batch))
            elif isinstance(request, RenderBatch):
                link.send(_rendered(request.batch, link))
        except ChildGone:
            raise
        except Exception as error:  # a worker: whatever it was, the window is told
            link.send(BatchFailed(problem_of(error)))


def _forecasted(asked: AskedBatch) -> Forecasted:
    infos: dict[str, WorldInfo] = {}

    def info(spec: str) -> WorldInfo:
        if spec not in infos:
            infos[spec] = asked.open_world(spec).info
        return infos[spec]

    return Forecasted(forecast(read_jobs(asked.jobs), asked.out, info))


def _rendered(asked: AskedBatch, link: ParentLink) -> Rendered:
    jobs = read_jobs(asked.jobs)
    teller = _Teller(link, jobs)
    reporter = Reporter(BatchName(title=asked.jobs.stem, out=asked.out))
    hooks = BatchHooks(
        began=teller.began,
        opened=teller.opened,
        ended=teller.ended,
        reported=reporter.update,
        listener=teller.heard,
        cancelled=teller.cancelled,
    )
    return Rendered(counts(run_batch(jobs, asked.out, asked.open_world, hooks)))


@dataclass
class _Teller:
    """Says how far the child is, and hears what is wished."""

    link: ParentLink
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
        """Asked at every step; stands still while the window has paused it."""
        try:
            while not self.was_cancelled and (message := self.link.receive(0)) is not None:
                while isinstance(message, Steering) and message.word == "pause":
                    message = self.link.receive()
                self.was_cancelled = isinstance(message, Steering) and message.word == "cancel"
        except ChildGone:  # the window is; what is finished is kept for the next run
            self.was_cancelled = True
        return self.was_cancelled

    def _tell(self, share_of_job: float, words: str) -> None:
        number = min(self.num_over + 1, len(self.jobs))
        share = (self.num_over + share_of_job) / len(self.jobs)
        self.link.send(Told(share=share, detail=f"{number} of {len(self.jobs)}: {self.name}{words}"))


if __name__ == "__main__":
    main()
