"""Grid of facts: muted names with values beside them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ui.widgets.basic import quiet_label


class Facts(QWidget):
    """Rows are kept and filled anew, so that facts may change with every frame."""

    def __init__(self, name_px: int = 100) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnMinimumWidth(0, name_px)
        self._grid.setColumnStretch(1, 1)
        self._grid.setVerticalSpacing(2)
        self._rows: list[tuple[QLabel, QLabel]] = []

    def show_facts(self, facts: Mapping[str, str]) -> None:
        """Show these, in their order."""
        while len(self._rows) < len(facts):
            name, value = quiet_label(""), QLabel()
            value.setWordWrap(True)
            self._grid.addWidget(name, len(self._rows), 0)
            self._grid.addWidget(value, len(self._rows), 1)
            self._rows.append((name, value))
        for row, fact in zip(self._rows, facts.items(), strict=False):
            for label, text in zip(row, fact, strict=True):
                label.setText(text)
                label.setVisible(True)
        for row in self._rows[len(facts) :]:
            for label in row:
                label.setVisible(False)
