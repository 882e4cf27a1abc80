"""Messages as bytes: what goes out comes in equal, and what is no message is refused in words."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.actions.modality import DRIVING, ActionTrack, rest_rows
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import ChunkRequest, TakeHistory
from engine.serving.failures import failure_of
from engine.serving.messages import (
    CHILD_MESSAGES,
    PARENT_MESSAGES,
    CancelRequest,
    ChunkDone,
    HistoryFound,
    HistoryMissing,
    HistoryNeeded,
    MakeChunk,
    OpenWorld,
    PreviewReady,
    RequestFailed,
    StepDone,
    WorldOpened,
    WorldOpening,
)
from engine.serving.wire import MAX_ARRAYS, MAX_HEADER_BYTES, PREFIX, WireError, encode, read_message
from engine.settings import Settings
from engine.worlds.fake import FakeWorld
from engine.worlds.location import WorldLocation

ALL = {**CHILD_MESSAGES, **PARENT_MESSAGES}
WORLD = FakeWorld()
REQUEST = ChunkRequest(
    index=3,
    actions=parse_pose_line("w-3 left-2", clock=ASTRA_CLOCK),
    seed=2**63 - 1,
    settings=WORLD.info.defaults,
    prompt="a “quay”\n",
)
DRIVEN = ActionTrack(DRIVING, rest_rows(DRIVING, 9))
START = np.full((1, WORLD.info.height, WORLD.info.width, 3), 90, np.uint8)


def chunk_done() -> ChunkDone:
    opened = WORLD.open(START, "camera")
    _, result = WORLD.step(opened.state, replace(REQUEST, prompt=""))
    return ChunkDone("a", replace(result, request=REQUEST), opened.latents)


def make_chunk(**place: Any) -> MakeChunk:
    return MakeChunk(
        request_id="b",
        world=WorldLocation(spec="fake", catalogue=(("fake", "/worlds/fake"),)),
        index=3,
        take_seed=2**63 - 1,
        actions=REQUEST.actions,
        settings=REQUEST.settings,
        prompt=REQUEST.prompt,
        **place,
    )


MESSAGES: dict[str, Callable[[], Any]] = {
    "open": lambda: OpenWorld(request_id="w", world=WorldLocation(spec="fake")),
    "first": lambda: make_chunk(parent_id=None, start=START),
    "next": lambda: make_chunk(parent_id="a"),
    "cancel": lambda: CancelRequest("a"),
    "history": lambda: HistoryFound(
        TakeHistory(
            latents=np.ones((4, 9, 2, 3), np.float32),
            num_latents=9,
            num_start=1,
            actions=DRIVEN,
            arrays={"relief": np.arange(3, dtype=np.float32)},
        )
    ),
    "missing": lambda: HistoryMissing(failure_of(FileNotFoundError(2, "No such file or directory", "walk.astra"))),
    "needed": lambda: HistoryNeeded("b", 40),
    "opening": lambda: WorldOpening("fake"),
    "opened": lambda: WorldOpened("fake", WORLD.info, 40),
    "step": lambda: StepDone("a", 1, 4),
    "preview": lambda: PreviewReady("a", 1, np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::2]),
    "done": chunk_done,
    "failed": lambda: RequestFailed("a", failure_of(ValueError("no"))),
}


def reader(content: bytes) -> Callable[[int], bytes]:
    stream = BytesIO(content)

    def read(count: int) -> bytes:
        found = stream.read(count)
        if len(found) < count:
            raise EOFError
        return found

    return read


def sent(message: Any) -> bytes:
    return b"".join(encode(message))


def assert_equal(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    elif is_dataclass(one):
        for entry in fields(one):
            assert_equal(getattr(one, entry.name), getattr(other, entry.name))
    elif isinstance(one, Mapping) and not isinstance(one, Settings):
        assert set(one) == set(other)
        for name in one:
            assert_equal(one[name], other[name])
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for mine, theirs in zip(one, other, strict=True):
            assert_equal(mine, theirs)
    else:
        assert one == other


@pytest.mark.parametrize("name", MESSAGES)
def test_what_goes_out_comes_in_equal(name: str) -> None:
    message = MESSAGES[name]()
    assert_equal(read_message(reader(sent(message)), ALL), message)


def test_arrays_come_in_as_values_that_nobody_changes() -> None:
    found = read_message(reader(sent(chunk_done())), ALL)
    with pytest.raises(ValueError, match="read-only"):
        found.result.frames[0] = 0


def test_a_large_array_is_not_copied_on_its_way_out() -> None:
    done = chunk_done()
    pieces = [np.asarray(piece) for piece in encode(done) if isinstance(piece, memoryview)]
    assert any(np.shares_memory(piece, done.result.frames) for piece in pieces)


def header_of(message: Any) -> dict[str, Any]:
    content = sent(message)
    _, size, _ = PREFIX.unpack(content[: PREFIX.size])
    header: dict[str, Any] = json.loads(content[PREFIX.size : PREFIX.size + size])
    return header


def with_header(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return PREFIX.pack(b"ASTW", len(text), len(body)) + text + body


def changed(**changes: Any) -> bytes:
    header = header_of(StepDone("a", 1, 4))
    return with_header({**header, "fields": {**header["fields"], **changes}})


def of_preview(arrays: Any, body: bytes) -> bytes:
    return with_header(
        {"type": "PreviewReady", "fields": {"request_id": "a", "step": 1, "picture": 0}, "arrays": arrays}, body
    )


WRONG = {
    "a pickle": (pickle.dumps(StepDone("a", 1, 4)) + bytes(99), "begins with"),
    "a long header": (PREFIX.pack(b"ASTW", MAX_HEADER_BYTES + 1, 0), "at most"),
    "a long body": (PREFIX.pack(b"ASTW", 2, 2**31), "at most"),
    "no JSON": (with_header(b"{'type'"), "no JSON"),
    "JSON of no depth": (with_header(b"[" * 100_000), "no JSON"),
    "infinity": (with_header(b'{"type": "StepDone", "fields": Infinity, "arrays": []}'), "no finite number"),
    "a list": (with_header([]), "has a type"),
    "an unknown type": (with_header({"type": "System", "fields": {}, "arrays": []}), "one of OpenWorld.*got 'System'"),
    "a type that is none": (with_header({"type": ["StepDone"], "fields": {}, "arrays": []}), "one of"),
    "a field too few": (with_header({"type": "StepDone", "fields": {}, "arrays": []}), "StepDone has the fields"),
    "a field too many": (changed(more=1), "got more, num_steps"),
    "text for a number": (changed(step="1"), "StepDone.step is int, got '1'"),
    "a float for a count": (changed(step=1.5), "StepDone.step is int"),
    "true for a count": (changed(step=True), "StepDone.step is int"),
    "nothing for a text": (changed(request_id=None), "StepDone.request_id is str"),
    "an unknown array type": (of_preview([["object", [1]]], bytes(8)), "an array has a type of"),
    "a shape below zero": (of_preview([["uint8", [-1]]], b""), "whole numbers"),
    "a shape that is larger": (of_preview([["uint8", [2, 2, 3]]], bytes(3)), "need 12 bytes, got 3"),
    "an overflowing shape": (of_preview([["uint8", [2**29, 2**29, 2**29]]], bytes(3)), "need .* bytes, got 3"),
    "too many arrays": (of_preview([["uint8", [0]]] * (MAX_ARRAYS + 1), b""), "at most 64 arrays"),
    "an array of another type": (of_preview([["float32", [1]]], bytes(4)), "picture is an array of uint8, got float32"),
    "a number of no array": (of_preview([], b""), "the number of an array"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_message_is_refused_in_words(name: str) -> None:
    content, words = WRONG[name]
    with pytest.raises(WireError, match=words):
        read_message(reader(content), ALL)


def test_an_action_that_cannot_be_is_refused() -> None:
    content = sent(MESSAGES["next"]())
    bad = np.float32(np.nan).tobytes()
    with pytest.raises(WireError, match="must be finite"):
        read_message(reader(content[:-4] + bad), ALL)


def test_only_the_messages_of_this_end_are_taken() -> None:
    with pytest.raises(WireError, match="got 'OpenWorld'"):
        read_message(reader(sent(MESSAGES["open"]())), PARENT_MESSAGES)


@given(st.binary(max_size=200))
def test_noise_is_no_message(noise: bytes) -> None:
    with pytest.raises((WireError, EOFError)):
        read_message(reader(noise), ALL)


@given(st.data())
def test_a_message_with_a_byte_changed_is_refused_or_another_message(data: st.DataObject) -> None:
    content = bytearray(sent(MESSAGES["history"]()))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = read_message(reader(bytes(content)), ALL)
    except (WireError, EOFError):
        return
    assert isinstance(found, HistoryFound)


def test_what_no_message_can_hold_is_refused_where_it_is_sent() -> None:
    with pytest.raises(WireError, match="cannot hold a set"):
        sent(StepDone("a", {1}, 4))  # type: ignore[arg-type]
    with pytest.raises(WireError, match="finite numbers"):
        sent(StepDone("a", float("nan"), 4))  # type: ignore[arg-type]
    with pytest.raises(WireError, match="at most 64 arrays of"):
        sent(PreviewReady("a", 1, np.array([object()])))
