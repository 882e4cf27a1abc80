"""Actions: the rows of an action track as a value that can be compared, hashed and stored in a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from engine.actions.modality import CAMERA, ActionTrack, Modality, Rows, modality

_NUMBER = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Actions:
    """Action rows, one per tick. An `ActionTrack` holds an array, which has no equality of its own; this holds bytes.

    Attributes:
        modality: name of the modality, a key of `MODALITIES`.
        data: the rows (num_ticks, width) as little-endian float32 in C order.
    """

    modality: str = CAMERA.name
    data: bytes = b""

    def __post_init__(self) -> None:
        width = _row_bytes(self.modality)
        if len(self.data) % width:
            raise ValueError(f"{self.modality} actions need {width} bytes per tick, got {len(self.data)} bytes in all")

    def __len__(self) -> int:
        return len(self.data) // _row_bytes(self.modality)

    @property
    def kind(self) -> Modality:
        """The modality itself. Raises ValueError for a name that is none."""
        return modality(self.modality)

    @property
    def rows(self) -> Rows:
        """The rows (num_ticks, width) float32, read-only."""
        return np.frombuffer(self.data, _NUMBER).reshape(-1, self.kind.width)

    @property
    def track(self) -> ActionTrack:
        """The same as the engine takes it."""
        return ActionTrack(self.kind, self.rows)

    def part(self, start: int, stop: int) -> Actions:
        """Ticks start..stop-1, standing still past the end. Raises ValueError unless 0 <= start <= stop."""
        if not 0 <= start <= stop:
            raise ValueError(f"a part of an action track goes from tick 0 up, got {start} to {stop}")
        if stop <= len(self):
            width = len(self.data) // len(self) if self.data else 0
            return Actions(self.modality, self.data[start * width : stop * width])
        return actions_of(self.track.slice(start, stop))


@cache
def _row_bytes(name: str) -> int:
    """Bytes of a row of a modality. Asked for so often that it is looked up once."""
    return modality(name).width * _NUMBER.itemsize


def actions_of(track: ActionTrack) -> Actions:
    """The value of a track."""
    return Actions(track.modality.name, np.ascontiguousarray(track.rows, _NUMBER).tobytes())


def joined(parts: Sequence[Actions]) -> Actions:
    """Parts one after another. Raises ValueError for no parts, or parts of more than one modality."""
    kinds = {part.modality for part in parts}
    if len(kinds) != 1:
        raise ValueError(f"a take has actions of one modality, got {', '.join(sorted(kinds)) or 'none'}")
    return Actions(kinds.pop(), b"".join(part.data for part in parts))
