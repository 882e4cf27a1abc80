"""The stage: which pictures are drawn and where, zoom and pan, the wipe, the crop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from engine.video.pictures import Crop
from ui.dropping import can_take
from ui.theme import R8, S12, Theme
from ui.viewport.hud import Motion, paint_chip, paint_hud, paint_note, plate
from ui.viewport.images import fitted

Zoom = Literal["fit", "1:1", "2:1", "free"]
Compare = Literal["none", "wipe", "side"]
_HANDLE_PX = 28
_GRAB_PX = 10
_LEAST_CROP = 0.1
"""Of the largest crop: a smaller one would show blocks."""

Corner = tuple[bool, bool]
"""Of a crop: whether it is a right one, and whether it is a lower one."""
_CURSORS: dict[Corner | None, Qt.CursorShape] = {
    None: Qt.CursorShape.SizeAllCursor,
    (False, False): Qt.CursorShape.SizeFDiagCursor,
    (True, True): Qt.CursorShape.SizeFDiagCursor,
    (True, False): Qt.CursorShape.SizeBDiagCursor,
    (False, True): Qt.CursorShape.SizeBDiagCursor,
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the stage shows.

    Attributes:
        picture, other: of take A and take B; None where there is nothing.
        names: of both takes, for the chips.
        label: words on a plate at the top, such as "Chunk 5 · step 18 of 50"; "" for none.
        progress: share of the steps, for the ring beside the label; None for no ring.
        note: what is to be said of the picture, in the HUD; "" for nothing.
        crop: shown and movable over the whole start picture; None: the picture is a frame.
    """

    picture: QImage | None = None
    other: QImage | None = None
    names: tuple[str, str] = ("", "")
    label: str = ""
    progress: float | None = None
    crop: Crop | None = None
    motion: Motion | None = None
    note: str = ""


class Stage(QWidget):
    """Paints it. What users do to the crop comes out as signals; files dropped too."""

    dropped = Signal(object)
    """The `QMimeData` of what was dropped."""
    crop_moved = Signal(object, bool)
    """A `Crop`, and whether the drag is over."""
    zoomed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.shown = Shown()
        self.zoom: Zoom = "fit"
        self.compare: Compare = "none"
        self.has_hud = False
        self.overlay: Callable[[QPainter, QRectF], None] | None = None
        """Paints over the visible part of the picture in place of the HUD, the crop and the label."""
        self._scale, self._pan = 1.0, QPointF(0, 0)
        self._wipe = 0.5
        self._drag: Callable[[QPointF, bool], None] | None = None
        self._is_over = False
        self.setMinimumSize(200, 120)
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Viewer"))
        theme.changed.connect(self.update)

    def show_this(self, shown: Shown) -> None:
        self.shown = shown
        self.update()

    def set_zoom(self, zoom: Zoom) -> None:
        """Fit, or so many screen pixels per picture pixel."""
        self.zoom, self._pan = zoom, QPointF(0, 0)
        self._scale = {"1:1": 1.0, "2:1": 2.0}.get(zoom, self._scale)
        self.zoomed.emit(zoom)
        self.update()

    # ------------------------------------------------------------------ places

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(S12, S12, -S12, -S12)

    def picture_box(self) -> QRectF:
        """Where the picture lies, in widget pixels."""
        image = self.shown.picture
        if image is None:
            return self._room()
        room = self._room()
        if self.compare == "side" and self.shown.other is not None:
            room.setWidth(room.width() / 2 - 2)
        if self.zoom == "fit":
            return fitted(image.width(), image.height(), room)
        # 1:1 means the screen's own pixels, also where a logical pixel is more than one.
        scale = self._scale / self.devicePixelRatioF()
        width, height = image.width() * scale, image.height() * scale
        centre = room.center() + self._pan
        return QRectF(round(centre.x() - width / 2), round(centre.y() - height / 2), round(width), round(height))

    def crop_box(self) -> QRectF:
        """Where the crop lies, in widget pixels."""
        crop, image, box = self.shown.crop, self.shown.picture, self.picture_box()
        assert crop is not None
        assert image is not None
        scale = box.width() / image.width()
        return QRectF(
            box.left() + crop.left * scale, box.top() + crop.top * scale, crop.width * scale, crop.height * scale
        )

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("stage"))
        shown = self.shown
        if shown.picture is not None:
            box = self.picture_box()
            smooth = box.width() < 2 * shown.picture.width() or self.zoom == "fit"
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(box, shown.picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if shown.crop is not None and self.overlay is None:
                self._paint_crop(painter)
            elif shown.other is not None and self.compare == "wipe":
                self._paint_wipe(painter, box)
            elif shown.other is not None and self.compare == "side":
                beside = box.translated(self._room().width() / 2 + 2, 0)
                painter.drawImage(beside, shown.other)
                self._chip(painter, "A", shown.names[0], box, at_right=False)
                self._chip(painter, "B", shown.names[1], beside, at_right=False)
            visible = box.intersected(QRectF(self.rect()))
            if self.overlay is not None:
                self.overlay(painter, visible)
            elif shown.motion is not None and shown.crop is None:
                if self.has_hud:
                    paint_hud(painter, self._theme, visible, shown.motion)
                    paint_note(painter, self._theme, visible, shown.note)
                else:
                    paint_chip(painter, self._theme, visible.bottomLeft() + QPointF(10, -10), shown.motion)
        if shown.label and self.overlay is None:
            self._paint_label(painter)
        if self._is_over:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(5, 5, -5, -5), R8, R8)
        if self.hasFocus() and self.shown.crop is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.color("focus"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_wipe(self, painter: QPainter, box: QRectF) -> None:
        other = self.shown.other
        assert other is not None
        x = round(box.left() + self._wipe * box.width())
        painter.save()
        painter.setClipRect(QRectF(x, box.top(), box.right() - x, box.height()))
        painter.drawImage(box, other)
        painter.restore()
        painter.fillRect(QRectF(x - 1, box.top(), 2, box.height()), self._theme.color("on_plate"))
        handle = QRectF(x - _HANDLE_PX / 2, box.center().y() - _HANDLE_PX / 2, _HANDLE_PX, _HANDLE_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("on_plate"))
        painter.drawEllipse(handle)
        ratio = self.devicePixelRatioF()
        painter.drawPixmap(
            handle.topLeft() + QPointF(7, 7), self._theme.pixmap("split-horizontal", "accent_ink", 14, ratio)
        )
        self._chip(painter, "A", self.shown.names[0], box, at_right=False)
        self._chip(painter, "B", self.shown.names[1], box, at_right=True)

    def _chip(self, painter: QPainter, letter: str, name: str, box: QRectF, *, at_right: bool) -> None:
        painter.setFont(self._theme.font(12, 600))
        width = painter.fontMetrics().horizontalAdvance(name) + 42
        left = box.right() - 10 - width if at_right else box.left() + 10
        whole = QRectF(left, box.top() + 10, width, 26)
        plate(painter, self._theme, whole)
        square = QRectF(whole.left() + 5, whole.top() + 4, 18, 18)
        painter.setBrush(self._theme.color("plate_a" if letter == "A" else "plate_b"))
        painter.drawRoundedRect(square, 4, 4)
        painter.setPen(self._theme.color("accent_ink"))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, letter)
        painter.setPen(self._theme.color("on_plate"))
        painter.drawText(whole.adjusted(30, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)

    def _paint_crop(self, painter: QPainter) -> None:
        box, crop = self.picture_box(), self.crop_box()
        shade = self._theme.color("plate")
        for part in (
            QRectF(box.left(), box.top(), box.width(), crop.top() - box.top()),
            QRectF(box.left(), crop.bottom(), box.width(), box.bottom() - crop.bottom()),
            QRectF(box.left(), crop.top(), crop.left() - box.left(), crop.height()),
            QRectF(crop.right(), crop.top(), box.right() - crop.right(), crop.height()),
        ):
            painter.fillRect(part, shade)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("on_plate"), 1.5))
        painter.drawRect(crop)
        painter.setPen(QPen(self._theme.faded("on_plate", 0.35), 1))
        for third in (1 / 3, 2 / 3):
            x, y = crop.left() + third * crop.width(), crop.top() + third * crop.height()
            painter.drawLine(QPointF(x, crop.top()), QPointF(x, crop.bottom()))
            painter.drawLine(QPointF(crop.left(), y), QPointF(crop.right(), y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("on_plate"))
        for corner in (crop.topLeft(), crop.topRight(), crop.bottomLeft(), crop.bottomRight()):
            painter.drawRect(QRectF(corner.x() - 4, corner.y() - 4, 8, 8))

    def _paint_label(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font(12, 600))
        ring = 26 if self.shown.progress is not None else 0
        width = painter.fontMetrics().horizontalAdvance(self.shown.label) + 24 + ring
        box = QRectF(self.rect().center().x() - width / 2, 24, width, 30)
        plate(painter, self._theme, box)
        painter.setPen(self._theme.color("on_plate"))
        painter.drawText(box.adjusted(12, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.shown.label)
        if self.shown.progress is not None:
            place = QRectF(box.right() - 26, box.top() + 8, 14, 14)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.faded("on_plate", 0.3), 2.5))
            painter.drawEllipse(place)
            painter.setPen(QPen(self._theme.color("on_plate_accent"), 2.5))
            painter.drawArc(place, 90 * 16, -round(360 * 16 * self.shown.progress))

    # ------------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        where = event.position()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton and self.shown.crop is not None:
            self._drag = self._crop_drag(where)
        elif event.button() == Qt.MouseButton.LeftButton and self._is_on_wipe(where):
            self._drag = self._wipe_drag
        elif event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton) and self.zoom != "fit":
            self._drag = self._pan_drag(where)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._drag(event.position(), False)
        elif self._is_on_wipe(event.position()):
            self.setCursor(Qt.CursorShape.SplitHCursor)
        elif self.shown.crop is not None:
            self.setCursor(_CURSORS[_corner_at(self.crop_box(), event.position())])
        else:
            self.unsetCursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._drag(event.position(), True)
            self._drag = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier or self.shown.picture is None:
            event.ignore()
            return
        before = self.picture_box()
        image = self.shown.picture
        factor = 1.15 ** (event.angleDelta().y() / 120)
        old = before.width() / image.width()
        new = min(max(old * factor, 0.05), 32.0)
        # The point under the pointer stays where it is.
        at = event.position() - before.center()
        self._pan = before.center() - self._room().center() - at * (new / old - 1)
        self._scale, self.zoom = new * self.devicePixelRatioF(), "free"
        self.zoomed.emit("free")
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        crop, image = self.shown.crop, self.shown.picture
        if step is None or crop is None or image is None:
            super().keyPressEvent(event)
            return
        far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        left, top = crop.left + far * step[0], crop.top + far * step[1]
        self.crop_moved.emit(self._inside(replace(crop, left=left, top=top)), True)

    def _is_on_wipe(self, where: QPointF) -> bool:
        if self.compare != "wipe" or self.shown.other is None:
            return False
        box = self.picture_box()
        return abs(where.x() - box.left() - self._wipe * box.width()) < _GRAB_PX

    def _wipe_drag(self, where: QPointF, _is_over: bool) -> None:
        box = self.picture_box()
        self._wipe = min(max((where.x() - box.left()) / box.width(), 0.0), 1.0)
        self.update()

    def _pan_drag(self, begin: QPointF) -> Callable[[QPointF, bool], None]:
        before = QPointF(self._pan)

        def drag(where: QPointF, _is_over: bool) -> None:
            self._pan = before + where - begin
            self.update()

        return drag

    def _crop_drag(self, begin: QPointF) -> Callable[[QPointF, bool], None]:
        crop, image, box = self.shown.crop, self.shown.picture, self.crop_box()
        assert crop is not None
        assert image is not None
        scale = self.picture_box().width() / image.width()
        corner = _corner_at(box, begin)

        def drag(where: QPointF, is_over: bool) -> None:
            moved = (where - begin) / scale
            if corner is not None:
                changed = _resized(crop, corner, moved.x(), QSizeF(image.width(), image.height()))
            else:
                changed = replace(crop, left=crop.left + moved.x(), top=crop.top + moved.y())
            self.crop_moved.emit(self._inside(changed), is_over)

        return drag

    def _inside(self, crop: Crop) -> Crop:
        image = self.shown.picture
        assert image is not None
        left = min(max(crop.left, 0.0), max(image.width() - crop.width, 0.0))
        top = min(max(crop.top, 0.0), max(image.height() - crop.height, 0.0))
        return replace(crop, left=left, top=top)

    # ------------------------------------------------------------------ dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if can_take(event.mimeData()):
            event.acceptProposedAction()
            self._is_over = True
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._is_over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._is_over = False
        self.update()
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())


def _corner_at(box: QRectF, where: QPointF) -> Corner | None:
    """The corner of a crop's box that is grabbed there; None: the crop as a whole."""
    for is_right in (False, True):
        for is_lower in (False, True):
            corner = QPointF(box.right() if is_right else box.left(), box.bottom() if is_lower else box.top())
            if (where - corner).manhattanLength() < 2 * _GRAB_PX:
                return is_right, is_lower
    return None


def _resized(crop: Crop, corner: Corner, moved_px: float, image: QSizeF) -> Crop:
    """A crop after one of its corners was drawn sideways; the opposite one stays, and so does the aspect ratio."""
    is_right, is_lower = corner
    right, bottom = crop.left + crop.width, crop.top + crop.height
    aspect = crop.width / crop.height
    room_x = image.width() - crop.left if is_right else right
    room_y = image.height() - crop.top if is_lower else bottom
    wanted = crop.width + (moved_px if is_right else -moved_px)
    width = min(max(wanted, _LEAST_CROP * image.width()), room_x, room_y * aspect)
    height = width / aspect
    left, top = crop.left if is_right else right - width, crop.top if is_lower else bottom - height
    return replace(crop, left=left, top=top, width=width, height=height)
