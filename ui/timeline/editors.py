"""In-place editors for numbers and text: Return accepts, Escape cancels."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from astra_studio.document.model import ParameterValue
from engine.settings import SettingSpec
from ui.widgets.number_field import evaluated

NUMBER_WIDTH_PX, WORDS_WIDTH_PX, HEIGHT_PX = 64, 320, 22
Parse = Callable[[str], ParameterValue]
"""The value of a text. Raises ValueError with what was expected."""


class InPlaceField(QLineEdit):
    """A field over the timeline. It goes when the value is taken or left."""

    def __init__(
        self, parent: QWidget, name: str, before: str, parse: Parse, take: Callable[[ParameterValue], object]
    ) -> None:
        """`name` is for screen readers. `take` is called once with what was parsed, and never where it is left."""
        super().__init__(parent)
        self._before, self._parse, self._take, self._is_over = before, parse, take, False
        self.setAccessibleName(name)
        self.setText(before)
        self.returnPressed.connect(self._accept)

    def open_in(self, box: QRect) -> None:
        """Show it there, all of its text chosen."""
        self.setGeometry(box)
        self.show()
        self.selectAll()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # A field that was left with a wrong text is left for good: nobody looks at it any more.
        if not self._is_over and not self._accept():
            self.leave()

    def _accept(self) -> bool:
        if self._is_over:
            return True
        try:
            value = self._parse(self.text())
        except ValueError as error:
            self.setProperty("bad", "true")
            self.setToolTip(str(error))
            self.style().unpolish(self)
            self.style().polish(self)
            return False
        self._is_over = True
        if self.text() != self._before:
            self._take(value)
        self._close()
        return True

    def leave(self) -> None:
        """Close it without taking the value."""
        self._is_over = True
        self._close()

    def _close(self) -> None:
        had_focus = self.hasFocus()
        self.hide()
        parent = self.parentWidget()
        if had_focus and parent is not None:
            parent.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()


def parser_of(spec: SettingSpec) -> Parse:
    """Reads what a key of a parameter can be."""

    def parse(text: str) -> ParameterValue:
        if not spec.is_numeric:
            return spec.cast(text.strip())
        number = evaluated(text)
        return spec.checked(round(number) if spec.kind == "integer" and number.is_integer() else number)

    return parse
