"""Owns typing a key's value where the key is: a number or words; Return takes it, Escape leaves it as it was."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from astra_studio.document.model import Parameter, ParameterKey, ParameterValue
from astra_studio.document.parameters import check_key
from ui.widgets.number_field import evaluated

NUMBER_WIDTH_PX, WORDS_WIDTH_PX = 64, 320


class KeyEditor(QLineEdit):
    """A field over a lane. It goes when the value is taken or left."""

    def __init__(
        self,
        parent: QWidget,
        parameter: Parameter | None,
        value: ParameterValue,
        name: str,
        take: Callable[[ParameterValue], object],
    ) -> None:
        """`parameter` None: any number. `take` is called once with a value that can be; never where it is left."""
        super().__init__(parent)
        self._parameter, self._take, self._is_over = parameter, take, False
        self._before = value
        self.setAccessibleName(name)
        self.setText(value if isinstance(value, str) else f"{value:g}")
        self.setFixedSize(WORDS_WIDTH_PX if parameter == "prompt" else NUMBER_WIDTH_PX, 22)
        self.selectAll()
        self.returnPressed.connect(self._accept)

    def open_at(self, x: int, y: int) -> None:
        """Show it, with its left end and its middle there."""
        self.move(x, y - self.height() // 2)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # A field that was left with a wrong text is left for good: nobody looks at it any more.
        if not self._is_over and not self._accept():
            self._leave()

    def _accept(self) -> bool:
        if self._is_over:
            return True
        try:
            value: ParameterValue = self.text().strip() if self._parameter == "prompt" else evaluated(self.text())
            if self._parameter is not None:
                check_key(ParameterKey(parameter=self._parameter, tick=0, value=value))
        except ValueError as error:
            self.setProperty("bad", "true")
            self.setToolTip(str(error))
            self.style().unpolish(self)
            self.style().polish(self)
            return False
        self._is_over = True
        if value != self._before:
            self._take(value)
        self._close()
        return True

    def _leave(self) -> None:
        self._is_over = True
        self._close()

    def _close(self) -> None:
        had_focus = self.hasFocus()
        self.hide()
        parent = self.parentWidget()
        if had_focus and parent is not None:
            parent.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()
