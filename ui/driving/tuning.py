"""Settings of the world on keys and buttons, for the next chunk: the first two that may change during a drive."""

from __future__ import annotations

from astra_studio.document.declared import specs_of
from astra_studio.document.model import Take, World
from astra_studio.input.controls import Control
from engine.settings import SettingSpec

_STEPS: dict[Control, tuple[int, float]] = {
    Control.GUIDANCE_DOWN: (0, -1),
    Control.GUIDANCE_UP: (0, 1),
    Control.NOISE_DOWN: (1, -1),
    Control.NOISE_UP: (1, 1),
}
"""Which of these settings, and which way."""
_SHARE = 1 / 20
"""Of its usual range that one press changes a setting by."""


def stepped(control: Control, world: World, take: Take) -> dict[str, float | int | str]:
    """The setting that a control changes, with its next value; empty where the world has no such setting."""
    if control not in _STEPS:
        return {}
    place, way = _STEPS[control]
    changing = [spec for spec in specs_of(world) if spec.changes_during_drive and spec.kind == "number"]
    if place >= len(changing):
        return {}
    spec = changing[place]
    now = dict(take.recipe.changes).get(spec.name, spec.default)
    value = round(float(now) + way * _step(spec), 3)
    if spec.minimum is not None:
        value = max(value, spec.minimum)
    if spec.maximum is not None and (value > spec.maximum or (spec.is_open_above and value >= spec.maximum)):
        return {}
    return {spec.name: value}


def _step(spec: SettingSpec) -> float:
    low, high = spec.usual if spec.usual is not None else (spec.minimum or 0.0, spec.maximum or 1.0)
    return (high - low) * _SHARE
