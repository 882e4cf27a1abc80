"""The playhead, its clock, and the frames of a real project file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from astra_studio.document.edits import set_work_area
from astra_studio.services.generation.status import NewFrames
from astra_studio.services.playback.frame_cache import FrameCache
from astra_studio.services.playback.player import Player
from tests.astra_studio.services.generation.test_queue import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "walk.astra")
    made.add_start()
    made.plan("w-8 left-8 d-8")
    made.generation.generate(made.take.id)
    made.wait()
    yield made
    made.close()


@pytest.fixture
def player(rig: Rig) -> Iterator[Player]:
    made = Player(rig.session, rig.mail.post)
    yield made
    made.close()


def test_a_frame_is_read_from_the_file_and_stays_in_memory(rig: Rig, player: Player) -> None:
    assert player.picture(rig.take.id, 50) is None
    rig.mail.run_until(lambda: player.picture(rig.take.id, 50) is not None)
    frame = player.picture(rig.take.id, 50)
    assert frame is not None
    assert frame.shape == (64, 112, 3)
    other = player.picture(rig.take.id, 51)
    if other is None:
        rig.mail.run_until(lambda: player.picture(rig.take.id, 51) is not None)
        other = player.picture(rig.take.id, 51)
    assert not np.array_equal(frame, other)


def test_only_a_frame_that_is_waited_for_is_told(rig: Rig, player: Player) -> None:
    """Views paint anew for every word of it, and two frames ahead are read besides."""
    told: list[str] = []
    player.arrived.connect(told.append)
    chunk = rig.take.chunks[1]
    assert player.picture(rig.take.id, 40) is None
    rig.mail.run_until(lambda: player.cache_bytes >= 3 * 64 * 112 * 3)
    assert told == [chunk.id]
    for frame in range(33, 65):
        if player.picture(rig.take.id, frame) is None:
            rig.mail.run_until(lambda frame=frame: player.picture(rig.take.id, frame) is not None)
    assert player.is_in_memory(chunk)


def test_small_pictures_are_told_apart_from_frames(rig: Rig, player: Player) -> None:
    frames: list[str] = []
    small: list[str] = []
    player.arrived.connect(frames.append)
    player.small_arrived.connect(small.append)
    chunk, start = rig.take.chunks[0], rig.session.project.start
    assert start is not None
    assert player.thumbnail(chunk) is None
    assert player.start_picture(start) is None
    rig.mail.run_until(lambda: len(small) == 2)
    assert set(small) == {chunk.id, start.artifact}
    assert frames == []
    assert player.thumbnail(chunk) is not None


def test_where_the_playhead_has_left_nothing_more_is_read(rig: Rig, player: Player) -> None:
    for frame in (5, 20, 45, 60, 75):
        player.seek(frame)
        player.picture(rig.take.id, frame)
    player.seek(90)
    player.picture(rig.take.id, 90)
    rig.mail.run_until(lambda: player.picture(rig.take.id, 90) is not None)
    rig.mail.run_pending()
    frame_bytes = 64 * 112 * 3
    assert player.cache_bytes <= (2 * 3 + 1) * frame_bytes, "at most the frames that were being read meanwhile"


def test_it_plays_at_the_rate_of_the_world_and_loops_in_the_work_area(rig: Rig, player: Player) -> None:
    player.play()
    player.advance(10.0)
    player.advance(10.26)
    assert player.frame == 5
    player.advance(10.30)
    assert player.frame == 6
    rig.session.apply(set_work_area(0, 8))
    player.advance(10.40)
    assert player.frame == 0, "the end of the work area leads to its beginning"
    player.set_looping(False)
    player.seek(6)
    player.advance(10.60)
    assert player.frame == 7
    assert not player.is_playing


def test_shuttle_gets_faster_and_turns_round(player: Player) -> None:
    rates = []
    for direction in (1, 1, 1, 1, 1, -1, -1):
        player.shuttle(direction)
        rates.append(player.rate)
    assert rates == [1, 2, 4, 8, 8, -1, -2]


def test_steps_by_frame_latent_and_chunk(player: Player) -> None:
    player.step_chunks(1)
    assert player.frame == 33
    player.step_chunks(1)
    assert player.frame == 65
    player.step_chunks(-1)
    assert player.frame == 33
    player.step_ticks(1)
    assert player.frame == 36
    player.step_ticks(1)
    assert player.frame == 40
    player.step_ticks(-1)
    assert player.frame == 36
    player.step_frames(-50)
    assert player.frame == 0


def test_the_cache_stays_under_its_cap_and_forgets_what_was_not_looked_at() -> None:
    frame = np.zeros((10, 10, 3), np.uint8)
    cache = FrameCache(cap_bytes=5 * frame.nbytes)
    for number in range(200):
        cache.put("chunk", number, frame.copy())
        cache.get("chunk", 0)
        assert cache.num_bytes <= cache.cap_bytes
    assert cache.get("chunk", 0) is not None
    assert cache.get("chunk", 150) is None
    assert cache.count("chunk") == 5
    with pytest.raises(ValueError, match="room"):
        FrameCache(0)


def test_a_take_without_chunks_has_no_frames(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "empty.astra")
    player = Player(rig.session, rig.mail.post)
    assert player.num_frames == 0
    assert player.picture(rig.take.id, 0) is None
    player.toggle()
    player.step_frames(3)
    player.close()
    rig.close()


# ---------------------------------------------------------------------- frames that are still coming


def new_frames(rig: Rig, chunk: str, first: int, count: int = 4) -> NewFrames:
    frames = np.full((count, 64, 112, 3), first % 256, np.uint8)
    return NewFrames(take=rig.take.id, chunk_id=chunk, first_frame=first, frames=frames)


def test_frames_are_shown_before_their_chunk_is_in_the_project(rig: Rig, player: Player) -> None:
    grown: list[int] = []
    player.grown.connect(grown.append)
    assert player.num_frames == 97
    player.put_frames(new_frames(rig, "new", 0))
    player.put_frames(new_frames(rig, "new", 4))
    assert (player.num_frames, grown) == (105, [97, 101])
    picture = player.picture(rig.take.id, 102)
    assert picture is not None
    assert picture[0, 0, 0] == 4
    player.seek(104)
    assert player.chunk is None, "it is in no file yet"
    player.put_frames(new_frames(rig, "new", 0))
    assert (player.num_frames, grown) == (105, [97, 101]), "the same frames again, of a chunk that is made anew"
    player.drop_frames("new")
    assert player.num_frames == 97
    assert player.frame <= 96


def test_frames_count_once_when_their_chunk_is_stored(rig: Rig, player: Player) -> None:
    rig.generation.frames.connect(player.put_frames)
    rig.generation.generate(rig.take.id, 2)
    rig.mail.run_until(lambda: player.num_frames > 97)
    rig.wait()
    assert player.num_frames == 97 + 64
    assert player.is_in_memory(rig.take.chunks[-1])
    found = player.chunk
    player.seek(160)
    found = player.chunk
    assert found is not None
    assert found[0].id == rig.take.chunks[-1].id


def test_playing_waits_at_the_last_frame_and_goes_on_by_itself(rig: Rig, player: Player) -> None:
    told: list[bool] = []
    player.changed.connect(lambda _none: told.append(player.is_waiting))
    player.expect(frozenset({rig.take.id}))
    player.seek(95)
    player.play_once()
    player.advance(0.0)
    for tick in range(1, 21):
        player.advance(tick * 0.0625)
    assert player.is_playing
    assert player.is_waiting
    assert player.frame == 96
    player.put_frames(new_frames(rig, "new", 0))
    player.advance(1.3125)
    assert (player.frame, player.is_waiting) == (97, False)
    player.advance(1.375)
    assert player.frame == 98, "one by one, none skipped"
    player.advance(1.5)
    assert (player.frame, player.is_waiting) == (100, True)
    player.expect(frozenset())
    player.advance(1.75)
    assert not player.is_playing, "nothing more comes"
    assert not player.is_waiting
    assert told[-1] is False
    assert True in told


def test_playing_does_not_wait_for_another_take_or_within_a_work_area(rig: Rig, player: Player) -> None:
    player.expect(frozenset({"another"}))
    player.seek(95)
    player.play_once()
    player.advance(0.0)
    player.advance(0.2)
    assert not player.is_playing
    player.expect(frozenset({rig.take.id}))
    rig.session.apply(set_work_area(10, 50))
    player.seek(48)
    player.play()
    player.advance(1.0)
    player.advance(1.2)
    assert not player.is_waiting
    assert player.frame == 10, "round and round"


def test_pausing_ends_the_wait(rig: Rig, player: Player) -> None:
    player.expect(frozenset({rig.take.id}))
    player.seek(96)
    player.play_once()
    player.seek(96)
    player.advance(0.0)
    player.advance(0.2)
    assert player.is_waiting
    player.pause()
    assert not player.is_waiting
    assert not player.is_playing
