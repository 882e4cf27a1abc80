"""Pane of the timeline: header over lanes, and the commands for viewing it and for generating."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from astra_studio.document.derived import slots
from astra_studio.document.model import TakeId
from ui.studio import Studio
from ui.timeline.canvas import TimelineCanvas
from ui.timeline.legend import Legend, ZoomSlider
from ui.timeline.marks import Marks
from ui.timeline.takes import Takes
from ui.timeline.view import stale_words
from ui.widgets import IconButton, PaneHeader, SegmentedControl
from ui.widgets.basic import ICON_PX

_ZOOM = 1.4


class TimelinePane(QWidget):
    """Header over the lanes."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.canvas = TimelineCanvas(studio)
        self.snap = SegmentedControl(studio.theme, ("Frame", "Tick", "Chunk"), self.tr("Snap to"))
        self.snap.choose("Tick")
        self.snap.chosen.connect(self._set_snap)
        zoom_out, zoom_in, fit = (
            IconButton(studio.theme, icon, action.text()).follow(action)
            for icon, action in (
                ("minus", studio.commands.action("view.timeline_out")),
                ("plus", studio.commands.action("view.timeline_in")),
                ("arrows-out-cardinal", studio.commands.action("view.timeline_fit")),
            )
        )
        magnet = studio.commands.action("path.snap")
        snapping = IconButton(studio.theme, "magnet", magnet.text()).follow(magnet)
        self.zoom = ZoomSlider(studio.theme)
        self.zoom.zoomed.connect(self.canvas.zoom)
        self.canvas.scene.axis_changed.connect(lambda: self.zoom.show_scale(self.canvas.axis.scale))
        self.mode = SegmentedControl(studio.theme, ("Keys", "Curves"), self.tr("Show"))
        self.mode.chosen.connect(self._show_mode)
        self.header = PaneHeader(studio.theme, self.tr("Timeline"), [self.mode, zoom_out, self.zoom, zoom_in, fit])
        row = self.header.layout()
        assert isinstance(row, QHBoxLayout)
        row.insertWidget(1, snapping)
        row.insertWidget(2, self.snap)
        row.insertSpacing(3, ICON_PX)
        row.insertWidget(4, Legend(studio.theme), 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.canvas, 1)
        studio.project_opened.connect(self._opened)
        studio.project_changed.connect(self.canvas.project_changed)
        studio.making_changed.connect(lambda _status: self.canvas.read())
        studio.frames_arrived.connect(self.canvas.frames_arrived)
        studio.small_picture_arrived.connect(self.canvas.frames_arrived)
        studio.preview_arrived.connect(self.canvas.preview_arrived)
        studio.playhead_moved.connect(lambda _frame: self.canvas.follow_playhead())
        self._attach_views()
        self.marks, self.takes = Marks(studio, self.canvas), Takes(studio, self.canvas)
        self._attach_generating()

    def _opened(self) -> None:
        self.canvas.fields.leave()
        self.canvas.read()
        self.canvas.place_lanes()
        self.canvas.fit()

    def _show_mode(self, name: str) -> None:
        self.mode.choose(name)
        self.canvas.show_graph(name == "Curves")
        self._studio.commands.refresh()

    def _set_snap(self, name: str) -> None:
        self.canvas.set_snap(name)  # type: ignore[arg-type]  # the control has these three

    def _attach_views(self) -> None:
        studio, attach = self._studio, self._studio.commands.attach

        def toggle_snapping() -> None:
            studio.is_snapping = not studio.is_snapping

        attach("view.timeline_in", lambda: self.canvas.zoom(_ZOOM))
        attach("view.timeline_out", lambda: self.canvas.zoom(1 / _ZOOM))
        attach("view.timeline_fit", self.canvas.fit)
        attach(
            "view.curves",
            lambda: self._show_mode("Keys" if self.canvas.graph is not None else "Curves"),
            checked=lambda: self.canvas.graph is not None,
        )
        attach("path.snap", toggle_snapping, checked=lambda: studio.is_snapping)

    # ------------------------------------------------------------------ generating

    def _attach_generating(self) -> None:
        studio, attach = self._studio, self._studio.commands.attach

        def can_generate() -> bool:
            return studio.project.start is not None or bool(studio.take.chunks)

        attach("generate.next", lambda: self.generate(1), enabled=can_generate)
        attach("generate.all", lambda: self.generate(None), enabled=can_generate)
        attach("generate.cancel", lambda: studio.generation.cancel(), enabled=lambda: studio.generation.status.is_busy)
        attach(
            "generate.pause",
            self._pause,
            enabled=lambda: studio.generation.status.is_busy or studio.generation.status.is_paused,
            checked=lambda: studio.generation.status.is_paused,
        )

    def generate(self, num_chunks: int | None) -> None:
        """Make the next chunk, or all that are planned."""
        studio = self._studio
        take = studio.take
        stale = next((slot for slot in slots(studio.project, take) if slot.state == "stale"), None)
        went_to: list[TakeId] = []
        if not studio.guarded(lambda: went_to.append(studio.generation.generate(take.id, num_chunks)), key="generate"):
            return
        studio.problem_gone.emit("generate")
        if went_to and went_to[0] != take.id:
            name = studio.project.take(went_to[0]).name
            if stale is None:
                studio.say(self.tr("{0} starts anew").format(name))
            else:
                words = self.tr("{0}: {1} branches from {2} at chunk {3}")
                studio.say(words.format(stale_words(stale, studio.project.world), name, take.name, stale.index + 1))
        studio.player.seek(max(studio.player.num_frames - 1, 0))

    def _pause(self) -> None:
        generation = self._studio.generation
        if generation.status.is_paused:
            generation.resume()
        else:
            generation.pause()
