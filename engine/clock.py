"""The clock of a world: how its frames, latents, ticks, chunks and seconds belong together, and its trained speed.

A tick is one action row and one latent. The first latent of a stream has frames of its own number, so the frames of a
take are those of its start and then `frames_per_latent` for every tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SLACK = 1e-4
"""Of a tick: how much a duration may fall short of its last tick, by rounded times, and still have it."""
MOST_LATENTS = 1000
"""Of a chunk: longer than any model makes at once."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How time is counted in one world.

    Attributes:
        fps: frames per second.
        frames_per_latent: of every latent but a stream's first.
        first_latent_frames: of a stream's first latent, 1 to `frames_per_latent`.
        latents_per_chunk: of a chunk where nobody says otherwise, within the range of the next two.
        min_latents_per_chunk, max_latents_per_chunk: what the world can make at once.
        trained_speed: scene units per tick that the world was trained at.
        trained_turn: radians per tick that the world was trained at.

    Raises ValueError for numbers that make no clock.
    """

    fps: int
    frames_per_latent: int
    first_latent_frames: int = 1
    latents_per_chunk: int
    min_latents_per_chunk: int = 1
    max_latents_per_chunk: int = 64
    trained_speed: float
    trained_turn: float

    def __post_init__(self) -> None:
        for name in _COUNTS:
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= MOST_LATENTS:
                raise ValueError(
                    f"{name.replace('_', ' ')} of a clock must be a whole number from 1 to {MOST_LATENTS}, "
                    f"got {value!r}"
                )
        if self.first_latent_frames > self.frames_per_latent:
            raise ValueError(
                f"the first latent of a stream has at most as many frames as the others ({self.frames_per_latent}), "
                f"got {self.first_latent_frames}"
            )
        if not self.min_latents_per_chunk <= self.latents_per_chunk <= self.max_latents_per_chunk:
            raise ValueError(
                f"a chunk of {self.latents_per_chunk} latents lies outside the range of its clock, "
                f"{self.min_latents_per_chunk} to {self.max_latents_per_chunk}"
            )
        for name in ("trained_speed", "trained_turn"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise ValueError(f"{name.replace('_', ' ')} of a clock must be a number above 0, got {value!r}")

    # ------------------------------------------------------------------ seconds

    @property
    def seconds_per_frame(self) -> float:
        return 1 / self.fps

    @property
    def seconds_per_tick(self) -> float:
        return self.frames_per_latent / self.fps

    @property
    def ticks_per_second(self) -> float:
        return self.fps / self.frames_per_latent

    @property
    def seconds_per_chunk(self) -> float:
        """Of a chunk of the usual length."""
        return self.latents_per_chunk * self.seconds_per_tick

    def tick_times(self, num_ticks: int) -> NDArray[np.float64]:
        """Seconds (num_ticks + 1,) at which ticks begin, the first at 0, and the end of the last."""
        return self.seconds_per_tick * np.arange(num_ticks + 1, dtype=np.float64)

    def num_ticks(self, seconds: float) -> int:
        """Whole ticks in a duration; one that rounding made a hair too short still counts."""
        return int(np.floor(seconds / self.seconds_per_tick + _SLACK))

    # ------------------------------------------------------------------ frames

    def num_frames(self, num_latents: int) -> int:
        """Frames that a stream of so many latents decodes to."""
        return self.first_latent_frames + self.frames_per_latent * (num_latents - 1) if num_latents else 0

    def num_latents(self, num_frames: int) -> int:
        """Whole latents that a stream of so many frames is encoded to; surplus frames at its end count for none."""
        if num_frames < self.first_latent_frames:
            return 0
        return 1 + (num_frames - self.first_latent_frames) // self.frames_per_latent

    def is_whole(self, num_frames: int) -> bool:
        """Whether a stream of so many frames is latents without a rest."""
        return num_frames > 0 and self.num_frames(self.num_latents(num_frames)) == num_frames

    def whole_frames(self, num_frames: int) -> int:
        """The most frames that are latents without a rest, of so many."""
        return self.num_frames(self.num_latents(num_frames))

    def counts_like(self, other: Clock) -> bool:
        """Whether ticks and frames of both are the same moments."""
        return (self.fps, self.frames_per_latent) == (other.fps, other.frames_per_latent)

    def frame_of_tick(self, tick: float, start_frames: int) -> float:
        """The first frame of a tick, a whole number or a share of one, in a take with so many frames at its start."""
        return start_frames + self.frames_per_latent * tick

    def tick_of_frame(self, frame: float, start_frames: int) -> float:
        """The inverse of `frame_of_tick`: below 0 within the start; its whole part is the tick that shows the frame."""
        return (frame - start_frames) / self.frames_per_latent

    def frame_at(self, seconds: float, start_frames: int) -> float:
        """The frame, or the share between two, at a time of a take's path, which begins with the start's last frame."""
        return start_frames - 1 + seconds * self.fps

    def seconds_at(self, frame: float, start_frames: int) -> float:
        """The inverse of `frame_at`, not before 0."""
        return max(0.0, (frame - (start_frames - 1)) / self.fps)

    # ------------------------------------------------------------------ chunks

    def chunk_length(self, wanted: int | None = None) -> int:
        """Latents of the next chunk: as many as wanted, brought into the range; None: the usual number."""
        if wanted is None:
            return self.latents_per_chunk
        return min(max(wanted, self.min_latents_per_chunk), self.max_latents_per_chunk)

    # ------------------------------------------------------------------ speeds

    @property
    def units_per_second(self) -> float:
        """Scene units that are walked in a second at trained speed."""
        return self.trained_speed * self.ticks_per_second

    @property
    def radians_per_second(self) -> float:
        """Radians that are turned in a second at trained speed."""
        return self.trained_turn * self.ticks_per_second

    # ------------------------------------------------------------------ as text

    def as_record(self) -> dict[str, int | float]:
        """Its numbers by name, as reports and `world.json` keep them."""
        return asdict(self)

    def as_changes(self) -> dict[str, int | float]:
        """Those of its numbers that are not the released model's, as projects keep them; `clock_of_record` reads it."""
        usual = asdict(ASTRA_CLOCK)
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


_COUNTS = (
    "fps",
    "frames_per_latent",
    "first_latent_frames",
    "latents_per_chunk",
    "min_latents_per_chunk",
    "max_latents_per_chunk",
)

ASTRA_CLOCK = Clock(fps=20, frames_per_latent=4, latents_per_chunk=8, trained_speed=0.03, trained_turn=0.03)
"""The released model's (reference 1 and 7.3), and that of every file written before clocks were."""


def clock_of_record(record: Mapping[str, Any]) -> Clock:
    """The clock that `as_record` wrote; what is missing is the released model's. Raises ValueError."""
    known = {entry.name for entry in fields(Clock)}
    unknown = sorted(set(record) - known)
    if unknown:
        raise ValueError(f"a clock has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    return Clock(**{**ASTRA_CLOCK.as_record(), **record})
