"""Controls of a drive, to which keys and buttons are bound."""

from __future__ import annotations

from enum import Enum


class Control(Enum):
    """One thing to hold or to press while driving."""

    FORWARD = "forward"
    BACK = "back"
    LEFT = "left"
    RIGHT = "right"
    RISE = "rise"
    SINK = "sink"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    LOOK_UP = "look_up"
    LOOK_DOWN = "look_down"
    FAST = "fast"
    SLOW = "slow"
    PAUSE = "pause"
    STEP = "step"
    DISCARD = "discard"
    RESET = "reset"
    LATCH = "latch"
    GUIDANCE_DOWN = "guidance_down"
    GUIDANCE_UP = "guidance_up"
    NOISE_DOWN = "noise_down"
    NOISE_UP = "noise_up"


AXES: dict[str, tuple[Control, Control]] = {
    "forward": (Control.BACK, Control.FORWARD),
    "right": (Control.LEFT, Control.RIGHT),
    "up": (Control.SINK, Control.RISE),
    "yaw": (Control.TURN_LEFT, Control.TURN_RIGHT),
    "pitch": (Control.LOOK_DOWN, Control.LOOK_UP),
}
"""Axes in -1..1 by the controls of their two ends. Both ends held cancel each other."""

HELD: frozenset[Control] = frozenset({end for ends in AXES.values() for end in ends} | {Control.FAST, Control.SLOW})
"""Controls that act while they are held; the others act once, when they are pressed."""
