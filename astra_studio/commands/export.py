"""`astra-studio export`: a take of a project into a video file, pictures or an animation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from astra_studio.commands import OK
from astra_studio.document.model import Project, Take
from astra_studio.document.opening import open_reader
from astra_studio.services.export.export import ExportRequest, FrameSpan, chunk_spans, export, frame_spans
from astra_studio.services.export.timeline_file import SUFFIX, TimelineRequest, export_timeline
from astra_studio.services.export.timeline_file import WORDS as TIMELINE_WORDS
from engine.video.exporters import EXPORTERS, WORDS


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    kinds = ", ".join(f".{name} {WORDS[name]}" for name in EXPORTERS if name != "png")
    parser = commands.add_parser(
        "export",
        parents=[common],
        help="write a take of a project to a file",
        description="Write a take of a project to a file. The project may be open elsewhere.",
        epilog=f"The name of FILE says its kind: {kinds}, {SUFFIX} {TIMELINE_WORDS}; without a suffix it is a folder "
        "of PNG pictures.",
    )
    add = parser.add_argument
    add("project", type=Path, metavar="PROJECT.astra")
    add("--take", metavar="NAME", help="whose frames (default: the take that the project shows; for .otio all)")
    add("--out", type=Path, required=True, metavar="FILE")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--range", metavar="A:B", help="frames A to B - 1, counted from 0; either may be left out")
    parts.add_argument("--chunks", metavar="LIST", help="chunks counted from 1, such as 3, 2-4 or 1,3-4")
    add("--hud", action="store_true", help="draw the actions into the frames")
    add("--scale", type=int, default=1, metavar="N", help="pictures N times larger each way (default 1)")
    add("--beside", metavar="NAME", help="another take on the right of it")
    add("--no-sidecar", action="store_true", help="leave out the JSON file with every setting and action")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    reader = open_reader(options.project)
    try:
        project = reader.current()
    finally:
        reader.close()
    beside = None if options.beside is None else named_take(project, options.beside)
    with tqdm(total=100, unit="%", desc=options.out.name, file=sys.stderr) as bar:

        def tell(share: float, _words: str) -> None:
            bar.update(round(100 * share) - bar.n)

        if options.out.suffix.lower() == SUFFIX:
            if options.range or options.chunks or options.beside:
                raise ValueError(f"a {SUFFIX} file has whole takes; leave out --range, --chunks and --beside")
            takes = (named_take(project, options.take),) if options.take else project.takes
            export_timeline(
                TimelineRequest(
                    project=project,
                    path=options.project,
                    takes=takes,
                    out=options.out,
                    has_hud=options.hud,
                    scale=options.scale,
                ),
                tell,
            )
        else:
            take = named_take(project, options.take)
            parts = _parts(take, options)
            request = ExportRequest(
                project=options.project,
                take=take,
                out=options.out,
                parts=parts,
                has_hud=options.hud,
                beside=beside,
                has_sidecar=not options.no_sidecar,
                scale=options.scale,
            )
            export(request, tell)
    print(options.out)
    return OK


def named_take(project: Project, name: str | None) -> Take:
    """The take of that name; None: the one that the project shows. Raises ValueError."""
    if name is None:
        return project.current
    for take in project.takes:
        if take.name == name:
            return take
    known = ", ".join(take.name for take in project.takes)
    raise ValueError(f"there is no take {name!r} in this project; there are {known}")


def _parts(take: Take, options: argparse.Namespace) -> tuple[FrameSpan, ...]:
    if options.range:
        return frame_spans(take, options.range)
    return chunk_spans(take, options.chunks) if options.chunks else ()
