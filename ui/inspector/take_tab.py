"""Owns the recipe of the take's next chunks: prompt, guidance, noise, steps, seed, presets; and the chunk's facts."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from astra_studio.document import edits, key_edits
from astra_studio.document.derived import Asked, asked_at, latents_per_chunk, made_ticks, settings_of
from astra_studio.document.edits import Edit
from astra_studio.document.facets import Facet
from astra_studio.document.key_edits import NAMES
from astra_studio.document.model import MAX_SEED, SettingValue
from astra_studio.document.parameters import PARAMETERS, of
from astra_studio.document.session import Change
from engine.messages import SamplingSettings
from ui.inspector.move_section import MoveSection
from ui.path_editor import PathEditing
from ui.seeds import random_seed
from ui.studio import Studio
from ui.theme import S4, S8
from ui.widgets import Facts, IconButton, NumberField, Section, SliderRow

_TYPING_MS = 400
"""After the last key, a prompt is taken over."""
BUILT_IN: dict[str, dict[str, SettingValue]] = {
    "World's defaults": {},
    "Draft": {"num_steps": 2, "guidance": 1.0},
    "Careful": {"num_steps": 8, "guidance": 1.5, "solver": "unipc"},
    "Follow closely": {"guidance": 2.5},
}


class TakeTab(QWidget):
    """Shows the current take's recipe and changes it; every change says from which chunk on it counts."""

    def __init__(self, studio: Studio, editing: PathEditing) -> None:
        super().__init__()
        self._studio = studio
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.camera_move = MoveSection(editing)
        self.pose_line = self.camera_move.line
        self._generation = Section(studio.theme, self.tr("Generation"))
        self._chunk = Section(studio.theme, self.tr("This chunk"))
        for section in (self.camera_move, self._generation, self._chunk):
            column.addWidget(section)
        column.addStretch(1)
        self._build_generation()
        self._facts = Facts()
        self._chunk.body.addWidget(self._facts)
        studio.project_opened.connect(self.refresh)
        studio.project_changed.connect(self._changed)
        studio.playhead_moved.connect(lambda _frame: self._show_chunk())

    # ------------------------------------------------------------------ the recipe

    def _build_generation(self) -> None:
        studio, theme, body = self._studio, self._studio.theme, self._generation.body
        self.prompt = QPlainTextEdit()
        self.prompt.setFixedHeight(52)
        self.prompt.setAccessibleName(self.tr("Prompt"))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._take_prompt)
        self.prompt.textChanged.connect(self._prompt_typed)
        body.addWidget(self.prompt)
        self.guidance = SliderRow(
            theme,
            self.tr("Action guidance"),
            minimum=0,
            maximum=5,
            step=0.1,
            unit="×",
            hard_maximum=20,
            tip=self.tr("How strongly actions are followed (Action-Free Guidance); 1 and below is off"),
        )
        self.noise = SliderRow(
            theme,
            self.tr("History noise"),
            minimum=0,
            maximum=0.99,
            step=0.01,
            tip=self.tr("Noise mixed into what came before, 0 (clean) to 0.99: more freedom from the past"),
        )
        self.text_guidance = SliderRow(
            theme,
            self.tr("Text guidance"),
            minimum=0,
            maximum=10,
            step=0.5,
            decimals=1,
            unit="×",
            tip=self.tr("How strongly the prompt is followed; 1 and below is off"),
        )
        self.steps = SliderRow(
            theme,
            self.tr("Steps"),
            minimum=1,
            maximum=100,
            step=1,
            decimals=0,
            hard_maximum=1000,
            tip=self.tr("Denoising steps per chunk: time grows with them"),
        )
        self.latents = SliderRow(
            theme,
            self.tr("Chunk length"),
            minimum=1,
            maximum=16,
            step=1,
            decimals=0,
            unit="lat",
            hard_maximum=30,
            tip=self.tr("Latents per chunk, 4 frames each"),
        )
        for row, name in (
            (self.guidance, "guidance"),
            (self.noise, "history_noise"),
            (self.text_guidance, "text_guidance"),
            (self.steps, "num_steps"),
        ):
            row.changed.connect(lambda value, is_over, name=name: self._set(name, value, is_over=is_over))
            row.reset.connect(lambda name=name: self._reset(name))
            body.addWidget(row)
        self.latents.changed.connect(self._set_latents)
        self.latents.reset.connect(lambda: studio.apply(edits.set_num_latents(studio.take.id, None)))
        body.addWidget(self.latents)
        self.solver = QComboBox()
        self.solver.addItems(["euler", "unipc"])
        self.solver.setAccessibleName(self.tr("Solver"))
        self.solver.setToolTip(self.tr("How each denoising step is taken: euler plain, unipc good with few steps"))
        self.solver.activated.connect(lambda _n: self._set("solver", self.solver.currentText(), is_over=True))
        self.noise_on = QComboBox()
        self.noise_on.addItems(["recent", "all"])
        self.noise_on.setAccessibleName(self.tr("History noise on"))
        self.noise_on.setToolTip(self.tr("The two newest latents, as the released training, or all, as the paper"))
        self.noise_on.activated.connect(
            lambda _n: self._set("history_noise_on", self.noise_on.currentText(), is_over=True)
        )
        body.addLayout(_labelled(self.tr("Solver"), self.solver))
        body.addLayout(_labelled(self.tr("Noise on"), self.noise_on))
        self.seed = NumberField(theme, self.tr("Seed"), minimum=0, maximum=float(MAX_SEED), step=1, decimals=0)
        self.seed.changed.connect(self._set_seed)
        self.seed.setToolTip(self.tr("The same seed, settings and moves make the same chunks; default 0"))
        dice = IconButton(theme, "dice-five", self.tr("Another seed"))
        dice.clicked.connect(self._roll)
        self.lock = IconButton(theme, "lock-open", self.tr("Keep the seed when chunks are made again"))
        self.lock.setCheckable(True)
        self.lock.toggled.connect(self._lock_seed)
        body.addLayout(_labelled(self.tr("Seed"), self.seed, dice, self.lock))
        self.preset = QPushButton(self.tr("Presets"))
        self.preset.clicked.connect(self._show_presets)
        body.addSpacing(S4)
        body.addWidget(self.preset)

    def _set(self, name: str, value: SettingValue, *, is_over: bool) -> None:
        known = settings_of(self._studio.project, self._studio.take)
        if isinstance(getattr(known, name), int) and isinstance(value, float):
            value = round(value)
        take, parameter = self._studio.take.id, next((known for known in PARAMETERS if known == name), None)
        if parameter is None:
            self._studio.apply(edits.set_settings(take, {name: value}))
        else:
            self._studio.apply(key_edits.set_parameter(take, parameter, value))
        if is_over:
            self._studio.end_drag()

    def _reset(self, name: str) -> None:
        self._set(name, getattr(self._defaults(), name), is_over=True)

    def _set_latents(self, value: float, is_over: bool) -> None:
        if is_over:
            self._studio.apply(edits.set_num_latents(self._studio.take.id, round(value)))

    def _set_seed(self, value: float, is_over: bool) -> None:
        take = self._studio.take
        self._studio.apply(edits.set_seed(take.id, round(value), is_locked=take.recipe.seed_is_locked))
        if is_over:
            self._studio.end_drag()

    def _roll(self) -> None:
        take = self._studio.take
        self._studio.apply(edits.set_seed(take.id, random_seed(), is_locked=take.recipe.seed_is_locked))

    def _lock_seed(self, is_locked: bool) -> None:
        take = self._studio.take
        if take.recipe.seed_is_locked != is_locked:
            self._studio.apply(edits.set_seed(take.id, take.recipe.seed, is_locked=is_locked))

    def _prompt_typed(self) -> None:
        if self.prompt.toPlainText() != self._asked().prompt:
            self._typing.start()

    def _take_prompt(self) -> None:
        take = self._studio.take
        words, negative = self.prompt.toPlainText(), take.recipe.negative_prompt
        self._studio.apply(key_edits.set_parameter(take.id, "prompt", words, negative))

    def _asked(self) -> Asked:
        """What the next chunk is asked with: the recipe, and the keys at its first tick."""
        take = self._studio.take
        return asked_at(self._studio.project, take, made_ticks(take))

    def _show_presets(self) -> None:
        studio, menu = self._studio, QMenu(self)
        for name, changes in BUILT_IN.items():
            menu.addAction(name).triggered.connect(lambda _on=False, changes=changes: self._use_built_in(changes))
        menu.addSeparator()
        for preset in studio.project.presets:
            menu.addAction(preset.name).triggered.connect(
                lambda _on=False, name=preset.name: self._use(edits.use_preset(name, studio.take.id))
            )
        menu.addSeparator()
        menu.addAction(self.tr("Save as Preset...")).triggered.connect(self._save_preset)
        forget = menu.addMenu(self.tr("Delete Preset"))
        forget.setEnabled(bool(studio.project.presets))
        for preset in studio.project.presets:
            forget.addAction(preset.name).triggered.connect(
                lambda _on=False, name=preset.name: studio.apply(edits.delete_preset(name))
            )
        menu.exec(self.preset.mapToGlobal(self.preset.rect().bottomLeft()))

    def _use_built_in(self, changes: dict[str, SettingValue]) -> None:
        take = self._studio.take.id
        self._use(edits.set_settings(take, changes) if changes else edits.reset_settings(take))

    def _use(self, edit: Edit) -> None:
        """A preset is for what has no keys; where something has, that is said."""
        studio = self._studio
        keyed = [NAMES[name] for name in PARAMETERS if of(studio.take.keys, name) and name != "prompt"]
        if studio.apply(edit) and keyed:
            studio.say(self.tr("Keys go on as they are: {0}").format(", ".join(keyed)))

    def _save_preset(self) -> None:
        name, is_given = QInputDialog.getText(self, self.tr("Save as Preset"), self.tr("Name"))
        if is_given:
            self._studio.apply(edits.save_preset(name, self._studio.take.id))

    # ------------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        studio = self._studio
        project, take = studio.project, studio.take
        asked, defaults = self._asked(), self._defaults()
        settings, keyed = asked.settings, asked.keyed
        info = project.world.info
        self.guidance.show_value(settings.guidance, defaults.guidance, is_keyed="guidance" in keyed)
        self.noise.show_value(settings.history_noise, defaults.history_noise, is_keyed="history_noise" in keyed)
        self.text_guidance.show_value(settings.text_guidance, defaults.text_guidance, is_keyed="text_guidance" in keyed)
        self.steps.show_value(settings.num_steps, defaults.num_steps)
        usual = info.clock.latents_per_chunk if info else 8
        self.latents.show_value(latents_per_chunk(project, take), usual)
        self.solver.setCurrentText(settings.solver)
        self.noise_on.setCurrentText(settings.history_noise_on)
        self.seed.set_value(float(take.recipe.seed))
        self.lock.setChecked(take.recipe.seed_is_locked)
        self.lock.set_icon("lock" if take.recipe.seed_is_locked else "lock-open")
        has_text = bool(info and info.has_text)
        self.prompt.setVisible(has_text)
        self.text_guidance.setVisible(has_text)
        if not self.prompt.hasFocus() and self.prompt.toPlainText() != asked.prompt:
            self.prompt.setPlainText(asked.prompt)
        self._generation.hint.setText(self.tr("from chunk {0} on").format(len(take.chunks) + 1))
        self._generation.hint.setToolTip(self.tr("What is changed here counts from that chunk on"))
        words = self.tr("reads no text") if info and not info.has_text else ""
        self._generation.setToolTip(f"{info.name}: {words}" if info and words else "")
        self._show_chunk()

    def _show_chunk(self) -> None:
        found = self._studio.player.chunk
        self._chunk.setVisible(found is not None)
        if found is None:
            return
        chunk = found[0]
        asked = chunk.request
        guidance = self.tr("{0:g} ×, noise {1:g}")
        self._facts.show_facts(
            {
                self.tr("Chunk"): self.tr("{0}, {1} latents").format(asked.index + 1, chunk.num_ticks),
                self.tr("Seed"): str(asked.seed),
                self.tr("Guidance"): guidance.format(asked.settings.guidance, asked.settings.history_noise),
                self.tr("Steps"): f"{asked.settings.num_steps}, {asked.settings.solver}",
                self.tr("Took"): " + ".join(f"{part} {seconds:.2f}" for part, seconds in chunk.seconds) + " s",
                self.tr("Latents"): chunk.latents_sha256[:12],
            }
        )

    def _defaults(self) -> SamplingSettings:
        info = self._studio.project.world.info
        return info.defaults if info else SamplingSettings()

    def _changed(self, change: Change) -> None:
        shown = {Facet.SETTINGS, Facet.WORLD, Facet.ACTIONS, Facet.CHUNKS, Facet.SELECTION, Facet.PRESETS, Facet.TAKES}
        shown.add(Facet.KEYS)
        if change.facets & shown:
            self.refresh()


def _labelled(text: str, *widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(4, 0, 14, 0)
    row.setSpacing(S8)
    label = QLabel(text)
    label.setProperty("role", "label")
    label.setFixedWidth(94)
    row.addWidget(label)
    for number, widget in enumerate(widgets):
        row.addWidget(widget, 1 if number == 0 else 0)
    return row
