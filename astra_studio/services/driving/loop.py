"""Live driving of one take: while a chunk plays, the next is generated from the input held now.

At most one chunk is made ahead. Its rows are decided at the last moment at which it can still be ready when the chunk
before it has been played, so input waits as little as it can; a press that was let go again before that moment moves
for one tick, and nothing older is ever made up for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from astra_studio.document import action_edits, edits, take_edits
from astra_studio.document.actions import Actions, actions_of, joined
from astra_studio.document.derived import made_frames, made_ticks
from astra_studio.document.model import Take, TakeId, new_id
from astra_studio.document.session import Session
from astra_studio.input.held import HeldInput, Sample
from astra_studio.services.driving.events import (
    DriveEvent,
    EndEvent,
    KeyEvent,
    MouseEvent,
    PadEvent,
    SetEvent,
    TextEvent,
)
from astra_studio.services.driving.trace import Trace
from astra_studio.services.generation.queue import Generation
from astra_studio.services.generation.status import GenerationStatus, NewFrames
from astra_studio.services.signals import Signal
from engine.actions.modality import ActionTrack
from engine.clock import Clock
from engine.trajectories.driven import DriveSpeeds, Stand, Steering, stand_after, steered

Idle = Literal["hold", "coast", "stop"]

_SAFETY = 1.25
_MARGIN_S = 0.03
"""How much sooner than the last chunk's own time says the next one begins."""


@dataclass(frozen=True, kw_only=True)
class DriveSettings:
    """How a drive goes.

    Attributes:
        num_latents: of every chunk; None: as many as keep input waiting for at most `target_s`.
        target_s: longest wait that is aimed at, from input to picture.
        idle: with nothing held the camera holds still, coasts on as it last went, or no chunk is made at all.
        park_s: after so many still seconds nothing is made until there is input again; 0: never.
        speeds: multiples of the speeds that the world was trained at.
        mouse_rad_per_px: how far the view turns for a pixel of the mouse.
        waits_for_the_edge: begin each chunk when the one before it has been played to its end, whatever time chunks
            take: the same events then give the same rows on every machine.
    """

    num_latents: int | None = None
    target_s: float = 0.7
    idle: Idle = "hold"
    park_s: float = 10.0
    speeds: DriveSpeeds = field(default_factory=DriveSpeeds)
    mouse_rad_per_px: float = 0.004
    waits_for_the_edge: bool = False


@dataclass(frozen=True, kw_only=True)
class DriveState:
    """What is told of a drive.

    Attributes:
        is_on: whether somebody drives.
        is_paused: whether no further chunk begins.
        is_parked: whether it waits for input.
        next_chunk: number of the chunk that input now goes into.
        next_actions: what that chunk will do if nothing changes: for the ribbon.
        ratio: seconds that chunks play over seconds that they take; above 1 it keeps up. None before the first.
    """

    is_on: bool = False
    is_paused: bool = False
    is_parked: bool = False
    next_chunk: int = 0
    next_actions: Actions | None = None
    ratio: float | None = None


@dataclass(frozen=True, kw_only=True)
class DrivenChunk:
    """A chunk that was asked for: its rows and the time of the first and last input that went into it, seconds."""

    index: int
    actions: Actions
    first_input_s: float | None
    last_input_s: float | None
    events: tuple[DriveEvent, ...] = field(default=(), repr=False)


class Drive:
    """The loop. Belongs to the main thread; `poll` is called often, 120 times a second or more."""

    def __init__(
        self,
        session: Session,
        generation: Generation,
        held: HeldInput,
        clock_s: Callable[[], float],
        settings: DriveSettings = DriveSettings(),
    ) -> None:
        """`clock_s` counts seconds: of the wall, or of played frames where no time is to pass between the two."""
        self._session, self._generation = session, generation
        self._held, self._clock_s = held, clock_s
        self.settings = settings
        self.trace = Trace()
        self.chunks: list[DrivenChunk] = []
        self.changed: Signal[DriveState] = Signal()
        self._state = DriveState()
        self._take: TakeId = ""
        self._begun_s = 0.0
        self._events: list[DriveEvent] = []
        self._moved_s = 0.0
        self._tapped: Sample | None = None
        self._making: int | None = None
        self._index = self._tick = 0
        """Of the next chunk: chunks may be made and not yet in the take, while they are being stored."""
        self._frames = 0
        """That are made and decoded."""
        self._first_frames: dict[int, int] = {}
        self._stand = Stand()
        self._making_s = 0.0
        self._seconds_per_latent: float | None = None
        self._steps = 0
        self._text_until: int | None = None
        self._disconnect: list[Callable[[], None]] = []

    @property
    def state(self) -> DriveState:
        return self._state

    @property
    def take(self) -> TakeId:
        """The take that is driven."""
        return self._take

    @property
    def num_frames(self) -> int:
        """Frames of the take that can be shown: also those of a chunk that is not stored yet."""
        return self._frames

    @property
    def next_frame(self) -> int:
        """Number of the first frame that input given now can change."""
        if self._making is None:
            return self._frames
        first = self._first_frames.get(self._making, self._frames)
        return first + len(self.chunks[-1].actions) * self._clock.frames_per_latent

    def now_s(self) -> float:
        """Seconds since the drive began."""
        return self._clock_s() - self._begun_s

    # ------------------------------------------------------------------ beginning and end

    def start(self, take: TakeId) -> None:
        """Drive on from the end of a take. What was planned beyond its end gives way, as an edit that can be undone."""
        self._take = take
        self._begun_s = self._moved_s = self._clock_s()
        self._held.release_all()
        self._disconnect = [
            self._generation.frames.connect(self._frames_came),
            self._generation.changed.connect(self._status_changed),
        ]
        self._tell(DriveState(is_on=True))
        self._go_on_with(take)

    def stop(self) -> None:
        """Let go: the chunk that is being made is still finished."""
        if not self._state.is_on:
            return
        for end in self._disconnect:
            end()
        self._held.release_all()
        self._tell(replace(self._state, is_on=False, next_actions=None))

    def pause(self) -> None:
        """Begin no further chunk."""
        self._held.release_all()
        self._tell(replace(self._state, is_paused=True))

    def resume(self) -> None:
        self._moved_s = self._clock_s()
        self._tell(replace(self._state, is_paused=False, is_parked=False))

    def step(self) -> None:
        """Make one chunk of what is held, also while it is paused."""
        self._steps = 1

    def discard(self) -> None:
        """Drive again from before the last chunk, on a branch; the chunk stays in its take."""
        if self._generation.status.is_busy:
            self._generation.cancel_take(self._take)
        made = self._index - (self._making is not None)
        if made:
            new = new_id()
            # The last one may not be stored yet, and then is in no take that could be branched behind it.
            kept = min(made - 1, len(self._known.chunks))
            self._session.apply(take_edits.branch(self._take, kept, new))
            self._go_on_with(new)

    def reset(self) -> None:
        """Begin again at the start picture, in a take of its own."""
        self._generation.cancel_take(self._take)
        new = new_id()
        self._session.apply(take_edits.new_take(new))
        self._go_on_with(new)

    def _go_on_with(self, take: TakeId) -> None:
        self._take, self._making = take, None
        known = self._known
        self._index, self._tick = len(known.chunks), made_ticks(known)
        self._frames = made_frames(known)
        self._first_frames = {index: first for index, first in self._first_frames.items() if index < self._index}
        self._stand = stand_after(known.actions.part(0, self._tick).track)
        self._tell(replace(self._state, next_chunk=self._index))

    # ------------------------------------------------------------------ input

    def feed(self, event: DriveEvent) -> None:
        """Something happened; times of events are those of this drive."""
        self._events.append(event)
        self.trace.received(self._begun_s + event.t)
        before = self._held.peek()
        match event:
            case KeyEvent():
                self._held.key(event.code, is_down=event.is_down)
            case MouseEvent():
                self._held.move_mouse(event.dx, event.dy)
            case PadEvent():
                self._held.read_pad(event.reading)
            case TextEvent():
                self._say(event)
            case SetEvent():
                self._set(event.values)
            case EndEvent():
                self.stop()
                return
        after = self._held.peek()
        if after.rests and not before.rests:
            self._tapped = before  # let go again before a chunk could begin with it
        if not after.rests or not before.rests:
            self._moved_s = self._clock_s()

    def _say(self, event: TextEvent) -> None:
        self._session.apply(edits.set_prompt(self._take, event.text, self._known.recipe.negative_prompt))
        self._text_until = self._index + event.num_chunks if event.num_chunks else None

    def _set(self, values: Mapping[str, float | int | str]) -> None:
        self._session.apply(edits.set_settings(self._take, values))

    # ------------------------------------------------------------------ the loop

    def poll(self, shown_frame: int) -> bool:
        """Begin the next chunk if it is time for it; `shown_frame` is where the picture is. Whether one was begun."""
        if not self._state.is_on:
            return False
        self._note_shown(shown_frame)
        wanted = self._next(self._held.peek())[0]
        if wanted != self._state.next_actions:
            self._tell(replace(self._state, next_actions=wanted))
        if self._making is not None or self._generation.status.is_busy or not self._is_time(shown_frame):
            return False
        self._begin()
        return True

    def _is_time(self, shown_frame: int) -> bool:
        if self._steps:
            return True
        if self._state.is_paused:
            return False
        rests = self._held.peek().rests and self._tapped is None
        still_s = self._clock_s() - self._moved_s
        parks = rests and (self.settings.idle == "stop" or 0 < self.settings.park_s <= still_s)
        if parks != self._state.is_parked:
            self._tell(replace(self._state, is_parked=parks))
        if parks:
            return False
        clock = self._clock
        left_s = (self._frames - 1 - shown_frame) / clock.fps
        if self.settings.waits_for_the_edge:
            return left_s <= 0
        length = self._num_latents()
        known = self._seconds_per_latent
        lead_s = length * clock.seconds_per_tick
        if known is not None:
            lead_s = min(lead_s, known * length * _SAFETY + _MARGIN_S)
        return left_s <= lead_s

    def _begin(self) -> None:
        now = self._clock_s()
        index, self._steps = self._index, 0
        if self._text_until is not None and index >= self._text_until:
            self._session.apply(edits.set_prompt(self._take, "", self._known.recipe.negative_prompt))
            self._text_until = None
        actions, self._stand = self._next(self._held.sample())
        self._tapped = None
        events, self._events = tuple(self._events), []
        first, last = self.trace.sampled(index, now)
        self._session.apply(_driven(self._take, self._tick, actions))
        self.chunks.append(
            DrivenChunk(
                index=index,
                actions=actions,
                first_input_s=None if first is None else first - self._begun_s,
                last_input_s=None if last is None else last - self._begun_s,
                events=events,
            )
        )
        self._making, self._making_s = index, now
        self._index, self._tick = index + 1, self._tick + len(actions)
        self._take = self._generation.generate(self._take, 1)
        self._tell(replace(self._state, next_chunk=self._index))

    def _next(self, sample: Sample) -> tuple[Actions, Stand]:
        """What the next chunk does with this input, and where the drive stands after it."""
        length = self._num_latents()
        if sample.rests and self._tapped is not None:
            moved, stand = self._rows(replace(self._tapped, mouse=(0.0, 0.0)), 1, self._stand)
            still, stand = self._rows(sample, length - 1, stand)
            return joined([moved, still]), stand
        if sample.rests and self.settings.idle == "coast" and self._tick:
            last = self._known.actions.part(self._tick - 1, self._tick)
            going = ActionTrack(last.kind, last.kind.going_on(last.rows[0], length))
            return actions_of(going), self._stand
        return self._rows(sample, length, self._stand)

    def _rows(self, sample: Sample, num_ticks: int, stand: Stand) -> tuple[Actions, Stand]:
        axes, (dx, dy), scale = sample.axes, sample.mouse, self.settings.mouse_rad_per_px
        held = Steering(
            forward=axes["forward"],
            right=axes["right"],
            up=axes["up"],
            yaw=axes["yaw"],
            pitch=axes["pitch"],
            turned=(dx * scale, -dy * scale),
            pace=sample.fast,
            keys=sample.keys,
            mouse=sample.mouse,
        )
        kind = self._known.actions.kind
        track, after = steered(held, num_ticks, stand, kind, clock=self._clock, speeds=self.settings.speeds)
        return actions_of(track), after

    def _num_latents(self) -> int:
        """Of the next chunk: as set, or as many as can be made and played within the wait that is aimed at."""
        clock, settings = self._clock, self.settings
        if settings.num_latents is not None:
            return clock.chunk_length(settings.num_latents)
        if self._seconds_per_latent is None:
            return clock.chunk_length(2)
        room_s = settings.target_s - _MARGIN_S
        per_latent = clock.seconds_per_tick + self._seconds_per_latent * _SAFETY
        return clock.chunk_length(max(int(room_s / per_latent), 1))

    def _frames_came(self, came: NewFrames) -> None:
        """Some frames of a chunk are decoded."""
        if came.take != self._take or self._making is None:
            return
        self._first_frames.setdefault(self._making, self._frames)
        self._frames += len(came.frames)
        self.trace.decoded(self._making, self._clock_s())

    def _status_changed(self, status: GenerationStatus) -> None:
        """The chunk that was being made is made, or has failed."""
        if self._making is None or status.is_busy:
            return
        index, self._making = self._making, None
        if (self._take, index) in status.failures or index not in self._first_frames:
            self._go_on_with(self._take)
            self.pause()
            return
        took = self._clock_s() - self._making_s
        self.trace.generated(index, self._clock_s())
        num_ticks = len(self.chunks[-1].actions)
        self._seconds_per_latent = took / max(num_ticks, 1)
        played = num_ticks * self._clock.seconds_per_tick
        self._tell(replace(self._state, ratio=played / took if took > 0 else None))

    def _note_shown(self, frame: int) -> None:
        """The first frame of a chunk is on the screen."""
        for chunk in self.chunks[-2:]:
            if frame >= self._first_frames.get(chunk.index, frame + 1):
                self.trace.shown(chunk.index, self._clock_s())

    @property
    def _known(self) -> Take:
        return self._session.project.take(self._take)

    @property
    def _clock(self) -> Clock:
        info = self._session.project.world.info
        assert info is not None, "a world is opened before it is driven"
        return info.clock

    def _tell(self, state: DriveState) -> None:
        self._state = state
        self.changed.emit(state)


def _driven(take: TakeId, tick: int, actions: Actions) -> edits.Edit:
    """Rows that were driven, in place of all that was planned from there on; one step of undo for a whole drive."""
    painted, sized = action_edits.paint(take, tick, actions), edits.set_num_latents(take, len(actions))
    return edits.Edit(
        label="Drive", change=lambda project: painted.change(sized.change(project)), merge_key=f"drive/{take}"
    )
