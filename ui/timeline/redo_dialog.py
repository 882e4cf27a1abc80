"""Dialog for the settings with which chunks are generated again."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from astra_studio.document.declared import has_text, specs_of
from astra_studio.document.derived import recipe_at
from astra_studio.document.seeds import new_seed
from engine.settings import Settings, SettingValue
from ui.plurals import counted
from ui.studio import Studio
from ui.theme import S8, S16
from ui.widgets import SeedRow, SettingsForm


class RedoDialog(QDialog):
    """The world's settings as the take has them until they are changed; a new seed unless it is locked."""

    def __init__(self, studio: Studio, num_before: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Redo from Here"))
        take = studio.take
        begin = sum(chunk.num_ticks for chunk in take.chunks[:num_before])
        self._before = recipe_at(studio.project, take, begin).settings
        count = len(take.chunks) - num_before
        column = QVBoxLayout(self)
        column.setContentsMargins(S16, S16, S16, S16)
        column.setSpacing(S8)
        text = counted(
            max(count, 1),
            self.tr("Make chunk {0} again, as a branch. {1} stays as it is."),
            self.tr("Make chunk {{0}} and the rest, {0} chunks, again as a branch. {{1}} stays as it is."),
        )
        column.addWidget(QLabel(text.format(num_before + 1, take.name)))
        world = studio.project.world
        specs = [spec for spec in specs_of(world) if spec.prominence == "main"]
        numbers = tuple(spec for spec in specs if spec.is_numeric)
        others = tuple(spec for spec in specs if not spec.is_numeric)
        self._has_text = has_text(world)
        self.form = SettingsForm(studio.theme, (*numbers, *others))
        self.form.set_spacing(S8)
        self.form.changed.connect(lambda name, value, _is_over: self._show({name: value}))
        self.form.reset.connect(lambda name: self._show({name: self._before[name]}))
        self.form.show_values(self._before, self._before, has_text=self._has_text)
        column.addWidget(self.form)
        own = take.recipe.seed
        self.seed_row = SeedRow(studio.theme)
        self.seed_row.set_value(own if take.recipe.seed_is_locked else new_seed(own))
        self.seed_row.field.setToolTip(self.tr("{0} has seed {1}").format(take.name, own))
        column.addWidget(self.seed_row)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Redo"))
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("main", "true")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def changes(self) -> dict[str, SettingValue]:
        """What the branch is made with."""
        return self.form.values()

    def seed(self) -> int:
        """The seed of the branch."""
        return self.seed_row.value

    def _show(self, changes: dict[str, SettingValue]) -> None:
        shown = Settings({**self._before, **self.form.values(), **changes})
        self.form.show_values(shown, self._before, has_text=self._has_text)
