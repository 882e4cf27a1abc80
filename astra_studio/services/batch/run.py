"""Run of a batch: pictures x trajectories x settings, one after another; finished videos are skipped.

The content of a request decides whether it is there: the pixels of the picture, the action rows, settings, seed,
prompt, and the files of the world. A killed run goes on at the chunk where it stopped; a job that fails is told, and
the rest goes on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from astra_studio.document.errors import ProjectInUse
from astra_studio.document.lock import ProjectLock
from astra_studio.paths import world_catalogue
from astra_studio.problems import Problem, UserError, problem_of
from astra_studio.services.batch.jobs_file import BatchJob
from astra_studio.services.batch.world_stamp import world_stamp
from astra_studio.services.generation.timings import Timings
from astra_studio.services.rendering.render import BYTES_PER_PIXEL, RenderHooks, render, split_chunks
from engine.clock import ASTRA_CLOCK
from engine.messages import Event, WorldInfo
from engine.video.footage import read_start_file
from engine.whole_files import remove_leftovers, whole_path
from engine.worlds.detail_settings import shown_size
from engine.worlds.protocol import WorldModel

Status = Literal["done", "skipped", "failed", "cancelled", "waiting"]
Opener = Callable[[str], WorldModel]
"""Opens a world by its name or path."""


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What became of a job.

    Attributes:
        key: hash of its request; "" where there is none, since its picture or trajectory cannot be read.
        seconds: that it took, now or when it was rendered.
        report: what is known of its video, as `services.render` writes it; empty where there is none.
    """

    job: BatchJob
    key: str = ""
    status: Status = "waiting"
    seconds: float = 0.0
    report: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class JobForecast:
    """What one job will take.

    Attributes:
        num_chunks: still to be made; 0 where it is there already.
        seconds: None where no such chunk has been made on this machine.
        num_bytes: of its video, at most, and of the chunks that are kept until it is whole.
        problem: why it cannot be rendered.
    """

    job: BatchJob
    is_present: bool = False
    num_chunks: int = 0
    seconds: float | None = 0.0
    num_bytes: int = 0
    num_kept_bytes: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a batch will take, and what room there is."""

    jobs: tuple[JobForecast, ...]
    num_free_bytes: int

    @property
    def num_present(self) -> int:
        return sum(job.is_present for job in self.jobs)

    @property
    def num_chunks(self) -> int:
        return sum(job.num_chunks for job in self.jobs)

    @property
    def seconds(self) -> float | None:
        """None where it is not known of all that will be rendered."""
        known = [job.seconds for job in self.jobs]
        return None if None in known else sum(second for second in known if second is not None)

    @property
    def num_bytes(self) -> int:
        """At most, while it runs: all videos, and the kept chunks of one job."""
        kept = max((job.num_kept_bytes for job in self.jobs), default=0)
        return sum(job.num_bytes for job in self.jobs) + kept

    @property
    def problems(self) -> tuple[JobForecast, ...]:
        return tuple(job for job in self.jobs if job.problem is not None)

    @property
    def has_room(self) -> bool:
        return self.num_bytes <= self.num_free_bytes


@dataclass(frozen=True, kw_only=True)
class BatchHooks:
    """What the caller wants to hear and say."""

    began: Callable[[int, BatchJob], None] = lambda _number, _job: None
    opened: Callable[[int, WorldInfo, int], None] = lambda _number, _info, _num_chunks: None
    """The world is open, and the job has so many chunks."""
    chunk_done: Callable[[int, int], None] = lambda _number, _num_chunks: None
    ended: Callable[[int, BatchResult], None] = lambda _number, _result: None
    reported: Callable[[Sequence[BatchResult]], None] = lambda _results: None
    """After every job, and at the end."""
    listener: Callable[[Event], None] = lambda _event: None
    cancelled: Callable[[], bool] = field(default=lambda: False)


class Keys:
    """Hashes of requests; each world's files are looked at once."""

    def __init__(self, catalogue: Mapping[str, Path] | None = None) -> None:
        self._catalogue = world_catalogue() if catalogue is None else catalogue
        self._stamps: dict[str, str] = {}

    def of(self, job: BatchJob) -> str:
        """Hash of everything that decides what comes out. Raises what its picture or trajectory raises.

        The world, which is told apart by its files, has the clock of its own: any clock does for the hash.
        """
        start, actions = read_start_file(job.image, ASTRA_CLOCK), job.request(Path()).actions(clock=ASTRA_CLOCK)
        pixels = start.frames[0] if start.kind == "picture" else start.frames
        if job.world not in self._stamps:
            self._stamps[job.world] = world_stamp(job.world, self._catalogue)
        digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes())
        digest.update(actions.modality.name.encode() + actions.rows.astype("<f4").tobytes())
        told = [self._stamps[job.world], job.seed, job.prompt, job.num_chunks, job.changes]
        digest.update(json.dumps(told).encode())
        return digest.hexdigest()


def read_report(out: Path, name: str) -> dict[str, Any]:
    """What `services.render` wrote of a job; empty where there is nothing, or nothing that can be read."""
    try:
        content = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def is_present(out: Path, name: str, key: str) -> bool:
    """Whether the whole video of this very request is there."""
    report = read_report(out, name)
    try:
        size = (out / f"{name}.mp4").stat().st_size
    except OSError:
        return False
    return bool(report.get("complete")) and report.get("request_sha256") == key and report.get("video_bytes") == size


def forecast(jobs: Sequence[BatchJob], out: Path, world_of: Callable[[str], WorldInfo]) -> Forecast:
    """What is still to be done; jobs that cannot be are among them, with their problems."""
    keys, timings = Keys(), Timings()
    return Forecast(
        jobs=tuple(_forecast_one(job, out, keys, timings, world_of) for job in jobs), num_free_bytes=_free_bytes(out)
    )


def run_batch(
    jobs: Sequence[BatchJob], out: Path, open_world: Opener, hooks: BatchHooks = BatchHooks()
) -> list[BatchResult]:
    """Render what is not there yet into `out`. Raises OSError for `out`, UserError where another batch writes there."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        lock = ProjectLock(out / "batch")
    except ProjectInUse as error:
        why = "Another batch is writing into it now"
        raise UserError(Problem(f"The folder {out} is in use", why, "Wait for it, or give another --out")) from error
    try:
        return _run(jobs, out, open_world, hooks)
    finally:
        lock.release()


def _run(jobs: Sequence[BatchJob], out: Path, open_world: Opener, hooks: BatchHooks) -> list[BatchResult]:
    results = [BatchResult(job=job) for job in jobs]
    worlds: dict[str, WorldModel] = {}
    keys, elsewhere = Keys(), _by_key(out)
    remove_leftovers(job.request(out).out for job in jobs)  # of a run that was killed; its lock was ours to take
    for number in _by_world(jobs):
        if hooks.cancelled():
            results[number] = BatchResult(job=jobs[number], status="cancelled")
            continue
        hooks.began(number, jobs[number])
        results[number] = _run_one(number, jobs[number], out, keys, elsewhere, worlds, open_world, hooks)
        hooks.ended(number, results[number])
        hooks.reported(results)
    hooks.reported(results)
    with suppress(OSError):
        (out / ".unfinished").rmdir()  # only where nothing is kept in it
    return results


def _by_world(jobs: Sequence[BatchJob]) -> list[int]:
    """The numbers of the jobs in their order, but those of one world together: opening one takes long."""
    first = {job.world: number for number, job in reversed(list(enumerate(jobs)))}
    return sorted(range(len(jobs)), key=lambda number: (first[jobs[number].world], number))


def _by_key(out: Path) -> dict[str, str]:
    """The names of whole videos in a folder by the hash of what they are."""
    found = {}
    for path in sorted(out.glob("*.json")):
        key = str(read_report(out, path.stem).get("request_sha256") or "")
        if key and is_present(out, path.stem, key):
            found[key] = path.stem
    return found


def _run_one(
    number: int,
    job: BatchJob,
    out: Path,
    keys: Keys,
    elsewhere: dict[str, str],
    worlds: dict[str, WorldModel],
    open_world: Opener,
    hooks: BatchHooks,
) -> BatchResult:
    key = ""
    try:
        key = keys.of(job)
        if not is_present(out, job.name, key) and key in elsewhere:
            _copy(out, elsewhere[key], job.name)
        if is_present(out, job.name, key):
            report = read_report(out, job.name)
            return BatchResult(
                job=job, key=key, status="skipped", seconds=float(report.get("seconds") or 0), report=report
            )

        def world() -> WorldModel:
            if job.world not in worlds:
                worlds.clear()  # one world in memory at a time
                worlds[job.world] = open_world(job.world)
            return worlds[job.world]

        render_hooks = RenderHooks(
            listener=hooks.listener,
            cancelled=hooks.cancelled,
            world_opened=lambda info, _settings, num_chunks: hooks.opened(number, info, num_chunks),
            chunk_done=lambda num_chunks: hooks.chunk_done(number, num_chunks),
        )
        outcome = render(job.request(out, key), world, render_hooks)
    except Exception as error:  # a job runner: whatever it was, the next job goes on
        return BatchResult(job=job, key=key, status="failed", problem=problem_of(error))
    if outcome.was_cancelled:
        return BatchResult(job=job, key=key, status="cancelled", seconds=outcome.seconds)
    elsewhere[key] = job.name
    return BatchResult(job=job, key=key, status="done", seconds=outcome.seconds, report=read_report(out, job.name))


def _copy(out: Path, source: str, name: str) -> None:
    """The video and the report of another name: a job that was called otherwise. The report last, which counts."""
    for suffix in (".mp4", ".json"):
        with whole_path(out / f"{name}{suffix}") as part:
            shutil.copyfile(out / f"{source}{suffix}", part)


def _forecast_one(
    job: BatchJob, out: Path, keys: Keys, timings: Timings, world_of: Callable[[str], WorldInfo]
) -> JobForecast:
    try:
        key = keys.of(job)
        if is_present(out, job.name, key):
            return JobForecast(job=job, is_present=True)
        info = world_of(job.world)
        clock = info.clock
        ticks = None if job.num_chunks is None else job.num_chunks * clock.latents_per_chunk
        actions = job.request(out).actions(ticks, clock=clock)
        if actions.modality.name not in info.modalities:
            raise ValueError(f"{info.name} is not driven by {actions.modality.name} actions")
    except Exception as error:  # whatever it is, it is what the job would fail with
        return JobForecast(job=job, problem=problem_of(error))
    tracks = split_chunks(actions, clock.latents_per_chunk)
    settings = info.settings_with(dict(job.changes))
    seconds = [timings.seconds(info, settings, len(track)) for track in tracks]
    width, height = shown_size(info, settings, actions.modality.name)
    num_pixels = clock.num_frames(1 + len(actions)) * width * height
    return JobForecast(
        job=job,
        num_chunks=len(tracks),
        seconds=None if None in seconds else sum(second for second in seconds if second is not None),
        num_bytes=int(num_pixels * BYTES_PER_PIXEL),
        num_kept_bytes=3 * num_pixels if len(tracks) > 1 else 0,
    )


def _free_bytes(folder: Path) -> int:
    """Room on the disk on which a folder lies, or will lie."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free
