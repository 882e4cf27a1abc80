"""Lock that lets one set-up at a time work on a `.venv`; the system frees it when its process ends."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootstrap.steps import say

POLL = 0.5

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


# What the two systems say when another holds the lock. Some network file systems have no locks at all and say other
# things: there set-up goes on without.
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


@contextmanager
def only_one(path: Path) -> Iterator[int]:
    """Hold the lock and yield its descriptor; where another process holds it, say so once and wait."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _wait_for(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    has_warned = False
    while True:
        try:
            _try_lock(descriptor)
        except OSError as error:
            if error.errno not in _HELD:
                return
        else:
            return
        if not has_warned:
            say("another set-up of this checkout is at work; waiting for it ...")
            has_warned = True
        time.sleep(POLL)
