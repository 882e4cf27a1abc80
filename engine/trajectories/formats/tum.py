"""TUM RGB-D: `timestamp tx ty tz qx qy qz qw`, one pose a line, after comments that begin with #.

Camera-to-world of the optical frame (z forward), metres, seconds, quaternion x y z w. Source: the TUM RGB-D data
set's file formats page. Other programs write the poses of a body with it: say its --axes then.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.clock import Clock
from engine.rotations import quaternions
from engine.trajectories.formats.chan import are_angles
from engine.trajectories.formats.parts import lost, of_quaternions
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import COMMENT, Source, line_of
from engine.trajectories.recording import Recording
from engine.whole_files import write_whole

COLUMNS = "timestamp tx ty tz qx qy qz qw"


class Tum:
    title: ClassVar[str] = "TUM"
    suffix: ClassVar[str] = ".tum"
    layout: ClassVar[str] = f"lines of 8 numbers: {COLUMNS}"

    def recognise(self, source: Source) -> str | None:
        if source.num_columns != 8 or source.suffix == ".chan":
            return None
        if source.suffix == ".tum":
            return "its name ends in .tum, and its lines have 8 columns"
        if are_angles(source.sample):
            return None
        return "its lines have 8 columns, of which the last 4 are a quaternion"

    def read(self, source: Source, overrides: Overrides) -> Stored:
        table = source.table([8], COLUMNS)
        matrices, error = of_quaternions(source, table.rows[:, 1:4], table.rows[:, 4:], table.places)
        return Stored(matrices=matrices, times=table.rows[:, 0], places=table.places, quaternion_error=error)

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        turns = quaternions(recording.c2w[:, :3, :3])
        rows = np.column_stack([recording.times, recording.c2w[:, :3, 3], turns])
        write_whole(path, "\n".join([f"{COMMENT} {COLUMNS}", *map(line_of, rows)]) + "\n")
        return lost(recording, lens=True)
