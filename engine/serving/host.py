"""The engine where it runs: opens worlds, keeps the last states, makes chunks, reports what happens."""

from __future__ import annotations

import gc
import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from engine.messages import Cancelled, Event, Preview, Progress
from engine.serving.failures import EngineFailure, failure_of
from engine.serving.messages import (
    ChunkCancelled,
    ChunkDone,
    EngineEvent,
    EngineRequest,
    MakeChunk,
    PreviewReady,
    RequestFailed,
    StepDone,
    TakeHistory,
    WorldOpened,
    WorldOpening,
)
from engine.worlds.location import WorldLocation, open_location
from engine.worlds.protocol import WorldModel

_MAX_STATES = 4
"""Of chunks made last, to go on from without rebuilding: the newest, and those that a redo goes back to."""

Opener = Callable[[WorldLocation], WorldModel]
HistoryOf = Callable[[MakeChunk, int], TakeHistory]
"""What lies before a chunk, with so many of its last latents at most. Raises HistoryUnavailable or Cancelled."""


class HistoryUnavailable(Exception):
    """What lies before a chunk cannot be read."""

    def __init__(self, failure: EngineFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class EngineHost:
    """An engine with one world open at a time. Belongs to one thread."""

    def __init__(
        self,
        emit: Callable[[EngineEvent], None],
        cancelled: Callable[[], bool],
        history_of: HistoryOf,
        open_world: Opener = open_location,
    ) -> None:
        """`cancelled` is asked at every denoising step."""
        self._emit, self._cancelled, self._history_of, self._opener = emit, cancelled, history_of, open_world
        self._world: WorldModel | None = None
        self._location: WorldLocation | None = None
        self._states: OrderedDict[str, Any] = OrderedDict()

    def handle(self, request: EngineRequest) -> None:
        """Do what is asked and report. Never raises: whatever it was, the next request must work."""
        try:
            if isinstance(request, MakeChunk):
                self._make(request)
            elif not self._is_open(request.world):
                self._open(request.world)
            else:
                assert self._world is not None
                self._emit(WorldOpened(request.world.spec, self._world.info, self._world.restore_latents))
        except Cancelled:
            self._emit(ChunkCancelled(request.request_id))
        except HistoryUnavailable as error:
            self._emit(RequestFailed(request.request_id, error.failure))
        except Exception as error:  # a worker's loop: the client, its project and the next request go on
            failed = RequestFailed(request.request_id, failure_of(error))
            error.__traceback__ = None  # it holds the frames of the step, and they hold its tensors
            if failed.failure.kind == "out_of_memory":
                self._give_memory_back()
            self._emit(failed)

    def _give_memory_back(self) -> None:
        """So that the next request, perhaps a smaller one, has what this one could not get."""
        self._states.clear()
        gc.collect()
        torch = sys.modules.get("torch")  # not imported here: what ran out may be a world without it
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _is_open(self, location: WorldLocation) -> bool:
        return self._world is not None and location == self._location

    def _open(self, location: WorldLocation) -> WorldModel:
        if self._is_open(location):
            assert self._world is not None
            return self._world
        self._states.clear()
        self._world = self._location = None
        self._emit(WorldOpening(location.spec))
        world = self._opener(location)
        self._world, self._location = world, location
        self._emit(WorldOpened(location.spec, world.info, world.restore_latents))
        return world

    def _make(self, asked: MakeChunk) -> None:
        world = self._open(asked.world)
        start_latents = None
        if asked.parent_id is None:
            assert asked.start is not None, "the first chunk of a take needs its start"
            opened = world.open(asked.start, asked.request.actions.modality.name)
            state, start_latents = opened.state, opened.latents
        else:
            state = self._state_before(world, asked)

        def listener(event: Event) -> None:
            if isinstance(event, Progress):
                self._emit(StepDone(asked.request_id, event.step, event.num_steps))
            elif isinstance(event, Preview):
                self._emit(PreviewReady(asked.request_id, event.step, event.picture))

        after, result = world.step(state, asked.request, listener, self._cancelled)
        self._states[asked.request_id] = after
        while len(self._states) > _MAX_STATES:
            self._states.popitem(last=False)
        self._emit(ChunkDone(asked.request_id, result, start_latents))

    def _state_before(self, world: WorldModel, asked: MakeChunk) -> Any:
        assert asked.parent_id is not None
        if asked.parent_id in self._states:
            self._states.move_to_end(asked.parent_id)
            return self._states[asked.parent_id]
        history = self._history_of(asked, world.restore_latents)
        return world.restore(history.latents, history.num_latents, history.num_start, history.actions)
