"""Headers, sections, small buttons and empty states."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ui.theme import R4, R6, S4, S8, S12, Theme

HEADER_PX, BUTTON_PX, ICON_PX = 32, 24, 14


class Filled(QWidget):
    """A widget of one surface colour."""

    def __init__(self, theme: Theme, token: str = "panel", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._token = theme, token
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.theme.color(self._token))


class IconButton(QToolButton):
    """An icon of 14 px in a button of 24, amber while it is on; it always has a tool tip and a name to be read out."""

    def __init__(self, theme: Theme, icon: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._icon = theme, icon
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self.setFixedSize(BUTTON_PX, BUTTON_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self._dress()
        theme.changed.connect(self._dress)

    def set_icon(self, icon: str) -> None:
        self._icon = icon
        self._dress()

    def follow(self, action: QAction) -> IconButton:
        """Do what an action does, and be enabled and checked as it is; returns itself."""
        tip = self.toolTip()
        keys = action.shortcut().toString()
        self.setToolTip(f"{tip} ({keys})" if keys else tip)
        self.setCheckable(action.isCheckable())
        self.clicked.connect(action.trigger)

        def changed() -> None:
            self.setEnabled(action.isEnabled())
            self.setChecked(action.isChecked())

        action.changed.connect(changed)
        changed()
        return self

    def _dress(self) -> None:
        self.setIcon(self._theme.icon(self._icon))


class PaneHeader(Filled):
    """The 32 px on top of a pane: title, quiet subtitle, tools on the right."""

    def __init__(self, theme: Theme, title: str, tools: Sequence[QWidget] = (), parent: QWidget | None = None) -> None:
        super().__init__(theme, "raised", parent)
        self.setFixedHeight(HEADER_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(S12, 0, S8, 0)
        row.setSpacing(S8)
        self.title = QLabel(title)
        self.title.setProperty("role", "title")
        self.subtitle = quiet_label("")
        self.subtitle.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self.title)
        row.addWidget(self.subtitle, 1)
        for tool in tools:
            row.addWidget(tool)


class SegmentedControl(QWidget):
    """A few options, one of which is chosen. Arrow keys go through them."""

    chosen = Signal(str)
    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def __init__(self, theme: Theme, options: Sequence[str], name: str, parent: QWidget | None = None) -> None:
        """The first option is chosen; `name` is what screen readers call it. Options are shown translated."""
        super().__init__(parent)
        self._theme, self._options, self._current = theme, list(options), 0
        self._labels = [QCoreApplication.translate("SegmentedControl", option) for option in options]
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(BUTTON_PX)
        self.setFont(theme.font(12, 500))
        metrics = self.fontMetrics()
        self._widths = [metrics.horizontalAdvance(label) + 20 for label in self._labels]
        self.setFixedWidth(sum(self._widths) + 4)
        theme.changed.connect(self.update)

    @property
    def current(self) -> str:
        """The chosen option; "" where things are as none of them says."""
        return self._options[self._current] if self._current >= 0 else ""

    def choose(self, option: str) -> None:
        """Show an option as chosen, or none for "", without emitting a signal."""
        self._current = self._options.index(option) if option else -1
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x() - 2
        for number, width in enumerate(self._widths):
            if x < width:
                self._pick(number)
                return
            x -= width

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step:
            super().keyPressEvent(event)
            return
        self._pick(max(0, min(self._current + step, len(self._options) - 1)))

    def _pick(self, number: int) -> None:
        if number != self._current:
            self._current = number
            self.update()
            self.chosen.emit(self.current)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("field"))
        painter.drawRoundedRect(QRectF(self.rect()), R6, R6)
        left = 2.0
        for number, (label, width) in enumerate(zip(self._labels, self._widths, strict=True)):
            box = QRectF(left, 2, width, self.height() - 4)
            is_chosen = number == self._current
            if is_chosen:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._theme.color("line2" if self._theme.name == "dark" else "selected"))
                painter.drawRoundedRect(box, R4, R4)
            painter.setPen(self._theme.color("text" if is_chosen else "text2"))
            painter.setFont(self._theme.font(12, 500))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, label)
            left += width
        if self.hasFocus():
            painter.setPen(self._theme.color("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), R6, R6)


class Section(QWidget):
    """A part of a panel under a heading that folds it away."""

    def __init__(self, theme: Theme, title: str, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._head = QPushButton(title)
        self._head.setProperty("flat", "true")
        self._head.setCheckable(True)
        self._head.setChecked(True)
        self._head.setFont(theme.font(11, 600))
        self._head.setStyleSheet("text-align: left; padding: 2px 4px; border-radius: 4px;")
        self._head.toggled.connect(self._fold)
        self.hint = quiet_label(hint)
        top = self._top = QHBoxLayout()
        top.setContentsMargins(S4, 0, S12, 0)
        top.addWidget(self._head, 1)
        top.addWidget(self.hint)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(S12, 0, S12, S8)
        self.body.setSpacing(S4)
        self._inside = QWidget()
        self._inside.setLayout(self.body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, S4, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(self._inside)
        self._dress()
        theme.changed.connect(self._dress)

    def set_title(self, title: str) -> None:
        self._head.setText(title)

    def add_tool(self, tool: QWidget) -> None:
        """Put a small button into the heading, on the right."""
        self._top.addWidget(tool)

    def _fold(self, is_open: bool) -> None:
        self._inside.setVisible(is_open)
        self._dress()

    def _dress(self) -> None:
        name = "caret-down" if self._head.isChecked() else "caret-right"
        self._head.setIcon(self._theme.icon(name, "text3", 10, on_token="text3"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, self._theme.color("line"))


class EmptyState(QWidget):
    """One icon, one sentence, one button."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        sentence: str,
        button: str = "",
        run: Callable[[], object] | None = None,
        *,
        is_on_stage: bool = False,
    ) -> None:
        """`is_on_stage`: it lies on the dark around the pictures, which is dark in the light theme too."""
        super().__init__()
        self._theme, self._name = theme, icon
        self._token = "on_plate2" if is_on_stage else "text3"
        column = QVBoxLayout(self)
        column.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.setSpacing(S12)
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label = quiet_label(sentence)
        if is_on_stage:
            label.setProperty("role", "on_stage")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setWordWrap(True)
        column.addWidget(self._icon)
        column.addWidget(label)
        if button and run is not None:
            push = QPushButton(button)
            push.clicked.connect(lambda: run())
            column.addWidget(push, 0, Qt.AlignmentFlag.AlignCenter)
        self._column = column
        self._dress()
        theme.changed.connect(self._dress)

    def add(self, widget: QWidget) -> None:
        """Put something more under the button."""
        self._column.addWidget(widget, 0, Qt.AlignmentFlag.AlignCenter)

    def _dress(self) -> None:
        self._icon.setPixmap(self._theme.pixmap(self._name, self._token, 24, self.devicePixelRatioF()))


class Corner(QObject):
    """Keeps a small widget in a corner of another one, over what that shows."""

    def __init__(
        self, below: QWidget, above: QWidget, corner: Qt.AlignmentFlag, margin: int = S8, margin_y: int = S8
    ) -> None:
        super().__init__(below)
        self._below, self._above, self._corner = below, above, corner
        self._margin, self._margin_y = margin, margin_y
        # A widget that nobody has shown or hidden yet counts as hidden, too.
        is_hidden = above.isHidden() and above.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide)
        above.setParent(below)
        above.setVisible(not is_hidden)
        for widget in (below, above):
            widget.installEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.LayoutRequest):
            self._place()
        return False

    def _place(self) -> None:
        above, margin = self._above, self._margin
        above.adjustSize()
        free_x, free_y = self._below.width() - above.width(), self._below.height() - above.height()
        x = margin if self._corner & Qt.AlignmentFlag.AlignLeft else free_x - margin
        if self._corner & Qt.AlignmentFlag.AlignHCenter:
            x = free_x // 2
        above.move(x, self._margin_y if self._corner & Qt.AlignmentFlag.AlignTop else free_y - self._margin_y)
        above.raise_()


def quiet_label(text: str) -> QLabel:
    """A label for hints and units."""
    label = QLabel(text)
    label.setProperty("role", "quiet")
    return label
