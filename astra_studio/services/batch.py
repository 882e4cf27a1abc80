"""Renders many pictures x trajectories x settings, one after another; what is there already is skipped.

The content of a request decides whether it is there: the picture, the resolved action rows, settings, seed,
prompt and world. A killed run goes on where it stopped; a job that fails is told, and the rest goes on.
"""

from __future__ import annotations

import hashlib
import html
import itertools
import json
import os
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from astra_studio.paths import BUNDLED_WORLD
from astra_studio.problems import Problem, UserError, problem_of
from astra_studio.services.export import write_json
from astra_studio.services.render import BYTES_PER_PIXEL, RenderHooks, RenderRequest, render
from astra_studio.services.timings import Timings
from engine.messages import FRAMES_PER_LATENT, Event, SamplingSettings, WorldInfo
from engine.trajectories.resolve import resolve_trajectory
from engine.video.decode import read_frames
from engine.video.encode import PartFile
from engine.video.pictures import load_picture
from engine.worlds.protocol import WorldModel

REPORT, PAGE = "report.json", "report.html"
_THUMBNAILS = 4
_SETTINGS = ("guidance", "history_noise", "num_steps", "solver", "text_guidance", "shift", "history_noise_on")


@dataclass(frozen=True, kw_only=True)
class BatchJob:
    """One render."""

    name: str
    image: Path
    trajectory: str
    world: str
    seed: int = 0
    prompt: str = ""
    num_chunks: int | None = None
    changes: tuple[tuple[str, Any], ...] = ()

    def request(self, out: Path) -> RenderRequest:
        """The same for `services.render`."""
        return RenderRequest(
            image=self.image,
            trajectory=self.trajectory,
            out=out / f"{self.name}.mp4",
            report=out / f"{self.name}.json",
            num_chunks=self.num_chunks,
            prompt=self.prompt,
            seed=self.seed,
            changes=dict(self.changes),
        )


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What became of a job."""

    job: BatchJob
    key: str = ""
    status: Literal["done", "skipped", "failed", "cancelled", "waiting"] = "waiting"
    num_frames: int = 0
    seconds: float = 0.0
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a batch will take; seconds None where no such chunk has been made on this machine."""

    num_jobs: int
    num_present: int
    num_chunks: int
    seconds: float | None
    num_bytes: int


@dataclass(frozen=True, kw_only=True)
class BatchHooks:
    """What the caller wants to hear and say."""

    began: Callable[[int, BatchJob], None] = lambda _number, _job: None
    ended: Callable[[int, BatchResult], None] = lambda _number, _result: None
    listener: Callable[[Event], None] = lambda _event: None
    cancelled: Callable[[], bool] = field(default=lambda: False)


def read_jobs(path: Path) -> list[BatchJob]:
    """The jobs of a TOML file, see docs/batch.md. Raises UserError for a file that cannot be understood."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, f"It is not TOML: {error}") from error
    known = {"defaults", "grid", "job"}
    if unknown := sorted(set(content) - known):
        raise _wrong(path, f"It has {', '.join(unknown)}; there may be {', '.join(sorted(known))}")
    defaults = content.get("defaults", {})
    entries = [*_grid(path, content.get("grid", {})), *content.get("job", [])]
    if not entries:
        raise _wrong(path, "It has neither a [grid] with pictures and trajectories nor a [[job]]")
    jobs: list[BatchJob] = []
    for number, entry in enumerate(entries):
        jobs.append(_job(path, number, {**defaults, **entry}, {job.name for job in jobs}))
    return jobs


def key_of(job: BatchJob) -> str:
    """Hash of everything that decides what comes out, but for the world's weights, whose name is in it."""
    picture, actions = load_picture(job.image), resolve_trajectory(job.trajectory)
    digest = hashlib.sha256(picture.tobytes())
    digest.update(actions.modality.name.encode() + actions.rows.astype("<f4").tobytes())
    told = [job.world, job.seed, job.prompt, job.num_chunks, sorted(job.changes)]
    digest.update(json.dumps(told).encode())
    return digest.hexdigest()


def is_present(job: BatchJob, out: Path, key: str) -> bool:
    """Whether a whole file of this very request is there."""
    marker = out / f"{job.name}.done"
    try:
        return marker.read_text(encoding="utf-8").strip() == key and (out / f"{job.name}.mp4").is_file()
    except OSError:
        return False


def forecast(jobs: Sequence[BatchJob], out: Path, world_of: Callable[[str], WorldInfo]) -> Forecast:
    """What is still to be done. Raises what a job's picture or trajectory raises."""
    timings = Timings()
    chunks, present, bytes_, seconds, is_known = 0, 0, 0, 0.0, True
    for job in jobs:
        if is_present(job, out, key_of(job)):
            present += 1
            continue
        info = world_of(job.world)
        ticks = None if job.num_chunks is None else job.num_chunks * info.latents_per_chunk
        length = len(resolve_trajectory(job.trajectory, ticks))
        count = -(-length // info.latents_per_chunk)
        chunks += count
        bytes_ += int((1 + FRAMES_PER_LATENT * length) * info.width * info.height * BYTES_PER_PIXEL)
        known = timings.seconds(info, info.defaults.changed(dict(job.changes)), info.latents_per_chunk)
        is_known = is_known and known is not None
        seconds += count * (known or 0.0)
    return Forecast(
        num_jobs=len(jobs),
        num_present=present,
        num_chunks=chunks,
        seconds=seconds if is_known else None,
        num_bytes=bytes_,
    )


def run_batch(
    jobs: Sequence[BatchJob], out: Path, open_world: Callable[[str], WorldModel], hooks: BatchHooks = BatchHooks()
) -> list[BatchResult]:
    """Render what is not there yet into `out`; the report is written anew after every job. Raises OSError for `out`."""
    out.mkdir(parents=True, exist_ok=True)
    results = [BatchResult(job=job) for job in jobs]
    worlds: dict[str, WorldModel] = {}
    for number, job in enumerate(jobs):
        if hooks.cancelled():
            results[number] = replace(results[number], status="cancelled")
            continue
        hooks.began(number, job)
        results[number] = _run_one(job, out, worlds, open_world, hooks)
        hooks.ended(number, results[number])
        write_report(results, out)
    write_report(results, out)
    return results


def write_report(results: Sequence[BatchResult], out: Path) -> None:
    """`report.json` and `report.html`, each of which appears whole."""
    content = [
        {
            "name": result.job.name,
            "status": result.status,
            "image": str(result.job.image),
            "trajectory": result.job.trajectory,
            "world": result.job.world,
            "seed": result.job.seed,
            "prompt": result.job.prompt,
            "settings": dict(result.job.changes),
            "key": result.key,
            "video": f"{result.job.name}.mp4",
            "num_frames": result.num_frames,
            "seconds": round(result.seconds, 2),
            "problem": None if result.problem is None else asdict(result.problem),
        }
        for result in results
    ]
    write_json(out / REPORT, {"jobs": content})
    part = PartFile(out / PAGE)
    with part.guarded():
        part.path.write_text(_page(results), encoding="utf-8")
    part.commit()


def _run_one(
    job: BatchJob,
    out: Path,
    worlds: dict[str, WorldModel],
    open_world: Callable[[str], WorldModel],
    hooks: BatchHooks,
) -> BatchResult:
    key = ""
    try:
        key = key_of(job)
        if is_present(job, out, key):
            return BatchResult(job=job, key=key, status="skipped")
        (out / f"{job.name}.done").unlink(missing_ok=True)

        def world() -> WorldModel:
            if job.world not in worlds:
                worlds.clear()  # one world in memory at a time
                worlds[job.world] = open_world(job.world)
            return worlds[job.world]

        outcome = render(job.request(out), world, RenderHooks(listener=hooks.listener, cancelled=hooks.cancelled))
        if outcome.was_cancelled:
            return BatchResult(job=job, key=key, status="cancelled", seconds=outcome.seconds)
        _write_strip(out, job)
        (out / f"{job.name}.done").write_text(key + "\n", encoding="utf-8")
    except Exception as error:  # a job runner: whatever it was, the next job goes on
        return BatchResult(job=job, key=key, status="failed", problem=problem_of(error))
    return BatchResult(job=job, key=key, status="done", num_frames=outcome.num_frames, seconds=outcome.seconds)


def _write_strip(out: Path, job: BatchJob) -> None:
    """A few frames in a row, for the report."""
    frames = list(read_frames(out / f"{job.name}.mp4"))
    chosen = [frames[round(i * (len(frames) - 1) / (_THUMBNAILS - 1))] for i in range(_THUMBNAILS)]
    height, width = chosen[0].shape[:2]
    shown_width = round(width * 120 / height)
    strip = Image.new("RGB", (shown_width * _THUMBNAILS + 2 * (_THUMBNAILS - 1), 120), (26, 26, 26))
    for number, frame in enumerate(chosen):
        strip.paste(Image.fromarray(frame).resize((shown_width, 120)), (number * (shown_width + 2), 0))
    strip.save(out / f"{job.name}.jpg", quality=85)


def _page(results: Sequence[BatchResult]) -> str:
    rows = []
    for result in results:
        job, name = result.job, html.escape(result.job.name)
        told = ", ".join(f"{key} {value}" for key, value in job.changes)
        words = f"{html.escape(job.trajectory)}<br>seed {job.seed}" + (f", {html.escape(told)}" if told else "")
        words += f"<br>{html.escape(job.prompt)}" if job.prompt else ""
        picture = f'<a href="{name}.mp4"><img src="{name}.jpg" alt="frames of {name}"></a>'
        if result.problem is not None:
            picture = html.escape(result.problem.paragraph(200))
        elif result.status not in ("done", "skipped"):
            picture = ""
        took = f"{result.seconds:.1f} s" if result.status == "done" else ""
        state = f'<td class="{result.status}">{result.status}<br>{took}</td>'
        rows.append(f"<tr><td><b>{name}</b></td>{state}<td>{words}</td><td>{picture}</td></tr>")
    counts = {status: sum(result.status == status for result in results) for status in ("done", "skipped", "failed")}
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Astra Studio batch</title><style>'
        "body{font:14px sans-serif;background:#131313;color:#ededed;margin:24px}table{border-collapse:collapse}"
        "td{padding:8px 14px;border-top:1px solid #2c2c2c;vertical-align:top}img{display:block;height:120px}"
        ".failed{color:#ff6e5e}.done{color:#4ad9aa}.skipped,.waiting,.cancelled{color:#9c9c9c}</style>"
        f"<h1>Batch</h1><p>{summary}, {len(results)} in all</p><table>{''.join(rows)}</table></html>\n"
    )


def _grid(path: Path, grid: dict[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the lists of a [grid]."""
    if not grid:
        return []
    axes = {"images": "image", "trajectories": "trajectory", "seeds": "seed", "prompts": "prompt", "worlds": "world"}
    axes |= {name: name for name in _SETTINGS}
    if unknown := sorted(set(grid) - set(axes)):
        raise _wrong(path, f"Its [grid] has {', '.join(unknown)}; there may be {', '.join(axes)}")
    if not all(isinstance(values, list) and values for values in grid.values()):
        raise _wrong(path, "Everything in [grid] is a list with at least one entry")
    names = [axes[name] for name in grid]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*grid.values())]


def _job(path: Path, number: int, entry: dict[str, Any], taken: set[str]) -> BatchJob:
    known = {"name", "image", "trajectory", "world", "seed", "prompt", "chunks", *_SETTINGS}
    what = f"Job {number + 1}"
    if unknown := sorted(set(entry) - known):
        raise _wrong(path, f"{what} has {', '.join(unknown)}; there may be {', '.join(sorted(known))}")
    for name in ("image", "trajectory"):
        if not isinstance(entry.get(name), str):
            raise _wrong(path, f"{what} needs {name}, as text")
    changes = tuple(sorted((name, entry[name]) for name in _SETTINGS if name in entry))
    try:
        SamplingSettings().changed(dict(changes))
    except ValueError as error:
        raise _wrong(path, f"{what}: {error}") from error
    if not isinstance(entry.get("seed", 0), int) or not isinstance(entry.get("chunks", 1), int):
        raise _wrong(path, f"{what}: seed and chunks are whole numbers")
    image = (path.parent / entry["image"]).resolve()
    trajectory = entry["trajectory"]
    beside = path.parent / trajectory
    name = str(entry.get("name") or _name(image, trajectory, entry))
    if not _is_file_name(name):
        raise _wrong(path, f"{what} is called {name!r}, which cannot be a file's name")
    if name in taken:
        raise _wrong(path, f"Two jobs are called {name}; give them names")
    return BatchJob(
        name=name,
        image=image,
        trajectory=str(beside.resolve()) if _exists(beside) else trajectory,
        world=str(entry.get("world", BUNDLED_WORLD)),
        seed=entry.get("seed", 0),
        prompt=str(entry.get("prompt", "")),
        num_chunks=entry.get("chunks"),
        changes=changes,
    )


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _name(image: Path, trajectory: str, entry: dict[str, Any]) -> str:
    """From what the job is: picture, trajectory, and what else was given."""
    parts = [image.stem, Path(trajectory).stem if "/" in trajectory else trajectory]
    parts += [f"seed{entry['seed']}"] if "seed" in entry else []
    parts += [f"{name.replace('_', '')}{entry[name]}" for name in _SETTINGS if name in entry]
    if "prompt" in entry:
        parts.append(hashlib.sha256(str(entry["prompt"]).encode()).hexdigest()[:6])
    if "world" in entry:
        parts.append(Path(str(entry["world"])).name)
    clean = "_".join("".join(c if c.isalnum() or c in "-+." else "-" for c in part) for part in parts)
    return clean if len(clean) <= 120 else f"{clean[:100]}-{hashlib.sha256(clean.encode()).hexdigest()[:10]}"


def _is_file_name(name: str) -> bool:
    return bool(name) and name not in (".", "..") and not any(c in name for c in '/\\:*?"<>|' + os.sep)


def _wrong(path: Path, why: str) -> UserError:
    return UserError(
        Problem(f"The jobs in {path.name} cannot be understood", why, "docs/batch.md shows how to write it")
    )
