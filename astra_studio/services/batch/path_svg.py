"""A camera path from above as SVG in the colours of the page: a dot per tick, a ring per chunk."""

from __future__ import annotations

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.sampling import gauge

_SIZE = 180.0
_MARGIN = 16.0
_LEGEND = 12.0
"""Below the way, for the scale."""
_LEAST_SPAN = 0.12
"""Scene units that are shown at least: a camera that only turns stays in one place."""
_MAX_DOTS = 160
_MAX_RINGS = 24
_SCALES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def way_svg(c2w: Floats, clock: Clock) -> str:
    """A drawing of poses (n + 1, 4, 4) at ticks of a clock, forward up, one unit as long in both directions."""
    points = c2w[:, [0, 2], 3]
    low, high = points.min(axis=0), points.max(axis=0)
    span = max(float((high - low).max()), _LEAST_SPAN)
    scale = (_SIZE - 2 * _MARGIN - _LEGEND) / span
    middle = (low + high) / 2
    seen = (points - middle) * [scale, -scale] + [_SIZE / 2, _SIZE / 2 - _LEGEND / 2]
    beyond = gauge(c2w, clock=clock).beyond
    parts = [_grid(scale), _line(seen, "way")]
    for start, stop in _runs(beyond):
        parts.append(_line(seen[start : stop + 1], "fast"))
    if len(seen) <= _MAX_DOTS:
        parts += [_circle(x, y, 1.7, "fast dot" if beyond[n] else "dot") for n, (x, y) in enumerate(seen[1:])]
    length = clock.latents_per_chunk
    chunks = range(0, len(seen), length * max(1, len(seen) // (length * _MAX_RINGS)))
    parts += [_camera(seen[n], c2w[n], "start" if n == 0 else "between") for n in {*chunks, len(seen) - 1}]
    parts += [_circle(seen[n][0], seen[n][1], 3.4, "ring") for n in chunks]
    words = f"Way from above: {np.linalg.norm(np.diff(c2w[:, :3, 3], axis=0), axis=1).sum():.3g} units"
    size = f"{_SIZE:g}"
    return (
        f'<svg viewBox="0 0 {size} {size}" role=img aria-label="{words}"><title>{words}</title>{"".join(parts)}</svg>'
    )


def _grid(scale: float) -> str:
    """A bar of a round length in the lower left corner, and what it stands for."""
    length = max((each for each in _SCALES if each * scale <= _SIZE / 3), default=_SCALES[0])
    y = _SIZE - 8
    end = 8 + length * scale
    return (
        f'<path class=scale d="M8 {y - 3:g}V{y:g}H{end:.1f}V{y - 3:g}"/>'
        f'<text x="{end + 5:.1f}" y="{y + 1:g}">{length:g}</text>'
    )


def _line(points: Floats, kind: str) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _circle(x: float, y: float, radius: float, kind: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def _camera(at: Floats, pose: Floats, kind: str) -> str:
    """A wedge that opens where the camera looks."""
    corners = [pose[:3, :3] @ [side * 0.55, 0, 1.0] for side in (-1, 1)]
    ends = [at + np.array([corner[0], -corner[2]]) * 11 for corner in corners]
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at, *ends))
    return f'<polygon class="camera {kind}" points="{places}"/>'


def _runs(beyond: np.ndarray) -> list[tuple[int, int]]:
    """First and last pose of each run of ticks that are faster than the model was trained at."""
    numbers = np.flatnonzero(beyond)
    if not len(numbers):
        return []
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return [(int(run[0]), int(run[-1]) + 1) for run in runs]
