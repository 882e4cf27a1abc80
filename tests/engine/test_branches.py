"""Branches: states by the ids of their chunks, a bounded number of them, the others rebuilt from what is stored."""

from __future__ import annotations

import numpy as np
import pytest

from engine.actions.modality import ActionTrack
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import ChunkRequest, ChunkResult, TakeHistory
from engine.rollout import Branches, Rollout, StoredTake, TemporaryArchive, next_request
from engine.worlds.fake import FakeState, FakeWorld

START = np.random.default_rng(3).integers(0, 256, (1, 8, 16, 3), np.uint8)


class WatchedWorld(FakeWorld):
    """Counts how often it restores, and remembers which states it was asked to move."""

    def __init__(self) -> None:
        super().__init__(width=16, height=8)
        self.num_restored = 0
        self.moved: list[int] = []

    def restore(self, history: TakeHistory) -> FakeState:
        self.num_restored += 1
        return super().restore(history)

    def off_device(self, state: FakeState) -> FakeState:
        self.moved.append(state.num_latents)
        return super().off_device(state)


def actions(index: int) -> ActionTrack:
    return parse_pose_line(["w-8", "left-5 w-3", "d+up-8", "s-4 right-4"][index % 4], clock=ASTRA_CLOCK)


def request(world: FakeWorld, index: int) -> ChunkRequest:
    return next_request(take_seed=5, index=index, actions=actions(index), settings=world.info.defaults)


def no_history(_num_latents: int) -> TakeHistory:
    raise AssertionError("the state is held, so nobody may ask")


def walk(branches: Branches, num_chunks: int, archive: TemporaryArchive | None = None) -> list[ChunkResult]:
    latents = branches.open("start", START, "camera")
    made = []
    if archive is not None:
        archive.append(latents)
    for index in range(num_chunks):
        parent = f"chunk {index - 1}" if index else "start"
        made.append(branches.step(f"chunk {index}", parent, request(branches.world, index), no_history))
        if archive is not None:
            archive.append(made[-1].latents)
    return made


def test_the_states_made_last_are_held_and_no_more() -> None:
    branches = Branches(WatchedWorld(), max_states=3)
    walk(branches, 5)
    assert branches.held == ("chunk 2", "chunk 3", "chunk 4")
    assert branches.num_bytes == 3 * branches.world.state_bytes(branches.world.open(START, "camera").state)


def test_of_large_states_fewer_are_held_but_always_the_newest() -> None:
    world = WatchedWorld()
    one = world.state_bytes(world.open(START, "camera").state)
    for max_bytes, count in ((2 * one, 2), (1, 1)):
        branches = Branches(world, max_states=4, max_bytes=max_bytes)
        walk(branches, 5)
        assert branches.held == tuple(f"chunk {index}" for index in range(5 - count, 5))


def test_only_the_newest_state_stays_on_the_device() -> None:
    world = WatchedWorld()
    branches = Branches(world, max_states=4)
    walk(branches, 3)
    assert set(world.moved) == {1, 9, 17}
    branches.step("other", "chunk 0", request(world, 1), no_history)
    assert world.moved[-1] == 25, "what was the newest makes room for another"


def test_a_branch_from_a_state_that_is_held_asks_for_no_history() -> None:
    world = WatchedWorld()
    branches = Branches(world)
    made = walk(branches, 3)
    again = branches.step("again", "chunk 1", request(world, 2), no_history)
    assert again.latents_sha256 == made[2].latents_sha256
    assert world.num_restored == 0


def test_a_state_that_is_gone_is_rebuilt_from_as_much_as_the_world_wants() -> None:
    world, archive = WatchedWorld(), TemporaryArchive()
    branches = Branches(world, max_states=1)
    made = walk(branches, 4, archive)
    asked: list[int] = []

    def history(num_latents: int) -> TakeHistory:
        asked.append(num_latents)
        return StoredTake(latents=archive, chunks=[actions(0), actions(1)], num_start=1).history(num_latents)

    again = branches.step("again", "chunk 1", request(world, 2), history)
    assert again.latents_sha256 == made[2].latents_sha256
    assert (again.frames == made[2].frames).all()
    assert (asked, world.num_restored) == ([world.restore_latents], 1)


def test_a_history_that_cannot_be_read_leaves_every_state() -> None:
    branches = Branches(WatchedWorld(), max_states=2)
    walk(branches, 3)

    def unreadable(_num_latents: int) -> TakeHistory:
        raise OSError(5, "Input/output error")

    before = branches.held
    with pytest.raises(OSError, match="Input/output"):
        branches.step("again", "gone", request(branches.world, 2), unreadable)
    assert branches.held == before


def test_a_rollout_that_holds_states_goes_back_without_rebuilding_them() -> None:
    world = WatchedWorld()
    take, plain = Rollout(world, START, seed=5, max_states=4), Rollout(WatchedWorld(), START, seed=5)
    expected = [plain.step(actions(index)) for index in range(4)]
    for index in range(4):
        take.step(actions(index))
    take.rewind(2)
    assert [take.step(actions(index)).latents_sha256 for index in (2, 3)] == [r.latents_sha256 for r in expected[2:]]
    assert world.num_restored == 0
    take.rewind(1)
    other = take.step(parse_pose_line("right-8", clock=ASTRA_CLOCK))
    take.rewind(1)
    assert take.step(actions(1)).latents_sha256 == expected[1].latents_sha256 != other.latents_sha256


def test_less_than_one_state_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one state, got 0"):
        Branches(WatchedWorld(), max_states=0)
