import pytest

from astra_studio.input.controls import Control
from astra_studio.input.held import HeldInput, PadShapes
from astra_studio.input.pads import PadReading
from astra_studio.input.sticks import StickShape


def test_keys_held_together_go_together() -> None:
    held = HeldInput()
    for code in ("KeyW", "KeyA", "ArrowLeft", "ArrowUp"):
        assert held.key(code, is_down=True)
    axes = held.sample().axes
    assert axes == {"forward": 1.0, "right": -1.0, "up": 0.0, "yaw": -1.0, "pitch": 1.0}


def test_opposite_keys_cancel_each_other_and_the_one_that_stays_counts() -> None:
    held = HeldInput()
    held.key("KeyW", is_down=True)
    held.key("KeyS", is_down=True)
    assert held.sample().rests
    held.key("KeyW", is_down=False)
    assert held.sample().axes["forward"] == -1.0


def test_keys_of_the_keyboard_alone_are_told_to_worlds_that_take_them() -> None:
    held = HeldInput()
    held.key("KeyW", is_down=True)
    assert not held.key("KeyP", is_down=True), "it is bound to nothing"
    assert held.sample().keys == {"KeyW", "KeyP"}


def test_shift_is_fast_and_ctrl_is_slow() -> None:
    held = HeldInput()
    held.key("ShiftLeft", is_down=True)
    assert held.sample().fast == 2.0
    held.key("ShiftLeft", is_down=False)
    held.key("ControlRight", is_down=True)
    assert held.sample().fast == 0.5


def test_the_mouse_is_told_once() -> None:
    held = HeldInput()
    held.move_mouse(3, -2)
    held.move_mouse(1, 0)
    assert held.peek().mouse == (4, -2)
    assert held.sample().mouse == (4, -2)
    assert held.sample().rests


def test_what_acts_once_is_told_at_the_press_and_not_at_repeats() -> None:
    told: list[Control] = []
    held = HeldInput(on_press=told.append)
    held.key("Backspace", is_down=True)
    held.key("Backspace", is_down=True)
    held.key("Backspace", is_down=False)
    held.read_pad(PadReading(buttons=frozenset({"b"})))
    held.read_pad(PadReading(buttons=frozenset({"b"})))
    assert told == [Control.DISCARD, Control.DISCARD]
    assert held.sample().rests


def test_nothing_stays_held_after_the_focus_is_lost() -> None:
    held = HeldInput()
    held.key("KeyW", is_down=True)
    held.move_mouse(50, 0)
    held.release_all()
    assert held.sample().rests
    held.key("KeyW", is_down=True)
    assert held.sample().axes["forward"] == 1.0, "it works again at once"


def test_latched_controls_hold_until_they_are_pressed_again() -> None:
    held = HeldInput()
    held.set_latching(True)
    for is_down in (True, False):
        held.key("KeyW", is_down=is_down)
    assert held.sample().axes["forward"] == 1.0
    for is_down in (True, False):
        held.key("KeyS", is_down=is_down)
    assert held.sample().axes["forward"] == -1.0, "the opposite takes its place"
    for is_down in (True, False):
        held.key("KeyS", is_down=is_down)
    assert held.sample().rests


def test_a_resting_worn_stick_moves_nothing_for_a_minute() -> None:
    held = HeldInput()
    for _ in range(60 * 120):
        held.read_pad(PadReading(left=(0.12, 0.05), right=(-0.03, 0.1)))
        assert held.sample().rests


def test_sticks_walk_and_look_and_add_to_keys_within_the_limit() -> None:
    held = HeldInput()
    held.key("KeyW", is_down=True)
    held.read_pad(PadReading(left=(0.0, -1.0), right=(1.0, 0.0)))
    axes = held.sample().axes
    assert axes["forward"] == 1.0
    assert axes["yaw"] == pytest.approx(1.0)


def test_triggers_change_the_pace() -> None:
    held = HeldInput()
    held.read_pad(PadReading(triggers=(1.0, 0.0)))
    assert held.sample().fast == pytest.approx(0.5)
    held.read_pad(PadReading(triggers=(0.0, 1.0)))
    assert held.sample().fast == pytest.approx(2.0)


def test_a_pad_that_is_gone_holds_nothing() -> None:
    held = HeldInput()
    held.read_pad(PadReading(left=(0.0, -1.0)))
    held.read_pad(None)
    assert held.sample().rests


def test_shapes_of_the_device_are_used() -> None:
    held = HeldInput()
    held.read_pad(PadReading(left=(0.0, -1.0)), PadShapes(left=StickShape(inverts_y=True)))
    assert held.sample().axes["forward"] == pytest.approx(-1.0)
