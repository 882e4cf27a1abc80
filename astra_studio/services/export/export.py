"""Export of takes: frames from the project file to a file of any kind, or all takes as an editor's timeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from astra_studio.document.derived import made_frames
from astra_studio.document.model import Take
from astra_studio.services.export.record import as_metadata, record_of, sidecar_of, write_json
from astra_studio.services.export.source import TakeSource
from engine.video.exporters import EXPORTERS, kind_of
from engine.whole_files import PartFile

Tell = Callable[[float, str], None]
"""Hears the share done and words for it; may raise Cancelled."""
FrameSpan = tuple[int, int]
"""First and past-the-last frame."""

MAX_SCALE = 16


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What to export.

    Attributes:
        project: file that holds the chunks.
        take: whose frames.
        out: the file, whose suffix says the kind; without one a folder of PNG files.
        parts: which frames, in this order; none: all.
        has_hud: whether the actions are drawn into the frames.
        beside: another take on the right of this one; its last frame stands where it is shorter.
        has_sidecar: whether the JSON file is written.
        scale: how many times larger than the world's the pictures are, each way.
    """

    project: Path
    take: Take
    out: Path
    parts: tuple[FrameSpan, ...] = ()
    has_hud: bool = False
    beside: Take | None = None
    has_sidecar: bool = True
    scale: int = 1

    @property
    def fps(self) -> int:
        """Frames per second: the take's own."""
        return self.take.clock.fps

    @property
    def spans(self) -> tuple[FrameSpan, ...]:
        """The parts, or the one that is the whole take."""
        return self.parts or ((0, made_frames(self.take)),)


def export(request: ExportRequest, tell: Tell = lambda _share, _words: None) -> Path:
    """Write it. A cancelled or failed export leaves nothing behind, and an older file of that name as it was.

    Raises ValueError for a take without frames or parts that it does not have, ArtifactDamaged, OSError.
    """
    _check(request)
    kind = kind_of(request.out)
    spans = request.spans
    record = record_of(request.take, spans, has_hud=request.has_hud, beside=request.beside, scale=request.scale)
    numbers = [number for start, stop in spans for number in range(start, stop)]
    with TakeSource(
        request.project, request.take, has_hud=request.has_hud, beside=request.beside, scale=request.scale
    ) as source:
        height, width = source.picture(numbers[0]).shape[:2]
        exporter = EXPORTERS[kind](request.out, width, height, request.fps, as_metadata(record))
        try:
            for done, number in enumerate(numbers, 1):
                exporter.write(source.picture(number)[None])
                tell(done / len(numbers), f"frame {done} of {len(numbers)}")
            exporter.finish()
        except BaseException:
            exporter.abort()
            raise
    if request.has_sidecar:
        write_json(sidecar_of(request.out), record)
    return request.out


def export_frame(project: Path, take: Take, number: int, out: Path) -> Path:
    """Write one frame as a PNG file. Raises ValueError for a take without frames, ArtifactDamaged, OSError."""
    _check(ExportRequest(project=project, take=take, out=out))
    with TakeSource(project, take) as source:
        picture = source.picture(min(number, source.num_frames - 1))
    part = PartFile(out)
    with part.guarded():
        Image.fromarray(picture).save(part.path, "PNG")
    part.commit()
    return out


def chunk_spans(take: Take, chosen: str) -> tuple[FrameSpan, ...]:
    """Frames of chosen chunks, counted from 1, such as "3", "2-4" or "1, 3-4"; neighbours are one span.

    Raises ValueError for words that are no such list, and for chunks that are not there.
    """
    ends = [0]
    for chunk in take.chunks:
        ends.append(ends[-1] + chunk.num_frames)
    spans: list[FrameSpan] = []
    for words in chosen.split(","):
        first, last = _chunk_numbers(words, chosen)
        if not 1 <= first <= last <= len(take.chunks):
            have = f"chunks 1 to {len(take.chunks)}" if take.chunks else "no chunks yet"
            raise ValueError(f"{take.name} has {have}, asked for {words.strip()}")
        if spans and spans[-1][1] == ends[first - 1]:
            spans[-1] = (spans[-1][0], ends[last])
        else:
            spans.append((ends[first - 1], ends[last]))
    return tuple(spans)


def chosen_spans(take: Take, chosen: str) -> tuple[FrameSpan, ...] | str:
    """As `chunk_spans`, but what is wrong comes back as a sentence: for words that are still being typed."""
    try:
        return chunk_spans(take, chosen)
    except ValueError as error:
        return str(error)


def frame_spans(take: Take, chosen: str) -> tuple[FrameSpan, ...]:
    """Frames A to B - 1 for "A:B"; either may be left out. Raises ValueError for other words, or no such frames."""
    first, colon, last = (part.strip() for part in chosen.partition(":"))
    if not colon or not (first + last).isdecimal():
        raise ValueError(f"frames are chosen as in 33:97, got {chosen!r}")
    return ((int(first or 0), int(last) if last else made_frames(take)),)


def _chunk_numbers(words: str, chosen: str) -> tuple[int, int]:
    first, dash, last = (part.strip() for part in words.partition("-"))
    if not first.isdecimal() or not (last.isdecimal() if dash else True):
        raise ValueError(f"chunks are chosen as in 1, 3-4; got {chosen!r}")
    return int(first), int(last) if dash else int(first)


def _check(request: ExportRequest) -> None:
    if not 1 <= request.scale <= MAX_SCALE:
        raise ValueError(f"pictures are made 1 to {MAX_SCALE} times larger, asked for {request.scale}")
    total = made_frames(request.take)
    for take in (request.take, request.beside):
        if take is not None and not take.chunks:
            raise ValueError(f"{take.name} has no chunks yet; generate one first")
    for start, stop in request.spans:
        if not 0 <= start < stop <= total:
            raise ValueError(f"{request.take.name} has frames 0 to {total - 1}; cannot export {start} to {stop - 1}")


__all__ = ["ExportRequest", "Tell", "chunk_spans", "export", "frame_spans", "write_json"]
