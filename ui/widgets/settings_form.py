"""Form of a world's settings: one row per spec, whatever the world declares."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from engine.settings import Settings, SettingSpec, SettingValue, Specs
from ui.theme import S8, Theme
from ui.widgets.slider_row import SliderRow

_LABEL_PX = 94


class SettingsForm(QWidget):
    """Rows of settings, rebuilt where the world declares others.

    Sliders for numbers, and for the rest what their kind needs. It holds what is shown; what a change does is the
    owner's.
    """

    changed = Signal(str, object, bool)
    """Name, value, and whether the change is over."""
    reset = Signal(str)
    """Name of a setting whose default is wanted."""

    def __init__(self, theme: Theme, specs: Specs = ()) -> None:
        super().__init__()
        self._theme = theme
        self._specs: Specs = ()
        self._rows: dict[str, QWidget] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.set_specs(specs)

    def set_specs(self, specs: Specs) -> None:
        """Show rows for these settings, anew where they are others than before."""
        if specs == self._specs:
            return
        for row in self._rows.values():
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._specs = specs
        self._rows = {spec.name: self._row_of(spec) for spec in specs}
        for row in self._rows.values():
            self._column.addWidget(row)

    def set_spacing(self, px: int) -> None:
        """Room between the rows."""
        self._column.setSpacing(px)

    def show_values(
        self, settings: Settings, defaults: Settings, *, keyed: Collection[str] = (), has_text: bool = True
    ) -> None:
        """Show values; those whose keys decide them are marked, and what needs text is hidden without it."""
        for spec in self._specs:
            row, value, default = self._rows[spec.name], settings[spec.name], defaults[spec.name]
            row.setVisible(has_text or not spec.needs_text)
            if isinstance(row, SliderRow):
                row.show_value(float(value), float(default), is_keyed=spec.name in keyed)
            elif isinstance(row, _PlainRow):
                row.show_value(value)

    def values(self) -> dict[str, SettingValue]:
        """What is shown, of the rows that are."""
        found: dict[str, SettingValue] = {}
        for spec in self._specs:
            row = self._rows[spec.name]
            if row.isHidden():
                continue
            if isinstance(row, SliderRow):
                found[spec.name] = spec.rounded(row.field.value)
            elif isinstance(row, _PlainRow):
                found[spec.name] = row.value()
        return found

    def slider(self, name: str) -> SliderRow:
        """The row of a number. Raises KeyError for a name without one."""
        row = self._rows[name]
        assert isinstance(row, SliderRow), f"{name} is no number"
        return row

    def editor(self, name: str) -> QWidget:
        """The box, check or line of a setting that is no number. Raises KeyError for a name without one."""
        row = self._rows[name]
        assert isinstance(row, _PlainRow), f"{name} is a number"
        return row.editor

    def _row_of(self, spec: SettingSpec) -> QWidget:
        if not spec.is_numeric:
            plain = _PlainRow(spec)
            plain.changed.connect(lambda value, name=spec.name: self.changed.emit(name, value, True))
            return plain
        low, high = spec.slider
        row = SliderRow(
            self._theme,
            _tr(spec.label),
            minimum=low,
            maximum=high,
            step=spec.step,
            decimals=0 if spec.kind == "integer" else spec.decimals,
            unit=spec.unit,
            hard_minimum=spec.limits[0],
            hard_maximum=spec.limits[1],
            tip=_tr(spec.help),
        )
        row.changed.connect(
            lambda value, is_over, spec=spec: self.changed.emit(spec.name, spec.rounded(value), is_over)
        )
        row.reset.connect(lambda name=spec.name: self.reset.emit(name))
        return row


class _PlainRow(QWidget):
    """Label and editor of a choice, a switch or a text."""

    changed = Signal(object)

    def __init__(self, spec: SettingSpec) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 14, 0)
        row.setSpacing(S8)
        label = QLabel(_tr(spec.label))
        label.setProperty("role", "label")
        label.setFixedWidth(_LABEL_PX)
        row.addWidget(label)
        self.editor: QComboBox | QCheckBox | QLineEdit
        if spec.kind == "choice":
            self.editor = QComboBox()
            self.editor.addItems(list(spec.choices))
            self.editor.activated.connect(lambda _number: self.changed.emit(self.value()))
        elif spec.kind == "switch":
            self.editor = QCheckBox()
            self.editor.clicked.connect(lambda _is_on: self.changed.emit(self.value()))
        else:
            self.editor = QLineEdit()
            self.editor.editingFinished.connect(lambda: self.changed.emit(self.value()))
        self.editor.setAccessibleName(_tr(spec.label))
        self.editor.setToolTip(_tr(spec.help))
        row.addWidget(self.editor, 1)

    def value(self) -> SettingValue:
        """What is chosen."""
        if isinstance(self.editor, QComboBox):
            return self.editor.currentText()
        return self.editor.isChecked() if isinstance(self.editor, QCheckBox) else self.editor.text()

    def show_value(self, value: SettingValue) -> None:
        """Show a value, without a word to anybody."""
        with QSignalBlocker(self.editor):
            if isinstance(self.editor, QComboBox):
                self.editor.setCurrentText(str(value))
            elif isinstance(self.editor, QCheckBox):
                self.editor.setChecked(bool(value))
            elif not self.editor.hasFocus():
                self.editor.setText(str(value))


def labelled(text: str, *widgets: QWidget) -> QHBoxLayout:
    """A row of a label and what belongs to it, beside the rows of a form."""
    row = QHBoxLayout()
    row.setContentsMargins(4, 0, 14, 0)
    row.setSpacing(S8)
    label = QLabel(text)
    label.setProperty("role", "label")
    label.setFixedWidth(_LABEL_PX)
    row.addWidget(label)
    for number, widget in enumerate(widgets):
        row.addWidget(widget, 1 if number == 0 else 0)
    return row


def _tr(text: str) -> str:
    return QCoreApplication.translate("Settings", text) if text else ""
