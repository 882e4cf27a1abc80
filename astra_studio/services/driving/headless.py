"""A drive without a window: the same loop, fed by a script, against real time or the clock of played frames."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from astra_studio.document import edits
from astra_studio.document.model import Chunk, Take, new_project
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.session import Session
from astra_studio.document.store import SUFFIX, Store
from astra_studio.input.held import HeldInput
from astra_studio.services.driving.events import DriveEvent, EndEvent, as_json
from astra_studio.services.driving.loop import Drive, DrivenChunk, DriveSettings
from astra_studio.services.generation.queue import Generation
from astra_studio.services.playback.starts import read_start
from astra_studio.services.signals import Mailbox
from engine.clock import Clock
from engine.messages import WorldInfo
from engine.serving.protocol import Engine
from engine.settings import SettingValue
from engine.whole_files import write_whole

_POLL_S = 1 / 240
"""Input is looked at so often in real time."""
_OPENING_S = 600.0
_CHUNK_S = 3600.0
"""Longest time that a world may take to open, and for one chunk."""


@dataclass(frozen=True, kw_only=True)
class DriveRequest:
    """What is to be driven.

    Attributes:
        start: picture or clip to start from; None: `project` is driven on, in a copy.
        out: the project that is made; it must not be there yet.
        events: of the script; where no event ends the drive, it ends one chunk after the last.
        num_latents: of every chunk; None: as the world does by itself, or in real time as the wait allows.
        realtime: whether seconds are those of the wall. If not, they are counted in played frames.
    """

    start: Path | None
    project: Path | None
    out: Path
    world: str
    events: Sequence[DriveEvent]
    num_latents: int | None = None
    seed: int = 0
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    realtime: bool = False
    device: str = "auto"


@dataclass(frozen=True, kw_only=True)
class DriveOutcome:
    """What became of it: the report as JSON would have it, and the take that was driven last."""

    report: dict[str, Any]
    take: str


def drive(request: DriveRequest, engine: Engine) -> DriveOutcome:
    """Drive to the end of the script. Raises ValueError, OSError, or what opening the world raises."""
    if request.out.suffix.lower() != SUFFIX:
        raise ValueError(f"a drive is kept in a project, so --out ends in {SUFFIX}; got {request.out.name}")
    if request.out.exists():
        raise FileExistsError(17, "there is a file of that name already; choose another for --out", str(request.out))
    if (request.start is None) == (request.project is None):
        raise ValueError("a drive starts from a picture (--image) or goes on with a project (--project): give one")
    mailbox = Mailbox()
    session = Session(_store(request))
    generation = Generation(session, engine, mailbox.post, device=request.device)
    try:
        info = _open_world(generation, session, mailbox)
        _prepare(request, session, info)
        return _Run(request, session, generation, mailbox, info).to_the_end()
    finally:
        generation.close()
        mailbox.run_pending()
        session.close()


def write_report(path: Path, outcome: DriveOutcome) -> None:
    """The report as a JSON file."""
    write_whole(path, json.dumps(outcome.report, indent=1) + "\n")


def _store(request: DriveRequest) -> Store:
    if request.project is None:
        return create_store(request.out, new_project(request.world))
    source = open_store(request.project)  # locked, so that nobody changes it while it is copied
    try:
        source.save_as(request.out)
    finally:
        source.close()
    return open_store(request.out)


def _open_world(generation: Generation, session: Session, mailbox: Mailbox) -> WorldInfo:
    generation.open_world()
    mailbox.run_until(lambda: generation.status.world_stage in ("open", "failed"), _OPENING_S)
    problem = generation.status.world_problem
    if problem is not None:
        raise ValueError(problem.paragraph())
    info = session.project.world.info
    assert info is not None, "an open world is known"
    return info


def _prepare(request: DriveRequest, session: Session, info: WorldInfo) -> None:
    take = session.project.current.id
    if request.start is not None:
        found = read_start(request.start, info.clock)
        artifact = session.put("start", found.data)
        session.apply(edits.set_start(replace(found.start, artifact=artifact)))
        session.apply(edits.set_seed(take, request.seed, is_locked=True))
    if request.settings:
        session.apply(edits.set_settings(take, request.settings))


class _Run:
    """One drive, from its first event to its last."""

    def __init__(
        self, request: DriveRequest, session: Session, generation: Generation, mailbox: Mailbox, info: WorldInfo
    ) -> None:
        self._request, self._session, self._generation, self._mailbox = request, session, generation, mailbox
        self._clock: Clock = info.clock
        self._rate = info.clock.fps
        self._num_played = 0
        self._waited_s = 0.0
        """With nothing to play, until the next event."""
        self._shown = 0
        self._intervals: list[float] = []
        num_latents = request.num_latents
        if num_latents is None and not request.realtime:
            num_latents = self._clock.latents_per_chunk
        settings = DriveSettings(num_latents=num_latents, waits_for_the_edge=not request.realtime)
        clock_s: Callable[[], float] = time.monotonic if request.realtime else self._played_s
        self._drive = Drive(session, generation, HeldInput(), clock_s, settings)
        self._events = deque(_ended(request.events, self._clock, num_latents))

    def to_the_end(self) -> DriveOutcome:
        first = len(self._session.project.current.chunks)
        self._drive.start(self._session.project.current.id)
        self._shown = max(self._drive.num_frames - 1, 0)
        begun = time.monotonic()
        if self._request.realtime:
            self._in_real_time()
        else:
            self._in_played_frames()
        self._drive.stop()
        self._mailbox.run_until(lambda: not self._generation.status.is_busy, _CHUNK_S)
        self._mailbox.run_until(self._is_stored, _CHUNK_S)
        take = self._session.project.take(self._drive.take)
        return DriveOutcome(report=self._report(take, first, time.monotonic() - begun), take=take.name)

    def _is_stored(self) -> bool:
        made = len(self._session.project.take(self._drive.take).chunks)
        return made >= self._drive.state.next_chunk or bool(self._generation.status.failures)

    def _played_s(self) -> float:
        """Counted in whole frames, so that rounding adds up to nothing."""
        return self._waited_s + self._num_played / self._rate

    def _feed(self) -> None:
        while self._events and self._events[0].t <= self._drive.now_s():
            self._drive.feed(self._events.popleft())

    def _in_played_frames(self) -> None:
        while self._drive.state.is_on:
            self._feed()
            if self._drive.poll(self._shown):
                self._mailbox.run_until(lambda: not self._generation.status.is_busy, _CHUNK_S)
                _raise_failures(self._generation)
            elif self._shown < self._drive.num_frames - 1:
                self._shown += 1
                self._num_played += 1
            elif self._events:
                # Nothing plays and nothing is made.
                self._waited_s += max(self._events[0].t - self._drive.now_s(), 1 / self._rate)
            else:
                return

    def _in_real_time(self) -> None:
        due: float | None = None
        last_s: float | None = None
        while self._drive.state.is_on:
            self._feed()
            self._mailbox.run_pending()
            _raise_failures(self._generation)
            self._drive.poll(self._shown)
            now = time.monotonic()
            if self._shown < self._drive.num_frames - 1 and (due is None or now >= due):
                if due is not None and last_s is not None:
                    self._intervals.append(now - last_s)
                # After a wait for frames the clock begins anew.
                due = (now if due is None else due) + 1 / self._rate
                last_s = now
                self._shown += 1
            elif self._shown >= self._drive.num_frames - 1 and due is not None and now > due + 1 / self._rate:
                due = last_s = None
            time.sleep(_POLL_S)

    def _report(self, take: Take, first: int, seconds: float) -> dict[str, Any]:
        driven = {chunk.index: chunk for chunk in self._drive.chunks}
        chunks = [self._chunk(chunk, driven.get(number)) for number, chunk in enumerate(take.chunks) if number >= first]
        rows = [row for chunk in take.chunks for row in chunk.request.actions.rows.tolist()]
        latency = self._drive.trace.latency()
        made_s = sum(sum(seconds for _, seconds in chunk.seconds) for chunk in take.chunks[first:])
        played_s = sum(chunk.num_ticks for chunk in take.chunks[first:]) * self._clock.seconds_per_tick
        return {
            "out": str(self._request.out),
            "take": take.name,
            "world": take.chunks[-1].request.world if take.chunks else "",
            "seed": take.recipe.seed,
            "realtime": self._request.realtime,
            "seconds": round(seconds, 3),
            "rows": rows,
            "chunks": chunks,
            "latency": None if latency is None else latency.as_json(),
            "jitter": self._jitter(),
            "play_ratio": round(played_s / made_s, 3) if made_s > 0 else None,
            "trace": self._drive.trace.as_json(),
        }

    def _chunk(self, chunk: Chunk, driven: DrivenChunk | None) -> dict[str, Any]:
        return {
            "index": chunk.request.index,
            "latents_sha256": chunk.latents_sha256,
            "first_latent": chunk.first_latent,
            "num_latents": chunk.num_ticks,
            "num_frames": chunk.num_frames,
            "settings": dict(chunk.request.settings),
            "prompt": chunk.request.prompt,
            "seconds_by_part": {name: round(value, 4) for name, value in chunk.seconds},
            "first_input_s": None if driven is None else driven.first_input_s,
            "last_input_s": None if driven is None else driven.last_input_s,
            "events": [] if driven is None else [as_json(event) for event in driven.events],
        }

    def _jitter(self) -> dict[str, float] | None:
        """How far the times between shown frames lie from what they should be, milliseconds."""
        if not self._intervals:
            return None
        off = np.abs(1000 * (np.array(self._intervals) - 1 / self._rate))
        return {"p50_ms": round(float(np.median(off)), 2), "p95_ms": round(float(np.quantile(off, 0.95)), 2)}


def _ended(events: Sequence[DriveEvent], clock: Clock, num_latents: int | None) -> list[DriveEvent]:
    """The events, with an end."""
    if any(isinstance(event, EndEvent) for event in events):
        return list(events)
    last = max((event.t for event in events), default=0.0)
    length = clock.chunk_length(num_latents)
    return [*events, EndEvent(t=last + length * clock.seconds_per_tick)]


def _raise_failures(generation: Generation) -> None:
    for failure in generation.status.failures.values():
        raise ValueError(failure.problem.paragraph())
