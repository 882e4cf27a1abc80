"""A batch run for the window in a child process, so that no world is loaded in the process of the window.

The thread of a job asks and listens, the child renders. Pausing holds it within a chunk; cancelling stops at the next
step; should either process die, what is finished stays, and the next run goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from astra_studio.problems import Problem, UserError
from astra_studio.services.background.jobs import JobControl
from astra_studio.services.batch.messages import (
    PARENT_MESSAGES,
    BatchFailed,
    BatchProgress,
    BatchRequest,
    ForecastBatch,
    Forecasted,
    RenderBatch,
    Rendered,
    Steering,
)
from astra_studio.services.batch.report import PAGE
from astra_studio.services.batch.run import Forecast
from engine.messages import Cancelled
from engine.serving.child_process import ChildGone, ChildProcess

_POLL_S = 0.05
_STOP_S = 20.0
"""How long a child may take for its last step before it is ended; its finished chunks are kept."""
_END_S = 1.0


def forecast_batch(request: BatchRequest) -> Forecast:
    """The forecast of a batch, made in a child. Raises UserError."""
    found = _run_child(ForecastBatch(request), lambda _child: None)
    assert isinstance(found, Forecasted)
    return found.forecast


def render_batch(request: BatchRequest, control: JobControl) -> Path:
    """The work of a job: render a batch in a child; returns the page of its report.

    Raises UserError where jobs have failed, and Cancelled; the report is there nevertheless.
    """
    page = request.out / PAGE

    def steer(child: ChildProcess) -> None:
        if control.is_paused:
            child.send(Steering("pause"))
            control.wait_while_paused()
            child.send(Steering("resume"))

    found = _run_child(RenderBatch(request), steer, control)
    assert isinstance(found, Rendered)
    control.keep(page)
    if found.counts["cancelled"]:
        raise Cancelled
    if found.counts["failed"]:
        count = sum(found.counts.values())
        what = f"{found.counts['failed']} of {count} jobs of the batch have failed"
        raise UserError(Problem(what, "The rest is rendered", f"See why in {page}"))
    return page


def _run_child(
    request: ForecastBatch | RenderBatch, steer: Callable[[ChildProcess], None], control: JobControl | None = None
) -> Forecasted | Rendered:
    """Run a request in a child, and pass on its progress until it has ended."""
    child = ChildProcess("astra_studio.services.batch.child", PARENT_MESSAGES)
    cancelled_s: float | None = None
    try:
        child.send(request)
        while True:
            steer(child)
            if control is not None and control.is_cancelled() and cancelled_s is None:
                child.send(Steering("cancel"))
                cancelled_s = time.monotonic()
            if cancelled_s is not None and time.monotonic() - cancelled_s > _STOP_S:
                raise Cancelled
            message: Any = child.receive(_POLL_S)
            if isinstance(message, BatchFailed):
                raise UserError(message.problem)
            if isinstance(message, (Forecasted, Rendered)):
                return message
            if isinstance(message, BatchProgress) and control is not None:
                control.report_now(message.share, message.detail)
    except ChildGone as error:
        why = "Its process has ended without a word; the computer may have run out of memory"
        todo = "Close other programs and render it again: it goes on where it stood"
        raise UserError(Problem("The batch has stopped", why, todo)) from error
    finally:
        child.end(_END_S)
