from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from engine.detail.protocol import DetailDecoder
from engine.detail.relief import ReliefDecoder
from engine.messages import Frames
from engine.training.synthetic.commands import Motion
from tests.engine.detail.scenes import moves, photograph, walk

MOTION = Motion(forward=0.02, yaw_left=0.02)
LATENTS = 16
MOVES = moves(MOTION, LATENTS)


def decoder() -> DetailDecoder:
    return ReliefDecoder(walk("palace", Motion(), 0, 448, 256)[0], 448, 256)


def soft() -> Frames:
    """A walk as the world would make it: blurred, without its start."""
    frames = walk("palace", MOTION, LATENTS)[1:]
    return np.stack([cv2.GaussianBlur(frame, (0, 0), 3) for frame in frames])


def gradient(frames: Frames) -> float:
    grey = frames.astype(np.float64).mean(axis=-1)
    return float(np.square(np.diff(grey, axis=2)).mean() + np.square(np.diff(grey, axis=1)).mean())


def fine(frame: np.ndarray) -> np.ndarray:
    grey = frame.astype(np.float64).mean(axis=-1)
    return grey - cv2.GaussianBlur(grey, (0, 0), 4)


def likeness(shown: Frames, truth: Frames) -> float:
    """Mean correlation of fine detail."""
    pairs = zip(shown, truth, strict=True)
    return float(np.mean([np.corrcoef(fine(a).ravel(), fine(b).ravel())[0, 1] for a, b in pairs]))


def enlarged(frames: Frames) -> Frames:
    return np.stack([cv2.resize(frame, (448, 256), interpolation=cv2.INTER_CUBIC) for frame in frames])


@pytest.fixture(scope="module")
def whole() -> tuple[dict[str, np.ndarray], Frames]:
    makes = decoder()
    state, shown = makes.decode(makes.start, soft(), MOVES)
    return makes.store(state), shown


def same(state: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return state.keys() == other.keys() and all(state[name].tobytes() == other[name].tobytes() for name in state)


def test_shown_frames_are_sharp_and_fine_detail_is_where_it_belongs(whole: tuple[dict, Frames]) -> None:
    truth = walk("palace", MOTION, LATENTS, 448, 256)[1:]
    every = slice(7, None, 8)
    _, shown = whole
    assert gradient(shown[every]) > 0.7 * gradient(truth[every])
    assert likeness(shown[every], truth[every]) > 0.6
    blurred = enlarged(soft())
    assert gradient(blurred[every]) < 0.35 * gradient(truth[every])
    assert likeness(blurred[every], truth[every]) < likeness(shown[every], truth[every]) - 0.15


def test_the_measure_above_can_fail(whole: tuple[dict, Frames]) -> None:
    """Detail that stands still, or is moved as commanded while the frames go another way, is not where it belongs."""
    truth = walk("palace", MOTION, LATENTS, 448, 256)[1:][7::8]
    still = np.repeat(decoder().start_frame[None], len(truth), axis=0)
    assert likeness(still, truth) < 0.3


def test_the_same_twice_bit_for_bit(whole: tuple[dict, Frames]) -> None:
    makes = decoder()
    state, shown = makes.decode(makes.start, soft(), MOVES)
    assert np.array_equal(shown, whole[1])
    assert same(makes.store(state), whole[0])


def test_the_number_of_threads_changes_nothing(whole: tuple[dict, Frames]) -> None:
    before = cv2.getNumThreads()
    try:
        for threads in (1, 3):
            cv2.setNumThreads(threads)
            makes = decoder()
            assert np.array_equal(makes.decode(makes.start, soft()[:16], MOVES[:4])[1], whole[1][:16])
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("cuts", [[8], [1, 2, 9]], ids=str)
def test_chunk_by_chunk_equals_the_whole(cuts: list[int], whole: tuple[dict, Frames]) -> None:
    makes = decoder()
    state, parts = makes.start, []
    for start, stop in zip([0, *cuts], [*cuts, LATENTS], strict=True):
        state, shown = makes.decode(state, soft()[4 * start : 4 * stop], MOVES[start:stop])
        parts.append(shown)
    assert np.array_equal(np.concatenate(parts), whole[1])
    assert same(makes.store(state), whole[0])


def test_a_stored_state_goes_on_as_if_nothing_had_been_stored(whole: tuple[dict, Frames]) -> None:
    first, second = decoder(), decoder()
    state, _ = first.decode(first.start, soft()[:32], MOVES[:8])
    stored = first.store(state)
    state, shown = second.decode(second.restore(stored), soft()[32:], MOVES[8:])
    assert np.array_equal(shown, whole[1][32:])
    assert same(second.store(state), whole[0])


def test_a_branch_leaves_the_take_it_comes_from_as_it_was(whole: tuple[dict, Frames]) -> None:
    makes = decoder()
    state, _ = makes.decode(makes.start, soft()[:32], MOVES[:8])
    kept = makes.store(state)
    makes.decode(state, soft()[31::-1], MOVES[8:])  # another way
    assert same(makes.store(state), kept)
    assert np.array_equal(makes.decode(state, soft()[32:], MOVES[8:])[1], whole[1][32:])


def test_what_is_shown_does_not_depend_on_what_comes_later(whole: tuple[dict, Frames]) -> None:
    makes = decoder()
    frames = soft()
    frames[16:] = 0
    assert np.array_equal(makes.decode(makes.start, frames, MOVES)[1][:16], whole[1][:16])


def test_a_picture_of_other_colours_than_the_takes_adds_nothing() -> None:
    """Control: where the world shows something else than the start picture, it stays as the world made it."""
    other = ReliefDecoder(255 - decoder().start_frame // 2, 448, 256)
    frames = (soft()[:32] // 2).astype(np.uint8)
    _, shown = other.decode(other.start, frames, MOVES[:8])
    assert np.abs(shown[31].astype(int) - enlarged(frames)[31]).mean() < 4


def test_a_take_that_does_not_move_shows_the_start_picture() -> None:
    makes = decoder()
    still = np.repeat(soft()[:1], 32, axis=0)
    still[:] = cv2.GaussianBlur(walk("palace", Motion(), 0)[0], (0, 0), 1.5)
    state, shown = makes.decode(makes.start, still, moves(Motion()))
    assert np.abs(shown[-1].astype(int) - makes.start_frame).mean() < 3
    assert np.abs(makes.store(state)["extrinsics"] - np.eye(3, 4)).max() < 2e-3


def test_a_command_beyond_all_measure_does_no_harm() -> None:
    makes = decoder()
    far = np.tile(np.eye(3, 4), (2, 1, 1))
    far[:, :, 3] = 1e6
    state, shown = makes.decode(makes.start, soft()[:8], far)
    assert all(np.isfinite(array).all() for array in makes.store(state).values())
    assert shown.shape == (8, 256, 448, 3)


def test_a_chunk_that_nobody_looks_at_goes_on_as_commanded() -> None:
    makes = decoder()
    state = makes.coast(makes.start, moves(Motion(yaw_left=0.03)))
    turned = cv2.Rodrigues(makes.store(state)["extrinsics"][:, :3].astype(np.float64))[0][1, 0]
    assert turned == pytest.approx(0.24, abs=1e-4)


WRONG: list[tuple[str, Callable[[], object]]] = [
    ("start picture is", lambda: ReliefDecoder(np.zeros((64, 112, 4), np.uint8), 448, 256)),
    ("start picture is", lambda: ReliefDecoder(np.zeros((64, 112, 3), np.float32), 448, 256)),
    ("at least 32 x 32", lambda: ReliefDecoder(photograph("palace"), 448, 16)),
    ("flat lies between", lambda: ReliefDecoder(photograph("palace"), 448, 256, flat=2)),
    ("go with soft frames", lambda: decoder().decode(decoder().start, soft()[:31], MOVES[:8])),
    ("moves are", lambda: decoder().decode(decoder().start, soft()[:32], MOVES[:8, :2])),
    ("no array", lambda: decoder().restore({})),
]


@pytest.mark.parametrize(("words", "wrong"), WRONG, ids=range(len(WRONG)))
def test_wrong_input_is_refused(words: str, wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()
