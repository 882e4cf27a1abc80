from __future__ import annotations

import numpy as np
import pytest

from engine.detail.state import ReliefState, Track, state_of

RNG = np.random.default_rng(5)


@pytest.fixture
def state() -> ReliefState:
    track = Track(
        extrinsics=RNG.random((3, 4)), gains=RNG.random(6), relief=RNG.random((5, 8)), evidence=RNG.random((5, 8))
    )
    return ReliefState(track=track, trust=RNG.random((16, 28)).astype(np.float32))


def test_a_stored_state_comes_back_bit_for_bit(state: ReliefState) -> None:
    back = state_of(state.arrays()).arrays()
    assert list(back) == ["extrinsics", "gains", "relief", "evidence", "trust"]
    for name, array in state.arrays().items():
        assert back[name].tobytes() == array.tobytes()
        assert back[name].dtype == array.dtype


def test_it_is_small(state: ReliefState) -> None:
    sizes = {name: array.size for name, array in state.arrays().items()}
    assert sum(sizes.values()) - sizes["trust"] == 98
    assert sizes["trust"] == 448


def test_what_is_stored_is_a_copy(state: ReliefState) -> None:
    state.arrays()["gains"][:] = 7
    assert not (state.track.gains == 7).any()


def test_a_missing_array_is_named(state: ReliefState) -> None:
    arrays = state.arrays()
    del arrays["gains"]
    with pytest.raises(ValueError, match="no array 'gains'"):
        state_of(arrays)


@pytest.mark.parametrize("wrong", [np.zeros(5), np.full(6, np.nan)], ids=["shape", "not finite"])
def test_a_wrong_array_is_named(state: ReliefState, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="'gains' of a stored detail state must hold finite numbers"):
        state_of({**state.arrays(), "gains": wrong})
