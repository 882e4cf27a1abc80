"""What can be dropped on the window or pasted into it: files, and pictures that are not files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QImage, QImageWriter


def can_take(data: QMimeData) -> bool:
    """Whether it holds something that the window can open."""
    return data.hasImage() or bool(files_of(data))


def files_of(data: QMimeData) -> list[Path]:
    """The files on this computer that it names."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def picture_of(data: QMimeData) -> QImage:
    """The picture itself, as browsers hand it over; a null one where there is none."""
    return QImage(data.imageData()) if data.hasImage() else QImage()


def png_of(image: QImage) -> bytes:
    """A picture as the bytes of a PNG file."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(content.data())
