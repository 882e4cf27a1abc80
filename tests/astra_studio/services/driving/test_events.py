import json
from pathlib import Path

import pytest

from astra_studio.services.driving.events import (
    EndEvent,
    KeyEvent,
    MouseEvent,
    PadEvent,
    SetEvent,
    TextEvent,
    as_json,
    code_named,
    event_of,
    parse_script,
    read_script,
)

LINES = [
    '{"t": 0, "key": "w", "down": true}',
    "",
    "# a comment",
    '{"t": 2.5, "mouse": [3, -1.5]}',
    '{"t": 1, "pad": {"lx": -0.5, "buttons": ["a"]}}',
    '{"t": 3, "text": "it starts to rain", "chunks": 2}',
    '{"t": 3, "set": {"guidance": 2}}',
    '{"t": 4, "end": true}',
]


def test_a_script_gives_its_events_in_the_order_of_their_times(tmp_path: Path) -> None:
    path = tmp_path / "walk.jsonl"
    path.write_text("\n".join(LINES), encoding="utf-8")
    events = read_script(path)
    assert [type(event) for event in events] == [KeyEvent, PadEvent, MouseEvent, TextEvent, SetEvent, EndEvent]
    assert events[0] == KeyEvent(t=0.0, code="KeyW", is_down=True)


def test_what_is_recorded_is_read_back() -> None:
    for event in parse_script(LINES, "walk"):
        assert event_of(json.loads(json.dumps(as_json(event)))) == event


@pytest.mark.parametrize(
    ("name", "code"),
    [("w", "KeyW"), ("W", "KeyW"), ("KeyW", "KeyW"), ("left", "ArrowLeft"), ("1", "Digit1"), ("shift", "ShiftLeft")],
)
def test_keys_are_named_as_people_say_them(name: str, code: str) -> None:
    assert code_named(name) == code


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"t": 0, "key": "w"}', "down is true or false, got None"),
        ('{"t": 0, "key": "jump", "down": true}', "there is no key 'jump'"),
        ('{"t": -1, "end": true}', "t is in seconds from 0"),
        ('{"t": NaN, "end": true}', "t must be finite"),
        ('{"t": 0, "key": "w", "down": true, "up": 1}', "up means nothing in an event of key"),
        ('{"t": 0}', "an event has one of key, mouse, pad, text, set, end"),
        ('{"t": 0, "mouse": [1]}', "mouse is 2 numbers"),
        ('{"t": 0, "pad": {"lx": 3}}', "parts of a pad lie in -1 to 1"),
        ('{"t": 0, "text": 7}', "text is words"),
        ('{"t": 0, "set": {"guidance": [1]}}', "set is an object of settings"),
        ("[1, 2]", "an event is an object"),
        ("w down", "Expecting value"),
        ("[" * 20000, "line 2 of walk is no event"),
    ],
)
def test_a_wrong_line_is_named_with_what_was_expected(line: str, said: str) -> None:
    with pytest.raises(ValueError, match="line 2 of walk is no event") as caught:
        parse_script(['{"t": 0, "end": true}', line], "walk")
    assert said in str(caught.value)
