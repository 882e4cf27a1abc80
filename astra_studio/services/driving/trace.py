"""Latency from input to picture: every event with its moments, and their statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class InputTrace:
    """One input event on its way, in seconds of one clock; None where it has not come there.

    Attributes:
        received_s: the program heard of it.
        sampled_s: it was taken into the rows of `chunk`.
        begun_s: that chunk began to be made.
        generated_s: its latents were there.
        decoded_s: its first frame was there.
        shown_s: that frame was shown.
    """

    received_s: float
    chunk: int | None = None
    sampled_s: float | None = None
    begun_s: float | None = None
    generated_s: float | None = None
    decoded_s: float | None = None
    shown_s: float | None = None

    @property
    def latency_s(self) -> float | None:
        """From the event to the first frame that it changed."""
        return None if self.shown_s is None else self.shown_s - self.received_s


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Of many events, milliseconds; None where no frame has been shown yet."""

    p50_ms: float
    p95_ms: float
    max_ms: float

    def as_json(self) -> dict[str, float]:
        return {"p50_ms": round(self.p50_ms, 2), "p95_ms": round(self.p95_ms, 2), "max_ms": round(self.max_ms, 2)}


def latency_of(seconds: Sequence[float]) -> Latency | None:
    """What latencies in seconds come to."""
    if not len(seconds):
        return None
    ms = 1000 * np.asarray(seconds, np.float64)
    return Latency(p50_ms=float(np.median(ms)), p95_ms=float(np.quantile(ms, 0.95)), max_ms=float(ms.max()))


class Trace:
    """The events of one drive and the chunks that they went into. Belongs to the main thread."""

    def __init__(self) -> None:
        self._events: list[InputTrace] = []
        self._waiting: list[int] = []
        self._by_chunk: dict[int, list[int]] = {}

    def received(self, now_s: float) -> None:
        """An event came."""
        self._waiting.append(len(self._events))
        self._events.append(InputTrace(received_s=now_s))

    def sampled(self, chunk: int, now_s: float) -> tuple[float | None, float | None]:
        """All that came since the last chunk goes into this one; times of the first and the last of these events."""
        numbers, self._waiting = self._waiting, []
        self._by_chunk[chunk] = numbers
        self._update(chunk, chunk=chunk, sampled_s=now_s, begun_s=now_s)
        times = [self._events[number].received_s for number in numbers]
        return (times[0], times[-1]) if times else (None, None)

    def generated(self, chunk: int, now_s: float) -> None:
        self._update(chunk, generated_s=now_s)

    def decoded(self, chunk: int, now_s: float) -> None:
        """Its first frame is there; later frames change nothing."""
        self._update_once(chunk, "decoded_s", now_s)

    def shown(self, chunk: int, now_s: float) -> None:
        """Its first frame is on the screen."""
        self._update_once(chunk, "shown_s", now_s)

    @property
    def events(self) -> tuple[InputTrace, ...]:
        return tuple(self._events)

    def latency(self) -> Latency | None:
        """Of all events whose frame has been shown."""
        return latency_of([event.latency_s for event in self._events if event.latency_s is not None])

    def as_json(self) -> list[dict[str, Any]]:
        """One record per event, for the project and for reports."""
        names = ("received_s", "sampled_s", "begun_s", "generated_s", "decoded_s", "shown_s")
        return [
            {"chunk": event.chunk}
            | {name: None if (value := getattr(event, name)) is None else round(value, 6) for name in names}
            for event in self._events
        ]

    def _update(self, index: int, **changes: float | int) -> None:
        for number in self._by_chunk.get(index, ()):
            self._events[number] = replace(self._events[number], **changes)  # type: ignore[arg-type]

    def _update_once(self, chunk: int, name: str, now_s: float) -> None:
        numbers = self._by_chunk.get(chunk, ())
        if numbers and getattr(self._events[numbers[0]], name) is None:
            self._update(chunk, **{name: now_s})
