"""From a stick's raw place to what it means: scaled radial dead zone, outer zone, response curve, inversion.

The dead zone is a disc and not a cross, and what lies between it and the outer zone is stretched to the whole range, so
that slow motions are possible and the diagonal is as fast as straight on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_EXPONENT, MOST_EXPONENT = 1.0, 3.0
_REST_MARGIN = 0.03
"""How far beyond the places seen at rest a measured dead zone reaches."""


@dataclass(frozen=True, kw_only=True)
class StickShape:
    """How one stick of one device is read.

    Attributes:
        inner: radius in [0, 0.6] within which the stick rests.
        outer: radius in (inner, 1] from which on it is at its end.
        exponent: of the response curve, 1 (even) to 3 (fine in the middle).
        inverts_x, inverts_y: whether an axis is turned round.

    Raises ValueError for numbers outside these ranges.
    """

    inner: float = 0.15
    outer: float = 0.95
    exponent: float = 1.0
    inverts_x: bool = False
    inverts_y: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.inner <= 0.6:
            raise ValueError(f"the dead zone of a stick lies in 0 to 0.6, got {self.inner:g}")
        if not self.inner + 0.05 <= self.outer <= 1:
            raise ValueError(
                f"the outer zone of a stick lies in {self.inner + 0.05:g} (its dead zone and 0.05) to 1, "
                f"got {self.outer:g}"
            )
        if not LEAST_EXPONENT <= self.exponent <= MOST_EXPONENT:
            raise ValueError(
                f"the exponent of a stick's curve lies in {LEAST_EXPONENT:g} to {MOST_EXPONENT:g}, "
                f"got {self.exponent:g}"
            )


def strength(radius: float, shape: StickShape) -> float:
    """Response in [0, 1] at a distance from the middle: the curve that is drawn beside the stick."""
    share = (radius - shape.inner) / (shape.outer - shape.inner)
    return float(min(max(share, 0.0), 1.0) ** shape.exponent)


def shaped(x: float, y: float, shape: StickShape) -> tuple[float, float]:
    """Where a stick at (x, y), each in -1..1, points: a vector at most 1 long."""
    radius = math.hypot(x, y)
    if radius == 0:
        return 0.0, 0.0
    factor = strength(radius, shape) / radius
    return (-x if shape.inverts_x else x) * factor, (-y if shape.inverts_y else y) * factor


def shaped_trigger(value: float, shape: StickShape) -> float:
    """Response in [0, 1] of a trigger at 0..1."""
    return strength(value, shape)


def measured_inner(places: Sequence[tuple[float, float]]) -> float:
    """The dead zone that lets a stick rest which was seen at these places while nobody touched it.

    Raises ValueError where one lies farther out than a dead zone may reach: somebody touched it.
    """
    farthest = max((math.hypot(x, y) for x, y in places), default=0.0)
    if farthest + _REST_MARGIN > 0.6:
        raise ValueError(f"the stick was {farthest:.2f} from its middle; let go of it while it is measured")
    return round(farthest + _REST_MARGIN, 3)
