"""Background work of which only the newest request counts; older requests are dropped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from astra_studio.problems import Problem, problem_of
from astra_studio.services.signals import Post

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


class Background:
    """Does one thing at a time on a thread of its own. Belongs to the main thread."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._condition = threading.Condition()
        self._waiting: Callable[[], None] | None = None
        self._is_closed = False
        self._number = 0
        self._thread: threading.Thread | None = None

    def run(self, work: Callable[[], _T], then: Callable[[_T], None], failed: Callable[[Problem], None]) -> None:
        """Do `work` on the thread, then pass its result, or the problem, to the main thread.

        Results of work that a newer request has replaced are dropped.
        """
        self._number += 1
        number = self._number

        def deliver(callback: Callable[[], None]) -> None:
            if number == self._number and not self._is_closed:
                callback()

        def post(callback: Callable[[], None]) -> None:
            # Under the lock: after `close` there may be nobody left to post to.
            with self._condition:
                if not self._is_closed:
                    self._post(lambda: deliver(callback))

        def do() -> None:
            try:
                result = work()
            except Exception as error:  # a worker: whatever it was, the window goes on
                _LOG.info("work in the background has failed", exc_info=True)
                problem = problem_of(error)
                post(lambda: failed(problem))
            else:
                post(lambda: then(result))

        with self._condition:
            self._waiting = do
            if self._thread is None:
                # A daemon: a file of a million poses must not keep a closed program alive.
                self._thread = threading.Thread(target=self._loop, name="background", daemon=True)
                self._thread.start()
            self._condition.notify()

    def forget(self) -> None:
        """Drop the results of all requests so far: whoever made them is gone."""
        self._number += 1

    def close(self) -> None:
        """Drop all further results, and end the thread once its current work is done."""
        with self._condition:
            self._is_closed = True
            self._waiting = None
            self._condition.notify()

    def _loop(self) -> None:
        while True:
            with self._condition:
                while self._waiting is None and not self._is_closed:
                    self._condition.wait()
                if self._is_closed:
                    return
                do, self._waiting = self._waiting, None
            assert do is not None
            do()
