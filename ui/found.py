"""Facts that Qt finds on this machine: its platform, the screen, and the picture formats it reads."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import qVersion
from PySide6.QtGui import QImageReader
from PySide6.QtWidgets import QApplication


def found_by_qt() -> dict[str, Any]:
    """Plain values. Where Qt cannot start it ends the process, so this is asked in a process of its own."""
    application = QApplication([])
    screen = application.primaryScreen()
    size = screen.size()
    return {
        "version": qVersion(),
        "platform": application.platformName(),
        "screen": f"{size.width()} x {size.height()} at {screen.devicePixelRatio():g}",
        "pictures": sorted(bytes(name.data()).decode() for name in QImageReader.supportedImageFormats()),
    }
