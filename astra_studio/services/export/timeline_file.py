"""Timeline of all takes for video editors: an OpenTimelineIO file, and an MP4 for every take.

Every take is a track, every chunk a clip with all that made it as metadata; of the tracks only that of the current take
is switched on. The form is that of OpenTimelineIO's oldest schemas, which every version reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astra_studio import __version__
from astra_studio.document.derived import made_frames
from astra_studio.document.model import Marker, Project, Take
from astra_studio.services.export.export import ExportRequest, Tell, export
from astra_studio.services.export.record import record_of_chunk, write_json
from engine.messages import Cancelled

SUFFIX = ".otio"
WORDS = "OpenTimelineIO, with an MP4 of every take"
_KEY = "astra_studio"
_MEDIA = "-media"


@dataclass(frozen=True, kw_only=True)
class TimelineRequest:
    """What to export.

    Attributes:
        path: file that holds the chunks.
        takes: which, from the top track down; those without chunks are left out.
        out: the .otio file; the videos lie in a folder beside it.
        has_hud: whether the actions are drawn into the videos.
        scale: how many times larger than the world's their pictures are, each way.
    """

    project: Project
    path: Path
    takes: tuple[Take, ...]
    out: Path
    has_hud: bool = False
    scale: int = 1


def export_timeline(request: TimelineRequest, tell: Tell = lambda _share, _words: None) -> Path:
    """Write the videos, then the timeline. A cancelled export leaves no timeline, and none of its new videos.

    Raises ValueError where no take has a chunk, ArtifactDamaged, OSError.
    """
    takes = tuple(take for take in request.takes if take.chunks)
    if not takes:
        raise ValueError("no take has chunks yet; generate one first")
    folder = request.out.with_name(request.out.stem + _MEDIA)
    files = {take.id: folder / f"{name}.mp4" for take, name in zip(takes, _file_names(takes), strict=True)}
    total = sum(made_frames(take) for take in takes)
    done = 0
    made: list[Path] = []
    has_made_folder = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for take in takes:
            count, before = made_frames(take), done

            def told(share: float, words: str, take: Take = take, before: int = before, count: int = count) -> None:
                tell((before + share * count) / total, f"{take.name}, {words}")

            is_new = not files[take.id].exists()
            one = ExportRequest(
                project=request.path,
                take=take,
                out=files[take.id],
                has_hud=request.has_hud,
                has_sidecar=False,
                scale=request.scale,
            )
            export(one, told)
            if is_new:
                made.append(files[take.id])
            done += count
    except Cancelled:
        for file in made:
            file.unlink(missing_ok=True)
        if has_made_folder and not any(folder.iterdir()):
            folder.rmdir()
        raise
    # Relative, so that the file and its folder can be moved together.
    urls = {take_id: f"{folder.name}/{file.name}" for take_id, file in files.items()}
    write_json(request.out, timeline_of(request.project, takes, urls, request.out.stem))
    return request.out


def timeline_of(project: Project, takes: tuple[Take, ...], urls: Mapping[str, str], name: str) -> dict[str, Any]:
    """The timeline as OpenTimelineIO's JSON. `urls` say where the video of each take lies, by its id."""
    tracks = [_track(take, urls[take.id], is_on=take.id == project.selection.take) for take in takes]
    if not any(track["enabled"] for track in tracks):
        tracks[0]["enabled"] = True
    markers = [_marker(marker, project.current.clock.fps) for marker in project.markers]
    stack = _item("Stack.1", "tracks", children=tracks, markers=markers)
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": name,
        "global_start_time": None,
        "tracks": stack,
        "metadata": {_KEY: {"program": f"Astra Studio {__version__}"}},
    }


def _track(take: Take, url: str, *, is_on: bool) -> dict[str, Any]:
    clips, begin, fps = [], 0, take.clock.fps
    for chunk in take.chunks:
        media = {
            "OTIO_SCHEMA": "ExternalReference.1",
            "target_url": url,
            "available_range": _range(0, made_frames(take), fps),
            "metadata": {},
            "name": take.name,
        }
        clips.append(
            _item(
                "Clip.1",
                f"{take.name}, chunk {chunk.request.index + 1}",
                source_range=_range(begin, chunk.num_frames, fps),
                media_reference=media,
                metadata={_KEY: record_of_chunk(chunk)},
            )
        )
        begin += chunk.num_frames
    track = _item("Track.1", take.name, children=clips, metadata={_KEY: {"is_starred": take.is_starred}})
    return {**track, "kind": "Video", "enabled": is_on}


def _marker(marker: Marker, fps: int) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": marker.name,
        "color": "GREEN",
        "marked_range": _range(marker.frame, 1, fps),
        "metadata": {},
    }


def _item(schema: str, name: str, **more: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"source_range": None, "effects": [], "markers": [], "enabled": True, "metadata": {}}
    return {"OTIO_SCHEMA": schema, "name": name, **usual, **more}


def _range(start: int, count: int, fps: int) -> dict[str, Any]:
    def time(value: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(fps), "value": float(value)}

    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(count)}


def _file_names(takes: tuple[Take, ...]) -> list[str]:
    """One name per take that is the same as a file and as a part of a URL: letters, digits and dashes."""
    found: list[str] = []
    for take in takes:
        plain = re.sub(r"[^a-z0-9]+", "-", take.name.lower()).strip("-") or "take"
        name, number = plain, 2
        while name in found:
            name, number = f"{plain}-{number}", number + 1
        found.append(name)
    return found
