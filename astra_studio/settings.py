"""The user's settings: one typed table, kept as JSON in the user's folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astra_studio.paths import user_data
from engine.whole_files import PartFile


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One thing that can be set.

    Attributes:
        default: also tells the type: bool, int, float, str or dict.
        choices: what a text may be; empty for anything.
        suggestions: of a text that may be something else, too; the first one is the default.
        pattern: regular expression that such a text matches.
        low, high, unit: of a number.
        page: of the preferences.
    """

    key: str
    label: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    pattern: str = ""
    low: float = 0
    high: float = 0
    unit: str = ""
    page: str = "General"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        key="theme",
        label="Theme",
        default="system",
        choices=("system", "dark", "light"),
        help="Dark, light, or the same as the system",
    ),
    Setting(
        key="device",
        label="Device",
        default="auto",
        suggestions=("auto", "cpu", "cuda", "cuda:1", "mps", "xpu"),
        pattern=r"auto|[a-z]+(:[0-9]+)?",
        help="Where worlds run, as PyTorch names it; takes effect at the next start",
    ),
    Setting(
        key="cache_mb",
        label="Frame memory",
        default=1024,
        low=64,
        high=65536,
        unit="MB",
        help="Memory for frames that are kept; takes effect with the next project",
    ),
    Setting(
        key="reduced_motion",
        label="Reduced motion",
        default=False,
        help="Messages appear without animation",
    ),
    Setting(
        key="reopen_last",
        label="Reopen the last project",
        default=False,
        help="At the start, instead of a new one",
    ),
    Setting(
        key="keys", label="Own shortcuts", default={}, help="Shortcut by command; changed under Keyboard Shortcuts"
    ),
    Setting(
        key="drive_latents",
        label="Chunk length",
        default="auto",
        choices=("auto", "1", "2", "3", "4", "5", "6", "7", "8"),
        help="Latents per chunk. Shorter chunks answer sooner; Auto takes the longest that answers within 0.7 s",
        page="Driving",
    ),
    Setting(
        key="drive_idle",
        label="With no key held",
        default="hold",
        choices=("hold", "coast", "stop"),
        help="Hold: the camera stands still and the world goes on. Coast: it goes on as it last went. "
        "Stop: nothing is generated",
        page="Driving",
    ),
    Setting(
        key="drive_park_s",
        label="Park after",
        default=10,
        low=0,
        high=600,
        unit="s",
        help="After so long without input nothing is generated until the next input; 0 for never",
        page="Driving",
    ),
    Setting(
        key="drive_mouse_percent",
        label="Mouse speed",
        default=100,
        low=10,
        high=500,
        unit="%",
        help="At 100 %, 100 pixels turn the view by 23 degrees",
        page="Driving",
    ),
    Setting(
        key="drive_invert_y",
        label="Invert mouse Y",
        default=False,
        help="Moving the mouse up looks down",
        page="Driving",
    ),
    Setting(key="bindings", label="Driving keys", default={}, help="Keys and pad buttons by control", page="Driving"),
    Setting(key="pads", label="Gamepads", default={}, help="Dead zones and curves by device", page="Driving"),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}


class Settings:
    """What is set. Belongs to the main thread."""

    def __init__(self) -> None:
        """Read the file; entries that are none of ours, or not of their kind, count as not set."""
        try:
            known = json.loads(_file().read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        self._values: dict[str, Any] = {}
        self._listeners: list[Callable[[str], None]] = []
        for key, value in known.items() if isinstance(known, dict) else ():
            if key in _BY_KEY and _why_not(_BY_KEY[key], value) is None:
                self._values[key] = value

    def get(self, key: str) -> Any:
        """What is set, or the default. Raises KeyError for a setting that is not in the table."""
        return self._values.get(key, _BY_KEY[key].default)

    def set(self, key: str, value: Any) -> None:
        """Set and keep it. Raises KeyError, ValueError for a value that it cannot have, OSError."""
        problem = _why_not(_BY_KEY[key], value)
        if problem is not None:
            raise ValueError(problem)
        self._values[key] = value
        _file().parent.mkdir(parents=True, exist_ok=True)
        part = PartFile(_file())
        with part.guarded():
            part.path.write_text(json.dumps(self._values, indent=1) + "\n", encoding="utf-8")
        part.commit()
        for listener in tuple(self._listeners):
            listener(key)

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Tell `listener` the key of everything that is set from now on."""
        self._listeners.append(listener)


def _why_not(setting: Setting, value: Any) -> str | None:
    kind = type(setting.default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return f"{setting.label} takes {kind.__name__}, got {value!r}"
    if setting.choices and value not in setting.choices:
        return f"{setting.label} is one of {', '.join(setting.choices)}, got {value!r}"
    if setting.pattern and not re.fullmatch(setting.pattern, value):
        return f"{setting.label} is one such as {', '.join(setting.suggestions)}, got {value!r}"
    if setting.high and not setting.low <= value <= setting.high:
        return f"{setting.label} lies in {setting.low:g} to {setting.high:g}, got {value!r}"
    return None


def _file() -> Path:
    return user_data() / "settings.json"
