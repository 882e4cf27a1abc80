"""Child process of a batch: renders, reports progress, and obeys pause, resume and cancel."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from astra_studio.problems import problem_of
from astra_studio.services.batch.jobs_file import BatchJob, read_jobs
from astra_studio.services.batch.messages import (
    CHILD_MESSAGES,
    BatchFailed,
    BatchProgress,
    BatchRequest,
    ForecastBatch,
    Forecasted,
    RenderBatch,
    Rendered,
    Steering,
)
from astra_studio.services.batch.report import BatchName, Reporter, counts
from astra_studio.services.batch.run import BatchHooks, BatchResult, forecast, run_batch
from engine.messages import Event, Progress, WorldInfo
from engine.serving.child_process import ChildGone, ParentLink


def main() -> None:
    """Carry out the one request of the parent process."""
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


def _forecasted(request: BatchRequest) -> Forecasted:
    infos: dict[str, WorldInfo] = {}

    def info(spec: str) -> WorldInfo:
        if spec not in infos:
            infos[spec] = request.open_world(spec).info
        return infos[spec]

    return Forecasted(forecast(read_jobs(request.jobs), request.out, info))


def _rendered(request: BatchRequest, link: ParentLink) -> Rendered:
    jobs = read_jobs(request.jobs)
    progress = _ProgressReporter(link, jobs)
    reporter = Reporter(BatchName(title=request.jobs.stem, out=request.out))
    hooks = BatchHooks(
        began=progress.began,
        opened=progress.opened,
        ended=progress.ended,
        reported=reporter.update,
        listener=progress.on_event,
        cancelled=progress.cancelled,
    )
    return Rendered(counts(run_batch(jobs, request.out, request.open_world, hooks)))


@dataclass
class _ProgressReporter:
    """Reports the progress of the child, and obeys pause, resume and cancel."""

    link: ParentLink
    jobs: Sequence[BatchJob]
    num_over: int = 0
    num_chunks: int = 1
    name: str = ""
    was_cancelled: bool = field(default=False)

    def began(self, _number: int, job: BatchJob) -> None:
        self.name, self.num_chunks = job.name, 1
        self._send_progress(0.0, "")

    def opened(self, _number: int, _info: WorldInfo, num_chunks: int) -> None:
        self.num_chunks = num_chunks

    def ended(self, _number: int, _result: BatchResult) -> None:
        self.num_over += 1
        self._send_progress(0.0, "")

    def on_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            share = (event.chunk + event.step / event.num_steps) / self.num_chunks
            self._send_progress(share, f", chunk {event.chunk + 1} of {self.num_chunks}")

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

    def _send_progress(self, share_of_job: float, detail: str) -> None:
        number = min(self.num_over + 1, len(self.jobs))
        share = (self.num_over + share_of_job) / len(self.jobs)
        self.link.send(BatchProgress(share=share, detail=f"{number} of {len(self.jobs)}: {self.name}{detail}"))


if __name__ == "__main__":
    main()
