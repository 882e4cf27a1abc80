"""The arithmetic of clocks, of the released model's and of quite another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import ASTRA_CLOCK, Clock, clock_of_record

SLOW = Clock(
    fps=16,
    frames_per_latent=8,
    first_latent_frames=2,
    latents_per_chunk=5,
    min_latents_per_chunk=2,
    max_latents_per_chunk=10,
    trained_speed=0.1,
    trained_turn=0.02,
)

both = pytest.mark.parametrize("clock", [ASTRA_CLOCK, SLOW], ids=["astra", "slow"])


def test_the_released_model_has_a_tick_of_a_fifth_of_a_second():
    assert (ASTRA_CLOCK.seconds_per_tick, ASTRA_CLOCK.ticks_per_second) == (0.2, 5)
    assert [ASTRA_CLOCK.num_frames(count) for count in (0, 1, 2, 9)] == [0, 1, 5, 33]
    assert ASTRA_CLOCK.seconds_per_chunk == pytest.approx(1.6)
    assert ASTRA_CLOCK.units_per_second == pytest.approx(0.15)


def test_another_clock_counts_otherwise():
    assert (SLOW.seconds_per_tick, SLOW.seconds_per_frame) == (0.5, 1 / 16)
    assert [SLOW.num_frames(count) for count in (0, 1, 2, 6)] == [0, 2, 10, 42]
    assert [SLOW.num_latents(count) for count in (0, 1, 2, 9, 10, 17)] == [0, 0, 1, 1, 2, 2]
    assert SLOW.tick_times(2).tolist() == [0, 0.5, 1]
    assert (SLOW.units_per_second, SLOW.radians_per_second) == pytest.approx((0.2, 0.04))


@both
@given(count=st.integers(1, 5000))
def test_frames_of_whole_latents_come_back(clock: Clock, count: int):
    frames = clock.num_frames(count)
    assert clock.num_latents(frames) == count
    assert clock.is_whole(frames)
    assert not clock.is_whole(frames + 1)


@both
@given(tick=st.integers(0, 100_000), start=st.integers(1, 117))
def test_a_ticks_frames_are_told_to_be_its_own(clock: Clock, tick: int, start: int):
    first = clock.frame_of_tick(tick, start)
    frames = first + np.arange(clock.frames_per_latent)
    assert {int(clock.tick_of_frame(frame, start)) for frame in frames} == {tick}
    assert clock.tick_of_frame(first - 1, start) < tick


@both
@given(seconds=st.floats(0, 10_000), start=st.integers(1, 117))
def test_a_time_of_a_path_comes_back_from_its_frame(clock: Clock, seconds: float, start: int):
    assert clock.seconds_at(clock.frame_at(seconds, start), start) == pytest.approx(seconds, abs=1e-9)


@both
@given(ticks=st.integers(0, 100_000))
def test_rounded_durations_keep_their_last_tick(clock: Clock, ticks: int):
    seconds = float(f"{ticks * clock.seconds_per_tick:.9g}")
    assert clock.num_ticks(seconds) == ticks
    assert clock.num_ticks(seconds + clock.seconds_per_tick / 2) == ticks


def test_a_chunk_is_brought_into_the_range():
    assert [SLOW.chunk_length(wanted) for wanted in (None, 1, 2, 7, 50)] == [5, 2, 2, 7, 10]


@both
def test_a_clock_comes_back_from_its_record(clock: Clock):
    assert clock_of_record(clock.as_record()) == clock
    assert clock_of_record(clock.as_changes()) == clock
    assert ASTRA_CLOCK.as_changes() == {}


def test_what_a_record_does_not_say_is_the_released_models():
    assert clock_of_record({}) == ASTRA_CLOCK
    assert clock_of_record({"fps": 16, "latents_per_chunk": 5}) == replace(ASTRA_CLOCK, fps=16, latents_per_chunk=5)
    with pytest.raises(ValueError, match="a clock has no speed; it has first_latent_frames, fps"):
        clock_of_record({"speed": 1})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fps": 0}, "fps of a clock must be a whole number from 1 to 1000, got 0"),
        ({"fps": True}, "got True"),
        ({"frames_per_latent": 4.0}, "frames per latent of a clock"),
        ({"first_latent_frames": 5}, r"at most as many frames as the others \(4\), got 5"),
        ({"latents_per_chunk": 65}, "a chunk of 65 latents lies outside the range of its clock, 1 to 64"),
        ({"min_latents_per_chunk": 9}, "outside the range"),
        ({"trained_speed": 0}, "trained speed of a clock must be a number above 0, got 0"),
        ({"trained_turn": float("nan")}, "trained turn"),
    ],
)
def test_numbers_that_make_no_clock_are_refused(change: dict[str, object], words: str):
    with pytest.raises(ValueError, match=words):
        replace(ASTRA_CLOCK, **change)  # type: ignore[arg-type]
