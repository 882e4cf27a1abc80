"""Calls from other threads to the main one, and the signals by which services announce changes."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Post = Callable[[Callable[[], None]], None]
"""Run this on the main thread, soon and in the order of the calls. May be called from any thread."""

_T = TypeVar("_T")


class Mailbox:
    """A `Post` for programs without an event loop: what was posted runs when its owner asks."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def post(self, call: Callable[[], None]) -> None:
        self._waiting.put(call)

    def run_pending(self) -> int:
        """Run what has been posted so far; tells how many that were."""
        count = 0
        while True:
            try:
                call = self._waiting.get_nowait()
            except queue.Empty:
                return count
            call()
            count += 1

    def run_until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Run what is posted until `condition` holds. Raises TimeoutError."""
        until = time.monotonic() + timeout_s
        while not condition():
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"nothing more was posted in {timeout_s:g} s")
            try:
                self._waiting.get(timeout=min(left, 0.1))()
            except queue.Empty:
                continue


class Signal(Generic[_T]):
    """Functions to call whenever something happens. Belongs to the main thread."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[_T], None]] = []

    def connect(self, listener: Callable[[_T], None]) -> Callable[[], None]:
        """Call `listener` from now on; calling what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def emit(self, value: _T) -> None:
        for listener in tuple(self._listeners):
            listener(value)
