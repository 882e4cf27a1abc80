"""`astra-studio trajectory`: camera files of other programs, shown, drawn and converted."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astra_studio.commands import OK
from engine.clock import ASTRA_CLOCK
from engine.rotations import EULER_ORDERS
from engine.trajectories.axes import AXES, CONVENTIONS, DIRECTIONS
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import read_trajectory, write_trajectory
from engine.trajectories.formats.registry import FORMATS
from engine.trajectories.sampling import gauge, recorded_actions, tick_poses

if TYPE_CHECKING:
    from engine.trajectories.formats.reading import Reading


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "trajectory",
        help="show, draw and convert camera files",
        description="Show, draw and convert camera files. Their format is found out, and how they were read is said.",
    )
    parts = parser.add_subparsers(title="what to do", metavar="WHAT", required=True)
    formats = "Formats: " + "; ".join(f"{name} ({kind.title})" for name, kind in FORMATS.items()) + "."

    convert = parts.add_parser(
        "convert",
        parents=[common],
        help="write a camera file in another format",
        description="Write a camera file in another format, and say what that does not hold.",
        epilog=formats,
    )
    convert.add_argument("source", type=Path, metavar="IN", help="camera file, or a folder that holds one")
    convert.add_argument("out", type=Path, metavar="OUT", help="file to write")
    _add_overrides(convert)
    convert.add_argument("--to", choices=tuple(FORMATS), metavar="F", help="format of OUT (default: by its name)")
    convert.set_defaults(command=run_convert)

    show = parts.add_parser(
        "show",
        parents=[common],
        help="say what a camera file holds, and how fast it is",
        description="Say what a camera file holds, how it was read, and how fast it is for the model.",
        epilog=formats,
    )
    show.add_argument("source", type=Path, metavar="FILE", help="camera file, or a folder that holds one")
    _add_overrides(show)
    show.add_argument("--json", action="store_true", help="as JSON, with every pose (c2w, OpenCV axes) and action row")
    show.set_defaults(command=run_show)

    plot = parts.add_parser(
        "plot",
        parents=[common],
        help="draw a camera file from above, from the side and over time",
        description="Draw a camera file from above, from the side, and its speed: a dot per tick, a ring per chunk.",
        epilog=formats,
    )
    plot.add_argument("source", type=Path, metavar="FILE", help="camera file, or a folder that holds one")
    plot.add_argument("out", type=Path, metavar="OUT.png", help="picture to write: PNG, SVG or PDF")
    _add_overrides(plot)
    plot.set_defaults(command=run_plot)


def _add_overrides(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--from",
        dest="source_format",
        choices=tuple(FORMATS),
        metavar="F",
        help="format of the file (default: found out)",
    )
    add("--convention", choices=CONVENTIONS, help="direction of its matrices, in place of the format's")
    add("--axes", choices=tuple(AXES), help="camera axes, in place of the format's")
    add(
        "--euler",
        type=str.lower,
        choices=EULER_ORDERS,
        metavar="ORDER",
        help="order in which the angles of a .chan file are turned, about fixed axes, such as zxy (Nuke's default)",
    )
    add("--fps", type=float, metavar="N", help="poses a second, in place of the file's own times")
    add("--scale", type=float, default=1.0, metavar="S", help="what lengths are multiplied by (default 1)")
    add("--align", action="store_true", help="move and turn the whole so that it starts at the origin")
    add(
        "--camera",
        metavar="NAME",
        help="which camera, where a file holds several (default: the usual one, if it has one)",
    )


def run_convert(options: argparse.Namespace) -> int:
    """Read one file and write the other; returns the exit code."""
    reading = _read(options)
    name, lost = write_trajectory(reading.recording, options.out, options.to, clock=ASTRA_CLOCK)
    _tell_notes(reading)
    kinds = f"{FORMATS[reading.format].title} to {FORMATS[name].title}"
    print(f"{options.out}: {len(reading.recording.times)} poses from {kinds}")
    for what in lost:
        print(f"  not in it: {what}")
    return OK


def run_show(options: argparse.Namespace) -> int:
    """Say what is in the file; returns the exit code."""
    reading = _read(options)
    if options.json:
        print(json.dumps(_content(reading)))
    else:
        print("\n".join(_lines(options.source.name, reading)))
    return OK


def run_plot(options: argparse.Namespace) -> int:
    """Draw the file; returns the exit code."""
    from astra_studio.services.camera.plot import plot_trajectory

    reading = _read(options)
    # A name that is no UTF-8 holds halves of characters, which no font has.
    name = options.source.name.encode("utf-8", "replace").decode()
    plot_trajectory(reading.recording, f"{name} ({FORMATS[reading.format].title})", options.out, clock=ASTRA_CLOCK)
    _tell_notes(reading)
    print(options.out)
    return OK


def _read(options: argparse.Namespace) -> Reading:
    overrides = Overrides(
        convention=options.convention,
        axes=options.axes,
        euler=options.euler,
        fps=options.fps,
        scale=options.scale,
        align=options.align,
        camera=options.camera,
    )
    return read_trajectory(options.source, overrides, options.source_format, clock=ASTRA_CLOCK)


def _tell_notes(reading: Reading) -> None:
    for note in reading.notes:
        print(f"note: {note}", file=sys.stderr)


def _content(reading: Reading) -> dict[str, Any]:
    """Everything about a reading, for programs."""
    recording = reading.recording
    track = recorded_actions(recording, clock=ASTRA_CLOCK)
    speed = gauge(tick_poses(recording, clock=ASTRA_CLOCK), clock=ASTRA_CLOCK)
    return {
        "format": reading.format,
        "because": reading.because,
        "convention": reading.convention,
        "axes": reading.axes,
        "fps": recording.fps,
        "times": recording.times.tolist(),
        "c2w": recording.c2w.tolist(),
        "modality": track.modality.name,
        "seconds_per_tick": ASTRA_CLOCK.seconds_per_tick,
        "rows": track.rows.astype(np.float64).tolist(),
        "moved_per_tick": speed.moved.tolist(),
        "turned_per_tick": speed.turned.tolist(),
        "beyond_trained_speed": np.flatnonzero(speed.beyond).tolist(),
        "checks": dataclasses.asdict(reading.checks),
        "intrinsics": None if recording.lens is None else recording.lens.rows.tolist(),
        "notes": list(reading.notes),
    }


def _lines(name: str, reading: Reading) -> list[str]:
    """Everything about a reading that a person may want to know."""
    recording, checks = reading.recording, reading.checks
    speed = gauge(tick_poses(recording, clock=ASTRA_CLOCK), clock=ASTRA_CLOCK)
    ticks = len(speed.moved)
    turn = np.rad2deg(checks.largest_turn_rad)
    lines = [
        f"{name}: {FORMATS[reading.format].title}, because {reading.because}",
        _line("read as", f"{DIRECTIONS[reading.convention]}, {reading.axes} camera axes"),
        _line(
            "poses",
            f"{len(recording.times)}, {recording.fps:.4g} a second, {recording.start_s:.6g} to {recording.end_s:.6g} s",
        ),
        _line(
            "ticks", f"{ticks} of {ASTRA_CLOCK.seconds_per_tick} s, {ticks / ASTRA_CLOCK.latents_per_chunk:.3g} chunks"
        ),
        _line("length", f"{checks.length:.4g} units"),
        _line("largest step", f"{checks.largest_step:.4g} units, from pose {checks.largest_step_at} to the next"),
        _line("largest turn", f"{turn:.3g} degrees, from pose {checks.largest_turn_at} to the next"),
        _line("goes", f"{checks.direction} (movement against view: {checks.forwardness:+.2f})"),
        _line(
            "rotations",
            f"det R off 1 by {checks.determinant_error:.1g}, |q| by {checks.quaternion_error:.1g}",
        ),
    ]
    if ticks:
        lines += [
            _line(
                "speed",
                f"{np.median(speed.moved):.3g} units and {np.median(speed.turned):.3g} rad per tick (medians); "
                f"trained at {ASTRA_CLOCK.trained_speed} and {ASTRA_CLOCK.trained_turn}",
            ),
            _line("too fast", _beyond(speed.beyond, speed.load)),
        ]
    if checks.direction == "backward":
        lines.append(_line("beware", "cameras seldom go backward: try another --convention or --axes"))
    return [*lines, *(_line("note", note) for note in reading.notes)]


def _line(what: str, text: str) -> str:
    return f"  {what:<14}{text}"


def _beyond(beyond: np.ndarray, load: np.ndarray) -> str:
    """Which ticks are faster than the model was trained at, in runs, and what scale would bring them within."""
    numbers = np.flatnonzero(beyond)
    if not len(numbers):
        return "no tick"
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    told = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:6])
    more = f" and {len(runs) - 6} more runs" if len(runs) > 6 else ""
    return f"ticks {told}{more}, up to {load.max():.3g} times the trained speed"
