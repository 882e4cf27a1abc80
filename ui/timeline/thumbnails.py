"""Thumbnails on the strips: scaled once to the height they are shown at, grey for stale chunks."""

from __future__ import annotations

import math
from collections import OrderedDict

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

from astra_studio.document.model import Chunk, ChunkId
from astra_studio.services.generation.status import ChunkPreview, SlotKey
from astra_studio.services.playback.player import Player
from engine.messages import Picture
from ui.theme import Theme
from ui.viewport.images import image_of

_MAX_KEPT = 1200
_ASPECT, _SMALL_ASPECT = 1.75, 6.0
"""Width over height of a picture that is repeated: of a small strip it is a band out of the middle."""
_LEAST_OWN = 0.75
_Key = tuple[ChunkId, tuple[int, int], bool, float]


class Thumbnails:
    """Pictures of chunks as pixmaps of the height of a cell. Only those that are asked for are read from the file."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._kept: OrderedDict[_Key, QPixmap] = OrderedDict()
        self._preview: tuple[SlotKey, Picture] | None = None
        self._preview_pixmap: tuple[tuple[int, int, float], QPixmap] | None = None
        theme.changed.connect(self.clear)

    def clear(self) -> None:
        self._kept.clear()

    def put_preview(self, preview: ChunkPreview) -> None:
        """Keep what the chunk that is being made looks like so far."""
        self._preview, self._preview_pixmap = ((preview.take, preview.index), preview.picture), None

    def preview(self, slot: SlotKey, size: tuple[int, int], ratio: float) -> QPixmap | None:
        """What a chunk that is being made looks like; None where that is not known yet."""
        if self._preview is None or self._preview[0] != slot:
            return None
        wanted = (*size, ratio)
        if self._preview_pixmap is None or self._preview_pixmap[0] != wanted:
            self._preview_pixmap = (wanted, self._scaled(image_of(self._preview[1]), size, ratio))
        return self._preview_pixmap[1]

    def pixmap(
        self, player: Player, chunk: Chunk, size: tuple[int, int], ratio: float, *, is_grey: bool
    ) -> QPixmap | None:
        """A chunk's picture for a cell; None: it has been asked for, and `Player.arrived` tells when it is there."""
        key = (chunk.id, size, is_grey, ratio)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        picture = player.thumbnail(chunk)
        if picture is None:
            return None
        image = image_of(picture)
        if is_grey:
            image = image.convertToFormat(QImage.Format.Format_Grayscale8)
        self._kept[key] = self._scaled(image, size, ratio)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _scaled(self, image: QImage, size: tuple[int, int], ratio: float) -> QPixmap:
        """The middle of a picture in a box, with a dark line at the right edge where it is to be repeated."""
        width, height = (round(side * ratio) for side in size)
        grown = image.scaled(
            width, height, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        )
        whole = QPixmap(width, height)
        painter = QPainter(whole)
        painter.drawImage((width - grown.width()) // 2, (height - grown.height()) // 2, grown)
        painter.fillRect(width - max(1, round(ratio)), 0, max(1, round(ratio)), height, self._theme.color("app"))
        painter.end()
        whole.setDevicePixelRatio(ratio)
        return whole


def tile_size(width_px: float, height_px: float, *, is_small: bool) -> tuple[int, int]:
    """Size of the picture that fills a cell, whole times side by side where the cell is wide.

    A narrow cell gets a whole picture, of which it shows the middle: so many zooms share one.
    """
    usual = height_px * (_SMALL_ASPECT if is_small else _ASPECT)
    count = max(1, round(width_px / usual))
    width = width_px if width_px >= _LEAST_OWN * usual else usual * _LEAST_OWN
    # A picture that fills the cell alone needs no line at its edge: that one is past it.
    return math.ceil(width / count) + (1 if count == 1 else 0), round(height_px)
