"""Owns what is being made: the queue of chunks, the one under way, what failed and why.

A take's recipe and keys are read when a chunk begins, so a change takes effect from the next one on. The next chunk
begins when the one before it is in the file: whatever happens then, nothing that was seen is lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from astra_studio.document import take_edits
from astra_studio.document.artifacts import open_artifacts
from astra_studio.document.derived import (
    asked_at,
    first_stale,
    follows_project,
    latents_per_chunk,
    made_ticks,
    total_ticks,
)
from astra_studio.document.edits import world_opened
from astra_studio.document.model import ChunkId, Project, Take, TakeId, new_id
from astra_studio.document.seeds import new_seed
from astra_studio.document.session import Session
from astra_studio.document.writer import ArtifactWriter, Finished, Stored
from astra_studio.paths import world_catalogue
from astra_studio.problems import problem_of, problem_of_failure
from astra_studio.services.generation.requests import planned_actions, stored_take
from astra_studio.services.generation.status import ActiveChunk, ChunkPreview, Failure, GenerationStatus, SlotKey, Stage
from astra_studio.services.generation.timings import Timings
from astra_studio.services.playback.starts import start_frames
from astra_studio.services.signals import Post, Signal
from engine.messages import Frames, TakeHistory, WorldInfo
from engine.serving.messages import (
    ChunkCancelled,
    ChunkDone,
    EngineEvent,
    MakeChunk,
    PreviewReady,
    RequestFailed,
    StepDone,
    WorldOpened,
    WorldOpening,
)
from engine.serving.protocol import Engine
from engine.settings import Settings, SettingValue, num_steps
from engine.worlds.location import WorldLocation

__all__ = ["ActiveChunk", "ChunkPreview", "Failure", "Generation", "GenerationStatus", "SlotKey"]

_LOG = logging.getLogger(__name__)


class Generation:
    """Makes the chunks of one open project. All its methods are called on the main thread."""

    def __init__(
        self,
        session: Session,
        engine: Engine,
        post: Post,
        *,
        on_frames: Callable[[ChunkId, Frames], None] = lambda _chunk, _frames: None,
        device: str = "auto",
    ) -> None:
        """Become a client of `engine`. `on_frames` gets a new chunk's frames on the main thread, before its record."""
        self._session, self._post, self._on_frames = session, post, on_frames
        self._device = device
        self._queue: deque[SlotKey] = deque()
        self._current: _Current | None = None
        self._status = GenerationStatus()
        self._timings = Timings()
        self._world: tuple[str, WorldInfo, int] | None = None
        self._kept: Finished | None = None
        self._storing_again: ChunkId | None = None
        self._closing = threading.Lock()
        self._is_closed = False
        self.changed: Signal[GenerationStatus] = Signal()
        self.previews: Signal[ChunkPreview] = Signal()
        self.finished: Signal[SlotKey] = Signal()
        self._client = engine.connect(self._on_event)
        self._world_request = ""
        self._writer = self._new_writer()

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
        count = self._num_missing(project, project.take(take), first) if num_chunks is None else num_chunks
        self._queue.extend((take, index) for index in range(first, first + max(count, 1)))
        failures = {key: value for key, value in self._status.failures.items() if key[0] != take}
        self._tell(failures=failures)
        self._store_kept()
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
            self._client.cancel(self._current.chunk_id)
        if active is not None and active.stage != "storing":
            active = replace(active, stage="stopping", seconds_left=None)
        self._tell(is_paused=False, active=active)

    def cancel_take(self, take: TakeId) -> None:
        """As `cancel`, for the chunks of one take."""
        self._queue = deque(entry for entry in self._queue if entry[0] != take)
        if self._current is not None and self._current.take == take:
            self._client.cancel(self._current.chunk_id)
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
        self._store_kept()
        self._tell(is_paused=False)
        self._start_next()

    @property
    def has_unstored(self) -> bool:
        """Whether a finished chunk found no room: it is in memory alone."""
        return self._kept is not None

    def take_unstored(self) -> Finished | None:
        """Give up the chunk that found no room, for another project, a copy of this one, to store."""
        kept, self._kept = self._kept, None
        return kept

    def store(self, finished: Finished) -> None:
        """Store a chunk that another project, of which this is a copy, had no room for."""
        self._kept = finished
        self._store_kept()

    def close(self) -> None:
        """Cancel, store what is finished, let the file go. The engine's thread stays for the next project."""
        self.cancel()
        self._store_kept()
        with self._closing:
            self._is_closed = True
        self._client.disconnect()
        self._writer.close()
        try:
            self._timings.save()
        except OSError as error:
            _LOG.warning("the times of chunks could not be kept: %s", error)

    # ------------------------------------------------------------------ the queue

    def _new_writer(self) -> ArtifactWriter:
        return ArtifactWriter(
            self._session.path,
            on_stored=lambda stored: self._post(lambda: self._stored(stored)),
            on_failed=lambda kept, error: self._post(lambda: self._not_stored(kept, error)),
        )

    def _num_coming(self, take: TakeId) -> int:
        """Chunks that follow those of a take without being asked for again: under way, unstored, waiting."""
        under_way = self._current is not None and self._current.take == take
        unstored = self._kept is not None and self._kept.take == take
        return under_way + unstored + sum(1 for queued, _ in self._queue if queued == take)

    def _store_kept(self) -> None:
        """Hand the chunk that could not be stored to the writer again."""
        if self._kept is None:
            return
        kept, self._kept = self._kept, None
        self._storing_again = kept.id
        failures = dict(self._status.failures)
        failures.pop((kept.take, kept.result.request.index), None)
        self._tell(failures=failures, is_paused=False)
        self._writer.submit(kept)

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

    def _num_missing(self, project: Project, take: Take, first: int) -> int:
        """Chunks that the plan of a take still needs when `first` are made or waiting."""
        length = latents_per_chunk(project, take)
        waiting = first - len(take.chunks)
        missing = total_ticks(take) - made_ticks(take) - waiting * length
        return -(-missing // length) if missing > 0 else 0

    def _start_next(self) -> None:
        is_held = self._status.is_paused or self._kept is not None or self._storing_again is not None
        if self._current is not None or is_held or self._is_closed:
            self._tell()
            return
        while self._queue:
            take_id, index = self._queue[0]
            project = self._session.project
            if project.has_take(take_id) and len(project.take(take_id).chunks) == index:
                break
            self._queue.popleft()  # the take was deleted or cut meanwhile
        else:
            self._tell(active=None)
            return
        place = self._location(project)
        if self._world is None or self._world[0] != place.spec:
            if self._status.world_stage == "opening":
                self._tell()  # what it answers comes here again
                return
            self._tell(world_stage="opening", world_problem=None)
            self._world_request = self._client.open_world(place)
            return
        self._queue.popleft()
        self._begin(project, project.take(take_id), index, place)

    def _begin(self, project: Project, take: Take, index: int, place: WorldLocation) -> None:
        assert self._world is not None
        _, info, _ = self._world
        asked = asked_at(project, take, made_ticks(take))
        settings = asked.settings
        num_latents = latents_per_chunk(project, take)
        start = take.chunks[0].request.start if take.chunks else project.start
        assert start is not None
        expected = self._timings.seconds(info, settings, num_latents)
        self._current = _Current(
            take=take.id,
            index=index,
            chunk_id=new_id(),
            parent=take.chunks[-1].id if take.chunks else None,
            finished_of=lambda done, current: Finished(
                id=current.chunk_id,
                take=current.take,
                parent=current.parent,
                world=info.fingerprint,
                start=start,
                seed=take.recipe.seed,
                result=done.result,
                start_latents=done.start_latents,
                clock=info.clock,
                keyed=asked.keyed,
            ),
            info=info,
            settings=settings,
            num_latents=num_latents,
            began_s=time.monotonic(),
        )
        current, path = self._current, self._session.path
        actions = planned_actions(take, num_latents).track

        def prepare() -> MakeChunk:
            frames = None
            if current.parent is None:
                with open_artifacts(path) as artifacts:
                    frames = start_frames(start, artifacts.read(start.artifact), info)
            return MakeChunk(
                request_id=current.chunk_id,
                world=place,
                parent_id=current.parent,
                start=frames,
                index=index,
                take_seed=take.recipe.seed,
                actions=actions,
                settings=settings,
                prompt=asked.prompt if info.has_text else "",
                negative_prompt=take.recipe.negative_prompt if info.has_text else "",
            )

        def history(num_latents: int) -> TakeHistory:
            with open_artifacts(path) as artifacts:
                return stored_take(take.chunks, artifacts.read).history(num_latents)

        self._client.make_chunk(current.chunk_id, prepare, history)
        self._tell(
            active=ActiveChunk(
                take=take.id,
                index=index,
                chunk_id=current.chunk_id,
                step=0,
                num_steps=num_steps(info.settings, settings),
                stage="denoising",
                seconds_left=expected,
            ),
            seconds_per_chunk=expected,
        )

    # ------------------------------------------------------------------ what the engine answers

    def _on_event(self, event: EngineEvent) -> None:
        """On the engine's thread."""
        if isinstance(event, ChunkDone):
            with self._closing:
                current = self._current
                if self._is_closed or current is None or current.chunk_id != event.request_id:
                    return
                self._post(lambda: self._frames_came(event))
                # Waits while the disk is slow, here and not on the main thread.
                self._writer.submit(current.finished_of(event, current))
            return
        self._post(lambda: self._handle(event))

    def _handle(self, event: EngineEvent) -> None:
        if self._is_closed:
            return
        if isinstance(event, WorldOpening):
            self._opening()
        elif isinstance(event, WorldOpened):
            self._opened(event)
        elif isinstance(event, StepDone):
            self._stepped(event)
        elif isinstance(event, PreviewReady):
            current = self._current
            if current is not None and current.chunk_id == event.request_id:
                self.previews.emit(ChunkPreview(current.take, current.index, event.step, event.picture))
        elif isinstance(event, ChunkCancelled):
            if self._current is not None and self._current.chunk_id == event.request_id:
                self._current = None
                self._tell(active=None)
                self._start_next()
        elif isinstance(event, RequestFailed):
            self._failed(event)

    def _opening(self) -> None:
        """Also in the middle of a chunk, where a lost engine was replaced."""
        active = self._status.active
        if active is not None:
            active = replace(active, stage="opening the world", step=0)
        self._tell(world_stage="opening", world_problem=None, active=active)

    def _opened(self, event: WorldOpened) -> None:
        self._world = (event.spec, event.info, event.restore_latents)
        self._session.apply(world_opened(event.spec, event.info))
        self._tell(world_stage="open", world_problem=None)
        self._start_next()

    def _stepped(self, event: StepDone) -> None:
        current, active = self._current, self._status.active
        if current is None or active is None or current.chunk_id != event.request_id:
            return
        if event.step == 1:
            # The first step has the start-up of kernels in it, so the clock of the others begins after it.
            current.first_step_s = time.monotonic()
        left = current.seconds_left(event.step, event.num_steps, self._status.seconds_per_chunk)
        stage: Stage = "decoding" if event.step == event.num_steps else "denoising"
        if active.stage == "stopping":
            stage = "stopping"
        made = replace(active, step=event.step, num_steps=event.num_steps, seconds_left=left, stage=stage)
        self._tell(active=made)

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
        if current is None or current.chunk_id != event.request_id:
            return  # of a project that was shown before
        self._current = None
        key = (current.take, current.index)
        failure = Failure(
            take=current.take,
            index=current.index,
            problem=problem,
            kind=event.failure.kind,
            details=event.failure.details,
        )
        self._queue = deque(entry for entry in self._queue if entry[0] != current.take)
        self._tell(active=None, failures={**self._status.failures, key: failure})
        self._start_next()

    def _frames_came(self, event: ChunkDone) -> None:
        current, active = self._current, self._status.active
        if current is None or self._is_closed or active is None or current.chunk_id != event.request_id:
            return
        seconds = time.monotonic() - current.began_s
        self._timings.learn(current.info, current.settings, current.num_latents, seconds)
        known = self._timings.seconds(current.info, current.settings, current.num_latents)
        self._on_frames(event.request_id, event.result.frames)
        self._tell(active=replace(active, stage="storing", seconds_left=0.0), seconds_per_chunk=known)

    def _stored(self, stored: Stored) -> None:
        if not self._session.is_open:
            return
        self._session.chunk_stored(stored)
        if self._storing_again == stored.chunk.id:
            self._storing_again = None
            self.finished.emit((stored.chunk.take, stored.chunk.request.index))
        current = self._current
        if current is not None and current.chunk_id == stored.chunk.id:
            self._current = None
            self._tell(active=None)
            self.finished.emit((current.take, current.index))
        self._start_next()

    def _not_stored(self, kept: Finished, error: Exception) -> None:
        _LOG.error("a chunk could not be stored", exc_info=error)
        current = self._current
        if current is not None and current.chunk_id == kept.id:
            self._current = None
        self._kept, self._storing_again = kept, None
        failures = dict(self._status.failures)
        key = (kept.take, kept.result.request.index)
        failures[key] = Failure(take=key[0], index=key[1], problem=problem_of(error), kind="bad_input")
        self._tell(active=None, failures=failures, is_paused=True)

    def _tell(self, **changes: object) -> None:
        self._status = replace(self._status, **{**changes, "queued": tuple(self._queue)})  # type: ignore[arg-type]
        self.changed.emit(self._status)

    def _location(self, project: Project) -> WorldLocation:
        catalogue = tuple((name, str(folder)) for name, folder in world_catalogue().items())
        return WorldLocation(spec=project.world.spec, catalogue=catalogue, device=self._device)


@dataclass(kw_only=True)
class _Current:
    """What is known of the chunk under way until it is stored."""

    take: TakeId
    index: int
    chunk_id: ChunkId
    parent: ChunkId | None
    finished_of: Callable[[ChunkDone, _Current], Finished]
    info: WorldInfo
    settings: Settings
    num_latents: int
    began_s: float
    first_step_s: float = 0.0

    def seconds_left(self, step: int, num_steps: int, known: float | None) -> float | None:
        """From the pace of this chunk's own steps; from past chunks until it has one."""
        if step > 1:
            return (time.monotonic() - self.first_step_s) / (step - 1) * (num_steps - step)
        return None if known is None else known * (num_steps - step) / num_steps
