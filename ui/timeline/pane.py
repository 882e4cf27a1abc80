"""Owns the timeline's pane: header, lanes, and the commands of takes, marks and generating."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QMenu, QVBoxLayout, QWidget

from astra_studio.document import edits, take_edits
from astra_studio.document.derived import first_stale, locate_frame
from astra_studio.document.model import ChunkId, Take, TakeId, new_id
from ui.studio import Studio
from ui.timeline.canvas import TimelineCanvas
from ui.timeline.legend import Legend, ZoomSlider
from ui.timeline.redo_dialog import RedoDialog
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
        studio.making_changed.connect(lambda _making: self.canvas.read())
        studio.frames_arrived.connect(self.canvas.frames_arrived)
        studio.preview_arrived.connect(self.canvas.preview_arrived)
        studio.playhead_moved.connect(lambda _frame: self.canvas.follow_playhead())
        self._attach_marks()
        self._attach_takes()
        self._attach_generating()

    def _opened(self) -> None:
        self.canvas.read()
        self.canvas.place_lanes()
        self.canvas.fit()

    def _show_mode(self, name: str) -> None:
        self.mode.choose(name)
        self.canvas.show_graph(name == "Curves")
        self._studio.commands.refresh()

    def _set_snap(self, name: str) -> None:
        self.canvas.set_snap(name)  # type: ignore[arg-type]  # the control has these three

    # ------------------------------------------------------------------ marks

    def _attach_marks(self) -> None:
        studio, attach = self._studio, self._studio.commands.attach

        def toggle_snapping() -> None:
            studio.is_snapping = not studio.is_snapping

        def has_frames() -> bool:
            return studio.player.num_total > 1

        attach("view.timeline_in", lambda: self.canvas.zoom(_ZOOM))
        attach("view.timeline_out", lambda: self.canvas.zoom(1 / _ZOOM))
        attach("view.timeline_fit", self.canvas.fit)
        attach(
            "view.curves",
            lambda: self._show_mode("Keys" if self.canvas.graph is not None else "Curves"),
            checked=lambda: self.canvas.graph is not None,
        )
        attach("path.snap", toggle_snapping, checked=lambda: studio.is_snapping)
        attach("play.mark_in", self._mark_in, enabled=has_frames)
        attach("play.mark_out", self._mark_out, enabled=has_frames)
        attach("play.mark_chunk", self._mark_chunk, enabled=lambda: studio.player.num_frames > 0)
        attach("play.clear_marks", lambda: studio.apply(edits.set_work_area(None, None)))
        attach("play.marker", self._add_marker, enabled=has_frames)
        attach("play.edit_marker", self._edit_marker, enabled=lambda: self._marker_here() is not None)
        attach("play.next_marker", lambda: self._to_marker(1), enabled=lambda: bool(studio.project.markers))
        attach("play.previous_marker", lambda: self._to_marker(-1), enabled=lambda: bool(studio.project.markers))

    def _mark_in(self) -> None:
        frame, stop = self._studio.player.frame, self._studio.project.work_area.stop
        self._studio.apply(edits.set_work_area(frame, stop if stop is None or stop > frame else None))

    def _mark_out(self) -> None:
        stop, start = self._studio.player.frame + 1, self._studio.project.work_area.start
        self._studio.apply(edits.set_work_area(start if start is None or start < stop else None, stop))

    def _mark_chunk(self) -> None:
        found = self._studio.player.chunk
        if found is not None:
            begin = min(self._studio.player.frame, self._studio.player.num_frames - 1) - found[1]
            self._studio.apply(edits.set_work_area(begin, begin + found[0].num_frames))

    def _add_marker(self) -> None:
        self._studio.apply(edits.add_marker(new_id(), self._studio.player.frame))
        seconds = self._studio.player.frame / self._studio.player.fps
        self._studio.say(self.tr("Marker added at {0:.2f} s").format(seconds), self.tr("Undo"), self._studio.undo)

    def _marker_here(self) -> str | None:
        frame = self._studio.player.frame
        return next((marker.id for marker in self._studio.project.markers if marker.frame == frame), None)

    def _edit_marker(self) -> None:
        marker = self._marker_here()
        known = next(other for other in self._studio.project.markers if other.id == marker)
        name, is_given = QInputDialog.getText(self, self.tr("Marker"), self.tr("Name"), text=known.name)
        if is_given:
            self._studio.apply(edits.rename_marker(known.id, name))

    def _to_marker(self, direction: int) -> None:
        here = self._studio.player.frame
        frames = sorted((marker.frame for marker in self._studio.project.markers), reverse=direction < 0)
        there = next((frame for frame in frames if (frame - here) * direction > 0), None)
        if there is not None:
            self._studio.player.seek(there)

    # ------------------------------------------------------------------ takes

    def _attach_takes(self) -> None:
        studio, attach = self._studio, self._studio.commands.attach

        def has_chunks() -> bool:
            return bool(studio.take.chunks)

        attach("take.new", lambda: studio.apply(take_edits.new_take(new_id())))
        attach("take.branch", self._branch, enabled=has_chunks)
        attach("take.redo_from", self._redo_from, enabled=has_chunks)
        attach("take.delete_tail", self._delete_tail, enabled=has_chunks)
        attach("take.delete", self._delete)
        attach("take.rename", self._rename)
        attach("take.star", self._star, checked=lambda: studio.take.is_starred)
        attach("take.lock", self._lock, enabled=lambda: self._chunk_here() is not None, checked=self._is_locked_here)
        attach("take.restore", self._restore, enabled=lambda: bool(studio.session.loose()))
        attach("take.compare", self._compare, enabled=lambda: len(studio.project.takes) > 1)

    def chunks_before(self) -> int:
        """How many chunks of the current take lie wholly before the playhead's one."""
        take, frame = self._studio.take, self._studio.player.frame
        if frame >= self._studio.player.num_frames:
            return len(take.chunks)
        return take.chunks.index(locate_frame(take, frame)[0])

    def _branch(self) -> None:
        before = self.chunks_before()
        if self._studio.apply(take_edits.branch(self._studio.take.id, before, new_id())):
            self._studio.say(self.tr("{0} branches at chunk {1}").format(self._studio.take.name, before + 1))

    def _redo_from(self) -> None:
        dialog = RedoDialog(self._studio, self.chunks_before(), self)
        if dialog.exec():
            studio = self._studio
            take, before = studio.take.id, self.chunks_before()
            seed = dialog.seed()
            studio.guarded(lambda: studio.generation.redo_from(take, before, dialog.changes(), seed))

    def _delete_tail(self) -> None:
        before = self.chunks_before()
        count = len(self._studio.take.chunks) - before
        if count and self._studio.apply(take_edits.delete_tail(self._studio.take.id, before)):
            words = self.tr("Chunk {0} deleted") if count == 1 else self.tr("Chunks {0} and on deleted")
            self._studio.say(words.format(before + 1), self.tr("Undo"), self._studio.undo)

    def _delete(self) -> None:
        name = self._studio.take.name
        if self._studio.apply(take_edits.delete_take(self._studio.take.id, new_id())):
            self._studio.say(self.tr("{0} deleted").format(name), self.tr("Undo"), self._studio.undo)

    def _rename(self) -> None:
        take = self._studio.take
        name, is_given = QInputDialog.getText(self, self.tr("Rename"), self.tr("Name of the take"), text=take.name)
        if is_given:
            self._studio.apply(take_edits.rename(take.id, name))

    def _star(self) -> None:
        take = self._studio.take
        self._studio.apply(take_edits.star(take.id, not take.is_starred))

    def _chunk_here(self) -> ChunkId | None:
        """The chunk under the playhead; None past the last one."""
        take, before = self._studio.take, self.chunks_before()
        return take.chunks[before].id if before < len(take.chunks) else None

    def _is_locked_here(self) -> bool:
        return self._chunk_here() in self._studio.take.locked

    def _lock(self) -> None:
        chunk = self._chunk_here()
        if chunk is not None:
            self._studio.apply(take_edits.lock(self._studio.take.id, [chunk], not self._is_locked_here()))

    def _restore(self) -> None:
        """The chain of chunks that left the project last comes back as a take."""
        tip = self._studio.session.loose()[-1]
        if self._studio.apply(take_edits.restore(tip.id, self._studio.session.library, new_id())):
            self._studio.say(self.tr("Restored as {0}").format(self._studio.take.name))

    def _compare(self) -> None:
        menu = QMenu(self)
        selection = self._studio.project.selection
        for take in self._studio.project.takes:
            if take.id != selection.take:
                action = menu.addAction(take.name)
                action.setCheckable(True)
                action.setChecked(take.id == selection.compared)
                action.triggered.connect(lambda is_on, take=take: self._set_compared(take, is_on))
        menu.exec(self.mapToGlobal(self.header.rect().bottomLeft()))

    def _set_compared(self, take: Take, is_on: bool) -> None:
        selection = self._studio.project.selection
        self._studio.apply(edits.select(compared=take.id if is_on else None, ticks=selection.ticks))

    # ------------------------------------------------------------------ generating

    def _attach_generating(self) -> None:
        studio, attach = self._studio, self._studio.commands.attach

        def can_generate() -> bool:
            return studio.project.start is not None or bool(studio.take.chunks)

        attach("generate.next", lambda: self.generate(1), enabled=can_generate)
        attach("generate.all", lambda: self.generate(None), enabled=can_generate)
        attach("generate.cancel", lambda: studio.generation.cancel(), enabled=lambda: studio.generation.making.is_busy)
        attach(
            "generate.pause",
            self._pause,
            enabled=lambda: studio.generation.making.is_busy or studio.generation.making.is_paused,
            checked=lambda: studio.generation.making.is_paused,
        )

    def generate(self, num_chunks: int | None) -> None:
        """Make the next chunk, or all that are planned."""
        studio = self._studio
        take = studio.take
        is_stale = first_stale(studio.project, take) < len(take.chunks)
        went_to: list[TakeId] = []
        if not studio.guarded(lambda: went_to.append(studio.generation.generate(take.id, num_chunks)), key="generate"):
            return
        studio.problem_gone.emit("generate")
        if went_to and went_to[0] != take.id:
            name = studio.project.take(went_to[0]).name
            words = self.tr("The path has changed: {0} branches from {1}") if is_stale else self.tr("{0} starts anew")
            studio.say(words.format(name, take.name))
        studio.player.seek(max(studio.player.num_frames - 1, 0))

    def _pause(self) -> None:
        generation = self._studio.generation
        if generation.making.is_paused:
            generation.resume()
        else:
            generation.pause()
