"""Row of a seed: the number, digit for digit, and a die for another one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from astra_studio.document.model import MAX_SEED
from astra_studio.document.seeds import new_seed
from ui.theme import Theme
from ui.widgets.basic import IconButton
from ui.widgets.number_field import IntegerField
from ui.widgets.settings_form import labelled


class SeedRow(QWidget):
    """A seed, 0 to `MAX_SEED`."""

    changed = Signal(object, bool)
    """The seed as a whole number, and whether the change is over."""

    def __init__(self, theme: Theme, *others: QWidget) -> None:
        """`others` stand behind the die."""
        super().__init__()
        self.field = IntegerField(theme, self.tr("Seed"), minimum=0, maximum=MAX_SEED)
        self.field.changed.connect(self.changed)
        die = IconButton(theme, "dice-five", self.tr("Another seed"))
        die.clicked.connect(self._roll)
        self.setLayout(labelled(self.tr("Seed"), self.field, die, *others))

    @property
    def value(self) -> int:
        return self.field.value

    def set_value(self, seed: int) -> None:
        """Show a seed, without a word to anybody."""
        self.field.set_value(seed)

    def _roll(self) -> None:
        self.field.set_value(new_seed(self.value))
        self.changed.emit(self.value, True)
