"""Cache of results computed from immutable values, keyed by the value's identity."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")
_MOST = 128


def remembered(function: Callable[[_T], _R]) -> Callable[[_T], _R]:
    """A pure function of one frozen value that works out each of the last values once.

    By identity: to compare or hash a take of 200 chunks takes longer than to count them. What is remembered holds the
    value, so that no other can come to lie in its place.
    """
    known: OrderedDict[int, tuple[_T, _R]] = OrderedDict()

    @wraps(function)
    def found(value: _T) -> _R:
        entry = known.get(id(value))
        if entry is None:
            entry = known[id(value)] = (value, function(value))
            if len(known) > _MOST:
                known.popitem(last=False)
        return entry[1]

    return found
