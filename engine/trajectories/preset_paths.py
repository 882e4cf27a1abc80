"""Camera moves that users start from, as keys: those made of rows, exactly, and smooth ones of our own.

Every one begins at the origin, facing forward, at 0 s, and keeps to the speed that the model was trained at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.actions.presets import NAMED, RELEASED, preset, usual_ticks
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import from_euler, quaternions
from engine.trajectories.path import CameraPath, Key, Vector
from engine.trajectories.path_edits import scale
from engine.trajectories.sampling import gauge, tick_poses
from engine.trajectories.walking import path_of_track

_LOOK_AHEAD = 2.0
"""Scene units to the point that a camera keeps looking at while it sways."""
_SHARE_OF_SPEED = 0.96
"""Of the trained one that a swaying camera moves at on the whole; between its keys it is a little faster."""
_KEYS_PER_TURN = 8
_ORBIT_SHARE = 0.998
"""Of the trained speed that an orbit moves at."""
_ORBIT_SLACK = 1.05
"""How many times as long as at the trained turn an orbit lasts at least."""
_SWAY_CHUNKS = 6
"""That a swaying move usually lasts."""
_SEED = 7


def preset_path(name: str, num_ticks: int | None = None, *, clock: Clock) -> CameraPath:
    """The keys of a preset over `num_ticks` ticks of a clock; None: as long as is usual for it.

    Raises ValueError for an unknown name, or fewer than 1 tick.
    """
    if name not in SMOOTH and name not in NAMED and name not in RELEASED:
        raise ValueError(f"unknown preset {name!r}; there are {', '.join(preset_path_names())}")
    ticks = preset_ticks(name, clock=clock) if num_ticks is None else num_ticks
    if ticks < 1:
        raise ValueError(f"a preset needs at least 1 tick, got {ticks}")
    if name in SMOOTH:
        return SMOOTH[name].build(ticks, clock)
    return path_of_track(preset(name, ticks, clock=clock), clock=clock)


def preset_ticks(name: str, *, clock: Clock) -> int:
    """How many ticks of a clock a preset usually lasts."""
    return SMOOTH[name].usual(clock) if name in SMOOTH else usual_ticks(clock)


def preset_path_names() -> list[str]:
    return [*NAMED, *SMOOTH, *RELEASED]


def _orbit(ticks: int, clock: Clock, side: float) -> CameraPath:
    """Around a point straight ahead, the camera facing it: to the right for side 1."""
    whole = _orbit_ticks(clock)
    radius = _ORBIT_SHARE * whole * clock.trained_speed / (2 * np.pi)
    angle = side * 2 * np.pi * ticks / whole
    angles = np.linspace(0, angle, max(2, 1 + int(np.ceil(abs(angle) / (2 * np.pi) * _KEYS_PER_TURN))))
    points = radius * np.stack([np.sin(angles), 0 * angles, 1 - np.cos(angles)], axis=1)
    turns = quaternions(from_euler(np.stack([0 * angles, -angles, 0 * angles], axis=1), "zxy"))
    times = np.linspace(0, ticks * clock.seconds_per_tick, len(angles))
    keys = []
    for time, point, turn in zip(times, points, turns, strict=True):
        x, y, z, w = (float(value) for value in turn)
        keys.append(Key(time_s=float(time), position=_vector(point), quaternion=(x, y, z, w), easing="arc"))
    return CameraPath(keys=tuple(keys))


def _spiral(ticks: int, clock: Clock) -> CameraPath:
    """Two growing turns in the picture's plane while going forward."""
    share = np.linspace(0, 1, 2 * _KEYS_PER_TURN + 1)
    angle = 4 * np.pi * share
    return _swaying(np.stack([share * np.sin(angle), share * (1 - np.cos(angle)), 1.5 * share], axis=1), ticks, clock)


def _figure_eight(ticks: int, clock: Clock) -> CameraPath:
    """A lying eight in the picture's plane, back to where it began (Gerono's)."""
    angle = np.linspace(0, 2 * np.pi, 2 * _KEYS_PER_TURN + 1)
    return _swaying(np.stack([np.sin(angle), 0.5 * np.sin(2 * angle), 0 * angle], axis=1), ticks, clock)


def _swaying(shape: Floats, ticks: int, clock: Clock) -> CameraPath:
    """Along a shape (N, 3) at the trained speed, looking at one point ahead; as large as the time allows."""
    end = ticks * clock.seconds_per_tick
    times = np.linspace(0, end, len(shape))
    keys = tuple(Key(time_s=float(t), position=_vector(p)) for t, p in zip(times, shape, strict=True))
    even = CameraPath(keys=keys, constant_speed=True)
    walked = even.at(np.linspace(0, end, 50 * len(shape)))[:, :3, 3]
    length = float(np.linalg.norm(np.diff(walked, axis=0), axis=1).sum())
    path = scale(even, _SHARE_OF_SPEED * ticks * clock.trained_speed / length)
    # With the times of an even pace in its keys, the path keeps that pace when it is joined to another.
    ahead = (0.0, 0.0, _LOOK_AHEAD)
    paced = zip(path.keys, even.key_times(), strict=True)
    return CameraPath(keys=tuple(replace(key, time_s=float(time), look_at=ahead) for key, time in paced))


def _dolly(ticks: int, clock: Clock, direction: float) -> CameraPath:
    """Forward or back from rest to rest; its fastest tick is at the trained speed."""
    begin = Key(time_s=0.0, position=(0.0, 0.0, 0.0), easing="ease")
    end = Key(time_s=ticks * clock.seconds_per_tick, position=(0.0, 0.0, direction), easing="ease")
    path = CameraPath(keys=(begin, end))
    return scale(path, clock.trained_speed / float(gauge(tick_poses(path, clock=clock), clock=clock).moved.max()))


def _handheld(ticks: int, clock: Clock) -> CameraPath:
    """Walking forward with the sway and the small turns of a hand; the same ones every time."""
    count = max(2, 1 + -(-ticks // 4))
    rng = np.random.default_rng(_SEED)
    forward = np.linspace(0, 0.85 * ticks * clock.trained_speed, count)
    sway = rng.normal(scale=0.006, size=(count, 2))
    angles = rng.normal(scale=(0.012, 0.014, 0.008), size=(count, 3))
    sway[0], angles[0] = 0, 0
    turns = quaternions(from_euler(angles, "zxy"))
    times = np.linspace(0, ticks * clock.seconds_per_tick, count)
    keys = []
    for number in range(count):
        x, y, z, w = (float(value) for value in turns[number])
        place = (float(sway[number, 0]), float(sway[number, 1]), float(forward[number]))
        keys.append(Key(time_s=float(times[number]), position=place, quaternion=(x, y, z, w)))
    return CameraPath(keys=tuple(keys))


def _vector(numbers: Floats) -> Vector:
    x, y, z = (float(number) for number in numbers)
    return x, y, z


def _orbit_ticks(clock: Clock) -> int:
    """Of a whole orbit, in whole chunks: it turns a little slower than was trained."""
    turn = _ORBIT_SLACK * 2 * np.pi / clock.trained_turn
    return int(np.ceil(turn / clock.latents_per_chunk)) * clock.latents_per_chunk


@dataclass(frozen=True, kw_only=True)
class SmoothMove:
    """A move that no repeated row makes: how many ticks it usually lasts, and its keys over so many ticks."""

    usual: Callable[[Clock], int]
    build: Callable[[int, Clock], CameraPath]


def _sway_ticks(clock: Clock) -> int:
    return _SWAY_CHUNKS * clock.latents_per_chunk


SMOOTH: dict[str, SmoothMove] = {
    "full-orbit": SmoothMove(usual=_orbit_ticks, build=lambda ticks, clock: _orbit(ticks, clock, 1.0)),
    "spiral": SmoothMove(usual=_sway_ticks, build=_spiral),
    "figure-eight": SmoothMove(usual=_sway_ticks, build=_figure_eight),
    "dolly-in": SmoothMove(usual=usual_ticks, build=lambda ticks, clock: _dolly(ticks, clock, 1.0)),
    "dolly-out": SmoothMove(usual=usual_ticks, build=lambda ticks, clock: _dolly(ticks, clock, -1.0)),
    "handheld": SmoothMove(usual=usual_ticks, build=_handheld),
}
