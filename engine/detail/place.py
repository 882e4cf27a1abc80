"""The place that a take has shown so far: a canvas of three by three views around the start picture, in the relief's
coordinates. What the world reveals is written once, and fetched ever after.

The canvas is a value; writing returns a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.detail.geometry import inside_start
from engine.detail.images import Array, Image, as_floats, blur, normalised_brightness
from engine.detail.quilting import SCALE, Quilter, Strip
from engine.messages import Picture, StoredArrays

_PREFIX = "place."
VIEWS = 3
"""Of the canvas, across and down, in sizes of the start picture."""
WRITTEN_WEIGHT = 0.5
"""Of what was written, in tracking, beside the start picture's 1."""
LEAST_CELLS = 60
"""Fewer new cells wait for the next chunk."""
DRIFT_SPREAD, MOST_DRIFT = 10.0, 40.0
"""Cells over which, and levels up to which, the world's colours are taken to have drifted."""
PALETTE, PALETTE_OUTSIDE = 0.7, 0.95
"""How far new colours are pulled to those of the start picture at that height, and above and below it, where the
bundled world paints what it saw in mirrored scenes."""
COLOUR_SPREAD, COLOUR_SPREAD_OUTSIDE = 18.0, 50.0
HEIGHT_SPREAD, HEIGHT_SPREAD_OUTSIDE = 7.0, 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """One soft frame, and where it looks. Arrays of the working grid.

    Attributes:
        frame: (H, W, 3) float32.
        agreement: in [0, 1], how far its colours agree with the canvas.
    """

    across: Array
    down: Array
    frame: Array
    agreement: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """What is known of the place around a start picture.

    Attributes:
        pixels: (3 H, 3 W, 3) uint8; mirrored from the start picture where nothing is known.
        known: (rows, columns) bool, by cells: the start picture, and what was written.
        lost: (rows, columns) bool: cells that went out of view since; coming back, they are known better here than by
            the world.
    """

    pixels: Picture
    known: NDArray[np.bool_]
    lost: NDArray[np.bool_]

    @cached_property
    def cells(self) -> Array:
        """(rows, columns, 3) colours."""
        rows, columns = self.known.shape
        return np.asarray(cv2.resize(self.pixels, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)

    @cached_property
    def colours(self) -> Array:
        """Cells without detail, to compare soft frames with."""
        return np.asarray(cv2.GaussianBlur(self.cells, (0, 0), 1.2), np.float32)

    @cached_property
    def brightness(self) -> Array:
        """Normalised brightness of the cells."""
        return normalised_brightness(np.clip(self.cells, 0, 255).astype(np.uint8))

    @cached_property
    def surely_known(self) -> Array:
        """How far each cell is known, falling off towards what is not."""
        known = self.known.astype(np.float32)
        return np.asarray(cv2.GaussianBlur(known, (0, 0), 0.7) * known, np.float32)

    @cached_property
    def surely_lost(self) -> Array:
        return np.asarray(cv2.GaussianBlur(self.lost.astype(np.float32), (0, 0), 1.0), np.float32)

    def brightness_at(self, across: Array, down: Array) -> Array:
        """For the tracker: normalised brightness at places of the start picture."""
        return self.look(self.brightness, across, down)

    def weight_at(self, across: Array, down: Array) -> Array:
        """For the tracker: what was written is believed by half."""
        is_on_canvas = (np.abs(across) < VIEWS * 0.98) & (np.abs(down) < VIEWS * 0.97)
        is_written = (self.look(self.known.astype(np.float32), across, down) > 0.95) & is_on_canvas
        return np.where(inside_start(across, down), 1.0, np.where(is_written, WRITTEN_WEIGHT, 0.0)).astype(np.float32)

    @property
    def num_bytes(self) -> int:
        """Bytes of the canvas and its masks; what is computed from them is not counted."""
        return self.pixels.nbytes + self.known.nbytes + self.lost.nbytes

    @property
    def has_written(self) -> bool:
        """Whether anything but the start picture is known."""
        rows, columns = self.known.shape
        return int(self.known.sum()) > rows * columns // VIEWS**2

    def look(self, image: Image, across: Array, down: Array) -> Image:
        """One of the canvas's images at places of the start picture, linear; its edge goes on beyond it."""
        column, row = canvas_places(across, down, image.shape[1], image.shape[0])
        return np.asarray(cv2.remap(image, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def place_arrays(place: Place, start: Place) -> StoredArrays:
    """What was written into a place since the start, by name."""
    changed = (_of_cells(place.pixels, place.known.shape) != _of_cells(start.pixels, place.known.shape)).any(axis=-1)
    pixels = place.pixels * np.repeat(np.repeat(changed, SCALE, axis=0), SCALE, axis=1)[..., None]
    masks = {"changed": changed, "known": place.known, "lost": place.lost}
    return {
        f"{_PREFIX}pixels": pixels.astype(np.uint8),
        **{f"{_PREFIX}{name}": mask.astype(np.uint8) for name, mask in masks.items()},
    }


def place_of(arrays: StoredArrays, start: Place) -> Place | None:
    """The place that was stored as these arrays; None where none was. Raises ValueError for arrays of another size."""
    if f"{_PREFIX}pixels" not in arrays:
        return None
    pixels = arrays[f"{_PREFIX}pixels"]
    masks = {name: arrays.get(f"{_PREFIX}{name}", np.zeros(0)) for name in ("changed", "known", "lost")}
    if pixels.shape != start.pixels.shape or any(mask.shape != start.known.shape for mask in masks.values()):
        raise ValueError(
            f"a stored place must be {start.pixels.shape[1]} x {start.pixels.shape[0]} pixels with its masks, got "
            f"{pixels.shape}; make the take's chunks again"
        )
    changed = np.repeat(np.repeat(masks["changed"] > 0, SCALE, axis=0), SCALE, axis=1)[..., None]
    return Place(
        pixels=np.where(changed, pixels, start.pixels).astype(np.uint8),
        known=masks["known"] > 0,
        lost=masks["lost"] > 0,
    )


def _of_cells(pixels: Picture, shape: tuple[int, ...]) -> Picture:
    """Pixels by the cell that they lie in: (rows, columns, numbers)."""
    rows, columns = shape
    return pixels.reshape(rows, SCALE, columns, SCALE * 3).swapaxes(1, 2).reshape(rows, columns, -1)


def canvas_places(across: Array, down: Array, width: int, height: int) -> tuple[Array, Array]:
    """(column, row) in an image of the canvas of that size."""
    column = (across / VIEWS * 0.5 + 0.5) * width - 0.5
    row = (down / VIEWS * 0.5 + 0.5) * height - 0.5
    return column.astype(np.float32), row.astype(np.float32)


class PlaceMemory:
    """The writing of places around one start picture."""

    def __init__(self, picture: Picture, grid_width: int, grid_height: int) -> None:
        self._size = (grid_width, grid_height)
        width, height = grid_width * SCALE, grid_height * SCALE
        how = cv2.INTER_AREA if picture.shape[1] >= width else cv2.INTER_CUBIC
        self._picture: Picture = np.asarray(cv2.resize(picture, (width, height), interpolation=how))
        self._quilter = Quilter(self._picture, grid_height, grid_width)
        smooth = cv2.GaussianBlur(
            cv2.resize(self._picture, self._size, interpolation=cv2.INTER_AREA).astype(np.float32), (0, 0), 1.6
        )
        self._palette = smooth[2::4, 2::4].reshape(-1, 3)
        rows, columns = smooth[2::4, 2::4].shape[:2]
        self._palette_rows = np.repeat(np.arange(rows) * 4 + 2, columns).astype(np.float32)

    def start(self) -> Place:
        """The place before any frame: the start picture."""
        height, width = self._picture.shape[:2]
        pixels = cv2.copyMakeBorder(self._picture, height, height, width, width, cv2.BORDER_REFLECT)
        known = np.zeros((self._size[1] * VIEWS, self._size[0] * VIEWS), bool)
        known[self._size[1] : 2 * self._size[1], self._size[0] : 2 * self._size[0]] = True
        return Place(pixels=np.asarray(pixels), known=known, lost=np.zeros_like(known))

    def leave(self, place: Place, across: Array, down: Array) -> Place:
        """The place at the end of a chunk whose last view lies there: what is known and out of view is lost."""
        column, row = self._cells_of(place, across, down)
        rows, columns = place.known.shape
        in_view = np.zeros((rows, columns), np.uint8)
        in_view[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)] = 1
        in_view = np.asarray(cv2.morphologyEx(in_view, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
        return replace(place, lost=place.lost | (place.known & (in_view == 0)))

    def write(self, place: Place, seen: list[Seen]) -> Place:
        """The place with what these frames reveal, and that was not known, written into it."""
        colours, weight = self._gather(place, seen)
        new = (weight > 1.5) & ~place.known
        new = np.asarray(cv2.morphologyEx(new.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3)))) > 0
        new &= ~place.known
        if new.sum() < LEAST_CELLS:
            return place
        has = ((weight > 0) & new).astype(np.float32)
        mean = colours / np.maximum(weight, 1e-6)[..., None]
        spread = cv2.GaussianBlur((mean * has[..., None]).astype(np.float32), (0, 0), 1.0)
        spread = spread / np.maximum(cv2.GaussianBlur(has, (0, 0), 1.0), 1e-3)[..., None]
        guide = np.where(new[..., None], spread, place.cells).astype(np.float32)
        guide[new] = self._towards_palette(guide[new], np.nonzero(new)[0] - self._size[1])
        pixels = self._quilter.fill(Strip(new=new, known=place.known, guide=guide, pixels=place.pixels))
        return Place(pixels=pixels, known=place.known | new, lost=place.lost)

    def _cells_of(self, place: Place, across: Array, down: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(column, row) of the cells that a view covers, at twice its resolution."""
        rows, columns = place.known.shape
        places = np.dstack(canvas_places(across, down, columns, rows))
        doubled = cv2.resize(places, (2 * self._size[0], 2 * self._size[1]), interpolation=cv2.INTER_LINEAR)
        return np.rint(doubled[..., 0]).astype(np.int64), np.rint(doubled[..., 1]).astype(np.int64)

    def _gather(self, place: Place, seen: list[Seen]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums of colours (rows, columns, 3) and of weights that fell on each cell; later frames weigh more."""
        rows, columns = place.known.shape
        colours, weights = np.zeros((rows * columns, 3)), np.zeros(rows * columns)
        known = place.known.astype(np.float32)
        for number, view in enumerate(seen):
            if place.look(known, view.across, view.down).min() > 0.99:
                continue
            smooth = as_floats(cv2.GaussianBlur(view.frame, (0, 0), 0.8))
            smooth = smooth + self._drift(place, view, smooth)
            column, row = self._cells_of(place, view.across, view.down)
            large = cv2.resize(smooth, (2 * self._size[0], 2 * self._size[1]), interpolation=cv2.INTER_LINEAR)
            inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
            cell = (row * columns + column)[inside]
            for channel in range(3):
                colours[:, channel] += (1 + number) * np.bincount(cell, large[..., channel][inside], rows * columns)
            weights += (1 + number) * np.bincount(cell, minlength=rows * columns)
        return colours.reshape(rows, columns, 3), weights.reshape(rows, columns)

    def _drift(self, place: Place, view: Seen, smooth: Array) -> Array:
        """What takes the slow drift of the world's colours off a frame, as far as it shows the start picture."""
        own = np.zeros(place.known.shape, np.float32)
        own[self._size[1] : 2 * self._size[1], self._size[0] : 2 * self._size[0]] = 1
        weight = (place.look(own, view.across, view.down) > 0.9) * view.agreement + np.float32(1e-3)
        apart = place.look(place.cells, view.across, view.down) - smooth
        slow = blur(apart * weight[..., None], DRIFT_SPREAD) / blur(weight, DRIFT_SPREAD)[..., None]
        return np.clip(slow, -MOST_DRIFT, MOST_DRIFT) * min(1.0, float(weight.mean()) * 3)

    def _towards_palette(self, colours: Array, rows: NDArray[np.int64]) -> Array:
        """Colours (n, 3) pulled to those that the start picture has at about their height, given in its rows."""
        last = self._size[1] - 1
        outside = np.clip(np.maximum(-rows, rows - last) / 6.0, 0, 1)[:, None]
        spread = COLOUR_SPREAD + (COLOUR_SPREAD_OUTSIDE) * outside
        high = HEIGHT_SPREAD - (HEIGHT_SPREAD - 3.0) * outside
        apart = np.square(colours).sum(axis=1)[:, None] + np.square(self._palette).sum(axis=1)[None]
        apart = (apart - 2 * colours @ self._palette.T) / (2 * spread**2)
        apart += np.square(np.clip(rows, 0, last)[:, None] - self._palette_rows[None]) / (2 * high**2)
        weight = np.exp(apart.min(axis=1, keepdims=True) - apart)
        near = weight @ self._palette / weight.sum(axis=1, keepdims=True)
        pull = PALETTE + (PALETTE_OUTSIDE - PALETTE) * outside
        return np.asarray((1 - pull) * colours + pull * near, np.float32)
