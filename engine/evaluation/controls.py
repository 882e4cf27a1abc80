"""Answers that need no world: the start warped by the score's own geometry, and the start panned and zoomed.

A score that such an answer passes says little about a world. They are shown in every table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.analysis.warp import ENCLOSED, TAN_HALF_FOV, Lookup, look_up, warp
from engine.messages import Frames, Picture
from engine.poses import Floats

_PAN_DEPTH = 1.2
"""Scene units at which the panned and zoomed picture is taken to hang."""
_WEAK = 0.2
"""Share of the commanded motion that the weak pan makes."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """An answer to compare a world with."""

    name: str
    """Of its figures in `evaluation.json`."""
    title: str
    show: Callable[[Picture, Floats], Frames]
    """The frames (N, H, W, 3) of a start picture (H, W, 3) for camera-to-world poses (N, 4, 4)."""


def warped(picture: Picture, c2w: Floats) -> Frames:
    """The picture on the plain and the round wall that the score takes every picture to show; its border goes on
    beyond it."""
    height, width = picture.shape[:2]
    frames = [_sample(picture, look_up(pose[None], width, height, ENCLOSED)) for pose in c2w]
    return np.stack(frames)


def panned(picture: Picture, c2w: Floats, share: float = 1.0) -> Frames:
    """The picture shifted and zoomed as a whole, as if it hung flat at one distance, by a share of the motion."""
    return np.stack([_panned(picture, pose, share) for pose in c2w])


def panned_weakly(picture: Picture, c2w: Floats) -> Frames:
    """`panned` by a fifth of the motion: the right direction every time, and wrong."""
    return panned(picture, c2w, _WEAK)


CONTROLS = (
    Control(name="warp", title="start warped by the score's geometry", show=warped),
    Control(name="pan", title="start panned and zoomed", show=panned),
    Control(name="weak_pan", title="the same at 20 % strength", show=panned_weakly),
)


def _panned(picture: Picture, pose: Floats, share: float) -> Picture:
    """One frame: focal lengths in pixels turn angles and sideways moves into shifts."""
    height, width = picture.shape[:2]
    focal = width / 2 / TAN_HALF_FOV
    right, down, forward = share * pose[:3, 3]
    turned_right = share * math.atan2(pose[0, 2], pose[2, 2])
    turned_up = share * math.asin(float(np.clip(-pose[1, 2], -1, 1)))
    zoom = _PAN_DEPTH / max(_PAN_DEPTH - forward, 0.1)
    shift_x = focal * (math.tan(turned_right) + right / _PAN_DEPTH)
    shift_y = focal * (down / _PAN_DEPTH - math.tan(turned_up))
    x = (np.arange(width) - (width - 1) / 2) / zoom + (width - 1) / 2 + shift_x
    y = (np.arange(height) - (height - 1) / 2) / zoom + (height - 1) / 2 + shift_y
    return _at(picture, np.clip(x, 0, width - 1)[None, :], np.clip(y, 0, height - 1)[:, None])


def _sample(picture: Picture, lookup: Lookup) -> Picture:
    """One view by its lookup; unseen pixels take the nearest seen one of their row, else the picture's middle."""
    height, width = picture.shape[:2]
    planes = [warp(np.ascontiguousarray(picture[..., c], np.float32), lookup)[0] for c in range(3)]
    view = np.stack(planes, axis=-1).reshape(height, width, 3)
    seen = lookup.is_seen[0].reshape(height, width) > 0
    for row in range(height):
        places = np.flatnonzero(seen[row])
        if len(places):
            view[row] = view[row, places[np.abs(np.arange(width)[:, None] - places).argmin(1)]]
    rows = np.flatnonzero(seen.any(1))
    if len(rows):
        view = view[rows[np.abs(np.arange(height)[:, None] - rows).argmin(1)]]
    return np.clip(np.rint(view), 0, 255).astype(np.uint8)


def _at(picture: Picture, x: Floats, y: Floats) -> Picture:
    """The picture at places x and y inside it, blended from four pixels."""
    left = np.minimum(x.astype(np.int64), picture.shape[1] - 2)
    top = np.minimum(y.astype(np.int64), picture.shape[0] - 2)
    across, down = (x - left)[..., None], (y - top)[..., None]
    pixels = picture.astype(np.float64)
    upper = pixels[top, left] * (1 - across) + pixels[top, left + 1] * across
    lower = pixels[top + 1, left] * (1 - across) + pixels[top + 1, left + 1] * across
    return np.clip(np.rint(upper * (1 - down) + lower * down), 0, 255).astype(np.uint8)
