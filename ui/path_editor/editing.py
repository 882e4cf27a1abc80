"""Editing state of the current take's path: selected keys, tool, the current drag; every change is an edit.

The path itself is the project's. A take that has rows without keys gets keys with the first change to one: both are
one undo step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from PySide6.QtCore import QObject, Signal

from astra_studio.document import path_edits
from astra_studio.document.action_edits import set_actions
from astra_studio.document.actions import Actions, actions_of, joined
from astra_studio.document.facets import Facet
from astra_studio.document.model import NamedPath, Take
from astra_studio.document.paths import Drawn, drawn_of, editable_path, has_rows_without_keys, stored_path
from astra_studio.document.session import Change
from engine.actions.modality import ActionTrack, modality
from engine.actions.presets import preset, preset_names
from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories import key_edits, sampling
from engine.trajectories import path_edits as whole_edits
from engine.trajectories.path import CameraPath, Easing, Vector
from engine.trajectories.preset_paths import preset_path
from engine.trajectories.walking import path_of_track
from ui.path_editor.scene import frame_of_time, time_of_frame
from ui.studio import Studio

Tool = Literal["select", "pen", "move", "rotate"]
TOOLS: tuple[Tool, ...] = get_args(Tool)
PathChange = Callable[[CameraPath], CameraPath]


class PathEditing(QObject):
    """Shared by the pane, the inspector's tab of keys and the project panel."""

    changed = Signal()
    """Other keys are chosen, another tool, another way to use it."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.selected: frozenset[int] = frozenset()
        self.active = -1
        self.tool: Tool = "move"
        self.is_local = False
        self.falloff = 0.0
        """Scene units over which other keys follow; 0: none does."""
        self._drags = 0
        self._base: tuple[Drawn, Take] | None = None
        self._known: tuple[Take, Drawn | None] | None = None
        studio.project_changed.connect(self._project_changed)
        studio.project_opened.connect(lambda: self.select(()))
        studio.key_selected.connect(self._key_selected)

    # ------------------------------------------------------------------ what there is

    @property
    def drawn(self) -> Drawn | None:
        """All of the current take's way as keys, those that would have to be made first among them."""
        take = self.studio.take
        if self._known is None or self._known[0] is not take:
            self._known = (take, editable_path(take))
        return self._known[1]

    @property
    def path(self) -> CameraPath | None:
        drawn = self.drawn
        return None if drawn is None else drawn.path

    @property
    def kept(self) -> CameraPath | None:
        """The keys that the take has already: what is numbered, chosen and shown."""
        found = stored_path(self.studio.take)
        return None if found is None else found.path

    @property
    def num_keys(self) -> int:
        kept = self.kept
        return 0 if kept is None else len(kept.keys)

    @property
    def has_loose_ticks(self) -> bool:
        return has_rows_without_keys(self.studio.take)

    @property
    def modality(self) -> str:
        drawn = self.drawn
        return self.studio.take.actions.modality if drawn is None else drawn.modality

    @property
    def clock(self) -> Clock:
        """Of the current take."""
        return self.studio.take.clock

    @property
    def time_s(self) -> float:
        """Of the playhead, in the path."""
        return time_of_frame(self.studio.project, self.studio.take, self.studio.player.frame)

    # ------------------------------------------------------------------ choosing

    def select(self, numbers: Iterable[int], active: int | None = None) -> None:
        """Choose these keys and no others; the last one is the active one unless another is named."""
        count = self.num_keys
        chosen = [number for number in numbers if 0 <= number < count]
        now = active if active is not None and active in chosen else (chosen[-1] if chosen else -1)
        if frozenset(chosen) != self.selected or now != self.active:
            self.selected, self.active = frozenset(chosen), now
            self.changed.emit()
        self.studio.select_key(now)

    def toggle(self, number: int) -> None:
        """Choose a key besides the others, or no longer."""
        if number in self.selected:
            self.select(sorted(self.selected - {number}))
        else:
            self.select([*sorted(self.selected), number])

    def select_all(self) -> None:
        self.select(range(self.num_keys), self.active)

    def step(self, direction: int) -> None:
        """Choose the key before or after the playhead, and go there."""
        kept = self.kept
        if kept is None:
            return
        times = kept.key_times()
        if self.active >= 0 and abs(times[self.active] - self.time_s) < self.clock.seconds_per_tick / 4:
            number = self.active + direction
        elif direction > 0:
            number = int(np.searchsorted(times, self.time_s + 1e-6))
        else:
            number = int(np.searchsorted(times, self.time_s - 1e-6)) - 1
        self.go_to(min(max(number, 0), len(times) - 1))

    def go_to(self, number: int) -> None:
        """Choose one key, and show its frame."""
        kept = self.kept
        if kept is not None and 0 <= number < len(kept.keys):
            self.select([number])
            self.seek(float(kept.key_times()[number]))

    def seek(self, time_s: float) -> None:
        """Put the playhead at a time of the path."""
        studio = self.studio
        studio.player.pause()
        studio.player.seek(frame_of_time(studio.project, studio.take, time_s))

    def set_tool(self, tool: Tool) -> None:
        if tool != self.tool:
            self.tool = tool
            self.changed.emit()
            self.studio.commands.refresh()

    def set_local(self, is_local: bool) -> None:
        self.is_local = is_local
        self.changed.emit()

    def set_falloff(self, radius: float) -> None:
        """How far around the chosen keys others follow; 0: not at all."""
        self.falloff = max(0.0, radius)
        self.changed.emit()

    # ------------------------------------------------------------------ changing

    def set_path(
        self, path: CameraPath | None, label: str, *, merge_key: str = "", like: Actions | None = None
    ) -> bool:
        """Make this the take's path, of the modality that it has; False where it cannot be, and the bar says why."""
        drawn = None if path is None else Drawn(path=key_edits.from_start(path), modality=self.modality)
        return self._apply(drawn, label, merge_key, like)

    def set_track(self, track: ActionTrack, label: str) -> bool:
        """Ask for a camera's rows, which become keys: those of a pose line exactly."""
        drawn = Drawn(path=path_of_track(track, clock=self.clock), modality=track.modality.name)
        return self._apply(drawn, label, "", actions_of(track))

    def change(self, change: PathChange, label: str, merge_key: str = "") -> bool:
        """Change the path that there is; False where there is none, or it cannot be done."""
        path = self.path
        if path is None:
            return False
        made: list[CameraPath] = []
        return self.studio.guarded(lambda: made.append(change(path)), key="path") and self.set_path(
            made[0], label, merge_key=merge_key
        )

    def change_chosen(self, change: Callable[[CameraPath, frozenset[int]], CameraPath], label: str) -> bool:
        """The same for the chosen keys."""
        chosen = self.selected
        return bool(chosen) and self.change(lambda path: change(path, chosen), label)

    def begin_drag(self) -> bool:
        """What follows until `end_drag` is one undo step, told against the path as it is now."""
        self.studio.end_drag()
        self._drags += 1
        drawn = self.drawn
        self._base = None if drawn is None else (drawn, self.studio.take)
        return drawn is not None

    def drag(self, change: PathChange, label: str) -> None:
        """Show the path that the drag began with, changed so."""
        if self._base is None:
            return
        drawn, take = self._base

        def run() -> None:
            self._apply(replace(drawn, path=change(drawn.path)), label, self._drag_key, take.actions)

        self.studio.guarded(run, key="path")

    def end_drag(self) -> None:
        """The drag is over."""
        self._base = None
        self.studio.end_drag()
        self.changed.emit()

    @property
    def is_dragging(self) -> bool:
        return self._base is not None

    def cancel_drag(self) -> None:
        """The path is as it was when the drag began, and there is no step."""
        if self._base is not None:
            _, take = self._base
            self.studio.apply(set_actions(take.id, take.actions, take.path, self._drag_key))
        self.end_drag()

    @property
    def _drag_key(self) -> str:
        return f"path drag {self._drags}"

    def _apply(self, drawn: Drawn | None, label: str, merge_key: str = "", like: Actions | None = None) -> bool:
        if drawn is not None and modality(drawn.modality).stays_level:
            drawn = replace(drawn, path=key_edits.levelled(drawn.path))  # a car stays on the ground
        edit = path_edits.set_path(self.studio.take.id, drawn, like=like, label=label, merge_key=merge_key)
        is_done = self.studio.apply(edit)
        if is_done:
            self.studio.problem_gone.emit("path")
        return is_done

    # ------------------------------------------------------------------ what users ask for

    def add_key(self) -> None:
        """A key at the playhead; where the path ends before it, one more at the end."""
        path, time_s = self.path, self._snapped(self.time_s)
        if path is not None and path.start_s < time_s < path.end_s:
            made: list[tuple[CameraPath, int]] = []
            if self.studio.guarded(lambda: made.append(key_edits.add_at(path, time_s)), key="path"):
                self._put(made[0], self.tr("Add key"))
            return
        if path is not None and path.end_s > path.start_s and time_s <= path.start_s:
            if not self.has_loose_ticks or self.set_path(path, self.tr("Make keys")):
                self.select([0])
            return
        grown: list[CameraPath] = []
        if self.studio.guarded(lambda: grown.append(key_edits.extended(path, clock=self.clock)), key="path"):
            self._put((grown[0], len(grown[0].keys) - 1), self.tr("Add key"))
            kept = self.kept
            if kept is not None:
                self.seek(kept.end_s)

    def split_at(self, time_s: float) -> None:
        """A key on the way at a time."""
        path = self.path
        if path is not None and path.start_s < (at := self._snapped(time_s)) < path.end_s:
            made: list[tuple[CameraPath, int]] = []
            if self.studio.guarded(lambda: made.append(key_edits.add_at(path, at)), key="path"):
                self._put(made[0], self.tr("Split path"))

    def make_keys(self) -> None:
        """Give the ticks that have none their keys."""
        path = self.path
        if path is not None and self.set_path(path, self.tr("Make keys")):
            self.select([len(path.keys) - 1])

    def remove_chosen(self) -> None:
        """Take the chosen keys out; where none is chosen, the one at the playhead."""
        path, chosen = self.path, self.selected
        if path is None:
            return
        if not chosen:
            near = [
                n for n, key in enumerate(path.keys) if abs(key.time_s - self.time_s) < self.clock.seconds_per_tick / 2
            ]
            chosen = frozenset(near[:1])
        if chosen and self.set_path(key_edits.removed(path, chosen), self.tr("Remove key")):
            left = self.num_keys
            self.select([min(min(chosen), left - 1)] if left else [])

    def duplicate_chosen(self) -> None:
        """The chosen keys once more, a chunk later."""
        path, chosen = self.path, self.selected
        if path is None or not chosen:
            return
        made, new = key_edits.duplicated(path, chosen, clock=self.clock)
        if self.set_path(made, self.tr("Duplicate keys")):
            self.select(sorted(new))

    def set_pose(self, pose: Floats) -> None:
        """Give the active key a pose (4, 4); where none is chosen, put a key at the playhead."""
        path, number = self.path, self.active
        if path is not None and number >= 0:
            self.set_path(key_edits.posed(path, number, pose), self.tr("Set key from view"))
            return
        time_s = self._snapped(self.time_s)
        self._put(key_edits.put(path, time_s, pose), self.tr("Set key from view"))

    def set_easing(self, easing: Easing) -> None:
        self.change_chosen(lambda path, chosen: key_edits.eased(path, chosen, easing), self.tr("Change easing"))

    def look_at(self, point: Vector | None) -> None:
        """The chosen keys face a point, or are free again."""
        label = self.tr("Look at point") if point else self.tr("Look freely")
        self.change_chosen(lambda path, chosen: key_edits.looking_at(path, chosen, point), label)

    def nudge(self, shift: Floats, *, is_repeat: bool) -> None:
        """Move the chosen keys a little; a key held down is one step."""
        chosen = self.selected
        if not is_repeat:
            self.studio.end_drag()
            self._drags += 1
        self.change(
            lambda path: key_edits.moved(path, key_edits.falloff(path, chosen, self.falloff), shift.tolist()),
            self.tr("Nudge keys"),
            f"nudge {self._drags}",
        )

    def append(self, path: CameraPath, label: str, rows: Actions | None = None) -> bool:
        """Put a path after the end of the one that there is, from where it ends; `rows` are those it was made of."""
        before, known = self.path, self.studio.take.actions
        like = joined([known, rows]) if rows is not None and rows.modality == known.modality else None
        made: list[CameraPath] = []
        done = self.studio.guarded(
            lambda: made.append(path if before is None else whole_edits.join(before, path)), key="path"
        ) and self.set_path(made[0], label, like=like)
        if done:
            first = 0 if before is None else len(before.keys)
            self.select(range(first, self.num_keys), self.num_keys - 1)
        return done

    def append_preset(self, name: str, num_ticks: int | None = None) -> bool:
        """A preset after the end, as keys. Raises ValueError for none of that name."""
        path = preset_path(name, num_ticks, clock=self.clock)
        # The rows of a preset of rows are taken number for number.
        rows = (
            preset(name, sampling.num_ticks(path, clock=self.clock), clock=self.clock)
            if name in preset_names()
            else sampling.actions(path, clock=self.clock)
        )
        return self.append(path, self.tr("Add preset"), actions_of(rows))

    def append_kept(self, kept: NamedPath) -> bool:
        """A path that the project keeps, after the end."""
        made: list[CameraPath] = []

        def find() -> None:
            if kept.path is not None:
                made.append(drawn_of(kept.path).path)
            else:
                made.append(path_of_track(kept.actions.track, clock=kept.clock))

        if not self.studio.guarded(find, key="path"):
            return False
        return self.append(made[0], self.tr("Add path"), kept.actions if kept.clock.counts_like(self.clock) else None)

    def replace_with(self, path: CameraPath, label: str) -> bool:
        """Another path in place of the one that there is; whoever does not want that can undo it at once."""
        before = self.num_keys
        done = self.set_path(path, label)
        if done:
            self.select([])
            if before:
                words = self.tr("{0} keys replaced").format(before)
                self.studio.say(words, self.tr("Undo"), self.studio.undo)
        return done

    def clear(self) -> None:
        """No keys and no actions."""
        self.studio.apply(path_edits.set_path(self.studio.take.id, None, label=self.tr("Clear path")))

    def reverse(self) -> None:
        self.change(whole_edits.reverse, self.tr("Reverse path"))

    def mirror(self) -> None:
        self.change(whole_edits.mirror, self.tr("Mirror path"))

    def scale(self, factor: float) -> None:
        """Larger or smaller about the first key."""
        self.change(lambda path: whole_edits.scale(path, factor, about=path.keys[0].position), self.tr("Scale path"))

    def retime(self, duration_s: float) -> None:
        self.change(lambda path: whole_edits.retime(path, duration_s=duration_s), self.tr("Retime path"))

    def snap_times(self) -> None:
        """Every key on a tick."""
        self.change(lambda path: whole_edits.snap(path, "tick", clock=self.clock), self.tr("Snap keys to ticks"))

    def level(self) -> None:
        self.change(key_edits.levelled, self.tr("Level path"))

    def set_loop(self, closing_s: float | None) -> None:
        """Seconds from the last key back to the first; None opens the loop."""
        label = self.tr("Open loop") if closing_s is None else self.tr("Close loop")
        self.change(lambda path: replace(path, closing_s=closing_s), label)

    def set_constant_speed(self, is_on: bool) -> None:
        self.change(lambda path: replace(path, constant_speed=is_on), self.tr("Change constant speed"))

    def set_modality(self, modality: str) -> bool:
        """What the path moves: a camera, a car, a tool. A car's path is made level."""
        drawn = self.drawn
        if drawn is None:
            # With nothing asked for, the empty track says what comes.
            return self.studio.apply(path_edits.set_modality(self.studio.take.id, modality))
        if drawn.modality == modality:
            return True
        return self._apply(Drawn(path=drawn.path, modality=modality), self.tr("Change modality"))

    # ------------------------------------------------------------------ within

    def _put(self, made: tuple[CameraPath, int], label: str) -> None:
        path, number = made
        if path is self.kept or self.set_path(path, label):
            self.select([number])

    def _snapped(self, time_s: float) -> float:
        step = self.clock.seconds_per_tick
        return round(time_s / step) * step if self.studio.is_snapping else time_s

    def _project_changed(self, change: Change) -> None:
        if change.before.selection.take != change.after.selection.take:
            self.select(())
        elif Facet.ACTIONS in change.facets:
            self._keep_selection()

    def _keep_selection(self) -> None:
        """Without the keys that are gone."""
        count = self.num_keys
        kept: Collection[int] = [number for number in sorted(self.selected) if number < count]
        if len(kept) != len(self.selected):
            self.select(kept, self.active)

    def _key_selected(self, number: int) -> None:
        if number != self.active:
            self.select([number] if number >= 0 else [])
