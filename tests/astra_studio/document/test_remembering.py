"""What is remembered of values: worked out once each, never another's, and not for ever."""

from __future__ import annotations

from astra_studio.document.remembering import remembered


def test_each_value_is_asked_about_once_and_never_taken_for_another() -> None:
    asked: list[int] = []

    @remembered
    def length(value: tuple[int, ...]) -> int:
        asked.append(len(value))
        return len(value)

    first, second = (1, 2), (1, 2, 3)
    assert [length(first), length(second), length(first)] == [2, 3, 2]
    assert asked == [2, 3]
    # Values that come and go lie where others lay; each has to be its own.
    assert all(length(tuple(range(number))) == number for number in range(1000))
    assert length(second) == 3
