"""Reading of a trajectory file of any format into a Recording: detection, overrides, checks; and writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine import poses
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import quaternions
from engine.trajectories.axes import AXES, CONVENTIONS, Convention, to_opencv
from engine.trajectories.checks import Checks, check
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.colmap import IMAGES as COLMAP_IMAGES
from engine.trajectories.formats.parts import MAX_SKEW
from engine.trajectories.formats.protocol import MAX_SECONDS, Overrides, Stored
from engine.trajectories.formats.registry import detect, format_named, format_to_write
from engine.trajectories.formats.source import Source
from engine.trajectories.formats.spatialvid import POSES
from engine.trajectories.recording import Recording

MAX_POSITION = 1e12
MAX_TIME_S = 1e12
"""Thirty thousand years; clocks count from 1970."""
_LEAST_STEP_S = 1e-6
_READ_IN_FOLDERS = {"colmap": COLMAP_IMAGES, "lingbot": POSES, "spatialvid": POSES}
"""The file in a folder that holds the poses, by the format of the folder."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """A file as it was read.

    Attributes:
        format: its name in FORMATS.
        because: why it is taken for that.
        convention, axes: what its matrices were taken for.
        recording: its poses, in ours.
        checks: what speaks for and against this reading.
        notes: what had to be decided that the file does not say.
        takes: of the overrides "euler" and "camera" those that mean something for this file.
        cameras: the names of its cameras, where it holds several.
        smoothest_euler: the order of angles in which it turns more smoothly than in the one that was taken.
    """

    format: str
    because: str
    convention: Convention
    axes: str
    recording: Recording
    checks: Checks
    notes: tuple[str, ...]
    takes: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    smoothest_euler: str | None = None


class CameraFile:
    """A file that is read once, and can be taken for one thing or another without being read again.

    Args:
        overrides: of these `euler` and `camera`, which decide what is read of the file.
        format_name: one of FORMATS; None: it is detected.
        clock: of the world that is to follow it; its frame rate is that of a file which has none.

    Raises TrajectoryError.
    """

    def __init__(
        self, path: Path, overrides: Overrides | None = None, format_name: str | None = None, *, clock: Clock
    ) -> None:
        self._clock = clock
        source = Source(path)
        if not source.is_folder:
            _ = source.bytes  # what is missing, empty or too large is told before anything else
        self.format, self.because = detect(source) if format_name is None else (format_name, "it was said to be")
        # A folder is called by what is read in it.
        self.name = _READ_IN_FOLDERS.get(self.format, path.name) if source.is_folder else path.name
        self._stored = format_named(self.format).read(source, overrides or Overrides())

    def read(self, overrides: Overrides | None = None) -> Reading:
        """Its poses, as the file and the overrides say. Raises TrajectoryError."""
        return _finish(self.name, self.format, self.because, self._stored, overrides or Overrides(), self._clock)

    def candidates(self, overrides: Overrides | None = None) -> tuple[Reading, ...]:
        """Read in every direction and all axes that give rotations, the likeliest first: those that go forward.

        Of two that are equally likely the one nearer to what the format says comes first. Raises TrajectoryError.
        """
        said = overrides or Overrides()
        usual = self.read(said)
        readings = [
            self.read(replace(said, convention=convention, axes=axes)) for convention in CONVENTIONS for axes in AXES
        ]

        def unlikeliness(reading: Reading) -> tuple[float, int]:
            changes = (reading.convention != usual.convention) + (reading.axes != usual.axes)
            return -round(reading.checks.forwardness, 3), changes

        return tuple(sorted(readings, key=unlikeliness))


def read_trajectory(
    path: Path, overrides: Overrides | None = None, format_name: str | None = None, *, clock: Clock
) -> Reading:
    """Read a file, or a folder in a format that has folders. Raises TrajectoryError.

    Args:
        overrides: what the user knows better.
        format_name: one of FORMATS; None: it is detected.
        clock: as for `CameraFile`.
    """
    return CameraFile(path, overrides, format_name, clock=clock).read(overrides)


def write_trajectory(
    recording: Recording, path: Path, format_name: str | None = None, *, clock: Clock
) -> tuple[str, tuple[str, ...]]:
    """Write a file in the format of that name, or of the file's name; returns the format and what it does not hold.

    Formats that hold one pose per tick hold them at the ticks of `clock`.

    Raises TrajectoryError, or OSError for a place that cannot be written.
    """
    name = format_name or format_to_write(path)
    return name, format_named(name).write(recording, path, clock)


def _finish(file: str, name: str, because: str, stored: Stored, overrides: Overrides, clock: Clock) -> Reading:
    """Apply the overrides, bring the poses into our axes and units, and check them."""
    count = len(stored.matrices)
    if count < 2:
        raise TrajectoryError(
            f"{file} holds {'a single pose' if count else 'no pose'}; a trajectory needs at least two. Export more "
            "frames"
        )
    # What a program's own rows make up is rigid to their digits; anything else must be so by itself.
    errors = (0.0, 0.0) if stored.track is not None else _check_rigid(file, stored)
    convention, axes = overrides.convention or stored.convention, overrides.axes or stored.axes
    factor = stored.unit * overrides.scale
    _check_size(file, stored, factor)

    def ours(matrices: Floats) -> Floats:
        rigid = matrices.copy()
        rigid[:, :3, :3] = poses.quaternion_to_matrix(quaternions(matrices[:, :3, :3]))
        rigid[:, :3, 3] *= factor
        return to_opencv(rigid, convention, axes)

    times, fps, notes = _times(file, stored, overrides, clock)
    is_as_it_was = replace(overrides, align=False, camera=None, euler=None) == Overrides()
    recording = Recording(
        times=times,
        c2w=ours(stored.matrices),
        fps=fps,
        lens=stored.lens,
        curve=_curve(stored, times, ours),
        track=stored.track if is_as_it_was else None,
        tick_s=1 / fps if stored.track is not None and is_as_it_was else None,
    )
    return Reading(
        format=name,
        because=because,
        convention=convention,
        axes=axes,
        recording=recording.aligned() if overrides.align else recording,
        checks=check(
            recording.c2w, determinant_error=errors[0], skew=errors[1], quaternion_error=stored.quaternion_error
        ),
        notes=(*stored.notes, *notes, *_unused(stored, overrides)),
        takes=stored.takes,
        cameras=stored.cameras,
        smoothest_euler=stored.smoothest_euler,
    )


def _check_rigid(file: str, stored: Stored) -> tuple[float, float]:
    """The largest errors of determinants and of R^T R. Raises TrajectoryError where one is too large."""
    rotations = stored.matrices[:, :3, :3]
    with np.errstate(over="ignore", invalid="ignore"):
        skews = np.abs(np.swapaxes(rotations, 1, 2) @ rotations - np.eye(3)).max((1, 2))
        determinants = np.linalg.det(rotations)
    wrong = ~(skews <= MAX_SKEW) | ~(determinants > 0)
    if wrong.any():
        bad = int(np.argmax(wrong))
        place = stored.places[bad] if stored.places else f"pose {bad}"
        kind = "a reflection" if skews[bad] <= MAX_SKEW else "a scaled or skewed matrix"
        raise TrajectoryError(
            f"{place} of {file} is no rotation but {kind} (determinant {determinants[bad]:.3g}, expected 1). Check the "
            "format, and the order of its numbers"
        )
    return float(np.abs(determinants - 1).max()), float(skews.max())


def _check_size(file: str, stored: Stored, factor: float) -> None:
    """Raise TrajectoryError for positions that no scene has: squared, they would be more than a float holds."""
    with np.errstate(over="ignore"):
        wrong = ~(np.abs(stored.matrices[:, :3, 3] * factor).max(axis=1) < MAX_POSITION)
    if wrong.any():
        bad = int(np.argmax(wrong))
        place = stored.places[bad] if stored.places else f"pose {bad}"
        raise TrajectoryError(f"{place} of {file} lies {MAX_POSITION:g} units away or more. Is the file whole?")


def _times(file: str, stored: Stored, overrides: Overrides, clock: Clock) -> tuple[Floats, float, tuple[str, ...]]:
    """Seconds (N,) of the poses, how many there are a second, and what had to be decided."""
    count = len(stored.matrices)
    if overrides.fps is None and stored.times is not None:
        _check_rising(file, stored, stored.times)
        _check_length(file, stored, stored.times)
        return stored.times, float(1 / np.median(np.diff(stored.times))), ()
    fps = overrides.fps or stored.fps
    notes: tuple[str, ...] = () if fps else (f"it has no frame rate: {clock.fps:g} poses a second are taken (--fps)",)
    fps = fps or clock.fps
    if stored.frames is not None:
        _check_rising(file, stored, stored.frames)
        notes += _gaps(stored, np.diff(stored.frames))
    frames = np.arange(count) if stored.frames is None else stored.frames - stored.frames[0]
    times = frames / fps
    _check_length(file, stored, times)
    return times, fps, notes


def _gaps(stored: Stored, steps: Floats) -> tuple[str, ...]:
    """What to say where frames are missing, by the steps (N - 1,) between their numbers."""
    if not np.ptp(steps):
        return ()
    widest = int(np.argmax(steps)) + 1
    place = stored.places[widest] if stored.places else f"pose {widest}"
    # Of steps that come equally often the smallest: the others are gaps.
    sizes, counts = np.unique(steps, return_counts=True)
    missing = np.round(steps / sizes[np.argmax(counts)]) - 1
    count, gaps = int(missing.sum()), int((missing > 0).sum())
    if not count:
        return ("its frames are not evenly spaced; each is at the time that its number says",)
    frames = "1 frame is" if count == 1 else f"{count} frames are"
    where = f"before {place}" if gaps == 1 else f"in {gaps} places, the most before {place}"
    return (f"{frames} missing, {where}: the gap stays in time, and the camera goes straight across it",)


def _check_rising(file: str, stored: Stored, times: Floats) -> None:
    if np.abs(times).max() > MAX_TIME_S:
        bad = int(np.argmax(np.abs(times) > MAX_TIME_S))
        place = stored.places[bad] if stored.places else f"pose {bad}"
        raise TrajectoryError(
            f"{place} of {file}: its time, {times[bad]:.15g}, is no number of seconds. Write seconds (nanoseconds "
            "divided by 1e9), or say how many poses there are a second with --fps"
        )
    late = np.flatnonzero(np.diff(times) <= 0)
    if len(late):
        bad = int(late[0]) + 1
        place = stored.places[bad] if stored.places else f"pose {bad}"
        raise TrajectoryError(
            f"{place} of {file}: its time, {times[bad]:.15g}, does not come after {times[bad - 1]:.15g}. "
            "Sort the poses by time, or say how many there are a second with --fps"
        )


def _check_length(file: str, stored: Stored, times: Floats) -> None:
    """Raise TrajectoryError for times (N,) that would make more ticks than any machine renders, or too fine a rate."""
    steps = np.diff(times)
    if times[-1] - times[0] > MAX_SECONDS:
        worst = int(np.argmax(steps)) + 1
        place = stored.places[worst] if stored.places else f"pose {worst}"
        raise TrajectoryError(
            f"{file} lasts {times[-1] - times[0]:.6g} s, more than the {MAX_SECONDS:g} s that a trajectory may last. "
            f"{place} comes {steps[worst - 1]:.6g} s after the one before it: mend its time, or say how many poses "
            "there are a second with --fps"
        )
    if np.median(steps) < _LEAST_STEP_S:
        raise TrajectoryError(
            f"the poses of {file} are {np.median(steps):.3g} s apart, which no camera's are. Say how many there are a "
            "second with --fps"
        )


def _unused(stored: Stored, overrides: Overrides) -> tuple[str, ...]:
    """What was said that means nothing for this file."""
    said = []
    if overrides.euler is not None and "euler" not in stored.takes:
        said.append("the Euler order changes nothing: it holds no angles")
    if overrides.camera is not None and "camera" not in stored.takes:
        said.append(f"the camera {overrides.camera!r} was not looked for: it holds one camera, without a name")
    return tuple(said)


def _curve(stored: Stored, times: Floats, ours: Callable[[Floats], Floats]) -> Callable[[Floats], Floats] | None:
    """The file's own curve, on the clock of `times` and in our axes."""
    curve, clock = stored.curve, stored.times
    if curve is None or clock is None:
        return None
    return lambda asked: ours(curve(np.interp(asked, times, clock)))
