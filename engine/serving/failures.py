"""Failures of the engine as plain values, which can cross to another process.

What the user is told about one is decided by the application: `astra_studio.problems.problem_of_failure`.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Literal

FailureKind = Literal[
    "out_of_memory", "weights_missing", "weights_mismatch", "bad_input", "device_lost", "process_ended", "bug"
]

_KINDS: dict[str, FailureKind] = {
    "OutOfMemoryError": "out_of_memory",
    "MemoryError": "out_of_memory",
    "WeightsMissing": "weights_missing",
    "WeightsUnreadable": "weights_mismatch",
    "WeightsMismatch": "weights_mismatch",
    "EngineStopped": "process_ended",
    "AcceleratorError": "device_lost",
    "OSError": "bad_input",
    "ValueError": "bad_input",
}
"""By the name of the class, so that torch is not imported to ask; an exception takes the entry of its nearest base."""

_NO_MEMORY = ("can't allocate memory", "not enough memory")
"""How torch's allocator for the processor says it, in a RuntimeError."""


class EngineStopped(Exception):
    """The process in which the engine runs has ended, and ended again when it was asked a second time."""


@dataclass(frozen=True, kw_only=True)
class EngineFailure:
    """Why the engine could not do what it was asked.

    Attributes:
        errors: names of the exception's class and of its bases, nearest first.
        message: what the exception says.
        errno: of an OSError; `strerror` and `filename` belong to it.
        details: the traceback, for a log.
    """

    kind: FailureKind
    errors: tuple[str, ...]
    message: str
    errno: int | None = None
    strerror: str = ""
    filename: str = ""
    details: str = ""


def failure_of(error: BaseException) -> EngineFailure:
    """An exception as a plain value."""
    names = tuple(base.__name__ for base in type(error).__mro__ if base not in (BaseException, object))
    kind: FailureKind = next((_KINDS[name] for name in names if name in _KINDS), "bug")
    message = str(error)
    if kind == "bug" and any(phrase in message for phrase in _NO_MEMORY):
        kind, names = "out_of_memory", ("MemoryError", *names)
    errno, strerror, filename = None, "", ""
    if isinstance(error, OSError):
        errno, strerror, filename = error.errno, error.strerror or "", str(error.filename or "")
    return EngineFailure(
        kind=kind,
        errors=names,
        message=message,
        errno=errno,
        strerror=strerror,
        filename=filename,
        details="".join(traceback.format_exception(error)),
    )
