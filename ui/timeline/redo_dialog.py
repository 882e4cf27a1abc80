"""Owns the question with which settings chunks are made again."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from astra_studio.document.derived import asked_at
from astra_studio.document.model import MAX_SEED, SettingValue
from ui.seeds import random_seed
from ui.studio import Studio
from ui.theme import S8, S16
from ui.widgets import IconButton, NumberField, SliderRow
from ui.widgets.slider_row import LABEL_PX
from ui.words import counted


class RedoDialog(QDialog):
    """Guidance, noise, steps, solver as the take has them until they are changed; a new seed unless it is locked."""

    def __init__(self, studio: Studio, num_before: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Redo from Here"))
        take = studio.take
        begin = sum(chunk.num_ticks for chunk in take.chunks[:num_before])
        settings = asked_at(studio.project, take, begin).settings
        count = len(take.chunks) - num_before
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.setSpacing(S8)
        words = counted(
            max(count, 1),
            self.tr("Make chunk {0} again, as a branch. {1} stays as it is."),
            self.tr("Make chunk {{0}} and the rest, {0} chunks, again as a branch. {{1}} stays as it is."),
        )
        column.addWidget(QLabel(words.format(num_before + 1, take.name)))
        theme = studio.theme
        self.guidance = SliderRow(theme, self.tr("Action guidance"), minimum=0, maximum=5, step=0.1, unit="×")
        self.noise = SliderRow(theme, self.tr("History noise"), minimum=0, maximum=0.99, step=0.01)
        self.steps = SliderRow(theme, self.tr("Steps"), minimum=1, maximum=100, step=1, decimals=0, hard_maximum=1000)
        self.text_guidance = SliderRow(
            theme, self.tr("Text guidance"), minimum=0, maximum=10, step=0.5, decimals=1, unit="×"
        )
        info = studio.project.world.info
        self._has_text = bool(info and info.has_text)
        self.text_guidance.setVisible(self._has_text)
        for row, value in (
            (self.guidance, settings.guidance),
            (self.noise, settings.history_noise),
            (self.text_guidance, settings.text_guidance),
            (self.steps, settings.num_steps),
        ):
            row.show_value(value, value)
            row.changed.connect(lambda new, _is_over, row=row, old=value: row.show_value(new, old))
            row.reset.connect(lambda row=row, old=value: row.show_value(old, old))
            column.addWidget(row)
        self.solver = QComboBox()
        self.solver.addItems(["euler", "unipc"])
        self.solver.setCurrentText(settings.solver)
        self.solver.setAccessibleName(self.tr("Solver"))
        column.addLayout(_labelled(self.tr("Solver"), self.solver))
        self.seed_field = NumberField(theme, self.tr("Seed"), minimum=0, maximum=float(MAX_SEED), step=1, decimals=0)
        own = take.recipe.seed
        self.seed_field.set_value(float(own if take.recipe.seed_is_locked else random_seed()))
        self.seed_field.setToolTip(self.tr("{0} has seed {1}").format(take.name, own))
        dice = IconButton(theme, "dice-five", self.tr("Another seed"))
        dice.clicked.connect(lambda: self.seed_field.set_value(float(random_seed())))
        column.addLayout(_labelled(self.tr("Seed"), self.seed_field, dice))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Redo"))
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("main", "true")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def changes(self) -> dict[str, SettingValue]:
        """What the branch is made with."""
        changes: dict[str, SettingValue] = {
            "guidance": self.guidance.field.value,
            "history_noise": self.noise.field.value,
            "num_steps": int(self.steps.field.value),
            "solver": self.solver.currentText(),
        }
        return changes | ({"text_guidance": self.text_guidance.field.value} if self._has_text else {})

    def seed(self) -> int:
        """The seed of the branch."""
        return round(self.seed_field.value)


def _labelled(text: str, *widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(4, 0, 14, 0)
    row.setSpacing(6)
    label = QLabel(text)
    label.setProperty("role", "label")
    label.setFixedWidth(LABEL_PX)
    row.addWidget(label)
    for number, widget in enumerate(widgets):
        row.addWidget(widget, 1 if number == 0 else 0)
    return row
