"""Drag of a held mouse button, from press to release."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt


class Drag:
    """One press of a mouse button. `move` may come any number of times; `finish` or `cancel` ends it."""

    def move(self, where: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse is somewhere else, or what lies under it is."""

    def finish(self) -> None:
        """The button was let go."""

    def cancel(self) -> None:
        """Escape: all is as it was before the button was pressed."""
