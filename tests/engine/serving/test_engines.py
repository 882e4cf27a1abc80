"""The worker thread: requests in, events out; what goes wrong leaves the next request working."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from astra_studio.paths import BUNDLED_WORLD, assets
from astra_studio.problems import problem_of_failure
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import ChunkRequest, ChunkResult, Listener
from engine.models.weights.errors import WeightsMismatch, WeightsMissing
from engine.serving.child_engine import ChildEngine
from engine.serving.failures import failure_of
from engine.serving.in_process import InProcessEngine
from engine.serving.messages import (
    ChunkCancelled,
    ChunkDone,
    EngineEvent,
    FramesReady,
    MakeChunk,
    PreviewReady,
    RequestFailed,
    StepDone,
    TakeHistory,
    WorldOpened,
    WorldOpening,
)
from engine.worlds.fake import HEIGHT, WIDTH, FakeState, FakeWorld
from engine.worlds.location import WorldLocation
from tests.settings_builders import astra_settings

FAKE = WorldLocation(spec="fake")
BUNDLED = assets() / "models" / BUNDLED_WORLD
START = np.full((1, HEIGHT, WIDTH, 3), 90, np.uint8)


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


class AcceleratorError(RuntimeError):
    """Named as torch's."""


class FragileWorld(FakeWorld):
    """Fails at the first step with whatever it is given, and counts how often it was asked to restore."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.num_restored = 0

    def step(
        self, state: FakeState, request: ChunkRequest, listener: Listener, cancelled: Callable[[], bool]
    ) -> tuple[FakeState, ChunkResult]:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return super().step(state, request, listener, cancelled)

    def restore(self, *given: Any) -> FakeState:
        self.num_restored += 1
        return super().restore(*given)


def no_history(_num_latents: int) -> TakeHistory:
    raise AssertionError("nobody may ask for it")


def first_chunk(request_id: str, world: WorldLocation, num_steps: int = 4) -> MakeChunk:
    return MakeChunk(
        request_id=request_id,
        world=world,
        parent_id=None,
        start=START,
        index=0,
        take_seed=1,
        actions=parse_pose_line("w-8", clock=ASTRA_CLOCK),
        settings=astra_settings(num_steps=num_steps),
    )


class Desk:
    """An engine whose events the test takes one by one."""

    def __init__(self, *, in_process: bool = False, **options: Any) -> None:
        self.events: queue.Queue[EngineEvent] = queue.Queue()
        self.on_event: Callable[[EngineEvent], None] = self.events.put
        self.engine = InProcessEngine(**options) if in_process else ChildEngine()
        self.client = self.engine.connect(lambda event: self.on_event(event))

    def ask(self, request_id: str = "first", world: WorldLocation = FAKE, num_steps: int = 4) -> None:
        self.client.make_chunk(request_id, lambda: first_chunk(request_id, world, num_steps), no_history)

    def until(self, kind: type, timeout_s: float = 30.0) -> Any:
        """The next event of that kind; what comes before it is passed over, but no failure."""
        end = time.monotonic() + timeout_s
        while True:
            event = self.events.get(timeout=max(0.01, end - time.monotonic()))
            if isinstance(event, kind):
                return event
            assert not isinstance(event, RequestFailed), event


@pytest.fixture
def new_desk() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def new(**options: Any) -> Desk:
        made.append(Desk(**options))
        return made[-1]

    yield new
    for desk in made:
        desk.engine.close()


@pytest.mark.parametrize("in_process", [True, False], ids=["thread", "child"])
def test_a_chunk_is_told_stage_by_stage_and_comes_whole(new_desk: Callable[..., Desk], in_process: bool) -> None:
    desk = new_desk(in_process=in_process)
    desk.ask()
    kinds: list[type] = []
    while True:
        event = desk.events.get(timeout=30)
        kinds.append(type(event))
        if isinstance(event, ChunkDone):
            break
    assert kinds == [WorldOpening, WorldOpened, *[StepDone, PreviewReady] * 4, *[FramesReady] * 9, ChunkDone]
    assert event.result.frames.shape == (33, HEIGHT, WIDTH, 3)
    assert event.start_latents is not None
    state, start = FakeWorld().open(START, "camera").state, FakeWorld()
    _, expected = start.step(state, event.result.request)
    assert event.result.latents_sha256 == expected.latents_sha256
    assert (event.result.frames == expected.frames).all()


def test_an_open_world_is_not_opened_again(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)
    desk.client.open_world(FAKE)
    desk.until(WorldOpened)
    desk.client.open_world(FAKE)
    assert isinstance(desk.events.get(timeout=10), WorldOpened)


@pytest.mark.parametrize("in_process", [True, False], ids=["thread", "child"])
def test_cancel_is_heard_by_a_world_that_is_never_silent(new_desk: Callable[..., Desk], in_process: bool) -> None:
    desk = new_desk(in_process=in_process)
    desk.ask(world=WorldLocation(spec="fake:20"), num_steps=4000)
    desk.until(StepDone)
    began_s = time.monotonic()
    desk.client.cancel("first")
    assert desk.until(ChunkCancelled).request_id == "first"
    assert time.monotonic() - began_s < 5
    desk.ask("second")
    assert desk.until(ChunkDone).request_id == "second"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OutOfMemoryError("CUDA out of memory"), "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out_of_memory"),
        (AcceleratorError("CUDA error: device-side assert"), "device_lost"),
        (ValueError("a chunk needs at least one action row"), "bad_input"),
        (ZeroDivisionError(), "bug"),
    ],
)
def test_what_a_model_raises_is_told_by_its_kind_and_the_next_request_works(
    new_desk: Callable[..., Desk], error: Exception, kind: str
) -> None:
    world = FragileWorld(error)
    desk = new_desk(in_process=True, open_world=lambda _location: world)
    desk.ask()
    desk.until(WorldOpened)
    failed = desk.events.get(timeout=10)
    assert isinstance(failed, RequestFailed)
    assert (failed.request_id, failed.failure.kind) == ("first", kind)
    assert problem_of_failure(failed.failure).todo
    desk.ask("second")
    assert desk.until(ChunkDone).request_id == "second"


def test_weights_have_kinds_of_their_own() -> None:
    assert failure_of(WeightsMissing("no file")).kind == "weights_missing"
    assert failure_of(WeightsMismatch("wrong shape")).kind == "weights_mismatch"


@pytest.mark.logs("the engine could not do what it was asked|what lies before a chunk cannot be read")
def test_a_request_that_cannot_be_prepared_fails_alone(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)

    def unreadable() -> MakeChunk:
        raise OSError(5, "Input/output error")

    desk.client.make_chunk("first", unreadable, no_history)
    failed = desk.events.get(timeout=10)
    assert isinstance(failed, RequestFailed)
    assert failed.request_id == "first"
    desk.ask("second")
    assert desk.until(ChunkDone).request_id == "second"


@pytest.mark.logs("the engine's process has ended|the engine could not do what it was asked")
def test_a_process_that_cannot_be_started_fails_the_request_and_not_the_thread(
    new_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = new_desk()

    def no_more_processes(*_command: object, **_options: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", no_more_processes)
    desk.ask()
    failed = desk.events.get(timeout=10)
    assert isinstance(failed, RequestFailed)
    assert failed.request_id == "first"
    monkeypatch.undo()
    desk.ask("second")
    assert desk.until(ChunkDone).request_id == "second"


@pytest.mark.logs("an event of the engine was not taken")
def test_a_listener_that_fails_does_not_end_the_engine(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)

    def fragile(event: EngineEvent) -> None:
        desk.on_event = desk.events.put
        raise KeyError("a mistake of the window's")

    desk.on_event = fragile
    desk.ask()
    assert desk.until(ChunkDone).request_id == "first"


@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("in_process", [True, False], ids=["thread", "child"])
def test_cancel_is_heard_at_every_step(new_desk: Callable[..., Desk], step: int, in_process: bool) -> None:
    desk = new_desk(in_process=in_process)

    def cancel_there(event: EngineEvent) -> None:
        desk.events.put(event)
        if isinstance(event, StepDone) and event.step == step:
            desk.client.cancel("first")

    desk.on_event = cancel_there
    desk.ask(world=WorldLocation(spec="fake:0.4" if in_process else "fake:2"), num_steps=4)
    told = []
    while not isinstance(event := desk.events.get(timeout=30), (ChunkCancelled, ChunkDone, RequestFailed)):
        told.append(event)
    steps = [event.step for event in told if isinstance(event, StepDone)]
    # The child hears of it while the next step is already being made; after the last one only pictures are left.
    most = step if in_process else step + 1
    assert len(steps) in range(step, most + 1)
    assert isinstance(event, ChunkCancelled if most < 4 else (ChunkCancelled, ChunkDone))
    desk.on_event = desk.events.put
    desk.ask("second")
    assert desk.until(ChunkDone).request_id == "second"


def test_a_second_cancel_does_not_wait_for_a_step_that_takes_for_ever(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk()
    desk.ask(world=WorldLocation(spec="fake:240"), num_steps=4)
    desk.until(WorldOpened)
    desk.client.cancel("first")
    with pytest.raises(queue.Empty):
        desk.events.get(timeout=0.5)
    desk.client.cancel("first")
    assert desk.until(ChunkCancelled, timeout_s=5).request_id == "first"
    desk.ask("second")
    assert desk.until(ChunkDone).request_id == "second"


def test_a_process_that_dies_while_it_is_cancelled_is_not_asked_again(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk()
    desk.ask(world=WorldLocation(spec="fake:240"), num_steps=4)
    desk.until(WorldOpened)
    desk.client.cancel("first")
    pid = desk.engine.child_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert desk.until(ChunkCancelled, timeout_s=5).request_id == "first"


@pytest.mark.logs("the engine's process has ended")
def test_a_process_that_dies_twice_over_one_chunk_fails_it_and_the_next_one_works(
    new_desk: Callable[..., Desk],
) -> None:
    desk = new_desk()
    desk.ask(world=WorldLocation(spec="fake:20"), num_steps=100)
    for _ in range(2):
        desk.until(StepDone)
        pid = desk.engine.child_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while desk.engine.child_pid == pid:
            time.sleep(0.01)
        while not desk.events.empty() and not isinstance(desk.events.queue[0], RequestFailed):
            desk.events.get()
    failed = desk.events.get(timeout=30)
    assert isinstance(failed, RequestFailed)
    assert failed.failure.kind == "out_of_memory", "the system kills what takes too much"
    desk.ask("second")
    assert desk.until(ChunkDone).request_id == "second"


def test_a_world_whose_files_have_changed_is_not_taken_for_the_one_that_is_meant(
    new_desk: Callable[..., Desk],
) -> None:
    desk = new_desk(in_process=True)
    for fingerprint in (FakeWorld().info.fingerprint, "of other weights"):
        asked = replace(first_chunk("first", FAKE), fingerprint=fingerprint)
        desk.client.make_chunk("first", lambda asked=asked: asked, no_history)
    desk.until(ChunkDone)
    failed = desk.events.get(timeout=10)
    assert isinstance(failed, RequestFailed)
    assert failed.failure.kind == "bad_input"
    assert "not the one that the take was made with" in failed.failure.message
    desk.ask("second")
    desk.until(ChunkDone)


def test_every_client_hears_what_it_asked_for_and_nothing_else(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)
    others: queue.Queue[EngineEvent] = queue.Queue()
    other = desk.engine.connect(others.put)
    desk.ask("same name")
    other.open_world(WorldLocation(spec="nowhere"))
    assert desk.until(ChunkDone).request_id == "same name"
    heard = [others.get(timeout=10), others.get(timeout=10)]
    assert [type(event) for event in heard] == [WorldOpening, RequestFailed]
    assert desk.events.empty()


def test_a_client_cancels_its_own_request_and_not_one_of_the_same_name(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)
    other = desk.engine.connect(lambda _event: None)
    desk.ask(world=WorldLocation(spec="fake:0.4"))
    desk.until(StepDone)
    other.cancel("first")
    assert desk.until(ChunkDone).request_id == "first"


def test_a_client_that_has_gone_stops_its_chunk_and_hears_no_more(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)
    others: queue.Queue[EngineEvent] = queue.Queue()
    other = desk.engine.connect(others.put)
    slow = WorldLocation(spec="fake:60")
    other.make_chunk("slow", lambda: first_chunk("slow", slow, 4000), no_history)
    while not isinstance(others.get(timeout=10), StepDone):
        pass
    other.disconnect()
    began_s = time.monotonic()
    desk.ask()
    desk.until(ChunkDone)
    assert time.monotonic() - began_s < 5
    while not others.empty():
        assert isinstance(others.get(), (StepDone, PreviewReady)), "what was on its way"


def test_closing_ends_the_process_at_once_in_the_middle_of_a_chunk() -> None:
    desk = Desk()
    desk.ask(world=WorldLocation(spec="fake:60"), num_steps=600)
    desk.until(StepDone)
    pid = desk.engine.child_pid
    assert pid is not None
    began_s = time.monotonic()
    desk.engine.close()
    assert time.monotonic() - began_s < 5
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_closing_does_not_wait_for_a_world_to_open() -> None:
    desk = Desk()
    desk.client.open_world(WorldLocation(spec=BUNDLED_WORLD, catalogue=((BUNDLED_WORLD, str(BUNDLED)),), device="cpu"))
    desk.until(WorldOpening)  # importing torch comes next, which hears nothing
    began_s = time.monotonic()
    desk.engine.close()
    assert time.monotonic() - began_s < 1.0
