"""Action modalities: what the numbers of a row mean, which row means rest, which rows are valid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Modality:
    """One kind of action row (reference 7.1). Rows hold `width` numbers; the condition mask is added by the model."""

    name: str
    width: int
    rest: tuple[float, ...]
    """The row that means: do not move."""
    columns: tuple[str, ...]
    meaning: str
    released_name: str
    """What the released weights call it."""
    is_absolute: bool = False
    """Whether rows are poses against one reference, so that standing still repeats a row; else each is a step of
    its own."""


_POSE_COLUMNS = ("r00", "r01", "r02", "tx", "r10", "r11", "r12", "ty", "r20", "r21", "r22", "tz")
_NO_MOTION = (1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0, 0)

CAMERA = Modality(
    name="camera",
    width=12,
    rest=_NO_MOTION,
    columns=_POSE_COLUMNS,
    meaning="relative world-to-camera pose over one latent, 3 x 4 row-major, OpenCV axes, scene units",
    released_name="sekai",
)
DRIVING = Modality(
    name="driving",
    width=7,
    rest=(0.0, 0, 0, 1.0, 0, 0, 0),
    columns=("tx", "ty", "tz", "qw", "qx", "qy", "qz"),
    meaning="ego pose against a reference key frame: metres (or scene units), x forward, y left, z up, and a w-first "
    "quaternion",
    released_name="nuscenes",
    is_absolute=True,
)
ROBOT = Modality(
    name="robot",
    width=12,
    rest=_NO_MOTION,
    columns=_POSE_COLUMNS,
    meaning="relative pose of the moving part over one latent, 3 x 4 row-major",
    released_name="openx",
)

MODALITIES: dict[str, Modality] = {m.name: m for m in (CAMERA, DRIVING, ROBOT)}
"""The extension point: one entry per modality; tests/contracts/test_modalities.py is what an entry must pass."""


def modality(name: str) -> Modality:
    """The modality of that name, ours or the released one's. Raises ValueError naming those that exist."""
    for member in MODALITIES.values():
        if name in (member.name, member.released_name):
            return member
    raise ValueError(f"unknown action modality {name!r}; there are {', '.join(MODALITIES)}")


@dataclass(frozen=True, eq=False)
class ActionTrack:
    """Action rows of one modality, one per tick (latent): rows (num_ticks, width) float32, finite."""

    modality: Modality
    rows: Rows

    def __post_init__(self) -> None:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is told below
            rows = np.array(self.rows, np.float32)  # a copy: a track is a value
        if rows.ndim != 2 or rows.shape[1] != self.modality.width:
            raise ValueError(
                f"{self.modality.name} actions need rows of {self.modality.width} numbers "
                f"({' '.join(self.modality.columns)}), got an array of shape {rows.shape}"
            )
        bad = np.argwhere(~np.isfinite(rows))
        if len(bad):
            tick, column = bad[0]
            raise ValueError(
                f"action row {tick} holds {rows[tick, column]} in column {self.modality.columns[column]}; "
                "every number of an action must be finite"
            )
        object.__setattr__(self, "rows", rows)

    def __len__(self) -> int:
        return len(self.rows)

    def padded(self, num_ticks: int) -> ActionTrack:
        """The first `num_ticks` ticks; where the track is shorter it stands still to the end (fixes B6 and B13)."""
        if num_ticks < 0:
            raise ValueError(f"a track cannot have {num_ticks} ticks")
        missing = num_ticks - len(self.rows)
        if missing <= 0:
            return ActionTrack(self.modality, self.rows[:num_ticks])
        if self.modality.is_absolute and len(self.rows):
            still = np.tile(self.rows[-1], (missing, 1))
        else:
            still = rest_rows(self.modality, missing)
        return ActionTrack(self.modality, np.concatenate([self.rows, still]))

    def slice(self, start: int, stop: int) -> ActionTrack:
        """Ticks start..stop-1, standing still past the end."""
        return ActionTrack(self.modality, self.padded(max(stop, len(self))).rows[start:stop])


def rest_rows(kind: Modality, num_ticks: int) -> Rows:
    """`num_ticks` rows that ask for no motion."""
    return np.tile(np.asarray(kind.rest, np.float32), (num_ticks, 1))


def round_to_bfloat16(rows: ArrayLike) -> Rows:
    """Round to the nearest bfloat16 (ties to even), returned as float32: what released weights saw (reference 6)."""
    values = np.ascontiguousarray(rows, np.float32)
    bits = values.view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(values), values, rounded.view(np.float32))
