"""Input of the window as events of a drive, so that all of it is recorded with its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from astra_studio.input.bindings import Bindings
from astra_studio.input.held import HeldInput
from astra_studio.input.pads import Pad, PadChoice, PadReading
from astra_studio.input.profiles import shapes_of
from astra_studio.services.driving.events import DriveEvent, KeyEvent, PadEvent

_REST = PadReading()


class KeyFeed:
    """A `KeySink` that makes key events. Keys that are not bound are left to the window."""

    def __init__(self, held: HeldInput, feed: Callable[[DriveEvent], None], now_s: Callable[[], float]) -> None:
        self._held, self._feed, self._now_s = held, feed, now_s
        self._down: set[str] = set()

    @property
    def bindings(self) -> Bindings:
        return self._held.bindings

    def key(self, code: str, *, is_down: bool) -> bool:
        if self.bindings.control_of(code) is None:
            return False
        if is_down != (code in self._down):
            (self._down.add if is_down else self._down.discard)(code)
            self._feed(KeyEvent(t=self._now_s(), code=code, is_down=is_down))
        return True

    def release_all(self) -> None:
        """Every key that is down comes up, as an event; latched controls and the mouse's way are forgotten."""
        for code in sorted(self._down):
            self._feed(KeyEvent(t=self._now_s(), code=code, is_down=False))
        self.forget()

    def forget(self) -> None:
        """Nothing is held any more, and no event tells it: the drive has let go itself."""
        self._down.clear()
        self._held.release_all()


class PadFeed:
    """The pad that drives, as an event each time that it stands otherwise."""

    def __init__(
        self, choice: PadChoice, held: HeldInput, feed: Callable[[DriveEvent], None], now_s: Callable[[], float]
    ) -> None:
        self._choice, self._held, self._feed, self._now_s = choice, held, feed, now_s
        self._pad: Pad | None = None
        self._last = _REST

    @property
    def name(self) -> str:
        """Of the pad that drives; "" where none is plugged in."""
        return "" if self._pad is None else self._pad.name

    def poll(self, profiles: Mapping[str, Any]) -> None:
        """Look at it. One that is gone lets go of everything; another has the stick shapes of its own profile."""
        pad, reading = self._choice.poll()
        now = reading if reading is not None else _REST
        if pad != self._pad:
            self._pad = pad
            self._held.read_pad(None, None if pad is None else shapes_of(profiles, pad.guid))
        if now != self._last:
            self._last = now
            self._feed(PadEvent(t=self._now_s(), reading=now))
