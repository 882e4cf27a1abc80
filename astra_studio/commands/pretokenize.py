"""`astra-studio pretokenize`: a data set on disk into latent shards, for `astra-studio train`."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astra_studio.commands import FAILED, OK
from astra_studio.paths import BUNDLED_WORLD, world_catalogue

if TYPE_CHECKING:
    from engine.training.datasets.output import Summary

LAYOUTS = ("auto", "sekai", "spatialvid", "nuscenes", "openx", "multicam", "latents")
"""Written out, as their registry would load torch before the first word of --help."""
SKIPPED_SHOWN = 5


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "pretokenize",
        parents=[common],
        help="encode a data set into latent shards for training",
        description="Encode the videos of a data set, with their poses as action rows, into latent shards for "
        "astra-studio train. A run that was stopped goes on when it is given again.",
        epilog="Layouts: sekai, spatialvid, nuscenes, openx (RT-1 and other TFRecord episodes; a step is a frame), "
        "multicam (MultiCamVideo), latents (what the released code's scripts have encoded).",
    )
    add = parser.add_argument
    add("source", type=Path, metavar="IN", help="folder of the data set, as it is published")
    add("out", type=Path, metavar="OUT", help="folder for the shards; one for each data set")
    add("--layout", default="auto", choices=LAYOUTS, help="layout of IN (default auto: found out)")
    add(
        "--world",
        default=BUNDLED_WORLD,
        metavar="NAME|PATH",
        help=f"world whose autoencoder, and text encoder if it has one, are used (default: {BUNDLED_WORLD})",
    )
    add("--size", type=_size, metavar="WxH", help="pixels; pictures are cut about their middle (default: the world's)")
    add("--fps", type=float, metavar="F", help="frames per second to show the videos at (default: the world's)")
    add("--ticks", type=int, default=38, metavar="N", help="latents of a clip (default 38, the longest window)")
    add("--clips-per-shard", type=int, default=32, metavar="N", help="clips in a shard file, at most (default 32)")
    add("--limit", type=int, metavar="N", help="read only the first N clips of the data set")
    add(
        "--rows",
        default="auto",
        choices=("auto", "aligned", "released"),
        help="action rows that lead into their latent (aligned), or leave it, as the released weights know them "
        "(default auto: as the world's)",
    )
    add("--no-text", action="store_true", help="leave the captions out")
    add("--device", default="auto", metavar="D", help="where to encode: auto, cpu, cuda:1, mps ... (default auto)")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code: failure where there is no clip in OUT at the end."""
    from engine.training.datasets.encoder import open_encoder
    from engine.training.datasets.pretokenize import Request, pretokenize

    request = Request(
        source=options.source,
        out=options.out,
        layout=options.layout,
        size=options.size,
        fps=options.fps,
        num_latents=options.ticks,
        clips_per_shard=options.clips_per_shard,
        limit=options.limit,
        row_style=None if options.rows == "auto" else options.rows,
    )
    place = world_catalogue().get(options.world, Path(options.world).expanduser())
    encoder = open_encoder(place, options.device, with_text=not options.no_text)
    summary = pretokenize(request, encoder, say=lambda text: print(text, file=sys.stderr, flush=True))
    for line in _summary_lines(summary):
        print(line)
    return OK if summary.num_clips or summary.num_present else FAILED


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"write a size as 832x480, not as {text!r}")
    return int(found[1]), int(found[2])


def _summary_lines(summary: Summary) -> list[str]:
    """The summary in words, a line each."""
    lines = [
        f"{summary.num_clips} clips, {summary.seconds:.1f} s of video, {summary.num_bytes / 1e6:.1f} MB in "
        f"{summary.num_shards} shards (layout {summary.layout})"
    ]
    if summary.num_present:
        lines.append(f"{summary.num_present} clips lay there already")
    if summary.num_camera:
        lines.append(f"{summary.num_forward} of {summary.num_camera} camera clips move forward on the whole")
    if summary.skipped:
        left_out = f"{len(summary.skipped)} clips of the data set were left out, whole or in part"
        lines.append(f"{left_out}; pretokenize.json beside the shards has all reasons, the first are")
        lines += [f"  {name}: {why}" for name, why in list(summary.skipped.items())[:SKIPPED_SHOWN]]
    return lines
