"""What a modality is: what the numbers of an action row mean, and everything that is done with such rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.actions.steering import TRAINED, DriveSpeeds, Stand, Steering
from engine.clock import Clock
from engine.poses import Floats

Rows = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Motions:
    """What ticks do to a camera, each (n,): units forward, right and down, radians to the left and up."""

    forward: Floats
    right: Floats
    down: Floats
    left_turn: Floats
    up_turn: Floats

    @property
    def speed(self) -> Floats:
        """Scene units per tick, (n,)."""
        return np.sqrt(self.forward**2 + self.right**2 + self.down**2)


@dataclass(frozen=True, kw_only=True)
class Modality:
    """One kind of action row (reference 7.1). Rows hold `width` numbers; the condition mask is added by the model.

    Each lies in a module of its own, and says there what differs from these defaults.
    """

    name: str
    label: str
    """What people call what is driven."""
    width: int
    rest: tuple[float, ...]
    """The row that means: do not move."""
    columns: tuple[str, ...]
    meaning: str
    released_name: str
    """What the released weights call it; its own name where they have none."""
    stays_level: bool = False
    """Whether paths of it are kept level, as a car's are."""
    moves_camera: bool = True
    """Whether the camera goes where the rows say; a tool moves in front of it."""
    poses_say_all: bool = False
    """Whether camera poses at ticks say all that its rows say."""

    def resting(self, num_ticks: int) -> Rows:
        """Rows (num_ticks, width) that ask for no motion, where nothing comes before them."""
        return np.tile(np.asarray(self.rest, np.float32), (num_ticks, 1))

    def holding(self, last: Rows, num_ticks: int) -> Rows:
        """Rows that stand still after a row (width,)."""
        return self.resting(num_ticks)

    def going_on(self, last: Rows, num_ticks: int) -> Rows:
        """Rows that go on as a row (width,) went."""
        return np.tile(np.asarray(last, np.float32), (num_ticks, 1))

    def goes_beyond(self, tail: Rows) -> bool:
        """Whether rows (n, width) after the end of a path lead any further."""
        return not np.array_equal(tail, self.resting(len(tail)))

    def from_poses(self, c2w: Floats) -> Rows | None:
        """Rows of the n ticks between camera-to-world poses (n + 1, 4, 4); None where poses make no such rows."""
        return None

    def to_poses(self, rows: Rows, *, goes_on: bool = False) -> Floats | None:
        """Camera-to-world poses (n + 1, 4, 4) of rows (n, width); None where they tell none.

        `goes_on`: where the rows do not tell the last pose, it is reached as the one before it was, and not rested at.
        """
        return None

    def retimed(self, rows: Rows, num_ticks: int) -> Rows:
        """The same way in another number of ticks, both at least 1. By default every row lasts longer or shorter."""
        chosen = (np.arange(num_ticks) + 0.5) * len(rows) / num_ticks
        return rows[chosen.astype(int)]

    def step_rotations(self, rows: Rows) -> Floats | None:
        """Rotations (n, 3, 3) in rows that are relative poses; None for others."""
        return None

    def stand_after(self, rows: Rows) -> Stand:
        """Where a drive goes on from after rows (n, width), n >= 1."""
        return Stand()

    def from_input(
        self, held: Steering, num_ticks: int, stand: Stand, clock: Clock, speeds: DriveSpeeds = TRAINED
    ) -> tuple[Rows, Stand]:
        """Rows (num_ticks, width) that held input asks for of a drive that stands somewhere, and where it stands then.

        A full axis goes as fast as the clock's world was trained at, times `speeds`.
        """
        raise NotImplementedError(f"{self.name} says how input becomes its rows")

    def moved(self, pose: Floats, row: Rows, clock: Clock) -> Floats:
        """A camera's pose (4, 4) after a row, in a world that does what it is told to the letter."""
        raise NotImplementedError(f"{self.name} says how a row moves a camera")

    def motions(self, rows: Rows, clock: Clock) -> Motions | None:
        """What rows (n, width) do tick by tick; None where they are places and no steps."""
        return None

    def shown(self, row: Rows, clock: Clock) -> tuple[tuple[str, str], ...]:
        """A row (width,) for people: labels and values."""
        return tuple((name, f"{value:.3g}") for name, value in zip(self.columns, row.tolist(), strict=True))

    def width_with_poses(self) -> int:
        """Numbers per row of `with_poses`."""
        return self.width

    def with_poses(self, rows: Rows, newest: int) -> Rows:
        """Rows (R, width) as a small network needs them: with where each latent is as seen from latent `newest`."""
        return rows
