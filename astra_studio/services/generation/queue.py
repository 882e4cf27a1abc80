"""Queue of chunks being generated: the one under way, those that wait or are being stored, what failed and why.

A take's recipe and keys are read when a chunk begins, so a change takes effect from the next one on. The next chunk
begins while the one before it is being stored; with two chunks unstored it waits. So what a killed program loses is
what it has not stored: the chunk under way, the one being written and at most one that waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from astra_studio.document import take_edits
from astra_studio.document.derived import first_stale, follows_project
from astra_studio.document.edits import world_opened
from astra_studio.document.model import ChunkId, Project, TakeId, new_id
from astra_studio.document.seeds import new_seed
from astra_studio.document.session import Session
from astra_studio.document.writer import Finished, Stored
from astra_studio.paths import world_catalogue
from astra_studio.problems import problem_of, problem_of_failure
from astra_studio.services.generation.planned_chunk import CurrentChunk, PlannedChunk, plan_chunk
from astra_studio.services.generation.requests import num_missing
from astra_studio.services.generation.status import (
    ActiveChunk,
    ChunkPreview,
    Failure,
    GenerationStatus,
    NewFrames,
    SlotKey,
    Stage,
)
from astra_studio.services.generation.storing import Storing
from astra_studio.services.generation.timings import Timings
from astra_studio.services.signals import Post, Signal
from engine.messages import WorldInfo
from engine.serving.messages import (
    ChunkCancelled,
    ChunkDone,
    EngineEvent,
    FramesReady,
    PreviewReady,
    RequestFailed,
    StepDone,
    WorldOpened,
    WorldOpening,
)
from engine.serving.protocol import Engine
from engine.settings import SettingValue, num_steps
from engine.worlds.location import WorldLocation

__all__ = ["ActiveChunk", "ChunkPreview", "Failure", "Generation", "GenerationStatus", "NewFrames", "SlotKey"]

_LOG = logging.getLogger(__name__)
_MOST_UNSTORED = 2
"""Finished chunks that are not in the file: one that is being written, one that waits."""


class Generation:
    """Makes the chunks of one open project. All its methods are called on the main thread."""

    def __init__(self, session: Session, engine: Engine, post: Post, *, device: str = "auto") -> None:
        """Become a client of `engine`."""
        self._session, self._post, self._device = session, post, device
        self._queue: deque[SlotKey] = deque()
        self._current: CurrentChunk | None = None
        self._unstored: list[Finished] = []
        self._status = GenerationStatus()
        self._timings = Timings()
        self._world: tuple[str, WorldInfo] | None = None
        self._closing = threading.Lock()
        self._is_closed = False
        self.changed: Signal[GenerationStatus] = Signal()
        self.previews: Signal[ChunkPreview] = Signal()
        self.frames: Signal[NewFrames] = Signal()
        """Frames as soon as they are decoded; `dropped` tells the chunk whose frames count for nothing after all."""
        self.dropped: Signal[ChunkId] = Signal()
        self.finished: Signal[SlotKey] = Signal()
        """Chunks that are in the file."""
        self._client = engine.connect(self._on_event)
        self._world_request = ""
        self._storing = Storing(
            session.path,
            on_stored=lambda stored: post(lambda: self._stored(stored)),
            on_failed=lambda kept, error: post(lambda: self._not_stored(kept, error)),
        )

    @property
    def status(self) -> GenerationStatus:
        return self._status

    # ------------------------------------------------------------------ what users ask for

    def open_world(self) -> None:
        """Open the project's world ahead of need."""
        self._tell(world_stage="opening", world_problem=None)
        self._world_request = self._client.open_world(self._location(self._session.project))

    def generate(self, take: TakeId, num_chunks: int | None = None) -> TakeId:
        """Queue the next chunks of a take: `num_chunks`, or all that is planned and at least one.

        Returns the take that they go to: a new one where the start or the world is no longer the take's, a branch where
        chunks at its end are stale. Raises ValueError without a start.
        """
        project = self._session.project
        if project.start is None and not project.take(take).chunks:
            raise ValueError("there is no start picture yet; drop one on the window, or choose one")
        take = self._take_to_continue(take)
        project = self._session.project
        first = len(project.take(take).chunks) + self._num_coming(take)
        count = num_missing(project, project.take(take), first) if num_chunks is None else num_chunks
        self._queue.extend((take, index) for index in range(first, first + max(count, 1)))
        failures = {key: value for key, value in self._status.failures.items() if key[0] != take}
        self._tell(failures=failures)
        self._store_again()
        self._start_next()
        return take

    def redo_from(
        self, take: TakeId, num_chunks: int, changes: Mapping[str, SettingValue], seed: int | None = None
    ) -> TakeId:
        """Make what follows the first `num_chunks` chunks again, as a branch with other settings. Raises ValueError.

        `seed` None: the take's own where it is locked, a new one where it is not.
        """
        known = self._session.project.take(take)
        tail = len(known.chunks) - num_chunks
        if seed is None and not known.recipe.seed_is_locked:
            seed = new_seed(known.recipe.seed)
        new = new_id()
        self._session.apply(take_edits.redo_from(take, num_chunks, new, changes, seed))
        return self.generate(new, max(tail, 1))

    def cancel(self) -> None:
        """Stop the chunk under way at its next step and forget what waits. What is finished stays.

        A second time it does not wait for that step, which may be long: see `EngineClient.cancel`.
        """
        self._queue.clear()
        active = self._status.active
        if self._current is not None:
            self._client.cancel(self._current.plan.chunk_id)
        if active is not None and active.stage != "storing":
            active = replace(active, stage="stopping", seconds_left=None)
        self._tell(is_paused=False, active=active)

    def cancel_take(self, take: TakeId) -> None:
        """As `cancel`, for the chunks of one take."""
        self._queue = deque(entry for entry in self._queue if entry[0] != take)
        if self._current is not None and self._current.plan.take.id == take:
            self._client.cancel(self._current.plan.chunk_id)
        self._tell()

    def prefer(self, take: TakeId) -> None:
        """Make the waiting chunks of a take before those of others."""
        first = [entry for entry in self._queue if entry[0] == take]
        self._queue = deque([*first, *(entry for entry in self._queue if entry[0] != take)])
        self._tell()

    def pause(self) -> None:
        """Make no further chunk after the one under way."""
        self._tell(is_paused=True)

    def resume(self) -> None:
        """Go on, and store again what could not be stored."""
        self._store_again()
        self._tell(is_paused=False)
        self._start_next()

    @property
    def has_unstored(self) -> bool:
        """Whether a finished chunk found no room: it is in memory alone."""
        return self._storing.has_failed

    def take_unstored(self) -> tuple[Finished, ...]:
        """Give up the chunks that found no room, for another project, a copy of this one, to store."""
        taken = self._storing.take_back()
        self._unstored = [finished for finished in self._unstored if finished not in taken]
        return taken

    def store(self, unstored: Sequence[Finished]) -> None:
        """Store chunks that another project, of which this is a copy, had no room for."""
        for finished in unstored:
            self._unstored.append(finished)
            self._storing.add(finished)

    def close(self) -> None:
        """Cancel, store what is finished, let the file go. The engine's thread stays for the next project."""
        self.cancel()
        self._storing.retry()
        with self._closing:
            self._is_closed = True
        self._client.disconnect()
        self._storing.close()
        try:
            self._timings.save()
        except OSError as error:
            _LOG.warning("the times of chunks could not be kept: %s", error)

    # ------------------------------------------------------------------ the queue

    def _unstored_of(self, take: TakeId) -> list[Finished]:
        return [finished for finished in self._unstored if finished.take == take]

    def _num_coming(self, take: TakeId) -> int:
        """Chunks that follow those of a take without being asked for again: under way, unstored, waiting."""
        under_way = self._current is not None and self._current.plan.take.id == take
        return under_way + len(self._unstored_of(take)) + sum(1 for queued, _ in self._queue if queued == take)

    def _store_again(self) -> None:
        """Write the chunks that could not be stored once more."""
        if not self._storing.has_failed:
            return
        keys = {_key(finished) for finished in self._unstored}
        failures = {key: value for key, value in self._status.failures.items() if key not in keys}
        self._storing.retry()
        self._tell(failures=failures, is_paused=False)

    def _take_to_continue(self, take_id: TakeId) -> TakeId:
        project = self._session.project
        take = project.take(take_id)
        stale = first_stale(project, take)
        if not follows_project(project, take):
            new = new_id()
            self._session.apply(take_edits.new_take(new))
            return new
        if stale < len(take.chunks):
            new = new_id()
            self._session.apply(take_edits.branch(take_id, stale, new))
            return new
        return take_id

    def _start_next(self) -> None:
        if self._current is not None or self._is_closed:
            self._tell()
            return
        is_held = self._status.is_paused or self._storing.has_failed or len(self._unstored) >= _MOST_UNSTORED
        if is_held:
            self._tell(active=self._being_stored())
            return
        while self._queue:
            take_id, index = self._queue[0]
            project = self._session.project
            unstored = self._unstored_of(take_id)
            if project.has_take(take_id) and len(project.take(take_id).chunks) + len(unstored) == index:
                break
            self._queue.popleft()  # the take was deleted or cut meanwhile
        else:
            self._tell(active=self._being_stored())
            return
        location = self._location(project)
        if self._world is None or self._world[0] != location.spec:
            if self._status.world_stage == "opening":
                self._tell()  # what it answers comes here again
                return
            self._tell(world_stage="opening", world_problem=None)
            self._world_request = self._client.open_world(location)
            return
        self._queue.popleft()
        take = project.take(take_id)
        self._begin(
            plan_chunk(project, take, unstored, info=self._world[1], world=location, project_file=self._session.path)
        )

    def _begin(self, plan: PlannedChunk) -> None:
        expected = self._timings.seconds(plan.info, plan.recipe.settings, len(plan.actions))
        self._current = CurrentChunk(plan=plan, began_s=time.monotonic())
        self._client.make_chunk(plan.chunk_id, plan.message, plan.history)
        active = ActiveChunk(
            take=plan.take.id,
            index=plan.index,
            chunk_id=plan.chunk_id,
            step=0,
            num_steps=num_steps(plan.info.settings, plan.recipe.settings),
            stage="denoising",
            seconds_left=expected,
        )
        self._tell(active=active, seconds_per_chunk=expected)

    def _being_stored(self) -> ActiveChunk | None:
        """The chunk that is written now, as what is under way while the engine rests."""
        if not self._unstored or self._storing.has_failed:
            return None
        finished = self._unstored[0]
        count = 1 if self._world is None else num_steps(self._world[1].settings, finished.result.request.settings)
        take, index = _key(finished)
        return ActiveChunk(
            take=take,
            index=index,
            chunk_id=finished.id,
            step=count,
            num_steps=count,
            stage="storing",
            seconds_left=0.0,
        )

    # ------------------------------------------------------------------ what the engine answers

    def _on_event(self, event: EngineEvent) -> None:
        """On the engine's thread."""
        if isinstance(event, ChunkDone):
            with self._closing:
                current = self._current
                if self._is_closed or current is None or current.plan.chunk_id != event.request_id:
                    return
                finished = current.plan.finished(event)
                self._post(lambda: self._chunk_done(finished))
                # Here, and not on the main thread, which may have gone when the program is being closed.
                self._storing.add(finished)
            return
        self._post(lambda: self._handle(event))

    def _handle(self, event: EngineEvent) -> None:
        if self._is_closed:
            return
        if isinstance(event, WorldOpening):
            self._opening()
            return
        if isinstance(event, WorldOpened):
            self._opened(event)
            return
        if isinstance(event, RequestFailed):
            self._failed(event)
            return
        current = self._current
        if current is None or current.plan.chunk_id != event.request_id:
            return
        plan = current.plan
        if isinstance(event, StepDone):
            self._stepped(current, event)
        elif isinstance(event, PreviewReady):
            self.previews.emit(ChunkPreview(plan.take.id, plan.index, event.step, event.picture))
        elif isinstance(event, FramesReady):
            self.frames.emit(
                NewFrames(take=plan.take.id, chunk_id=plan.chunk_id, first_frame=event.first_frame, frames=event.frames)
            )
        elif isinstance(event, ChunkCancelled):
            self._drop(plan)
            self._start_next()

    def _drop(self, plan: PlannedChunk) -> None:
        """Forget the chunk under way, of which nothing comes."""
        self._current = None
        self._tell(active=None)
        self.dropped.emit(plan.chunk_id)

    def _opening(self) -> None:
        """Also in the middle of a chunk, where a lost engine was replaced."""
        active = self._status.active
        if active is not None:
            active = replace(active, stage="opening the world", step=0)
        self._tell(world_stage="opening", world_problem=None, active=active)

    def _opened(self, event: WorldOpened) -> None:
        self._world = (event.spec, event.info)
        self._session.apply(world_opened(event.spec, event.info))
        self._tell(world_stage="open", world_problem=None)
        self._start_next()

    def _stepped(self, current: CurrentChunk, event: StepDone) -> None:
        active = self._status.active
        if active is None:
            return
        if event.step == 1:
            # The first step has the start-up of kernels in it, so the clock of the others begins after it.
            current.first_step_s = time.monotonic()
        left = current.seconds_left(event.step, event.num_steps, self._status.seconds_per_chunk)
        stage: Stage = "decoding" if event.step == event.num_steps else "denoising"
        if active.stage == "stopping":
            stage = "stopping"
        self._tell(active=replace(active, step=event.step, num_steps=event.num_steps, seconds_left=left, stage=stage))

    def _failed(self, event: RequestFailed) -> None:
        problem = problem_of_failure(event.failure)
        _LOG.error("%s\n%s", problem.paragraph(), event.failure.details)
        if event.request_id == self._world_request:
            failed, self._queue = list(self._queue), deque()
            failures = dict(self._status.failures)
            if failed:
                take, index = failed[0]
                failures[failed[0]] = Failure(
                    take=take, index=index, problem=problem, kind=event.failure.kind, details=event.failure.details
                )
            self._world = None
            self._tell(world_stage="failed", world_problem=problem, failures=failures)
            return
        current = self._current
        if current is None or current.plan.chunk_id != event.request_id:
            return
        take, index = current.plan.take.id, current.plan.index
        failure = Failure(
            take=take, index=index, problem=problem, kind=event.failure.kind, details=event.failure.details
        )
        self._queue = deque(entry for entry in self._queue if entry[0] != take)
        self._drop(current.plan)
        self._tell(failures={**self._status.failures, (take, index): failure})
        self._start_next()

    def _chunk_done(self, finished: Finished) -> None:
        current = self._current
        if current is None or self._is_closed or current.plan.chunk_id != finished.id:
            return
        self._current = None
        self._unstored.append(finished)
        plan, seconds = current.plan, time.monotonic() - current.began_s
        self._timings.learn(plan.info, plan.recipe.settings, len(plan.actions), seconds)
        known = self._timings.seconds(plan.info, plan.recipe.settings, len(plan.actions))
        self._tell(active=self._being_stored(), seconds_per_chunk=known)
        self._start_next()

    def _stored(self, stored: Stored) -> None:
        if not self._session.is_open:
            return
        self._session.chunk_stored(stored)
        self._unstored = [finished for finished in self._unstored if finished.id != stored.chunk.id]
        active = self._status.active
        if active is not None and active.chunk_id == stored.chunk.id:
            self._tell(active=self._being_stored())
        self.finished.emit((stored.chunk.take, stored.chunk.request.index))
        self._start_next()

    def _not_stored(self, kept: Finished, error: Exception) -> None:
        _LOG.error("a chunk could not be stored", exc_info=error)
        key = _key(kept)
        failure = Failure(take=key[0], index=key[1], problem=problem_of(error), kind="bad_input")
        active = self._status.active if self._current is not None else None
        self._tell(active=active, failures={**self._status.failures, key: failure}, is_paused=True)

    def _tell(self, **changes: object) -> None:
        now = {"queued": tuple(self._queue), "storing": tuple(map(_key, self._unstored))}
        self._status = replace(self._status, **{**changes, **now})  # type: ignore[arg-type]
        self.changed.emit(self._status)

    def _location(self, project: Project) -> WorldLocation:
        catalogue = tuple((name, str(folder)) for name, folder in world_catalogue().items())
        return WorldLocation(spec=project.world.spec, catalogue=catalogue, device=self._device)


def _key(finished: Finished) -> SlotKey:
    return finished.take, finished.result.request.index
