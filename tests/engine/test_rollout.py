"""A rollout: chunks are numbered, seeded and stored right, and every way back ends where a fresh run would be."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.actions.modality import CAMERA, DRIVING, ActionTrack, rest_rows
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import Cancelled, ChunkResult, Event, Progress, TakeHistory, chunk_seed
from engine.rollout import Rollout, TemporaryArchive
from engine.worlds.fake import FakeState, FakeWorld

WIDTH, HEIGHT = 16, 8
MOVES = ["w-8", "left-5 w-3", "d+up-8", "s-4 right-4", "hold-8"]


class ListArchive:
    """Keeps latents in memory, where a test can look at them; may be told to fail as a full disk does."""

    def __init__(self) -> None:
        self.kept: list[np.ndarray] = []
        self.is_full = False

    def append(self, latents: np.ndarray) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.kept += list(latents.swapaxes(0, 1).copy())

    def read(self, start: int, stop: int) -> np.ndarray:
        assert 0 <= start < stop <= len(self.kept)
        return np.stack(self.kept[start:stop], axis=1)

    def truncate(self, num_latents: int) -> None:
        del self.kept[num_latents:]


class BlankWorld(FakeWorld):
    """Paints nothing, in no time."""

    def _paint(self, pose: np.ndarray, tint: np.ndarray) -> np.ndarray:
        return np.zeros((self.info.height, self.info.width, 3), np.uint8)


class RememberingWorld(FakeWorld):
    """Remembers what it was last restored from."""

    def restore(self, history: TakeHistory) -> FakeState:
        self.restored_from = history
        return super().restore(history)


def tiny_world() -> FakeWorld:
    return FakeWorld(width=WIDTH, height=HEIGHT)


def start(num: int = 1) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (num, HEIGHT, WIDTH, 3), np.uint8)


def rollout(seed: int = 5, num_start: int = 1, archive: ListArchive | TemporaryArchive | None = None) -> Rollout:
    world = tiny_world()
    return Rollout(
        world, start(num_start), seed=seed, settings=world.info.settings_with({"num_steps": 2}), archive=archive
    )


def chunk(index: int) -> ActionTrack:
    return parse_pose_line(MOVES[index % len(MOVES)], clock=ASTRA_CLOCK)


def run(take: Rollout, num_chunks: int) -> list[ChunkResult]:
    return [take.step(chunk(take.num_chunks)) for _ in range(num_chunks)]


def assert_same(ours: list[ChunkResult], theirs: list[ChunkResult]) -> None:
    """The same chunks to the last bit: latents, frames, numbers and seeds."""
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.latents_sha256 == other.latents_sha256
        assert np.array_equal(one.frames, other.frames)
        assert one.first_latent == other.first_latent
        assert (one.request.index, one.request.seed) == (other.request.index, other.request.seed)


# ---------------------------------------------------------------------- forward


def test_chunks_are_numbered_from_0_and_their_latents_from_1():
    take = rollout()
    results = run(take, 3)
    assert [result.request.index for result in results] == [0, 1, 2]
    assert [result.first_latent for result in results] == [1, 9, 17]
    assert (take.num_chunks, take.num_latents, take.num_start_latents) == (3, 25, 1)


def test_the_first_chunk_shows_33_frames_and_every_later_one_32():
    assert [len(result.frames) for result in run(rollout(), 4)] == [33, 32, 32, 32]


def test_a_start_of_several_frames_counts():
    take = rollout(num_start=9)
    results = run(take, 2)
    assert take.num_start_latents == 3
    assert [result.first_latent for result in results] == [3, 11]
    assert [len(result.frames) for result in results] == [41, 32]


def test_every_chunk_has_the_seed_of_its_number():
    assert [result.request.seed for result in run(rollout(seed=11), 3)] == [chunk_seed(11, k) for k in range(3)]


def test_another_seed_gives_other_latents_in_every_chunk():
    for one, other in zip(run(rollout(seed=1), 3), run(rollout(seed=2), 3), strict=True):
        assert one.latents_sha256 != other.latents_sha256


def test_a_take_repeats_itself():
    assert_same(run(rollout(), 4), run(rollout(), 4))


def test_a_partial_last_chunk_counts_as_long_as_it_is():
    take = rollout()
    results = [take.step(parse_pose_line(line, clock=ASTRA_CLOCK)) for line in ("w-8", "left-3", "w-8")]
    assert [result.first_latent for result in results] == [1, 9, 12]
    assert [len(result.frames) for result in results] == [33, 12, 32]
    assert take.num_latents == 20


def test_what_is_asked_of_a_step_reaches_the_world():
    take = rollout()
    changed = take.world.info.settings_with({"num_steps": 3, "guidance": 1.5})
    heard: list[Event] = []
    first = take.step(chunk(0), settings=changed, listener=heard.append)
    assert [event.step for event in heard if isinstance(event, Progress)] == [1, 2, 3]
    assert first.request.settings == changed
    assert np.array_equal(first.request.actions.rows, chunk(0).rows)
    assert take.step(chunk(1)).request.settings == take.settings


def test_without_settings_the_worlds_own_are_used():
    world = tiny_world()
    assert Rollout(world, start()).step(chunk(0)).request.settings == world.info.defaults


@pytest.mark.parametrize(("frames", "modality"), [(start(2), "camera"), (start()[:, :-1], "camera"), (start(), "boat")])
def test_what_a_world_cannot_open_is_refused(frames, modality):
    with pytest.raises(ValueError, match=r"fake starts from|unknown action modality"):
        Rollout(tiny_world(), frames, modality)


# ---------------------------------------------------------------------- back


@pytest.mark.parametrize("num_start", [1, 5])
@pytest.mark.parametrize("num_chunks", range(5))
def test_what_follows_a_rewind_equals_a_fresh_run(num_chunks, num_start):
    fresh = run(rollout(num_start=num_start), 4)
    take = rollout(num_start=num_start)
    run(take, 4)
    take.rewind(num_chunks)
    assert take.num_chunks == num_chunks
    assert take.num_latents == num_start // 4 + 1 + 8 * num_chunks
    assert_same(run(take, 4 - num_chunks), fresh[num_chunks:])


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_any_back_and_forth_ends_where_a_fresh_run_is(jumps):
    take = rollout()
    for jump in jumps:
        take.rewind(min(jump, take.num_chunks))
        take.step(parse_pose_line("right-8", clock=ASTRA_CLOCK))
    take.rewind(0)
    assert_same(run(take, 3), run(rollout(), 3))


@pytest.mark.parametrize("num_start", [1, 9])
@pytest.mark.parametrize("wanted", [1, 12, 1000])
def test_a_world_is_restored_from_as_many_latents_as_it_wants_and_the_rows_of_the_whole_take(wanted, num_start):
    world = RememberingWorld(width=WIDTH, height=HEIGHT)
    world.restore_latents = wanted
    take = Rollout(world, start(num_start))
    made = run(take, 3)
    take.rewind(2)
    run(take, 1)
    restored = world.restored_from
    latents, num_latents, num_start_latents, actions = (
        restored.latents,
        restored.num_latents,
        restored.num_start,
        restored.actions,
    )
    first = 1 + num_start // 4
    assert (num_latents, num_start_latents) == (first + 16, first)
    assert latents.shape[1] == min(wanted, num_latents)
    kept = np.concatenate([made[0].latents, made[1].latents], axis=1)
    assert np.array_equal(latents[:, -16:], kept[:, -latents.shape[1] :])
    assert np.array_equal(actions.rows, np.concatenate([rest_rows(CAMERA, first), chunk(0).rows, chunk(1).rows]))


def test_a_chunk_redone_alone_comes_out_the_same():
    take = rollout()
    results = run(take, 4)
    take.rewind(2)
    assert_same([take.step(chunk(2))], [results[2]])


def test_a_branch_leaves_what_it_shares_and_changes_what_it_does_not():
    take = rollout()
    results = run(take, 3)
    take.rewind(1)
    branch = [take.step(parse_pose_line("right-8", clock=ASTRA_CLOCK)), take.step(chunk(2))]
    assert [result.request.seed for result in branch] == [result.request.seed for result in results[1:]]
    assert not np.array_equal(branch[0].frames, results[1].frames)
    assert not np.array_equal(branch[1].frames, results[2].frames)


def test_a_partial_chunk_is_gone_back_to_and_over():
    take = rollout()
    lines = ["w-8", "left-3", "w-5"]
    results = [take.step(parse_pose_line(line, clock=ASTRA_CLOCK)) for line in lines]
    for num_chunks in (2, 1):
        take.rewind(num_chunks)
        assert take.num_latents == [1, 9, 12, 17][num_chunks]
        assert_same(
            [take.step(parse_pose_line(line, clock=ASTRA_CLOCK)) for line in lines[num_chunks:]], results[num_chunks:]
        )


def test_driving_takes_are_gone_back_in_too():
    rows = rest_rows(DRIVING, 8)
    rows[:, 2] = np.arange(8) / 8
    world = tiny_world()
    fresh, take = (Rollout(world, start(), "driving", seed=3) for _ in range(2))
    expected = [fresh.step(ActionTrack(DRIVING, rows)) for _ in range(3)]
    for _ in range(3):
        take.step(ActionTrack(DRIVING, rows))
    take.rewind(1)
    assert_same([take.step(ActionTrack(DRIVING, rows)) for _ in range(2)], expected[1:])


@pytest.mark.parametrize("num_chunks", [-1, 3, 100])
def test_going_back_past_everything_is_refused_and_changes_nothing(num_chunks):
    take = rollout()
    run(take, 2)
    with pytest.raises(ValueError, match=f"has 2 chunks; cannot go back to {num_chunks}"):
        take.rewind(num_chunks)
    assert_same(run(take, 1), run(rollout(), 3)[2:])


# ---------------------------------------------------------------------- cancel and failure


@pytest.mark.parametrize("num_polls", [0, 1])
@pytest.mark.parametrize("num_chunks", [0, 2])
def test_cancel_leaves_the_take_where_it_stood(num_chunks, num_polls):
    fresh = run(rollout(), num_chunks + 2)
    take = rollout()
    run(take, num_chunks)
    polls = iter([False] * num_polls + [True] * 10)
    with pytest.raises(Cancelled):
        take.step(chunk(num_chunks), cancelled=lambda: next(polls))
    assert (take.num_chunks, take.num_latents) == (num_chunks, 1 + 8 * num_chunks)
    assert_same(run(take, 2), fresh[num_chunks:])


def test_a_cancelled_chunk_leaves_nothing_in_the_archive():
    archive = ListArchive()
    take = rollout(archive=archive)
    run(take, 1)
    with pytest.raises(Cancelled):
        take.step(chunk(1), cancelled=lambda: True)
    assert len(archive.kept) == 9


@pytest.mark.parametrize("wrong", [chunk(0).slice(0, 0), ActionTrack(DRIVING, rest_rows(DRIVING, 8))])
def test_a_chunk_that_is_refused_leaves_the_take_where_it_stood(wrong):
    take = rollout()
    run(take, 1)
    with pytest.raises(ValueError, match=r"at least one action row|cannot go on with driving"):
        take.step(wrong)
    assert take.num_chunks == 1
    assert_same(run(take, 1), run(rollout(), 2)[1:])


def test_a_full_disk_leaves_the_take_where_it_stood():
    archive = ListArchive()
    take = rollout(archive=archive)
    run(take, 1)
    archive.is_full = True
    with pytest.raises(OSError, match="No space left"):
        take.step(chunk(1))
    archive.is_full = False
    assert (take.num_chunks, take.num_latents, len(archive.kept)) == (1, 9, 9)
    assert_same(run(take, 2), run(rollout(), 3)[1:])


def test_a_listener_that_fails_leaves_the_take_where_it_stood():
    def fails(_event: Event) -> None:
        raise RuntimeError("the window is gone")

    take = rollout()
    run(take, 1)
    with pytest.raises(RuntimeError, match="the window is gone"):
        take.step(chunk(1), listener=fails)
    assert_same(run(take, 2), run(rollout(), 3)[1:])


# ---------------------------------------------------------------------- the archive


def test_an_archive_of_ones_own_holds_the_take_in_order():
    archive = ListArchive()
    take = rollout(archive=archive, num_start=5)
    results = run(take, 3)
    assert len(archive.kept) == 2 + 3 * 8
    made = np.concatenate([result.latents for result in results], axis=1)
    assert np.array_equal(archive.read(2, 26), made)
    take.rewind(1)
    assert len(archive.kept) == 2 + 8
    take.rewind(0)
    assert len(archive.kept) == 2


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1, max_size=12), st.data())
def test_the_archive_on_disk_holds_what_one_in_memory_does(changes, data):
    on_disk, in_memory = TemporaryArchive(), ListArchive()
    counter = iter(range(10_000))
    for grows, count in changes:
        if grows or not in_memory.kept:
            latents = np.stack([np.full((3, 2, 5), next(counter), np.float32) for _ in range(count)], axis=1)
            latents += np.linspace(0, 0.5, 30, dtype=np.float32).reshape(3, 1, 2, 5)
            on_disk.append(latents)
            in_memory.append(latents)
        else:
            on_disk.truncate(count)
            in_memory.truncate(count)
    stop = data.draw(st.integers(1, len(in_memory.kept)))
    first = data.draw(st.integers(0, stop - 1))
    assert np.array_equal(on_disk.read(first, stop), in_memory.read(first, stop))
    assert on_disk.read(first, stop).flags.writeable


def test_what_is_appended_after_a_truncation_follows_what_was_kept():
    archive = TemporaryArchive()
    first, second = (np.random.default_rng(k).standard_normal((2, 8, 1, 3)).astype(np.float32) for k in range(2))
    archive.append(first)
    archive.truncate(3)
    archive.append(second)
    assert np.array_equal(archive.read(0, 11), np.concatenate([first[:, :3], second], axis=1))


@pytest.mark.parametrize(("first", "stop"), [(0, 9), (-1, 3), (3, 3), (5, 2), (8, 9)])
def test_reading_what_the_archive_does_not_hold_is_refused(first, stop):
    archive = TemporaryArchive()
    archive.append(np.zeros((2, 12, 1, 1), np.float32))
    archive.truncate(8)
    with pytest.raises(ValueError, match=f"holds latents 0 to 7, asked for {first} to {stop - 1}"):
        archive.read(first, stop)


def test_memory_does_not_grow_with_the_take():
    """Of 200 chunks, no latents and no frames stay in memory: only their action rows and a few numbers."""
    num_chunks, settled = 200, 3
    world = BlankWorld(width=WIDTH, height=HEIGHT)
    take = Rollout(world, start(), settings=world.info.settings_with({"num_steps": 1}))
    track = ActionTrack(CAMERA, np.concatenate([chunk(k).rows for k in range(settled)]))
    made = 0
    tracemalloc.start()
    try:
        for k in range(num_chunks):
            made += take.step(track.slice(8 * k, 8 * k + 8)).latents.nbytes
            if k + 1 == settled:
                made, before = 0, tracemalloc.get_traced_memory()[0]
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    rows = (num_chunks - settled) * 8 * CAMERA.width * 4
    assert grown < 3 * rows
    assert grown < 0.3 * made


# ---------------------------------------------------------------------- chunks that were made before


@pytest.mark.parametrize("num_start", [1, 5])
@pytest.mark.parametrize("num_chunks", range(5))
def test_what_follows_chunks_that_were_made_before_equals_a_fresh_run(num_chunks, num_start):
    fresh = run(rollout(num_start=num_start), 5)
    take = rollout(num_start=num_start)
    take.resume_from([(result.request.actions, result.latents) for result in fresh[:num_chunks]])
    assert take.num_chunks == num_chunks
    assert_same(run(take, 5 - num_chunks), fresh[num_chunks:])
    take.rewind(min(num_chunks, 1))
    assert_same(run(take, 2), fresh[min(num_chunks, 1) : min(num_chunks, 1) + 2])


def test_a_take_with_chunks_takes_up_none():
    take = rollout()
    made = run(take, 1)
    with pytest.raises(ValueError, match="1 chunks already"):
        take.resume_from([(made[0].request.actions, made[0].latents)])
