"""Key labels of the user's own layout: Z for KeyW in France. Read from the system, and learned from typing."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Callable

from astra_studio.input.physical_keys import CODES, native_of, us_label

_MAPVK_VSC_TO_VK, _MAPVK_VK_TO_CHAR = 1, 2


class LayoutLabels:
    """Labels of keys by their code. Falls back to those of a US keyboard where the system does not tell."""

    def __init__(self, read_labels: Callable[[], dict[str, str]] | None = None) -> None:
        """`read_labels` gives the labels that the system knows; by default this system's own."""
        self._read_labels = read_labels if read_labels is not None else system_labels
        self._known: dict[str, str] = {}
        self.read_again()

    def read_again(self) -> None:
        """Ask the system once more: the user has chosen another layout."""
        self._known = self._read_labels()

    def learn(self, code: str, text: str) -> None:
        """A key was typed, and gave this text."""
        if len(text) == 1 and text.isprintable() and not text.isspace():
            self._known[code] = text.upper()

    def label(self, code: str) -> str:
        return self._known.get(code) or us_label(code)


def system_labels() -> dict[str, str]:
    """Labels of the keys that type a letter or a sign; empty where the system cannot be asked."""
    if sys.platform == "win32":
        return _windows_labels()
    if sys.platform == "linux":
        return _x11_labels()
    return {}


def _kept(found: dict[str, str]) -> dict[str, str]:
    return {code: text.upper() for code, text in found.items() if text.isprintable() and text.strip()}


def _windows_labels() -> dict[str, str]:
    if sys.platform != "win32":  # said again for mypy, which knows WinDLL there alone
        return {}
    user32 = ctypes.WinDLL("user32")
    found: dict[str, str] = {}
    for code in CODES:
        key = user32.MapVirtualKeyW(native_of(code, "win32"), _MAPVK_VSC_TO_VK)
        letter = user32.MapVirtualKeyW(key, _MAPVK_VK_TO_CHAR) & 0xFFFF if key else 0
        if letter:
            found[code] = chr(letter)
    return _kept(found)


def _x11_labels() -> dict[str, str]:
    """By the library that Qt itself reads keyboards with, on a connection of its own to the X server."""
    try:
        xcb = ctypes.CDLL(ctypes.util.find_library("xcb") or "libxcb.so.1")
        xkb = ctypes.CDLL(ctypes.util.find_library("xkbcommon") or "libxkbcommon.so.0")
        x11 = ctypes.CDLL(ctypes.util.find_library("xkbcommon-x11") or "libxkbcommon-x11.so.0")
    except OSError:
        return {}
    pointer = ctypes.c_void_p
    xcb.xcb_connect.restype, xcb.xcb_connect.argtypes = pointer, [ctypes.c_char_p, pointer]
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [pointer]
    xkb.xkb_context_new.restype = pointer
    x11.xkb_x11_get_core_keyboard_device_id.argtypes = [pointer]
    x11.xkb_x11_setup_xkb_extension.argtypes = [pointer, ctypes.c_uint16, ctypes.c_uint16, ctypes.c_int, *[pointer] * 4]
    x11.xkb_x11_keymap_new_from_device.restype = pointer
    x11.xkb_x11_keymap_new_from_device.argtypes = [pointer, pointer, ctypes.c_int32, ctypes.c_int]
    x11.xkb_x11_state_new_from_device.restype = pointer
    x11.xkb_x11_state_new_from_device.argtypes = [pointer, pointer, ctypes.c_int32]
    xkb.xkb_state_key_get_utf8.argtypes = [pointer, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]
    for name in ("xkb_context_unref", "xkb_keymap_unref", "xkb_state_unref"):
        getattr(xkb, name).argtypes = [pointer]
    connection = xcb.xcb_connect(None, None)
    try:
        if xcb.xcb_connection_has_error(connection):
            return {}
        if not x11.xkb_x11_setup_xkb_extension(connection, 1, 0, 0, None, None, None, None):
            return {}
        device = x11.xkb_x11_get_core_keyboard_device_id(connection)
        context = xkb.xkb_context_new(0)
        keymap = x11.xkb_x11_keymap_new_from_device(context, connection, device, 0)
        state = x11.xkb_x11_state_new_from_device(keymap, connection, device) if keymap else None
        found: dict[str, str] = {}
        buffer = ctypes.create_string_buffer(16)
        for code in CODES if state else ():
            if xkb.xkb_state_key_get_utf8(state, native_of(code, "linux"), buffer, len(buffer)) > 0:
                found[code] = buffer.value.decode(errors="ignore")
        if state:
            xkb.xkb_state_unref(state)
        if keymap:
            xkb.xkb_keymap_unref(keymap)
        xkb.xkb_context_unref(context)
        return _kept(found)
    finally:
        xcb.xcb_disconnect(connection)
