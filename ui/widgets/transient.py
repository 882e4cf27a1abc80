"""Dialogs and menus that are shown once: they are deleted when they have been closed.

Qt keeps a widget that has a parent until the parent goes, so that each one shown would stay for as long as the window.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QDialog, QMenu


def run_dialog(dialog: QDialog) -> bool:
    """Show a dialog and wait until it is closed; whether it was accepted. What it holds can still be read in the same
    event."""
    is_accepted = bool(dialog.exec())
    dialog.deleteLater()
    return is_accepted


def run_menu(menu: QMenu, where: QPoint) -> None:
    """Show a menu at a point of the screen and wait until it is closed."""
    menu.exec(where)
    menu.deleteLater()
