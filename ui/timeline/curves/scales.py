"""Value scales of the graph: one range per unit, so that scene units and degrees can share it. Knows no widget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Unit = str
""""u" for scene units, "°" for degrees, and whatever units the settings of a world have."""
_LEAST_SPANS: Mapping[Unit, float] = {"u": 0.2, "°": 10.0, "×": 1.0}
_LEAST_SPAN = 0.1
"""Of other units."""
_LARGEST_SPAN = 1e6
_PADDING = 0.12


def least_span(unit: Unit) -> float:
    """How much of a unit is shown at the least."""
    return _LEAST_SPANS.get(unit, _LEAST_SPAN)


@dataclass(frozen=True, kw_only=True)
class Scales:
    """Lowest and highest value of every unit on a picture from `top_px` down to `bottom_px`."""

    top_px: float = 0.0
    bottom_px: float = 100.0
    ranges: Mapping[Unit, tuple[float, float]] = field(
        default_factory=lambda: {unit: (0.0, span) for unit, span in _LEAST_SPANS.items()}
    )
    """Of a unit that is not there it is from 0 to the least that is shown."""

    def range_of(self, unit: Unit) -> tuple[float, float]:
        """Lowest and highest value of a unit."""
        return self.ranges.get(unit, (0.0, least_span(unit)))

    def y(self, unit: Unit, value: float) -> float:
        low, high = self.range_of(unit)
        return self.bottom_px - (value - low) / (high - low) * (self.bottom_px - self.top_px)

    def value(self, unit: Unit, y: float) -> float:
        low, high = self.range_of(unit)
        return low + (self.bottom_px - y) / (self.bottom_px - self.top_px) * (high - low)

    def per_px(self, unit: Unit) -> float:
        """How much a pixel is."""
        low, high = self.range_of(unit)
        return (high - low) / (self.bottom_px - self.top_px)

    def placed(self, top_px: float, bottom_px: float) -> Scales:
        """The same ranges on another picture."""
        return replace(self, top_px=top_px, bottom_px=max(bottom_px, top_px + 1))

    def framed(self, found: Mapping[Unit, tuple[float, float]]) -> Scales:
        """Every unit from its lowest to its highest value, with some room around them."""
        ranges = dict(self.ranges)
        for unit, (low, high) in found.items():
            span = max(high - low, least_span(unit))
            middle = (low + high) / 2
            ranges[unit] = (middle - span * (0.5 + _PADDING), middle + span * (0.5 + _PADDING))
        return replace(self, ranges=ranges)

    def zoomed(self, factor: float, at_px: float) -> Scales:
        """Larger or smaller by a factor; the values under a pixel stay there."""
        share = (self.bottom_px - at_px) / (self.bottom_px - self.top_px)
        ranges = {}
        for unit, (low, high) in self.ranges.items():
            span = min(max((high - low) / factor, least_span(unit) / 1000), _LARGEST_SPAN)
            here = low + share * (high - low)
            ranges[unit] = (here - share * span, here + (1 - share) * span)
        return replace(self, ranges=ranges)

    def scrolled(self, px: float) -> Scales:
        """All values moved up by pixels."""
        ranges = {}
        for unit, (low, high) in self.ranges.items():
            shift = px * self.per_px(unit)
            ranges[unit] = (low - shift, high - shift)
        return replace(self, ranges=ranges)

    def lines(self, unit: Unit, least_px: float = 28.0) -> list[float]:
        """Round values to draw lines at, so many pixels apart at the least."""
        low, high = self.range_of(unit)
        least = self.per_px(unit) * least_px
        power = 10.0 ** math.floor(math.log10(least))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= least)
        first = math.ceil(low / step)
        return [number * step for number in range(first, math.floor(high / step) + 1)]
