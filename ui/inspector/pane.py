"""Owns the inspector: tabs for the take's recipe and for the project."""

from __future__ import annotations

from PySide6.QtWidgets import QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from ui.inspector.project_tab import ProjectTab
from ui.inspector.take_tab import TakeTab
from ui.studio import Studio
from ui.widgets import PaneHeader, SegmentedControl
from ui.widgets.basic import Filled


class InspectorPane(Filled):
    """Header with the tabs, and the tab that is chosen."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio.theme, "panel")
        self.tabs = SegmentedControl(studio.theme, ("Take", "Project"), self.tr("Tabs"))
        self._pages = QStackedWidget()
        self.take_tab, self.project_tab = TakeTab(studio), ProjectTab(studio)
        for page in (self.take_tab, self.project_tab):
            self._pages.addWidget(_scrolled(page))
        self.tabs.chosen.connect(self.show_tab)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PaneHeader(studio.theme, self.tr("Inspector"), [self.tabs]))
        column.addWidget(self._pages, 1)

    def show_tab(self, name: str) -> None:
        """Take or Project."""
        self.tabs.choose(name)
        self._pages.setCurrentIndex(("Take", "Project").index(name))


def _scrolled(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(page)
    return area
