"""KITTI odometry: 12 numbers a line, the top 3 x 4 of camera-to-world row-major, and no times.

It takes a point in the i-th left camera (z forward) into the first one's; metres. Source: the readme of the KITTI
odometry development kit. The seconds of the poses lie in a `times.txt`, which is read where it lies beside, or where
the data set has it: `sequences/00/times.txt` for `poses/00.txt`. Without one it is 10 poses a second, the rate of
KITTI's cameras (Geiger et al. 2013, "Vision meets Robotics", section II).
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engine.clock import Clock
from engine.trajectories.formats.parts import lost, of_rows
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source, line_of
from engine.trajectories.recording import Recording
from engine.whole_files import write_whole

COLUMNS = "r11 r12 r13 tx r21 r22 r23 ty r31 r32 r33 tz"
TIMES = "times.txt"
FPS = 10.0


class Kitti:
    title: ClassVar[str] = "KITTI"
    suffix: ClassVar[str] = ".txt"
    layout: ClassVar[str] = f"lines of 12 numbers: {COLUMNS}"

    def recognise(self, source: Source) -> str | None:
        return "its lines have 12 columns, a 3 x 4 matrix" if source.num_columns == 12 else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        table = source.table([12], COLUMNS)
        times, fps, note = None, FPS, f"it holds no times: {FPS:g} poses a second are taken, as KITTI has (--fps)"
        for beside in (
            source.path.with_name(TIMES),
            source.path.absolute().parent.parent / "sequences" / source.path.stem / TIMES,
        ):
            if not beside.is_file() or beside == source.path:
                continue
            found = Source(beside).table([1], "the seconds of a pose").rows[:, 0]
            if len(found) == len(table.rows):
                times, note = found, f"its times are those of the {TIMES} beside it"
                break
            note += f"; the {TIMES} beside it is of another drive: it has {len(found)} lines, not {len(table.rows)}"
        matrices = of_rows(table.rows.reshape(-1, 3, 4))
        return Stored(matrices=matrices, times=times, fps=fps, places=table.places, notes=(note,))

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        rows = recording.c2w[:, :3].reshape(-1, 12)
        write_whole(path, "\n".join(map(line_of, rows)) + "\n")
        return lost(recording, times=True, start=True, lens=True, reader_fps=FPS)
