"""Translation for the timeline, whose lanes are not QObjects and so have no `tr`."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """The words in the user's language."""
    return QCoreApplication.translate("Timeline", text)
