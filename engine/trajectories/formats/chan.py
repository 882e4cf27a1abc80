"""`.chan` of Nuke, Blender and Houdini: `frame tx ty tz rx ry rz [vfov]`, one pose a line.

Camera-to-world of a camera that looks along -z (OpenGL axes); angles in degrees, the field of view the vertical one.
Source: the Blender manual's page on Nuke animation. The file does not say in which order the angles are turned:
Nuke's default, ZXY, is taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source, line_of, write_whole
from engine.trajectories.recording import Recording, lens_of_fov
from engine.trajectories.rotations import assembled, from_euler, to_euler

COLUMNS = "frame tx ty tz rx ry rz [vertical field of view], angles in degrees"
DEFAULT_ORDER = "zxy"
_FULL_TURN = 720.0
"""Degrees that a camera's angle hardly exceeds: more than two turns are no angles."""


class Chan:
    title: ClassVar[str] = "Nuke .chan"
    suffix: ClassVar[str] = ".chan"
    layout: ClassVar[str] = f"lines of 7 or 8 numbers: {COLUMNS}"

    def recognise(self, source: Source) -> str | None:
        if source.suffix == ".chan":
            return "its name ends in .chan"
        words = source.first_words
        if source.is_json or len(words) not in (7, 8) or not words[0].lstrip("-").isdecimal():
            return None
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            return None
        is_quaternion = len(words) == 8 and abs(np.linalg.norm(numbers[4:]) - 1) < 0.05
        if is_quaternion or max(map(abs, numbers[4:7])) > _FULL_TURN:
            return None
        return f"its lines have {len(words)} columns, of which the first is a frame's number"

    def read(self, source: Source, overrides: Overrides) -> Stored:
        table = source.table([7, 8], COLUMNS)
        order = overrides.euler or DEFAULT_ORDER
        turns = from_euler(np.deg2rad(table.rows[:, 4:7]), order)
        lens = None
        if table.rows.shape[1] == 8:
            degrees = table.rows[:, 7]
            wrong = (degrees <= 0) | (degrees >= 180)
            if wrong.any():
                bad = int(np.argmax(wrong))
                raise TrajectoryError(
                    f"{table.places[bad]} of {source.name}: a field of view of {degrees[bad]:g} degrees; expected one "
                    "between 0 and 180"
                )
            lens = lens_of_fov(np.deg2rad(degrees))
        given = "as was said" if overrides.euler else "which the file does not say: it is Nuke's default (--euler)"
        return Stored(
            matrices=assembled(turns, table.rows[:, 1:4]),
            axes="opengl",
            frames=table.rows[:, 0],
            places=table.places,
            lens=lens,
            notes=(f"its angles are turned in the order {order.upper()}, {given}",),
        )

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
        matrices = from_opencv(recording.c2w, "c2w", "opengl")
        degrees = np.rad2deg(to_euler(matrices[:, :3, :3], DEFAULT_ORDER))
        fov = np.rad2deg(lens_or_default(recording).vertical_fov)
        rows = np.column_stack([matrices[:, :3, 3], degrees, fov])
        lines = [f"{number} {line_of(row)}" for number, row in enumerate(rows, 1)]
        write_whole(path, "\n".join(lines) + "\n")
        said = (
            f"the order of its angles, {DEFAULT_ORDER.upper()}, and its {recording.fps:g} frames a second: set them on "
            "import"
        )
        return (said, *lens_notes(recording), *lost(recording, times=True, start=True))
