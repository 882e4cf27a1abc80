"""Style sheet of the standard widgets, generated from the tokens."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from astra_studio.paths import assets

_SHEET = Template("""
QWidget { color: $text; }
QMainWindow, QDialog { background: $app; }
QDialog > .QWidget { background: transparent; }
QDialog { background: $panel; }
QDialog[frame="true"] { border: 1px solid $line2; }
QToolTip { background: $raised; color: $text; border: 1px solid $line2; padding: 4px 6px; }
QMenuBar { background: transparent; spacing: 2px; padding-top: 8px; }
QMenuBar::item { background: transparent; padding: 5px 8px; border-radius: 4px; color: $text2; }
QMenuBar::item:selected { background: $hover; color: $text; }
QMenu { background: $raised; border: 1px solid $line2; padding: 4px; }
QMenu::item { padding: 5px 22px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $edge; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QMenu::icon { padding-left: 8px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QPushButton { background: $field; border: 0; border-radius: 6px; padding: 5px 12px; min-height: 16px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $selected; }
QPushButton:disabled { color: $edge; }
QPushButton:focus { border: 1px solid $focus; padding: 4px 11px; }
QPushButton[main="true"] { background: $accent; color: $accent_ink; font-weight: 600; }
QPushButton[main="true"]:disabled { background: $accent_tint; color: $text3; }
QPushButton[flat="true"] { background: transparent; }
QPushButton[flat="true"]:hover { background: $hover; }
QToolButton { background: transparent; border: 0; border-radius: 4px; padding: 3px; }
QToolButton:hover { background: $hover; }
QToolButton:checked { background: $selected; }
QToolButton::menu-indicator { image: none; }
QToolButton[raised="true"] { background: $field; border: 1px solid $line; border-radius: 6px; color: $text2; }
QToolButton[raised="true"]:hover { background: $hover; color: $text; }
QToolButton:focus { border: 1px solid $focus; padding: 2px; }
QLineEdit, QPlainTextEdit, QTextEdit { background: $field; border: 1px solid transparent; border-radius: 4px;
  padding: 3px 6px; selection-background-color: $line2; selection-color: $text; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus { border: 1px solid $focus; }
QLineEdit[bad="true"] { border: 1px solid $error; }
QLineEdit:disabled, QPlainTextEdit:disabled { color: $edge; }
QComboBox { background: $field; border: 1px solid transparent; border-radius: 4px; padding: 2px 6px; min-height: 16px; }
QComboBox:disabled, QCheckBox:disabled { color: $edge; }
QComboBox:focus { border: 1px solid $focus; }
QComboBox::drop-down { border: 0; width: 18px; }
QComboBox::down-arrow { image: none; width: 0; height: 0; margin-right: 4px; border-left: 4px solid $field;
  border-right: 4px solid $field; border-top: 5px solid $text3; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $line2; outline: 0; }
QSpinBox { background: $field; border: 1px solid transparent; border-radius: 4px; padding: 2px 6px; min-height: 16px;
  selection-background-color: $line2; selection-color: $text; }
QSpinBox:focus { border: 1px solid $focus; }
QSpinBox::up-button, QSpinBox::down-button { width: 0; }
QCheckBox { spacing: 6px; }
QCheckBox::indicator { width: 13px; height: 13px; border-radius: 3px; border: 1px solid $edge; background: $field; }
QCheckBox::indicator:checked { background: $accent; border: 1px solid $accent; image: url("$icons/check-ink.svg"); }
QCheckBox::indicator:checked:disabled { background: $accent_tint; border: 1px solid $edge; }
QCheckBox::indicator:focus { border: 1px solid $focus; }
QTabBar::tab { background: transparent; padding: 5px 10px; color: $text2; border-radius: 4px; }
QTabBar::tab:selected { background: $selected; color: $text; }
QTreeView { show-decoration-selected: 1; }
QTreeView, QListView, QTableView { background: $panel; border: 0; outline: 0; alternate-background-color: $panel; }
QListView::item { padding: 3px 4px; border-radius: 4px; }
QTreeView::item { padding: 3px 4px; }
QTreeView::branch:selected { background: $selected; }
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected { background: $selected; color: $text; }
QTreeView::branch:hover:!selected { background: $hover; }
QTreeView::item:hover:!selected, QListView::item:hover:!selected { background: $hover; }
QHeaderView::section { background: $raised; border: 0; border-bottom: 1px solid $line; padding: 4px 6px;
  color: $text2; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line2; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: $edge; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QScrollArea { background: transparent; border: 0; }
QScrollArea > QWidget > QWidget { background: transparent; }
QSplitter::handle { background: $app; }
QProgressBar { background: $line; border: 0; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QLabel[role="quiet"] { color: $text3; }
QLabel[role="label"] { color: $text2; }
QLabel[role="on_stage"] { color: $on_plate2; }
QLabel[role="title"] { font-weight: 600; }
QLabel[role="error"] { color: $error; }
""")


def style_sheet(colours: Mapping[str, str]) -> str:
    """The sheet in a theme's colours."""
    return _SHEET.substitute(colours, icons=(assets() / "icons").as_posix())
