"""The kind of the fake world: no files, no torch; `fake:0.4` makes a chunk in 0.4 seconds."""

from __future__ import annotations

import math
from pathlib import Path

from engine.worlds.astra_settings import ASTRA_PRESETS
from engine.worlds.fake import FakeWorld
from engine.worlds.fake_settings import FAKE_SETTINGS
from engine.worlds.kind import WorldRequirements
from engine.worlds.protocol import WorldModel


class FakeKind:
    """Fake worlds. A location is how many seconds a chunk takes; "" is none."""

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
            seconds = float(location or 0)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < math.inf:
            raise ValueError(
                f"fake:{location} is no fake world: after the colon come the seconds of a chunk, as in fake:0.4"
            )
        return FakeWorld(seconds_per_chunk=seconds)
