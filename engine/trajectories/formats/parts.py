"""Parts that several formats share: checked matrices of numbers, and what is lost in writing."""

from __future__ import annotations

import re
from itertools import cycle

import numpy as np

from engine import poses
from engine.poses import Floats
from engine.rotations import assembled
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import DEFAULT_ASPECT, DEFAULT_VERTICAL_FOV, Lens, Recording, lens_of_fov

MAX_LENGTH_ERROR = 1e-2
"""How far from 1 a quaternion may be in length: files round to as few as three digits."""
MAX_SKEW = 1e-2
"""How far R^T R may be from the identity, for the same reason."""
MAX_PIXELS = 1_000_000
_NUMBERS = re.compile(r"((?:(?<=/)|^)\d+\.\d+(?=\.[^\d./][^./]*$)|\d+)")
"""In names; with a point only where it is all that a file is called: the seconds of a picture."""
_MOST_DIGITS = 300
_EVEN = 1e-3
"""By how much of their distance times may be uneven and still count as a frame rate."""

LOST_TIMES = "the times of the poses: it holds none, and reads as poses at an even rate"
LOST_LENS = "the lens: it holds no intrinsics"


def of_quaternions(source: Source, positions: Floats, turns: Floats, places: tuple[str, ...]) -> tuple[Floats, float]:
    """Matrices (N, 4, 4) of positions (N, 3) and quaternions (N, 4) x y z w, and how far these are from length 1."""
    with np.errstate(over="ignore"):  # an infinite length is as wrong as any
        lengths = np.linalg.norm(turns, axis=1)
    errors = np.abs(lengths - 1)
    if errors.max(initial=0) > MAX_LENGTH_ERROR:
        bad = int(np.argmax(errors > MAX_LENGTH_ERROR))
        raise TrajectoryError(
            f"{places[bad]} of {source.name}: the quaternion has length {lengths[bad]:.4g}, expected 1. "
            "Are the columns in the order of this format?"
        )
    return assembled(poses.quaternion_to_matrix(turns), positions), float(errors.max(initial=0))


def of_rows(rows: Floats) -> Floats:
    """Matrices (N, 4, 4) of 3 x 4 or 4 x 4 ones (N, 3 or 4, 4)."""
    return poses.from_row(rows[:, :3].reshape(len(rows), 12))


def check_last_row(source: Source, matrices: Floats, places: tuple[str, ...]) -> None:
    """Raise TrajectoryError unless 4 x 4 matrices end with 0 0 0 1."""
    wrong = np.abs(matrices[:, 3] - [0, 0, 0, 1]).max(axis=1) > MAX_SKEW
    if wrong.any():
        bad = int(np.argmax(wrong))
        raise TrajectoryError(
            f"{places[bad]} of {source.name} does not end with the row 0 0 0 1. Are rows and columns swapped?"
        )


def numbered(count: int, what: str = "pose") -> tuple[str, ...]:
    return tuple(f"{what} {number}" for number in range(count))


def pixels(value: object) -> int | None:
    """A width or height of a picture, or None where it is none."""
    return int(value) if isinstance(value, int | float) and 1 <= value <= MAX_PIXELS else None


def natural(name: str) -> list[tuple[int, float, str]]:
    """A key that sorts names as people do: frame_2 before frame_10, and the seconds 9.25.png before 9.5.png."""
    parts = _NUMBERS.split(name)
    return [(1, 0, part) if even else (0, _number(part), "") for part, even in zip(parts, cycle((True, False))) if part]


def _number(digits: str) -> float:
    # Python refuses whole numbers of thousands of digits, which no name has but in a damaged file.
    return float(digits) if "." in digits or len(digits) > _MOST_DIGITS else int(digits)


def lens_or_default(recording: Recording) -> Lens:
    """The lens of a recording, or one of 50 degrees for those formats that cannot do without."""
    if recording.lens is not None:
        return recording.lens
    return lens_of_fov(np.full(len(recording.times), DEFAULT_VERTICAL_FOV), DEFAULT_ASPECT)


def lens_notes(recording: Recording) -> tuple[str, ...]:
    """What to say where `lens_or_default` had to take the default."""
    if recording.lens is not None:
        return ()
    degrees = np.rad2deg(DEFAULT_VERTICAL_FOV)
    return (f"nothing of the lens, which is not known: {degrees:.0f} degrees high is written in its place",)


def lost(
    recording: Recording,
    *,
    times: bool = False,
    lens: bool = False,
    start: bool = False,
    reader_fps: float | None = None,
) -> tuple[str, ...]:
    """What is lost by a format that holds no `times`, no `lens`, or no `start` of the clock.

    `reader_fps`: the poses a second that its readers take, where it does not hold their rate either.
    """
    losses = []
    if reader_fps is not None and abs(recording.fps - reader_fps) > 1e-6 * reader_fps:
        losses.append(f"its {recording.fps:g} poses a second: readers take {reader_fps:g}, or what --fps says")
    if times and not is_even(recording):
        losses.append(LOST_TIMES)
    elif start and recording.times[0] != 0:
        losses.append(lost_start(recording))
    if lens and recording.lens is not None:
        losses.append(LOST_LENS)
    if recording.curve is not None:
        losses.append("the curve between the poses")
    if recording.track is not None and not recording.track.modality.poses_say_all:
        losses.append(f"the {recording.track.modality.name} rows: poses are written")
    return tuple(losses)


def lost_start(recording: Recording) -> str:
    """That a format's clock starts at 0 s, and the recording's does not."""
    return f"when it starts ({recording.start_s:g} s): its times are counted from 0"


def is_even(recording: Recording) -> bool:
    """Whether its poses come at an even rate."""
    steps = np.diff(recording.times)
    return bool(np.ptp(steps) <= _EVEN * np.median(steps))
