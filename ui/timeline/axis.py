"""The time axis: frames to pixels and back, zoom, scroll, snapping. Knows no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.clock import Clock

Snap = Literal["Frame", "Tick", "Chunk"]
SMALLEST, LARGEST = 0.05, 40.0
"""Pixels per frame."""


@dataclass(frozen=True, kw_only=True)
class TimeAxis:
    """Where frames lie on the screen.

    Attributes:
        left_px: of frame `first`.
        first: leftmost frame, with fractions.
        scale: pixels per frame.
    """

    left_px: float = 0.0
    first: float = 0.0
    scale: float = 2.7

    def x(self, frame: float) -> float:
        return self.left_px + (frame - self.first) * self.scale

    def frame(self, x: float) -> float:
        return self.first + (x - self.left_px) / self.scale

    def zoomed(self, factor: float, at_px: float) -> TimeAxis:
        """Larger or smaller by a factor; the frame under a pixel stays there."""
        scale = min(max(self.scale * factor, SMALLEST), LARGEST)
        here = self.frame(at_px)
        return replace(self, scale=scale, first=max(0.0, here - (at_px - self.left_px) / scale))

    def scrolled(self, px: float) -> TimeAxis:
        return replace(self, first=max(0.0, self.first + px / self.scale))

    def fitted(self, num_frames: int, width_px: float) -> TimeAxis:
        """All frames within a width."""
        scale = (width_px - 24) / max(num_frames, 1)
        return replace(self, first=0.0, scale=min(max(scale, SMALLEST), LARGEST))

    def showing(self, frame: float, width_px: float) -> TimeAxis:
        """Scrolled as little as needed to see a frame."""
        x = self.x(frame) - self.left_px
        if 0 <= x <= width_px - 8:
            return self
        return replace(self, first=max(0.0, frame - (0 if x < 0 else (width_px - 60) / self.scale)))

    def paged(self, frame: float, width_px: float) -> TimeAxis:
        """Scrolled by a page where a frame is out of sight: it is then near the left edge."""
        x = self.x(frame) - self.left_px
        if 0 <= x <= width_px - 8:
            return self
        return replace(self, first=max(0.0, frame - 0.06 * width_px / self.scale))


def snapped(frame: float, snap: Snap, bounds: Sequence[int], clock: Clock, first_frame: int) -> int:
    """The nearest whole frame, last frame of a latent, or chunk boundary; `first_frame` is that of tick 0."""
    if snap == "Chunk" and bounds:
        return min(bounds, key=lambda bound: abs(bound - frame))
    if snap == "Tick":
        return round(clock.frame_of_tick(round(clock.tick_of_frame(frame, first_frame - 1)), first_frame - 1))
    return round(frame)


def ruler_step(scale: float, fps: float) -> float:
    """Seconds between numbers, so that they are some 60 pixels apart."""
    for step in (0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600):
        if step * fps * scale >= 56:
            return step
    return 1800
