"""Pane of the path: header, the view from above or the side over the 3D view, and the path commands."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from astra_studio.document.derived import start_of
from astra_studio.document.facets import Facet
from astra_studio.document.session import Change
from astra_studio.services.playback.starts import crop_of
from engine.trajectories.sampling import num_ticks
from ui.path_editor.editing import PathEditing
from ui.path_editor.flying import Flying
from ui.path_editor.overlays import LooseTicks, RecordButton
from ui.path_editor.recording import FlightRecorder
from ui.path_editor.scene import PathScene, scene_of
from ui.path_editor.view import PathView
from ui.viewport.images import image_of
from ui.widgets import Corner, IconButton, PaneHeader, SegmentedControl

VIEWS = ("Top", "Side", "3D")
_TOOLS = (
    ("path.select", "cursor"),
    ("path.pen", "pen-nib"),
    ("path.move", "arrows-out-cardinal"),
    ("path.rotate", "arrow-clockwise"),
    ("path.snap", "magnet"),
)
_FOLLOWS_MS = 50
"""How long after the playhead the views follow it, once for all its steps until then: the frame comes first."""
_WIDE = 1.4
"""Width over height of the pane, from which on its views stand beside each other."""
_SHOWN = {Facet.ACTIONS, Facet.CHUNKS, Facet.SELECTION, Facet.TAKES, Facet.START, Facet.SETTINGS, Facet.WORLD}


class PathPane(QWidget):
    """Header over two views."""

    def __init__(self, editing: PathEditing) -> None:
        super().__init__()
        studio = editing.studio
        self.editing, self._studio = editing, studio
        self.flying = Flying()
        self.scene = PathScene()
        self.views = SegmentedControl(studio.theme, VIEWS, self.tr("View of the path"))
        self.views.chosen.connect(self.show_view)
        self.top, self.side = PathView(editing, self.flying, "top"), PathView(editing, self.flying, "side")
        self.space = PathView(editing, self.flying, "3d")
        self.recorder = FlightRecorder(editing, self.flying)
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
        self.setMinimumWidth(self.header.minimumSizeHint().width())
        self.loose = LooseTicks(editing)
        self.record = RecordButton(editing, self.recorder)
        self.record.begun.connect(self.start_recording)
        self.record.ended.connect(self.recorder.stop)
        Corner(self._upper, self.loose, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, margin_y=34)
        Corner(self.space, self.record, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
        self.space.recording_cancelled.connect(self.recorder.cancel)
        self.recorder.changed.connect(self._recording_changed)
        self.flying.moved.connect(lambda _pose: self._update_views())
        self._following = QTimer(self)
        self._following.setSingleShot(True)
        self._following.setInterval(_FOLLOWS_MS)
        self._following.timeout.connect(self._followed)
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
        known = 0 if self.scene.path is None else num_ticks(self.scene.path, clock=self.scene.clock)
        self.loose.refresh(len(self.scene.ticks) - 1 - known if self.scene.has_loose_ticks else 0)
        self._show_picture()

    def follow_playhead(self) -> None:
        """Show where the playhead is on the way, soon."""
        if not self._following.isActive():
            self._following.start()
        self._show_picture()

    def _followed(self) -> None:
        # At once: what is only marked as old is painted together with the next frame, which would wait for it.
        for view in self.all_views:
            if view.isVisible():
                view.repaint()

    def _update_views(self) -> None:
        for view in self.all_views:
            if view.isVisible():
                view.update()

    def show_view(self, name: str) -> None:
        """Top, Side, or 3D alone."""
        self.views.choose(name)
        self._upper.setVisible(name != "3D")
        if name != "3D":
            self._upper.setCurrentWidget(self.top if name == "Top" else self.side)
        self._studio.commands.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a place that is wider than high the views stand side by side."""
        super().resizeEvent(event)
        is_wide = self.width() > _WIDE * self.height()
        self._split.setOrientation(Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical)

    def fit(self) -> None:
        """Show the whole path in every view."""
        for view in self.all_views:
            view.fit()

    def look_through(self) -> None:
        """Through the path's camera, or freely again."""
        self.space.set_looking_through(not self.space.looks_through)
        self._show_picture()

    # ------------------------------------------------------------------ recording

    def start_recording(self) -> None:
        """Fly from the end of the path; the keys go to the 3D view from now on."""
        if self.recorder.start(self.scene):
            self.space.setFocus(Qt.FocusReason.OtherFocusReason)

    def toggle_recording(self) -> None:
        """Begin, or make keys of what was flown."""
        if self.recorder.is_on:
            self.recorder.stop()
        else:
            self.start_recording()

    def _recording_changed(self) -> None:
        for view in self.all_views:
            view.update()
        self._studio.commands.refresh()

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
        if player.frame < player.num_frames:
            found = player.picture(studio.take.id, player.frame)
            if found is not None:  # until it has been read, what was shown stays
                self.space.picture = image_of(found)
        else:
            self.space.picture = self._start_picture() if self.editing.time_s == 0 else None
        self.space.update()

    def _start_picture(self) -> QImage | None:
        """What a take begins with, cut as its world sees it."""
        studio = self._studio
        start, info = start_of(studio.project, studio.take), studio.project.world.info
        picture = None if start is None else studio.player.start_picture(start)
        if start is None or picture is None or info is None:
            return None
        crop = crop_of(start, info)
        box = (round(crop.left), round(crop.top), round(crop.width), round(crop.height))
        return image_of(picture).copy(*box)
