"""Owns the question with which settings chunks are made again."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from astra_studio.document.derived import asked_at
from astra_studio.document.model import SettingValue
from ui.seeds import random_seed
from ui.studio import Studio
from ui.theme import S8, S16
from ui.widgets import SliderRow


class RedoDialog(QDialog):
    """Guidance, history noise, steps, seed; all as the take has them until they are changed."""

    def __init__(self, studio: Studio, num_before: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Redo from Here"))
        take = studio.take
        begin = sum(chunk.num_ticks for chunk in take.chunks[:num_before])
        settings = asked_at(studio.project, take, begin).settings
        self._seed, self._is_locked = take.recipe.seed, take.recipe.seed_is_locked
        count = len(take.chunks) - num_before
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.setSpacing(S8)
        words = self.tr("Make {0} chunks from chunk {1} on again, as a branch. {2} stays as it is.")
        column.addWidget(QLabel(words.format(max(count, 1), num_before + 1, take.name)))
        theme = studio.theme
        self.guidance = SliderRow(theme, self.tr("Action guidance"), minimum=0, maximum=5, step=0.1, unit="×")
        self.noise = SliderRow(theme, self.tr("History noise"), minimum=0, maximum=0.99, step=0.01)
        self.steps = SliderRow(theme, self.tr("Steps"), minimum=1, maximum=100, step=1, decimals=0, hard_maximum=1000)
        for row, value in (
            (self.guidance, settings.guidance),
            (self.noise, settings.history_noise),
            (self.steps, settings.num_steps),
        ):
            row.show_value(value, value)
            row.changed.connect(lambda new, _is_over, row=row, old=value: row.show_value(new, old))
            row.reset.connect(lambda row=row, old=value: row.show_value(old, old))
            column.addWidget(row)
        self.new_seed = QCheckBox(self.tr("Another seed"))
        self.new_seed.setChecked(not self._is_locked)
        column.addWidget(self.new_seed)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Redo"))
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("main", "true")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def changes(self) -> dict[str, SettingValue]:
        """What the branch is made with."""
        return {
            "guidance": self.guidance.field.value,
            "history_noise": self.noise.field.value,
            "num_steps": int(self.steps.field.value),
        }

    def seed(self) -> int | None:
        """Another seed; None: the take's own."""
        return random_seed() if self.new_seed.isChecked() else None
