"""The kind of the fake world: no files, no torch.

`fake:0.4` makes a chunk in 0.4 seconds; `fake:fps=16,frames_per_latent=8` has another clock; both go together.
"""

from __future__ import annotations

import math
from pathlib import Path

from engine.clock import Clock, clock_of_record
from engine.worlds.astra_settings import ASTRA_PRESETS
from engine.worlds.fake import FakeWorld
from engine.worlds.fake_settings import FAKE_SETTINGS
from engine.worlds.kind import WorldRequirements
from engine.worlds.protocol import WorldModel


class FakeKind:
    """Fake worlds. A location is the seconds of a chunk and numbers of the clock, parted by commas; "" is the usual."""

    name = "fake"
    layout = ""
    settings = FAKE_SETTINGS
    presets = ASTRA_PRESETS

    def recognise(self, path: Path) -> bool:
        return False

    def requirements(self, location: str) -> WorldRequirements:
        return WorldRequirements()

    def open(self, location: str, device: str) -> WorldModel:
        try:
            seconds, clock = _read(location)
        except ValueError as error:
            raise ValueError(
                f"fake:{location} is no fake world: after the colon come the seconds of a chunk, as in fake:0.4, and "
                f"numbers of its clock, as in fake:fps=16,frames_per_latent=8 ({error})"
            ) from error
        return FakeWorld(seconds_per_chunk=seconds, clock=clock)


def _read(location: str) -> tuple[float, Clock]:
    """Seconds of a chunk, and the clock. Raises ValueError for anything else."""
    seconds, numbers = 0.0, dict[str, float]()
    for part in filter(None, location.split(",")):
        name, equals, value = part.partition("=")
        if equals:
            numbers[name] = float(value) if name.startswith("trained") else int(value)
        else:
            seconds = float(part)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"a chunk cannot take {seconds} seconds")
    return seconds, clock_of_record(numbers)
