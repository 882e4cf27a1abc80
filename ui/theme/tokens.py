"""Colours and sizes of the window. No other module has a colour literal."""

from __future__ import annotations

from collections.abc import Mapping

S4, S8, S12, S16, S24 = 4, 8, 12, 16, 24
"""Spaces, in pixels."""
R2, R4, R6, R8, R10 = 2, 4, 6, 8, 10
"""Radii: bars, fields and cells, buttons and keycaps, plates over pictures."""

_BOTH: dict[str, tuple[str, str]] = {
    "app": ("#0E0E0E", "#C9C9C9"),
    "stage": ("#0A0A0A", "#3A3A3A"),
    "lane": ("#161616", "#FAFAFA"),
    "canvas": ("#131313", "#FAFAFA"),
    "panel": ("#1A1A1A", "#F5F5F5"),
    "raised": ("#212121", "#EBEBEB"),
    "field": ("#2A2A2A", "#FFFFFF"),
    "hover": ("#353535", "#E0E0E0"),
    "selected": ("#313131", "#E2E2E2"),
    "line": ("#2C2C2C", "#D6D6D6"),
    "line2": ("#474747", "#B4B4B4"),
    "edge": ("#757575", "#7F7F7F"),
    "grid": ("#232323", "#E6E6E6"),
    "accent": ("#F2B33D", "#EBA61E"),
    "accent_ink": ("#1C1300", "#1C1300"),
    "accent_tint": ("#3A311D", "#FBEBC8"),
    "focus": ("#F2B33D", "#9A6200"),
    "text": ("#EDEDED", "#1A1A1A"),
    "text2": ("#B8B8B8", "#454545"),
    "text3": ("#9C9C9C", "#5C5C5C"),
    "accent_text": ("#F2B33D", "#805000"),
    "accent_mark": ("#F2B33D", "#B06C00"),
    "ok": ("#4AD9AA", "#0A7253"),
    "warn": ("#FF9A52", "#A04600"),
    "error": ("#FF6E5E", "#B82717"),
    "take_a": ("#5AB4F0", "#0F66AC"),
    "take_b": ("#EE9CC8", "#A82F76"),
    "axis_x": ("#F0716B", "#C0322B"),
    "axis_y": ("#7CC96A", "#2F7A20"),
    "axis_z": ("#6AA4F8", "#2462C4"),
    "plate": ("#C7000000", "#C7000000"),
    "plate_a": ("#5AB4F0", "#5AB4F0"),
    "plate_b": ("#EE9CC8", "#EE9CC8"),
    "on_plate": ("#FFFFFF", "#FFFFFF"),
    "on_plate2": ("#D0D0D0", "#D0D0D0"),
    "on_plate_accent": ("#F2B33D", "#F2B33D"),
    "on_plate_warn": ("#FF9A52", "#FF9A52"),
    # States over pictures: on a black plate the colours of the dark theme hold in both.
    "plate_planned": ("#B8B8B8", "#B8B8B8"),
    "plate_queued": ("#D0D0D0", "#D0D0D0"),
    "plate_generating": ("#F2B33D", "#F2B33D"),
    "plate_latent_only": ("#E2C0F2", "#E2C0F2"),
    "plate_stored": ("#5CA6F2", "#5CA6F2"),
    "plate_in_memory": ("#4AD9AA", "#4AD9AA"),
    "plate_stale": ("#FFFFFF", "#FFFFFF"),
    "plate_failed": ("#FF6E5E", "#FF6E5E"),
    "veil": ("#B8000000", "#B8000000"),
    "state_planned": ("#858585", "#747474"),
    "state_queued": ("#949494", "#565656"),
    "state_generating": ("#F2B33D", "#B87300"),
    "state_latent_only": ("#E2C0F2", "#5B2380"),
    "state_stored": ("#4A96E6", "#2878CC"),
    "state_in_memory": ("#4AD9AA", "#0A9468"),
    "state_stale": ("#949494", "#565656"),
    "state_failed": ("#FF6E5E", "#A81F14"),
}

THEMES: Mapping[str, Mapping[str, str]] = {
    "dark": {name: both[0] for name, both in _BOTH.items()},
    "light": {name: both[1] for name, both in _BOTH.items()},
}
"""Colours by theme and token, as #RRGGBB or #AARRGGBB."""

TEXTS = ("text", "text2", "text3", "accent_text", "error", "warn", "ok", "take_a", "take_b")
"""Tokens that text is drawn in: contrast 4.5 or more on panel, raised, field and lane."""
MARKS = ("accent_mark", "axis_x", "axis_y", "axis_z")
"""Tokens of marks: contrast 3 or more on panel and lane."""
