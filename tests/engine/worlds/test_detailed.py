"""Detail behind any world: what is shown changes, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from engine.actions.modality import CAMERA, DRIVING, ROBOT, ActionTrack, Modality
from engine.messages import ChunkResult, Event, FramesDecoded, Picture
from engine.rollout import Rollout
from engine.training.synthetic.commands import Motion, camera_rows, driving_rows, frame_poses
from engine.worlds.detail_settings import (
    DETAIL,
    FLAT,
    REFRESH,
    SIZE,
    UNSEEN,
    detail_settings,
    is_detailed,
    largest_size,
    shown_size,
)
from engine.worlds.detailed import DetailedWorld
from engine.worlds.fake import FakeWorld
from tests.engine.detail.scenes import photograph

PICTURE = photograph("palace", 832, 480)
START = photograph("palace", 112, 64)
PATH = frame_poses([Motion(forward=0.02, yaw_left=0.02)] * 24)
ROWS = {CAMERA: camera_rows(PATH)[1:], DRIVING: driving_rows(PATH)[1:], ROBOT: camera_rows(PATH)[1:]}


def world(detail: str = "auto") -> DetailedWorld:
    fake = FakeWorld()
    fake.info = replace(fake.info, detail=detail)
    return DetailedWorld(fake)


def take(kind: Modality = CAMERA, picture: Picture | None = PICTURE, **changes: object) -> Rollout:
    made = world()
    settings = made.info.settings_with(changes)
    return Rollout(made, START[None], kind.name, settings=settings, picture=picture)


def chunk(rollout: Rollout, number: int, kind: Modality = CAMERA, **changes: object) -> ChunkResult:
    settings = rollout.world.info.settings_with(changes) if changes else None
    return rollout.step(ActionTrack(kind, ROWS[kind][8 * number : 8 * number + 8]), settings=settings)


@cache
def three_chunks() -> list[ChunkResult]:
    rollout = take()
    return [chunk(rollout, number) for number in range(3)]


def same(one: ChunkResult, other: ChunkResult) -> bool:
    arrays = one.arrays.keys() == other.arrays.keys() and all(
        np.array_equal(array, other.arrays[name]) for name, array in one.arrays.items()
    )
    return np.array_equal(one.shown, other.shown) and one.latents_sha256 == other.latents_sha256 and arrays


def test_shown_frames_are_larger_and_soft_ones_as_before() -> None:
    first, second, _ = three_chunks()
    plain = Rollout(FakeWorld(), START[None], "camera")
    expected = [chunk(plain, 0), chunk(plain, 1)]
    assert first.shown.shape == (33, 256, 448, 3)
    assert second.shown.shape == (32, 256, 448, 3)
    for made, soft in zip((first, second), expected, strict=True):
        assert np.array_equal(made.frames, soft.frames)
        assert made.latents_sha256 == soft.latents_sha256
        assert np.array_equal(made.latents, soft.latents)
    assert soft.shown is soft.frames
    assert "detail" in first.seconds


def test_the_first_shown_frame_is_the_start_picture() -> None:
    assert np.abs(three_chunks()[0].shown[0].astype(int) - photograph("palace")).mean() < 3


@pytest.mark.parametrize("num_chunks", [0, 1, 2])
def test_going_back_gives_the_same_chunks(num_chunks: int) -> None:
    rollout = take()
    for number in range(3):
        chunk(rollout, number)
    rollout.rewind(num_chunks)
    for number in range(num_chunks, 3):
        assert same(chunk(rollout, number), three_chunks()[number])


def test_a_take_is_taken_up_from_what_is_stored() -> None:
    first, second, third = three_chunks()
    rollout = take()
    stored = [(made.request.actions, made.latents) for made in (first, second)]
    rollout.resume_from(stored, second.arrays)
    assert same(chunk(rollout, 2), third)


def test_a_take_stored_without_detail_goes_on_without() -> None:
    first, second, third = three_chunks()
    rollout = take()
    rollout.resume_from([(made.request.actions, made.latents) for made in (first, second)])
    going_on = chunk(rollout, 2)
    assert going_on.detailed is None
    assert going_on.latents_sha256 == third.latents_sha256


def test_detail_that_was_off_for_a_chunk_comes_back() -> None:
    rollout = take()
    chunk(rollout, 0)
    off = chunk(rollout, 1, detail="off")
    assert off.detailed is None
    assert off.arrays
    assert off.latents_sha256 == three_chunks()[1].latents_sha256
    again = chunk(rollout, 2)
    assert again.shown.shape == (32, 256, 448, 3)
    assert again.latents_sha256 == three_chunks()[2].latents_sha256


def test_a_size_may_change_within_a_take() -> None:
    rollout = take(size="832 x 480")
    assert chunk(rollout, 0).shown.shape == (33, 480, 832, 3)
    assert chunk(rollout, 1, size="native").shown.shape == (32, 64, 112, 3)
    assert chunk(rollout, 2, size="448 x 256").shown.shape == (32, 256, 448, 3)


def test_without_a_picture_there_is_no_detail() -> None:
    made = chunk(take(picture=None), 0)
    assert made.detailed is None
    assert not made.arrays


@pytest.mark.parametrize(("kind", "has_detail"), [(CAMERA, True), (DRIVING, True), (ROBOT, False)])
def test_auto_is_on_where_a_camera_moves(kind: Modality, has_detail: bool) -> None:
    made = chunk(take(kind), 0, kind)
    assert (made.detailed is not None) == has_detail


def test_a_robot_can_be_shown_with_detail_all_the_same() -> None:
    made = chunk(take(ROBOT, detail="on"), 0, ROBOT)
    assert made.shown.shape == (33, 256, 448, 3)


def test_a_clip_as_start_is_shown_up_to_its_last_frame() -> None:
    made = world()
    clip = np.stack([np.roll(START, number, axis=1) for number in range(4, -1, -1)])
    result = chunk(Rollout(made, clip, "camera", picture=PICTURE), 0)
    assert result.shown.shape == (5 + 32, 256, 448, 3)
    assert np.abs(result.shown[4].astype(int) - photograph("palace")).mean() < 3
    assert np.abs(result.shown[0].astype(int) - result.shown[4]).mean() > 5


def test_states_stay_bounded() -> None:
    made = world()
    state = made.open(START[None], "camera", PICTURE).state
    sizes = []
    for number in range(3):
        request = replace(three_chunks()[number].request, index=number)
        state, _ = made.step(state, request)
        sizes.append(made.state_bytes(state))
    assert sizes[0] == sizes[1] == sizes[2]
    assert PICTURE.nbytes < sizes[0] < PICTURE.nbytes + 10_000
    assert made.state_bytes(made.off_device(state)) == sizes[2]


def test_settings_say_what_there_is() -> None:
    info = world().info
    assert [spec.name for spec in info.settings[-5:]] == [DETAIL, SIZE, UNSEEN, FLAT, REFRESH]
    assert [spec.name for spec in detail_settings() if spec.affects_latents] == [REFRESH]
    assert info.defaults[DETAIL] == "auto"
    assert world("off").info.defaults[DETAIL] == "off"
    assert shown_size(info, info.defaults, "camera") == (448, 256)
    assert largest_size(info) == (832, 480)
    assert largest_size(replace(info, width=120, height=80)) == (720, 480)
    assert largest_size(replace(info, width=1280, height=720)) == (1280, 720)
    assert shown_size(info, info.defaults, "robot") == (112, 64)
    assert shown_size(info, info.settings_with({SIZE: "832 x 480"}), "camera") == (832, 480)
    square = replace(info, width=64, height=64)
    assert shown_size(square, info.defaults, "camera") == (256, 256)
    assert not is_detailed(info.settings_with({DETAIL: "off"}), "camera")


WRONG: list[tuple[dict[str, object], str]] = [({"detail": "yes"}, "auto, on or off"), ({"size": "1 x 1"}, "native")]


@pytest.mark.parametrize(("changes", "words"), WRONG)
def test_wrong_settings_are_refused(changes: dict[str, object], words: str) -> None:
    info = world().info
    with pytest.raises(ValueError, match=words):
        info.settings_with(changes)


def test_an_invented_place_is_stored_and_taken_up() -> None:
    rollout = take(unseen="invent")
    made = [chunk(rollout, number) for number in range(3)]
    assert "detail.place.pixels" in made[0].arrays
    assert made[0].latents_sha256 == three_chunks()[0].latents_sha256
    again = take(unseen="invent")
    again.resume_from([(one.request.actions, one.latents) for one in made[:2]], made[1].arrays)
    assert same(chunk(again, 2), made[2])


def test_flat_is_another_picture_of_the_same_chunk() -> None:
    flat = chunk(take(flat=0.5), 0)
    assert not np.array_equal(flat.shown, three_chunks()[0].shown)
    assert flat.latents_sha256 == three_chunks()[0].latents_sha256


@pytest.mark.parametrize("unseen", ["soft", "invent"])
@pytest.mark.parametrize("number", [0, 1])
def test_shown_frames_are_told_as_they_come(unseen: str, number: int) -> None:
    rollout = take(unseen=unseen)
    if number:
        chunk(rollout, 0)
    told: list[Event] = []
    track = ActionTrack(CAMERA, ROWS[CAMERA][8 * number : 8 * number + 8])
    result = rollout.step(track, listener=told.append)
    frames = [event for event in told if isinstance(event, FramesDecoded)]
    assert [event.first_frame for event in frames] == list(np.cumsum([0, *(len(e.frames) for e in frames)])[:-1])
    assert np.array_equal(np.concatenate([event.frames for event in frames]), result.shown)
    assert len(frames) == 8 + (number == 0)
    assert len(told) > len(frames), "steps are told, too"
