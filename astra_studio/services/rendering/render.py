"""Rendering of a picture and a camera move to a video file and a report.

The video appears under its name only when it is whole. Cancelling after the first chunk still leaves a playable file
of the finished ones.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from astra_studio import __version__
from astra_studio.problems import Problem, UserError
from astra_studio.services.generation.timings import Timings
from astra_studio.services.rendering.kept_chunks import KeptChunk, KeptChunks
from engine.actions.modality import ActionTrack, Modality
from engine.clock import ASTRA_CLOCK, Clock
from engine.messages import Cancelled, ChunkResult, Listener, WorldInfo
from engine.rollout import Rollout
from engine.settings import Settings
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.resolve import resolve_trajectory
from engine.video.encode import VideoWriter
from engine.video.footage import StartFacts, check_start, read_start_file
from engine.video.pictures import crop_for, fit_picture, write_png
from engine.whole_files import write_whole
from engine.worlds.detail_settings import in_words, is_detailed, largest_size, shown_size
from engine.worlds.protocol import WorldModel

BYTES_PER_PIXEL = 0.5
"""Generous upper bound of a compressed video, to see in time that a disk is full."""


@dataclass(frozen=True, kw_only=True)
class RenderRequest:
    """What to render, as the user says it."""

    image: Path
    """Picture or clip."""
    trajectory: str
    """A preset, a pose line or a camera file."""
    out: Path
    report: Path | None = None
    num_chunks: int | None = None
    """None lets the trajectory decide."""
    prompt: str = ""
    seed: int = 0
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Sampling settings that differ from the world's defaults."""
    overrides: Overrides | None = None
    trajectory_format: str | None = None
    """How a camera file is to be read, where that is said."""
    key: str = ""
    """Hash of all that decides what comes out, where somebody has made one: it goes into the report."""
    start_png: Path | None = None
    """Where the frame that the world starts from is written, as it was understood."""
    kept: Path | None = None
    """Folder for finished chunks until the video is whole: a render of this key that was killed goes on from there."""

    def actions(self, num_ticks: int | None = None, *, clock: Clock) -> ActionTrack:
        """What its trajectory asks for by a world's clock. Raises what `resolve_trajectory` raises."""
        return resolve_trajectory(self.trajectory, num_ticks, self.overrides, self.trajectory_format, clock=clock)


@dataclass(frozen=True, kw_only=True)
class RenderOutcome:
    """What became of it."""

    num_chunks: int
    num_frames: int
    was_cancelled: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class RenderHooks:
    """What the caller wants to hear and say while it runs."""

    listener: Listener = lambda _event: None
    cancelled: Callable[[], bool] = lambda: False
    world_opened: Callable[[WorldInfo, Settings, int], None] = lambda _info, _settings, _num_chunks: None
    chunk_done: Callable[[int], None] = lambda _num_chunks: None
    """So many chunks are finished, those of a killed render counted."""


def render(
    request: RenderRequest, open_world: Callable[[], WorldModel], hooks: RenderHooks = RenderHooks()
) -> RenderOutcome:
    """Render to `request.out`. All that can be checked without the world is checked before it is opened.

    Raises UserError, OSError or ValueError; nothing half-written is left under a final name.
    """
    started = time.perf_counter()
    check_start(request.image)
    request.actions(clock=ASTRA_CLOCK)  # whether it can be read at all; how long it is, the world says
    if request.num_chunks is not None and request.num_chunks < 1:
        raise ValueError(f"the number of chunks must be at least 1, got {request.num_chunks}")
    taken = [request.image]
    for path in (request.out, request.report, request.start_png):
        if path is not None:
            check_output(path, taken)
            taken.append(path)

    world = open_world()
    info = world.info
    clock = info.clock
    settings = info.settings_with(request.changes)
    num_ticks = None if request.num_chunks is None else request.num_chunks * clock.latents_per_chunk
    actions = request.actions(num_ticks, clock=clock)
    size = shown_size(info, settings, actions.modality.name)
    footage = read_start_file(request.image, clock)
    pictures = footage.frames
    num_start = clock.num_latents(len(pictures))
    check_room(request.out, num_frames=clock.num_frames(num_start + len(actions)), size=size)
    crop = crop_for((pictures.shape[2], pictures.shape[1]), info.aspect)
    start = np.stack([fit_picture(picture, crop, info.width, info.height) for picture in pictures])
    reference = fit_picture(pictures[-1], crop, *largest_size(info))
    if request.start_png is not None:
        write_png(request.start_png, start[-1])
    rollout = Rollout(world, start, actions.modality.name, seed=request.seed, settings=settings, picture=reference)
    report = _Report(request, info, settings, actions.modality, asdict(crop), footage.facts)
    tracks = split_chunks(actions, clock.latents_per_chunk)
    hooks.world_opened(info, settings, len(tracks))
    was_cancelled = _render_chunks(request, rollout, tracks, report, hooks)
    seconds = time.perf_counter() - started
    # What is kept for another time is no video yet.
    has_video = bool(report.chunks) and not (was_cancelled and request.kept is not None)
    if request.report is not None and has_video:
        report.write(request.report, seconds, was_cancelled)
    return RenderOutcome(
        num_chunks=len(report.chunks), num_frames=report.num_frames, was_cancelled=was_cancelled, seconds=seconds
    )


def _render_chunks(
    request: RenderRequest, rollout: Rollout, tracks: list[ActionTrack], report: _Report, hooks: RenderHooks
) -> bool:
    """Make and write every chunk; returns whether it was cancelled before the last."""
    info = rollout.world.info
    comment = f"Astra Studio {__version__}, {info.name}, {request.trajectory}, seed {request.seed}"
    keeper = KeptChunks(request.kept, request.key) if request.kept is not None and len(tracks) > 1 else None
    kept = [] if keeper is None else keeper.load(tracks)
    made = [(track, chunk.latents) for track, chunk in zip(tracks, kept, strict=False)]
    rollout.resume_from(made, kept[-1].arrays if kept else None)
    width, height = shown_size(info, rollout.settings, tracks[0].modality.name)
    timings = Timings()
    with VideoWriter(
        request.out, width=width, height=height, fps=info.clock.fps, metadata={"comment": comment}
    ) as writer:
        for track, chunk in zip(tracks, kept, strict=False):
            writer.write(chunk.frames)
            report.add_told(chunk.told, track)
        if kept:
            hooks.chunk_done(len(kept))
        for track in tracks[len(kept) :]:
            try:
                result = rollout.step(track, prompt=request.prompt, listener=hooks.listener, cancelled=hooks.cancelled)
            except Cancelled:
                if keeper is not None or not report.chunks:
                    writer.abort()
                return True
            encoding = time.perf_counter()
            writer.write(result.shown)
            told = report.add(result, time.perf_counter() - encoding)
            if keeper is not None:
                keeper.add(result.request.index, _kept(result, told))
            timings.learn(info, rollout.settings, len(track), sum(result.seconds.values()))
            hooks.chunk_done(len(report.chunks))
    with suppress(OSError):  # a forecast that is less exact
        timings.save()
    if keeper is not None:
        keeper.clear()
    return False


def _kept(result: ChunkResult, told: dict[str, Any]) -> KeptChunk:
    return KeptChunk(latents=result.latents, frames=result.shown, told=told, arrays=result.arrays)


def split_chunks(actions: ActionTrack, latents_per_chunk: int) -> list[ActionTrack]:
    """A track in chunks; the last one may be shorter, as in the released loop."""
    starts = range(0, len(actions), latents_per_chunk)
    return [ActionTrack(actions.modality, actions.rows[s : s + latents_per_chunk]) for s in starts]


def check_output(path: Path, taken: Sequence[Path]) -> None:
    """Raise UserError if no file can be put there, or one of `taken` is that file, before any work is done."""
    for other in taken:
        if path.absolute() == other.absolute() or (path.exists() and other.exists() and path.samefile(other)):
            why = f"{other} is read, or written, by this very command"
            raise UserError(Problem(f"The file {path} cannot be written", why, "Give each file a name of its own"))
    if path.is_dir():
        raise UserError(Problem(f"The file {path} cannot be written", "It is a folder", "Give a file name"))
    folder = path.absolute().parent
    if not folder.is_dir():
        why = "A part of its path is a file" if _has_file_parent(folder) else f"The folder {folder} does not exist"
        raise UserError(
            Problem(f"The file {path} cannot be written", why, "Create the folder first, or choose another place")
        )
    if not os.access(folder, os.W_OK):
        why = f"You may not write in the folder {folder}"
        raise UserError(Problem(f"The file {path} cannot be written", why, "Choose another place"))


def check_room(path: Path, num_frames: int, size: tuple[int, int]) -> None:
    """Raise UserError if the disk has no room for a video of that size in pixels."""
    needed = int(num_frames * size[0] * size[1] * BYTES_PER_PIXEL)
    free = shutil.disk_usage(path.absolute().parent).free
    if free < needed:
        why = f"There is no room: {free / 1e6:.0f} MB are free and the video may need {needed / 1e6:.0f} MB"
        raise UserError(Problem(f"The file {path} cannot be written", why, "Make room or write to another disk"))


def _has_file_parent(folder: Path) -> bool:
    return any(parent.is_file() for parent in (folder, *folder.parents))


class _Report:
    """Collects what the report file says."""

    def __init__(
        self,
        request: RenderRequest,
        info: WorldInfo,
        settings: Settings,
        modality: Modality,
        crop: dict[str, Any],
        start: StartFacts,
    ) -> None:
        self._request = request
        self._start = start
        self._info = info
        self._settings = settings
        self._modality = modality
        self._crop = crop
        self.chunks: list[dict[str, Any]] = []
        self.num_frames = 0
        self._rows: list[list[float]] = []

    def add(self, result: ChunkResult, encode_seconds: float) -> dict[str, Any]:
        """Take note of a chunk; returns what is said of it."""
        seconds = {**result.seconds, "encode": encode_seconds}
        told = {
            "index": result.request.index,
            "seed": result.request.seed,
            "latents_sha256": result.latents_sha256,
            "seconds": round(sum(seconds.values()), 4),
            "seconds_by_part": {part: round(value, 4) for part, value in seconds.items()},
            "first_latent": result.first_latent,
            "num_latents": result.latents.shape[1],
            "num_frames": len(result.frames),
            "routing": None if result.routing is None else result.routing.mean(0).round(4).tolist(),
        }
        self.add_told(told, result.request.actions)
        return told

    def add_told(self, told: dict[str, Any], actions: ActionTrack) -> None:
        """Take note of a chunk of which it has been said already."""
        self._rows += actions.rows.tolist()
        self.num_frames += told["num_frames"]
        self.chunks.append(told)

    def _shown(self) -> dict[str, Any]:
        """What the frames of the video are, beside what the world made."""
        width, height = shown_size(self._info, self._settings, self._modality.name)
        has_detail = is_detailed(self._settings, self._modality.name)
        return {"width": width, "height": height, "detail": in_words(self._settings) if has_detail else None}

    def write(self, path: Path, seconds: float, was_cancelled: bool) -> None:
        request, info = self._request, self._info
        content = {
            "program": f"Astra Studio {__version__}",
            "python": platform.python_version(),
            "complete": not was_cancelled,
            "request_sha256": request.key,
            "image": str(request.image),
            "start": self._start.as_json(),
            "crop": self._crop,
            "trajectory": request.trajectory,
            "modality": self._modality.name,
            "prompt": request.prompt,
            "seed": request.seed,
            "settings": dict(self._settings),
            "world": {
                "name": info.name,
                "fingerprint": info.fingerprint,
                "width": info.width,
                "height": info.height,
                "fps": info.clock.fps,
                "latents_per_chunk": info.clock.latents_per_chunk,
                "clock": info.clock.as_record(),
                "ignores": list(info.ignores),
            },
            "device": info.device,
            "shown": self._shown(),
            "video": str(request.out),
            "video_bytes": request.out.stat().st_size,
            "num_frames": self.num_frames,
            "seconds": round(seconds, 3),
            "seconds_by_part": _totals([chunk["seconds_by_part"] for chunk in self.chunks]),
            "action_columns": list(self._modality.columns),
            "action_rows": self._rows,
            "chunks": self.chunks,
        }
        write_whole(path, json.dumps(content, indent=1) + "\n")


def _totals(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: round(sum(part.get(name, 0.0) for part in parts), 4) for name in names}
