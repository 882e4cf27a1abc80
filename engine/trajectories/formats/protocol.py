"""The contract of a trajectory format, and what passes through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from engine.actions.modality import ActionTrack
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import EULER_ORDERS
from engine.trajectories.axes import AXES, CONVENTIONS, Convention
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, Recording

MAX_SECONDS = 100_000.0
"""A trajectory is no longer: a day, and half a million ticks."""


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """What the user says of a file that the file does not, or says wrongly; None leaves it to the format.

    Attributes:
        convention: direction of its matrices.
        axes: one of AXES, of its cameras.
        euler: one of EULER_ORDERS, for formats that hold angles.
        fps: its poses per second, in place of its own times.
        scale: what lengths are multiplied by, after the unit of the format.
        align: whether the first pose becomes the identity.
        camera: which, where a file holds several.
    """

    convention: Convention | None = None
    axes: str | None = None
    euler: str | None = None
    fps: float | None = None
    scale: float = 1.0
    align: bool = False
    camera: str | None = None

    def __post_init__(self) -> None:
        for what, value, known in (
            ("convention", self.convention, CONVENTIONS),
            ("camera axes", self.axes, tuple(AXES)),
            ("Euler order", self.euler, EULER_ORDERS),
        ):
            if value is not None and value not in known:
                raise TrajectoryError(f"unknown {what} {value!r}; there are {', '.join(known)}")
        for what, number in (("frame rate", self.fps), ("scale", self.scale)):
            if number is not None and not 0 < number < float("inf"):
                raise TrajectoryError(f"a {what} must be a number above 0, got {number}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """What a format finds in a file, as it lies there.

    Attributes:
        matrices: (N, 4, 4), rigid, in the file's own direction, axes and lengths.
        convention, axes: what the format says of them.
        unit: scene units per unit of length of the file.
        times: (N,) seconds, where the file has times.
        fps: poses per second, where it has a rate and no times.
        frames: (N,) numbers of the frames, where it has those and no times; they rise.
        places: what to call each pose in a message.
        quaternion_error: the largest distance of a quaternion's length from 1.
        curve: matrices (M, 4, 4) at times (M,), as Recording.curve.
        notes: what the reader had to decide.
        takes: of the overrides "euler" and "camera" those that mean something for this file.
        cameras: the names of its cameras, where it holds several.
        smoothest_euler: the order of angles in which it turns more smoothly than in the one that was taken.
    """

    matrices: Floats
    convention: Convention = "c2w"
    axes: str = "opencv"
    unit: float = 1.0
    times: Floats | None = None
    fps: float | None = None
    frames: Floats | None = None
    places: tuple[str, ...] = ()
    quaternion_error: float = 0.0
    lens: Lens | None = None
    curve: Callable[[Floats], Floats] | None = None
    track: ActionTrack | None = None
    notes: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    smoothest_euler: str | None = None


class TrajectoryFormat(Protocol):
    """A file format that holds camera poses over time.

    Attributes:
        title: what people call it.
        suffix: of the files that are written.
        layout: what a file holds, in a line.
    """

    title: ClassVar[str]
    suffix: ClassVar[str]
    layout: ClassVar[str]

    def recognise(self, source: Source) -> str | None:
        """Why the file is of this format, or None; damaged files may raise TrajectoryError."""

    def read(self, source: Source, overrides: Overrides) -> Stored:
        """The poses in the file. Raises TrajectoryError."""

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        """Write the file whole, or not at all; returns what of the recording it does not hold. Raises OSError."""
