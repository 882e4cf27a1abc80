"""Arrangement of the panes in the window: sizes per workspace, which are saved, and the window's geometry."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from PySide6.QtCore import QByteArray, QSettings, QSize
from PySide6.QtWidgets import QMainWindow, QSplitter

USUAL = (1600, 1000)
_HANDLE_PX = 3
_MOST_TIMELINE = 0.42
"""Of the height: in a low window the picture is not squeezed away by lanes, which scroll."""
_PATH_SHARE = 0.235
"""Of the width, where the user has not said otherwise: a wide window gives the path more, too."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes of the panes beside the viewer and under it, in pixels; the viewer has the rest.

    Attributes:
        path: None as much as the window's width suggests.
    """

    project: int
    inspector: int
    timeline: int
    path: int | None = None


_PLAIN: dict[str, Sizes] = {
    "Author": Sizes(project=208, inspector=305, timeline=378),
    "Drive": Sizes(project=208, inspector=305, timeline=172),
    "Review": Sizes(project=228, inspector=305, timeline=292),
}


class Arrangement:
    """Columns are project, path, viewer, inspector; rows are these and the timeline."""

    def __init__(self, file: QSettings, columns: QSplitter, rows: QSplitter) -> None:
        self._file, self._columns, self._rows = file, columns, rows
        self._sizes = {name: self._read(name) for name in _PLAIN}
        self.workspace = "Author"
        for splitter in (columns, rows):
            splitter.setHandleWidth(_HANDLE_PX)
            splitter.setChildrenCollapsible(False)
            splitter.splitterMoved.connect(lambda _position, _number: self._moved())

    def sizes(self, workspace: str) -> Sizes:
        """Sizes of a workspace as the user has set them; None for a pane never resized."""
        return self._sizes[workspace]

    def apply(self) -> None:
        """Resize the visible panes after a change of window or workspace."""
        wanted = self._sizes[self.workspace]
        width, height = self._columns.width(), self._rows.height()
        path = round(_PATH_SHARE * width) if wanted.path is None else wanted.path
        sides = [wanted.project, path, 0, wanted.inspector]
        seen = _seen(self._columns)
        taken = sum(size for size, is_seen in zip(sides, seen, strict=True) if is_seen)
        # Where the viewer makes room for the path as a tab, the path has what the viewer would have.
        rest = max(width - taken - _HANDLE_PX * (sum(seen) - 1), 0)
        if seen[2]:
            sides[2] = rest
        else:
            sides[1] += rest
        self._columns.setSizes(sides)
        timeline = min(wanted.timeline, round(_MOST_TIMELINE * height))
        self._rows.setSizes([height - timeline - _HANDLE_PX, timeline])

    def _moved(self) -> None:
        """The user has moved a handle: keep the sizes as they are now."""
        columns, rows, known = self._columns.sizes(), self._rows.sizes(), self._sizes[self.workspace]
        has = _seen(self._columns)
        known = replace(
            known,
            project=columns[0] if has[0] else known.project,
            path=columns[1] if has[1] and has[2] else known.path,
            inspector=columns[3] if has[3] else known.inspector,
            timeline=rows[1] if _seen(self._rows)[1] else known.timeline,
        )
        self._sizes[self.workspace] = known

    # ------------------------------------------------------------------ what is kept

    def keep(self, window: QMainWindow) -> None:
        """Store everything for the next time."""
        for name, sizes in self._sizes.items():
            self._file.setValue(f"{name}/sizes", json.dumps(vars(sizes)))
        self._file.setValue("workspace", self.workspace)
        self._file.setValue("window", window.saveGeometry())
        self._file.sync()

    @property
    def kept_workspace(self) -> str:
        """The workspace that the window was closed in."""
        return str(self._file.value("workspace", "Author"))

    def place(self, window: QMainWindow) -> None:
        """Where the window was when it was closed; else as large as it usually is, within the screen."""
        kept = self._file.value("window")
        if isinstance(kept, QByteArray) and window.restoreGeometry(kept):
            return
        room = window.screen().availableGeometry().size()
        window.resize(QSize(*USUAL).boundedTo(room))

    def _read(self, workspace: str) -> Sizes:
        plain = _PLAIN[workspace]
        try:
            known = json.loads(str(self._file.value(f"{workspace}/sizes", "{}")))
        except ValueError:
            return plain
        if not isinstance(known, dict):
            return plain
        fitting = {
            name: size
            for name, size in known.items()
            if name in vars(plain) and isinstance(size, int) and not isinstance(size, bool) and size > 0
        }
        return replace(plain, **fitting)


def _seen(splitter: QSplitter) -> list[bool]:
    """Which of its panes are not hidden."""
    panes = (splitter.widget(number) for number in range(splitter.count()))
    return [pane is not None and not pane.isHidden() for pane in panes]
