"""The inspector: tabs for the selected camera key, the take's settings and the project."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from ui.inspector.key_tab import KeyTab
from ui.inspector.project_tab import ProjectTab
from ui.inspector.take_tab import TakeTab
from ui.path_editor import PathEditing
from ui.studio import Studio
from ui.widgets import PaneHeader, SegmentedControl
from ui.widgets.basic import Filled

TABS = ("Key", "Take", "Project")


class InspectorPane(Filled):
    """Header with the tabs, and the tab that is chosen: the one of keys, as soon as a key is."""

    def __init__(self, studio: Studio, editing: PathEditing) -> None:
        super().__init__(studio.theme, "panel")
        self._editing = editing
        self._had_key = False
        self.tabs = SegmentedControl(studio.theme, TABS, self.tr("Tabs"))
        self._pages = QStackedWidget()
        self.key_tab, self.take_tab, self.project_tab = KeyTab(editing), TakeTab(studio, editing), ProjectTab(studio)
        for page in (self.key_tab, self.take_tab, self.project_tab):
            self._pages.addWidget(_scrolled(page))
        self.tabs.chosen.connect(self.show_tab)
        self.show_tab("Take")
        editing.changed.connect(self._key_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PaneHeader(studio.theme, self.tr("Inspector"), [self.tabs]))
        column.addWidget(self._pages, 1)

    def show_tab(self, name: str) -> None:
        """Key, Take or Project."""
        self.tabs.choose(name)
        self._pages.setCurrentIndex(TABS.index(name))

    def _key_chosen(self) -> None:
        """With the first key that is chosen its numbers are wanted; whoever then looks elsewhere is left there."""
        has_key = self._editing.active >= 0
        if has_key and not self._had_key and self.tabs.current == "Take":
            self.show_tab("Key")
        self._had_key = has_key


def _scrolled(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area
