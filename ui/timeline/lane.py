"""Base of all lanes of the timeline: painting, and mouse input."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QMenu

from ui.timeline.scene import HEAD_PX, KeyId, Scene
from ui.widgets.drag import Drag

ICON_X, TEXT_X = 12, 34
GRAB_PX = 5


@dataclass(frozen=True, kw_only=True)
class Press:
    """Where the mouse was pressed, in the canvas, and with which keys."""

    where: QPointF
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier

    @property
    def is_shift(self) -> bool:
        return bool(self.modifiers & Qt.KeyboardModifier.ShiftModifier)

    @property
    def is_alt(self) -> bool:
        return bool(self.modifiers & Qt.KeyboardModifier.AltModifier)


class Lane:
    """A row of the timeline. Its box is set by the canvas and is as wide as it, the head included."""

    height = 27
    name = ""
    icon = ""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.box = QRectF()

    @property
    def body(self) -> QRectF:
        """The part on the time axis."""
        return self.box.adjusted(HEAD_PX, 0, 0, 0)

    @property
    def middle(self) -> float:
        return self.box.center().y()

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        """Paint what lies on the time axis, as far as it is in `dirty`; the painter is clipped to that."""

    def paint_head(self, painter: QPainter) -> None:
        """Paint the icon and the name."""
        theme, ratio = self.scene.theme, painter.device().devicePixelRatioF()
        painter.drawPixmap(QPointF(ICON_X, round(self.middle) - 7), theme.pixmap(self.icon, "text3", 14, ratio))
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text2"))
        painter.drawText(QPointF(TEXT_X, round(self.middle) + 4), self.name)

    # ------------------------------------------------------------------ mouse

    def press(self, press: Press) -> Drag | None:
        """What the left button begins on the time axis."""
        return None

    def press_head(self, press: Press) -> None:
        """A click on the head."""

    def double_click(self, press: Press) -> None:
        """A double click on the time axis."""

    def fill_menu(self, menu: QMenu, press: Press) -> None:
        """Put what can be done here into a menu."""

    def tip(self, where: QPointF) -> str:
        """Facts of what is under the mouse."""
        return ""

    def head_tip(self, where: QPointF) -> str:
        """What a click on the head would do."""
        return ""

    def cursor(self, where: QPointF) -> Qt.CursorShape | None:
        """The shape of the mouse; None: the usual."""
        return None

    def key_at(self, where: QPointF) -> KeyId | None:
        """The key under a point."""
        return None

    # ------------------------------------------------------------------ keyboard

    def stops(self) -> list[tuple[float, KeyId | None]]:
        """Where the arrow keys stop: frames, and the key that is there."""
        return []

    def described(self) -> str:
        """The lane in words, for those who do not see it."""
        return self.name
