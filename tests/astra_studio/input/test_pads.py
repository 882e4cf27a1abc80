"""How pads are chosen, with written ones; and SDL itself, with its own virtual joystick."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from astra_studio.input.held import PadShapes
from astra_studio.input.pads import Pad, PadChoice, PadReading, without_twins
from astra_studio.input.profiles import shapes_of, with_shapes
from astra_studio.input.sdl_pads import SdlPads
from astra_studio.input.sticks import StickShape

STEAM = "03000000de280000ff11000001000000"
XBOX = "030000005e0400008e02000014010000"


class WrittenPads:
    """Pads that stand where the test says."""

    def __init__(self) -> None:
        self.readings: dict[Pad, PadReading] = {}

    def pads(self) -> Sequence[Pad]:
        return list(self.readings)

    def read(self, pad: Pad) -> PadReading | None:
        return self.readings.get(pad)

    def rumble(self, pad: Pad, strength: float, seconds: float) -> bool:
        return False

    def close(self) -> None:
        self.readings.clear()


ONE, OTHER = Pad(id=1, guid=XBOX, name="One"), Pad(id=2, guid=XBOX, name="Other")


def test_the_pad_that_is_moved_drives_until_another_is_moved_while_it_rests() -> None:
    source = WrittenPads()
    choice = PadChoice(source)
    assert choice.poll() == (None, None)
    source.readings = {ONE: PadReading(), OTHER: PadReading()}
    assert choice.poll()[0] == ONE
    source.readings[OTHER] = PadReading(left=(0.0, -1.0))
    assert choice.poll() == (OTHER, source.readings[OTHER])
    source.readings = {ONE: PadReading(left=(1.0, 0.0)), OTHER: PadReading(left=(0.0, -1.0))}
    assert choice.poll()[0] == OTHER, "one drives at a time"
    source.readings[OTHER] = PadReading(left=(0.1, 0.1))
    assert choice.poll()[0] == ONE


def test_a_pad_unplugged_in_mid_drive_leaves_its_place_to_another() -> None:
    source = WrittenPads()
    choice = PadChoice(source)
    source.readings = {ONE: PadReading(left=(1.0, 0.0)), OTHER: PadReading()}
    assert choice.poll()[0] == ONE
    del source.readings[ONE]
    assert choice.poll() == (OTHER, PadReading())
    source.readings.clear()
    assert choice.poll() == (None, None)


@pytest.mark.parametrize(
    ("pads", "kept"),
    [
        ([Pad(id=1, guid=XBOX, name="a", serial="7"), Pad(id=2, guid=STEAM, name="b", serial="7")], [1]),
        ([Pad(id=1, guid=XBOX, name="a"), Pad(id=2, guid=STEAM, name="b")], [1]),
        ([Pad(id=2, guid=STEAM, name="b")], [2]),
        ([Pad(id=1, guid=XBOX, name="a"), Pad(id=2, guid=XBOX, name="b")], [1, 2]),
        ([Pad(id=1, guid=XBOX, name="a"), Pad(id=2, guid=STEAM, name="b"), Pad(id=3, guid=STEAM, name="c")], [1, 2, 3]),
    ],
    ids=[
        "same serial",
        "Steam's beside a real one",
        "Steam's alone",
        "two of a kind",
        "more of Steam's than real ones",
    ],
)
def test_a_pad_that_is_seen_twice_counts_once(pads: list[Pad], kept: list[int]) -> None:
    assert [pad.id for pad in without_twins(pads)] == kept


def test_profiles_are_kept_by_kind_of_device_and_damaged_ones_are_the_defaults() -> None:
    shapes = PadShapes(left=StickShape(inner=0.3, inverts_y=True))
    kept = with_shapes({}, XBOX, shapes)
    assert shapes_of(kept, XBOX) == shapes
    assert shapes_of(kept, STEAM) == PadShapes()
    assert shapes_of({XBOX: {"left": {"inner": 7}, "right": 3}}, XBOX) == PadShapes()


# ---------------------------------------------------------------------- SDL's own virtual joystick


class Virtual:
    """A joystick that SDL makes, and that tests move."""

    def __init__(self, sdl: Any) -> None:
        self._sdl = sdl
        self.index = sdl.SDL_JoystickAttachVirtual(sdl.SDL_JOYSTICK_TYPE_GAMECONTROLLER, 6, 15, 0)
        assert self.index >= 0, sdl.SDL_GetError()
        self._handle = sdl.SDL_JoystickOpen(self.index)

    def axis(self, number: int, value: int) -> None:
        self._sdl.SDL_JoystickSetVirtualAxis(self._handle, number, value)

    def button(self, number: int, is_down: bool) -> None:
        self._sdl.SDL_JoystickSetVirtualButton(self._handle, number, int(is_down))

    def unplug(self) -> None:
        self._sdl.SDL_JoystickClose(self._handle)
        self._sdl.SDL_JoystickDetachVirtual(self.index)


@pytest.fixture
def source() -> Iterator[SdlPads]:
    pads = SdlPads()
    yield pads
    pads.close()


def test_a_plugged_pad_is_read_and_an_unplugged_one_is_gone(source: SdlPads) -> None:
    import sdl2

    before = len(source.pads())
    virtual = Virtual(sdl2)
    # Triggers of a virtual pad lie in the middle until they are set.
    for trigger in (4, 5):
        virtual.axis(trigger, -32768)
    (pad,) = source.pads()[before:]
    resting = source.read(pad)
    assert resting is not None
    assert not resting.is_moved()
    virtual.axis(0, 20000)
    virtual.axis(1, -32768)
    virtual.axis(5, 32767)
    virtual.button(0, is_down=True)
    virtual.button(11, is_down=True)
    source.pads()
    reading = source.read(pad)
    assert reading is not None
    assert reading.left == pytest.approx((0.61, -1.0), abs=0.01)
    assert reading.triggers[1] == pytest.approx(1.0, abs=0.01)
    assert reading.buttons == {"a", "up"}
    virtual.unplug()
    assert len(source.pads()) == before
    assert source.read(pad) is None
    assert not source.rumble(pad, 1.0, 0.1)


def test_a_pad_plugged_again_is_another_one_of_the_same_kind(source: SdlPads) -> None:
    import sdl2

    before = len(source.pads())
    first = Virtual(sdl2)
    (one,) = source.pads()[before:]
    first.unplug()
    source.pads()
    second = Virtual(sdl2)
    (other,) = source.pads()[before:]
    assert one.guid == other.guid
    assert one.id != other.id
    second.unplug()
