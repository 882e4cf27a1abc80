"""Compares what widgets paint with stored pictures.

`ASTRA_STUDIO_KEEP_PICTURES=1 python -m pytest ...` stores anew what is painted: look at it before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

STORED = Path(__file__).parent / "pictures"
_FAR = 40
"""Of 255: a pixel that is farther off is another one, and not another way of smoothing an edge."""
_MOST_FAR = 0.004
"""Share of such pixels that is borne: fonts are smoothed a little differently from machine to machine."""


def check_picture(image: QImage, name: str, actual: Path) -> None:
    """Fail where an image is not the stored one of that name; what was painted is then under `actual`."""
    path = STORED / f"{name}.png"
    if os.environ.get("ASTRA_STUDIO_KEEP_PICTURES"):
        path.parent.mkdir(exist_ok=True)
        image.save(str(path))
    assert path.is_file(), f"{path.name} is not stored yet; see the docstring of {Path(__file__).name}"
    found, wanted = _array(image), _array(QImage(str(path)))
    assert found.shape == wanted.shape, f"{name} is {found.shape} and was {wanted.shape}"
    far = (np.abs(found.astype(int) - wanted.astype(int)).max(axis=2) > _FAR).mean()
    if far > _MOST_FAR:
        image.save(str(actual / f"{name}.png"))
    assert far <= _MOST_FAR, f"{far:.1%} of {name} is painted otherwise; see {actual / name}.png"


def _array(image: QImage) -> np.ndarray:
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()
