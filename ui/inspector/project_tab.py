"""Tab with the facts of the project and the choice of its world."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QComboBox, QFileDialog, QPushButton, QVBoxLayout, QWidget

from astra_studio.document import edits
from astra_studio.paths import world_catalogue
from engine.worlds.registry import names_without_files
from ui.studio import Studio
from ui.widgets import Facts, Section


class ProjectTab(QWidget):
    """World, start, file."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._world = Section(studio.theme, self.tr("World"))
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("World"))
        self.choice.activated.connect(self._choose)
        browse = QPushButton(self.tr("Open a world's folder or checkpoint..."))
        browse.clicked.connect(self._browse)
        self._world.body.addWidget(self.choice)
        self._world.body.addWidget(browse)
        self._world_facts, self._file_facts = Facts(), Facts()
        self._world.body.addWidget(self._world_facts)
        self._file = Section(studio.theme, self.tr("Project"))
        self._file.body.addWidget(self._file_facts)
        column.addWidget(self._world)
        column.addWidget(self._file)
        column.addStretch(1)
        studio.project_opened.connect(self.refresh)
        studio.project_changed.connect(lambda _change: self.refresh())
        studio.making_changed.connect(lambda _status: self.refresh())

    def refresh(self) -> None:
        if not self.isVisible():
            return
        self._show()

    def showEvent(self, event: object) -> None:
        self._show()

    def _show(self) -> None:
        project = self._studio.project
        names = [*sorted(world_catalogue()), *names_without_files()]
        if project.world.spec not in names:
            names.append(project.world.spec)
        if names != [self.choice.itemText(number) for number in range(self.choice.count())]:
            self.choice.clear()  # not with every step of a chunk: the list may be open
            self.choice.addItems(names)
        self.choice.setCurrentText(project.world.spec)
        info, status = project.world.info, self._studio.generation.status
        facts: dict[str, str] = {self.tr("State"): status.world_stage}
        if status.world_problem is not None:
            facts[self.tr("Reason")] = status.world_problem.why
        if info is not None:
            facts |= {
                self.tr("Picture"): self.tr("{0} x {1}, {2} frames per second").format(
                    info.width, info.height, info.clock.fps
                ),
                self.tr("Chunk"): self.tr("{0} latents").format(info.clock.latents_per_chunk),
                self.tr("Actions"): ", ".join(info.modalities),
                self.tr("Ignores"): ", ".join(info.ignores) or "-",
                self.tr("Text"): self.tr("yes") if info.has_text else self.tr("no"),
                self.tr("Device"): info.device,
                self.tr("Licence"): info.licence or "-",
                self.tr("Fingerprint"): info.fingerprint[:12],
            }
        self._world_facts.show_facts(facts)
        path = self._studio.session.path
        size = path.stat().st_size if path.exists() else 0
        self._file_facts.show_facts(
            {
                self.tr("File"): path.name,
                self.tr("Folder"): str(path.parent),
                self.tr("Size"): f"{size / 1e6:.1f} MB",
                self.tr("Takes"): str(len(project.takes)),
                self.tr("Chunks"): str(len(self._studio.session.library)),
            }
        )

    def _choose(self, _number: int) -> None:
        self._set(self.choice.currentText())

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of a world"))
        if folder:
            self._set(str(Path(folder)))

    def _set(self, spec: str) -> None:
        if spec != self._studio.project.world.spec and self._studio.apply(edits.set_world(spec)):
            self._studio.generation.open_world()
