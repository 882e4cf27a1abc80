"""Input held at this moment on keyboard, mouse and pad together, and the controls it amounts to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from astra_studio.input.bindings import DEFAULT, PAD_PREFIX, Bindings
from astra_studio.input.controls import AXES, HELD, Control
from astra_studio.input.pads import PadReading
from astra_studio.input.sticks import StickShape, shaped, shaped_trigger


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Input over a span of time.

    Attributes:
        axes: forward, right, up, yaw, pitch by name, each in -1..1; yaw to the right and pitch up are positive.
        mouse: pixels that the mouse was moved by, to the right and down.
        fast: 1 at the usual speed, more with Fast, less with Slow.
        keys: codes of the keys that are held, for worlds that take the keyboard as it is.
    """

    axes: dict[str, float]
    mouse: tuple[float, float] = (0.0, 0.0)
    fast: float = 1.0
    keys: frozenset[str] = frozenset()

    @property
    def rests(self) -> bool:
        """Whether nothing moves."""
        return not any(self.axes.values()) and self.mouse == (0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class PadShapes:
    """How the parts of one device are read."""

    left: StickShape = field(default_factory=StickShape)
    right: StickShape = field(default_factory=lambda: StickShape(exponent=2.0))
    triggers: StickShape = field(default_factory=lambda: StickShape(inner=0.05))


FAST, SLOW = 2.0, 0.5


class HeldInput:
    """Collects events; `sample` says what they come to. Belongs to the main thread.

    Keys count by their place, so a layout changes nothing. What is held is forgotten by `release_all`: at the loss of
    focus, a native dialog or a locked screen no key-up ever comes.
    """

    def __init__(
        self, bindings: Bindings = DEFAULT, on_press: Callable[[Control], None] = lambda _control: None
    ) -> None:
        """`on_press` is told each control that acts once."""
        self.bindings, self._on_press = bindings, on_press
        self._keys: set[str] = set()
        self._pad: PadReading | None = None
        self._latched: set[Control] = set()
        self._mouse = (0.0, 0.0)
        self._shapes = PadShapes()
        self._latches = False

    # ------------------------------------------------------------------ events

    def key(self, code: str, *, is_down: bool) -> bool:
        """A key went down or came up; False for one that is not bound. Repeats are to be left out by the caller."""
        control = self.bindings.control_of(code)
        if not is_down:
            self._keys.discard(code)
            return control is not None
        if code in self._keys:
            return control is not None
        self._keys.add(code)
        if control is not None:
            self._pressed(control)
        return control is not None

    def move_mouse(self, dx: float, dy: float) -> None:
        """The captured mouse was moved by so many pixels."""
        self._mouse = (self._mouse[0] + dx, self._mouse[1] + dy)

    def read_pad(self, reading: PadReading | None, shapes: PadShapes | None = None) -> None:
        """Where the pad that drives stands now; None: it is gone, and all that it held with it."""
        before = self._pad.buttons if self._pad is not None else frozenset()
        self._pad = reading
        self._shapes = shapes if shapes is not None else self._shapes
        if reading is None:
            return
        for button in sorted(reading.buttons - before):
            control = self.bindings.control_of(PAD_PREFIX + button)
            if control is not None:
                self._pressed(control)

    def release_all(self) -> None:
        """Nothing is held any more; latched controls neither."""
        self._keys.clear()
        self._latched.clear()
        self._mouse = (0.0, 0.0)

    def set_latching(self, is_on: bool) -> None:
        """With latching a press holds a control until it is pressed again: for those who cannot hold a key."""
        self._latches = is_on
        self._latched.clear()

    @property
    def is_latching(self) -> bool:
        return self._latches

    def _pressed(self, control: Control) -> None:
        if control not in HELD:
            self._on_press(control)
        elif self._latches:
            if control in self._latched:
                self._latched.discard(control)
            else:
                self._latched -= {other for ends in AXES.values() if control in ends for other in ends}
                self._latched.add(control)

    # ------------------------------------------------------------------ what it comes to

    def held_controls(self) -> frozenset[Control]:
        """Controls that are held by key, button or latch."""
        if self._latches:
            return frozenset(self._latched)
        sources = set(self._keys)
        if self._pad is not None:
            sources |= {PAD_PREFIX + button for button in self._pad.buttons}
        found = (self.bindings.control_of(source) for source in sources)
        return frozenset(control for control in found if control is not None and control in HELD)

    def sample(self) -> Sample:
        """What is held now, and how far the mouse was moved since the last sample."""
        now = self.peek()
        self._mouse = (0.0, 0.0)
        return now

    def peek(self) -> Sample:
        """As `sample`, and the mouse's way is kept for it."""
        held = self.held_controls()
        axes = {name: float((high in held) - (low in held)) for name, (low, high) in AXES.items()}
        fast = FAST if Control.FAST in held else SLOW if Control.SLOW in held else 1.0
        sample = Sample(axes=axes, mouse=self._mouse, fast=fast, keys=frozenset(self._keys))
        return sample if self._pad is None else _with_pad(sample, self._pad, self._shapes)


def _with_pad(sample: Sample, pad: PadReading, shapes: PadShapes) -> Sample:
    """Left stick walks, right stick looks, left trigger slows, right trigger hurries."""
    right, down = shaped(*pad.left, shapes.left)
    yaw, look_down = shaped(*pad.right, shapes.right)
    slow, fast = (shaped_trigger(value, shapes.triggers) for value in pad.triggers)
    added = {"right": right, "forward": -down, "yaw": yaw, "pitch": -look_down}
    axes = {name: min(max(value + added.get(name, 0.0), -1.0), 1.0) for name, value in sample.axes.items()}
    pace = sample.fast * (1 + (FAST - 1) * fast) * (1 - (1 - SLOW) * slow)
    return replace(sample, axes=axes, fast=pace)
