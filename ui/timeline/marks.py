"""Commands for the work area and for markers."""

from __future__ import annotations

from PySide6.QtCore import QObject

from astra_studio.document import edits
from astra_studio.document.model import MarkerId, new_id
from ui.studio import Studio
from ui.timeline.canvas import TimelineCanvas


class Marks(QObject):
    """What they do, at the playhead."""

    def __init__(self, studio: Studio, canvas: TimelineCanvas) -> None:
        super().__init__(canvas)
        self._studio, self._canvas = studio, canvas
        attach = studio.commands.attach

        def has_frames() -> bool:
            return studio.player.num_total > 1

        def has_markers() -> bool:
            return bool(studio.project.markers)

        attach("play.mark_in", self._mark_in, enabled=has_frames)
        attach("play.mark_out", self._mark_out, enabled=has_frames)
        attach("play.mark_chunk", self._mark_chunk, enabled=lambda: studio.player.num_frames > 0)
        attach("play.clear_marks", lambda: studio.apply(edits.set_work_area(None, None)))
        attach("play.marker", self._add_marker, enabled=has_frames)
        attach("play.edit_marker", self._edit_marker, enabled=lambda: self._marker_here() is not None)
        attach("play.next_marker", lambda: self._to_marker(1), enabled=has_markers)
        attach("play.previous_marker", lambda: self._to_marker(-1), enabled=has_markers)

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

    def _marker_here(self) -> MarkerId | None:
        frame = self._studio.player.frame
        return next((marker.id for marker in self._studio.project.markers if marker.frame == frame), None)

    def _edit_marker(self) -> None:
        marker = self._marker_here()
        if marker is not None:
            self._canvas.fields.name_marker(marker)

    def _to_marker(self, direction: int) -> None:
        here = self._studio.player.frame
        frames = sorted((marker.frame for marker in self._studio.project.markers), reverse=direction < 0)
        there = next((frame for frame in frames if (frame - here) * direction > 0), None)
        if there is not None:
            self._studio.player.seek(there)
