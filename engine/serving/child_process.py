"""What a process beside a window is like: it yields the cores to the window, and does not hear Ctrl+C."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

import psutil

_NICENESS = 10
"""The window goes first where both want a core."""


def lower_priority() -> None:
    """Let the window go first where both want a core. To be called before torch is loaded."""
    # Torch's threads wait for one another by spinning; where other programs want the cores, too, a chunk then takes ten
    # times as long. Alone on the machine it takes up to half as long again without: so this is for processes beside a
    # window.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(_NICENESS)


def ignore_interrupts() -> None:
    """Ctrl+C in a terminal reaches the whole group; the window decides what becomes of this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
