"""HUD of a drive, painted over the picture: keys, the chunk that input goes into, how fast it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from astra_studio.input.controls import Control
from ui.driving.controller import DriveController
from ui.theme import S8, S12, Theme
from ui.viewport.hud import CAP, GAP, paint_cap, plate

_LETTERS: tuple[tuple[Control, int, int], ...] = (
    (Control.SINK, 0, 0),
    (Control.FORWARD, 1, 0),
    (Control.RISE, 2, 0),
    (Control.LEFT, 0, 1),
    (Control.BACK, 1, 1),
    (Control.RIGHT, 2, 1),
)
_TURNS: tuple[tuple[Control, int, int], ...] = (
    (Control.LOOK_UP, 1, 0),
    (Control.TURN_LEFT, 0, 1),
    (Control.LOOK_DOWN, 1, 1),
    (Control.TURN_RIGHT, 2, 1),
)
_ARROWS = {"ArrowUp": "up", "ArrowLeft": "left", "ArrowDown": "down", "ArrowRight": "right"}
_DIM = frozenset({Control.SINK, Control.RISE})
"""Rising and sinking: worlds are hardly trained for it."""
_HEIGHT = 34


@dataclass(frozen=True, kw_only=True)
class Cap:
    """One key of the HUD, at its column and row of three by two."""

    label: str
    column: int
    row: int
    is_held: bool
    is_dim: bool


@dataclass(frozen=True, kw_only=True)
class HudWords:
    """What the plates say: the first words in the middle, the rest beside them in amber; "" for none."""

    main: str
    seen: str
    record: str
    pace: str
    latency: str


class DriveHud:
    """Paints what a controller tells now."""

    def __init__(self, controller: DriveController, theme: Theme) -> None:
        self._controller, self._theme = controller, theme
        self.take_name = ""

    def caps(self) -> tuple[list[Cap], list[Cap]]:
        """Keys for moving and for turning, labelled as the user's keyboard is."""
        return self._caps(_LETTERS), self._caps(_TURNS)

    def _caps(self, table: Sequence[tuple[Control, int, int]]) -> list[Cap]:
        controller = self._controller
        held = controller.held.held_controls()
        found = []
        for control, column, row in table:
            codes = controller.bindings.sources_of(control)
            code = next((code for code in codes if not code.startswith("pad:")), "")
            label = _ARROWS.get(code) or (controller.labels.label(code) if code else "")
            is_dim = control in _DIM
            found.append(Cap(label=label, column=column, row=row, is_held=control in held, is_dim=is_dim))
        return found

    def words(self) -> HudWords:
        """In plain words what goes on."""
        controller, state = self._controller, self._controller.state
        number = state.next_chunk + 1
        seen = ""
        if controller.is_wanted:
            main = _words("Driving begins when the world is open")
        elif state.is_paused:
            main = _words("Paused · Space goes on")
        elif state.is_parked:
            main = _words("Waiting for input · press a key to go on")
        else:
            main = _words("Input goes into chunk {0}").format(number)
            seen = _words("seen in {0} s").format(f"{controller.seen_in_s:.1f}")
        latency = controller.drive.trace.latency() if controller.drive is not None else None
        return HudWords(
            main=main,
            seen=seen,
            record=_words("Recording · {0}").format(self.take_name) if controller.is_on else "",
            pace="" if state.ratio is None else _words("{0} × real time").format(f"{state.ratio:.2g}"),
            latency=""
            if latency is None
            else _words("input to picture {0} ms, 95 % under {1} ms").format(
                round(latency.p50_ms), round(latency.p95_ms)
            ),
        )

    def paint(self, painter: QPainter, box: QRectF) -> None:
        """Over the visible part of a picture, in widget pixels."""
        if box.width() < 330 or box.height() < 150:
            return
        words = self.words()
        top = box.top() + S12
        middle = [(words.main, "on_plate"), (words.seen, "on_plate_accent")]
        self._plate(painter, middle, 16, centre=QPointF(box.center().x(), top))
        if box.width() >= 900:
            self._plate(painter, [(words.record, "on_plate")], 12, left=QPointF(box.left() + S12, top))
        numbers = [(words.pace, "on_plate"), (words.latency, "on_plate2")]
        self._plate(painter, numbers, 12, right=QPointF(box.right() - S12, top + (0 if box.width() >= 1100 else 44)))
        letters, turns = self.caps()
        bottom = box.bottom() - 16 - 2 * CAP - GAP
        for caps, left in ((letters, box.left() + 16), (turns, box.right() - 16 - 3 * CAP - 2 * GAP)):
            for cap in caps:
                place = QRectF(left + cap.column * (CAP + GAP), bottom + cap.row * (CAP + GAP), CAP, CAP)
                paint_cap(painter, self._theme, place, cap.label, is_held=cap.is_held, is_dim=cap.is_dim)

    def _plate(
        self,
        painter: QPainter,
        parts: Sequence[tuple[str, str]],
        size: int,
        *,
        left: QPointF | None = None,
        centre: QPointF | None = None,
        right: QPointF | None = None,
    ) -> None:
        """Words beside each other, in their colours; `left`, `centre` or `right` is a point of the upper edge."""
        shown = [(text, token) for text, token in parts if text]
        if not shown:
            return
        painter.setFont(self._theme.font(size, 600))
        metrics = painter.fontMetrics()
        widths = [metrics.horizontalAdvance(text) for text, _ in shown]
        width = sum(widths) + 2 * S12 + 2 * S8 * (len(shown) - 1)
        if left is not None:
            box = QRectF(left.x(), left.y(), width, _HEIGHT)
        elif right is not None:
            box = QRectF(right.x() - width, right.y(), width, _HEIGHT)
        else:
            assert centre is not None
            box = QRectF(round(centre.x() - width / 2), centre.y(), width, _HEIGHT)
        plate(painter, self._theme, box)
        x = box.left() + S12
        for (text, token), advance in zip(shown, widths, strict=True):
            painter.setPen(self._theme.color(token))
            painter.drawText(QRectF(x, box.top(), advance + 2, box.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x += advance + 2 * S8


def _words(text: str) -> str:
    return QCoreApplication.translate("DriveHud", text)
