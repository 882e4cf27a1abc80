"""The small parts that panes are made of."""

from ui.widgets.basic import Corner, EmptyState, IconButton, PaneHeader, Section, SegmentedControl, quiet_label
from ui.widgets.facts import Facts
from ui.widgets.number_field import IntegerField, NumberField
from ui.widgets.seed_row import SeedRow
from ui.widgets.settings_form import SettingsForm, labelled
from ui.widgets.slider_row import SliderRow
from ui.widgets.speed_bar import SpeedBar
from ui.widgets.transient import run_dialog, run_menu

__all__ = [
    "Corner",
    "EmptyState",
    "Facts",
    "IconButton",
    "IntegerField",
    "NumberField",
    "PaneHeader",
    "Section",
    "SeedRow",
    "SegmentedControl",
    "SettingsForm",
    "SliderRow",
    "SpeedBar",
    "labelled",
    "quiet_label",
    "run_dialog",
    "run_menu",
]
