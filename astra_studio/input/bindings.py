"""Bindings of keys and pad buttons to controls: a value, changed by making another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from astra_studio.input.controls import Control
from astra_studio.input.physical_keys import CODES

PAD_BUTTONS: tuple[str, ...] = (
    "a", "b", "x", "y", "back", "guide", "start", "left_stick", "right_stick", "left_shoulder", "right_shoulder",
    "up", "down", "left", "right",
)  # fmt: skip
"""Buttons of a pad by the names of SDL's game controllers."""
PAD_PREFIX = "pad:"
"""Before a button's name, in a source."""

_DEFAULTS: dict[Control, tuple[str, ...]] = {
    Control.FORWARD: ("KeyW",),
    Control.BACK: ("KeyS",),
    Control.LEFT: ("KeyA",),
    Control.RIGHT: ("KeyD",),
    Control.SINK: ("KeyQ",),
    Control.RISE: ("KeyE",),
    Control.TURN_LEFT: ("ArrowLeft",),
    Control.TURN_RIGHT: ("ArrowRight",),
    Control.LOOK_UP: ("ArrowUp",),
    Control.LOOK_DOWN: ("ArrowDown",),
    Control.FAST: ("ShiftLeft", "ShiftRight"),
    Control.SLOW: ("ControlLeft", "ControlRight"),
    Control.PAUSE: ("Space", "pad:start"),
    Control.STEP: ("KeyN", "pad:a"),
    Control.DISCARD: ("Backspace", "pad:b"),
    Control.RESET: ("KeyR", "pad:back"),
    Control.LATCH: ("KeyL", "pad:left_stick"),
    Control.GUIDANCE_DOWN: ("BracketLeft", "pad:left_shoulder"),
    Control.GUIDANCE_UP: ("BracketRight", "pad:right_shoulder"),
    Control.NOISE_DOWN: ("Minus", "pad:down"),
    Control.NOISE_UP: ("Equal", "pad:up"),
}


@dataclass(frozen=True)
class Bindings:
    """Sources by control. A source is a key's code (`physical_keys`) or `pad:` and a button's name."""

    by_control: Mapping[Control, tuple[str, ...]]

    def control_of(self, source: str) -> Control | None:
        """What a key or button does; None where it does nothing."""
        return next((control for control, sources in self.by_control.items() if source in sources), None)

    def sources_of(self, control: Control) -> tuple[str, ...]:
        return self.by_control.get(control, ())

    def rebound(self, control: Control, sources: Iterable[str]) -> Bindings:
        """Other sources for a control. What another control loses by it, `conflicts` tells before.

        Raises ValueError for a source that does not exist.
        """
        wanted = tuple(dict.fromkeys(sources))
        for source in wanted:
            _check(source)
        others = {
            other: tuple(source for source in known if source not in wanted)
            for other, known in self.by_control.items()
            if other is not control
        }
        return Bindings(MappingProxyType({**others, control: wanted}))

    def conflicts(self, control: Control, sources: Iterable[str]) -> dict[str, Control]:
        """Sources that another control has now, with that control."""
        found = {source: self.control_of(source) for source in sources}
        return {source: other for source, other in found.items() if other is not None and other is not control}

    def changes(self) -> dict[str, list[str]]:
        """What differs from the defaults, for the user's settings."""
        return {
            control.value: list(self.sources_of(control))
            for control in Control
            if self.sources_of(control) != _DEFAULTS.get(control, ())
        }


DEFAULT = Bindings(MappingProxyType(dict(_DEFAULTS)))


def from_changes(changes: Mapping[str, Any]) -> Bindings:
    """Bindings from what `changes` gave. Entries that are none count as not there: a settings file may be older."""
    known = dict(_DEFAULTS)
    for name, sources in changes.items():
        try:
            control = Control(name)
        except ValueError:
            continue
        if isinstance(sources, list) and all(isinstance(source, str) for source in sources):
            known[control] = tuple(source for source in sources if _exists(source))
    return Bindings(MappingProxyType(known))


def _exists(source: str) -> bool:
    if source.startswith(PAD_PREFIX):
        return source.removeprefix(PAD_PREFIX) in PAD_BUTTONS
    return source in CODES


def _check(source: str) -> None:
    if not _exists(source):
        raise ValueError(
            f"there is no key or button {source!r}; keys are named by their place, such as KeyW, and buttons of a pad "
            f"pad:{', pad:'.join(PAD_BUTTONS)}"
        )
