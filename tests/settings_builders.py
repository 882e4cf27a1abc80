"""Settings of an Astra world for tests, and the specs of a world that is none."""

from __future__ import annotations

from typing import Any

from engine.settings import Settings, SettingSpec, changed_settings, default_settings
from engine.worlds.astra_settings import ASTRA_SETTINGS

WIND = SettingSpec(
    name="wind",
    label="Wind",
    kind="number",
    default=0.0,
    minimum=-1.0,
    maximum=1.0,
    unit="m/s",
    help="How strongly it blows from the left",
    can_have_keys=True,
)
WEATHER = SettingSpec(
    name="weather",
    label="Weather",
    kind="choice",
    default="sun",
    choices=("sun", "rain", "snow"),
    help="What falls from the sky",
    can_have_keys=True,
)
LEAVES = SettingSpec(name="num_leaves", label="Leaves", kind="integer", default=3, minimum=0, usual=(0, 20))
FROST = SettingSpec(name="frost", label="Frost", kind="switch", default=False)
LOOK = SettingSpec(name="look", label="Look", kind="number", default=0.5, affects_latents=False, can_have_keys=True)
WINDY = (WIND, WEATHER, LEAVES, FROST, LOOK)
"""Settings of a world that shares none with any other."""


def astra_settings(**changes: Any) -> Settings:
    """The released model's settings with changes."""
    return changed_settings(ASTRA_SETTINGS, default_settings(ASTRA_SETTINGS), changes)
