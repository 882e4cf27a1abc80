"""Strip of pictures: a world's frames for some starts, labelled, with the truth below where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.evaluation.commands import SHOWN
from engine.messages import Picture
from engine.video.pictures import resize

CELL_WIDTH = 224
LABEL_SIZE = 15
_LABEL_HEIGHT, _MARGIN, _LABEL_WIDTH = 22, 6, 150
_PAPER, _INK = (255, 255, 255), (20, 20, 20)

COLUMNS = ("start", *(command.name for command in SHOWN))


@dataclass(frozen=True, kw_only=True, eq=False)
class StripRow:
    """One row: a label of a few short lines and a picture (H, W, 3) per column."""

    label: tuple[str, ...]
    pictures: tuple[Picture, ...] = field(repr=False)


def draw_strip(rows: Sequence[StripRow]) -> Picture:
    """The strip (H, W, 3) uint8 of rows whose pictures are all of one size. Raises ValueError for no rows."""
    if not rows:
        raise ValueError("a strip needs at least one row; give an evaluation at least one start")
    height, width = rows[0].pictures[0].shape[:2]
    cell_height = max(1, round(CELL_WIDTH * height / width))
    across = _LABEL_WIDTH + len(COLUMNS) * (CELL_WIDTH + _MARGIN)
    down = _LABEL_HEIGHT + len(rows) * (cell_height + _MARGIN)
    page = Image.new("RGB", (across, down), _PAPER)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(LABEL_SIZE)
    for column, name in enumerate(COLUMNS):
        draw.text((_left_of(column) + 2, 2), name, _INK, font)
    for number, row in enumerate(rows):
        top = _LABEL_HEIGHT + number * (cell_height + _MARGIN)
        draw.multiline_text((_MARGIN, top + 2), "\n".join(row.label), _INK, font)
        for column, picture in enumerate(row.pictures):
            cell = resize(picture, (0, 0, width, height), CELL_WIDTH, cell_height)
            page.paste(Image.fromarray(cell), (_left_of(column), top))
    return np.asarray(page)


def _left_of(column: int) -> int:
    return _LABEL_WIDTH + column * (CELL_WIDTH + _MARGIN)
