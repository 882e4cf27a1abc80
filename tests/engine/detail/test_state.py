from __future__ import annotations

import numpy as np
import pytest

from engine.detail.state import ReliefState, Track, arrays_of, state_of

RNG = np.random.default_rng(5)


def numbers(*shape: int) -> np.ndarray:
    return RNG.random(shape).astype(np.float32)


@pytest.fixture
def state() -> ReliefState:
    track = Track(extrinsics=numbers(3, 4), gains=numbers(6), relief=numbers(5, 8), evidence=numbers(5, 8))
    return ReliefState(track=track, trust=numbers(16, 28))


def test_a_stored_state_comes_back_bit_for_bit(state: ReliefState) -> None:
    back = arrays_of(state_of(arrays_of(state)))
    assert list(back) == ["extrinsics", "gains", "relief", "evidence", "trust"]
    for name, array in arrays_of(state).items():
        assert back[name].tobytes() == array.tobytes()
        assert back[name].dtype == array.dtype


def test_it_is_small(state: ReliefState) -> None:
    sizes = {name: array.size for name, array in arrays_of(state).items()}
    assert sum(sizes.values()) - sizes["trust"] == 98
    assert sizes["trust"] == 448


def test_what_is_stored_is_a_copy(state: ReliefState) -> None:
    arrays_of(state)["gains"][:] = 7
    assert not (state.track.gains == 7).any()


def test_a_missing_array_is_named(state: ReliefState) -> None:
    arrays = arrays_of(state)
    del arrays["gains"]
    with pytest.raises(ValueError, match="no array 'gains'"):
        state_of(arrays)


@pytest.mark.parametrize("wrong", [np.zeros(5), np.full(6, np.nan)], ids=["shape", "not finite"])
def test_a_wrong_array_is_named(state: ReliefState, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="'gains' of a stored detail state must hold finite numbers"):
        state_of({**arrays_of(state), "gains": wrong})
