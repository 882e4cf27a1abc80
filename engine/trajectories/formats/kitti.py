"""KITTI odometry: 12 numbers a line, the top 3 x 4 of camera-to-world row-major, and no times.

It takes a point in the i-th left camera (z forward) into the first one's; metres. Source: the readme of the KITTI
odometry development kit. The seconds of the poses lie in a `times.txt`, which is read where it lies beside.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.trajectories.formats.parts import lost, of_rows
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source, line_of
from engine.trajectories.recording import Recording
from engine.trajectories.sampling import FRAMES_PER_SECOND
from engine.whole_files import write_whole

COLUMNS = "r11 r12 r13 tx r21 r22 r23 ty r31 r32 r33 tz"
TIMES = "times.txt"


class Kitti:
    title: ClassVar[str] = "KITTI"
    suffix: ClassVar[str] = ".txt"
    layout: ClassVar[str] = f"lines of 12 numbers: {COLUMNS}"

    def recognise(self, source: Source) -> str | None:
        return "its lines have 12 columns, a 3 x 4 matrix" if source.num_columns == 12 else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        table = source.table([12], COLUMNS)
        beside = source.path.with_name(TIMES)
        times, notes = None, ("it holds no times",)
        if beside.is_file() and beside != source.path:
            found = Source(beside).table([1], "the seconds of a pose").rows[:, 0]
            if len(found) == len(table.rows):
                times, notes = found, (f"its times are those of the {TIMES} beside it",)
            else:
                notes = (
                    f"it holds no times, and the {TIMES} beside it is of another drive: it has {len(found)} lines, not "
                    f"{len(table.rows)}",
                )
        matrices = of_rows(table.rows.reshape(-1, 3, 4))
        return Stored(matrices=matrices, times=times, places=table.places, notes=notes)

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
        rows = recording.c2w[:, :3].reshape(-1, 12)
        write_whole(path, "\n".join(map(line_of, rows)) + "\n")
        return lost(recording, times=True, start=True, lens=True, reader_fps=FRAMES_PER_SECOND)
