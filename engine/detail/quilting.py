"""New parts of a place, quilted from the start picture: patches that fit what the world shows there and what lies
beside them, joined along seams of least error. Deterministic.

After image quilting (Efros and Freeman 2001), with a guide, as their texture transfer. One cell is a pixel of the
working grid, `SCALE` x `SCALE` pixels of the canvas.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.detail.images import Array, Image, as_floats
from engine.messages import Picture

SCALE = 4
PATCH = 8
"""Width of a patch in cells."""
STEP = 5
SEAM = (PATCH - STEP) * SCALE // 2
"""Width of the overlap of two patches, in half pixels of the canvas, at which seams are cut."""
CANDIDATES, TRIED = 200, 12
"""Patches that the guide leaves, and those that the overlap then leaves to be compared in full."""
LEVELS = 32.0
"""Levels of colour that count as one."""
HEIGHT_WEIGHT, HEIGHT_SPREAD = 0.3, 12.0
"""A patch from another height of the picture costs; the spread is in cells."""
REUSE_COST, REUSE_FADES, ODD_COST, OVERLAP_COST, FINE_OVERLAP_COST = 0.15, 0.7, 2.0, 1.5, 0.5
SIDE_COST, SIDE_MARGIN, SIDE_SPREAD = 0.3, 14, 40.0
"""To the left of the start picture patches come from its left, to the right from its right."""
TONE = 0.4
"""Part of a patch's mean colour that is moved to the guide's."""
TONE_SPREAD = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Strip:
    """What is to be filled, in cells of the canvas. Arrays (rows, columns).

    Attributes:
        new: bool, cells to be filled.
        known: bool, cells that hold something already.
        guide: (rows, columns, 3) colours that the new cells should have.
        pixels: (rows x SCALE, columns x SCALE, 3) uint8, the canvas.
    """

    new: Image
    known: Image
    guide: Array
    pixels: Picture


class Quilter:
    """Patches of one start picture and of its mirror image."""

    def __init__(self, picture: Picture, top: int, left: int) -> None:
        """`picture` is the start picture at SCALE pixels a cell, which lies at cell (top, left) of the canvas."""
        self._top, self._left = top, left
        self._pixels = (picture, np.ascontiguousarray(picture[:, ::-1]))
        self._height, self._width = picture.shape[0] // SCALE, picture.shape[1] // SCALE
        cells = cv2.resize(picture, (self._width, self._height), interpolation=cv2.INTER_AREA).astype(np.float32)
        smooth = as_floats(cv2.GaussianBlur(cells, (0, 0), 1.6))
        self._rows, self._columns = self._height - PATCH + 1, self._width - PATCH + 1
        self._smooth, self._sharp = _patches(smooth), _patches(cells)
        self._smooth_squares = np.square(self._smooth).sum(axis=1)
        row = np.repeat(np.arange(self._rows), self._columns)
        column = np.tile(np.arange(self._columns), self._rows)
        self._row = np.tile(row, 2).astype(np.float32)
        # Where the patch would lie if the picture were not mirrored.
        self._column = np.concatenate([column, self._width - PATCH - column]).astype(np.float32)
        fine = np.square(self._sharp - self._smooth).mean(axis=1)
        usual = np.array([np.median(fine[self._row == number]) for number in range(self._rows)])
        self._odd = np.maximum(fine - 1.5 * usual[self._row.astype(int)], 0)

    def fill(self, strip: Strip) -> Picture:
        """The canvas's pixels with the new cells filled."""
        guide = _extended(as_floats(cv2.GaussianBlur(strip.guide, (0, 0), 0.8)), strip.new | strip.known)
        places = _places(strip)
        canvas = strip.pixels.astype(np.float32)
        cells = _shrunk(canvas)
        have = strip.known.copy()
        used = np.zeros((2, self._rows, self._columns), np.float32)
        wanted = np.stack([_patch(guide, place).reshape(-1) for place in places]) / LEVELS
        by_guide = self._smooth_squares - 2 * (wanted @ self._smooth.T) + np.square(wanted).sum(axis=1)[:, None]
        by_guide /= PATCH * PATCH * 3
        for number, place in enumerate(places):
            filled = _patch(have, place)
            if (_patch(strip.new, place) & ~filled).sum() < 2:
                continue
            cost = by_guide[number] + self._cost_of_place(place) + REUSE_COST * used.ravel() + ODD_COST * self._odd
            pixels, chosen = self._best(cost, cells, canvas, place, filled)
            mirrored, row, column = np.unravel_index(chosen, used.shape)
            used[mirrored, max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] += 1
            tone = wanted[number].reshape(-1, 3).mean(axis=0) * LEVELS - pixels.reshape(-1, 3).mean(axis=0)
            _put(canvas, pixels + TONE * tone, place, filled)
            y, x = place
            block = canvas[y * SCALE : (y + PATCH) * SCALE, x * SCALE : (x + PATCH) * SCALE]
            cells[y : y + PATCH, x : x + PATCH] = _shrunk(block)
            have[y : y + PATCH, x : x + PATCH] = True
        return self._toned(strip, canvas)

    def _cost_of_place(self, place: tuple[int, int]) -> Array:
        """What a patch costs for coming from another height, or from the other side of the picture."""
        height = place[0] - self._top
        spread = HEIGHT_SPREAD if 0 <= height <= self._height - PATCH else HEIGHT_SPREAD / 2
        cost = np.square((self._row - height) / spread) * HEIGHT_WEIGHT
        beside = (place[1] + PATCH / 2 - self._left - self._width / 2) / (self._width / 2)
        if abs(beside) > 1:
            middle = self._width - PATCH
            away = self._column if beside < 0 else middle - self._column
            cost = cost + SIDE_COST * np.square(np.maximum(away - SIDE_MARGIN, 0) / SIDE_SPREAD)
        return np.asarray(cost, np.float32)

    def _best(
        self, cost: Array, cells: Array, canvas: Array, place: tuple[int, int], filled: Image
    ) -> tuple[Array, int]:
        """Pixels and number of the patch of least cost."""
        candidates = np.argpartition(cost, CANDIDATES)[:CANDIDATES]
        costs = cost[candidates]
        if filled.any():
            weight = np.repeat(filled.astype(np.float32).ravel(), 3)
            apart = self._sharp[candidates] - _patch(cells, place).reshape(-1) / LEVELS
            costs = costs + OVERLAP_COST * (np.square(apart) @ weight) / weight.sum()
        order = np.argsort(costs, kind="stable")[:TRIED]
        best: tuple[float, Array, int] | None = None
        old = _pixels_at(canvas, place)
        mask = _enlarged(filled)
        for candidate, at in zip(candidates[order], costs[order], strict=True):
            pixels = self._pixels_of(int(candidate))
            total = float(at)
            if filled.any():
                difference = np.abs(pixels - old).mean(axis=-1)
                total += FINE_OVERLAP_COST * float((difference * mask).sum() / mask.sum()) / LEVELS
            if best is None or total < best[0]:
                best = (total, pixels, int(candidate))
        assert best is not None
        return best[1], best[2]

    def _pixels_of(self, number: int) -> Array:
        mirrored, rest = divmod(number, self._rows * self._columns)
        row, column = divmod(rest, self._columns)
        picture = self._pixels[mirrored]
        return picture[row * SCALE : (row + PATCH) * SCALE, column * SCALE : (column + PATCH) * SCALE].astype(
            np.float32
        )

    def _toned(self, strip: Strip, canvas: Array) -> Picture:
        """The canvas with slow colours of the new cells moved to the guide's; what was there stays as it was."""
        height, width = canvas.shape[:2]
        apart = strip.guide - _shrunk(canvas)
        weight = strip.new.astype(np.float32) + 1e-4
        slow = as_floats(cv2.GaussianBlur(apart * weight[..., None], (0, 0), TONE_SPREAD))
        slow = slow / cv2.GaussianBlur(weight, (0, 0), TONE_SPREAD)[..., None]
        toned = canvas + TONE * cv2.resize(slow, (width, height), interpolation=cv2.INTER_LINEAR)
        soft = cv2.GaussianBlur(cv2.dilate(strip.new.astype(np.float32), np.ones((3, 3))), (0, 0), 0.6)
        part = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
        own = np.zeros(strip.new.shape, np.float32)
        own[self._top : self._top + self._height, self._left : self._left + self._width] = 1
        inner = cv2.GaussianBlur(cv2.erode(own, np.ones((3, 3))), (0, 0), 0.5)
        part = (part * (1 - cv2.resize(inner, (width, height), interpolation=cv2.INTER_LINEAR)))[..., None]
        return np.clip(strip.pixels * (1 - part) + toned * part, 0, 255).astype(np.uint8)


def _patches(cells: Array) -> Array:
    """(patches, PATCH x PATCH x 3) of a picture and of its mirror image, in `LEVELS`."""
    found = []
    for picture in (cells, cells[:, ::-1]):
        windows = np.lib.stride_tricks.sliding_window_view(picture, (PATCH, PATCH), (0, 1))
        found.append(windows.transpose(0, 1, 3, 4, 2).reshape(-1, PATCH * PATCH * 3))
    return np.ascontiguousarray(np.concatenate(found) / LEVELS, np.float32)


def _places(strip: Strip) -> list[tuple[int, int]]:
    """Top left cells of the patches to be laid, those nearest to what is known first."""
    rows, columns = strip.new.shape
    ys, xs = np.nonzero(strip.new)
    down = list(range(max(0, ys.min() - 2), min(rows - PATCH, ys.max()) + 1, STEP))
    along = list(range(max(0, xs.min() - 2), min(columns - PATCH, xs.max()) + 1, STEP))
    for starts, last, size in ((down, int(ys.max()), rows), (along, int(xs.max()), columns)):
        if starts[-1] + PATCH <= last:
            starts.append(min(size - PATCH, last - PATCH + 3))
    places = [(y, x) for y in down for x in along if _patch(strip.new, (y, x)).sum() >= 3]
    distance = cv2.distanceTransform((~strip.known).astype(np.uint8), cv2.DIST_L2, 3)

    def order(place: tuple[int, int]) -> tuple[int, tuple[int, int]]:
        middle = min(place[0] + PATCH // 2, rows - 1), min(place[1] + PATCH // 2, columns - 1)
        return round(float(distance[middle])), place

    return sorted(places, key=order)


def _extended(guide: Array, known: Image) -> Array:
    """The guide, and beyond what is known of it the nearest colours, smoothed."""
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(labels.max()) + 1, 3), np.float32)
    colours[labels[known]] = guide[known]
    return np.where(known[..., None], guide, cv2.GaussianBlur(colours[labels], (0, 0), 2.0))


def _put(canvas: Array, pixels: Array, place: tuple[int, int], filled: Image) -> None:
    """Lay a patch over the canvas, in place, joined to what is filled there along a seam."""
    y, x = place[0] * SCALE, place[1] * SCALE
    block = canvas[y : y + PATCH * SCALE, x : x + PATCH * SCALE]
    if not filled.any():
        block[:] = pixels
        return
    mask = _enlarged(filled)
    size = PATCH * SCALE
    error = cv2.resize(np.square(pixels - block).sum(axis=-1), (size // 2, size // 2), interpolation=cv2.INTER_AREA)
    taken = cut(error, mask[::2, ::2] > 0, SEAM).astype(np.float32)
    part = cv2.GaussianBlur(cv2.resize(taken, (size, size), interpolation=cv2.INTER_LINEAR), (0, 0), 1.2)
    part = np.maximum(part, 1 - mask)[..., None]
    block[:] = block * (1 - part) + pixels * part


def cut(error: Array, filled: Image, overlap: int) -> Image:
    """Where the new patch is taken: beyond a cut of least error through the overlap at each side that is filled.

    Args:
        error: (n, n) of the patch against what is there.
        filled: (n, n) bool, where there is something.
        overlap: width in which cuts may run.
    """
    taken = np.ones(error.shape, bool)
    for turns in range(4):
        turned, there = np.rot90(error, turns), np.rot90(filled, turns)
        if there[:, : overlap // 2].mean() > 0.6:
            taken &= np.rot90(_right_of_cut(turned[:, :overlap], error.shape[0]), -turns)
    return taken | ~filled


def _right_of_cut(error: Array, size: int) -> Image:
    """(size, size) True from the path of least error from the top to the bottom of `error` on to the right."""
    total = error.astype(np.float64)
    for row in range(1, size):
        above = total[row - 1]
        left, right = np.append(np.inf, above[:-1]), np.append(above[1:], np.inf)
        total[row] += np.minimum(above, np.minimum(left, right))
    taken = np.ones((size, size), bool)
    column = int(total[-1].argmin())
    for row in range(size - 1, -1, -1):
        taken[row, :column] = False
        if row:
            low = max(column - 1, 0)
            column = low + int(total[row - 1, low : column + 2].argmin())
    return taken


def _patch(cells: Image, place: tuple[int, int]) -> Image:
    return cells[place[0] : place[0] + PATCH, place[1] : place[1] + PATCH]


def _pixels_at(canvas: Array, place: tuple[int, int]) -> Array:
    y, x = place[0] * SCALE, place[1] * SCALE
    return canvas[y : y + PATCH * SCALE, x : x + PATCH * SCALE]


def _enlarged(cells: Image) -> Array:
    """Cells as pixels of the canvas, 0 or 1."""
    return np.repeat(np.repeat(cells.astype(np.float32), SCALE, axis=0), SCALE, axis=1)


def _shrunk(canvas: Image) -> Array:
    """The canvas as cells."""
    height, width = canvas.shape[0] // SCALE, canvas.shape[1] // SCALE
    return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.float32)
