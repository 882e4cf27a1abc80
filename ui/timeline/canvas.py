"""The painted timeline: lays out its lanes and repaints the parts that changed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from astra_studio.document.declared import keyable_specs
from astra_studio.document.derived import active_parameters, total_frames
from astra_studio.document.facets import Facet
from astra_studio.document.model import PROMPT, Parameter
from astra_studio.document.session import Change
from astra_studio.services.generation.status import ChunkPreview
from ui.studio import Studio
from ui.timeline.axis import Snap, TimeAxis
from ui.timeline.camera_lane import CameraLane
from ui.timeline.connectors import paint_connectors
from ui.timeline.curves import GraphLane
from ui.timeline.curves.graph import LEAST_PX as LEAST_GRAPH_PX
from ui.timeline.fields import Fields
from ui.timeline.keyboard import Keyboard
from ui.timeline.lane import Lane, Press
from ui.timeline.layout import LEAST_BRANCHES_PX, Layout, Zone
from ui.timeline.motion_lane import MotionLane
from ui.timeline.mouse import Mouse
from ui.timeline.parameter_lanes import ParameterLane, lane_of
from ui.timeline.playhead import Playhead
from ui.timeline.ruler import RULER_PX, Ruler
from ui.timeline.scene import HEAD_PX, Scene
from ui.timeline.strips import BRANCH_PX, STRIP_PX, Strip
from ui.timeline.thumbnails import Thumbnails
from ui.timeline.view import PlacedCell, RowBook, TakeRow
from ui.widgets import run_menu

_ARRIVED_MS = 100
"""Frames that come in change states so much later at the latest: they come in many at once."""
_LANE_FACETS = {Facet.ACTIONS, Facet.KEYS, Facet.SETTINGS, Facet.SELECTION, Facet.WORLD, Facet.START, Facet.CHUNKS}
_MOST_PARTS = 6
"""Separate parts of the canvas that are painted one by one; of more, all that lies between them too."""
_LEAST_FITTED = 97
"""Frames that are shown of a short take: three chunks of the released model."""
_TAB = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


class TimelineCanvas(QWidget):
    """All lanes in one widget, of which only what changed is painted anew."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.scene = Scene(studio)
        self.thumbnails = Thumbnails(studio.theme)
        self.lane_boxes = Layout()
        self.ruler, self.camera, self.motion = Ruler(self.scene), CameraLane(self.scene), MotionLane(self.scene)
        self.parameter_lanes: dict[Parameter, ParameterLane] = {}
        self.strips: list[Strip] = []
        self._graph = GraphLane(self.scene)
        self._has_graph = False
        self._book = RowBook()
        self._key_lanes: list[Parameter] = []
        self._fitted: TimeAxis | None = None
        self._fitted_frames = 0
        self._painted, self._stale = QPixmap(), QRegion()
        self.fields = Fields(self, self._graph)
        self.mouse = Mouse(self, self.fields)
        self.keyboard = Keyboard(self, self.mouse, self.fields)
        self._arriving = QTimer(self)
        self._arriving.setSingleShot(True)
        self._arriving.setInterval(_ARRIVED_MS)
        self._arriving.timeout.connect(self.read)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Timeline"))
        self._playhead = Playhead(studio.theme, self, self._flag_width)
        studio.theme.changed.connect(self.update)
        self.scene.axis_changed.connect(self._axis_changed)
        self.scene.chosen_changed.connect(self.update_keys)
        self.scene.edit_asked.connect(self.fields.edit_key)
        self.scene.number_asked.connect(self.fields.edit_number)

    # ------------------------------------------------------------------ what is shown

    @property
    def axis(self) -> TimeAxis:
        return self.scene.axis

    @property
    def widget(self) -> QWidget:
        """Itself, for those who know it as a `Surface`."""
        return self

    @property
    def graph(self) -> GraphLane | None:
        """The curves, while they are shown in place of the lanes of keys."""
        return self._graph if self._has_graph else None

    def set_snap(self, snap: Snap) -> None:
        """The grid that places snap to."""
        self.scene.snap = snap

    def show_graph(self, is_shown: bool) -> None:
        """Curves or keys; of the curves at first those of the keys that are chosen."""
        if is_shown == self._has_graph:
            return
        self._has_graph = is_shown
        self.place_lanes()
        if is_shown:
            self._graph.show_chosen()

    def lanes(self) -> list[Lane]:
        """From top to bottom."""
        placed = self.lane_boxes
        return [*placed.fixed, *placed.branches.lanes, *placed.lanes.lanes]

    def read(self) -> None:
        """Take in what is true now, and paint what is another than it was."""
        studio, before = self.studio, self.scene.rows
        rows = self._book.rows(studio.project, studio.generation.status, studio.player)
        self.scene.read(rows)
        if [row.take for row in rows] != [row.take for row in before]:
            while len(self.strips) < len(rows):
                self.strips.append(Strip(self.scene, len(self.strips), self.thumbnails))
            del self.strips[len(rows) :]
            self.place_lanes()
        else:
            self._update_changed(before, rows)
        if self._key_lane_names() != self._key_lanes:
            self.place_lanes()
        self.keep_fitted()
        self.keyboard.describe()
        self.place_playhead()

    def project_changed(self, change: Change) -> None:
        """Read anew, and paint the parts that the change touched."""
        self.read()
        self.scene.forget_gone()
        if change.facets & _LANE_FACETS:
            self.update_keys()
        # Whether a take is compared is seen at two heads: its own, and that of the current one.
        is_compared_anew = change.before.selection.compared != change.after.selection.compared
        if is_compared_anew or change.facets & {Facet.MARKERS, Facet.WORK_AREA}:
            self.update()

    def frames_arrived(self, chunk: str) -> None:
        """A chunk's frames, or its small picture, are at hand."""
        for strip in self.strips:
            for placed in strip.row.cells:
                if placed.chunk is not None and placed.chunk.id == chunk:
                    self.update_box(strip.cell_box(placed), strip)
        if not self._arriving.isActive():
            self._arriving.start()

    def preview_arrived(self, preview: ChunkPreview) -> None:
        """The chunk that is being made looks otherwise now."""
        self.thumbnails.put_preview(preview)
        for strip in self.strips:
            for placed in strip.row.cells:
                if strip.row.take == preview.take and placed.cell.number == preview.index + 1:
                    self.update_box(strip.cell_box(placed), strip)

    def _update_changed(self, before: tuple[TakeRow, ...], rows: tuple[TakeRow, ...]) -> None:
        for strip, old, new in zip(self.strips, before, rows, strict=True):
            if old == new:
                continue
            if len(old.cells) != len(new.cells) or old.branch_frame != new.branch_frame:
                self.update()
                return
            self.update_box(QRectF(0, strip.box.top(), HEAD_PX, strip.box.height()), strip)
            for one, other in zip(old.cells, new.cells, strict=True):
                if one != other:
                    self.update_box(strip.cell_box(one), strip)
                    self.update_box(strip.cell_box(other), strip)

    def repaint_soon(self) -> None:
        """Paint all of it at the next occasion."""
        self.update()

    def update_box(self, box: QRectF, lane: Lane) -> None:
        """Paint a box of a lane anew, as far as it is seen."""
        seen = box.adjusted(-2, -2, 2, 2).intersected(self.lane_boxes.clip_of(lane))
        if not seen.isEmpty():
            self.update(seen.toAlignedRect())

    def update_keys(self) -> None:
        """Paint the lanes of the take anew."""
        self.update(self.lane_boxes.lanes.box.toAlignedRect())

    # ------------------------------------------------------------------ places

    def _key_lane_names(self) -> list[Parameter]:
        """Parameters of the world with a lane: the prompt and what counts without text, and those that have keys."""
        project, keyed = self.studio.project, {key.parameter for key in self.studio.take.keys}
        usual = {name for name in active_parameters(project) if name == PROMPT or not self.scene.spec(name).needs_text}
        return [spec.name for spec in keyable_specs(project.world) if spec.name in keyed | usual]

    def place_lanes(self) -> None:
        """Give every lane its place."""
        self._key_lanes = self._key_lane_names()
        self._make_lanes()
        lanes: list[Lane] = [self.camera, self.motion, *(self.parameter_lanes[name] for name in self._key_lanes)]
        if self._has_graph:
            self._graph.parameters = tuple(name for name in self._key_lanes if self.scene.spec(name).is_numeric)
            room = self.height() - RULER_PX - STRIP_PX
            branches = min(BRANCH_PX * max(len(self.strips) - 1, 0), LEAST_BRANCHES_PX)
            self._graph.height = max(room - branches, LEAST_GRAPH_PX)
            lanes = [self._graph]
        self.lane_boxes.place([self.ruler, *self.strips[:1]], self.strips[1:], lanes, self.width(), self.height())
        self.keyboard.lanes_changed()
        self.place_playhead()
        self.update()

    def _make_lanes(self) -> None:
        """A lane for every parameter that has none yet, or was declared anew by the world."""
        for name in self._key_lanes:
            lane, spec = self.parameter_lanes.get(name), self.scene.spec(name)
            if lane is None or lane.spec != spec:
                self.parameter_lanes[name] = lane_of(self.scene, name)

    def row_box(self, number: int) -> QRectF:
        """Where a take's strip lies."""
        return self.strips[number].box

    def lane_at(self, where: QPointF) -> Lane | None:
        """The lane under a point."""
        clip = self.lane_boxes.clip_of
        return next((lane for lane in self.lanes() if clip(lane).contains(where)), None)

    def zone_at(self, where: QPointF) -> Zone | None:
        """The part that scrolls under a point."""
        return next((zone for zone in self.lane_boxes.zones if zone.box.contains(where)), None)

    def cell_at(self, where: QPointF) -> tuple[TakeRow, PlacedCell] | None:
        """The chunk under a point."""
        lane = self.lane_at(where)
        if not isinstance(lane, Strip):
            return None
        found = lane.cell_at(where)
        return None if found is None else (lane.row, found)

    def scroll_zone(self, zone: Zone, px: float) -> None:
        """Scroll branches or lanes up and down."""
        if self.lane_boxes.scroll(zone, px):
            self.update(zone.box.toAlignedRect())

    def sizeHint(self) -> QSize:
        return QSize(900, RULER_PX + STRIP_PX + 236)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, RULER_PX + STRIP_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.strips:
            self.place_lanes()
            self._fitted_frames = 0
            self.keep_fitted()

    # ------------------------------------------------------------------ time

    def place_playhead(self) -> None:
        """Move the line to the player's frame."""
        if self.scene.rows:
            self._playhead.place(self.axis.x(self.studio.player.frame), self.playhead_words(), HEAD_PX)

    def follow_playhead(self) -> None:
        """Scroll so that the playhead is seen; while it plays by whole pages, which is calmer and quicker."""
        player, room = self.studio.player, self.width() - HEAD_PX
        if self.mouse.drag is None:
            axis = self.axis
            self.scene.set_axis(
                axis.paged(player.frame, room) if player.is_playing else axis.showing(player.frame, room)
            )
        self.place_playhead()
        if self._has_graph:
            # The values at the playhead stand in the head.
            self.update_box(QRectF(0, self._graph.box.top(), HEAD_PX, self._graph.box.height()), self._graph)

    def playhead_words(self) -> str:
        return f"{self.studio.player.frame / self.studio.player.fps:.2f}"

    def _flag_width(self, words: str) -> int:
        return QFontMetrics(self.studio.theme.font(11, 600)).horizontalAdvance(words)

    def fit(self) -> None:
        """Show the whole take, and all values of the curves."""
        self._fit_time()
        if self._has_graph:
            self._graph.frame_all()

    def keep_fitted(self) -> None:
        """Keep the whole take in sight while it grows, until somebody zooms; nothing moves under a drag."""
        is_fitted = self.axis == self._fitted and self.mouse.drag is None
        if is_fitted and self._num_frames() != self._fitted_frames:
            self._fit_time()

    def _fit_time(self) -> None:
        self._fitted_frames = self._num_frames()
        self.scene.set_axis(self.axis.fitted(self._fitted_frames, self.width() - HEAD_PX))
        self._fitted = self.axis

    def _num_frames(self) -> int:
        """Of all that is made, planned or asked for."""
        planned = total_frames(self.studio.project, self.studio.take)
        return max(planned, self.scene.current.bounds[-1], _LEAST_FITTED)

    def zoom(self, factor: float, at_px: float | None = None) -> None:
        """Larger or smaller around a pixel; where none is given around the playhead, or the middle."""
        x = self.axis.x(self.studio.player.frame) if at_px is None else at_px
        if at_px is None and not HEAD_PX <= x <= self.width():
            x = (HEAD_PX + self.width()) / 2
        self.scene.set_axis(self.axis.zoomed(factor, max(x, HEAD_PX)))

    def _axis_changed(self) -> None:
        self.place_playhead()
        self.update()

    # ------------------------------------------------------------------ painting

    def update(self, *area: QRect) -> None:  # type: ignore[override]  # Qt's takes more forms, of which none is used
        """Paint all of it, or an area, anew."""
        self._stale += QRegion(*(area or (self.rect(),)))
        super().update(*area)

    def paintEvent(self, event: QPaintEvent) -> None:
        """What is uncovered, by the playhead above all, is copied from the picture of what was painted last."""
        ratio = self.devicePixelRatioF()
        if self._painted.size() != self.size() * ratio or self._painted.devicePixelRatio() != ratio:
            self._painted = QPixmap(self.size() * ratio)
            self._painted.setDevicePixelRatio(ratio)
            self._stale = QRegion(self.rect())
        if not self._stale.isEmpty():
            self._paint_stale()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._painted)

    def _paint_stale(self) -> None:
        stale, self._stale = self._stale, QRegion()
        parts = [stale.boundingRect()] if stale.rectCount() > _MOST_PARTS else _rects(stale)
        painter = QPainter(self._painted)
        for part in parts:
            painter.setClipRect(part)
            self.paint_part(painter, QRectF(part))
        painter.end()

    def paint_part(self, painter: QPainter, dirty: QRectF) -> None:
        """Paint a part of the canvas; the painter is clipped to it."""
        painter.fillRect(dirty, self.studio.theme.color("lane"))
        if not self.scene.rows:
            return
        self._paint_grid(painter, dirty)
        for lane in self.lanes():
            part = self.lane_boxes.clip_of(lane).intersected(dirty)
            if not part.isEmpty():
                self._paint_lane(painter, lane, part)
        self._paint_over(painter, dirty)

    def _paint_lane(self, painter: QPainter, lane: Lane, part: QRectF) -> None:
        theme = self.studio.theme
        inside = part.intersected(QRectF(HEAD_PX, 0, self.width() - HEAD_PX, self.height()))
        if not inside.isEmpty():
            painter.save()
            painter.setClipRect(inside, Qt.ClipOperation.IntersectClip)
            lane.paint(painter, inside)
            painter.restore()
        head = part.intersected(QRectF(0, 0, HEAD_PX, self.height()))
        if not head.isEmpty():
            painter.save()
            painter.setClipRect(head, Qt.ClipOperation.IntersectClip)
            painter.fillRect(head, theme.color("panel"))
            lane.paint_head(painter)
            painter.restore()
        line = QRectF(part.left(), lane.box.bottom() - 1, part.width(), 1)
        painter.fillRect(line.intersected(part), theme.color("line"))

    def _paint_grid(self, painter: QPainter, dirty: QRectF) -> None:
        """Lines where chunks begin, under the lanes of the take."""
        box = self.lane_boxes.lanes.box.intersected(dirty)
        if box.isEmpty():
            return
        colour = self.studio.theme.color("line")
        for placed in self.strips[0].visible(box.adjusted(-2, 0, 2, 0)):
            x = round(self.axis.x(placed.stop))
            if max(box.left(), HEAD_PX) <= x <= box.right():
                painter.fillRect(QRectF(x, box.top(), 1, box.height()), colour)

    def _paint_over(self, painter: QPainter, dirty: QRectF) -> None:
        """What lies over several lanes: branches, the shade outside the work area, the band, the keyboard's ring."""
        theme, placed = self.studio.theme, self.lane_boxes
        body = QRectF(HEAD_PX, 0, self.width() - HEAD_PX, self.height())
        top = placed.fixed[-1].box.top()
        takes = QRectF(HEAD_PX, top, body.width(), placed.branches.box.bottom() - top).intersected(dirty)
        if len(self.strips) > 1 and not takes.isEmpty():
            painter.save()
            painter.setClipRect(takes, Qt.ClipOperation.IntersectClip)
            paint_connectors(painter, self.scene, self.strips, placed.branches.box, dirty)
            painter.restore()
        area, shaded = self.ruler.work_area_px(), placed.lanes.box.intersected(body).intersected(dirty)
        if area is not None and not shaded.isEmpty():
            painter.save()
            painter.setClipRect(shaded, Qt.ClipOperation.IntersectClip)
            shade = theme.faded("app", 0.42 if theme.name == "dark" else 0.3)
            painter.fillRect(QRectF(HEAD_PX, 0, max(area[0] - HEAD_PX, 0), self.height()), shade)
            painter.fillRect(QRectF(max(area[1], HEAD_PX), 0, self.width(), self.height()), shade)
            painter.restore()
        painter.fillRect(QRectF(HEAD_PX - 1, 0, 1, self.height()).intersected(dirty), theme.color("line"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for zone in placed.zones:
            thumb = placed.thumb_of(zone, self.width())
            if thumb is not None and thumb.intersects(dirty):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("edge"))
                painter.drawRoundedRect(thumb, 3, 3)
        if self.scene.band is not None:
            painter.setPen(QPen(theme.color("text"), 1))
            painter.setBrush(theme.faded("text", 0.08))
            painter.drawRect(self.scene.band.adjusted(0.5, 0.5, -0.5, -0.5))
        if self.keyboard.lane is not None and self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("focus"), 1.5))
            painter.drawRoundedRect(placed.clip_of(self.keyboard.lane).adjusted(1, 1, -1, -2), 4, 4)

    def picture(self) -> QImage:
        """The lanes as an image, for the benchmark."""
        image = QImage(self.size(), QImage.Format.Format_RGB32)
        self.render(image)
        return image

    # ------------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.keyboard.leave()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.mouse.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mouse.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.mouse.wheel(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.mouse.hover(QPointF(-1, -1))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.menu_at(QPointF(event.pos()))
        if menu is not None:
            run_menu(menu, event.globalPos())

    def menu_at(self, where: QPointF) -> QMenu | None:
        """What can be done under a point."""
        lane = self.lane_at(where)
        if lane is None or (where.x() < HEAD_PX and not isinstance(lane, Strip)):
            return None
        menu = QMenu(self)
        lane.fill_menu(menu, Press(where=where))
        if menu.isEmpty():
            menu.deleteLater()
            return None
        return menu

    def tip_at(self, where: QPointF) -> str:
        """Facts of what is under a point."""
        lane = self.lane_at(where)
        if lane is None:
            return ""
        return lane.head_tip(where) if where.x() < HEAD_PX else lane.tip(where)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self.tip_at(QPointF(event.pos()))
            if words and self.mouse.drag is None:
                QToolTip.showText(event.globalPos(), words, self)
            else:
                QToolTip.hideText()
            return True
        is_override = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_override and self.keyboard.wants(event):  # type: ignore[arg-type]  # it is a key's, see above
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.keyboard.wants(event):
            self.keyboard.press(event)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()
        if event.reason() in _TAB and self.strips:
            self.keyboard.enter(self.strips[0])

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.mouse.cancel()
        self.update()


def _rects(region: QRegion) -> list[QRect]:
    return list(region)  # type: ignore[call-overload]  # its stub does not say that it can be gone through
