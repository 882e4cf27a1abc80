"""The current theme: colours, fonts, tinted icons, patterns of chunk states."""

from __future__ import annotations

from functools import cache
from typing import Literal

from PySide6.QtCore import QByteArray, QLineF, QObject, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from astra_studio.paths import assets
from ui.theme.style import style_sheet
from ui.theme.tokens import THEMES

SMALL_PX, USUAL_PX = 11, 12
"""Font sizes: hints and rulers, everything, timecode, scores."""
Pattern = Literal["dots", "bars", "crosses", "hatch", "veil"]
"""Marks that stand for a state where colour alone does not: "veil" is the wide hatch over pictures."""
_TILES: dict[Pattern, int] = {"dots": 10, "bars": 8, "crosses": 10, "hatch": 6, "veil": 12}
"""Side of the tile that is repeated, in pixels."""


class Theme(QObject):
    """The look of the whole program. Belongs to the main thread; `changed` tells painters to paint anew."""

    changed = Signal()

    def __init__(self, name: str = "dark") -> None:
        """Dark or light. Raises ValueError for another name."""
        super().__init__()
        self.name = ""
        self._is_following = False
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}
        self._patterns: dict[tuple[Pattern, str, float], QBrush] = {}
        self._family = _load_family()
        self.set_name(name)

    def set_name(self, name: str) -> None:
        """Show the theme of that name. Raises ValueError for one that is not there."""
        if name not in THEMES:
            raise ValueError(f"there is no theme {name!r}; there are {', '.join(THEMES)}")
        if name == self.name:
            return
        self.name = name
        self._colours = {token: QColor(value) for token, value in THEMES[name].items()}
        self._pixmaps.clear()
        self._patterns.clear()
        self.changed.emit()

    def follow_system(self) -> None:
        """Show what the system's colour scheme is now, and from now on."""
        hints = QGuiApplication.styleHints()
        if not self._is_following:
            self._is_following = True
            hints.colorSchemeChanged.connect(self._system_changed)
        self._system_changed(hints.colorScheme())

    def ignore_system(self) -> None:
        """Stay with the theme that was set."""
        if self._is_following:
            self._is_following = False
            QGuiApplication.styleHints().colorSchemeChanged.disconnect(self._system_changed)

    def _system_changed(self, scheme: Qt.ColorScheme) -> None:
        self.set_name("light" if scheme == Qt.ColorScheme.Light else "dark")

    def color(self, token: str) -> QColor:
        """The colour of a token. Raises KeyError for none."""
        return QColor(self._colours[token])

    def faded(self, token: str, share: float) -> QColor:
        """The colour of a token at an opacity of 0 to 1."""
        colour = self.color(token)
        colour.setAlphaF(share)
        return colour

    def font(self, size_px: int = USUAL_PX, weight: int = 400, *, tabular: bool = True) -> QFont:
        """Inter at a size in pixels; figures of one width unless told otherwise."""
        font = QFont(self._family)
        font.setPixelSize(size_px)
        font.setWeight(QFont.Weight(weight))
        if tabular:
            font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def pixmap(self, name: str, token: str = "text2", size: int = 14, ratio: float = 1.0) -> QPixmap:
        """An icon of assets/icons in the colour of a token. Raises FileNotFoundError for a name that is none."""
        key = (name, token, size, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = _drawn(_svg(name), self.color(token), size, ratio)
        return self._pixmaps[key]

    def icon(self, name: str, token: str = "text2", size: int = 14, on_token: str = "accent_mark") -> QIcon:
        """The same as an icon, sharp at ratio 1 and 2; quieter where it is disabled, in amber where it is on."""
        icon = QIcon()
        for ratio in (1.0, 2.0):
            icon.addPixmap(self.pixmap(name, token, size, ratio))
            icon.addPixmap(self.pixmap(name, "edge", size, ratio), QIcon.Mode.Disabled)
            icon.addPixmap(self.pixmap(name, on_token, size, ratio), QIcon.Mode.Normal, QIcon.State.On)
        return icon

    def pattern(self, kind: Pattern, token: str, ratio: float = 1.0) -> QBrush:
        """A tiled pattern in the colour of a token, sharp at a device's pixel ratio."""
        key = (kind, token, ratio)
        if key not in self._patterns:
            self._patterns[key] = QBrush(_tile(kind, self.color(token), ratio))
        return self._patterns[key]

    def palette(self) -> QPalette:
        """Qt's palette in our colours."""
        palette = QPalette()
        role = QPalette.ColorRole
        for where, token in (
            (role.Window, "panel"),
            (role.Base, "field"),
            (role.AlternateBase, "raised"),
            (role.Button, "field"),
            (role.WindowText, "text"),
            (role.Text, "text"),
            (role.ButtonText, "text"),
            (role.ToolTipBase, "raised"),
            (role.ToolTipText, "text"),
            (role.PlaceholderText, "text3"),
            (role.Highlight, "selected"),
            (role.HighlightedText, "text"),
            (role.Accent, "accent"),
            (role.Link, "accent_text"),
            (role.Mid, "line2"),
            (role.Dark, "line"),
        ):
            palette.setColor(where, self.color(token))
        for where in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, where, self.color("edge"))
        return palette

    def apply(self, app: QApplication) -> None:
        """Dress the whole program."""
        app.setStyle("Fusion")
        app.setFont(self.font())
        app.setPalette(self.palette())
        app.setStyleSheet(style_sheet(THEMES[self.name]))


@cache
def _load_family() -> str:
    """Inter out of assets/fonts; the system's own font where it cannot be loaded."""
    family = ""
    for path in sorted((assets() / "fonts").glob("*.otf")):
        number = QFontDatabase.addApplicationFont(str(path))
        if number >= 0:
            family = QFontDatabase.applicationFontFamilies(number)[0]
    return "Inter" if family else QGuiApplication.font().family()


@cache
def _svg(name: str) -> str:
    return (assets() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def _drawn(svg: str, colour: QColor, size: int, ratio: float) -> QPixmap:
    tinted = svg.replace("currentColor", colour.name())
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(tinted.encode())).render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _tile(kind: Pattern, colour: QColor, ratio: float) -> QPixmap:
    side = _TILES[kind]
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    pixmap.setDevicePixelRatio(ratio)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    t = float(side)
    if kind == "dots":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QRectF(t / 2 - 1, t / 2 - 1, 2, 2))
    elif kind == "bars":
        painter.fillRect(QRectF(0, 0, t / 2, t), colour)
    elif kind == "crosses":
        painter.setPen(QPen(colour, 1.5))
        painter.drawLine(QLineF(2, 0, 8, 6))
        painter.drawLine(QLineF(2, 6, 8, 0))
    else:
        # Slanted lines that meet those of the next tile.
        painter.setPen(QPen(colour, t * 0.33, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
        for shift in (-t, 0.0, t):
            painter.drawLine(QLineF(shift, t, shift + t, 0))
    painter.end()
    return pixmap
