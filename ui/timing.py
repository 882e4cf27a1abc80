"""Measurements of one benchmark, and its row in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What was measured of one thing, in `unit`, and what it may be at most; limits of None are none."""

    name: str
    values: Sequence[float]
    unit: str = "ms"
    p95_limit: float | None = None
    max_limit: float | None = None

    @property
    def median(self) -> float:
        return float(np.median(self.values))

    @property
    def p95(self) -> float:
        return float(np.percentile(self.values, 95))

    @property
    def maximum(self) -> float:
        return float(max(self.values))

    @property
    def is_met(self) -> bool:
        is_p95_met = self.p95_limit is None or self.p95 < self.p95_limit
        return is_p95_met and (self.max_limit is None or self.maximum <= self.max_limit)

    @property
    def limit(self) -> str:
        """The limits in words."""
        limits = [f"p95 {self.p95_limit:g}"] if self.p95_limit is not None else []
        limits += [f"max {self.max_limit:g}"] if self.max_limit is not None else []
        return ", ".join(limits)

    def line(self) -> str:
        """A row of `table`."""
        verdict = ("ok" if self.is_met else "MISS") if self.limit else ""
        cells = [self.name, *(f"{value:.3g}" for value in (self.median, self.p95, self.maximum)), self.unit, self.limit]
        return f"| {' | '.join(cells)} | {len(self.values)} | {verdict} |"


HEADER = "| what | median | p95 | max | unit | limit | of | |\n|---|---|---|---|---|---|---|---|"
"""Above the lines, so that what is printed can stand in a document as it is."""
