"""The action modalities by name, and tracks of their rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.actions.camera import CAMERA
from engine.actions.driving import DRIVING
from engine.actions.keys import KEYS_MODALITY
from engine.actions.kind import Modality, Rows
from engine.actions.robot import ROBOT

__all__ = [
    "CAMERA",
    "DRIVING",
    "KEYS_MODALITY",
    "MODALITIES",
    "ROBOT",
    "ActionTrack",
    "Modality",
    "Rows",
    "modality",
    "rest_rows",
    "round_to_bfloat16",
]

MODALITIES: dict[str, Modality] = {m.name: m for m in (CAMERA, DRIVING, ROBOT, KEYS_MODALITY)}
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
        kind = self.modality
        still = kind.holding(self.rows[-1], missing) if len(self.rows) else kind.resting(missing)
        return ActionTrack(self.modality, np.concatenate([self.rows, still]))

    def slice(self, start: int, stop: int) -> ActionTrack:
        """Ticks start..stop-1, standing still past the end."""
        return ActionTrack(self.modality, self.padded(max(stop, len(self))).rows[start:stop])


def rest_rows(kind: Modality, num_ticks: int) -> Rows:
    """`num_ticks` rows that ask for no motion."""
    return kind.resting(num_ticks)


def round_to_bfloat16(rows: ArrayLike) -> Rows:
    """Round to the nearest bfloat16 (ties to even), returned as float32: what released weights saw (reference 6)."""
    values = np.ascontiguousarray(rows, np.float32)
    bits = values.view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(values), values, rounded.view(np.float32))
