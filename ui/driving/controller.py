"""The drive of the open project: its timer, its input, its commands."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from astra_studio.document.session import Change
from astra_studio.input.bindings import Bindings, from_changes
from astra_studio.input.controls import Control
from astra_studio.input.held import HeldInput
from astra_studio.input.layout_labels import LayoutLabels
from astra_studio.input.pads import PadChoice, PadSource
from astra_studio.input.sdl_pads import SdlPads
from astra_studio.services.driving.events import DriveEvent, MouseEvent, SetEvent
from astra_studio.services.driving.loop import Drive, DriveState
from ui.driving.feeding import KeyFeed, PadFeed
from ui.driving.preferences import drive_settings
from ui.driving.tuning import stepped
from ui.input.capture import PointerCapture, why_not
from ui.input.qt_events import KeyListener
from ui.studio import Studio

_POLL_MS = 8
"""125 times a second."""
_TOLD_EVERY = 12
"""Numbers that people read change at every so many polls, ten times a second."""
_COMMANDS = {
    Control.PAUSE: "drive.pause",
    Control.STEP: "drive.step",
    Control.DISCARD: "drive.discard",
    Control.RESET: "drive.reset",
    Control.LATCH: "drive.latch",
}


class DriveController(QObject):
    """Drives the current take, from the start command until it is stopped."""

    changed = Signal()
    """What there is to show of the drive: its state, what is held, its numbers."""

    def __init__(
        self,
        studio: Studio,
        stage: QWidget,
        show_workspace: Callable[[], object],
        open_pads: Callable[[], PadSource] = SdlPads,
    ) -> None:
        """`stage` is clicked to look with the mouse; `show_workspace` brings the panes for driving to the front."""
        super().__init__()
        self._studio, self._stage, self._show_workspace = studio, stage, show_workspace
        self._open_pads = open_pads
        self._source: PadSource | None = None
        self._pads: PadFeed | None = None
        self.note = ""
        """Why no gamepad can be used; "" where one can."""
        self.labels = LayoutLabels()
        self.held = HeldInput(on_press=self._pressed)
        self.drive: Drive | None = None
        """The drive that goes on, or the last one of this project."""
        self._is_wanted = False
        self._polls = 0
        self._known = (False, False)
        self.keys = KeyFeed(self.held, self._feed, self._now_s)
        self.listener = KeyListener(self.keys, self.labels)
        self.capture = PointerCapture(stage)
        self.capture.moved.connect(self._mouse_moved)
        self.capture.released.connect(self._changed)
        stage.installEventFilter(self)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self.poll)
        studio.project_opened.connect(self._project_opened)
        studio.project_changed.connect(self._project_changed)
        studio.making_changed.connect(lambda _status: self._start_if_wanted())
        studio.settings.subscribe(lambda _key: self._read_settings())
        self._read_settings()
        self._attach()

    def _attach(self) -> None:
        attach = self._studio.commands.attach
        attach("drive.start", self.toggle, enabled=self._can_start)
        attach("drive.pause", self._toggle_pause, enabled=lambda: self.is_on, checked=lambda: self.state.is_paused)
        attach("drive.step", lambda: self._do(Drive.step), enabled=lambda: self.is_on)
        attach("drive.discard", lambda: self._do(Drive.discard), enabled=lambda: self.is_on)
        attach("drive.reset", lambda: self._do(Drive.reset), enabled=lambda: self.is_on)
        attach(
            "drive.latch",
            lambda: self.held.set_latching(not self.held.is_latching),
            enabled=lambda: self.is_on,
            checked=lambda: self.held.is_latching,
        )
        attach("drive.mouse", self._toggle_mouse, enabled=lambda: self.is_on, checked=lambda: self.capture.is_on)

    # ------------------------------------------------------------------ what there is to show

    @property
    def state(self) -> DriveState:
        return self.drive.state if self.drive is not None else DriveState()

    @property
    def is_on(self) -> bool:
        return self.state.is_on

    @property
    def is_wanted(self) -> bool:
        """Whether it begins as soon as the world is open."""
        return self._is_wanted

    @property
    def bindings(self) -> Bindings:
        return self.held.bindings

    @property
    def pad_name(self) -> str:
        """Of the gamepad that drives; "" for none."""
        return "" if self._pads is None else self._pads.name

    @property
    def seen_in_s(self) -> float:
        """Seconds until the chunk that input goes into now can be seen: when it is its turn, or when it is made."""
        drive, state = self.drive, self.state
        if drive is None:
            return 0.0
        player = self._studio.player
        played_s = max(drive.next_frame - player.frame, 0) / player.fps
        if state.ratio is None or state.next_actions is None:
            return played_s
        clock = self._studio.take.clock
        making_s = len(state.next_actions) * clock.seconds_per_tick / state.ratio
        return max(played_s, (self._studio.generation.status.seconds_left or 0.0) + making_s)

    # ------------------------------------------------------------------ beginning and end

    def toggle(self) -> None:
        """Begin, or stop."""
        if self.is_on or self._is_wanted:
            self.stop()
            return
        self._show_workspace()
        self._is_wanted = True
        status = self._studio.generation.status
        if self._studio.project.world.info is None and status.world_stage != "opening":
            self._studio.generation.open_world()
        self._start_if_wanted()
        self._changed()

    def stop(self) -> None:
        """Let go of everything. The chunk that is being made is still finished; the picture plays to its end."""
        self._is_wanted = False
        if self.drive is None or not self.is_on:
            self._changed()
            return
        self._timer.stop()
        self.capture.end()
        self.listener.stop()
        self.drive.stop()
        self._studio.end_drag()
        if self._studio.player.is_following:
            self._studio.player.play_once()
        self._changed()

    def escape(self) -> bool:
        """Esc: let go of the mouse, and where it is free end the drive; False where there is nothing to end."""
        if self.capture.is_on:
            self.capture.end()
            return True
        if not (self.is_on or self._is_wanted):
            return False
        self.stop()
        return True

    def close(self) -> None:
        """End the drive and let the gamepads go."""
        self.stop()
        if self._source is not None:
            self._source.close()
            self._source = self._pads = None

    def _can_start(self) -> bool:
        project = self._studio.project
        return self.is_on or self._is_wanted or project.start is not None or bool(project.current.chunks)

    def _start_if_wanted(self) -> None:
        studio = self._studio
        if not self._is_wanted:
            return
        if studio.generation.status.world_stage == "failed":
            self.stop()  # the problem bar says why
            return
        if studio.project.world.info is None:
            return
        self._is_wanted = False
        self.held.set_latching(False)
        self._find_pads()
        self.drive = Drive(
            studio.session, studio.generation, self.held, time.monotonic, drive_settings(studio.settings)
        )
        self.drive.changed.connect(self._state_changed)
        studio.end_drag()
        studio.player.follow()
        self.drive.start(studio.project.current.id)
        self.keys.forget()
        self.labels.read_again()
        self.listener.start()
        self._stage.setFocus(Qt.FocusReason.OtherFocusReason)
        self._timer.start()
        self._changed()

    def _find_pads(self) -> None:
        """Look for gamepads, once they can be used; without them everything else works."""
        if self._source is not None:
            return
        try:
            self._source = self._open_pads()
        except OSError as error:
            self.note = str(error)
            return
        self._pads = PadFeed(PadChoice(self._source), self.held, self._feed, self._now_s)

    # ------------------------------------------------------------------ the loop

    def poll(self) -> None:
        """Look at input, and begin the next chunk if it is time for it."""
        drive, player = self.drive, self._studio.player
        if drive is None or not self.is_on:
            return
        if self._studio.project.current.id != drive.take or not player.is_following:
            self.stop()  # another take was chosen, or the picture was stopped or moved
            return
        if self._pads is not None:
            self._pads.poll(self._studio.settings.get("pads"))
        if not self._studio.guarded(lambda: drive.poll(player.frame), key="drive"):
            self.stop()
            return
        self._polls += 1
        if self._polls % _TOLD_EVERY == 0:
            self.changed.emit()

    def _now_s(self) -> float:
        return self.drive.now_s() if self.drive is not None else 0.0

    def _feed(self, event: DriveEvent) -> None:
        drive = self.drive
        if drive is not None and self.is_on:
            self._studio.guarded(lambda: drive.feed(event), key="drive")
            self.changed.emit()

    # ------------------------------------------------------------------ commands

    def _pressed(self, control: Control) -> None:
        """A control that acts once."""
        command = _COMMANDS.get(control)
        if command is not None:
            self._studio.commands.trigger(command)
            return
        values = stepped(control, self._studio.project.world, self._studio.take)
        if values:
            self._feed(SetEvent(t=self._now_s(), values=values))
            self._studio.say(", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in values.items()))

    def _do(self, act: Callable[[Drive], None]) -> None:
        drive = self.drive
        if drive is None:
            return
        self._studio.guarded(lambda: act(drive), key="drive")
        player = self._studio.player
        if player.frame > max(drive.num_frames - 1, 0):
            player.seek(max(drive.num_frames - 1, 0))

    def _toggle_pause(self) -> None:
        if self.drive is None:
            return
        if self.state.is_paused:
            self.drive.resume()
        else:
            # Its keys come up as events, so that the record has no key that is held for ever.
            self.keys.release_all()
            self.drive.pause()
        self._stage.setFocus(Qt.FocusReason.OtherFocusReason)

    def _toggle_mouse(self) -> None:
        reason = why_not()
        if self.capture.is_on:
            self.capture.end()
        elif reason is not None:
            self._studio.say(reason)
        else:
            self.capture.begin()
        self._changed()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """While driving, a click on the picture looks with the mouse."""
        if event.type() != QEvent.Type.MouseButtonPress or not self.is_on or not isinstance(event, QMouseEvent):
            return False
        if event.button() == Qt.MouseButton.LeftButton and not self.capture.is_on:
            self._studio.commands.trigger("drive.mouse")
        return True

    def _mouse_moved(self, dx: float, dy: float) -> None:
        if self._studio.settings.get("drive_invert_y"):
            dy = -dy
        self._feed(MouseEvent(t=self._now_s(), dx=dx, dy=dy))

    # ------------------------------------------------------------------ what happens around it

    def _read_settings(self) -> None:
        self.held.bindings = from_changes(self._studio.settings.get("bindings"))
        if self.drive is not None:
            self.drive.settings = drive_settings(self._studio.settings)

    def _project_opened(self) -> None:
        self.stop()
        self.drive = None
        self._changed()

    def _project_changed(self, change: Change) -> None:
        if change.origin in ("undo", "redo") and self.is_on:
            # The chunk under way belongs to rows that are no longer there.
            assert self.drive is not None
            self._studio.generation.cancel_take(self.drive.take)
            self.stop()

    def _state_changed(self, state: DriveState) -> None:
        """Commands ask what is on and paused; all else changes with every key, too often for them."""
        now = (state.is_on, state.is_paused)
        if now != self._known:
            self._known = now
            self._studio.commands.refresh()
        self.changed.emit()

    def _changed(self) -> None:
        self._studio.commands.refresh()
        self.changed.emit()
