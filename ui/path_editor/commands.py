"""Actions behind the commands of the Path menu."""

from __future__ import annotations

from engine.trajectories import handles
from ui.path_editor.editing import TOOLS, PathEditing, Tool
from ui.path_editor.pane import PathPane
from ui.path_editor.whole_dialog import RetimeDialog, ScaleDialog, TurnDialog
from ui.widgets import run_dialog


def attach_path_commands(pane: PathPane) -> None:
    """Say what each of them does, and when it can be done."""
    editing, studio = pane.editing, pane.editing.studio
    attach = studio.commands.attach

    def has_keys() -> bool:
        return editing.num_keys > 0

    def has_way() -> bool:
        return bool(len(studio.take.actions)) or has_keys()

    def has_chosen() -> bool:
        return bool(editing.selected)

    def has_bent() -> bool:
        path = editing.kept
        return path is not None and any(handles.is_by_hand(path.keys[number]) for number in editing.selected)

    attach("path.add_key", editing.add_key)
    attach("path.remove_key", editing.remove_chosen, enabled=has_way)
    attach("path.duplicate", editing.duplicate_chosen, enabled=has_chosen)
    attach("path.select_all", editing.select_all, enabled=has_keys)
    attach("path.previous_key", lambda: editing.step(-1), enabled=has_keys)
    attach("path.next_key", lambda: editing.step(1), enabled=has_keys)
    attach(
        "path.automatic",
        lambda: editing.change_chosen(handles.automatic, studio.tr("Automatic handles")),
        enabled=has_bent,
    )
    attach("path.make_keys", editing.make_keys, enabled=lambda: editing.has_loose_ticks)
    attach("path.reverse", editing.reverse, enabled=has_way)
    attach("path.mirror", editing.mirror, enabled=has_way)
    attach("path.snap_times", editing.snap_times, enabled=has_keys)
    attach("path.level", editing.level, enabled=has_way)
    attach("path.clear", editing.clear, enabled=has_way)
    attach("path.from_view", lambda: editing.set_pose(pane.space.eye))
    attach("path.look_through", pane.look_through, checked=lambda: pane.space.looks_through)
    attach("path.frame_all", pane.fit)
    attach("path.local", lambda: editing.set_local(not editing.is_local), checked=lambda: editing.is_local)
    attach("path.record", pane.toggle_recording, checked=lambda: pane.recorder.is_on)
    attach("path.loop", lambda: _toggle_loop(editing), enabled=has_keys, checked=lambda: _is_loop(editing))
    attach(
        "path.constant_speed",
        lambda: editing.set_constant_speed(not _is_constant(editing)),
        enabled=has_keys,
        checked=lambda: _is_constant(editing),
    )
    attach("path.scale", lambda: run_dialog(ScaleDialog(editing, pane)), enabled=has_way)
    attach("path.turn", lambda: run_dialog(TurnDialog(editing, pane)), enabled=has_way)
    attach("path.retime", lambda: _retime(pane), enabled=has_way)
    for tool in TOOLS:
        _attach_tool(pane, tool)


def _retime(pane: PathPane) -> None:
    path = pane.editing.path
    if path is not None:
        run_dialog(RetimeDialog(pane.editing, path, pane))


def _is_loop(editing: PathEditing) -> bool:
    return editing.kept is not None and editing.kept.closing_s is not None


def _toggle_loop(editing: PathEditing) -> None:
    editing.set_loop(None if _is_loop(editing) else editing.clock.seconds_per_chunk)


def _is_constant(editing: PathEditing) -> bool:
    return editing.kept is not None and editing.kept.constant_speed


def _attach_tool(pane: PathPane, tool: Tool) -> None:
    editing = pane.editing
    editing.studio.commands.attach(
        f"path.{tool}", lambda: editing.set_tool(tool), checked=lambda: bool(editing.tool == tool)
    )
