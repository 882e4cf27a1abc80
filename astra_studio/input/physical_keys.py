"""Keys by their place on the keyboard, named by the code values of the W3C (https://www.w3.org/TR/uievents-code/).

Window systems number places in their own ways: X11 and Wayland by evdev's code plus 8, Windows by scan code (set 1,
with 0x100 for extended keys), macOS by virtual key code. All three numbers stay with the place when the layout changes.
"""

from __future__ import annotations

import sys

_TABLE: tuple[tuple[str, int, int, int], ...] = (
    # code, evdev, Windows, macOS
    ("KeyW", 17, 0x11, 13),
    ("KeyA", 30, 0x1E, 0),
    ("KeyS", 31, 0x1F, 1),
    ("KeyD", 32, 0x20, 2),
    ("KeyQ", 16, 0x10, 12),
    ("KeyE", 18, 0x12, 14),
    ("KeyR", 19, 0x13, 15),
    ("KeyT", 20, 0x14, 17),
    ("KeyY", 21, 0x15, 16),
    ("KeyU", 22, 0x16, 32),
    ("KeyI", 23, 0x17, 34),
    ("KeyO", 24, 0x18, 31),
    ("KeyP", 25, 0x19, 35),
    ("KeyF", 33, 0x21, 3),
    ("KeyG", 34, 0x22, 5),
    ("KeyH", 35, 0x23, 4),
    ("KeyJ", 36, 0x24, 38),
    ("KeyK", 37, 0x25, 40),
    ("KeyL", 38, 0x26, 37),
    ("KeyZ", 44, 0x2C, 6),
    ("KeyX", 45, 0x2D, 7),
    ("KeyC", 46, 0x2E, 8),
    ("KeyV", 47, 0x2F, 9),
    ("KeyB", 48, 0x30, 11),
    ("KeyN", 49, 0x31, 45),
    ("KeyM", 50, 0x32, 46),
    ("Digit1", 2, 0x02, 18),
    ("Digit2", 3, 0x03, 19),
    ("Digit3", 4, 0x04, 20),
    ("Digit4", 5, 0x05, 21),
    ("Digit5", 6, 0x06, 23),
    ("Digit6", 7, 0x07, 22),
    ("Digit7", 8, 0x08, 26),
    ("Digit8", 9, 0x09, 28),
    ("Digit9", 10, 0x0A, 25),
    ("Digit0", 11, 0x0B, 29),
    ("Minus", 12, 0x0C, 27),
    ("Equal", 13, 0x0D, 24),
    ("Backspace", 14, 0x0E, 51),
    ("Tab", 15, 0x0F, 48),
    ("BracketLeft", 26, 0x1A, 33),
    ("BracketRight", 27, 0x1B, 30),
    ("Enter", 28, 0x1C, 36),
    ("Semicolon", 39, 0x27, 41),
    ("Quote", 40, 0x28, 39),
    ("Backquote", 41, 0x29, 50),
    ("Backslash", 43, 0x2B, 42),
    ("Comma", 51, 0x33, 43),
    ("Period", 52, 0x34, 47),
    ("Slash", 53, 0x35, 44),
    ("Space", 57, 0x39, 49),
    ("CapsLock", 58, 0x3A, 57),
    ("ShiftLeft", 42, 0x2A, 56),
    ("ShiftRight", 54, 0x36, 60),
    ("ControlLeft", 29, 0x1D, 59),
    ("ControlRight", 97, 0x11D, 62),
    ("AltLeft", 56, 0x38, 58),
    ("AltRight", 100, 0x138, 61),
    ("ArrowUp", 103, 0x148, 126),
    ("ArrowDown", 108, 0x150, 125),
    ("ArrowLeft", 105, 0x14B, 123),
    ("ArrowRight", 106, 0x14D, 124),
    ("Home", 102, 0x147, 115),
    ("End", 107, 0x14F, 119),
    ("PageUp", 104, 0x149, 116),
    ("PageDown", 109, 0x151, 121),
    ("Insert", 110, 0x152, 114),
    ("Delete", 111, 0x153, 117),
    ("Numpad4", 75, 0x4B, 86),
    ("Numpad5", 76, 0x4C, 87),
    ("Numpad6", 77, 0x4D, 88),
    ("Numpad8", 72, 0x48, 91),
    ("Numpad2", 80, 0x50, 84),
)

CODES: frozenset[str] = frozenset(row[0] for row in _TABLE)
_BY_NATIVE: dict[str, dict[int, str]] = {
    "linux": {evdev + 8: code for code, evdev, _, _ in _TABLE},
    "win32": {windows: code for code, _, windows, _ in _TABLE},
    "darwin": {mac: code for code, _, _, mac in _TABLE},
}
_US_LABELS = {
    "Minus": "-", "Equal": "=", "BracketLeft": "[", "BracketRight": "]", "Semicolon": ";", "Quote": "'",
    "Backquote": "`", "Backslash": "\\", "Comma": ",", "Period": ".", "Slash": "/",
    "ArrowUp": "↑", "ArrowDown": "↓", "ArrowLeft": "←", "ArrowRight": "→",
    "ShiftLeft": "Shift", "ShiftRight": "Right Shift", "ControlLeft": "Ctrl", "ControlRight": "Right Ctrl",
    "AltLeft": "Alt", "AltRight": "Right Alt", "PageUp": "Page Up", "PageDown": "Page Down", "CapsLock": "Caps Lock",
}  # fmt: skip


def code_of(native: int, platform: str = sys.platform) -> str | None:
    """The code of the key with that native number, as Qt gives it; None for a place that has no name here.

    macOS has no scan codes in Qt: give the native virtual key there.
    """
    known = _BY_NATIVE.get(platform, _BY_NATIVE["linux"])
    return known.get(native)


def native_of(code: str, platform: str = sys.platform) -> int:
    """The other way round. Raises KeyError for a code that is none."""
    known = _BY_NATIVE.get(platform, _BY_NATIVE["linux"])
    return {name: native for native, name in known.items()}[code]


def us_label(code: str) -> str:
    """What is printed on that key on a US keyboard: for layouts that have not been seen typing yet."""
    if code in _US_LABELS:
        return _US_LABELS[code]
    for prefix in ("Key", "Digit"):
        if code.startswith(prefix):
            return code.removeprefix(prefix)
    return code.replace("Numpad", "Num ")
