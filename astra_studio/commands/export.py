"""`astra-studio export`: a take of a project into a video file, pictures or an animation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from astra_studio.commands import OK
from astra_studio.document.model import Project, Take
from engine.video.exporters import EXPORTERS, WORDS


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    kinds = ", ".join(f".{name} {WORDS[name]}" for name in EXPORTERS if name != "png")
    parser = commands.add_parser(
        "export",
        parents=[common],
        help="write a take of a project to a file",
        description="Write a take of a project to a file. The project may be open elsewhere.",
        epilog=f"The name of FILE says its kind: {kinds}; without a suffix it is a folder of PNG pictures.",
    )
    add = parser.add_argument
    add("project", type=Path, metavar="PROJECT.astra")
    add("--take", metavar="NAME", help="whose frames (default: the take that the project shows)")
    add("--out", type=Path, required=True, metavar="FILE")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--range", metavar="A:B", help="frames A to B - 1, counted from 0; either may be left out")
    parts.add_argument("--chunks", metavar="A-B", help="chunks A to B, counted from 1; or one, such as 3")
    add("--hud", action="store_true", help="draw the actions into the frames")
    add("--beside", metavar="NAME", help="another take on the right of it")
    add("--no-sidecar", action="store_true", help="leave out the JSON file with every setting and action")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from astra_studio.document.opening import open_reader
    from astra_studio.services.export import export, request_of

    reader = open_reader(options.project)
    try:
        project = reader.current()
    finally:
        reader.close()
    take = named_take(project, options.take)
    start, stop = _frames(take, options)
    request = request_of(
        project,
        options.project,
        take,
        options.out,
        start=start,
        stop=stop,
        has_hud=options.hud,
        beside=None if options.beside is None else named_take(project, options.beside),
        has_sidecar=not options.no_sidecar,
    )
    with tqdm(total=100, unit="%", desc=options.out.name, file=sys.stderr) as bar:
        export(request, lambda share, _detail: bar.update(round(100 * share) - bar.n))
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


def _frames(take: Take, options: argparse.Namespace) -> tuple[int, int | None]:
    if options.range:
        begin, colon, end = options.range.partition(":")
        if not colon:
            raise ValueError(f"--range takes A:B, such as 33:97, got {options.range!r}")
        return _whole("--range", begin, 0), _whole("--range", end, -1) if end else None
    if options.chunks:
        first, _, last = options.chunks.partition("-")
        begin = _whole("--chunks", first, 1)
        return chunk_frames(take, begin, _whole("--chunks", last, 1) if last else begin)
    return 0, None


def chunk_frames(take: Take, first: int, last: int) -> tuple[int, int]:
    """Frames of chunks `first` to `last`, counted from 1. Raises ValueError for chunks that are not there."""
    if not 1 <= first <= last <= len(take.chunks):
        raise ValueError(f"{take.name} has chunks 1 to {len(take.chunks)}, asked for {first} to {last}")
    ends: Sequence[int] = [sum(chunk.num_frames for chunk in take.chunks[:count]) for count in range(last + 1)]
    return ends[first - 1], ends[last]


def _whole(option: str, text: str, default: int) -> int:
    if not text:
        return default
    if not text.isdigit():
        raise ValueError(f"{option} takes whole numbers, got {text!r}")
    return int(text)
