"""Owns the engine where it runs: opens worlds, keeps the last states, makes chunks, answers through a pipe.

It runs in a child process, because importing torch and starting its kernels hold the interpreter's lock for longer than
a window may stand still; or, for tests and worlds without torch, on the engine's thread itself.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from astra_studio.problems import problem_of
from astra_studio.services.engine_messages import (
    Answer,
    Done,
    Failed,
    FailureKind,
    MakeChunk,
    Opened,
    Opening,
    Past,
    Previewed,
    Stepped,
    Stopped,
    WorldPlace,
)
from engine.messages import Cancelled, Event, Preview, Progress
from engine.worlds.protocol import WorldModel
from engine.worlds.registry import open_world

_NICENESS = 10
"""The window goes first where both want a core."""
_MAX_STATES = 4
"""Of chunks made last, to go on from without rebuilding: the tip, and those that a redo goes back to."""

CANCEL = "cancel"
"""Sent while a chunk is made: stop at the next step."""
CLOSE = "close"

_KINDS: dict[str, FailureKind] = {
    "OutOfMemoryError": "out_of_memory",
    "MemoryError": "out_of_memory",
    "WeightsMissing": "weights_missing",
    "WeightsUnreadable": "weights_mismatch",
    "WeightsMismatch": "weights_mismatch",
    "AcceleratorError": "device_lost",
    "OSError": "bad_input",
    "ValueError": "bad_input",
}
"""By the name of the class, so that torch is not imported to ask; an exception takes the entry of its nearest base."""


def failure(ticket: str | None, error: BaseException) -> Failed:
    """An exception as an answer."""
    kinds = (_KINDS[base.__name__] for base in type(error).__mro__ if base.__name__ in _KINDS)
    kind: FailureKind = next(kinds, "bug")
    details = "".join(traceback.format_exception(error))
    return Failed(ticket, kind, problem_of(error), details)


class EngineHost:
    """The engine of one thread."""

    def __init__(self, tell: Callable[[Answer], None], cancelled: Callable[[], bool]) -> None:
        """`cancelled` is asked at every denoising step."""
        self._tell, self._cancelled = tell, cancelled
        self._world: WorldModel | None = None
        self._place: WorldPlace | None = None
        self._states: OrderedDict[str, Any] = OrderedDict()

    def handle(self, asked: WorldPlace | MakeChunk) -> None:
        """Do what is asked and answer. Never raises: whatever it was, the next request must work."""
        ticket = asked.ticket if isinstance(asked, MakeChunk) else None
        try:
            if isinstance(asked, MakeChunk):
                self._make(asked)
            elif not self._is_open(asked):
                self._open(asked)
            else:
                assert self._world is not None
                self._tell(Opened(asked.spec, self._world.info, self._world.restore_latents))
        except Cancelled:
            assert ticket is not None
            self._tell(Stopped(ticket))
        except Exception as error:  # a worker's loop: the window, the project and the next request go on
            if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
                self._states.clear()
            self._tell(failure(ticket, error))

    def _is_open(self, place: WorldPlace) -> bool:
        return self._world is not None and place == self._place

    def _open(self, place: WorldPlace) -> WorldModel:
        if self._is_open(place):
            assert self._world is not None
            return self._world
        self._states.clear()
        self._world = self._place = None
        self._tell(Opening(place.spec))
        world = _opened(place)
        self._world, self._place = world, place
        self._tell(Opened(place.spec, world.info, world.restore_latents))
        return world

    def _make(self, asked: MakeChunk) -> None:
        world = self._open(asked.world)
        start_latents = None
        if asked.tip is None:
            assert asked.start is not None, "the first chunk of a take needs its start"
            opened = world.open(asked.start, asked.request.actions.modality.name)
            state, start_latents = opened.state, opened.latents
        else:
            state = self._state_after(world, asked.tip, asked.past)

        def heard(event: Event) -> None:
            if isinstance(event, Progress):
                self._tell(Stepped(asked.ticket, event.step, event.num_steps))
            elif isinstance(event, Preview):
                self._tell(Previewed(asked.ticket, event.step, event.picture))

        after, result = world.step(state, asked.request, heard, self._cancelled)
        self._states[asked.ticket] = after
        while len(self._states) > _MAX_STATES:
            self._states.popitem(last=False)
        self._tell(Done(asked.ticket, result, start_latents))

    def _state_after(self, world: WorldModel, tip: str, past: Past | None) -> Any:
        if tip in self._states:
            self._states.move_to_end(tip)
            return self._states[tip]
        assert past is not None, "a state that is not held needs its past"
        return world.restore(past.latents, past.num_latents, past.num_start, past.actions)


def _opened(place: WorldPlace) -> WorldModel:
    if place.spec == "fake":
        from engine.worlds.fake import FakeWorld

        return FakeWorld(seconds_per_chunk=place.seconds_per_chunk)
    return open_world(place.spec, {name: Path(folder) for name, folder in place.catalogue}, place.device)


def serve(connection: Connection) -> None:
    """The child process: requests in and answers out until the other end is gone or asks to close."""
    if sys.platform != "win32":
        with suppress(OSError):
            os.nice(_NICENESS)
    waiting: list[object] = []
    is_cancelled = False

    def cancelled() -> bool:
        nonlocal is_cancelled
        while connection.poll():
            word = connection.recv()
            if word == CANCEL:
                is_cancelled = True
            else:
                waiting.append(word)
        return is_cancelled

    host = EngineHost(connection.send, cancelled)
    try:
        while True:
            asked = waiting.pop(0) if waiting else connection.recv()
            if asked == CLOSE:
                return
            if asked == CANCEL:
                continue  # it came after the chunk was done
            is_cancelled = False
            assert isinstance(asked, (WorldPlace, MakeChunk))
            host.handle(asked)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return  # the window is gone
