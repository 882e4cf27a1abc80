"""Events of a drive as timed values and as lines of JSON: scripts in, recordings out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from astra_studio.input.pads import PadReading
from astra_studio.input.physical_keys import CODES

MAX_LINE = 100_000
"""Characters of a line of a script."""
MAX_SECONDS = 24 * 3600.0
_KEY_NAMES = {
    "left": "ArrowLeft", "right": "ArrowRight", "up": "ArrowUp", "down": "ArrowDown",
    "shift": "ShiftLeft", "ctrl": "ControlLeft", "space": "Space", "backspace": "Backspace",
}  # fmt: skip
_PAD_PARTS = ("lx", "ly", "rx", "ry", "lt", "rt", "buttons")


@dataclass(frozen=True, kw_only=True)
class KeyEvent:
    """A key, by its place (`input.physical_keys`), went down or came up."""

    t: float
    """Seconds since the drive began; so in all events."""
    code: str
    is_down: bool


@dataclass(frozen=True, kw_only=True)
class MouseEvent:
    """The captured mouse was moved by pixels to the right and down."""

    t: float
    dx: float
    dy: float


@dataclass(frozen=True, kw_only=True)
class PadEvent:
    """A pad stands so now."""

    t: float
    reading: PadReading


@dataclass(frozen=True, kw_only=True)
class TextEvent:
    """Something happens in the world, in words, for so many chunks; 0: until other words come."""

    t: float
    text: str
    num_chunks: int = 0


@dataclass(frozen=True, kw_only=True)
class SetEvent:
    """Settings of the world, from the next chunk on."""

    t: float
    values: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EndEvent:
    """The drive is over."""

    t: float


DriveEvent = KeyEvent | MouseEvent | PadEvent | TextEvent | SetEvent | EndEvent


def read_script(path: Path) -> list[DriveEvent]:
    """The events of a script, one JSON object a line, in the order of their times.

    Empty lines and those that begin with # count as none. Raises ValueError that names the line, OSError.
    """
    return parse_script(path.read_text(encoding="utf-8").splitlines(), path.name)


def parse_script(lines: Iterable[str], name: str) -> list[DriveEvent]:
    """As `read_script`, of lines."""
    events: list[DriveEvent] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            if len(line) > MAX_LINE:
                raise ValueError(f"a line has at most {MAX_LINE} characters, this has {len(line)}")
            events.append(event_of(json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {number} of {name} is no event: {error}") from error
    return sorted(events, key=lambda event: event.t)


def event_of(content: Any) -> DriveEvent:
    """An event of a JSON object. Raises ValueError that says what was expected."""
    if not isinstance(content, dict):
        raise ValueError('an event is an object such as {"t": 0.5, "key": "w", "down": true}')
    t = _number(content, "t")
    if not 0 <= t <= MAX_SECONDS:
        raise ValueError(f"t is in seconds from 0 to {MAX_SECONDS:g}, got {t:g}")
    kinds = [kind for kind in _READERS if kind in content]
    if len(kinds) != 1:
        raise ValueError(
            f"an event has one of {', '.join(_READERS)} besides its t, this has {', '.join(kinds) or 'none'}"
        )
    allowed = {"t", kinds[0], *_EXTRAS.get(kinds[0], ())}
    if unknown := sorted(set(content) - allowed):
        raise ValueError(f"{', '.join(map(str, unknown))} means nothing in an event of {kinds[0]}")
    return _READERS[kinds[0]](t, content)


def as_json(event: DriveEvent) -> dict[str, Any]:
    """The object that `event_of` reads back."""
    t = round(event.t, 6)
    match event:
        case KeyEvent():
            return {"t": t, "key": event.code, "down": event.is_down}
        case MouseEvent():
            return {"t": t, "mouse": [event.dx, event.dy]}
        case PadEvent(reading=pad):
            parts = dict(zip(_PAD_PARTS, (*pad.left, *pad.right, *pad.triggers), strict=False))
            return {"t": t, "pad": {**parts, "buttons": sorted(pad.buttons)}}
        case TextEvent():
            return {"t": t, "text": event.text, "chunks": event.num_chunks}
        case SetEvent():
            return {"t": t, "set": dict(event.values)}
        case EndEvent():
            return {"t": t, "end": True}


def _key(t: float, content: dict[str, Any]) -> DriveEvent:
    return KeyEvent(t=t, code=code_named(content["key"]), is_down=_flag(content, "down"))


def code_named(name: Any) -> str:
    """The code of a key: itself, or as people say it (w, 1, left, shift). Raises ValueError."""
    if isinstance(name, str):
        for code in (name, _KEY_NAMES.get(name.lower(), ""), f"Key{name.upper()}", f"Digit{name}"):
            if code in CODES:
                return code
    raise ValueError(f"there is no key {name!r}; write w, a, s, d, left, shift, ... or a place such as KeyW")


def _mouse(t: float, content: dict[str, Any]) -> DriveEvent:
    dx, dy = _numbers(content["mouse"], 2, "mouse")
    return MouseEvent(t=t, dx=dx, dy=dy)


def _pad(t: float, content: dict[str, Any]) -> DriveEvent:
    parts = content["pad"]
    if not isinstance(parts, dict) or set(parts) - set(_PAD_PARTS):
        raise ValueError(f"pad is an object of {', '.join(_PAD_PARTS)}, got {parts!r}")
    lx, ly, rx, ry, lt, rt = (_number(parts, name) if name in parts else 0.0 for name in _PAD_PARTS[:6])
    if max(map(abs, (lx, ly, rx, ry, lt, rt))) > 1:
        raise ValueError("parts of a pad lie in -1 to 1")
    buttons = parts.get("buttons", [])
    if not isinstance(buttons, list) or not all(isinstance(button, str) for button in buttons):
        raise ValueError(f"buttons is a list of names, got {buttons!r}")
    return PadEvent(
        t=t, reading=PadReading(left=(lx, ly), right=(rx, ry), triggers=(lt, rt), buttons=frozenset(buttons))
    )


def _text(t: float, content: dict[str, Any]) -> DriveEvent:
    text, chunks = content["text"], content.get("chunks", 0)
    if not isinstance(text, str):
        raise ValueError(f"text is words, got {text!r}")
    if type(chunks) is not int or chunks < 0:
        raise ValueError(f"chunks is a whole number from 0, got {chunks!r}")
    return TextEvent(t=t, text=text, num_chunks=chunks)


def _set(t: float, content: dict[str, Any]) -> DriveEvent:
    values = content["set"]
    if not isinstance(values, dict) or not all(isinstance(value, (int, float, str)) for value in values.values()):
        raise ValueError(f'set is an object of settings such as {{"guidance": 2}}, got {values!r}')
    return SetEvent(t=t, values=values)


def _end(t: float, content: dict[str, Any]) -> DriveEvent:
    _flag(content, "end")
    return EndEvent(t=t)


_READERS: dict[str, Callable[[float, dict[str, Any]], DriveEvent]] = {
    "key": _key,
    "mouse": _mouse,
    "pad": _pad,
    "text": _text,
    "set": _set,
    "end": _end,
}
_EXTRAS = {"key": ("down",), "text": ("chunks",)}


def _number(content: dict[str, Any], name: str) -> float:
    return _numbers([content.get(name)], 1, name)[0]


def _numbers(value: Any, count: int, name: str) -> list[float]:
    is_list = isinstance(value, list) and len(value) == count
    if not is_list or not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in value):
        raise ValueError(f"{name} is {'a number' if count == 1 else f'{count} numbers'}, got {value!r}")
    found = [float(one) for one in value]
    if not all(map(math.isfinite, found)):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return found


def _flag(content: dict[str, Any], name: str) -> bool:
    value = content.get(name)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false, got {value!r}")
    return value
