"""Colours can be read, icons are there, fonts line up."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from astra_studio.paths import assets
from ui.commands import COMMANDS
from ui.theme import Theme
from ui.theme.style import style_sheet
from ui.theme.tokens import MARKS, TEXTS, THEMES
from ui.widgets import EmptyState


def luminance(colour: QColor) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: QColor, second: QColor) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", THEMES)
def test_words_around_pictures_are_legible(qtbot: QtBot, name: str) -> None:
    theme = Theme(name)
    empty = EmptyState(theme, "image", "Drop a picture", is_on_stage=True)
    qtbot.addWidget(empty)
    empty.setStyleSheet(style_sheet(THEMES[name]))
    words = next(label for label in empty.findChildren(QLabel) if label.text())
    words.ensurePolished()
    shown = words.palette().color(words.foregroundRole())
    assert contrast(shown, theme.color("stage")) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_every_text_can_be_read_and_every_mark_seen(qtbot: QtBot, name: str) -> None:
    theme = Theme(name)
    for surface in ("panel", "raised", "field", "lane"):
        for token in TEXTS:
            assert contrast(theme.color(token), theme.color(surface)) >= 4.5, f"{token} on {surface}"
    for surface in ("panel", "lane"):
        for token in MARKS:
            assert contrast(theme.color(token), theme.color(surface)) >= 3, f"{token} on {surface}"


def test_both_themes_have_the_same_tokens() -> None:
    assert set(THEMES["dark"]) == set(THEMES["light"])


def test_figures_are_of_one_width(qtbot: QtBot) -> None:
    theme = Theme()
    metrics = QFontMetrics(theme.font(12))
    assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("8888")
    assert theme.font(12).family() == "Inter"


def test_every_icon_of_a_command_is_there(qtbot: QtBot) -> None:
    for command in COMMANDS:
        if command.icon:
            assert (assets() / "icons" / f"{command.icon}.svg").is_file(), command.icon


def test_an_unknown_theme_is_refused(qtbot: QtBot) -> None:
    with pytest.raises(ValueError, match="dark, light"):
        Theme("blue")
