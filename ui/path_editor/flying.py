"""Flying: held keys move a camera in real time at the speed the model was trained at; recorded, it is a path."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine import poses
from engine.actions.moves import MOVES
from engine.clock import ASTRA_CLOCK, Clock
from engine.poses import Floats

KEYS: dict[int, str] = {
    int(Qt.Key.Key_W): "w",
    int(Qt.Key.Key_A): "a",
    int(Qt.Key.Key_S): "s",
    int(Qt.Key.Key_D): "d",
    int(Qt.Key.Key_Q): "q",
    int(Qt.Key.Key_E): "e",
    int(Qt.Key.Key_Left): "left",
    int(Qt.Key.Key_Right): "right",
    int(Qt.Key.Key_Up): "up",
    int(Qt.Key.Key_Down): "down",
}
"""The moves of a pose line, on the keys that live driving has them on."""
_OPPOSITES = (("w", "s"), ("a", "d"), ("q", "e"), ("left", "right"), ("up", "down"))
_TICK_MS = 16
_LONGEST_STEP_S = 0.1
"""A clock that stood still for longer does not make the camera jump."""
_FAST, _SLOW = 2.0, 0.5
_LOOK_RAD_PER_PX = 0.004


class Flying(QObject):
    """A camera that held keys fly: it turns about the vertical, so the horizon stays level. Tests bring a watch."""

    moved = Signal(object)
    """The pose (4, 4), camera-to-world."""

    def __init__(self, watch: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._watch = watch
        self.clock = ASTRA_CLOCK
        """Of the take that is flown for: it says how fast a held key goes."""
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.step)
        self.pose: Floats = np.eye(4)
        self.held: set[str] = set()
        self.pace = 1.0
        """Multiple of the trained speed, for moves."""
        self._modifiers = 1.0
        self._last_s = 0.0
        self._times: list[float] = []
        self._poses: list[Floats] = []
        self._is_recording = False

    @property
    def is_on(self) -> bool:
        return self._timer.isActive()

    @property
    def is_recording(self) -> bool:
        return self._is_recording

    @property
    def recorded_s(self) -> float:
        """Seconds since the recording began."""
        return self._times[-1] - self._times[0] if self._times else 0.0

    @property
    def recorded(self) -> Floats:
        """Positions (N, 3) of the recording."""
        return np.array([pose[:3, 3] for pose in self._poses]).reshape(-1, 3)

    @property
    def speed(self) -> float:
        """Scene units per tick while a key is held."""
        return self.clock.trained_speed * self.pace * self._modifiers

    def start(self, pose: Floats, *, records: bool, clock: Clock, pace: float = 1.0) -> None:
        """From a pose (4, 4) on, follow the keys that are held, at the trained speeds of a clock."""
        self.clock = clock
        self.pose, self.pace, self._is_recording = np.array(pose), pace, records
        self.held.clear()
        self._modifiers = 1.0
        self._last_s = self._watch()
        self._times, self._poses = [self._last_s], [self.pose]
        self._timer.start()

    def stop(self) -> tuple[Floats, Floats]:
        """Stand still; what was recorded: times (N,) in seconds and poses (N, 4, 4)."""
        if self.is_on:
            self.step()
        self._timer.stop()
        self.held.clear()
        self._is_recording = False
        return np.array(self._times), np.stack(self._poses) if self._poses else np.zeros((0, 4, 4))

    def press(self, key: int) -> bool:
        """A key went down; False for one that does not fly."""
        if key not in KEYS:
            return False
        self.step()
        self.held.add(KEYS[key])
        return True

    def release(self, key: int) -> bool:
        """A key came up."""
        if key not in KEYS:
            return False
        self.step()
        self.held.discard(KEYS[key])
        return True

    def set_modifiers(self, *, is_fast: bool, is_slow: bool) -> None:
        """Shift is fast, Ctrl is slow."""
        self._modifiers = _FAST if is_fast else _SLOW if is_slow else 1.0

    def look(self, dx: float, dy: float) -> None:
        """Turn by pixels of the pointer: about the vertical, and up or down."""
        yaw, pitch = poses.rotation_y(dx * _LOOK_RAD_PER_PX), poses.rotation_x(-dy * _LOOK_RAD_PER_PX)
        self.pose = poses.from_parts(yaw @ self.pose[:3, :3] @ pitch, self.pose[:3, 3])
        self.moved.emit(self.pose)

    def step(self) -> None:
        """Go on to now."""
        if not self.is_on:
            return
        now = self._watch()
        passed = min(now - self._last_s, _LONGEST_STEP_S)
        if passed <= 0:
            return
        self._last_s = now
        moves = [MOVES[name] for name in _without_opposites(self.held)]
        if moves:
            right, down, forward, left, up = np.sum(moves, axis=0) * passed * self.clock.ticks_per_second
            turn = self.clock.trained_turn * self._modifiers
            rotation = poses.rotation_y(-left * turn) @ self.pose[:3, :3] @ poses.rotation_x(up * turn)
            shift = self.speed * np.array([right, down, forward])
            self.pose = _rigid(poses.from_parts(rotation, self.pose[:3, 3] + rotation @ shift))
        if self._is_recording:
            self._times.append(self._times[-1] + passed)
            self._poses.append(self.pose)
        if moves or self._is_recording:
            self.moved.emit(self.pose)


def _without_opposites(held: set[str]) -> list[str]:
    """What is held, without moves that cancel each other."""
    names = set(held)
    for first, second in _OPPOSITES:
        if first in names and second in names:
            names -= {first, second}
    return sorted(names)


def _rigid(pose: Floats) -> Floats:
    """The rotation made exact again: thousands of small steps would wear it out."""
    left, _, right = np.linalg.svd(pose[:3, :3])
    return poses.from_parts(left @ right, pose[:3, 3])
