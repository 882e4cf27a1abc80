"""The place around a start picture: what is written once stays."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from engine.detail.images import pixel_grid, resize
from engine.detail.place import VIEWS, Place, PlaceMemory, Seen, place_arrays, place_of
from engine.detail.relief import ReliefDecoder
from engine.messages import Frames
from engine.training.synthetic.commands import Motion
from tests.engine.detail.scenes import moves, photograph, walk

ACROSS, DOWN = pixel_grid(112, 64)
LEFT, RIGHT = Motion(yaw_left=0.03), Motion(yaw_left=-0.03)
THERE_AND_BACK = [LEFT, RIGHT, LEFT]


@cache
def memory() -> PlaceMemory:
    return PlaceMemory(photograph("lone_tree"), 112, 64)


def beside(shift: float = -1.0, colour: tuple[int, int, int] | None = None) -> Seen:
    """A view past the left edge, as the world would paint it: the mirrored picture, blurred, or one colour."""
    soft = resize(photograph("lone_tree"), 112, 64).astype(np.float32)
    frame = np.roll(soft, round(-shift * 56), axis=1)
    frame[:, : round(-shift * 56)] = soft[:, : round(-shift * 56)][:, ::-1]
    frame = cv2.GaussianBlur(frame, (0, 0), 2)
    if colour is not None:
        frame[:, : round(-shift * 56)] = colour
    return Seen(across=ACROSS + np.float32(shift), down=DOWN, frame=frame, agreement=np.ones((64, 112), np.float32))


@cache
def written() -> Place:
    return memory().write(memory().start(), [beside()])


def fine(picture: np.ndarray) -> float:
    grey = picture.astype(np.float64).mean(axis=-1)
    return float(np.square(grey - cv2.GaussianBlur(grey, (0, 0), 2)).mean())


def test_at_first_the_start_picture_is_all_that_is_known() -> None:
    place = memory().start()
    assert place.pixels.shape == (256 * VIEWS, 448 * VIEWS, 3)
    assert place.known.sum() == 112 * 64
    assert np.array_equal(place.pixels[256:512, 448:896], photograph("lone_tree"))
    assert not place.has_written


def test_what_is_revealed_is_written_with_detail() -> None:
    place = written()
    assert place.has_written
    strip = np.s_[256 + 16 : 512 - 16, 448 - 180 : 448 - 20]
    assert place.known[64 + 8 : 128 - 8, 112 - 40 : 112 - 8].all()
    assert fine(place.pixels[strip]) > 0.4 * fine(photograph("lone_tree"))


def test_colours_are_what_the_world_showed_pulled_to_the_start_pictures() -> None:
    red = memory().write(memory().start(), [beside(colour=(255, 0, 0))])
    strip = np.s_[256 + 40 : 512 - 40, 448 - 180 : 448 - 40]
    usual, strange = written().pixels[strip].mean(axis=(0, 1)), red.pixels[strip].mean(axis=(0, 1))
    assert strange[0] - strange[1] > usual[0] - usual[1] + 5
    assert strange[0] - strange[1] < 180, "far from a pure red, which the start picture does not have"


def test_the_start_picture_itself_is_never_painted_over() -> None:
    inner = np.s_[256 + 16 : 512 - 16, 448 + 16 : 896 - 16]
    assert np.array_equal(written().pixels[inner], memory().start().pixels[inner])


def test_what_is_written_is_not_written_again() -> None:
    again = memory().write(written(), [beside(colour=(0, 255, 0))])
    assert again is written()


def test_writing_leaves_the_old_place_as_it_was() -> None:
    start = memory().start()
    before = start.pixels.copy(), start.known.copy()
    memory().write(start, [beside()])
    assert np.array_equal(start.pixels, before[0])
    assert np.array_equal(start.known, before[1])


def test_the_same_twice_bit_for_bit() -> None:
    again = PlaceMemory(photograph("lone_tree"), 112, 64)
    assert np.array_equal(again.write(again.start(), [beside()]).pixels, written().pixels)


def test_what_goes_out_of_view_is_lost_to_the_world() -> None:
    place = memory().leave(memory().start(), ACROSS - 1, DOWN)
    assert place.lost[64 + 8 : 128 - 8, 112 + 60 : 224].all(), "the right half is out of view"
    assert not place.lost[64 + 8 : 128 - 8, 112 : 112 + 50].any()


def test_a_stored_place_comes_back_bit_for_bit() -> None:
    start = memory().start()
    lost = memory().leave(written(), ACROSS + 1, DOWN)
    back = place_of(place_arrays(lost, start), start)
    assert back is not None
    assert np.array_equal(back.pixels, lost.pixels)
    assert np.array_equal(back.known, lost.known)
    assert np.array_equal(back.lost, lost.lost)
    assert place_of({}, start) is None


def test_a_stored_place_of_another_size_is_refused() -> None:
    arrays = place_arrays(written(), memory().start())
    with pytest.raises(ValueError, match="must be 1344 x 768"):
        place_of({**arrays, "place.pixels": np.zeros((8, 8, 3), np.uint8)}, memory().start())


@cache
def shown(invents: bool) -> Frames:
    """A look to the left, back, and left again; what lies there differs the second time."""
    decoder = ReliefDecoder(walk("lone_tree", LEFT, 0, 448, 256)[0], 448, 256, invents=invents)
    state, found = decoder.start, []
    turn = walk("lone_tree", LEFT, 8)
    chunks = [turn[1:], turn[-2::-1], turn[1:]]
    rng = np.random.default_rng(3)
    for number, (motion, frames) in enumerate(zip(THERE_AND_BACK, chunks, strict=True)):
        soft = np.stack([cv2.GaussianBlur(frame, (0, 0), 2) for frame in frames])
        if number == 2:
            soft[-16:, :, :25] = rng.integers(0, 255, 3)  # the world has forgotten
        state, part = decoder.decode(state, soft, moves(motion))
        found.append(part)
    return np.stack([found[0][-1], found[2][-1]])


def test_the_same_place_is_there_again() -> None:
    first, second = shown(invents=True).astype(int)
    strip = np.s_[:, :90]
    assert np.abs(first[strip] - second[strip]).mean() < 30


def test_the_measure_above_can_fail() -> None:
    first, second = shown(invents=False).astype(int)
    assert np.abs(first[:, :90] - second[:, :90]).mean() > 40
