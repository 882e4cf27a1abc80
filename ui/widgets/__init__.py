"""The small parts that panes are made of."""

from ui.widgets.basic import EmptyState, IconButton, PaneHeader, Section, SegmentedControl, quiet_label
from ui.widgets.facts import Facts
from ui.widgets.number_field import NumberField
from ui.widgets.slider_row import SliderRow

__all__ = [
    "EmptyState",
    "Facts",
    "IconButton",
    "NumberField",
    "PaneHeader",
    "Section",
    "SegmentedControl",
    "SliderRow",
    "quiet_label",
]
