"""RealEstate10K, as CameraCtrl too reads it: a header line, then 19 numbers a line.

`timestamp fx fy cx cy 0 0 r11 r12 r13 t1 r21 ... t3`: microseconds since the video's start, intrinsics in shares of
the picture's width and height, world-to-camera 3 x 4 row-major, OpenCV axes. Source: google.github.io/realestate10k,
whose text counts the columns wrongly (the pose is 8 to 19), and CameraCtrl's loader. The header is the video's address;
variants for ComfyUI put the picture's width and height into columns 6 and 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine import poses
from engine.clock import Clock
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost, of_rows
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source, is_number, line_of
from engine.trajectories.recording import Lens, Recording
from engine.whole_files import write_whole

COLUMNS = "timestamp fx fy cx cy 0 0 r11 r12 r13 t1 r21 r22 r23 t2 r31 r32 r33 t3"
WIDTH = 19
MICROSECONDS = 1e6
_MIN_STEP_US = 500.0
"""Below this distance the first column counts frames, and is no time: no camera takes 2,000 pictures a second."""
_MOST_IN_HEADER = 7
"""Numbers in a header line: a size, a rate, intrinsics. A line with more is a pose, whole or not."""


class RealEstate10K:
    title: ClassVar[str] = "RealEstate10K / CameraCtrl"
    suffix: ClassVar[str] = ".txt"
    layout: ClassVar[str] = f"a header line, then lines of {WIDTH} numbers: {COLUMNS}"

    def recognise(self, source: Source) -> str | None:
        if source.num_columns != WIDTH:
            return None
        return f"its lines have {WIDTH} columns: a time, intrinsics and a 3 x 4 matrix"

    def read(self, source: Source, overrides: Overrides) -> Stored:
        table = source.table([WIDTH], COLUMNS, _pose_lines(source))
        stamps, size = table.rows[:, 0], table.rows[0, 5:7]
        has_size = bool(np.all(size >= 1) and np.all(size == np.round(size)))
        lens = Lens(
            rows=table.rows[:, 1:5],
            width_px=int(size[0]) if has_size else None,
            height_px=int(size[1]) if has_size else None,
        )
        steps = np.diff(stamps)
        # What goes back is told as a time that does.
        are_times = bool(len(steps)) and not np.all((steps >= 0) & (steps < _MIN_STEP_US))
        return Stored(
            matrices=of_rows(table.rows[:, 7:].reshape(-1, 3, 4)),
            convention="w2c",
            times=stamps / MICROSECONDS if are_times else None,
            places=table.places,
            lens=lens if np.all(lens.rows[:, :2] > 0) else None,
            notes=() if are_times else ("its first column holds no microseconds, so it is not taken for times",),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        lens = lens_or_default(recording)
        size = [lens.width_px, lens.height_px] if lens.width_px and lens.height_px else [0, 0]
        w2c = poses.inverse(recording.c2w)[:, :3].reshape(-1, 12)
        stamps = np.round(recording.times * MICROSECONDS)
        rows = np.column_stack([stamps, lens.rows, np.tile(size, (len(w2c), 1)), w2c])
        # Microseconds are whole numbers to every reader.
        lines = [f"{int(row[0])} {line_of(row[1:])}" for row in rows]
        write_whole(path, "\n".join(["https://astra-studio.invalid/trajectory", *lines]) + "\n")
        return (*lens_notes(recording), *lost(recording))


def _pose_lines(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Its lines without the header, which is the first line unless that is a pose, or was meant to be one."""
    lines = source.lines()
    first = next(lines, None)
    if first is None:
        return lines
    number, words = first
    num_numbers = sum(map(is_number, words))
    # A comment or an empty line may have been the header already; what follows it is none if it begins as a pose does.
    is_header = num_numbers <= _MOST_IN_HEADER and (number == 1 or num_numbers < len(words))
    return lines if is_header else chain([first], lines)
