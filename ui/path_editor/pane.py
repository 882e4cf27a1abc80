"""Owns the path's pane: header, the view from above or the side over the one in 3D, and the commands of paths."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from astra_studio.document.derived import start_of
from astra_studio.document.facets import Facet
from astra_studio.document.session import Change
from ui.path_editor.commands import attach_path_commands
from ui.path_editor.editing import PathEditing
from ui.path_editor.flying import Flying
from ui.path_editor.scene import Scene, scene_of
from ui.path_editor.view import PathView
from ui.viewport.images import image_of
from ui.widgets import IconButton, PaneHeader, SegmentedControl

VIEWS = ("Top", "Side", "3D")
_TOOLS = (
    ("path.select", "cursor"),
    ("path.pen", "pen-nib"),
    ("path.move", "arrows-out-cardinal"),
    ("path.rotate", "arrow-clockwise"),
    ("path.snap", "magnet"),
)
_SHOWN = {Facet.ACTIONS, Facet.CHUNKS, Facet.SELECTION, Facet.TAKES, Facet.START, Facet.SETTINGS, Facet.WORLD}


class PathPane(QWidget):
    """Header over two views."""

    def __init__(self, editing: PathEditing) -> None:
        super().__init__()
        studio = editing.studio
        self.editing, self._studio = editing, studio
        self.flying = Flying()
        self.scene = Scene()
        self.views = SegmentedControl(studio.theme, VIEWS, self.tr("View of the path"))
        self.views.chosen.connect(self.show_view)
        self.top, self.side = PathView(editing, self.flying, "top"), PathView(editing, self.flying, "side")
        self.space = PathView(editing, self.flying, "3d")
        attach_path_commands(self)
        tools: list[QWidget] = []
        for command, icon in _TOOLS:
            action = studio.commands.action(command)
            tools.append(IconButton(studio.theme, icon, action.text()).follow(action))
        self.header = PaneHeader(studio.theme, self.tr("Path"), tools)
        row = self.header.layout()
        assert row is not None
        row.insertWidget(1, self.views)  # type: ignore[attr-defined]
        row.setSpacing(4)
        self._upper = QStackedWidget()
        for view in (self.top, self.side):
            self._upper.addWidget(view)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self._upper)
        self._split.addWidget(self.space)
        self._split.setHandleWidth(3)
        self._split.setStretchFactor(0, 65)
        self._split.setStretchFactor(1, 35)
        self._split.setSizes([337, 181])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self._split, 1)
        self.setMinimumWidth(300)
        self.flying.moved.connect(lambda _pose: self.space.update())
        studio.project_opened.connect(self.read)
        studio.project_changed.connect(self._changed)
        studio.playhead_moved.connect(lambda _frame: self.follow_playhead())
        studio.frames_arrived.connect(lambda _chunk: self._show_picture())

    @property
    def all_views(self) -> tuple[PathView, PathView, PathView]:
        return self.top, self.side, self.space

    def read(self) -> None:
        """Take in what is true now, and show it."""
        self.scene = scene_of(self._studio.project)
        for view in self.all_views:
            view.show_scene(self.scene)
        self._show_picture()

    def follow_playhead(self) -> None:
        """Show where the playhead is on the way."""
        for view in self.all_views:
            if view.isVisible():
                view.update()
        self._show_picture()

    def show_view(self, name: str) -> None:
        """Top, Side, or 3D alone."""
        self.views.choose(name)
        self._upper.setVisible(name != "3D")
        if name != "3D":
            self._upper.setCurrentWidget(self.top if name == "Top" else self.side)
        self._studio.commands.refresh()

    def fit(self) -> None:
        """Show the whole path in every view."""
        for view in self.all_views:
            view.fit()

    def look_through(self) -> None:
        """Through the path's camera, or freely again."""
        self.space.set_looking_through(not self.space.looks_through)
        self._show_picture()

    def _changed(self, change: Change) -> None:
        if change.facets & _SHOWN:
            self.read()

    def _show_picture(self) -> None:
        """For the view through the camera: the frame at the playhead, once it has been made."""
        if not self.space.looks_through:
            return
        studio = self._studio
        player, info = studio.player, studio.project.world.info
        if info is not None:
            self.space.aspect = info.aspect
        is_made = player.frame < player.num_frames
        found = player.picture(studio.take.id, player.frame) if is_made else None
        if found is not None or not is_made:
            self.space.picture = None if found is None else image_of(found)
        self.space.update()

    def has_start(self) -> bool:
        return start_of(self._studio.project, self._studio.take) is not None
