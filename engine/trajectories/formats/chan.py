"""`.chan` of Nuke, Blender and Houdini: `frame tx ty tz rx ry rz [vfov]`, one pose a line.

Camera-to-world of a camera that looks along -z (OpenGL axes); angles in degrees, the field of view the vertical one.
Source: the Blender manual's page on Nuke animation. The file does not say in which order the angles are turned:
Nuke's default, ZXY, is taken. Blender writes any of six; read in another, an even turn becomes uneven, or rolls, so the
order in which the camera turns most smoothly is offered too. Nor does it say the frame rate: Nuke and Blender begin
with 24 a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import EULER_ORDERS, angles_between, assembled, from_euler, quaternions, to_euler
from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source, line_of
from engine.trajectories.recording import Recording, are_fovs, lens_of_fov
from engine.whole_files import write_whole

COLUMNS = "frame tx ty tz rx ry rz [vertical field of view], angles in degrees"
DEFAULT_ORDER = "zxy"
FPS = 24.0
_SMOOTHER = 0.5
"""How many times as uneven as the order that is taken another must be, at most, to be offered."""
_LEAST_UNEVENNESS = 1e-5
"""Radians that six decimals of a degree, and a little more, make up."""
_MOST_DEGREES = 3600.0
_FIELDS_OF_VIEW = (3.0, 170.0)
"""Degrees that cameras have. What is shorter than that is the last number of something else."""


class Chan:
    title: ClassVar[str] = "Nuke .chan"
    suffix: ClassVar[str] = ".chan"
    layout: ClassVar[str] = f"lines of 7 or 8 numbers: {COLUMNS}"

    def recognise(self, source: Source) -> str | None:
        if source.suffix == ".chan":
            return "its name ends in .chan"
        if source.num_columns not in (7, 8) or source.suffix == ".tum" or not are_angles(source.sample):
            return None
        return f"its lines have {source.num_columns} columns, of which the first is a frame's number"

    def read(self, source: Source, overrides: Overrides) -> Stored:
        table = source.table([7, 8], COLUMNS)
        order = overrides.euler or DEFAULT_ORDER
        turns = from_euler(np.deg2rad(table.rows[:, 4:7]), order)
        lens = None
        if table.rows.shape[1] == 8:
            degrees = table.rows[:, 7]
            wrong = ~are_fovs(np.deg2rad(degrees))
            if wrong.any():
                bad = int(np.argmax(wrong))
                raise TrajectoryError(
                    f"{table.places[bad]} of {source.name}: a field of view of {degrees[bad]:g} degrees; expected one "
                    "between 0 and 180"
                )
            lens = lens_of_fov(np.deg2rad(degrees))
        given = "as was said" if overrides.euler else "which the file does not say: it is Nuke's default (--euler)"
        notes = [f"its angles are turned in the order {order.upper()}, {given}"]
        smoothest, same = _other_orders(np.deg2rad(table.rows[:, 4:7]), order)
        if overrides.euler is None and same:
            notes.append(f"the order {', '.join(same).upper()} would give the same poses")
        if overrides.euler is None and smoothest:
            notes.append(f"in the order {smoothest.upper()} it would turn more smoothly (--euler {smoothest})")
        notes.append(f"it has no frame rate: {FPS:g} a second are taken, with which Nuke and Blender begin (--fps)")
        return Stored(
            matrices=assembled(turns, table.rows[:, 1:4]),
            axes="opengl",
            frames=table.rows[:, 0],
            fps=FPS,
            places=table.places,
            lens=lens,
            notes=tuple(notes),
            takes=("euler",),
            smoothest_euler=smoothest,
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        matrices = from_opencv(recording.c2w, "c2w", "opengl")
        degrees = np.rad2deg(to_euler(matrices[:, :3, :3], DEFAULT_ORDER))
        fov = np.rad2deg(lens_or_default(recording).vertical_fov)
        rows = np.column_stack([matrices[:, :3, 3], degrees, fov])
        lines = [f"{number} {line_of(row)}" for number, row in enumerate(rows, 1)]
        write_whole(path, "\n".join(lines) + "\n")
        said = f"the order of its angles, {DEFAULT_ORDER.upper()}: set it on import"
        return (said, *lens_notes(recording), *lost(recording, times=True, start=True, reader_fps=FPS))


def _other_orders(angles: Floats, taken: str) -> tuple[str | None, tuple[str, ...]]:
    """The order in which a camera turns clearly more smoothly than in the one that is taken, and those that change
    nothing, for angles (N, 3) in radians."""
    turns = {order: from_euler(angles, order) for order in EULER_ORDERS}
    same = tuple(o for o in EULER_ORDERS if o != taken and np.abs(turns[o] - turns[taken]).max() < _LEAST_UNEVENNESS)
    if len(angles) < 3:
        return None, same
    # Of orders that are as even the one that rolls the least: people hold cameras level.
    scores = {order: (max(_unevenness(each), _LEAST_UNEVENNESS), _roll(each)) for order, each in turns.items()}
    best = min(EULER_ORDERS, key=lambda order: (round(np.log(scores[order][0]), 2), scores[order][1]))
    own = scores[taken]
    is_smoother = scores[best][0] < _SMOOTHER * own[0]
    is_level = scores[best][0] < own[0] * 1.01 and scores[best][1] < _SMOOTHER * own[1] - _LEAST_UNEVENNESS
    return (best if is_smoother or is_level else None), same


def _unevenness(turns: Floats) -> float:
    """How much the turn from one frame to the next changes, radians, of rotations (N, 3, 3), N >= 3."""
    steps = np.swapaxes(turns[:-1], 1, 2) @ turns[1:]
    each = quaternions(steps)
    return float(np.sqrt(np.mean(angles_between(each[:-1], each[1:]) ** 2)))


def _roll(turns: Floats) -> float:
    """How far the camera's x axis is from level, on average, radians, of rotations (N, 3, 3) in a world with y up."""
    return float(np.mean(np.abs(np.arcsin(np.clip(turns[:, 1, 0], -1, 1)))))


def are_angles(rows: list[list[float]]) -> bool:
    """Whether rows of 7 or 8 numbers can be those of a .chan file: frames that rise, angles, and fields of view.

    No quaternion has a number as great as a field of view in degrees.
    """
    table = np.array(rows)
    frames, angles, views = table[:, 0], table[:, 4:7], table[:, 7:]
    with np.errstate(all="ignore"):
        are_frames = bool((frames == np.round(frames)).all() and (np.diff(frames) > 0).all())
        narrow, wide = _FIELDS_OF_VIEW
        are_views = bool(((views >= narrow) & (views <= wide)).all())
        are_turns = table.shape[1] == 7 and bool((np.abs(np.linalg.norm(table[:, 3:], axis=1) - 1) < 1e-3).all())
        return are_frames and are_views and not are_turns and bool((np.abs(angles) <= _MOST_DEGREES).all())
