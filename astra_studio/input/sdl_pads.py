"""Gamepads through SDL 2: hot plug, the mappings of its own data base, rumble."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

from astra_studio.input.bindings import PAD_BUTTONS
from astra_studio.input.pads import Pad, PadReading

_LARGEST = 32767.0
_HINTS = {
    b"SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS": b"1",  # the window that has the focus is Qt's, not SDL's
    b"SDL_NO_SIGNAL_HANDLERS": b"1",  # Ctrl-C stays the program's
    b"SDL_GAMECONTROLLER_USE_BUTTON_LABELS": b"0",  # buttons by their place, as keys are
}


class SdlPads:
    """A `PadSource`. Raises OSError, with a sentence for the user, where SDL cannot be started."""

    def __init__(self, mappings: str | None = None) -> None:
        """`mappings`: lines of the community's data base (gamecontrollerdb.txt), besides SDL's own."""
        # It only reads pads: without this SDL would open a video device of its own for its events.
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        try:
            import sdl2dll  # noqa: F401, I001  # says where SDL lies; imported second, sdl2 would warn that it does
            import sdl2
        except ImportError as error:
            why = f"gamepads need SDL, which could not be loaded ({error}). Set Astra Studio up again"
            raise OSError(why) from error
        self._sdl: Any = sdl2
        for name, value in _HINTS.items():
            sdl2.SDL_SetHint(name, value)
        if sdl2.SDL_InitSubSystem(sdl2.SDL_INIT_GAMECONTROLLER) != 0:
            raise OSError(f"gamepads cannot be read: {sdl2.SDL_GetError().decode(errors='replace')}")
        for line in (mappings or "").splitlines():
            if line and not line.startswith("#"):
                sdl2.SDL_GameControllerAddMapping(line.encode())
        self._open: dict[int, tuple[Pad, Any]] = {}

    def pads(self) -> Sequence[Pad]:
        sdl = self._sdl
        sdl.SDL_GameControllerUpdate()
        present: set[int] = set()
        for index in range(sdl.SDL_NumJoysticks()):
            number = int(sdl.SDL_JoystickGetDeviceInstanceID(index))
            if number < 0 or not sdl.SDL_IsGameController(index):
                continue
            present.add(number)
            if number not in self._open:
                self._plugged(index, number)
        for number in [number for number in self._open if number not in present]:
            sdl.SDL_GameControllerClose(self._open.pop(number)[1])
        return [pad for pad, _ in self._open.values()]

    def read(self, pad: Pad) -> PadReading | None:
        sdl, entry = self._sdl, self._open.get(pad.id)
        if entry is None or not sdl.SDL_GameControllerGetAttached(entry[1]):
            return None
        handle = entry[1]

        def axis(name: str) -> float:
            value = sdl.SDL_GameControllerGetAxis(handle, getattr(sdl, f"SDL_CONTROLLER_AXIS_{name}"))
            return max(value / _LARGEST, -1.0)

        held = (
            name
            for name in PAD_BUTTONS
            if sdl.SDL_GameControllerGetButton(handle, getattr(sdl, f"SDL_CONTROLLER_BUTTON_{_SDL_NAMES[name]}"))
        )
        return PadReading(
            left=(axis("LEFTX"), axis("LEFTY")),
            right=(axis("RIGHTX"), axis("RIGHTY")),
            triggers=(max(axis("TRIGGERLEFT"), 0.0), max(axis("TRIGGERRIGHT"), 0.0)),
            buttons=frozenset(held),
        )

    def rumble(self, pad: Pad, strength: float, seconds: float) -> bool:
        entry = self._open.get(pad.id)
        if entry is None:
            return False
        force = round(min(max(strength, 0.0), 1.0) * 0xFFFF)
        return bool(self._sdl.SDL_GameControllerRumble(entry[1], force, force, round(seconds * 1000)) == 0)

    def close(self) -> None:
        for _, handle in self._open.values():
            self._sdl.SDL_GameControllerClose(handle)
        self._open.clear()
        self._sdl.SDL_QuitSubSystem(self._sdl.SDL_INIT_GAMECONTROLLER)

    def _plugged(self, index: int, number: int) -> None:
        sdl = self._sdl
        handle = sdl.SDL_GameControllerOpen(index)
        if not handle:
            return
        buffer = ctypes.create_string_buffer(64)
        sdl.SDL_JoystickGetGUIDString(sdl.SDL_JoystickGetDeviceGUID(index), buffer, 64)

        def text(value: bytes | None) -> str:
            return value.decode(errors="replace") if value else ""

        pad = Pad(
            id=number,
            guid=buffer.value.decode(),
            name=text(sdl.SDL_GameControllerName(handle)) or "Gamepad",
            serial=text(sdl.SDL_GameControllerGetSerial(handle)),
            path=text(sdl.SDL_GameControllerPath(handle)),
        )
        self._open[number] = (pad, handle)


_SDL_NAMES = {
    "a": "A", "b": "B", "x": "X", "y": "Y", "back": "BACK", "guide": "GUIDE", "start": "START",
    "left_stick": "LEFTSTICK", "right_stick": "RIGHTSTICK",
    "left_shoulder": "LEFTSHOULDER", "right_shoulder": "RIGHTSHOULDER",
    "up": "DPAD_UP", "down": "DPAD_DOWN", "left": "DPAD_LEFT", "right": "DPAD_RIGHT",
}  # fmt: skip
