"""The worker thread: requests in, answers out; what goes wrong leaves the next request working."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import SpawnProcess
from typing import Any

import numpy as np
import pytest

from astra_studio.paths import BUNDLED_WORLD, assets
from astra_studio.services.engine_host import failure
from astra_studio.services.engine_messages import (
    Answer,
    Done,
    Failed,
    MakeChunk,
    Opened,
    Opening,
    Previewed,
    Stepped,
    Stopped,
    WorldPlace,
)
from astra_studio.services.engine_thread import EngineThread
from engine.actions.pose_line import parse_pose_line
from engine.messages import ChunkRequest, ChunkResult, Listener, SamplingSettings
from engine.models.weights.errors import WeightsMismatch, WeightsMissing
from engine.worlds.fake import HEIGHT, WIDTH, FakeState, FakeWorld

FAKE = WorldPlace(spec="fake")
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


class Desk:
    """An engine whose answers the test takes one by one."""

    def __init__(self, **options: Any) -> None:
        self.answers: queue.Queue[Answer] = queue.Queue()
        self.engine = EngineThread(self.answers.put, **options)

    def ask(self, ticket: str = "first", place: WorldPlace = FAKE, num_steps: int = 4) -> None:
        request = ChunkRequest(
            index=0, actions=parse_pose_line("w-8"), seed=1, settings=SamplingSettings(num_steps=num_steps)
        )
        self.engine.make(ticket, lambda: MakeChunk(ticket=ticket, world=place, request=request, tip=None, start=START))

    def until(self, kind: type, timeout_s: float = 30.0) -> Any:
        """The next answer of that kind; what comes before it is passed over, but no failure."""
        end = time.monotonic() + timeout_s
        while True:
            answer = self.answers.get(timeout=max(0.01, end - time.monotonic()))
            if isinstance(answer, kind):
                return answer
            assert not isinstance(answer, Failed), answer


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
        answer = desk.answers.get(timeout=30)
        kinds.append(type(answer))
        if isinstance(answer, Done):
            break
    assert kinds == [Opening, Opened, *[Stepped, Previewed] * 4, Done]
    assert answer.result.frames.shape == (33, HEIGHT, WIDTH, 3)
    assert answer.start_latents is not None
    state, start = FakeWorld().open(START, "camera").state, FakeWorld()
    _, expected = start.step(state, answer.result.request)
    assert answer.result.latents_sha256 == expected.latents_sha256
    assert (answer.result.frames == expected.frames).all()


def test_an_open_world_is_not_opened_again(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)
    desk.engine.open_world(FAKE)
    desk.until(Opened)
    desk.engine.open_world(FAKE)
    assert isinstance(desk.answers.get(timeout=10), Opened)


@pytest.mark.parametrize("in_process", [True, False], ids=["thread", "child"])
def test_cancel_is_heard_by_a_world_that_is_never_silent(new_desk: Callable[..., Desk], in_process: bool) -> None:
    desk = new_desk(in_process=in_process)
    desk.ask(place=WorldPlace(spec="fake", seconds_per_chunk=20.0), num_steps=4000)
    desk.until(Stepped)
    began_s = time.monotonic()
    desk.engine.cancel("first")
    assert desk.until(Stopped).ticket == "first"
    assert time.monotonic() - began_s < 5
    desk.ask("second")
    assert desk.until(Done).ticket == "second"


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
    desk = new_desk(in_process=True, open_world=lambda _place: world)
    desk.ask()
    desk.until(Opened)
    failed = desk.answers.get(timeout=10)
    assert isinstance(failed, Failed)
    assert (failed.ticket, failed.kind) == ("first", kind)
    assert failed.problem.todo
    desk.ask("second")
    assert desk.until(Done).ticket == "second"


def test_weights_have_kinds_of_their_own() -> None:
    assert failure(None, WeightsMissing("no file")).kind == "weights_missing"
    assert failure(None, WeightsMismatch("wrong shape")).kind == "weights_mismatch"


def test_a_request_that_cannot_be_prepared_fails_alone(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)

    def unreadable() -> MakeChunk:
        raise OSError(5, "Input/output error")

    desk.engine.make("first", unreadable)
    failed = desk.answers.get(timeout=10)
    assert isinstance(failed, Failed)
    assert failed.ticket == "first"
    desk.ask("second")
    assert desk.until(Done).ticket == "second"


def test_a_process_that_cannot_be_started_fails_the_request_and_not_the_thread(
    new_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = new_desk()
    start = SpawnProcess.start

    def no_more_processes(_process: SpawnProcess) -> None:
        raise RuntimeError("the system gives no more processes")

    monkeypatch.setattr(SpawnProcess, "start", no_more_processes)
    desk.ask()
    failed = desk.answers.get(timeout=10)
    assert isinstance(failed, Failed)
    assert failed.ticket == "first"
    monkeypatch.setattr(SpawnProcess, "start", start)
    desk.ask("second")
    assert desk.until(Done).ticket == "second"


def test_a_listener_that_fails_does_not_end_the_engine(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(in_process=True)

    def fragile(answer: Answer) -> None:
        desk.engine.on_answer = desk.answers.put
        raise KeyError("a mistake of the window's")

    desk.engine.on_answer = fragile
    desk.ask()
    assert desk.until(Done).ticket == "first"


@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("in_process", [True, False], ids=["thread", "child"])
def test_cancel_is_heard_at_every_step(new_desk: Callable[..., Desk], step: int, in_process: bool) -> None:
    desk = new_desk(in_process=in_process)

    def cancel_there(answer: Answer) -> None:
        desk.answers.put(answer)
        if isinstance(answer, Stepped) and answer.step == step:
            desk.engine.cancel("first")

    desk.engine.on_answer = cancel_there
    desk.ask(place=WorldPlace(spec="fake", seconds_per_chunk=0.4 if in_process else 2.0), num_steps=4)
    told = []
    while not isinstance(answer := desk.answers.get(timeout=30), (Stopped, Done, Failed)):
        told.append(answer)
    steps = [answer.step for answer in told if isinstance(answer, Stepped)]
    # The child hears of it while the next step is already being made; after the last one only pictures are left.
    most = step if in_process else step + 1
    assert len(steps) in range(step, most + 1)
    assert isinstance(answer, Stopped if most < 4 else (Stopped, Done))
    desk.engine.on_answer = desk.answers.put
    desk.ask("second")
    assert desk.until(Done).ticket == "second"


def test_a_second_cancel_does_not_wait_for_a_step_that_takes_for_ever(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk()
    desk.ask(place=WorldPlace(spec="fake", seconds_per_chunk=240.0), num_steps=4)
    desk.until(Opened)
    desk.engine.cancel("first")
    with pytest.raises(queue.Empty):
        desk.answers.get(timeout=0.5)
    desk.engine.cancel("first")
    assert desk.until(Stopped, timeout_s=5).ticket == "first"
    desk.ask("second")
    assert desk.until(Done).ticket == "second"


def test_a_process_that_dies_while_it_is_cancelled_is_not_asked_again(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk()
    desk.ask(place=WorldPlace(spec="fake", seconds_per_chunk=240.0), num_steps=4)
    desk.until(Opened)
    desk.engine.cancel("first")
    pid = desk.engine.child_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert desk.until(Stopped, timeout_s=5).ticket == "first"


def test_a_process_that_dies_twice_over_one_chunk_fails_it_and_the_next_one_works(
    new_desk: Callable[..., Desk],
) -> None:
    desk = new_desk()
    desk.ask(place=WorldPlace(spec="fake", seconds_per_chunk=20.0), num_steps=100)
    for _ in range(2):
        desk.until(Stepped)
        pid = desk.engine.child_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while desk.engine.child_pid == pid:
            time.sleep(0.01)
        while not desk.answers.empty() and not isinstance(desk.answers.queue[0], Failed):
            desk.answers.get()
    failed = desk.answers.get(timeout=30)
    assert isinstance(failed, Failed)
    assert failed.kind == "out_of_memory", "the system kills what takes too much"
    desk.ask("second")
    assert desk.until(Done).ticket == "second"


def test_closing_ends_the_process_at_once_in_the_middle_of_a_chunk() -> None:
    desk = Desk()
    desk.ask(place=WorldPlace(spec="fake", seconds_per_chunk=60.0), num_steps=600)
    desk.until(Stepped)
    pid = desk.engine.child_pid
    assert pid is not None
    began_s = time.monotonic()
    desk.engine.close()
    assert time.monotonic() - began_s < 5
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_closing_does_not_wait_for_a_world_to_open() -> None:
    desk = Desk()
    desk.engine.open_world(WorldPlace(spec=BUNDLED_WORLD, catalogue=((BUNDLED_WORLD, str(BUNDLED)),), device="cpu"))
    desk.until(Opening)  # importing torch comes next, which hears nothing
    began_s = time.monotonic()
    desk.engine.close()
    assert time.monotonic() - began_s < 1.0
