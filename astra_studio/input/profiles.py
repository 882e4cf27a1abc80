"""The user's settings for each kind of device: stick shapes by the device's GUID, kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from astra_studio.input.held import PadShapes
from astra_studio.input.sticks import StickShape

_PARTS = ("left", "right", "triggers")


def shapes_of(profiles: Mapping[str, Any], guid: str) -> PadShapes:
    """The shapes kept for a device; the defaults where there are none, or where they are damaged."""
    kept = profiles.get(guid)
    if not isinstance(kept, dict):
        return PadShapes()
    found: dict[str, StickShape] = {}
    for part in _PARTS:
        values = kept.get(part)
        if isinstance(values, dict):
            try:
                found[part] = StickShape(**values)
            except (TypeError, ValueError):
                continue
    return PadShapes(**found)


def with_shapes(profiles: Mapping[str, Any], guid: str, shapes: PadShapes) -> dict[str, Any]:
    """The profiles with those of a device replaced."""
    return {**profiles, guid: {part: asdict(getattr(shapes, part)) for part in _PARTS}}
