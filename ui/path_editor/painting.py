"""Painting of a path in any view: grid, line, ticks, chunks, frusta, ghost, handles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from engine.poses import Floats
from ui.path_editor.gizmo import AXES, CENTRE_PX, Gizmo, Handle
from ui.path_editor.projection import NEAR, Flat, Projection, clipped
from ui.path_editor.scene import PathScene
from ui.theme import Theme

GRID_UNITS = 0.25
_GRID_STEPS = (0.01, 0.05, 0.25, 1.0, 5.0, 25.0, 100.0)
_LEAST_GRID_PX = 26.0
_MAX_GRID_LINES = 160
_FLOOR_CELLS = 11
FRUSTUM_PX, PLAYHEAD_PX = 24.0, 32.0
"""Depth of a camera's pyramid."""
_WIDTH, _HEIGHT = 0.58, 0.34
"""Half of the picture at depth 1: about the released model's shape."""
_DOT_GAP_PX, _FRUSTUM_GAP_PX, _NUMBER_GAP_PX = 4.2, 19.0, 19.0
"""What stands closer than this to its neighbour is left out."""
_MARGIN_PX = 40.0
"""Around a view, in which things are drawn that may reach into it."""
KEY_PX, SELECTED_PX, DOT_PX, RING_PX = 4.5, 6.5, 1.6, 4.6


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What is shown besides the way itself.

    Attributes:
        selected: numbers of the chosen keys; `active` is the one in the inspector.
        hovered: number of the key under the pointer, -1 for none.
        time_s: of the playhead; `playhead` its pose (4, 4).
    """

    selected: frozenset[int]
    active: int
    hovered: int
    time_s: float
    playhead: Floats


# ---------------------------------------------------------------------- grid


def grid_step(projection: Flat) -> float:
    """Scene units between the lines of a flat view: a quarter, unless they would lie too close."""
    fits = [step for step in _GRID_STEPS if step >= GRID_UNITS and step * projection.scale >= _LEAST_GRID_PX]
    if projection.scale * GRID_UNITS > 260:
        fits = [step for step in _GRID_STEPS if step * projection.scale >= _LEAST_GRID_PX]
    return fits[0] if fits else _GRID_STEPS[-1]


def paint_flat_grid(painter: QPainter, theme: Theme, projection: Flat) -> None:
    """Lines on whole pixels, those through the origin a little stronger."""
    step = grid_step(projection)
    zero = projection.project(np.zeros((1, 3)))[0][0]
    gap = step * projection.scale
    for across in (True, False):
        length = projection.width if across else projection.height
        start, origin = (0.0, float(zero[0] if across else zero[1]))
        first = int(np.ceil((start - origin) / gap))
        count = min(int(length / gap) + 2, _MAX_GRID_LINES)
        for number in range(first, first + count):
            at = round(origin + number * gap)
            if not 0 <= at <= length:
                continue
            colour = theme.color("line2" if number == 0 else "grid")
            box = QRectF(at, 0, 1, projection.height) if across else QRectF(0, at, projection.width, 1)
            painter.fillRect(box, colour)


def paint_floor(
    painter: QPainter, theme: Theme, projection: Projection, points: Floats, height: float, token: str
) -> None:
    """The ground of a 3D view around points (N, 3)."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = max(float(np.ptp(points[:, [0, 2]], axis=0).max()), 1.0)
    fits = (step for step in _GRID_STEPS if step >= GRID_UNITS and reach / step <= _FLOOR_CELLS * 1.5)
    step = next(fits, _GRID_STEPS[-1])
    centre = np.round(middle[[0, 2]] / step)
    half = _FLOOR_CELLS
    lines = np.arange(-half, half + 1)
    for along_x in (True, False):
        start, end = np.full((len(lines), 3), height), np.full((len(lines), 3), height)
        across, along = (0, 2) if along_x else (2, 0)
        start[:, across] = end[:, across] = (centre[0 if along_x else 1] + lines) * step
        middle_along = centre[1 if along_x else 0] * step
        start[:, along], end[:, along] = middle_along - half * step, middle_along + half * step
        first, last = clipped(start, end, projection)
        painter.setPen(QPen(theme.color(token), 1))
        painter.drawLines(_lines(first, last))


# ---------------------------------------------------------------------- the way


def paint_ghost(painter: QPainter, theme: Theme, projection: Projection, scene: PathScene) -> None:
    """The compared take's way, dashed in its colour, and its name at the end."""
    if len(scene.ghost) < 2:
        return
    pixels, depths = projection.project(scene.ghost[:, :3, 3])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.faded("take_b", 0.9), 1.4, Qt.PenStyle.DashLine))
    _polylines(painter, projection, pixels, depths)
    if depths[-1] > NEAR:
        painter.setFont(theme.font(11))
        painter.setPen(theme.color("take_b"))
        painter.drawText(QPointF(pixels[-1, 0] + 7, pixels[-1, 1] + 4), scene.ghost_name)


def paint_way(painter: QPainter, theme: Theme, projection: Projection, scene: PathScene) -> None:
    """Line, dot per tick, ring per chunk, as if nothing of them were past; what is too fast is marked."""
    pixels, depths = projection.project(scene.line)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.faded("edge", 0.75), 1.0))
    _polylines(painter, projection, pixels, depths)
    _paint_ticks(painter, theme, projection, scene, "text2", len(scene.ticks))
    _paint_bounds(painter, theme, projection, scene, "text2", np.inf)


def paint_past(painter: QPainter, theme: Theme, projection: Projection, scene: PathScene, look: Look) -> None:
    """Over it, and brighter: what of it lies before the playhead."""
    past = int(np.searchsorted(scene.line_times, look.time_s, "right"))
    if past > 1:
        done = np.concatenate([scene.line[:past], look.playhead[None, :3, 3]])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("text"), 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        _polylines(painter, projection, *projection.project(done))
    _paint_ticks(painter, theme, projection, scene, "text", int(look.time_s * scene.clock.ticks_per_second + 1e-6) + 1)
    _paint_bounds(painter, theme, projection, scene, "text", look.time_s)


def paint_flight(painter: QPainter, theme: Theme, projection: Projection, points: Floats) -> None:
    """What has been flown so far, points (N, 3)."""
    if len(points) > 1:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("error"), 2.0))
        _polylines(painter, projection, *projection.project(points))


def _paint_ticks(
    painter: QPainter, theme: Theme, projection: Projection, scene: PathScene, token: str, count: int
) -> None:
    """Dots of the first `count` ticks; of all of them those are shown that have room."""
    if len(scene.ticks) < 2:
        return
    pixels, depths = projection.project(scene.ticks[:, :3, 3])
    shown = _thinned(pixels, _DOT_GAP_PX)[:count]
    pixels, depths = pixels[:count], depths[:count]
    fast = (np.append(scene.fast, False) | np.insert(scene.fast, 0, False))[:count]
    painter.setPen(Qt.PenStyle.NoPen)
    shown &= (depths > NEAR) & _inside(pixels, projection)
    for chosen, colour, radius in ((~fast, token, DOT_PX), (fast, "warn", DOT_PX + 0.7)):
        painter.setBrush(theme.color(colour))
        for x, y in pixels[shown & chosen].tolist():
            painter.drawEllipse(QPointF(x, y), radius, radius)


def _paint_bounds(
    painter: QPainter, theme: Theme, projection: Projection, scene: PathScene, token: str, until_s: float
) -> None:
    """Rings of the chunks that begin or end until then."""
    numbers = np.array([bound for bound in scene.bounds[1:] if bound < len(scene.ticks)], int)
    if not len(numbers):
        return
    pixels, depths = projection.project(scene.ticks[numbers, :3, 3])
    shown = _thinned(pixels, 2.6 * RING_PX) & (depths > NEAR) & _inside(pixels, projection)
    shown &= numbers * scene.clock.seconds_per_tick <= until_s + 1e-6
    painter.setBrush(theme.color("canvas"))
    painter.setPen(QPen(theme.color(token), 1.6))
    for x, y in pixels[shown].tolist():
        painter.drawEllipse(QPointF(x, y), RING_PX, RING_PX)


# ---------------------------------------------------------------------- cameras


def frustum(poses_: Floats, depth: Floats | float) -> Floats:
    """Corners (N, 5, 3) of cameras' pyramids: the eye, then the picture's corners."""
    corners = np.array(
        [[0, 0, 0], [-_WIDTH, -_HEIGHT, 1], [_WIDTH, -_HEIGHT, 1], [_WIDTH, _HEIGHT, 1], [-_WIDTH, _HEIGHT, 1]]
    )
    sized = corners[None] * np.broadcast_to(np.asarray(depth, np.float64), (len(poses_),))[:, None, None]
    return np.einsum("nij,nkj->nki", poses_[:, :3, :3], sized) + poses_[:, None, :3, 3]


def paint_keys(
    painter: QPainter, theme: Theme, projection: Projection, scene: PathScene, look: Look, depth: float
) -> None:
    """A pyramid, a diamond and a number per key; the chosen ones in text colour."""
    if not len(scene.keys):
        return
    pixels, depths = projection.project(scene.keys[:, :3, 3])
    seen = (depths > NEAR) & _inside(pixels, projection)
    chosen = np.zeros(len(pixels), bool)
    chosen[[number for number in look.selected if number < len(pixels)]] = True
    spaced = _thinned(pixels, _FRUSTUM_GAP_PX) | chosen
    corners = frustum(scene.keys, depth)
    for is_chosen, token, width in ((False, "text3", 1.0), (True, "text", 1.7)):
        numbers = np.flatnonzero(seen & spaced & (chosen == is_chosen))
        if not len(numbers):
            continue
        if is_chosen and len(numbers) <= 12:
            for number in numbers:
                _fill_picture(painter, projection, corners[number], theme.faded("text", 0.10))
        painter.setPen(_pen(theme.color(token), width))
        _paint_pyramids(painter, projection, corners[numbers])
    _paint_diamonds(painter, theme, pixels, seen, chosen, look)
    _paint_numbers(painter, theme, projection, scene, pixels, seen, chosen, look)


def paint_camera(
    painter: QPainter, theme: Theme, projection: Projection, pose: Floats, depth: float, token: str = "accent_mark"
) -> None:
    """The camera at the playhead: filled, with a dot at its eye."""
    corners = frustum(pose[None], depth)[0]
    tint = theme.faded("accent", 0.26) if token == "accent_mark" else theme.faded(token, 0.2)
    _fill_picture(painter, projection, corners, tint)
    painter.setPen(_pen(theme.color(token), 2.0))
    _paint_pyramids(painter, projection, corners[None])
    pixel, seen = projection.project(corners[:1])
    if seen[0] > NEAR:
        painter.setPen(QPen(theme.color("canvas"), 1.5))
        painter.setBrush(theme.color(token))
        painter.drawEllipse(QPointF(*pixel[0]), 5.2, 5.2)


def _paint_diamonds(
    painter: QPainter, theme: Theme, pixels: Floats, seen: np.ndarray, chosen: np.ndarray, look: Look
) -> None:
    bright = chosen.copy()
    if 0 <= look.hovered < len(bright):
        bright[look.hovered] = True
    shown = (_thinned(pixels, KEY_PX + 1) | bright) & seen
    painter.setPen(QPen(theme.color("canvas"), 1.2))
    for group, token, half in (
        (~bright, "text2", KEY_PX),
        (bright & ~chosen, "text", KEY_PX),
        (chosen, "text", SELECTED_PX),
    ):
        painter.setBrush(theme.color(token))
        for x, y in pixels[shown & group].tolist():
            painter.drawConvexPolygon(diamond(x, y, half))
    if len(look.selected) > 1 and 0 <= look.active < len(pixels) and seen[look.active]:
        painter.setPen(QPen(theme.color("text"), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        x, y = pixels[look.active].tolist()
        painter.drawPolygon(diamond(x, y, SELECTED_PX + 3.5))


def _paint_numbers(
    painter: QPainter,
    theme: Theme,
    projection: Projection,
    scene: PathScene,
    pixels: Floats,
    seen: np.ndarray,
    chosen: np.ndarray,
    look: Look,
) -> None:
    """Beside the key, on the side away from where the camera looks and from the line."""
    painter.setFont(theme.font(11, 600))
    ahead, _ = projection.project(scene.keys[:, :3, 3] + scene.keys[:, :3, 2] * 0.01)
    facing = ahead - pixels
    shown = (_thinned(pixels, _NUMBER_GAP_PX) | chosen) & seen
    metrics = painter.fontMetrics()
    for number in np.flatnonzero(shown).tolist():
        words = str(number + 1)
        side = _number_side(facing[number], pixels, number)
        wide = metrics.horizontalAdvance(words)
        x, y = pixels[number] + 14.0 * side
        painter.setPen(theme.color("text" if chosen[number] or number == look.hovered else "text2"))
        painter.drawText(QPointF(x - wide / 2, y + 4), words)


def _number_side(facing: Floats, pixels: Floats, number: int) -> Floats:
    """Direction in pixels, of length 1: across the way, opposite to where the camera looks."""
    before, after = pixels[max(number - 1, 0)], pixels[min(number + 1, len(pixels) - 1)]
    way = after - before
    size = float(np.linalg.norm(way))
    across = np.array([-way[1], way[0]]) / size if size > 1e-6 else np.array([-1.0, 0.0])
    lean = float(np.linalg.norm(facing))
    turn = float(across @ facing) / lean if lean > 1e-9 else 0.0
    if abs(turn) < 0.2:
        # Straight ahead: to the left, as one reads the number before the key.
        return -across if across[0] > 0 else across
    return -across if turn > 0 else across


def _paint_pyramids(painter: QPainter, projection: Projection, corners: Floats) -> None:
    """Edges of pyramids (N, 5, 3), in the pen that is set."""
    pairs = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4), (4, 1))
    start = np.concatenate([corners[:, first] for first, _ in pairs])
    end = np.concatenate([corners[:, last] for _, last in pairs])
    first, last = clipped(start, end, projection)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawLines(_lines(first, last))


def _fill_picture(painter: QPainter, projection: Projection, corners: Floats, colour: QColor) -> None:
    pixels, depths = projection.project(corners)
    if (depths <= NEAR).any():
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if isinstance(projection, Flat):
        # From above a pyramid is a triangle: its picture is a line.
        hull = [pixels[0], pixels[1], pixels[2]] if projection.kind == "top" else [pixels[0], pixels[1], pixels[4]]
        painter.drawPolygon(polygon(np.array(hull)))
    else:
        painter.drawPolygon(polygon(pixels[1:]))


# ---------------------------------------------------------------------- handles


def paint_gizmo(painter: QPainter, theme: Theme, gizmo: Gizmo, hot: Handle | None, *, quiet_ring: bool) -> None:
    """Rings, arrows with the names of their axes, and the diamond in the middle that moves freely."""
    if not gizmo.is_visible:
        return
    for axis, ring in gizmo.rings().items():
        is_hot = hot is not None and hot.part == "ring" and hot.axis == axis
        named = axis if axis >= 0 else None
        token = "text2" if quiet_ring or named is None else f"axis_{AXES[named]}"
        style = Qt.PenStyle.CustomDashLine if quiet_ring and not is_hot else Qt.PenStyle.SolidLine
        pen = QPen(theme.color("text" if is_hot and quiet_ring else token), 2.4 if is_hot else 1.3, style)
        if style == Qt.PenStyle.CustomDashLine:
            pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(polygon(ring))
    for axis, (start, tip) in gizmo.arrows().items():
        is_hot = hot is not None and hot.part == "arrow" and hot.axis == axis
        _paint_arrow(painter, theme, axis, start, tip, is_hot=is_hot)
    if gizmo.has_arrows:
        x, y = gizmo.centre_px.tolist()
        is_hot = hot is not None and hot.part == "centre"
        painter.setPen(QPen(theme.color("canvas"), 1.5))
        painter.setBrush(theme.color("text"))
        painter.drawPolygon(diamond(x, y, CENTRE_PX + 1 if is_hot else CENTRE_PX - 0.5))


def _paint_arrow(painter: QPainter, theme: Theme, axis: int, start: Floats, tip: Floats, *, is_hot: bool) -> None:
    colour = theme.color(f"axis_{AXES[axis]}")
    way = (tip - start) / max(float(np.linalg.norm(tip - start)), 1e-6)
    across = np.array([-way[1], way[0]])
    painter.setPen(QPen(colour, 3.0 if is_hot else 2.0))
    painter.drawLine(QPointF(*start), QPointF(*(tip - 7 * way)))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(polygon(np.stack([tip, tip - 9 * way + 4 * across, tip - 9 * way - 4 * across])))
    painter.setPen(colour)
    painter.setFont(theme.font(12, 600))
    # Beside an upright arrow, behind a lying one: never on the line of the arrow.
    place = tip + 9 * way if abs(way[0]) > abs(way[1]) else tip + np.array([-11.0, -1.0]) + 3 * way
    painter.drawText(QPointF(place[0] - 3, place[1] + 4), AXES[axis])


def paint_look_at(painter: QPainter, theme: Theme, projection: Projection, eye: Floats, point: Floats) -> None:
    """The point that a key looks at, and the line of sight to it."""
    first, last = clipped(eye[None], point[None], projection)
    painter.setPen(QPen(theme.color("text3"), 1, Qt.PenStyle.DotLine))
    painter.drawLines(_lines(first, last))
    pixel, depth = projection.project(point[None])
    if depth[0] > NEAR:
        x, y = pixel[0].tolist()
        painter.setPen(QPen(theme.color("text"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x, y), 6, 6)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(QPointF(x + 3 * dx, y + 3 * dy), QPointF(x + 9 * dx, y + 9 * dy))


def paint_drops(painter: QPainter, theme: Theme, projection: Projection, scene: PathScene) -> None:
    """In 3D, a thin line from every key that is off the ground to it."""
    if not len(scene.keys):
        return
    places = scene.keys[:, :3, 3]
    off = np.abs(places[:, 1]) > 0.02
    if off.any():
        foot = places[off].copy()
        foot[:, 1] = 0
        first, last = clipped(places[off], foot, projection)
        painter.setPen(QPen(theme.color("line2"), 1))
        painter.drawLines(_lines(first, last))


def paint_falloff(painter: QPainter, theme: Theme, projection: Projection, centre: Floats, radius: float) -> None:
    """How far others follow, around where they are taken along."""
    pixel, depth = projection.project(centre[None])
    if radius > 0 and depth[0] > NEAR:
        shown = radius * projection.scale_at(centre)
        painter.setPen(QPen(theme.faded("text2", 0.8), 1, Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(*pixel[0]), shown, shown)


# ---------------------------------------------------------------------- small things


def diamond(x: float, y: float, half: float) -> QPolygonF:
    return QPolygonF([QPointF(x, y - half), QPointF(x + half, y), QPointF(x, y + half), QPointF(x - half, y)])


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def polygon(pixels: Floats) -> QPolygonF:
    """Points (N, 2) as Qt takes them."""
    return QPolygonF([QPointF(x, y) for x, y in pixels.tolist()])


def _lines(first: Floats, last: Floats) -> list[QLineF]:
    return [QLineF(*start, *end) for start, end in zip(first.tolist(), last.tolist(), strict=True)]


def _polylines(painter: QPainter, projection: Projection, pixels: Floats, depths: Floats) -> None:
    """The runs of a line that lie in the view; points closer than about a pixel are one."""
    kept = _thinned(pixels, 1.2)
    if len(kept):
        kept[-1] = True
    pixels, before_eye = pixels[kept], depths[kept] > NEAR
    if len(pixels) < 2:
        return
    low, high = np.minimum(pixels[:-1], pixels[1:]), np.maximum(pixels[:-1], pixels[1:])
    crosses = ((high > -_MARGIN_PX) & (low < _size(projection) + _MARGIN_PX)).all(axis=1)
    for run in _runs(crosses & before_eye[:-1] & before_eye[1:]):
        painter.drawPolyline(polygon(pixels[run.start : run.stop + 1]))


def _runs(seen: np.ndarray) -> Sequence[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    return [slice(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _thinned(pixels: Floats, gap: float) -> np.ndarray:
    """Which of the points (N, 2), in their order, to draw so that they are some `gap` pixels apart along the way."""
    if len(pixels) < 2:
        return np.ones(len(pixels), bool)
    steps = np.minimum(np.linalg.norm(np.diff(pixels, axis=0), axis=1), gap * 1.0001)
    cells = np.floor(np.concatenate([[0.0], np.cumsum(steps)]) / gap + 1e-6).astype(np.int64)
    return np.concatenate([[True], np.diff(cells) > 0])


def _inside(pixels: Floats, projection: Projection) -> np.ndarray:
    """Which of the points (N, 2) lie in the view, or close by."""
    inside = (pixels > -_MARGIN_PX) & (pixels < _size(projection) + _MARGIN_PX)
    return np.asarray(inside.all(axis=1))


def _size(projection: Projection) -> Floats:
    return np.array([projection.width, projection.height])
