"""Seeds for another attempt: the one policy of window and program."""

from __future__ import annotations

import random

_BOUND = 10_000
"""Small enough to be read out, as people do. Any other up to `model.MAX_SEED` can be typed."""


def new_seed(other_than: int) -> int:
    """A seed that nobody chose, and not the one that was there: the same would make the same again."""
    seed = random.SystemRandom().randrange(_BOUND - 1)
    return seed + (seed >= other_than) if 0 <= other_than < _BOUND else seed
