import math

import pytest

from astra_studio.input.sticks import StickShape, measured_inner, shaped, shaped_trigger, strength


def test_a_worn_stick_that_rests_beside_its_middle_moves_nothing() -> None:
    shape = StickShape(inner=0.15)
    assert shaped(0.12, 0.05, shape) == (0.0, 0.0)
    assert shaped(0.12, 0.12, shape) != (0.0, 0.0), "that is farther out than the dead zone"


@pytest.mark.parametrize("degrees", range(0, 360, 15))
def test_every_direction_is_as_fast_and_keeps_its_angle(degrees: int) -> None:
    x, y = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    found = shaped(x, y, StickShape())
    assert math.hypot(*found) == pytest.approx(1.0)
    assert math.atan2(found[1], found[0]) == pytest.approx(math.atan2(y, x))


def test_a_stick_in_the_corner_of_its_square_is_not_faster() -> None:
    assert math.hypot(*shaped(1.0, 1.0, StickShape())) == pytest.approx(1.0)


def test_motion_begins_at_nothing_at_the_edge_of_the_dead_zone() -> None:
    shape = StickShape(inner=0.2, outer=0.9)
    assert strength(0.2, shape) == 0.0
    assert strength(0.201, shape) < 0.01
    assert strength(0.55, shape) == pytest.approx(0.5)
    assert strength(0.9, shape) == 1.0


def test_a_steeper_curve_is_finer_in_the_middle_and_ends_the_same() -> None:
    even, fine = StickShape(), StickShape(exponent=2.0)
    assert strength(0.5, fine) < strength(0.5, even)
    assert strength(1.0, fine) == strength(1.0, even) == 1.0


def test_inversion_turns_one_axis_round() -> None:
    x, y = shaped(0.3, 0.6, StickShape(inverts_y=True))
    assert x > 0
    assert y < 0


def test_triggers_have_the_same_zones() -> None:
    assert shaped_trigger(0.04, StickShape(inner=0.05)) == 0.0
    assert shaped_trigger(1.0, StickShape(inner=0.05)) == 1.0


def test_a_measured_dead_zone_holds_every_place_that_was_seen() -> None:
    places = [(0.12, 0.05), (0.11, 0.06), (-0.02, 0.0)]
    shape = StickShape(inner=measured_inner(places))
    assert all(shaped(x, y, shape) == (0.0, 0.0) for x, y in places)
    with pytest.raises(ValueError, match="let go of it"):
        measured_inner([(0.9, 0.0)])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"inner": 0.7}, "dead zone of a stick lies in 0 to 0.6, got 0.7"),
        ({"inner": 0.3, "outer": 0.3}, "outer zone of a stick lies in 0.35"),
        ({"exponent": 9.0}, "exponent of a stick's curve lies in 1 to 3, got 9"),
    ],
)
def test_shapes_that_make_no_sense_are_refused(values: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        StickShape(**values)
