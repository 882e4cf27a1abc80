"""System libraries that Qt needs and pip cannot install: checks that Qt starts, installs or names what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bootstrap.steps import say

# Found by trial on a bare Debian 12; newer releases answer to the same names.
OFFSCREEN = (
    "libglib2.0-0",
    "libgl1",
    "libxkbcommon0",
    "libegl1",
    "libfreetype6",
    "libfontconfig1",
    "libdbus-1-3",
)
WINDOW = (
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-render-util0",
    "libxcb-render0",
    "libxcb-shape0",
    "libxcb-util1",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
)


def has_display() -> bool:
    """Tell whether a window could be shown. Only Linux can be without a display in this sense."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def qt_starts(python: Path, *, on_screen: bool) -> bool:
    """Start Qt in a process of its own, because where a library is missing Qt aborts rather than raises."""
    environment = dict(os.environ)
    if not on_screen:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    script = "from PySide6.QtWidgets import QApplication; QApplication([])"
    try:
        done = subprocess.run(
            [python, "-c", script],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def apt_line(packages: tuple[str, ...]) -> str:
    """Return the command that a person can type."""
    return f"sudo apt-get install -y --no-install-recommends {' '.join(packages)}"


def ensure_qt_starts(python: Path, *, on_screen: bool) -> bool:
    """Return whether Qt starts now, after installing what it lacks where that can be done. Never stops the set-up."""
    if sys.platform != "linux" or qt_starts(python, on_screen=on_screen):
        return True
    packages = OFFSCREEN + (WINDOW if on_screen else ())
    if shutil.which("apt-get") is None:
        say(
            "Qt does not start: system libraries are missing. On Debian they are these packages:\n    "
            + " ".join(packages)
        )
        return False
    if os.geteuid() == 0:
        say("Qt does not start without some system libraries; installing them with apt-get ...")
        if _apt_install(packages) and qt_starts(python, on_screen=on_screen):
            return True
    say(f"Qt does not start: system libraries are missing. This line installs them:\n    {apt_line(packages)}")
    return False


def _apt_install(packages: tuple[str, ...]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", *command], env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        # A failed update is no reason to stop: an old list may do.
        if done.returncode != 0 and command[0] == "install":
            return False
    return True
