"""A new seed is another one than before, small enough to be read out."""

from __future__ import annotations

import pytest

from astra_studio.document.model import MAX_SEED
from astra_studio.document.seeds import new_seed


@pytest.mark.parametrize("before", [0, 5000, 9999, 10_000, MAX_SEED])
def test_a_new_seed_is_never_the_one_that_was_there(before: int) -> None:
    drawn = {new_seed(before) for _ in range(60_000)}
    assert before not in drawn
    assert min(drawn) >= 0
    assert max(drawn) <= 9999
    assert len(drawn) > 9900
