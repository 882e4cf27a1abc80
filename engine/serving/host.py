"""The engine where it runs: opens worlds, keeps the last states, makes chunks, reports what happens."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from engine.messages import Cancelled, Event, FramesDecoded, Preview, Progress, TakeHistory
from engine.rollout import Branches, next_request
from engine.serving.failures import EngineFailure, failure_of
from engine.serving.messages import (
    ChunkCancelled,
    ChunkDone,
    EngineEvent,
    EngineRequest,
    FramesReady,
    MakeChunk,
    PreviewReady,
    RequestFailed,
    StepDone,
    WorldOpened,
    WorldOpening,
)
from engine.worlds.location import WorldLocation, open_location
from engine.worlds.protocol import WorldModel

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
        self._branches: Branches | None = None

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
        if self._world is not None:
            self._branches = Branches(self._world)
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
        self._world = self._location = self._branches = None
        self._emit(WorldOpening(location.spec))
        world = self._opener(location)
        self._world, self._location, self._branches = world, location, Branches(world)
        self._emit(WorldOpened(location.spec, world.info, world.restore_latents))
        return world

    def _make(self, asked: MakeChunk) -> None:
        info = self._open(asked.world).info
        if asked.fingerprint not in ("", info.fingerprint):
            raise ValueError(
                f"the world {asked.world.spec} is not the one that the take was made with: its files have changed to "
                f"{info.fingerprint[:16]} from {asked.fingerprint[:16]}. Put the old files back, or begin a new take"
            )
        branches = self._branches
        assert branches is not None
        start_latents, parent_id = None, asked.parent_id
        if parent_id is None:
            assert asked.start is not None, "the first chunk of a take needs its start"
            parent_id = f"start of {asked.request_id}"
            start_latents = branches.open(parent_id, asked.start, asked.actions.modality.name, asked.picture)
        request = next_request(
            take_seed=asked.take_seed,
            index=asked.index,
            actions=asked.actions,
            settings=asked.settings,
            prompt=asked.prompt,
            negative_prompt=asked.negative_prompt,
        )

        def listener(event: Event) -> None:
            if isinstance(event, Progress):
                self._emit(StepDone(asked.request_id, event.step, event.num_steps))
            elif isinstance(event, Preview):
                self._emit(PreviewReady(asked.request_id, event.step, event.picture))
            elif isinstance(event, FramesDecoded):
                self._emit(FramesReady(asked.request_id, event.first_frame, event.frames))

        def history(num_latents: int) -> TakeHistory:
            return self._history_of(asked, num_latents)

        result = branches.step(asked.request_id, parent_id, request, history, listener, self._cancelled)
        self._emit(ChunkDone(asked.request_id, result, start_latents))
