"""Section of the paths that the project keeps under names."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QTreeWidget, QTreeWidgetItem

from astra_studio.document import path_edits
from astra_studio.document.facets import Facet
from astra_studio.document.model import NamedPath
from astra_studio.document.paths import drawn_of
from astra_studio.document.session import Change
from engine.trajectories.errors import TrajectoryError
from ui.path_editor import PathEditing
from ui.widgets import IconButton, Section, quiet_label, run_menu

_ROW_PX, _MOST_ROWS = 23, 6
_SHOWN = {Facet.PATHS, Facet.ACTIONS, Facet.SELECTION}


class PathsSection(Section):
    """Enter or a double click uses a path for the current take; the menu renames and deletes."""

    def __init__(self, editing: PathEditing, import_path: Callable[[], object]) -> None:
        studio = editing.studio
        super().__init__(studio.theme, "")
        self.set_title(self.tr("Paths"))
        self._editing, self._studio = editing, studio
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setColumnCount(2)
        self.list.setRootIsDecorated(False)
        self.list.setIndentation(0)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, header.ResizeMode.Stretch)
        header.setSectionResizeMode(1, header.ResizeMode.ResizeToContents)
        self.list.setMinimumWidth(0)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setAccessibleName(self.tr("Kept paths"))
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.setEditTriggers(self.list.EditTrigger.EditKeyPressed)
        self.list.itemActivated.connect(lambda item: self.use(_name(item)))
        self.list.itemChanged.connect(self._renamed)
        self._empty = quiet_label(self.tr("None kept yet"))
        self.body.addWidget(self.list)
        self.body.addWidget(self._empty)
        keep = studio.commands.action("path.keep")
        studio.commands.attach("path.keep", self.keep, enabled=lambda: bool(len(studio.take.actions)))
        self.add_tool(IconButton(studio.theme, "bookmark-simple", self.tr("Keep this take's path")).follow(keep))
        bring = IconButton(studio.theme, "folder-open", self.tr("Import a camera file"))
        bring.clicked.connect(lambda: import_path())
        self.add_tool(bring)
        studio.project_opened.connect(self.refresh)
        studio.project_changed.connect(self._changed)
        studio.theme.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the paths that are kept; the one that the current take uses is marked."""
        project, theme = self._studio.project, self._studio.theme
        take = project.current
        self.list.blockSignals(True)
        self.list.clear()
        for path in project.paths:
            is_used = path.path == take.path and path.actions == take.actions
            item = QTreeWidgetItem([path.name, _hint(path)])
            item.setData(0, Qt.ItemDataRole.UserRole, path.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setIcon(0, theme.icon("path", "accent_mark" if is_used else "text3"))
            item.setForeground(1, theme.color("text3"))
            item.setToolTip(0, path.source or path.name)
            self.list.addTopLevelItem(item)
            if is_used:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        count = len(project.paths)
        self.hint.setText(str(count) if count else "")
        self.list.setVisible(count > 0)
        self.list.setFixedHeight(_ROW_PX * min(max(count, 1), _MOST_ROWS) + 2)
        self._empty.setVisible(count == 0)

    def use(self, name: str) -> None:
        """Let the current take ask for what a kept path asks for."""
        if self._studio.apply(path_edits.use_path(name, self._studio.take.id)):
            self._editing.select(())

    def keep(self) -> None:
        """Keep the current take's path, and let its name be typed."""
        taken = {path.name for path in self._studio.project.paths}
        numbers = range(1, len(taken) + 2)
        name = next(usual for number in numbers if (usual := self.tr("Path {0}").format(number)) not in taken)
        if self._studio.apply(path_edits.keep_path(self._studio.take.id, name)):
            self.rename(name)

    def rename(self, name: str) -> None:
        """Type another name where it stands: Return takes it, Escape leaves it."""
        item = self._item(name)
        if item is not None:
            self.list.setCurrentItem(item)
            self.list.editItem(item, 0)

    def delete(self, name: str) -> None:
        """Forget a path; it can be undone."""
        if self._studio.apply(path_edits.delete_path(name)):
            self._studio.say(self.tr("{0} deleted").format(name), self.tr("Undo"), self._studio.undo)

    def menu(self, name: str) -> QMenu:
        """What can be done with a path."""
        menu = QMenu(self)
        menu.addAction(self.tr("Use for This Take")).triggered.connect(lambda: self.use(name))
        menu.addAction(self.tr("Add to This Take's End")).triggered.connect(lambda: self.append(name))
        menu.addSeparator()
        menu.addAction(self.tr("Rename")).triggered.connect(lambda: self.rename(name))
        menu.addAction(self.tr("Delete")).triggered.connect(lambda: self.delete(name))
        return menu

    def append(self, name: str) -> None:
        """Go on with a kept path where the current one ends."""
        kept = path_edits.named_path(self._studio.project, name)
        self._editing.append_kept(kept)

    def _show_menu(self, where: QPoint) -> None:
        item = self.list.itemAt(where)
        if item is not None:
            run_menu(self.menu(_name(item)), self.list.viewport().mapToGlobal(where))

    def _item(self, name: str) -> QTreeWidgetItem | None:
        items = (self.list.topLevelItem(number) for number in range(self.list.topLevelItemCount()))
        return next((item for item in items if item is not None and _name(item) == name), None)

    def _renamed(self, item: QTreeWidgetItem) -> None:
        name, wanted = _name(item), item.text(0)
        if wanted != name and not self._studio.apply(path_edits.rename_path(name, wanted)):
            self.refresh()  # the name that it has

    def _changed(self, change: Change) -> None:
        if change.facets & _SHOWN:
            self.refresh()


def _name(item: QTreeWidgetItem) -> str:
    return str(item.data(0, Qt.ItemDataRole.UserRole))


def _hint(path: NamedPath) -> str:
    """How many keys it has, or where it came from."""
    if path.path is None:
        return "imported" if path.source else f"{len(path.actions)} ticks"
    try:
        return f"{len(drawn_of(path.path).path.keys)} keys"
    except TrajectoryError:
        return f"{len(path.actions)} ticks"
