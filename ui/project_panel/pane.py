"""The project panel: its sections, kept up to date with the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QScrollArea,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astra_studio.document import edits
from astra_studio.document.derived import lanes
from astra_studio.document.differences import differences
from astra_studio.document.model import TakeId
from astra_studio.paths import assets
from astra_studio.services.playback.starts import crop_of
from ui.path_editor import PathEditing
from ui.plurals import counted
from ui.project_panel.jobs import JobsSection
from ui.project_panel.moves_section import MovesSection
from ui.project_panel.paths_section import PathsSection
from ui.theme import R4, S4, Theme
from ui.viewport.images import fitted, image_of
from ui.widgets import IconButton, PaneHeader, Section, quiet_label
from ui.widgets.basic import Filled

_THUMBNAIL = QSize(28, 16)
_SCENE_PX, _SCENE_SHARP_PX = 26, 78
_NAME_PX = 60
"""What the panel has for a name beside the words of the other column."""
_ROW_PX, _LEAST_ROWS, _MOST_ROWS = 25, 2, 6


class StartView(QWidget):
    """The start picture as the world will see it."""

    clicked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._image = theme, QImage()
        self._crop: QRectF | None = None
        self.setFixedHeight(106)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Start picture")

    def show_image(self, image: QImage, crop: QRectF | None) -> None:
        """A picture and the part of it that is seen."""
        self._image, self._crop = image, crop
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        if self._image.isNull():
            painter.setPen(self._theme.color("line2"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), R4, R4)
            painter.setPen(self._theme.color("text3"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("Drop a picture"))
            return
        box = fitted(self._image.width(), self._image.height(), QRectF(self.rect()))
        painter.drawImage(box, self._image)
        if self._crop is not None:
            scale = box.width() / self._image.width()
            crop = QRectF(
                box.left() + self._crop.left() * scale,
                box.top() + self._crop.top() * scale,
                self._crop.width() * scale,
                self._crop.height() * scale,
            )
            shade = self._theme.faded("app", 0.6)
            painter.fillRect(QRectF(box.left(), box.top(), box.width(), crop.top() - box.top()), shade)
            painter.fillRect(QRectF(box.left(), crop.bottom(), box.width(), box.bottom() - crop.bottom()), shade)
            painter.fillRect(QRectF(box.left(), crop.top(), crop.left() - box.left(), crop.height()), shade)
            painter.fillRect(QRectF(crop.right(), crop.top(), box.right() - crop.right(), crop.height()), shade)


class SceneButton(QAbstractButton):
    """A picture that ships with the program, filling its button."""

    def __init__(self, theme: Theme, path: Path) -> None:
        super().__init__()
        self._theme = theme
        self._image = QImage(str(path)).scaledToHeight(_SCENE_SHARP_PX, Qt.TransformationMode.SmoothTransformation)
        self.setFixedHeight(_SCENE_PX)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        shape = QPainterPath()
        shape.addRoundedRect(box, R4, R4)
        painter.setClipPath(shape)
        width, height = self._image.width(), self._image.height()
        part = fitted(round(box.width()), round(box.height()), QRectF(0, 0, width, height))
        painter.drawImage(box, self._image, part)
        if self.hasFocus() or self.underMouse():
            painter.setClipping(False)
            painter.setPen(QPen(self._theme.color("focus" if self.hasFocus() else "text"), 1.5))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), R4 - 1, R4 - 1)


class ProjectPane(Filled):
    """Header and sections."""

    def __init__(
        self,
        editing: PathEditing,
        open_picture: Callable[[], object],
        use_picture: Callable[[Path], object],
        import_path: Callable[[], object],
    ) -> None:
        studio = editing.studio
        super().__init__(studio.theme, "panel")
        self._studio, self._use_picture = studio, use_picture
        self._shown_start = ""
        self._start_image = QImage()
        add = IconButton(studio.theme, "plus", self.tr("Open a picture or clip"))
        add.clicked.connect(lambda: open_picture())
        inside = QWidget()
        inside.setMinimumWidth(0)
        sections = QVBoxLayout(inside)
        sections.setContentsMargins(0, 0, 0, 0)
        sections.setSpacing(0)
        self._start = Section(studio.theme, self.tr("Start picture"))
        self.start_view = StartView(studio.theme)
        self.start_view.clicked.connect(lambda: open_picture())
        self._start.body.addWidget(self.start_view)
        self._scenes = Section(studio.theme, self.tr("Scenes"))
        self._build_scenes()
        self.paths, self.moves = PathsSection(editing, import_path), MovesSection(editing)
        self._takes = Section(studio.theme, self.tr("Takes"))
        self.tree = QTreeWidget()
        self._build_tree()
        self.jobs = JobsSection(studio)
        for section in (self._start, self._scenes, self.paths, self._takes, self.moves, self.jobs):
            sections.addWidget(section)
        sections.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PaneHeader(studio.theme, self.tr("Project"), [add]))
        column.addWidget(scroll, 1)
        studio.project_opened.connect(self.refresh)
        studio.project_changed.connect(lambda _change: self.refresh())
        studio.small_picture_arrived.connect(lambda _source: self.refresh())
        studio.theme.changed.connect(self._show_takes)

    def refresh(self) -> None:
        self._show_start()
        self._show_takes()

    # ------------------------------------------------------------------ start and scenes

    def _show_start(self) -> None:
        project = self._studio.project
        start, info = project.start, project.world.info
        if start is None:
            self._shown_start = ""
            self.start_view.show_image(QImage(), None)
            self._start.hint.setText("")
            return
        if start.artifact != self._shown_start:
            picture = self._studio.player.start_picture(start)
            if picture is None:
                return
            self._start_image = image_of(picture).scaled(
                400, 400, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            self._shown_start = start.artifact
        self._start.hint.setText(f"{start.width_px} × {start.height_px}")
        scale = self._start_image.width() / start.width_px
        crop = None
        if info is not None:
            seen = crop_of(start, info)
            crop = QRectF(seen.left * scale, seen.top * scale, seen.width * scale, seen.height * scale)
        self.start_view.show_image(self._start_image, crop)

    def _build_scenes(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(S4)
        pictures = sorted((assets() / "pictures").glob("*.jpg"))
        for number, path in enumerate(pictures):
            button = SceneButton(self._studio.theme, path)
            name = path.stem.replace("_", " ").capitalize()
            button.setToolTip(name)
            button.setAccessibleName(self.tr("Start from {0}").format(name))
            button.clicked.connect(lambda _on=False, path=path: self._use_picture(path))
            grid.addWidget(button, number // 4, number % 4)
            grid.setColumnStretch(number % 4, 1)
        self._scenes.body.addLayout(grid)

    # ------------------------------------------------------------------ takes

    def _build_tree(self) -> None:
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, self.tree.header().ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, self.tree.header().ResizeMode.ResizeToContents)
        self.tree.setIndentation(10)
        self.tree.setIconSize(_THUMBNAIL)
        self.tree.setMinimumWidth(0)
        self.tree.setAccessibleName(self.tr("Takes"))
        self.tree.itemClicked.connect(self._take_clicked)
        self.tree.itemActivated.connect(self._take_clicked)
        self._differences = quiet_label("")
        self._differences.setWordWrap(True)
        self._takes.body.addWidget(self.tree)
        self._takes.body.addWidget(self._differences)

    def _show_takes(self) -> None:
        project, player = self._studio.project, self._studio.player
        self.tree.clear()
        items: dict[TakeId, QTreeWidgetItem] = {}
        for lane in lanes(project):
            take = project.take(lane.take)
            hint = whole = counted(len(take.chunks), self.tr("1 chunk"), self.tr("{0} chunks"))
            if lane.num_shared:
                hint = self.tr("from {0}").format(lane.num_shared + 1)
                whole = self.tr("{0}, its own from chunk {1} on").format(whole, lane.num_shared + 1)
            name = ("★ " if take.is_starred else "") + take.name
            if self.tree.fontMetrics().horizontalAdvance(name) > _NAME_PX:
                hint = str(len(take.chunks))  # what a take is called says more than how long it is
            item = QTreeWidgetItem([name, hint])
            item.setData(0, Qt.ItemDataRole.UserRole, take.id)
            item.setToolTip(0, f"{take.name}: {whole}")
            item.setToolTip(1, whole)
            item.setForeground(1, self._studio.theme.color("text3"))
            if take.chunks and (picture := player.thumbnail(take.chunks[-1])) is not None:
                item.setIcon(0, QIcon(QPixmap.fromImage(image_of(picture))))
            else:
                item.setIcon(0, self._studio.theme.icon("film-strip", "text3"))
            parent = items.get(lane.parent) if lane.parent else None
            self.tree.addTopLevelItem(item) if parent is None else parent.addChild(item)
            items[take.id] = item
        self.tree.expandAll()
        self.tree.setFixedHeight(_ROW_PX * min(max(len(items), _LEAST_ROWS), _MOST_ROWS) + 4)
        current = items[project.selection.take]
        self.tree.setCurrentItem(current)
        self._takes.hint.setText(str(len(project.takes)))
        compared = project.selection.compared
        if compared is None or not project.has_take(compared):
            self._differences.setText("")
            return
        other = project.take(compared)
        changes = differences(project, other, project.current)
        same = self.tr("no differences from {0}").format(other.name)
        self._differences.setText(f"{project.current.name}: " + ("; ".join(changes) if changes else same))

    def _take_clicked(self, item: QTreeWidgetItem) -> None:
        take = item.data(0, Qt.ItemDataRole.UserRole)
        selection = self._studio.project.selection
        if take != selection.take:
            compared = None if selection.compared == take else selection.compared
            self._studio.apply(edits.select(take, compared=compared))
