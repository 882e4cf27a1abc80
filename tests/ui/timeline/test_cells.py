"""How chunks look in every state: by colour, pattern, sign and words, in both themes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF
from PySide6.QtGui import QImage, QPainter, QPixmap, QRegion
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.ui.pictures import check_picture
from ui.theme import Theme
from ui.timeline.cells import STATE_WORDS, Cell, body_of, paint_cell
from ui.timeline.legend import Legend

WORDS = {
    "queued": "2nd in queue",
    "generating": "18 / 50",
    "latent_only": "Decoding",
    "stale": "Path changed",
    "failed": "Out of memory",
}
_PICTURED = ("generating", "latent_only", "stored", "in_memory", "stale")


def picture(width: int, height: int, ratio: float, *, is_grey: bool) -> QPixmap:
    """A sky over a meadow."""
    size = (round(width * ratio), round(height * ratio))
    image = QImage(*size, QImage.Format.Format_RGB32)
    ramp = np.linspace(0, 1, size[1])
    for row, share in enumerate(ramp):
        red, green, blue = (90, 130, 190) if share < 0.45 else (110, 140, 50)
        grey = round(0.3 * red + 0.59 * green + 0.11 * blue)
        for column in range(size[0]):
            image.setPixel(column, row, 0xFF000000 | (grey * 0x10101 if is_grey else (red << 16) | (green << 8) | blue))
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def sheet(theme: Theme, ratio: float) -> QImage:
    """All states: large, small, narrow; and the large ones locked and chosen."""
    states = list(STATE_WORDS)
    width, height = 8 + len(states) * 128, 300
    image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    painter.fillRect(QRectF(0, 0, width, height), theme.color("lane"))
    for number, state in enumerate(states):
        for top, tall, wide, is_small, is_marked in (
            (8, 70, 118, False, False),
            (88, 24, 118, True, False),
            (120, 70, 118, False, True),
            (200, 70, 40, False, False),
            (200, 70, 9, False, False),
        ):
            left = 8 + number * 128 + (60 if wide == 9 else 0)
            box = QRectF(left, top, wide, tall)
            cell = Cell(
                number=number + 1,
                state=state,
                text=WORDS.get(state, ""),
                share=0.36,
                was="in_memory" if is_marked else "stored",
                is_locked=is_marked,
                is_selected=is_marked,
            )
            body = body_of(box, is_small=is_small)
            size = (round(body.width()) + 1, round(body.height()))
            shown = picture(*size, ratio, is_grey=state == "stale") if state in _PICTURED else None
            paint_cell(painter, theme, box, cell, shown, is_small=is_small)
    painter.end()
    return image


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_state_looks_as_it_was_drawn(qtbot: QtBot, tmp_path: Path, name: str, ratio: float) -> None:
    check_picture(sheet(Theme(name), ratio), f"cells-{name}-{ratio:g}", tmp_path)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_legend_has_the_signs_of_all_states(qtbot: QtBot, tmp_path: Path, name: str) -> None:
    theme = Theme(name)
    legend = Legend(theme)
    qtbot.addWidget(legend)
    legend.resize(legend.sizeHint())
    image = QImage(legend.size(), QImage.Format.Format_RGB32)
    image.fill(theme.color("raised"))
    # Without the window's own background, which is that of whatever the whole program is dressed in.
    legend.render(image, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    check_picture(image, f"legend-{name}", tmp_path)


def test_no_two_states_have_the_same_bar(qtbot: QtBot) -> None:
    """Without colour, too: what tells them apart is the pattern."""
    theme, seen = Theme("dark"), {}
    for state in STATE_WORDS:
        image = QImage(118, 70, QImage.Format.Format_RGB32)
        image.fill(theme.color("lane"))
        painter = QPainter(image)
        paint_cell(painter, theme, QRectF(0, 0, 118, 70), Cell(number=1, state=state, share=0.4), None)
        painter.end()
        bar = image.copy(0, 64, 118, 6).convertToFormat(QImage.Format.Format_Grayscale8)
        rows = np.frombuffer(bar.constBits(), np.uint8).reshape(6, -1)[:, 6:112].astype(int)
        seen[state] = rows > (rows.min() + rows.max()) / 2 if np.ptp(rows) > 20 else np.ones_like(rows, bool)
    for one in seen:
        for other in seen:
            if one < other:
                assert (seen[one] != seen[other]).mean() > 0.05, f"{one} and {other}"


def test_a_narrow_cell_is_left_without_words_and_then_without_signs(qtbot: QtBot) -> None:
    theme = Theme("dark")

    def painted(width: float, words: str, number: int) -> QImage:
        image = QImage(60, 70, QImage.Format.Format_RGB32)
        image.fill(theme.color("lane"))
        painter = QPainter(image)
        cell = Cell(number=number, state="failed", text=words)
        paint_cell(painter, theme, QRectF(QPointF(0, 0), QPointF(width, 70)), cell, None)
        painter.end()
        return image

    assert painted(47, "Failed", 3) == painted(47, "", 3)
    assert painted(56, "Failed", 3) != painted(56, "", 3)
    assert painted(18, "", 3) == painted(18, "", 7)
    assert painted(30, "", 3) != painted(30, "", 7)
