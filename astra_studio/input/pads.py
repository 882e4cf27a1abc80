"""Gamepads as values: which there are, and the state of each. Reading them is left to a `PadSource`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Pad:
    """A gamepad that is plugged in.

    Attributes:
        id: of this plugging-in; never used again.
        guid: of the kind of device, the same each time: profiles are kept under it.
        name: for people.
        serial: of the device, "" where it has none.
        path: where the system has it, "" where that is not known.
    """

    id: int
    guid: str
    name: str
    serial: str = ""
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class PadReading:
    """Where a pad stands: sticks (x, y) in -1..1, right and down positive; triggers in 0..1; buttons held by name."""

    left: tuple[float, float] = (0.0, 0.0)
    right: tuple[float, float] = (0.0, 0.0)
    triggers: tuple[float, float] = (0.0, 0.0)
    buttons: frozenset[str] = frozenset()

    def is_moved(self, threshold: float = 0.3) -> bool:
        """Whether somebody uses it: a button, or a part farther out than a worn stick rests."""
        parts = (*self.left, *self.right, *self.triggers)
        return bool(self.buttons) or any(abs(part) > threshold for part in parts)


class PadSource(Protocol):
    """Reads gamepads. Called on the main thread, often: no call may wait."""

    def pads(self) -> Sequence[Pad]:
        """Those that are plugged in now, in the order in which they came."""
        ...

    def read(self, pad: Pad) -> PadReading | None:
        """Where a pad stands; None where it is gone."""
        ...

    def rumble(self, pad: Pad, strength: float, seconds: float) -> bool:
        """Shake it, strength in 0..1; False where it cannot."""
        ...

    def close(self) -> None:
        """Let go of all devices."""
        ...


def without_twins(pads: Sequence[Pad]) -> list[Pad]:
    """Each device once: Steam shows a pad a second time, as one of its own.

    Twins have the same serial number; virtual pads of Steam are left out beside as many real ones.
    """
    found: list[Pad] = []
    for pad in pads:
        if not (pad.serial and any(pad.serial == other.serial for other in found)):
            found.append(pad)
    real = [pad for pad in found if not _is_steams(pad)]
    return real if real and len(found) - len(real) <= len(real) else found


def _is_steams(pad: Pad) -> bool:
    # Valve's vendor number stands at bytes 4 and 5 of the GUID, little-endian; 0x11ff is its virtual gamepad.
    return pad.guid[8:12].lower() == "de28" and pad.guid[16:20].lower() == "ff11"


class PadChoice:
    """One pad drives at a time: the one used last, until it is gone."""

    def __init__(self, source: PadSource) -> None:
        self._source = source
        self._current: Pad | None = None

    @property
    def current(self) -> Pad | None:
        """The pad that drives."""
        return self._current

    def poll(self) -> tuple[Pad | None, PadReading | None]:
        """The pad that drives and where it stands. Another takes over when it is moved while the current one rests."""
        pads = without_twins(self._source.pads())
        if self._current is not None and self._current not in pads:
            self._current = None
        reading = self._source.read(self._current) if self._current is not None else None
        if reading is None:
            self._current = None
        if reading is not None and reading.is_moved():
            return self._current, reading
        for pad in pads:
            if pad == self._current:
                continue
            other = self._source.read(pad)
            if other is not None and (self._current is None or other.is_moved()):
                self._current, reading = pad, other
                if other.is_moved():
                    break
        return self._current, reading
