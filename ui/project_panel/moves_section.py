"""Section of camera moves: a few as buttons, all of them in a menu. Each adds keys at the end of the path."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QMenu, QSizePolicy, QToolButton, QWidget

from engine.actions.presets import RELEASED
from engine.trajectories.preset_paths import preset_path_names, preset_ticks
from ui.path_editor import PathEditing
from ui.theme import S4, Theme
from ui.widgets import IconButton, Section, run_menu

QUICK: tuple[tuple[str, str, str], ...] = (
    ("Forward", "arrow-up", "forward"),
    ("Arc left", "arrow-bend-up-left", "forward-left"),
    ("Arc right", "arrow-bend-up-right", "forward-right"),
    ("Orbit", "arrow-counter-clockwise", "orbit-left"),
    ("Pan left", "arrow-left", "left"),
    ("Pan right", "arrow-right", "right"),
)
"""A chunk of each."""
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Walk", ("forward", "back", "strafe-left", "strafe-right", "rise", "sink", "out-and-back", "hold")),
    ("Turn", ("left", "right", "look-up", "look-down", "look-around")),
    ("Arc and orbit", ("forward-left", "forward-right", "orbit-left", "orbit-right", "full-orbit")),
    ("Film", ("dolly-in", "dolly-out", "spiral", "figure-eight", "handheld")),
    ("Released demo", tuple(RELEASED)),
)
_WORDS: dict[str, str] = {
    "back": "Backward",
    "left": "Pan left",
    "right": "Pan right",
    "look-up": "Tilt up",
    "look-down": "Tilt down",
    "rise": "Pedestal up",
    "sink": "Pedestal down",
    "forward-left": "Arc left",
    "forward-right": "Arc right",
}


class MoveButton(QToolButton):
    """An icon over a word."""

    def __init__(self, theme: Theme, icon: str, words: str) -> None:
        super().__init__()
        self._theme, self._icon = theme, icon
        self.setText(words)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setIconSize(QSize(14, 14))
        self.setFont(theme.font(11))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(40)
        self.setProperty("raised", "true")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._dress()
        theme.changed.connect(self._dress)

    def _dress(self) -> None:
        self.setIcon(self._theme.icon(self._icon))


class MovesSection(Section):
    """What it adds goes on from the end of the current take's path."""

    def __init__(self, editing: PathEditing) -> None:
        theme = editing.studio.theme
        super().__init__(theme, "")
        self.set_title(self.tr("Moves"))
        self._editing = editing
        more = IconButton(theme, "dots-three", self.tr("All moves"))
        more.clicked.connect(lambda: run_menu(self.menu(), more.mapToGlobal(more.rect().bottomLeft())))
        self.add_tool(more)
        grid = QGridLayout()
        grid.setSpacing(S4)
        self.buttons: dict[str, QWidget] = {}
        for number, (words, icon, name) in enumerate(QUICK):
            button = MoveButton(theme, icon, self.tr(words))
            button.setToolTip(self.tr("Adds a chunk of it after the end of the path"))
            button.clicked.connect(
                lambda _on=False, name=name: editing.append_preset(name, editing.clock.latents_per_chunk)
            )
            grid.addWidget(button, number // 3, number % 3)
            self.buttons[name] = button
        self.body.addLayout(grid)

    def menu(self) -> QMenu:
        """All presets, by kind, each with how long it is."""
        menu = QMenu(self)
        grouped = {name for _, names in _GROUPS for name in names}
        rest = tuple(name for name in preset_path_names() if name not in grouped)
        for title, names in (*_GROUPS, *((("More", rest),) if rest else ())):
            part = menu.addMenu(self.tr(title))
            for name in names:
                ticks = preset_ticks(name, clock=self._editing.clock)
                words = self.tr(_WORDS.get(name, name.replace("-", " ").capitalize()))
                action = part.addAction(self.tr("{0}\t{1} ticks").format(words, ticks))
                action.setObjectName(name)
                action.triggered.connect(lambda _on=False, name=name: self._editing.append_preset(name))
        return menu
