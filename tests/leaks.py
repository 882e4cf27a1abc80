"""What a test must not leave behind: threads, child processes, windows, running timers, unexpected log lines."""

from __future__ import annotations

import gc
import logging
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

GRACE_S = 2.0
"""How long what is ending may take to be gone."""
_CHILDREN = Path("/proc/self/task")
_LASTING_THREADS = re.compile(r"pytest_timeout|execnet|TMonitor|QueueFeederThread")
"""Of tools that keep one for as long as the process lives."""
_LASTING_PROCESSES = "resource_tracker"


def threads() -> set[str]:
    """Python's running threads by name, numbered where several have one: a window that is shared by tests has others
    of the same names after each."""
    counts: Counter[str] = Counter()
    names = []
    for thread in threading.enumerate():
        if not _LASTING_THREADS.search(repr(thread)):
            counts[thread.name] += 1
            names.append(f"{thread.name} {counts[thread.name]}")
    return set(names)


def child_processes() -> set[int]:
    """Ids of this process's children. Only Linux says them in an instant; elsewhere there are none."""
    pids: set[int] = set()
    for task in _CHILDREN.glob("*/children"):
        try:
            pids.update(map(int, task.read_text().split()))
        except OSError:  # a thread that has just ended
            continue
    return {pid for pid in pids if _LASTING_PROCESSES not in command_of(pid)}


def command_of(pid: int) -> str:
    """The command line of a process; "" for one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def windows() -> set[object]:
    """Qt's top-level widgets, hidden ones as well; none where nothing has started Qt."""
    if "PySide6.QtWidgets" not in sys.modules:
        return set()
    from PySide6.QtWidgets import QApplication, QComboBox

    if not QApplication.instance():
        return set()
    # The list of a combo box is a window as well; it goes with its box, and forms make other boxes for another world.
    return {widget for widget in QApplication.topLevelWidgets() if not isinstance(widget.parentWidget(), QComboBox)}


def running_timers() -> set[object]:
    """Qt's timers that are running and that Python knows."""
    if "PySide6.QtCore" not in sys.modules:
        return set()
    import shiboken6
    from PySide6.QtCore import QTimer

    # An object refers to its type, and asking for that takes half as long as looking at all objects.
    timers = [found for found in gc.get_referrers(QTimer) if type(found) is QTimer]
    return {timer for timer in timers if shiboken6.isValid(timer) and timer.isActive()}


def left_over(
    found: Callable[[], set],
    before: Iterable[object],
    settle: Callable[[], None] = lambda: None,
    grace_s: float = GRACE_S,
) -> list[object]:
    """What is there and was not before, once what is ending has had its time."""
    known = set(before)
    until = time.monotonic() + grace_s
    while left := found() - known:
        settle()
        if time.monotonic() > until:
            break
        time.sleep(0.02)
    return list(left)


class UnexpectedLines(logging.Handler):
    """Log lines of level WARNING and above that none of the patterns is found in."""

    def __init__(self, expected: Iterable[str]) -> None:
        super().__init__(logging.WARNING)
        self._expected = [re.compile(pattern) for pattern in expected]
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.levelname} {record.name}: {record.getMessage()}"
        if not any(pattern.search(line) for pattern in self._expected):
            self.lines.append(line)
