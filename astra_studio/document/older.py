"""Settings of older versions, converted to those of this one.

Before projects of version 5 and export records of version 2, a guidance scale below 1 meant 1, that is off. Since then
it mixes the guided prediction with the other one, and 0 is that other one alone. So older scales are raised to 1, in
keys at every tick: between two keys the scale went evenly, and was off as long as it was below 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from astra_studio.document.declared import declared_presets, declared_settings
from engine.settings import spec_to_dict, with_defaults

SCALES = ("guidance", "text_guidance")
OFF = 1.0

KeyEntry = list[Any]
"""Parameter, tick, value, easing."""


def raised(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with no scale below 1."""
    return {name: OFF if name in SCALES and value < OFF else value for name, value in settings.items()}


def raised_keys(keys: Iterable[KeyEntry]) -> list[KeyEntry]:
    """Keys that say at every tick what `max(value, 1)` of these keys said, sorted by parameter and tick."""
    given = [list(key) for key in keys]
    found = [key for key in given if key[0] not in SCALES]
    for scale in SCALES:
        track = sorted((key for key in given if key[0] == scale), key=lambda key: key[1])
        found += _raised_track(track)
    return sorted(found, key=lambda key: (key[0], key[1]))


def _raised_track(track: list[KeyEntry]) -> list[KeyEntry]:
    found: list[KeyEntry] = []
    for number, (name, tick, value, easing) in enumerate(track):
        after = track[number + 1] if number + 1 < len(track) else None
        is_crossing = after is not None and easing == "linear" and (value < OFF) != (after[2] < OFF)
        if after is None or not is_crossing or after[1] - tick < 2:
            # Over one tick there is no tick between, so an even way and a held value are the same there.
            found.append([name, tick, max(value, OFF), easing])
            continue
        slope = (after[2] - value) / (after[1] - tick)
        crossing = tick + (OFF - value) / slope
        if value < OFF:
            found.append([name, tick, OFF, "hold"])
            rises = math.ceil(crossing)
            if rises < after[1]:
                found.append([name, rises, value + slope * (rises - tick), "linear"])
        else:
            last = math.floor(crossing)
            at_last = value + slope * (last - tick)
            found.append([name, tick, value, "linear" if last > tick else "hold"])
            if last > tick:
                found.append([name, last, at_last, "hold"])
            if last + 1 < after[1]:
                found.append([name, last + 1, OFF, "hold"])
    return found


def world_of_version_4(world: dict[str, Any]) -> dict[str, Any]:
    """A stored world, which said its defaults and not what can be set: that was the same in all."""
    info = world["info"]
    if info is None or "settings" in info:
        return world
    known = {name: value for name, value in info.items() if name != "defaults"}
    specs = with_defaults(declared_settings(world["spec"]), raised(info["defaults"]))
    presets = [{"name": one.name, "changes": dict(one.changes)} for one in declared_presets(world["spec"])]
    return {**world, "info": {**known, "settings": [spec_to_dict(spec) for spec in specs], "presets": presets}}
