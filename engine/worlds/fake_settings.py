"""Settings of the painted world: those of an Astra world, so that it stands in for one; only its steps do something."""

from __future__ import annotations

from engine.settings import with_defaults
from engine.worlds.astra_settings import ASTRA_SETTINGS

FAKE_SETTINGS = with_defaults(ASTRA_SETTINGS, {"num_steps": 4})
