"""`astra-studio drive`: drives a world by a script of keys, mouse and pad, and keeps the drive as a project."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from astra_studio.commands import OK
from astra_studio.commands.setting_options import add_settings, given_settings
from astra_studio.paths import BUNDLED_WORLD

_EPILOG = """A script has one JSON object a line, t in seconds:
{"t": 0, "key": "w", "down": true}   {"t": 1, "mouse": [12, 0]}   {"t": 2, "pad": {"lx": -0.5}}
{"t": 2, "text": "it starts to rain", "chunks": 3}   {"t": 3, "set": {"guidance": 2}}   {"t": 5, "end": true}
With --fast, time is counted in played frames: the same script and seed give the same latents every time."""


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "drive",
        parents=[common],
        help="drive a world by a script of keys, mouse and pad, and keep the drive as a project",
        description="Drive a world by a script: the loop of the window, without one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--image", "--start", type=Path, dest="image", metavar="I", help="picture or clip to start from")
    add("--project", type=Path, metavar="P.astra", help="or a project that is driven on, in a copy")
    add("--world", default=BUNDLED_WORLD, metavar="NAME|PATH", help=f"world model (default: {BUNDLED_WORLD})")
    add("--script", type=Path, metavar="EVENTS.jsonl", help="what is pressed and when; without it nothing is")
    add("--chunk-latents", type=int, metavar="N", help="latents per chunk: fewer react sooner")
    add_settings(parser)
    add("--seed", type=int, default=0, metavar="N", help="seed of the take (default 0)")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--realtime", action="store_true", help="play at the world's rate, and measure")
    pace.add_argument("--fast", action="store_true", help="as fast as chunks are made (the default)")
    add("--device", default="auto", metavar="D", help="where the model runs: auto, cpu, cuda:1, mps ... (default auto)")
    add("--out", type=Path, required=True, metavar="DRIVE.astra", help="project to write")
    add("--report", type=Path, metavar="R.json", help="rows, chunks, latency and jitter as JSON")
    add("--video", type=Path, metavar="V.mp4", help="the drive as a video file as well")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from astra_studio.services.driving.events import read_script
    from astra_studio.services.driving.headless import DriveRequest, drive, write_report
    from engine.serving.child_engine import ChildEngine

    outputs = [path.absolute() for path in (options.out, options.report, options.video) if path is not None]
    inputs = [path.absolute() for path in (options.image, options.project, options.script) if path is not None]
    if len({*outputs, *inputs}) < len(outputs) + len(set(inputs)):
        raise ValueError("--out, --report and --video each need a name of their own, and none of a file that is read")
    request = DriveRequest(
        start=options.image,
        project=options.project,
        out=options.out,
        world=options.world,
        events=[] if options.script is None else read_script(options.script),
        num_latents=options.chunk_latents,
        seed=options.seed,
        settings=given_settings(options),
        realtime=options.realtime,
        device=options.device,
    )
    engine = ChildEngine()
    try:
        outcome = drive(request, engine)
    finally:
        engine.close()
    if options.report is not None:
        write_report(options.report, outcome)
    if options.video is not None:
        _export(options.out, outcome.take, options.video)
    print(options.out)
    return OK


def _export(project: Path, take: str, video: Path) -> None:
    from astra_studio.commands.export import named_take
    from astra_studio.document.opening import open_reader
    from astra_studio.services.export.export import ExportRequest, export

    reader = open_reader(project)
    try:
        current = reader.current()
    finally:
        reader.close()
    request = ExportRequest(project=project, take=named_take(current, take), out=video, has_sidecar=False)
    export(request, lambda _share, _text: None)
