"""Commands for takes, and for keys and locks at the playhead."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu

from astra_studio.document import edits, take_edits
from astra_studio.document.derived import active_parameters, locate_frame, made_frames
from astra_studio.document.model import ChunkId, Parameter, Take, new_id
from ui.commands.table import KEY_COMMANDS
from ui.studio import Studio
from ui.timeline import key_drags
from ui.timeline.canvas import TimelineCanvas
from ui.timeline.redo_dialog import RedoDialog
from ui.widgets import run_dialog, run_menu


class Takes(QObject):
    """What they do, to the current take."""

    def __init__(self, studio: Studio, canvas: TimelineCanvas) -> None:
        super().__init__(canvas)
        self._studio, self._canvas = studio, canvas
        attach = studio.commands.attach

        def has_chunks() -> bool:
            return bool(studio.take.chunks)

        attach("take.new", lambda: studio.apply(take_edits.new_take(new_id())))
        attach("take.branch", self._branch, enabled=has_chunks)
        attach("take.redo_from", self._redo_from, enabled=has_chunks)
        attach("take.delete_tail", self._delete_tail, enabled=has_chunks)
        attach("take.delete", self._delete)
        attach("take.rename", canvas.fields.name_take)
        attach("take.star", self._star, checked=lambda: studio.take.is_starred)
        attach("take.lock", self._lock, enabled=lambda: self._chunk_here() is not None, checked=self._is_locked_here)
        attach("take.restore", self._restore, enabled=lambda: bool(studio.session.loose()))
        attach("take.compare", self._compare, enabled=lambda: len(studio.project.takes) > 1)
        for command, spec in KEY_COMMANDS.items():
            self._attach_key(command, spec.name)

    def chunks_before(self) -> int:
        """How many chunks of the current take lie wholly before the playhead's one."""
        take, frame = self._studio.take, self._studio.player.frame
        if frame >= made_frames(take):
            return len(take.chunks)
        return take.chunks.index(locate_frame(take, frame)[0])

    # ------------------------------------------------------------------ takes

    def _branch(self) -> None:
        before = self.chunks_before()
        if self._studio.apply(take_edits.branch(self._studio.take.id, before, new_id())):
            self._studio.say(self.tr("{0} branches at chunk {1}").format(self._studio.take.name, before + 1))

    def _redo_from(self) -> None:
        dialog = RedoDialog(self._studio, self.chunks_before(), self._canvas)
        if run_dialog(dialog):
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

    def _star(self) -> None:
        take = self._studio.take
        self._studio.apply(take_edits.star(take.id, not take.is_starred))

    def _restore(self) -> None:
        """The chain of chunks that left the project last comes back as a take."""
        tip = self._studio.session.loose()[-1]
        if self._studio.apply(take_edits.restore(tip.id, self._studio.session.library, new_id())):
            self._studio.say(self.tr("Restored as {0}").format(self._studio.take.name))

    def _compare(self) -> None:
        menu = QMenu(self._canvas)
        selection = self._studio.project.selection
        for take in self._studio.project.takes:
            if take.id != selection.take:
                action = menu.addAction(take.name)
                action.setCheckable(True)
                action.setChecked(take.id == selection.compared)
                action.triggered.connect(lambda is_on, take=take: self.set_compared(take, is_on))
        run_menu(menu, self._canvas.mapToGlobal(QPoint(40, 0)))

    def set_compared(self, take: Take, is_on: bool) -> None:
        """Look at another take beside the current one, or no longer."""
        selection = self._studio.project.selection
        self._studio.apply(edits.select(compared=take.id if is_on else None, ticks=selection.ticks))

    # ------------------------------------------------------------------ chunks and keys

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

    def _attach_key(self, command: str, parameter: Parameter) -> None:
        def is_active() -> bool:
            return parameter in active_parameters(self._studio.project)

        self._studio.commands.attach(command, lambda: self._add_key(parameter), enabled=is_active)

    def _add_key(self, parameter: Parameter) -> None:
        """A key at the playhead, its value to be typed."""
        scene = self._canvas.scene
        tick = max(0, int(scene.tick_at(scene.axis.x(self._studio.player.frame)) + 1e-6))
        key_drags.add_parameter_key(scene, parameter, tick)
        self._canvas.fields.edit_key((parameter, tick))
