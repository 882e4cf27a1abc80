"""The action HUD as drawn into exported frames."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from astra_studio.document.actions import Actions
from astra_studio.paths import assets
from engine.clock import Clock
from engine.messages import Picture

_PLATE, _INK, _HELD, _HELD_INK = (0, 0, 0, 199), (255, 255, 255, 255), (242, 179, 61, 255), (28, 19, 0, 255)
_SHARE = 0.2
_ROWS = (("QWE", 0), ("ASD", 1))
_ARROWS = {"^": (1, 0), "<": (0, 1), "v": (1, 1), ">": (2, 1)}


def draw_hud(picture: Picture, actions: Actions, tick: int, clock: Clock) -> Picture:
    """The picture (H, W, 3) with keycaps lit by a tick's action. Rows that are places light none."""
    found = actions.kind.motions(actions.rows[tick : tick + 1], clock)
    if found is None:
        return picture
    trace, bend = clock.trained_speed * _SHARE, clock.trained_turn * _SHARE
    turn, tilt = found.left_turn[0], found.up_turn[0]
    forward, right, down = found.forward[0], found.right[0], found.down[0]
    held = {
        "W": forward > trace,
        "S": forward < -trace,
        "A": right < -trace,
        "D": right > trace,
        "Q": down > trace,
        "E": down < -trace,
        "^": tilt > bend,
        "v": tilt < -bend,
        "<": turn > bend,
        ">": turn < -bend,
    }
    image = Image.fromarray(picture).convert("RGBA")
    over = Image.new("RGBA", image.size)
    draw = ImageDraw.Draw(over)
    cap = max(7, image.height // 12)
    gap, margin = max(1, cap // 7), max(2, cap // 3)
    top = image.height - margin - 2 * cap - gap
    font = _font(max(6, round(cap * 0.5)))
    for names, line in _ROWS:
        for column, name in enumerate(names):
            _cap(draw, (margin + column * (cap + gap), top + line * (cap + gap)), cap, name, bool(held[name]), font)
    right = image.width - margin - 3 * cap - 2 * gap
    for name, (column, line) in _ARROWS.items():
        _cap(draw, (right + column * (cap + gap), top + line * (cap + gap)), cap, name, bool(held[name]), font)
    return np.array(Image.alpha_composite(image, over).convert("RGB"))


def _cap(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    size: int,
    name: str,
    is_held: bool,
    font: ImageFont.FreeTypeFont,
) -> None:
    left, top = corner
    draw.rounded_rectangle((left, top, left + size, top + size), max(1, size // 7), fill=_HELD if is_held else _PLATE)
    ink = _HELD_INK if is_held else _INK
    middle = (left + size / 2, top + size / 2)
    if name in _ARROWS:
        reach = size * 0.2
        way = {"^": (0, -1), "v": (0, 1), "<": (-1, 0), ">": (1, 0)}[name]
        tip = (middle[0] + way[0] * reach, middle[1] + way[1] * reach)
        side = (way[1] * reach, way[0] * reach)
        base = (middle[0] - way[0] * reach * 0.6, middle[1] - way[1] * reach * 0.6)
        draw.polygon([tip, (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1])], fill=ink)
        return
    draw.text(middle, name, fill=ink, font=font, anchor="mm")


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(assets() / "fonts" / "Inter-SemiBold.otf"), size)
