"""A shown frame: the start picture fetched through the relief where the soft frame agrees with it, else the soft frame.

All but the fetch and the last sum is done on the working grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.detail.images import Array, Image, blur, fetch, resize
from engine.detail.place import VIEWS, Place, canvas_places
from engine.detail.state import TRUST_HEIGHT, TRUST_WIDTH
from engine.messages import Picture

COLOUR_TOLERANCE = 45.0
"""Difference of colours, in levels, at which agreement falls to 1/e."""
AGREEMENT_GAIN = 1.5
"""So that small differences cost no trust."""
COLOURS_KEPT = 0.5
"""Part of the world's slow change of colours that is added to what is fetched."""
SLOW = 10.0
"""Pixels of the working grid over which a change of colours is slow."""
FLOOR = 0.9
"""Trust in what was written, and in what comes back into view, whatever the world shows there by now."""
EDGE = 0.06
"""Width of the seam inside the start picture's edge, in halves of the picture."""


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """What a camera sees of the start picture and how far that is to be believed. Arrays of the working grid."""

    across: Array
    down: Array
    agreement: Array
    """In [0, 1]: how far colours agree there."""

    def towards(self, other: View, part: float) -> View:
        """The view this far, 0 to 1, on the way to another."""
        a, b = np.float32(1 - part), np.float32(part)
        return View(
            across=self.across * a + other.across * b,
            down=self.down * a + other.down * b,
            agreement=self.agreement * a + other.agreement * b,
        )


class Composer:
    """The composing of shown frames of one start picture, at one size."""

    def __init__(self, picture: Picture, width: int, height: int, grid_width: int, grid_height: int) -> None:
        self._size = (width, height)
        self._grid = (grid_width, grid_height)
        self.start_frame: Picture = np.asarray(_shrunk(picture, width, height))
        # Colours are compared without detail, since soft frames have none.
        coarse = resize(picture, grid_width // 2, grid_height // 2)
        self._colours: Array = resize(coarse, grid_width, grid_height).astype(np.float32)

    def trust(self, across: Array, down: Array, soft: Image, place: Place | None = None) -> Array:
        """(16, 28): how far the colours of a soft frame, at the working grid, agree with what the camera should see."""
        seen = fetch(self._colours, across, down) if place is None else place.look(place.colours, across, down)
        difference = resize(soft.astype(np.float32) - seen, TRUST_WIDTH, TRUST_HEIGHT)
        apart = np.abs(blur(difference, 1.0)).mean(axis=-1)
        return np.clip(AGREEMENT_GAIN * np.exp(-((apart / COLOUR_TOLERANCE) ** 2)), 0, 1).astype(np.float32)

    def compose(
        self, view: View, soft: Picture, place: Place | None = None, *, colours_kept: float = COLOURS_KEPT
    ) -> Picture:
        """One shown frame from a view and the world's soft frame, with what is known of the place where it is kept.

        `colours_kept` is the part of the world's slow change of colours that is added to what is fetched.
        """
        width, height = self._size
        fetched = self._fetch(view) if place is None else self._fetch_from(place, view)
        trust = self._trust_in(view, place)
        grid_soft = resize(soft, *self._grid)
        smooth = cv2.GaussianBlur(grid_soft.astype(np.float32), (0, 0), 0.8)
        apart = smooth - resize(fetched, *self._grid).astype(np.float32)
        # Colours change slowly with the world's where both agree; what is kept against it keeps its colours, too.
        weight = trust if place is None else trust * view.agreement
        spread = blur(weight + np.float32(0.03), SLOW)
        slow = blur(apart * (weight + np.float32(0.03))[..., None], SLOW) / spread[..., None]
        part = trust if place is None else trust * spread / (spread + np.float32(0.1))
        colours = part[..., None] * np.float32(colours_kept) * slow
        if grid_soft.shape == soft.shape:
            colours += smooth * (1 - trust)[..., None]
        layers = resize(np.concatenate([colours, trust[..., None]], axis=-1), width, height)
        shown = np.multiply(fetched, layers[..., 3:], dtype=np.float32)
        shown += layers[..., :3]
        if grid_soft.shape != soft.shape:  # a world of larger frames keeps what detail they have
            shown += resize(soft, width, height) * (1 - layers[..., 3:])
        np.clip(shown, 0, 255, out=shown)
        return shown.astype(np.uint8)

    def _trust_in(self, view: View, place: Place | None) -> Array:
        """How far each pixel of the working grid is fetched: inside the start picture by agreement, with a soft border;
        beside it not at all, or, where the place is kept, what is known of it, at least by `FLOOR`."""
        edge = np.minimum(1 - np.abs(view.across), (1 - np.abs(view.down)) * np.float32(0.8))
        inside = np.clip(edge / np.float32(EDGE) + np.float32(0.3), 0, 1)
        if place is None:
            return blur(view.agreement * inside, 1.5)
        is_on_canvas = (np.abs(view.down) < VIEWS) & (np.abs(view.across) < VIEWS)
        known = place.look(place.surely_known, view.across, view.down) * is_on_canvas
        by_agreement = inside * (1 - place.look(place.surely_lost, view.across, view.down))
        kept = np.maximum(view.agreement, np.float32(FLOOR))
        return blur((view.agreement * by_agreement + kept * (1 - by_agreement)) * known, 1.0)

    def _fetch_from(self, place: Place, view: View) -> Picture:
        """The canvas at the view's places, bicubic, at full size; the start picture itself where it is finer."""
        height, width = place.pixels.shape[:2]
        column, row = (resize(part, *self._size) for part in canvas_places(view.across, view.down, width, height))
        fetched: Picture = np.asarray(
            cv2.remap(place.pixels, column, row, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        if self._size[0] * VIEWS <= width:
            return fetched
        edge = np.minimum(1 - np.abs(view.across), 1 - np.abs(view.down))
        inside = resize(np.clip(edge / np.float32(EDGE), 0, 1), *self._size)[..., None]
        return (fetched * (1 - inside) + self._fetch(view) * inside).astype(np.uint8)

    def _fetch(self, view: View) -> Picture:
        """The start picture at the view's places, bicubic, at full size."""
        height, width = self.start_frame.shape[:2]
        column = resize((view.across * np.float32(0.5) + np.float32(0.5)) * width - np.float32(0.5), *self._size)
        row = resize((view.down * np.float32(0.5) + np.float32(0.5)) * height - np.float32(0.5), *self._size)
        return np.asarray(cv2.remap(self.start_frame, column, row, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))


def _shrunk(picture: Picture, width: int, height: int) -> Image:
    """The picture at the size of shown frames, sharp in either direction."""
    grows = width > picture.shape[1] or height > picture.shape[0]
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA))
