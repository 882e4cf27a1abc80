"""Owns the engine where it runs: opens worlds, keeps the last states, makes chunks, answers through a pipe.

It runs in a child process, because importing torch and starting its kernels hold the interpreter's lock for longer than
a window may stand still; or, for tests and worlds without torch, on the engine's thread itself.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

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
from astra_studio.services.engine_pipe import send
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

_NO_MEMORY = ("can't allocate memory", "not enough memory")
"""How torch's allocator for the processor says it, in a RuntimeError."""

Opener = Callable[[WorldPlace], WorldModel]


def failure(ticket: str | None, error: BaseException) -> Failed:
    """An exception as an answer."""
    kinds = (_KINDS[base.__name__] for base in type(error).__mro__ if base.__name__ in _KINDS)
    kind: FailureKind = next(kinds, "bug")
    details = "".join(traceback.format_exception(error))
    if kind == "bug" and any(words in str(error) for words in _NO_MEMORY):
        return Failed(ticket, "out_of_memory", problem_of(MemoryError(str(error))), details)
    return Failed(ticket, kind, problem_of(error), details)


class EngineHost:
    """The engine of one thread."""

    def __init__(
        self, tell: Callable[[Answer], None], cancelled: Callable[[], bool], open_world: Opener | None = None
    ) -> None:
        """`cancelled` is asked at every denoising step."""
        self._tell, self._cancelled, self._opener = tell, cancelled, open_world or opened
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
            answer = failure(ticket, error)
            error.__traceback__ = None  # it holds the frames of the step, and they hold its tensors
            if answer.kind == "out_of_memory":
                self._give_memory_back()
            self._tell(answer)

    def _give_memory_back(self) -> None:
        """So that the next request, perhaps a smaller one, has what this one could not get."""
        self._states.clear()
        gc.collect()
        torch = sys.modules.get("torch")  # not imported here: what ran out may be a world without it
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _is_open(self, place: WorldPlace) -> bool:
        return self._world is not None and place == self._place

    def _open(self, place: WorldPlace) -> WorldModel:
        if self._is_open(place):
            assert self._world is not None
            return self._world
        self._states.clear()
        self._world = self._place = None
        self._tell(Opening(place.spec))
        world = self._opener(place)
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


def opened(place: WorldPlace) -> WorldModel:
    """The world that is meant. Raises what opening it raises."""
    if place.spec == "fake":
        from engine.worlds.fake import FakeWorld

        return FakeWorld(seconds_per_chunk=place.seconds_per_chunk)
    return open_world(place.spec, {name: Path(folder) for name, folder in place.catalogue}, place.device)


def lower_priority() -> None:
    """Let the window go first where both want a core. To be called before torch is loaded."""
    # Torch's threads wait for one another by spinning; where other programs want the cores, too, a chunk then takes ten
    # times as long. Alone on the machine it takes up to half as long again without: so this is for processes beside a
    # window.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(_NICENESS)


def ignore_interrupts() -> None:
    """Ctrl+C in a terminal reaches the whole group; the window decides what becomes of this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def serve(connection: Connection) -> None:
    """The child process: requests in and answers out until the other end is gone or asks to close."""
    lower_priority()
    ignore_interrupts()
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

    host = EngineHost(lambda answer: send(connection, answer), cancelled)
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
    except (EOFError, OSError):
        return  # the window is gone
