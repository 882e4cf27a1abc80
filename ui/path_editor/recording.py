"""Recording a path by flying it: from the current end of the path, in real time, reduced to a few keys."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from engine.poses import Floats
from engine.trajectories.drawing import path_of_flight
from ui.path_editor.editing import PathEditing
from ui.path_editor.flying import Flying
from ui.path_editor.scene import PathScene


class FlightRecorder(QObject):
    """Flies on from a pose, and hands the flown way to the editing."""

    changed = Signal()
    """It has begun, or ended."""

    def __init__(self, editing: PathEditing, flying: Flying) -> None:
        super().__init__()
        self._editing, self._flying = editing, flying

    @property
    def is_on(self) -> bool:
        return self._flying.is_recording

    def start(self, scene: PathScene) -> bool:
        """Fly from where the path ends; False where a loop has no end."""
        path = self._editing.path
        if self.is_on:
            return True
        if path is not None and path.closing_s is not None:
            self._editing.studio.say(self.tr("A loop has no end to fly on from; open it first"))
            return False
        self._editing.studio.player.pause()
        self._editing.select(())
        self._flying.start(end_of(scene), records=True, clock=self._editing.clock)
        self.changed.emit()
        return True

    def stop(self) -> None:
        """Make keys of what was flown, after the path's end: one undo step."""
        if not self.is_on:
            return
        times, poses = self._flying.stop()
        self.changed.emit()
        flown = path_of_flight(times, poses, clock=self._editing.clock)
        if flown is None:
            self._editing.studio.say(self.tr("Nothing was flown: hold W A S D Q E or the arrow keys"))
            return
        if self._editing.append(flown, self._editing.tr("Record path")):
            self._editing.seek(self._editing.kept.end_s if self._editing.kept else 0.0)

    def cancel(self) -> None:
        """Forget what was flown."""
        if self.is_on:
            self._flying.stop()
            self.changed.emit()


def end_of(scene: PathScene) -> Floats:
    """The pose (4, 4) that a take's way ends at."""
    return scene.ticks[-1] if scene.path is None else scene.pose_at(max(scene.path.end_s, scene.end_s))
