"""Where the relief decoder stands after a chunk: a value of a fixed size, and its form on disk."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from engine.detail.geometry import RELIEF_HEIGHT, RELIEF_WIDTH
from engine.detail.images import Array
from engine.detail.place import Place
from engine.messages import StoredArrays

TRUST_WIDTH, TRUST_HEIGHT = 28, 16
"""Of the grid on which trust is held: a quarter of the working grid, since trust is smooth over four of its pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """Where the camera is and what the start picture's relief is, as far as the soft frames have told.

    Computed in double precision and kept in float32, latent by latent, so that a track that was stored is the same.
    """

    extrinsics: Array
    """(3, 4) world to camera; the start picture's camera is the world."""
    gains: Array
    """(6,) how far the world goes for a command of one: turns about x, y, z, moves along x, y, z."""
    relief: Array
    """(5, 8) log inverse depths of the start picture."""
    evidence: Array
    """(5, 8) how well the frames so far fix each of them: inverse variances."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReliefState:
    """Where the relief decoder stands: 98 numbers of the track and 448 of trust."""

    track: Track
    trust: Array
    """(16, 28) in [0, 1]: how far the last soft frame's colours agree with the start picture's."""
    place: Place | None = None
    """What is known of the place; None where it is not kept."""

    @property
    def num_bytes(self) -> int:
        """Bytes that the state holds."""
        own = sum(getattr(self.track, field.name).nbytes for field in fields(Track)) + self.trust.nbytes
        return own + (0 if self.place is None else self.place.num_bytes)


def arrays_of(state: ReliefState) -> StoredArrays:
    """Track and trust as named arrays, from which `state_of` makes the same ones bit for bit."""
    named = {field.name: getattr(state.track, field.name) for field in fields(Track)}
    return {**{name: array.copy() for name, array in named.items()}, "trust": state.trust.copy()}


_SHAPES = {
    "extrinsics": (3, 4),
    "gains": (6,),
    "relief": (RELIEF_HEIGHT, RELIEF_WIDTH),
    "evidence": (RELIEF_HEIGHT, RELIEF_WIDTH),
    "trust": (TRUST_HEIGHT, TRUST_WIDTH),
}


def state_of(arrays: StoredArrays, place: Place | None = None) -> ReliefState:
    """The state that was stored as these arrays. Raises ValueError for a missing, wrongly shaped or non-finite one."""
    for name, shape in _SHAPES.items():
        if name not in arrays:
            raise ValueError(f"a stored detail state has no array {name!r}; make the take's chunks again")
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ValueError(
                f"the array {name!r} of a stored detail state must hold finite numbers in the shape {shape}, got the "
                f"shape {arrays[name].shape}; make the take's chunks again"
            )
    held = {name: np.array(arrays[name], np.float32) for name in _SHAPES}
    return ReliefState(
        track=Track(
            extrinsics=held["extrinsics"], gains=held["gains"], relief=held["relief"], evidence=held["evidence"]
        ),
        trust=held["trust"],
        place=place,
    )
