"""Exports a take, a range of it or some of its chunks: frames out of the project file into a file of any kind.

Beside a video lies a JSON file with all that made it; an MP4 carries it too. `services.restore` reads both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astra_studio import __version__
from astra_studio.document.artifacts import open_artifacts
from astra_studio.document.chunk_files import ChunkFrames
from astra_studio.document.model import Chunk, Project, Take
from astra_studio.document.parameters import keys_that_made
from astra_studio.services.burnt_hud import draw_hud
from engine.messages import FRAMES_PER_LATENT, Cancelled, Frames, Picture
from engine.video.encode import PartFile
from engine.video.exporters import EXPORTERS, kind_of

SIDECAR_SUFFIX = ".astra.json"
METADATA_KEY = "comment"
MARK = "astra-studio-take"
"""Key by which a sidecar is known."""
_MAX_METADATA = 200_000
"""Characters: a larger one stays out of the video, and in the file beside it."""


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What to export.

    Attributes:
        project: file that holds the chunks.
        take: whose frames.
        out: the file, whose suffix says the kind; without one a folder of PNG files.
        start, stop: frames `start` to `stop` - 1; None: to the end.
        has_hud: whether the actions are drawn into the frames.
        beside: another take on the right of this one; its last frame stands where it is shorter.
        has_sidecar: whether the JSON file is written.
    """

    project: Path
    take: Take
    fps: int
    out: Path
    start: int = 0
    stop: int | None = None
    has_hud: bool = False
    beside: Take | None = None
    has_sidecar: bool = True


def request_of(project: Project, path: Path, take: Take, out: Path, **options: Any) -> ExportRequest:
    """An export of a project's take at the rate of its world."""
    fps = project.world.info.fps if project.world.info else 20
    return ExportRequest(project=path, take=take, fps=fps, out=out, **options)


def export(request: ExportRequest, tell: Callable[[float, str], None] = lambda _share, _detail: None) -> Path:
    """Write it; `tell` hears the share done and may raise Cancelled, which leaves nothing behind.

    Raises ValueError for a take without frames or a range that is none, ArtifactDamaged, OSError.
    """
    total = sum(chunk.num_frames for chunk in request.take.chunks)
    stop = total if request.stop is None else min(request.stop, total)
    if not total:
        raise ValueError(f"{request.take.name} has no chunks yet; generate one first")
    if not 0 <= request.start < stop:
        raise ValueError(
            f"{request.take.name} has frames 0 to {total - 1}; cannot export {request.start} to {stop - 1}"
        )
    kind = kind_of(request.out)
    sidecar = described(request, stop)
    text = json.dumps(sidecar, separators=(",", ":"))
    metadata = {METADATA_KEY: text} if len(text) <= _MAX_METADATA else {}
    with _Source(request.project, request.take) as source:
        beside = _Source(request.project, request.beside) if request.beside is not None else None
        try:
            first = _composed(request, source, beside, request.start)
            exporter = EXPORTERS[kind](request.out, first.shape[1], first.shape[0], request.fps, metadata)
            try:
                for frame in range(request.start, stop):
                    exporter.write(_composed(request, source, beside, frame)[None])
                    tell((frame - request.start + 1) / (stop - request.start), f"frame {frame - request.start + 1}")
            except BaseException:
                exporter.abort()
                raise
            exporter.finish()
        finally:
            if beside is not None:
                beside.close()
    if request.has_sidecar:
        write_json(request.out.with_name(request.out.name + SIDECAR_SUFFIX), sidecar)
    return request.out


def described(request: ExportRequest, stop: int) -> dict[str, Any]:
    """Everything that made these frames."""
    take = request.take
    return {
        MARK: 1,
        "program": f"Astra Studio {__version__}",
        "take": take.name,
        "frames": [request.start, stop],
        "fps": request.fps,
        "start": asdict(take.chunks[0].request.start),
        "modality": take.chunks[0].request.actions.modality,
        "keys": [asdict(key) for key in keys_that_made(take)],
        "chunks": [_chunk(chunk) for chunk in take.chunks],
    }


def _chunk(chunk: Chunk) -> dict[str, Any]:
    asked = chunk.request
    return {
        "index": asked.index,
        "world": asked.world,
        "seed": asked.seed,
        "prompt": asked.prompt,
        "negative_prompt": asked.negative_prompt,
        "settings": asdict(asked.settings),
        "latents_sha256": chunk.latents_sha256,
        "rows": [[float(f"{value:.9g}") for value in row] for row in asked.actions.rows.tolist()],
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """A JSON file that appears whole. Raises OSError."""
    part = PartFile(path)
    with part.guarded():
        part.path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.commit()


class _Source:
    """Frames of a take, one after another; a chunk is opened when its first frame is asked for."""

    def __init__(self, project: Path, take: Take) -> None:
        self._take = take
        self._artifacts = open_artifacts(project)
        self._open: tuple[str, ChunkFrames] | None = None
        self.num_frames = sum(chunk.num_frames for chunk in take.chunks)

    def frame(self, number: int) -> tuple[Picture, int]:
        """A frame and the tick of its action, -1 for the start's."""
        wanted, first, tick = min(number, self.num_frames - 1), 0, 0
        for chunk in self._take.chunks:
            if wanted - first < chunk.num_frames:
                break
            first += chunk.num_frames
            tick += chunk.num_ticks
        if self._open is None or self._open[0] != chunk.id:
            self.close_chunk()
            self._open = (chunk.id, ChunkFrames(self._artifacts.read(chunk.frames)))
        lead = chunk.num_frames - FRAMES_PER_LATENT * chunk.num_ticks
        inside = wanted - first - lead
        return self._open[1].frame(wanted - first), tick + inside // FRAMES_PER_LATENT if inside >= 0 else -1

    def close_chunk(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def close(self) -> None:
        self.close_chunk()
        self._artifacts.close()

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _composed(request: ExportRequest, source: _Source, beside: _Source | None, number: int) -> Picture:
    picture = _drawn(request, request.take, source, number)
    if beside is None or request.beside is None:
        return picture
    other = _drawn(request, request.beside, beside, number)
    if other.shape != picture.shape:
        raise ValueError(f"{request.take.name} and {request.beside.name} have pictures of different sizes")
    return np.concatenate([picture, other], axis=1)


def _drawn(request: ExportRequest, take: Take, source: _Source, number: int) -> Picture:
    picture, tick = source.frame(number)
    if not request.has_hud:
        return picture
    rows = [chunk.request.actions for chunk in take.chunks]
    for actions in rows:
        if 0 <= tick < len(actions):
            return draw_hud(picture, actions, tick)
        tick -= len(actions)
    return picture


def frames_of(project: Path, take: Take) -> Frames:
    """All frames of a take at once, for tests and small takes."""
    with _Source(project, take) as source:
        return np.stack([source.frame(number)[0] for number in range(source.num_frames)])


__all__ = ["Cancelled", "ExportRequest", "described", "export", "frames_of", "request_of", "write_json"]
