"""Tab of the take's next chunks: prompt, the world's settings, seed, presets; and facts of the chunk shown."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QInputDialog,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from astra_studio.document import edits, key_edits
from astra_studio.document.declared import (
    defaults_of,
    has_text,
    presets_of,
    spec_of_parameter,
    specs_of,
    words_of,
)
from astra_studio.document.derived import TickRecipe, chunk_clock, latents_per_chunk, made_ticks, recipe_at
from astra_studio.document.edits import Edit
from astra_studio.document.facets import Facet
from astra_studio.document.model import PROMPT
from astra_studio.document.parameters import names_of
from astra_studio.document.session import Change
from engine.settings import SettingValue, shown, summarised
from ui.inspector.move_section import MoveSection
from ui.path_editor import PathEditing
from ui.studio import Studio
from ui.theme import S4
from ui.widgets import Facts, IconButton, Section, SeedRow, SettingsForm, SliderRow, run_menu

_TYPING_MS = 400
"""After the last key, a prompt is taken over."""


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
        self.numbers, self.others = SettingsForm(theme), SettingsForm(theme)
        for form in (self.numbers, self.others):
            form.set_spacing(body.spacing())
            form.changed.connect(lambda name, value, is_over: self._set(name, value, is_over=is_over))
            form.reset.connect(self._reset)
        body.addWidget(self.numbers)
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
        self.latents.changed.connect(self._set_latents)
        self.latents.reset.connect(lambda: studio.apply(edits.set_num_latents(studio.take.id, None)))
        body.addWidget(self.latents)
        body.addWidget(self.others)
        self.lock = IconButton(theme, "lock-open", self.tr("Keep the seed when chunks are made again"))
        self.lock.setCheckable(True)
        self.lock.toggled.connect(self._lock_seed)
        self.seed = SeedRow(theme, self.lock)
        self.seed.changed.connect(self._set_seed)
        self.seed.field.setToolTip(self.tr("The same seed, settings and moves make the same chunks; default 0"))
        body.addWidget(self.seed)
        self.preset = QPushButton(self.tr("Presets"))
        self.preset.clicked.connect(self._show_presets)
        body.addSpacing(S4)
        body.addWidget(self.preset)

    def _set(self, name: str, value: SettingValue, *, is_over: bool) -> None:
        take = self._studio.take.id
        if spec_of_parameter(self._studio.project.world, name) is None:
            self._studio.apply(edits.set_settings(take, {name: value}))
        else:
            self._studio.apply(key_edits.set_parameter(take, name, value))
        if is_over:
            self._studio.end_drag()

    def _reset(self, name: str) -> None:
        self._set(name, defaults_of(self._studio.project.world)[name], is_over=True)

    def _set_latents(self, value: float, is_over: bool) -> None:
        if is_over:
            self._studio.apply(edits.set_num_latents(self._studio.take.id, round(value)))

    def _set_seed(self, seed: int, is_over: bool) -> None:
        take = self._studio.take
        self._studio.apply(edits.set_seed(take.id, seed, is_locked=take.recipe.seed_is_locked))
        if is_over:
            self._studio.end_drag()

    def _lock_seed(self, is_locked: bool) -> None:
        take = self._studio.take
        if take.recipe.seed_is_locked != is_locked:
            self._studio.apply(edits.set_seed(take.id, take.recipe.seed, is_locked=is_locked))

    def _prompt_typed(self) -> None:
        if self.prompt.toPlainText() != self._recipe().prompt:
            self._typing.start()

    def _take_prompt(self) -> None:
        take = self._studio.take
        words, negative = self.prompt.toPlainText(), take.recipe.negative_prompt
        self._studio.apply(key_edits.set_parameter(take.id, PROMPT, words, negative))

    def _recipe(self) -> TickRecipe:
        """The recipe of the next chunk, with the keys at its first tick."""
        take = self._studio.take
        return recipe_at(self._studio.project, take, made_ticks(take))

    def _show_presets(self) -> None:
        studio, menu = self._studio, QMenu(self)
        menu.addAction(self.tr("World's defaults")).triggered.connect(
            lambda: self._use(edits.reset_settings(studio.take.id))
        )
        for known in presets_of(studio.project.world):
            menu.addAction(self.tr(known.name)).triggered.connect(
                lambda _on=False, name=known.name: self.use_preset(name)
            )
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
        run_menu(menu, self.preset.mapToGlobal(self.preset.rect().bottomLeft()))

    def use_preset(self, name: str) -> None:
        """Take over settings that the world recommends under a name. Raises KeyError for one that is not there."""
        changes = {preset.name: preset.changes for preset in presets_of(self._studio.project.world)}
        self._use(edits.set_settings(self._studio.take.id, dict(changes[name])))

    def _use(self, edit: Edit) -> None:
        """A preset is for what has no keys; where something has, that is said."""
        studio = self._studio
        world = studio.project.world
        keyed = [words_of(world, name) for name in names_of(studio.take.keys) if name != PROMPT]
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
        recipe, info = self._recipe(), project.world.info
        specs = [spec for spec in specs_of(project.world) if spec.prominence != "hidden"]
        self.numbers.set_specs(tuple(spec for spec in specs if spec.is_numeric))
        others = (spec for spec in specs if not spec.is_numeric)
        self.others.set_specs(tuple(sorted(others, key=lambda spec: spec.prominence != "main")))
        reads, defaults = has_text(project.world), defaults_of(project.world)
        for form in (self.numbers, self.others):
            form.show_values(recipe.settings, defaults, keyed=recipe.keyed, has_text=reads)
        usual = chunk_clock(project, take).latents_per_chunk
        self.latents.show_value(latents_per_chunk(project, take), usual)
        self.seed.set_value(take.recipe.seed)
        self.lock.setChecked(take.recipe.seed_is_locked)
        self.lock.set_icon("lock" if take.recipe.seed_is_locked else "lock-open")
        self.prompt.setVisible(reads)
        if not self.prompt.hasFocus() and self.prompt.toPlainText() != recipe.prompt:
            self.prompt.setPlainText(recipe.prompt)
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
        request = chunk.request
        world = self._studio.project.world
        settings = summarised(specs_of(world), request.settings, has_text=has_text(world))
        self._facts.show_facts(
            {
                self.tr("Chunk"): self.tr("{0}, {1} latents").format(request.index + 1, chunk.num_ticks),
                self.tr("Seed"): str(request.seed),
                **{self.tr(spec.short): f"{shown(value)} {spec.unit}".rstrip() for spec, value in settings},
                self.tr("Took"): " + ".join(f"{part} {seconds:.2f}" for part, seconds in chunk.seconds) + " s",
                self.tr("Latents"): chunk.latents_sha256[:12],
            }
        )

    def _changed(self, change: Change) -> None:
        shown = {Facet.SETTINGS, Facet.WORLD, Facet.ACTIONS, Facet.CHUNKS, Facet.SELECTION, Facet.PRESETS, Facet.TAKES}
        shown.add(Facet.KEYS)
        if change.facets & shown:
            self.refresh()
