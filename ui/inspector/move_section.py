"""The camera move as one line of text, in step with the take's actions."""

from __future__ import annotations

from PySide6.QtGui import QFocusEvent, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from astra_studio.document.derived import latents_per_chunk
from engine.actions.modality import modality
from engine.actions.pose_line import PoseLineError, parse_pose_line, pose_line_of
from ui.path_editor import PathEditing
from ui.plurals import counted
from ui.theme import S4
from ui.widgets import IconButton, Section, quiet_label


class LineField(QLineEdit):
    """A line that shows what it is told, but for the time that somebody types in it."""

    def __init__(self) -> None:
        super().__init__()
        self._told = ""

    @property
    def is_typed_in(self) -> bool:
        """Whether it says something else than it was told."""
        return self.text() != self._told

    def tell(self, text: str) -> None:
        """Show a text, and take back what was typed."""
        self._told = text
        if self.text() != text:
            self.setText(text)
            self.setCursorPosition(0)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if not self.text().strip():
            self.tell(self._told)


class MoveSection(Section):
    """Type a line and press Return: it becomes keys. A path that is no line says what it is."""

    def __init__(self, editing: PathEditing) -> None:
        studio = editing.studio
        super().__init__(studio.theme, "")
        self._editing, self._studio = editing, studio
        self._shown: tuple[object, str | None] = (None, None)
        self.set_title(self.tr("Camera move"))
        self.line, self.words = LineField(), quiet_label("")
        self.line.setPlaceholderText("w-8 left-4 w+left-8")
        self.line.setAccessibleName(self.tr("Camera move as a pose line"))
        self.line.setToolTip(
            self.tr("Moves, each what-ticks: w s a d walk, left right up down turn, q e sink and rise, hold; + joins")
        )
        self.line.returnPressed.connect(self._take_line)
        copy = studio.commands.action("path.copy_line")
        row = QHBoxLayout()
        row.setSpacing(S4)
        row.addWidget(self.line, 1)
        row.addWidget(IconButton(studio.theme, "copy", copy.text()).follow(copy))
        self.words.setWordWrap(True)
        self.body.addLayout(row)
        self.body.addWidget(self.words)
        studio.commands.attach("path.copy_line", self.copy, enabled=lambda: bool(self._known_line()))
        studio.project_opened.connect(self.refresh)
        studio.project_changed.connect(lambda _change: self.refresh())

    def copy(self) -> None:
        """Put the line on the clipboard."""
        line = self._known_line()
        if line:
            QGuiApplication.clipboard().setText(line)
            self._studio.say(self.tr("Copied: {0}").format(line))

    def refresh(self) -> None:
        """Show the line of what the take asks for, or that there is none."""
        line = self._known_line()
        if not (self.line.hasFocus() and self.line.is_typed_in):
            self.line.tell(line or "")
            self._mark(self._told_words(line), is_wrong=False)
        kind = modality(self._editing.modality)
        self.hint.setText("" if kind.poses_say_all else kind.label)

    def _known_line(self) -> str | None:
        """The line of the current actions; worked out once for each."""
        actions = self._studio.take.actions
        if self._shown[0] is not actions:
            self._shown = (actions, pose_line_of(actions.track, clock=self._studio.take.clock) if len(actions) else "")
        return self._shown[1]

    def _told_words(self, line: str | None) -> str:
        take, keys = self._studio.take, self._editing.num_keys
        ticks = len(take.actions)
        if not ticks and not keys:
            return self.tr("No move yet: Generate walks forward. Type one and press Return.")
        seconds = ticks * take.clock.seconds_per_tick
        chunks = -(-ticks // latents_per_chunk(self._studio.project, take))
        length = ", ".join(
            (
                counted(ticks, self.tr("1 tick"), self.tr("{0} ticks")),
                self.tr("{0:.1f} s").format(seconds),
                counted(chunks, self.tr("1 chunk"), self.tr("{0} chunks")),
            )
        )
        if line:
            return length
        if keys:
            return self.tr("Drawn path, {0} keys: no pose line says it. {1}").format(keys, length)
        return self.tr("Imported, driven or generated: no pose line says it. {0}").format(length)

    def _take_line(self) -> None:
        try:
            track = parse_pose_line(self.line.text(), clock=self._studio.take.clock)
        except PoseLineError as error:
            self._mark(str(error), is_wrong=True)
            return
        if self._editing.set_track(track, self.tr("Type move")):
            self._editing.select(())
            self._shown = (None, None)
            self.line.tell(self._known_line() or "")
            self._mark(self._told_words(self._known_line()), is_wrong=False)

    def _mark(self, words: str, *, is_wrong: bool) -> None:
        self.words.setText(words)
        for widget, name, value in (
            (self.line, "bad", "true" if is_wrong else "false"),
            (self.words, "role", "error" if is_wrong else "quiet"),
        ):
            if widget.property(name) != value:
                widget.setProperty(name, value)
                widget.style().unpolish(widget)
                widget.style().polish(widget)
