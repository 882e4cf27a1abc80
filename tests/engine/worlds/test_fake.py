"""The fake world: what a test may read off its latents and frames. That it is a world is told by the contract."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

from engine import poses
from engine.actions.modality import DRIVING, ActionTrack, rest_rows
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import ChunkRequest, ChunkResult
from engine.worlds.fake import NOISE_CHANNEL, POSE_CHANNELS, ROW_CHANNELS, FakeState, FakeWorld

WIDTH, HEIGHT = 48, 32


def opened(world: FakeWorld, kind: str = "camera", colour: tuple[int, int, int] = (200, 120, 40)) -> FakeState:
    frame = np.broadcast_to(np.uint8(colour), (1, world.info.height, world.info.width, 3)).copy()
    return world.open(frame, kind).state


def made(line: str | ActionTrack, seed: int = 0) -> ChunkResult:
    world = FakeWorld(width=WIDTH, height=HEIGHT)
    actions = parse_pose_line(line, clock=ASTRA_CLOCK) if isinstance(line, str) else line
    wanted = ChunkRequest(index=0, actions=actions, seed=seed, settings=world.info.defaults)
    return world.step(opened(world, actions.modality.name), wanted)[1]


def test_a_latent_holds_its_action_row():
    result = made("w-3 left-5")
    assert np.array_equal(
        result.latents[:ROW_CHANNELS, :, 0, 0].T, parse_pose_line("w-3 left-5", clock=ASTRA_CLOCK).rows
    )


def test_a_latent_holds_the_camera_after_its_row():
    result = made("w-3 left+up-5")
    held = result.latents[ROW_CHANNELS : ROW_CHANNELS + POSE_CHANNELS, :, 0, 0].T
    assert_allclose(
        poses.from_row(held),
        poses.path_from_rows(parse_pose_line("w-3 left+up-5", clock=ASTRA_CLOCK).rows)[1:],
        atol=1e-6,
    )


def test_a_latent_holds_numbers_of_its_chunks_seed_alone():
    takes = [("w-8", 1), ("s-8", 1), ("w-8", 2)]
    numbers = [made(line, seed).latents[NOISE_CHANNEL, :, 0, 0] for line, seed in takes]
    assert np.array_equal(numbers[0], numbers[1])
    assert not np.array_equal(numbers[0], numbers[2])


def test_driving_rows_move_the_camera_by_their_translation():
    rows = rest_rows(DRIVING, 2)
    rows[:, 2] = 0.5
    result = made(ActionTrack(DRIVING, rows))
    places = result.latents[ROW_CHANNELS : ROW_CHANNELS + POSE_CHANNELS, :, 0, 0].T
    assert_allclose(poses.from_row(places)[:, 2, 3], [0.5, 1.0])


def test_the_camera_moves_a_quarter_of_a_row_in_every_frame():
    """Four ticks of a quarter unit pass the places that the frames of one tick of a whole unit show."""
    slow_rows, fast_rows = rest_rows(DRIVING, 4), rest_rows(DRIVING, 1)
    slow_rows[:, 2], fast_rows[:, 2] = 0.25, 1
    slow, fast = made(ActionTrack(DRIVING, slow_rows)), made(ActionTrack(DRIVING, fast_rows))
    assert np.array_equal(slow.frames[::4], fast.frames)
    assert len({frame.tobytes() for frame in fast.frames}) > 3


def test_resting_shows_one_picture():
    frames = made("hold-8").frames
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


def test_turning_left_moves_the_picture_to_the_right():
    """The sky's stripes stand still in the world, so they travel to the right over the frame."""
    frames = made("left-8").frames.astype(float)
    sky = frames[:, 2, :, 1]
    before, after = sky[0], sky[-1]
    turned = np.degrees(0.03 * 8)

    def heading(column: float) -> float:
        return np.degrees(np.arctan2(((column + 0.5) / WIDTH * 2 - 1) * 0.7, 1))

    middle = WIDTH // 2
    there = next(c for c in range(middle, WIDTH) if heading(c) >= heading(middle) + turned)
    assert there > middle
    edges_before = np.flatnonzero(np.diff(before)) + 1
    edges_after = np.flatnonzero(np.diff(after)) + 1
    expected = [heading(e - 0.5) + turned for e in edges_before]
    seen = [heading(e - 0.5) for e in edges_after]
    matched = [min(abs(e - s) for s in seen) for e in expected if e < max(seen)]
    assert matched
    assert max(matched) < 2.5


def test_the_picture_takes_the_colour_of_its_start():
    world = FakeWorld(width=WIDTH, height=HEIGHT)
    wanted = ChunkRequest(
        index=0, actions=parse_pose_line("hold-1", clock=ASTRA_CLOCK), seed=0, settings=world.info.defaults
    )
    red, blue = (
        world.step(opened(world, colour=colour), wanted)[1].frames[0, -1].mean(0)
        for colour in ((255, 0, 0), (0, 0, 255))
    )
    assert red[0] > red[2]
    assert blue[2] > blue[0]


def test_it_takes_as_long_as_asked():
    world = FakeWorld(seconds_per_chunk=0.08, width=WIDTH, height=HEIGHT)
    wanted = ChunkRequest(
        index=0, actions=parse_pose_line("w-1", clock=ASTRA_CLOCK), seed=0, settings=world.info.defaults
    )
    begun = time.perf_counter()
    _, result = world.step(opened(world), wanted)
    assert time.perf_counter() - begun >= 0.08
    assert result.seconds["denoise"] >= 0.08


@pytest.mark.parametrize(("width", "height"), [(16, 8), (112, 64), (64, 112)])
def test_it_paints_any_size(width, height):
    world = FakeWorld(width=width, height=height)
    wanted = ChunkRequest(
        index=0, actions=parse_pose_line("w+left-2", clock=ASTRA_CLOCK), seed=0, settings=world.info.defaults
    )
    assert world.step(opened(world), wanted)[1].frames.shape == (9, height, width, 3)
