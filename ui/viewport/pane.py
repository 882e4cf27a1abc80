"""The viewer: chooses what the stage shows, paces playback, and carries out the playback and view commands."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QPushButton, QStackedLayout, QVBoxLayout, QWidget

from astra_studio.document.derived import start_frames
from astra_studio.document.edits import select, set_crop
from astra_studio.document.model import Start, Take
from astra_studio.document.places import recent
from astra_studio.document.session import Change
from astra_studio.services.generation.queue import ChunkPreview, GenerationStatus
from engine.video.pictures import Crop, crop_for
from engine.worlds.detail_settings import is_invented
from ui.studio import Studio
from ui.viewport.hud import Motion, motion_of
from ui.viewport.images import image_of
from ui.viewport.stage import Compare, Shown, Stage, Zoom
from ui.viewport.transport import Transport
from ui.widgets import EmptyState, IconButton, PaneHeader, SegmentedControl

_CLOCK_MS = 8
"""Twice as often as a screen shows pictures: frames come at their time, not at the timer's."""
_RELEASED_ASPECT = 832 / 480
"""Of the crop while no world has been opened."""

_ZOOMS: dict[str, Zoom] = {"view.fit": "fit", "view.one": "1:1", "view.two": "2:1"}
_ZOOM_OF: dict[str, Zoom] = {"Fit": "fit", "1:1": "1:1", "2:1": "2:1"}
_COMPARISONS: dict[str, Compare] = {"view.wipe": "wipe", "view.side": "side"}


class ViewportPane(QWidget):
    """Header, stage, transport."""

    dropped = Signal(object)
    """The `QMimeData` of what was dropped."""

    def __init__(
        self, studio: Studio, open_picture: Callable[[], object], open_project: Callable[[Path], object]
    ) -> None:
        super().__init__()
        self._studio = studio
        self._preview: ChunkPreview | None = None
        self._start_image: tuple[str, QImage] | None = None
        self.stage = Stage(studio.theme)
        self.stage.dropped.connect(self.dropped)
        self.stage.crop_moved.connect(self._crop_moved)
        self.stage.zoomed.connect(self._zoomed)
        self.zoom = SegmentedControl(studio.theme, ("Fit", "1:1", "2:1"), self.tr("Zoom"))
        self.zoom.chosen.connect(lambda name: self._set_zoom(_ZOOM_OF[name]))
        tools: list[QWidget] = [self.zoom]
        for command in ("view.wipe", "view.side", "view.hud", "view.full_screen"):
            action = studio.commands.action(command)
            icons = {"view.wipe": "split-horizontal", "view.side": "columns", "view.hud": "game-controller"}
            icon = icons.get(command, "corners-out")
            tools.append(IconButton(studio.theme, icon, action.text()).follow(action))
        self.header = PaneHeader(studio.theme, self.tr("Viewer"), tools)
        self.transport = Transport(studio)
        empty = EmptyState(
            studio.theme,
            "image",
            self.tr("Drop a picture here to start"),
            self.tr("Open picture"),
            open_picture,
            is_on_stage=True,
        )
        self._last: Path | None = None
        self.go_on = QPushButton()
        self.go_on.clicked.connect(lambda: self._last is not None and open_project(self._last))
        empty.add(self.go_on)
        self._over = QWidget()
        stacked = QStackedLayout(self._over)
        stacked.setStackingMode(QStackedLayout.StackingMode.StackAll)
        stacked.addWidget(self.stage)
        stacked.addWidget(empty)
        self._empty, self._stacked = empty, stacked
        self.place_for_problems = QVBoxLayout()
        self.place_for_problems.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self._over, 1)
        column.addLayout(self.place_for_problems)
        self.place_for_driving = QVBoxLayout()
        self.place_for_driving.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self.place_for_driving)
        column.addWidget(self.transport)
        self._clock = QTimer(self)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(lambda: studio.player.advance(time.monotonic()))
        self._listen()
        self._attach()

    def _listen(self) -> None:
        studio = self._studio
        studio.playhead_moved.connect(lambda _frame: self.refresh())
        studio.playback_changed.connect(self._playback_changed)
        studio.frames_arrived.connect(lambda _chunk: self.refresh())
        studio.frames_grown.connect(self._grown)
        studio.small_picture_arrived.connect(lambda _source: self.refresh())
        studio.project_opened.connect(self._project_opened)
        studio.project_changed.connect(self._project_changed)
        studio.making_changed.connect(self._making_changed)
        studio.preview_arrived.connect(self._previewed)
        studio.theme.changed.connect(self.refresh)

    def _attach(self) -> None:
        studio, commands = self._studio, self._studio.commands
        for name, run in (
            ("play.toggle", lambda: studio.player.toggle()),
            ("play.forward", lambda: studio.player.shuttle(1)),
            ("play.backward", lambda: studio.player.shuttle(-1)),
            ("play.stop", lambda: studio.player.pause()),
            ("play.next_frame", lambda: studio.player.step_frames(1)),
            ("play.previous_frame", lambda: studio.player.step_frames(-1)),
            ("play.next_tick", lambda: studio.player.step_ticks(1)),
            ("play.previous_tick", lambda: studio.player.step_ticks(-1)),
            ("play.next_chunk", lambda: studio.player.step_chunks(1)),
            ("play.previous_chunk", lambda: studio.player.step_chunks(-1)),
            ("play.start", lambda: studio.player.to_start()),
            ("play.end", lambda: studio.player.to_end()),
        ):
            commands.attach(name, run, enabled=lambda: studio.player.num_total > 1)
        commands.attach(
            "play.loop",
            lambda: studio.player.set_looping(not studio.player.is_looping),
            checked=lambda: studio.player.is_looping,
        )
        for command, zoom in _ZOOMS.items():
            self._attach_zoom(command, zoom)
        for command, compare in _COMPARISONS.items():
            self._attach_compare(command, compare)
        commands.attach("view.hud", self._toggle_hud, checked=lambda: self.stage.has_hud)
        commands.attach(
            "view.detail",
            lambda: studio.player.set_soft(not studio.player.is_soft),
            checked=lambda: not studio.player.is_soft,
        )

    def _attach_zoom(self, command: str, zoom: Zoom) -> None:
        self._studio.commands.attach(
            command, lambda: self._set_zoom(zoom), checked=lambda: bool(self.stage.zoom == zoom)
        )

    def _attach_compare(self, command: str, compare: Compare) -> None:
        self._studio.commands.attach(
            command,
            lambda: self._set_compare(compare),
            enabled=lambda: self._studio.project.selection.compared is not None or self._usual_other() is not None,
            checked=lambda: bool(self.stage.compare == compare),
        )

    # ------------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        """Show what is true now."""
        studio = self._studio
        take, start = studio.take, studio.project.start
        status = studio.generation.status
        is_empty = start is None and not take.chunks
        self._empty.setVisible(is_empty)
        self._stacked.setCurrentWidget(self._empty if is_empty else self.stage)
        label, progress = self._words(take, status)
        preview = self._preview if self._is_at_preview(status) else None
        if preview is not None:
            self.stage.show_this(Shown(picture=image_of(preview.picture), label=label, progress=progress))
        elif studio.player.num_frames:
            self.stage.show_this(
                Shown(
                    picture=self._frame(take, studio.player.frame),
                    other=self._other(),
                    names=self._names(),
                    label=label,
                    progress=progress,
                    motion=self._motion(take),
                    note=self._note(),
                )
            )
        elif start is not None:
            self.stage.show_this(self._start_shown(start, label, progress))
        else:
            self.stage.show_this(Shown(label=label, progress=progress))
        self.header.subtitle.setText(self._subtitle(take))

    def _frame(self, take: Take, frame: int) -> QImage | None:
        player = self._studio.player
        picture = player.picture(take.id, frame)
        if picture is None:
            # What was shown stays until the frame is there; a take shown for the first time has its thumbnail.
            if self.stage.shown.picture is not None and self.stage.shown.crop is None:
                return self.stage.shown.picture
            picture = player.nearest_picture(take.id, frame)
        return None if picture is None else image_of(picture)

    def _other(self) -> QImage | None:
        compared = self._studio.project.selection.compared
        if compared is None or self.stage.compare == "none" or not self._studio.project.has_take(compared):
            return None
        player = self._studio.player
        picture = player.picture(compared, player.frame)
        if picture is None:
            picture = player.nearest_picture(compared, player.frame)
        return self.stage.shown.other if picture is None else image_of(picture)

    def _names(self) -> tuple[str, str]:
        project = self._studio.project
        compared = project.selection.compared
        other = project.take(compared).name if compared and project.has_take(compared) else ""
        return project.current.name, other

    def _start(self, start: Start) -> QImage | None:
        if self._start_image is None or self._start_image[0] != start.artifact:
            picture = self._studio.player.start_picture(start)
            if picture is None:
                return None
            self._start_image = (start.artifact, image_of(picture))
        return self._start_image[1]

    def _start_shown(self, start: Start, label: str, progress: float | None) -> Shown:
        image = self._start(start)
        crop = None if image is None else self._crop(start)
        return Shown(picture=image, crop=crop, label=label, progress=progress)

    def _crop(self, start: Start) -> Crop:
        info = self._studio.project.world.info
        aspect = info.aspect if info else _RELEASED_ASPECT
        return start.crop or crop_for((start.width_px, start.height_px), aspect)

    def _motion(self, take: Take) -> Motion | None:
        first = start_frames(self._studio.project, take)
        frame = self._studio.player.frame
        return (
            None if frame < first else motion_of(take.actions, int(take.clock.tick_of_frame(frame, first)), take.clock)
        )

    def _note(self) -> str:
        """What is to be said of the frame's detail; "" where the chunk has none."""
        found = self._studio.player.chunk
        if found is None or found[0].soft_frames is None:
            return ""
        if self._studio.player.is_soft:
            return self.tr("as the world made it, without detail")
        if is_invented(found[0].request.settings):
            return self.tr(
                "detail of the start picture, moved as the world's frames move; what the start picture does not show "
                "is invented"
            )
        return self.tr(
            "detail of the start picture, moved as the world's frames move; what the world has never shown stays soft"
        )

    def _words(self, take: Take, status: GenerationStatus) -> tuple[str, float | None]:
        active = status.active
        if status.world_stage == "opening" and (status.queued or not take.chunks):
            return (self.tr("Opening the world ..."), None) if status.queued else ("", None)
        if active is None or not self._is_at_preview(status):
            return (self.tr("Waiting for frames ..."), None) if self._studio.player.is_waiting else ("", None)
        share = active.step / max(active.num_steps, 1)
        words = self.tr("Chunk {0} · step {1} of {2}")
        if self._studio.player.is_waiting:
            words = self.tr("Waiting for frames · chunk {0}, step {1} of {2}")
        return words.format(active.index + 1, active.step, active.num_steps), share

    def _is_at_preview(self, status: GenerationStatus) -> bool:
        """Whether the chunk under way is what one would look at: the playhead stands at the end of its take."""
        active, player = status.active, self._studio.player
        is_moving = player.is_playing and not player.is_waiting
        if active is None or active.take != self._studio.take.id or is_moving or player.is_following:
            return False
        return player.frame >= max(player.num_frames - 1, 0)

    def _subtitle(self, take: Take) -> str:
        found = self._studio.player.chunk
        if found is None:
            return take.name
        chunk, _ = found
        where = self.tr("in memory") if self._studio.player.is_in_memory(chunk) else self.tr("stored")
        number = self.tr("chunk {0}").format(chunk.request.index + 1)
        parts = [take.name, number, where]
        if chunk.soft_frames is not None:
            parts.append(self.tr("without detail") if self._studio.player.is_soft else self.tr("with detail"))
        return "  ·  ".join(parts)

    # ------------------------------------------------------------------ what happens

    def _project_opened(self) -> None:
        self._preview, self._start_image = None, None
        self._offer_last()
        self.refresh()

    def _offer_last(self) -> None:
        """The project that was open before this one, where that is still empty."""
        here = self._studio.session.path.absolute()
        self._last = next((path for path in recent() if path != here), None)
        self.go_on.setVisible(self._last is not None)
        if self._last is not None:
            self.go_on.setText(self.tr("Go on with {0}").format(self._last.stem))
            self.go_on.setToolTip(str(self._last))

    def _project_changed(self, change: Change) -> None:
        before, after = change.before, change.after
        if after.selection.compared is None:
            self.stage.compare = "none"
        elif before.selection.compared is None:
            self.stage.compare = "wipe"
        self.refresh()

    def _grown(self, num_before: int) -> None:
        """Show a new chunk as it should be seen: moving, once, and then wait at its end for the next."""
        player, self._preview = self._studio.player, None
        if player.frame >= num_before - 1 and not player.is_playing:
            if num_before == 0:
                player.seek(0)
            player.play_once()
        self.refresh()

    def _making_changed(self, status: GenerationStatus) -> None:
        if status.active is None:
            self._preview = None
        self.refresh()

    def _previewed(self, preview: ChunkPreview) -> None:
        self._preview = preview
        self.refresh()

    def _playback_changed(self) -> None:
        if self._studio.player.is_playing and not self._clock.isActive():
            self._clock.start()
        elif not self._studio.player.is_playing:
            self._clock.stop()
        self.refresh()

    def _crop_moved(self, crop: Crop, is_over: bool) -> None:
        self._studio.apply(set_crop(crop))
        if is_over:
            self._studio.end_drag()

    def _set_zoom(self, zoom: Zoom) -> None:
        self.stage.set_zoom(zoom)

    def _zoomed(self, zoom: str) -> None:
        """None of the three where the wheel has decided."""
        self.zoom.choose({"fit": "Fit", "free": ""}.get(zoom, zoom))
        self._studio.commands.refresh()

    def _usual_other(self) -> Take | None:
        """The take that one compares with unless another is chosen: the one that it branches from, else the newest."""
        project = self._studio.project
        others = [take for take in project.takes if take.id != project.selection.take and take.chunks]
        parent = [take for take in others if take.id == project.current.parent]
        return next(iter([*parent, *reversed(others)]), None) if project.current.chunks else None

    def _set_compare(self, compare: Compare) -> None:
        other = self._usual_other()
        if self._studio.project.selection.compared is None and other is not None:
            selection = self._studio.project.selection
            self._studio.apply(select(compared=other.id, ticks=selection.ticks))
            self.stage.compare = "none"
        self.stage.compare = "none" if self.stage.compare == compare else compare
        self.refresh()

    def _toggle_hud(self) -> None:
        self.stage.has_hud = not self.stage.has_hud
        self.refresh()
