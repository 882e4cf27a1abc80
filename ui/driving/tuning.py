"""Guidance and history noise on keys and buttons, for the next chunk."""

from __future__ import annotations

from astra_studio.document.declared import specs_of
from astra_studio.document.model import Take, World
from astra_studio.input.controls import Control
from engine.settings import find_spec

_STEPS: dict[Control, tuple[str, float]] = {
    Control.GUIDANCE_DOWN: ("guidance", -0.25),
    Control.GUIDANCE_UP: ("guidance", 0.25),
    Control.NOISE_DOWN: ("history_noise", -0.05),
    Control.NOISE_UP: ("history_noise", 0.05),
}


def stepped(control: Control, world: World, take: Take) -> dict[str, float | int | str]:
    """The setting that a control changes, with its next value; empty where the world has no such setting."""
    name, by = _STEPS.get(control, ("", 0.0))
    spec = find_spec(specs_of(world), name) if name else None
    if spec is None:
        return {}
    now = dict(take.recipe.changes).get(name, spec.default)
    value = round(float(now) + by, 3)
    if spec.minimum is not None:
        value = max(value, spec.minimum)
    if spec.maximum is not None and (value > spec.maximum or (spec.is_open_above and value >= spec.maximum)):
        return {}
    return {name: value}
