"""The small parts that panes are made of."""

from ui.widgets.basic import Corner, EmptyState, IconButton, PaneHeader, Section, SegmentedControl, quiet_label
from ui.widgets.facts import Facts
from ui.widgets.number_field import NumberField
from ui.widgets.slider_row import SliderRow
from ui.widgets.speed_bar import SpeedBar

__all__ = [
    "Corner",
    "EmptyState",
    "Facts",
    "IconButton",
    "NumberField",
    "PaneHeader",
    "Section",
    "SegmentedControl",
    "SliderRow",
    "SpeedBar",
    "quiet_label",
]
