"""Report of a batch: report.json for programs, report.html for people, and the pictures in it."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from astra_studio import __version__
from astra_studio.services.batch.page import Card, page
from astra_studio.services.batch.run import BatchResult
from astra_studio.services.export.export import write_json
from engine.actions.modality import ActionTrack, modality
from engine.clock import ASTRA_CLOCK, Clock, clock_of_record
from engine.messages import Frames
from engine.poses import Floats
from engine.trajectories.walking import walked
from engine.video.decode import read_frames
from engine.video.thumbnails import thumbnail
from engine.whole_files import PartFile

REPORT, PAGE, PICTURES = "report.json", "report.html", "pictures"
_MAX_PICTURES = 9
"""Of a job: its start, and the last frames of so many chunks less one."""
_PICTURE_PX = (256, 160)
_EVERY_S = 20.0
"""How often the page, all of whose pictures are in it, is written anew while a batch runs."""
_READABLE = (OSError, ValueError, KeyError, TypeError, IndexError)
"""What a report or a video that somebody has changed may raise; the page then goes without that part."""


@dataclass(frozen=True, kw_only=True)
class BatchName:
    """What a batch is called: its file, and where it renders."""

    title: str
    out: Path


class Reporter:
    """Writes the report of one batch after every job."""

    def __init__(self, name: BatchName) -> None:
        self._name = name
        self._cards: dict[str, Card] = {}
        self._written_s = 0.0
        self._began = datetime.now(UTC)

    def update(self, results: Sequence[BatchResult]) -> None:
        """Write report.json, and report.html where all is over or a while has passed. Each appears whole.

        Raises OSError.
        """
        out = self._name.out
        content = {
            "program": f"Astra Studio {__version__}",
            "batch": self._name.title,
            "began": self._began.isoformat(timespec="seconds"),
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "counts": counts(results),
            "jobs": [_entry(result) for result in results],
        }
        write_json(out / REPORT, content)
        is_over = all(result.status != "waiting" for result in results)
        if not is_over and time.monotonic() - self._written_s < _EVERY_S:
            return
        cards = [self._card(result) for result in results]
        part = PartFile(out / PAGE)
        with part.guarded():
            part.path.write_text(page(self._name.title, cards, datetime.now().astimezone()), encoding="utf-8")
        part.commit()
        self._written_s = time.monotonic()

    def _card(self, result: BatchResult) -> Card:
        """What the page shows of a job; of one that is over it is made once."""
        known = self._cards.get(result.job.name)
        if known is not None and known.result == result:
            return known
        card = Card(
            result=result,
            pictures=_pictures(self._name.out, result) if result.report else (),
            way=_way(result),
            clock=_clock(result),
        )
        if result.status != "waiting":
            self._cards[result.job.name] = card
        return card


def counts(results: Sequence[BatchResult]) -> dict[str, int]:
    """How many jobs there are of each status."""
    statuses = ("done", "skipped", "failed", "cancelled", "waiting")
    return {status: sum(result.status == status for result in results) for status in statuses}


def _entry(result: BatchResult) -> dict[str, Any]:
    job, report = result.job, result.report
    chunks: list[Mapping[str, Any]] = list(report.get("chunks") or [])
    return {
        "name": job.name,
        "status": result.status,
        "image": str(job.image),
        "trajectory": job.trajectory,
        "reading": None if job.overrides is None else asdict(job.overrides),
        "world": job.world,
        "seed": job.seed,
        "prompt": job.prompt,
        "settings": report.get("settings") or dict(job.changes),
        "key": result.key,
        "video": f"{job.name}.mp4" if report else None,
        "num_chunks": len(chunks),
        "num_frames": report.get("num_frames", 0),
        "seconds": round(result.seconds, 2),
        "chunks": [
            {key: chunk.get(key) for key in ("index", "seed", "seconds", "seconds_by_part", "latents_sha256")}
            for chunk in chunks
        ],
        "problem": None if result.problem is None else asdict(result.problem),
    }


def _pictures(out: Path, result: BatchResult) -> tuple[tuple[str, bytes], ...]:
    """Words and JPEG of the start and of the last frames of chunks; kept in a folder between runs."""
    name, folder = result.job.name, out / PICTURES
    try:
        wanted = _wanted(result.report)
        paths = [folder / f"{name}-{number:02d}.jpg" for number in range(len(wanted))]
        if result.status == "done" or not all(path.is_file() for path in paths):
            folder.mkdir(exist_ok=True)
            for path, (_, frame) in zip(paths, wanted, strict=True):
                path.write_bytes(_jpeg(_frame(out / f"{name}.mp4", frame)))
        return tuple((words, path.read_bytes()) for (words, _), path in zip(wanted, paths, strict=True))
    except _READABLE:
        return ()


def _wanted(report: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Words and numbers of the frames that are shown."""
    ends = np.cumsum([int(chunk["num_frames"]) for chunk in report["chunks"]]) - 1
    chosen = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), _MAX_PICTURES - 1)).round().astype(int))
    return [("start", 0), *((f"chunk {number + 1}", int(ends[number])) for number in chosen)]


def _frame(video: Path, number: int) -> Frames:
    return next(iter(read_frames(video, start=number, stop=number + 1)))


def _jpeg(frame: Frames) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(thumbnail(frame, *_PICTURE_PX)).save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def _clock(result: BatchResult) -> Clock:
    """Of the world that made it; the released model's where nothing is known."""
    try:
        return clock_of_record(result.report["world"]["clock"])
    except _READABLE:
        return ASTRA_CLOCK


def _way(result: BatchResult) -> Floats | None:
    """Poses (n + 1, 4, 4) of its camera at its ticks, out of the report or, where there is none, of its trajectory."""
    try:
        if result.report:
            kind = modality(str(result.report["modality"]))
            return walked(ActionTrack(kind, np.array(result.report["action_rows"], np.float64)))
        return walked(result.job.request(Path()).actions(clock=_clock(result)))
    except _READABLE:
        return None
