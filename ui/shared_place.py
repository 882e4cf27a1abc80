"""Two panes that stand side by side where there is room, and become tabs where there is not."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.theme import Theme
from ui.widgets import PaneHeader, SegmentedControl


class SharedPlace(QObject):
    """The tabs stand in the headers, in place of the titles, so that no row is lost to them."""

    turned = Signal()
    """Another pane has come to the front."""

    def __init__(self, theme: Theme, panes: Sequence[tuple[str, QWidget, PaneHeader]], name: str) -> None:
        """Panes by their titles; `name` is what screen readers call the tabs."""
        super().__init__()
        self._panes = list(panes)
        self.is_shared = False
        self._current = panes[0][0]
        self.tabs: dict[str, SegmentedControl] = {}
        titles = [title for title, _, _ in panes]
        for title, _pane, header in panes:
            control = SegmentedControl(theme, titles, name)
            control.chosen.connect(self.show_pane)
            control.hide()
            row = header.layout()
            assert isinstance(row, QHBoxLayout)
            row.insertWidget(0, control)
            self.tabs[title] = control

    @property
    def current(self) -> str:
        """Title of the pane that is seen while the place is shared."""
        return self._current

    def show_pane(self, title: str) -> None:
        """Bring a pane to the front; where both are seen, nothing changes but which comes first later."""
        self._current = title
        self._show()
        self.turned.emit()

    def set_shared(self, is_shared: bool) -> None:
        """Whether there is room for one pane only."""
        if is_shared != self.is_shared:
            self.is_shared = is_shared
            self._show()

    def _show(self) -> None:
        for title, pane, header in self._panes:
            self.tabs[title].choose(self._current)
            self.tabs[title].setVisible(self.is_shared)
            header.title.setVisible(not self.is_shared)
            pane.setVisible(not self.is_shared or title == self._current)
