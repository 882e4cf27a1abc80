"""What every world must do. A kind adds a way to make one of its worlds in `tests/contracts/worlds.py`.

Steps are kept few, for worlds that compute; everything else is as a user would have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from engine.actions.modality import ActionTrack, modality, rest_rows
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import (
    Cancelled,
    ChunkRequest,
    ChunkResult,
    Event,
    FramesDecoded,
    Preview,
    Progress,
    TakeHistory,
    chunk_seed,
)
from engine.settings import Settings
from engine.worlds.protocol import MAX_START_LATENTS, WorldModel
from engine.worlds.registry import BUILT_IN
from tests.contracts.worlds import WORLD_FACTORIES, WorldFactory

NUM_STEPS = 2
CHUNK = 8
LONG = 5
"""Chunks after which a window is full and its start has moved on: 41 latents."""
FAR = 2000


def history(latents: np.ndarray, num_latents: int, num_start: int, actions: ActionTrack) -> TakeHistory:
    return TakeHistory(latents=latents, num_latents=num_latents, num_start=num_start, actions=actions)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A take made chunk by chunk: what a rollout would know of it."""

    world: WorldModel
    states: list[Any]
    latents: list[np.ndarray]
    """The start's, and every chunk's."""
    results: list[ChunkResult]
    rows: list[np.ndarray]

    def latents_up_to(self, num_chunks: int) -> np.ndarray:
        return np.concatenate(self.latents[: 1 + num_chunks], axis=1)

    def restored(self, num_chunks: int, kind: str = "camera") -> Any:
        """The state after so many chunks, from no more than the world says it needs."""
        latents = self.latents_up_to(num_chunks)
        num_start = self.latents[0].shape[1]
        track = ActionTrack(modality(kind), np.concatenate(self.rows[: 1 + num_chunks]))
        tail = latents[:, -self.world.restore_latents :].copy()
        return self.world.restore(history(tail, latents.shape[1], num_start, track))


@dataclass
class Cancel:
    """Hears events, and wants to stop after so many."""

    after: int
    heard: list[Event] = field(default_factory=list)

    def listener(self, event: Event) -> None:
        self.heard.append(event)

    def wanted(self) -> bool:
        return len(self.heard) >= self.after


@pytest.fixture(scope="module", params=WORLD_FACTORIES)
def factory(request: pytest.FixtureRequest) -> WorldFactory:
    return WORLD_FACTORIES[request.param]


@pytest.fixture(scope="module")
def world(factory: WorldFactory, request: pytest.FixtureRequest) -> WorldModel:
    return factory.open(request)


@pytest.fixture(scope="module")
def long_walk(world: WorldModel) -> Iterator[Walk]:
    """One take that the module's tests look at, and none changes."""
    walk = walked(world, chunks(LONG))
    kept = [latents.copy() for latents in walk.latents]
    yield walk
    assert all(np.array_equal(a, b) for a, b in zip(walk.latents, kept, strict=True)), "a step changed older latents"


def picture(world: WorldModel, num: int = 1) -> np.ndarray:
    """`num` different start frames of the world's size."""
    y, x = np.mgrid[: world.info.height, : world.info.width]
    ramp = np.stack([x * 255 // world.info.width, y * 255 // world.info.height, 255 - x * 255 // world.info.width], -1)
    ramp[world.info.height // 3 : world.info.height // 2, world.info.width // 4 : world.info.width // 2] = 20
    return np.stack([np.roll(ramp, i, axis=1) for i in range(num)]).astype(np.uint8)


def sampling(world: WorldModel) -> Settings:
    return with_steps(world, NUM_STEPS)


def with_steps(world: WorldModel, count: int) -> Settings:
    """Settings with so many steps per chunk, in worlds that let one choose."""
    return world.info.settings_with({spec.name: count for spec in world.info.settings if spec.counts_steps})


def chunks(count: int) -> list[ActionTrack]:
    """`count` chunks of moves that all differ."""
    moves = ["w-5 left-3", "left-4 w+left-4", "d-2 up-6", "s-8", "right+w-7 hold-1"]
    return [parse_pose_line(moves[i % len(moves)], clock=ASTRA_CLOCK) for i in range(count)]


def request(world: WorldModel, actions: ActionTrack, index: int = 0, seed: int | None = None) -> ChunkRequest:
    seed = chunk_seed(1, index) if seed is None else seed
    return ChunkRequest(index=index, actions=actions, seed=seed, settings=sampling(world))


def step(world: WorldModel, state: Any, wanted: ChunkRequest) -> tuple[Any, ChunkResult]:
    return world.step(state, wanted, lambda _event: None, lambda: False)


def walked(world: WorldModel, tracks: list[ActionTrack], num_start_frames: int = 1) -> Walk:
    kind = tracks[0].modality
    opened = world.open(picture(world, num_start_frames), kind.name)
    walk = Walk(
        world=world,
        states=[opened.state],
        latents=[opened.latents],
        results=[],
        rows=[rest_rows(kind, opened.latents.shape[1])],
    )
    for index, track in enumerate(tracks):
        state, result = step(world, walk.states[-1], request(world, track, index))
        walk.states.append(state)
        walk.latents.append(result.latents)
        walk.results.append(result)
        walk.rows.append(track.rows)
    return walk


def assert_same(one: ChunkResult, other: ChunkResult, atol: float = 0.0) -> None:
    """The same chunk: to the last bit, unless a tolerance is given."""
    assert one.frames.shape == other.frames.shape
    np.testing.assert_allclose(one.latents, other.latents, rtol=0, atol=atol)
    levels = int(np.ceil(255 * atol))
    assert np.abs(one.frames.astype(int) - other.frames.astype(int)).max() <= levels


def altered(actions: ActionTrack, tick: int) -> ActionTrack:
    """The same actions, but for one tick."""
    rows = actions.rows.copy()
    rows[tick] = parse_pose_line("s+right+down-1", clock=ASTRA_CLOCK).rows[0]
    return ActionTrack(actions.modality, rows)


def test_every_kind_of_the_program_is_held_to_this():
    assert {name.split()[0] for name in WORLD_FACTORIES} >= set(BUILT_IN)


# ---------------------------------------------------------------------- what it says of itself


def test_it_says_what_it_is(world):
    info = world.info
    assert info.name
    assert info.fingerprint
    assert info.device
    assert min(info.width, info.height, info.clock.fps, info.clock.latents_per_chunk, world.restore_latents) >= 1
    assert info.aspect == info.width / info.height
    assert info.modalities
    assert all(modality(name).name == name for name in info.modalities)


# ---------------------------------------------------------------------- shapes


@pytest.mark.parametrize("num_start", [1, 2, 3])
def test_opening_gives_the_start_latents_and_the_first_chunk_shows_the_start_frames(world, num_start):
    clock = world.info.clock
    num_frames_given = clock.num_frames(num_start)
    walk = walked(world, chunks(2), num_frames_given)
    start = walk.latents[0]
    assert start.dtype == np.float32
    assert start.ndim == 4
    assert start.shape[1] == num_start
    first, second = walk.results
    assert first.frames.shape == (
        num_frames_given + clock.frames_per_latent * CHUNK,
        world.info.height,
        world.info.width,
        3,
    )
    assert second.frames.shape == (clock.frames_per_latent * CHUNK, world.info.height, world.info.width, 3)
    assert first.first_latent == start.shape[1]
    assert second.first_latent == start.shape[1] + CHUNK
    for result in walk.results:
        assert result.frames.dtype == np.uint8
        assert result.latents.dtype == np.float32
        assert result.latents.shape == (start.shape[0], CHUNK, *start.shape[2:])
        assert np.all(np.isfinite(result.latents))


@pytest.mark.parametrize("num_latents", [1, 3, 9])
def test_a_chunk_has_a_latent_for_every_action_row(world, num_latents):
    opened = world.open(picture(world), "camera")
    actions = parse_pose_line(f"w-{num_latents}", clock=ASTRA_CLOCK)
    state, result = step(world, opened.state, request(world, actions))
    assert result.latents.shape[1] == num_latents
    assert len(result.frames) == world.info.clock.num_frames(1 + num_latents)
    _, following = step(world, state, request(world, actions, 1))
    assert following.first_latent == 1 + num_latents


def test_every_modality_that_it_names_can_be_driven(world):
    for name in world.info.modalities:
        kind = modality(name)
        walk = walked(world, [ActionTrack(kind, rest_rows(kind, 2))] * 2)
        assert walk.results[1].first_latent == 3


def test_the_longest_start_is_taken(world):
    clock = world.info.clock
    most = clock.num_frames(MAX_START_LATENTS)
    opened = world.open(picture(world, most), "camera")
    assert opened.latents.shape[1] == MAX_START_LATENTS
    _, result = step(world, opened.state, request(world, parse_pose_line("w-1", clock=ASTRA_CLOCK)))
    assert len(result.frames) == most + clock.frames_per_latent


def test_the_result_carries_its_request_and_times(world, long_walk):
    for index, result in enumerate(long_walk.results):
        assert result.request == request(world, result.request.actions, index)
        assert all(seconds >= 0 for seconds in result.seconds.values())
        assert {"pack", "denoise", "decode"} <= set(result.seconds)


# ---------------------------------------------------------------------- seeds


def test_the_same_request_gives_the_same_chunk(world, long_walk):
    again = walked(world, chunks(2))
    assert_same(again.results[0], long_walk.results[0])
    assert_same(again.results[1], long_walk.results[1])


def test_a_state_is_a_value_that_may_be_stepped_from_again(world, long_walk):
    """Every older state still gives its chunk, after all those that were made since."""
    for index in (0, 2, LONG - 1):
        following, again = step(world, long_walk.states[index], long_walk.results[index].request)
        assert_same(again, long_walk.results[index])
        if index + 1 < LONG:
            assert_same(step(world, following, long_walk.results[index + 1].request)[1], long_walk.results[index + 1])


def test_another_seed_gives_other_latents(world, long_walk):
    wanted = long_walk.results[1].request
    _, other = step(world, long_walk.states[1], replace(wanted, seed=wanted.seed + 1))
    assert not np.array_equal(other.latents, long_walk.results[1].latents)


def test_another_picture_gives_other_latents_unless_the_world_ignores_it(world, long_walk):
    other = world.open(255 - picture(world), "camera")
    _, result = step(world, other.state, long_walk.results[0].request)
    is_same = np.array_equal(result.latents, long_walk.results[0].latents)
    assert is_same == ("picture" in world.info.ignores)


# ---------------------------------------------------------------------- events and cancel


def test_progress_counts_every_step_up_to_the_last(world):
    heard: list[Event] = []
    opened = world.open(picture(world), "camera")
    wanted = replace(request(world, chunks(1)[0], index=4), settings=with_steps(world, 3))
    world.step(opened.state, wanted, heard.append, lambda: False)
    assert [e for e in heard if isinstance(e, Progress)] == [Progress(4, number, 3) for number in (1, 2, 3)]
    for preview in (e for e in heard if isinstance(e, Preview)):
        assert preview.picture.dtype == np.uint8
        assert preview.picture.ndim == 3
        assert preview.picture.shape[2] == 3
        assert preview.chunk == 4
        assert 1 <= preview.step <= 3


@pytest.mark.parametrize("num_frames_given", [1, 9])
@pytest.mark.parametrize("index", [0, 1])
def test_frames_are_told_latent_by_latent_and_are_those_of_the_result(world, num_frames_given, index):
    walk = walked(world, chunks(index + 1), num_frames_given)
    heard: list[Event] = []
    _, result = world.step(walk.states[index], walk.results[index].request, heard.append, lambda: False)
    told = [event for event in heard if isinstance(event, FramesDecoded)]
    assert [event.first_frame for event in told] == np.cumsum([0, *(len(event.frames) for event in told)])[:-1].tolist()
    assert np.array_equal(np.concatenate([event.frames for event in told]), result.frames)
    assert len(told) >= CHUNK
    assert max(len(event.frames) for event in told) < len(result.frames)
    assert {event.chunk for event in told} == {index}
    assert_same(result, walk.results[index])


@pytest.mark.parametrize("num_events", [0, 1])
@pytest.mark.parametrize("index", [0, 2])
def test_cancel_leaves_the_state_as_it_was(world, long_walk, num_events, index):
    wanted = long_walk.results[index].request
    cancel = Cancel(num_events)
    with pytest.raises(Cancelled):
        world.step(long_walk.states[index], wanted, cancel.listener, cancel.wanted)
    assert sum(isinstance(event, Progress) for event in cancel.heard) < NUM_STEPS
    assert_same(step(world, long_walk.states[index], wanted)[1], long_walk.results[index])


def test_a_listener_that_fails_leaves_the_state_as_it_was(world, long_walk):
    def fails(_event: Event) -> None:
        raise RuntimeError("the window is gone")

    wanted = long_walk.results[2].request
    with pytest.raises(RuntimeError, match="the window is gone"):
        world.step(long_walk.states[2], wanted, fails, lambda: False)
    assert_same(step(world, long_walk.states[2], wanted)[1], long_walk.results[2])


# ---------------------------------------------------------------------- restore


@pytest.mark.parametrize("num_chunks", range(LONG))
def test_a_restored_state_goes_on_as_a_fresh_run(world, factory, long_walk, num_chunks):
    following, again = step(world, long_walk.restored(num_chunks), long_walk.results[num_chunks].request)
    assert_same(again, long_walk.results[num_chunks], factory.atol)
    if num_chunks + 1 < LONG:
        _, next_again = step(world, following, long_walk.results[num_chunks + 1].request)
        assert_same(next_again, long_walk.results[num_chunks + 1], factory.atol)


def test_more_latents_than_needed_restore_the_same(world, factory, long_walk):
    latents = long_walk.latents_up_to(LONG - 1)
    track = ActionTrack(modality("camera"), np.concatenate(long_walk.rows[:LONG]))
    state = world.restore(history(latents, latents.shape[1], 1, track))
    _, again = step(world, state, long_walk.results[LONG - 1].request)
    assert_same(again, long_walk.results[LONG - 1], factory.atol)


def test_a_take_from_several_frames_is_restored_too(world, factory):
    walk = walked(world, chunks(3), world.info.clock.num_frames(3))
    for num_chunks in range(3):
        _, again = step(world, walk.restored(num_chunks), walk.results[num_chunks].request)
        assert_same(again, walk.results[num_chunks], factory.atol)


def test_restoring_does_not_keep_the_latents_it_was_given(world, factory, long_walk):
    latents = long_walk.latents_up_to(2)
    track = ActionTrack(modality("camera"), np.concatenate(long_walk.rows[:3]))
    state = world.restore(history(latents, latents.shape[1], 1, track))
    latents[:] = 0
    _, again = step(world, state, long_walk.results[2].request)
    assert_same(again, long_walk.results[2], factory.atol)


def test_less_than_it_needs_is_refused_with_what_it_needs(world, long_walk):
    if world.restore_latents < 2:
        pytest.skip("there is nothing less than one latent")
    track = ActionTrack(modality("camera"), np.concatenate(long_walk.rows[:2]))
    short = long_walk.latents_up_to(1)[:, -1:]
    with pytest.raises(ValueError, match="restoring after 9 latents needs the last 9, got 1"):
        world.restore(history(short, 9, 1, track))
    with pytest.raises(ValueError, match="needs as many action rows, got 8"):
        world.restore(history(long_walk.latents_up_to(1), 9, 1, track.slice(0, 8)))


# ---------------------------------------------------------------------- how large a state is


def test_a_state_says_its_bytes_and_does_not_grow_with_the_take(world, long_walk):
    """60 chunks on it is no larger than when its windows were first full."""
    full = max(world.state_bytes(state) for state in long_walk.states)
    assert all(world.state_bytes(state) > 0 for state in long_walk.states)
    latents = long_walk.latents_up_to(LONG)[:, -max(world.restore_latents, 1) :]
    rows = np.concatenate([chunks(1)[0].rows] * 40)
    state = world.restore(history(latents, len(rows), 1, ActionTrack(modality("camera"), rows)))
    quick = replace(request(world, chunks(1)[0]), settings=with_steps(world, 1))
    _, start_sizes = None, []
    for index in range(60):
        state, _ = step(world, state, replace(quick, index=index, actions=chunks(1)[0].slice(0, 1 + index % 2)))
        start_sizes.append(world.state_bytes(state))
    assert max(start_sizes[30:]) == max(start_sizes[:20])
    assert max(start_sizes) < full + 164 * rows.itemsize * rows.shape[1] + 1024


def test_a_state_off_the_device_gives_the_same_chunk_and_leaves_the_other_good(world, long_walk):
    for index in (0, 2):
        moved = world.off_device(long_walk.states[index])
        assert world.state_bytes(moved) == world.state_bytes(long_walk.states[index])
        wanted = long_walk.results[index].request
        assert_same(step(world, moved, wanted)[1], long_walk.results[index])
        assert_same(step(world, long_walk.states[index], wanted)[1], long_walk.results[index])


# ---------------------------------------------------------------------- actions right past the window


@dataclass(frozen=True, kw_only=True)
class FarTake:
    """A take of 2000 latents, the last of which are those of a long walk, over and over."""

    world: WorldModel
    tail: np.ndarray
    rows: np.ndarray
    state: Any
    request: ChunkRequest
    result: ChunkResult

    def restored(self, num_latents: int, rows: np.ndarray) -> Any:
        """The same last latents, at another place or after other rows."""
        return self.world.restore(history(self.tail.copy(), num_latents, 1, ActionTrack(modality("camera"), rows)))

    @property
    def reach(self) -> int:
        """So far back may a row matter: as far as the latents that `restore` asks for."""
        return max(self.world.restore_latents, CHUNK)


@pytest.fixture(scope="module")
def far_take(world: WorldModel, long_walk: Walk) -> FarTake:
    made = long_walk.latents_up_to(LONG)[:, 1:]
    repeats = -(-world.restore_latents // made.shape[1])
    tail = np.concatenate([made] * repeats, axis=1)[:, -world.restore_latents :]
    rows = np.concatenate([track.rows for track in chunks(FAR // CHUNK)])
    state = world.restore(history(tail.copy(), FAR, 1, ActionTrack(modality("camera"), rows)))
    wanted = request(world, chunks(1)[0])
    _, result = step(world, state, wanted)
    return FarTake(world=world, tail=tail, rows=rows, state=state, request=wanted, result=result)


def assert_steers(world: WorldModel, plain: ChunkResult, other: ChunkResult) -> None:
    """Another action has made another chunk, or the very same where the world says that it ignores them."""
    assert np.array_equal(plain.latents, other.latents) == ("actions" in world.info.ignores)


@pytest.mark.parametrize("tick", [0, CHUNK - 1])
@pytest.mark.parametrize("index", [3, LONG - 1])
def test_past_the_window_every_tick_still_steers(world, long_walk, index, tick):
    plain = long_walk.results[index]
    actions = altered(plain.request.actions, tick)
    _, other = step(world, long_walk.states[index], replace(plain.request, actions=actions))
    assert plain.first_latent > 24
    assert_steers(world, plain, other)


@pytest.mark.parametrize("tick", [0, CHUNK - 1])
def test_two_thousand_latents_on_every_tick_still_steers(world, far_take, tick):
    actions = altered(far_take.request.actions, tick)
    _, other = step(world, far_take.state, replace(far_take.request, actions=actions))
    assert far_take.result.first_latent == other.first_latent == FAR
    assert_steers(world, far_take.result, other)


def test_rows_of_the_far_past_steer_nothing(world, far_take):
    """The released code's dead controls: there, rows 20 to 27 of the take stand in for the chunk's own."""
    rows = far_take.rows.copy()
    rows[: FAR - far_take.reach] = rest_rows(modality("camera"), 1)
    _, other = step(world, far_take.restored(FAR, rows), far_take.request)
    assert_same(far_take.result, other)


def test_a_chunk_far_on_is_the_chunk_near_the_start_with_the_same_past(world, factory, far_take):
    """Counting latents from the start of the take changes nothing but their number."""
    near = far_take.reach + 10
    _, close = step(world, far_take.restored(near, far_take.rows[-near:]), far_take.request)
    assert_same(far_take.result, close, factory.atol)
    assert close.first_latent == near


# ---------------------------------------------------------------------- what it refuses


def wrong_starts(world: WorldModel) -> dict[str, np.ndarray]:
    frame = picture(world)
    return {
        "too narrow": frame[:, :, :-1],
        "too low": frame[:, :-1],
        "turned": frame.swapaxes(1, 2),
        "no batch": frame[0],
        "grey": frame[..., :1],
        "with alpha": np.concatenate([frame, frame[..., :1]], -1),
        "floats": frame.astype(np.float32) / 255,
        "no frame": frame[:0],
        "two frames": picture(world, 2),
        "four frames": picture(world, 4),
        "too many frames": np.repeat(frame, world.info.clock.num_frames(MAX_START_LATENTS + 1), axis=0),
    }


@pytest.mark.parametrize("wrong", ["too narrow", "too low", "turned", "no batch", "grey", "with alpha", "floats"])
def test_a_start_of_the_wrong_size_or_kind_is_refused_with_the_right_one(world, wrong):
    words = f"{world.info.width} x {world.info.height} pixels as uint8.*got an array of shape"
    with pytest.raises(ValueError, match=words):
        world.open(wrong_starts(world)[wrong], "camera")


@pytest.mark.parametrize("wrong", ["no frame", "two frames", "four frames", "too many frames"])
def test_a_start_of_the_wrong_length_is_refused_with_the_right_ones(world, wrong):
    clock = world.info.clock
    one, two, three, most = (clock.num_frames(number) for number in (1, 2, 3, MAX_START_LATENTS))
    with pytest.raises(ValueError, match=rf"from {one}, {two}, {three} \.\.\. up to {most} frames"):
        world.open(wrong_starts(world)[wrong], "camera")


def test_an_unknown_modality_is_refused_with_the_known_ones(world):
    with pytest.raises(ValueError, match="boat") as caught:
        world.open(picture(world), "boat")
    assert all(name in str(caught.value) for name in world.info.modalities)


def refusal(world: WorldModel, change: Callable[[ChunkRequest], ChunkRequest]) -> str:
    opened = world.open(picture(world), "camera")
    heard: list[Event] = []
    with pytest.raises(ValueError, match=r"\w") as caught:
        world.step(opened.state, change(request(world, chunks(1)[0])), heard.append, lambda: False)
    assert heard == []
    return str(caught.value)


def test_another_modality_than_the_takes_is_refused_with_both(world):
    kind = modality("driving")
    message = refusal(world, lambda wanted: replace(wanted, actions=ActionTrack(kind, rest_rows(kind, 8))))
    assert "camera" in message
    assert "driving" in message


def test_a_chunk_without_actions_is_refused(world):
    message = refusal(world, lambda wanted: replace(wanted, actions=wanted.actions.slice(0, 0)))
    assert "at least one action row" in message


@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
def test_a_prompt_is_refused_where_there_is_no_text(world, field):
    if world.info.has_text:
        pytest.skip("this world reads text")
    message = refusal(world, lambda wanted: replace(wanted, **{field: "a sunlit street"}))
    assert world.info.name in message
    assert "reads no text" in message
