"""Owns the way of the timeline's words through Qt's translation: its lanes are no QObjects that had a `tr`."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """The words in the user's language."""
    return QCoreApplication.translate("Timeline", text)
