"""Shown frames correct the history of the bundled world, and every way back stays exact."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine.actions.modality import CAMERA, ActionTrack
from engine.messages import ChunkResult
from engine.rollout import Rollout
from engine.training.synthetic.commands import Motion, camera_rows, frame_poses
from engine.worlds.astra import REFRESHED, open_astra
from engine.worlds.detail_settings import refreshed_latents
from engine.worlds.detailed import DetailedWorld
from engine.worlds.fake import FakeWorld
from tests.engine.detail.scenes import photograph

BUNDLED = Path(__file__).parents[3] / "assets" / "models" / "small-astra"
ROWS = camera_rows(frame_poses([Motion(forward=0.03, yaw_left=0.01)] * 32))[1:]


@cache
def world() -> DetailedWorld:
    return DetailedWorld(open_astra(BUNDLED, "cpu"))


def take(**changes: object) -> Rollout:
    settings = world().info.settings_with(changes)
    picture = photograph("lone_tree", 832, 480)
    return Rollout(world(), photograph("lone_tree", 112, 64)[None], settings=settings, picture=picture)


def chunk(rollout: Rollout, number: int, **changes: object) -> ChunkResult:
    settings = world().info.settings_with(changes) if changes else None
    return rollout.step(ActionTrack(CAMERA, ROWS[8 * number : 8 * number + 8]), settings=settings)


@cache
def chunks(*, refresh: bool = True) -> list[ChunkResult]:
    rollout = take(refresh=refresh)
    return [chunk(rollout, number) for number in range(4)]


def same(one: ChunkResult, other: ChunkResult) -> bool:
    arrays = one.arrays.keys() == other.arrays.keys() and all(
        np.array_equal(array, other.arrays[name]) for name, array in one.arrays.items()
    )
    return np.array_equal(one.shown, other.shown) and np.array_equal(one.latents, other.latents) and arrays


def test_the_bundled_world_refreshes_by_default_and_a_fake_one_cannot() -> None:
    assert world().info.defaults["refresh"] is True
    assert DetailedWorld(FakeWorld()).info.defaults["refresh"] is False


def test_the_first_chunk_is_as_without_and_the_next_is_not() -> None:
    assert chunks()[0].latents_sha256 == chunks(refresh=False)[0].latents_sha256
    assert chunks()[1].latents_sha256 != chunks(refresh=False)[1].latents_sha256


def test_detail_alone_changes_no_latent() -> None:
    rollout = take(detail="off", refresh=False)
    for number in range(2):
        assert chunk(rollout, number).latents_sha256 == chunks(refresh=False)[number].latents_sha256


def test_only_two_latents_of_a_chunk_are_corrected_in_the_history() -> None:
    made = chunks()[0]
    history = made.arrays[REFRESHED]
    assert history.shape == (made.latents.shape[0], 9, *made.latents.shape[2:])
    changed = np.abs(history[:, 1:] - made.latents).max(axis=(0, 2, 3)) > 1e-6
    assert list(np.nonzero(changed)[0]) == [2, 7] == list(refreshed_latents(8))
    assert refreshed_latents(1) == (0,)


def border(made: list[ChunkResult]) -> float:
    """The step between two chunks, in steps between two latents of a chunk."""
    frames = np.concatenate([one.frames for one in made[1:3]]).astype(float)
    steps = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))[3::4]
    return float(steps[7] / np.median(steps))


def test_frames_do_not_jump_at_the_border_of_chunks() -> None:
    assert border(chunks(refresh=False)) < 1.5
    assert border(chunks()) < 2.5, "a refreshed latent in the decoder's cache gives 4 and more"


@pytest.mark.parametrize("num_chunks", [0, 1, 3])
def test_going_back_gives_the_same_chunks(num_chunks: int) -> None:
    rollout = take()
    for number in range(4):
        chunk(rollout, number)
    rollout.rewind(num_chunks)
    for number in range(num_chunks, 4):
        assert same(chunk(rollout, number), chunks()[number])


def test_a_take_is_taken_up_from_what_is_stored() -> None:
    stored = chunks()[:3]
    rollout = take()
    rollout.resume_from([(made.request.actions, made.latents) for made in stored], stored[-1].arrays)
    assert same(chunk(rollout, 3), chunks()[3])


def test_a_history_that_was_refreshed_once_is_stored_ever_after() -> None:
    rollout = take()
    first = [chunk(rollout, 0), chunk(rollout, 1), chunk(rollout, 2, refresh=False, detail="off")]
    going_on = chunk(rollout, 3)
    again = take()
    again.resume_from([(made.request.actions, made.latents) for made in first], first[-1].arrays)
    assert same(chunk(again, 3), going_on)
