"""Table of commands: id, label, menu, shortcut, icon. Views attach the functions; nothing else names a shortcut."""

from __future__ import annotations

from dataclasses import dataclass

from astra_studio.document.declared import PROMPT_SPEC
from engine.settings import SettingSpec
from engine.worlds.registry import every_setting

MENUS = ("File", "Edit", "View", "Play", "Take", "Path", "Drive", "Generate", "Help")


@dataclass(frozen=True, kw_only=True)
class Command:
    """One thing a user can do.

    Attributes:
        id: menu and name; stable, since users' own keys are kept by it.
        menu: which menu shows it; "" for none.
        keys: default shortcuts, the first one shown.
        group: commands of one group stand together in the menu.
        is_checkable: whether it is on or off.
    """

    id: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    group: int = 0
    is_checkable: bool = False


def _c(id_: str, text: str, *keys: str, icon: str = "", tip: str = "", group: int = 0, on: bool = False) -> Command:
    menu = {"file": "File", "edit": "Edit", "view": "View", "play": "Play", "take": "Take", "path": "Path"} | {
        "drive": "Drive",
        "generate": "Generate",
        "help": "Help",
    }
    return Command(
        id=id_,
        text=text,
        menu=menu[id_.partition(".")[0]],
        keys=keys,
        icon=icon,
        tip=tip,
        group=group,
        is_checkable=on,
    )


def _titled(label: str) -> str:
    """A label as a menu writes it: every word with a capital letter."""
    return " ".join(word[:1].upper() + word[1:] for word in label.split())


KEY_COMMANDS: dict[str, SettingSpec] = {
    f"take.key_{spec.name}": spec for spec in (*every_setting(), PROMPT_SPEC) if spec.can_have_keys
}
"""One command for all that can have keys along a take."""

COMMANDS: tuple[Command, ...] = (
    _c("file.new", "New Project", "Ctrl+N"),
    _c("file.open", "Open Project...", "Ctrl+O", icon="folder-open"),
    _c("file.save_as", "Save As...", "Ctrl+Shift+S", icon="floppy-disk", tip="Copy the project to another place"),
    _c("file.open_picture", "Open Picture or Clip...", "Ctrl+Shift+O", icon="image", group=1),
    _c("file.paste_picture", "Paste Picture", "Ctrl+V", group=1),
    _c("file.import_path", "Import Camera Path...", icon="path", group=1),
    _c("file.export", "Export...", "Ctrl+E", icon="export", group=2),
    _c("file.export_frame", "Save This Frame...", "Ctrl+Shift+E", group=2),
    _c("file.export_path", "Export Camera Path...", group=2),
    _c("file.quit", "Quit", "Ctrl+Q", group=3),
    _c("edit.undo", "Undo", "Ctrl+Z", icon="arrow-u-up-left"),
    _c("edit.redo", "Redo", "Ctrl+Shift+Z", "Ctrl+Y", icon="arrow-u-up-right"),
    _c("edit.palette", "Command Palette...", "Ctrl+K", icon="command", group=1),
    _c("edit.shortcuts", "Keyboard Shortcuts...", "F1", icon="keyboard", group=1),
    _c("edit.preferences", "Preferences...", "Ctrl+,", icon="gear", group=1),
    _c("view.author", "Author", "Alt+1", on=True),
    _c("view.drive", "Drive", "Alt+2", on=True),
    _c("view.review", "Review", "Alt+3", on=True),
    _c("view.fit", "Fit", "Shift+Z", group=1, on=True),
    _c("view.one", "1:1", "Ctrl+1", group=1, on=True),
    _c("view.two", "2:1", "Ctrl+2", group=1, on=True),
    _c("view.wipe", "A | B Wipe", "W", icon="split-horizontal", group=2, on=True),
    _c("view.side", "Side by Side", "Shift+W", icon="columns", group=2, on=True),
    _c("view.hud", "Action HUD", "H", icon="game-controller", group=2, on=True),
    _c("view.detail", "Detail", "Shift+H", icon="image", group=2, on=True, tip="With detail, or as the world made it"),
    _c("view.curves", "Curves in the Timeline", "Shift+G", icon="pulse", group=2, on=True),
    _c("view.timeline_in", "Zoom In on the Timeline", "=", "+", icon="plus", group=2),
    _c("view.timeline_out", "Zoom Out of the Timeline", "-", icon="minus", group=2),
    _c("view.timeline_fit", "Show the Whole Take", "\\", icon="arrows-out-cardinal", group=2),
    _c("view.full_screen", "Full Screen", "F11", icon="corners-out", group=3, on=True),
    _c("view.theme", "Dark or Light", icon="moon", group=3),
    _c("view.log", "Log", icon="list", group=3),
    _c("play.toggle", "Play or Pause", "Space", icon="play"),
    _c("play.backward", "Play Backward", "J", tip="Again for faster"),
    _c("play.stop", "Stop", "K"),
    _c("play.forward", "Play Forward", "L", tip="Again for faster"),
    _c("play.loop", "Loop", "Ctrl+L", icon="repeat", on=True),
    _c("play.previous_frame", "Previous Frame", "Left", icon="caret-left", group=1),
    _c("play.next_frame", "Next Frame", "Right", icon="caret-right", group=1),
    _c("play.previous_tick", "Previous Latent", "Shift+Left", group=1),
    _c("play.next_tick", "Next Latent", "Shift+Right", group=1),
    _c("play.previous_chunk", "Previous Chunk", "Ctrl+Left", "Up", icon="caret-double-left", group=1),
    _c("play.next_chunk", "Next Chunk", "Ctrl+Right", "Down", icon="caret-double-right", group=1),
    _c("play.start", "To Start", "Home", icon="skip-back", group=1),
    _c("play.end", "To End", "End", icon="skip-forward", group=1),
    _c("play.mark_in", "Set In", "I", group=2),
    _c("play.mark_out", "Set Out", "O", group=2),
    _c("play.mark_chunk", "Mark This Chunk", "X", group=2),
    _c("play.clear_marks", "Clear In and Out", "Alt+X", group=2),
    _c("play.marker", "Add Marker", "M", icon="map-pin", group=3),
    _c("play.edit_marker", "Edit Marker...", "Shift+M", group=3),
    _c("play.previous_marker", "Previous Marker", "Shift+,", group=3),
    _c("play.next_marker", "Next Marker", "Shift+.", group=3),
    _c("take.new", "New Take", "Ctrl+T", icon="film-strip"),
    _c("take.branch", "Branch Here", "B", icon="git-branch", tip="A take that shares the chunks before the playhead's"),
    _c(
        "take.redo_from",
        "Redo from Here...",
        "Ctrl+R",
        icon="arrow-clockwise",
        tip="Make this chunk and the rest again",
    ),
    _c("take.delete_tail", "Delete from Here", "Ctrl+Backspace", icon="scissors", group=1),
    _c("take.delete", "Delete Take", icon="trash", group=1),
    _c("take.restore", "Restore Chunks...", group=1),
    _c("take.rename", "Rename", "F2", icon="pencil-simple", group=2),
    _c("take.star", "Star", icon="star", group=2, on=True),
    _c(
        "take.lock",
        "Lock This Chunk",
        "Shift+L",
        icon="lock",
        tip="A locked chunk is neither deleted nor made stale",
        group=2,
        on=True,
    ),
    *(
        _c(id_, f"{_titled(spec.short)} Key Here...", tip="From the playhead on", group=3)
        for id_, spec in KEY_COMMANDS.items()
    ),
    _c("take.compare", "Compare With...", icon="split-horizontal", group=2),
    _c("path.add_key", "Add Key Here", "Return", icon="plus", tip="At the playhead; after the end, a chunk later"),
    _c("path.duplicate", "Duplicate Keys", "Ctrl+D", icon="copy", tip="A chunk later; what follows comes later"),
    _c("path.remove_key", "Remove Key", "Shift+Return", "Delete", icon="trash"),
    _c("path.previous_key", "Previous Key", ",", icon="caret-left"),
    _c("path.next_key", "Next Key", ".", icon="caret-right"),
    _c("path.select_all", "Select All Keys", "Ctrl+A"),
    _c(
        "path.automatic",
        "Automatic Handles",
        tip="Chosen keys bent by hand, as they would be without",
    ),
    _c("path.make_keys", "Make Keys of It", tip="Keys for ticks that have none: typed, driven, imported or generated"),
    _c("path.select", "Select", "1", icon="cursor", tip="Choose keys; drag around them", group=1, on=True),
    _c("path.pen", "Draw", "P", icon="pen-nib", tip="Draw the way freehand", group=1, on=True),
    _c("path.move", "Move", "2", "G", icon="arrows-out-cardinal", tip="Move keys; X Y Z lock", group=1, on=True),
    _c("path.rotate", "Rotate", "3", "R", icon="arrow-clockwise", tip="Turn keys; X Y Z lock", group=1, on=True),
    _c("path.local", "Local Axes", "Shift+C", tip="Move and turn in the key's own axes", group=1, on=True),
    _c("path.snap", "Snapping", "S", icon="magnet", tip="Ctrl inverts it while dragging", group=1, on=True),
    _c("path.record", "Record by Flying", "Shift+R", icon="record", group=2, on=True, tip="W A S D Q E and arrows fly"),
    _c("path.from_view", "Set Key from View", "Ctrl+0", icon="camera", group=2),
    _c("path.look_through", "Look through the Camera", "C", icon="eye", group=2, on=True),
    _c("path.frame_all", "Frame All", "F", group=2),
    _c("path.reverse", "Reverse Path", group=3),
    _c("path.mirror", "Mirror Path", group=3),
    _c("path.scale", "Scale Path...", group=3),
    _c("path.retime", "Retime Path...", group=3),
    _c("path.turn", "Move and Turn Path...", group=3),
    _c("path.snap_times", "Snap Keys to Ticks", group=3),
    _c("path.level", "Level Path", tip="One height, no tilt: what a car can drive", group=3),
    _c("path.loop", "Closed Path", group=3, on=True, tip="Back to the first key"),
    _c("path.constant_speed", "Constant Speed", group=3, on=True, tip="One pace; keys say where, and no longer when"),
    _c("path.keep", "Keep This Path", icon="bookmark-simple", tip="Under a name, in the project panel", group=4),
    _c("path.copy_line", "Copy Pose Line", icon="clipboard-text", group=4),
    _c("path.clear", "Clear Path", icon="x", group=4),
    _c("drive.start", "Drive", "F5", icon="game-controller", tip="Steer the world live; again, or Esc, to stop"),
    _c("drive.pause", "Pause Driving", icon="pause", tip="Space while driving", group=1, on=True),
    _c("drive.step", "Drive One Chunk", icon="skip-forward", tip="N while driving, also while paused", group=1),
    _c("drive.discard", "Discard Last Chunk", icon="arrow-u-up-left", tip="Backspace while driving", group=1),
    _c("drive.reset", "Start Over", icon="skip-back", tip="R while driving: a new take from the start", group=1),
    _c("drive.latch", "Latch Keys", icon="lock", tip="L while driving: a press holds until the next", group=2, on=True),
    _c(
        "drive.mouse", "Look with the Mouse", icon="cursor", tip="A click on the picture; Esc lets go", group=2, on=True
    ),
    _c("generate.next", "Generate Next Chunk", "Ctrl+Return", icon="play"),
    _c("generate.all", "Generate to the End", "Ctrl+Shift+Return"),
    _c("generate.pause", "Pause after This Chunk", icon="pause", on=True),
    _c("generate.cancel", "Cancel", "Ctrl+.", icon="stop-fill"),
    _c("generate.retry", "Try the Failed Chunk Again", icon="arrow-clockwise", group=1),
    _c("generate.retry_short", "Try Again with Shorter Chunks", group=1, tip="Half the latents need less memory"),
    _c("generate.world", "Choose a World...", group=2),
    _c(
        "generate.batch",
        "Render Batch...",
        icon="queue",
        group=2,
        tip="Pictures, moves and settings out of a JOBS.toml",
    ),
    _c("help.copy_diagnostics", "Copy Diagnostics", icon="copy"),
    _c("help.about", "About Astra Studio", icon="info"),
)


def as_markdown() -> str:
    """The table for the docs."""
    lines = [
        "# Commands and keys",
        "",
        "From the table in `ui/commands/table.py`; keys can be changed in the window.",
        "",
    ]
    for menu in MENUS:
        lines += [f"## {menu}", "", "| command | keys | |", "|---|---|---|"]
        for command in COMMANDS:
            if command.menu == menu:
                keys = ", ".join(f"`{key}`" for key in command.keys)
                lines.append(f"| {command.text} | {keys} | {command.tip} |")
        lines.append("")
    return "\n".join(lines)
