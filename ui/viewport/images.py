"""Conversion of arrays to Qt images, and the boxes that pictures are drawn into."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from engine.messages import Picture


def image_of(picture: Picture) -> QImage:
    """A picture (H, W, 3) as an image of the form that is drawn fastest, with memory of its own."""
    whole = np.ascontiguousarray(picture)
    height, width = whole.shape[:2]
    shared = QImage(whole.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return shared.convertToFormat(QImage.Format.Format_RGB32)


def fitted(width: float, height: float, box: QRectF) -> QRectF:
    """The largest box of an aspect in the middle of another, on whole pixels."""
    scale = min(box.width() / width, box.height() / height)
    shown_width, shown_height = round(width * scale), round(height * scale)
    left = round(box.center().x() - shown_width / 2)
    top = round(box.center().y() - shown_height / 2)
    return QRectF(left, top, shown_width, shown_height)
