"""Owns drawing a new seed."""

from __future__ import annotations

import random

_BOUND = 10_000
"""Small enough to be read out, as people do."""


def random_seed() -> int:
    """A seed for another attempt."""
    return random.SystemRandom().randrange(_BOUND)
