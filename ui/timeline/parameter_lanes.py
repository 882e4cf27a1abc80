"""Lanes of parameters: keys with their values to the right, and text bars for the prompt."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QMenu

from astra_studio.document import parameters
from astra_studio.document.derived import recipe_at
from astra_studio.document.model import Parameter, ParameterValue
from astra_studio.document.parameters import Keys
from engine.settings import shown
from ui.theme import R4
from ui.timeline import key_drags
from ui.timeline.diamonds import SMALL_PX, paint_diamond
from ui.timeline.lane import Lane, Press
from ui.timeline.menus import fill_key_menu
from ui.timeline.scene import HEAD_PX, KeyId, Scene
from ui.timeline.translation import tr
from ui.widgets.drag import Drag

NUMBER_PX, WORDS_PX = 27, 28
_REACH_PX = 7
_USUAL_ICON = "sliders-horizontal"


def lane_of(scene: Scene, parameter: Parameter) -> ParameterLane:
    """The lane of a parameter of the world: diamonds for numbers, bars for what is said in words."""
    return NumberLane(scene, parameter) if scene.spec(parameter).is_numeric else WordsLane(scene, parameter)


class ParameterLane(Lane):
    """What numbers and words have in common: keys at whole ticks."""

    def __init__(self, scene: Scene, parameter: Parameter) -> None:
        super().__init__(scene)
        self.parameter: Parameter = parameter
        self.spec = scene.spec(parameter)
        self.name, self.icon = tr(self.spec.short), self.spec.icon or _USUAL_ICON

    @property
    def keys(self) -> Keys:
        """The keys of the parameter on the current take."""
        return parameters.of(self.scene.take.keys, self.parameter)

    def all_keys(self) -> list[KeyId]:
        return [(self.parameter, key.tick) for key in self.keys]

    def keys_in(self, band: QRectF) -> list[KeyId]:
        """The keys in a band over the lanes."""
        if not band.top() <= self.middle <= band.bottom():
            return []
        return [key for key in self.all_keys() if band.left() <= self.scene.x_of_tick(key[1]) <= band.right()]

    def is_chosen(self, tick: int) -> bool:
        return (self.parameter, tick) in self.scene.chosen

    # ------------------------------------------------------------------ mouse

    def key_at(self, where: QPointF) -> KeyId | None:
        if not self.body.contains(where):
            return None
        near = min(self.all_keys(), key=lambda key: abs(self.scene.x_of_tick(key[1]) - where.x()), default=None)
        if near is None or abs(self.scene.x_of_tick(near[1]) - where.x()) > _REACH_PX:
            return None
        return near

    def press(self, press: Press) -> Drag | None:
        key = self.key_at(press.where)
        return None if key is None else key_drags.press_key(self.scene, press, key)

    def double_click(self, press: Press) -> None:
        key = self.key_at(press.where)
        if key is not None:
            self.scene.edit_asked.emit(key)
            return
        tick = self.scene.snapped_tick(self.scene.tick_at(press.where.x()), press.modifiers)
        key_drags.add_parameter_key(self.scene, self.parameter, tick)

    def fill_menu(self, menu: QMenu, press: Press) -> None:
        key = self.key_at(press.where)
        fill_key_menu(menu, self.scene, key, lambda: self.double_click(press), self.all_keys())

    def cursor(self, where: QPointF) -> Qt.CursorShape | None:
        return Qt.CursorShape.SizeHorCursor if self.key_at(where) is not None else None

    def tip(self, where: QPointF) -> str:
        scene, key = self.scene, self.key_at(where)
        tick = key[1] if key is not None else int(scene.tick_at(where.x()))
        if tick < 0:
            return ""
        value = recipe_at(scene.studio.project, scene.take, tick).value(self.parameter)
        text = tr("{0} {1} at tick {2}").format(self.name, _shown_value(value), tick)
        if key is None:
            is_before = parameters.value_at(scene.take.keys, self.parameter, tick) is None
            lines = [text, tr("from the inspector; double-click adds a key")] if is_before else [text]
            return "\n".join(lines)
        known = next(one for one in self.keys if one.tick == tick)
        lines = [text]
        if not isinstance(known.value, (bool, str)):
            lines.append(
                tr("changes evenly to the next key") if known.easing == "linear" else tr("held until the next key")
            )
        lines.append(self._from_chunk(tick))
        return "\n".join(lines)

    def _from_chunk(self, tick: int) -> str:
        """From which chunk on a key counts: a chunk takes the values at its first tick."""
        cells = self.scene.current.cells
        found = next((cell.cell.number for cell in cells if cell.first_tick >= tick), len(cells) + 1)
        return tr("applies from chunk {0} on").format(found)

    # ------------------------------------------------------------------ keyboard

    def stops(self) -> list[tuple[float, KeyId | None]]:
        return [(key_drags.frame_of(self.scene, key), key) for key in self.all_keys()]

    def described(self) -> str:
        keys_text = ", ".join(tr("{0} at tick {1}").format(_shown_value(key.value), key.tick) for key in self.keys)
        return f"{self.name}: {keys_text or tr('no keys')}"


class NumberLane(ParameterLane):
    """Diamonds with their values written to their right."""

    height = NUMBER_PX

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        scene, theme, keys = self.scene, self.scene.theme, self.keys
        middle = round(self.middle)
        painter.setFont(theme.font(11))
        metrics = painter.fontMetrics()
        if not keys or keys[0].tick > 0:
            self._paint_recipe(painter, keys)
        low, high = scene.tick_at(dirty.left() - 12), scene.tick_at(dirty.right() + 12)
        # A key's words and line reach to the next one.
        first = max(bisect_right(keys, low, key=lambda key: key.tick) - 1, 0)
        last = bisect_right(keys, high, key=lambda key: key.tick)
        end = scene.x_of_tick(keys[last].tick) if last < len(keys) else max(self.box.right(), HEAD_PX)
        keys = keys[first:last]
        stops = [*(scene.x_of_tick(key.tick) for key in keys), end]
        for (x, after), key in zip(pairwise(stops), keys, strict=True):
            x, after = round(x), round(after)
            text = _number(float(key.value))
            width = metrics.horizontalAdvance(text)
            begin = x + SMALL_PX + 4
            if after - x > width + 30:
                painter.setPen(theme.color("text" if self.is_chosen(key.tick) else "text2"))
                painter.drawText(QPointF(x + 12, middle + 4), text)
                begin = x + 12 + width + 8
            if after - begin > 4:
                painter.fillRect(QRectF(begin, middle - 1, after - begin, 2), theme.color("line2"))
        for x, key in zip(stops, keys, strict=False):
            paint_diamond(
                painter,
                theme,
                QPointF(round(x) + 0.5, middle),
                is_chosen=self.is_chosen(key.tick),
                is_hovered=(self.parameter, key.tick) == scene.hovered,
                is_held=key.easing == "hold",
                half_px=SMALL_PX,
            )

    def _paint_recipe(self, painter: QPainter, keys: Keys) -> None:
        """What counts before the first key, quiet: it is the inspector's."""
        theme, middle = self.scene.theme, round(self.middle)
        left = max(self.scene.x_of_tick(0), HEAD_PX)
        right = self.scene.x_of_tick(keys[0].tick) if keys else self.box.right()
        text = _number(float(key_drags.recipe_value(self.scene, self.parameter)))
        width = painter.fontMetrics().horizontalAdvance(text)
        if right - left > width + 30:
            painter.setPen(theme.color("text3"))
            painter.drawText(QPointF(left + 10, middle + 4), text)
            left += width + 18
        pen = QPen(theme.color("line2"), 1)
        pen.setDashPattern([2, 4])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(pen)
        if right - left > 12:
            painter.drawLine(QPointF(left, middle), QPointF(right - SMALL_PX - 4, middle))


class WordsLane(ParameterLane):
    """A bar of words from a key to the next one; its left end is the key."""

    height = WORDS_PX

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        scene, theme = self.scene, self.scene.theme
        painter.setFont(theme.font(11))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for left, right, text, tick in self._bars():
            if right < dirty.left() or left > dirty.right():
                continue
            is_chosen = tick is not None and self.is_chosen(tick)
            box = QRectF(round(left) + 1, self.box.top() + 4, max(round(right) - round(left) - 2, 3), self.height - 9)
            painter.setPen(QPen(theme.color("text"), 1.5) if is_chosen else Qt.PenStyle.NoPen)
            is_hovered = tick is not None and scene.hovered == (self.parameter, tick)
            painter.setBrush(theme.color("hover" if is_hovered else "field" if theme.name == "dark" else "selected"))
            painter.drawRoundedRect(box.adjusted(0.75, 0.75, -0.75, -0.75) if is_chosen else box, R4, R4)
            inside = box.adjusted(10, 0, -6, 0).intersected(self.body.adjusted(10, 0, -6, 0))
            painter.setPen(theme.color("text" if is_chosen else "text2" if tick is not None else "text3"))
            shown = painter.fontMetrics().elidedText(
                text or tr("no words"), Qt.TextElideMode.ElideRight, max(round(inside.width()), 0)
            )
            painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def _bars(self) -> list[tuple[float, float, str, int | None]]:
        """Left, right, words, tick of the key; None before the first one, where the recipe counts."""
        scene, keys = self.scene, self.keys
        end = scene.axis.x(scene.studio.player.num_total)
        xs = [scene.x_of_tick(key.tick) for key in keys]
        bars: list[tuple[float, float, str, int | None]] = []
        if not keys or keys[0].tick > 0:
            text = shown(key_drags.recipe_value(scene, self.parameter))
            bars.append((scene.x_of_tick(0), xs[0] if xs else end, text, None))
        for number, key in enumerate(keys):
            right = xs[number + 1] if number + 1 < len(xs) else max(end, xs[number] + 60)
            bars.append((xs[number], right, shown(key.value), key.tick))
        return bars

    def key_at(self, where: QPointF) -> KeyId | None:
        """A bar is its key: the whole of it can be grabbed."""
        if not self.body.contains(where):
            return None
        found = next((tick for left, right, _, tick in self._bars() if left <= where.x() < right), None)
        return None if found is None else (self.parameter, found)

    def double_click(self, press: Press) -> None:
        """On words they are edited; on the empty part of a bar another one begins."""
        key = self.key_at(press.where)
        tick = self.scene.snapped_tick(self.scene.tick_at(press.where.x()), press.modifiers)
        if key is not None:
            text = next(shown(known.value) for known in self.keys if known.tick == key[1])
            width = QFontMetrics(self.scene.theme.font(11)).horizontalAdvance(text) + 24
            if tick == key[1] or press.where.x() < self.scene.x_of_tick(key[1]) + width:
                self.scene.edit_asked.emit(key)
                return
        key_drags.add_parameter_key(self.scene, self.parameter, tick)
        self.scene.edit_asked.emit((self.parameter, tick))


def _number(value: float) -> str:
    return f"{value:.2f}"


def _shown_value(value: ParameterValue) -> str:
    if isinstance(value, bool):
        return shown(value)
    return f"{value:.2f}" if isinstance(value, (int, float)) else f"“{value}”"
