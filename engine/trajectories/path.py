"""Path of a camera as a value: keys, and the curve between them.

Shape and timing are apart. The shape of the positions is a centripetal Catmull-Rom spline through the keys (Barry and
Goldman 1988; Yuksel, Schaefer and Keyser 2011: no cusps and no loops within a segment); the timing says how far along
it the camera is, and is monotone (`engine.trajectories.timing`), so the camera never goes back on itself. Rotations
follow the shortest turn from key to key by a monotone angle: they never swing past a key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine import poses
from engine.poses import Floats
from engine.rotations import angles_between, assembled, nearest_signs, quaternions, slerp
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.screw import Screws
from engine.trajectories.timing import MAX_PACE, Timing, even_times, hermite, slower_secants

Integers = NDArray[np.intp]
Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

Easing = Literal["smooth", "ease", "linear", "arc", "hold"]
"""What the camera does from a key to the next. "smooth": the curve, without stopping at the keys. "ease": the curve,
from rest to rest. "linear": a straight line and an even turn. "arc": an even motion that turns where it goes, on a
circle: what one action row makes, repeated. "hold": it stays, and is at the next key at once when its time comes."""
EASINGS: tuple[Easing, ...] = get_args(Easing)

MAX_UNIT_ERROR = 1e-3
"""How far from 1 the length of a key's quaternion may be before it is refused."""
_ARC_STEPS = 48
"""Pieces that a segment is cut into to measure its length; so many keep the speed even to 1 %, but in hairpins."""
_LOOK_AT_LIMIT = 1e-6
"""Below this distance, or sine of an angle, a look-at point gives no direction."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A pose that the path goes through.

    Attributes:
        time_s: seconds.
        position: in the world, scene units.
        quaternion: camera-to-world, x y z w, unit.
        easing: of the segment that leaves this key.
        look_at: a point in the world that the camera faces here, in place of where the quaternion faces; the
            quaternion then only says where down is. Between two keys that have one, the camera keeps facing it.
        tangent: where the curves beside this key go through it, and how far before they bend: their derivative for a
            parameter from 0 to 1, in lengths of their chords. None: the spline's own.
        pace: how fast the camera passes this key on curves, 0 to `MAX_PACE` times the mean speed of the slower of the
            two segments beside it. None: their mean, as far as that goes without swinging past.
        turn_pace: the same of its turning.
    """

    time_s: float
    position: Vector
    quaternion: Quaternion = (0.0, 0.0, 0.0, 1.0)
    easing: Easing = "smooth"
    look_at: Vector | None = None
    tangent: Vector | None = None
    pace: float | None = None
    turn_pace: float | None = None

    def __post_init__(self) -> None:
        numbers = np.array([self.time_s, *self.position, *self.quaternion, *(self.look_at or ())])
        if not np.isfinite(numbers).all() or len(numbers) not in (8, 11):
            raise TrajectoryError(
                f"a key needs a time, 3 numbers of position and 4 of rotation, all finite, got {self}"
            )
        length = float(np.linalg.norm(self.quaternion))
        if abs(length - 1) > MAX_UNIT_ERROR:
            raise TrajectoryError(f"the quaternion of a key must have length 1, got {length:.4g} at {self.time_s:g} s")
        if self.easing not in EASINGS:
            raise TrajectoryError(f"unknown easing {self.easing!r}; there are {', '.join(EASINGS)}")
        if self.tangent is not None and not (len(self.tangent) == 3 and np.isfinite(self.tangent).all()):
            raise TrajectoryError(f"the tangent of a key is 3 finite numbers, got {self.tangent} at {self.time_s:g} s")
        if not all(pace is None or 0 <= pace <= MAX_PACE for pace in (self.pace, self.turn_pace)):
            raise TrajectoryError(
                f"the pace at a key is 0 to {MAX_PACE:g}, got {self.pace} and {self.turn_pace} at {self.time_s:g} s"
            )


@dataclass(frozen=True, kw_only=True)
class CameraPath:
    """Keys in the order of their times, at least one.

    Attributes:
        keys: their times rise.
        closing_s: seconds from the last key back to the first, which makes the path a loop; None: it ends at the last.
        constant_speed: the camera keeps one speed along the path; keys say where it goes and no longer when, apart
            from the first and the last, and from the time that it holds, or turns on the spot.
    """

    keys: tuple[Key, ...]
    closing_s: float | None = None
    constant_speed: bool = False

    def __post_init__(self) -> None:
        if not self.keys:
            raise TrajectoryError("a path needs at least one key")
        times = np.array([key.time_s for key in self.keys])
        late = np.flatnonzero(np.diff(times) <= 0)
        if len(late):
            raise TrajectoryError(
                f"the times of a path's keys must rise, but key {late[0] + 1} at {times[late[0] + 1]:g} s comes after "
                f"key {late[0]} at {times[late[0]]:g} s"
            )
        if self.closing_s is not None and not 0 < self.closing_s < np.inf:
            raise TrajectoryError(f"a loop needs more than 0 seconds to close, got {self.closing_s}")

    @property
    def start_s(self) -> float:
        return self.keys[0].time_s

    @property
    def end_s(self) -> float:
        """When the camera is at the last key, or has closed the loop."""
        return self.keys[-1].time_s + (self.closing_s or 0.0)

    def at(self, times: Floats) -> Floats:
        """Camera-to-world poses (M, 4, 4) at times (M,) in seconds.

        A loop goes on for ever; another path rests before its start and after its end.
        """
        return _curve(self).at(np.asarray(times, np.float64))

    def key_times(self) -> Floats:
        """When the camera passes each key, (num_keys,) seconds: their own times, unless it keeps one speed."""
        return _curve(self).times[: len(self.keys)].copy()

    def tangents(self, number: int) -> tuple[Floats | None, Floats | None]:
        """Derivatives (3,) at a key of the segments before and after it, for a parameter from 0 to 1 on each; None
        where there is none."""
        return _curve(self).tangents(number)

    def slower_speeds(self) -> tuple[Floats, Floats]:
        """What a pace of 1 is at each key: (num_keys,) units per second, and radians per second."""
        found, is_loop = _curve(self), self.closing_s is not None
        moved, turned = (slower_secants(of, is_loop=is_loop) for of in (found.mean_speeds, found.mean_turns))
        return moved[: len(self.keys)], turned[: len(self.keys)]


def key_from_pose(time_s: float, pose: Floats, easing: Easing = "smooth") -> Key:
    """The key of a camera-to-world pose (4, 4)."""
    turn = quaternions(np.asarray(pose)[None, :3, :3])[0]
    x, y, z = (float(number) for number in pose[:3, 3])
    return Key(time_s=float(time_s), position=(x, y, z), quaternion=_quaternion(turn), easing=easing)


def _quaternion(turn: Floats) -> Quaternion:
    x, y, z, w = (float(number) for number in turn)
    return x, y, z, w


class _Curve:
    """What a path comes down to for sampling; made once per path."""

    def __init__(self, path: CameraPath) -> None:
        keys = path.keys
        is_loop = path.closing_s is not None
        if is_loop:
            keys = (*keys, replace(keys[0], time_s=path.end_s))
        elif len(keys) == 1:
            keys = (replace(keys[0], easing="hold"), replace(keys[0], time_s=keys[0].time_s + 1.0))
        self._period = path.end_s - path.start_s if is_loop else None
        self._points = np.array([key.position for key in keys])
        looks = [key.look_at for key in keys]
        self._targets = np.array([(np.nan,) * 3 if point is None else point for point in looks])
        turns = np.array([key.quaternion for key in keys])
        turns = turns / np.linalg.norm(turns, axis=1, keepdims=True)
        self._downs = poses.quaternion_to_matrix(turns)[:, :, 1]
        self._turns = nearest_signs(_facing(turns, self._points, self._targets, self._downs))
        easings = np.array([key.easing for key in keys[:-1]])
        self._holds = easings == "hold"
        self._arcs = easings == "arc"
        self._screws = Screws(self._points, self._turns)
        self._start, self._end = _tangents(self._points, easings, self._screws, is_loop)
        self._shape_by_hand(keys, easings)
        lengths = np.where(self._arcs, self._screws.lengths, self._measure())
        angles = angles_between(self._turns[:-1], self._turns[1:])
        times = np.array([key.time_s for key in keys])
        self.times = even_times(times, np.where(self._holds, 0, lengths)) if path.constant_speed else times
        even = np.where(self._arcs, "linear", easings)
        moving = np.where(easings == "hold", easings, "linear") if path.constant_speed else even
        paces, turn_paces = (
            np.array([np.nan if pace is None else pace for pace in found])
            for found in ([key.pace for key in keys], [key.turn_pace for key in keys])
        )
        self._moved = Timing(self.times, lengths, moving, is_loop, paces)
        self._turned = Timing(self.times, angles, even, is_loop, turn_paces)
        self.mean_speeds, self.mean_turns = lengths / np.diff(self.times), angles / np.diff(self.times)

    def _shape_by_hand(self, keys: tuple[Key, ...], easings: np.ndarray) -> None:
        """Put the keys' own tangents in place of the spline's, on curves."""
        given = np.array([(np.nan,) * 3 if key.tangent is None else key.tangent for key in keys])
        lengths = np.linalg.norm(np.diff(self._points, axis=0), axis=1)[:, None]
        for tangents, own in ((self._start, given[:-1]), (self._end, given[1:])):
            is_own = np.isin(easings, ("smooth", "ease")) & np.isfinite(own[:, 0])
            tangents[is_own] = (own * lengths)[is_own]

    def tangents(self, key: int) -> tuple[Floats | None, Floats | None]:
        """As `CameraPath.tangents`."""
        count, is_loop = len(self._start), self._period is not None
        before = self._end[key - 1].copy() if key > 0 or is_loop else None
        return before, self._start[key].copy() if key < count else None

    def _measure(self) -> Floats:
        """Lengths (S,) of the segments, by Simpson's rule; keeps the table from share of the length to parameter."""
        chords = np.diff(self._points, axis=0)
        linear = 6 * chords - 4 * self._start - 2 * self._end
        square = 3 * (self._start + self._end) - 6 * chords
        fine = np.linspace(0, 1, 2 * _ARC_STEPS + 1)[:, None]
        speeds = np.linalg.norm(self._start[:, None] + linear[:, None] * fine + square[:, None] * fine**2, axis=2)
        pieces = (speeds[:, :-1:2] + 4 * speeds[:, 1::2] + speeds[:, 2::2]) / (6 * _ARC_STEPS)
        lengths: Floats = pieces.sum(1)
        # What has no length is passed evenly, whatever the parameter.
        still = lengths[:, None] <= 0
        shares = np.where(still, 1 / _ARC_STEPS, pieces / np.where(still, 1, lengths[:, None]))
        secants = 1 / (_ARC_STEPS * np.maximum(shares, 1e-300))
        slopes = np.where(still, 1, lengths[:, None] / np.maximum(speeds[:, ::2], 1e-300))
        before, after = np.minimum(slopes[:, :-1], 3 * secants), np.minimum(slopes[:, 1:], 3 * secants)
        ends = np.cumsum(shares, axis=1)
        ends[:, -1] = 1.0
        # One table for all segments: whole numbers count the segments, what is behind the point is the share.
        count = np.arange(len(chords))[:, None]
        self._arc = (np.concatenate([np.zeros_like(ends[:, :1]), ends[:, :-1]], axis=1) + count).ravel()
        self._width, self._before, self._after = shares.ravel(), before.ravel(), after.ravel()
        return lengths

    def _parameter(self, segment: Integers, share: Floats) -> Floats:
        """The spline's parameter (M,), 0 to 1, at shares (M,) of the lengths of segments (M,)."""
        piece = np.searchsorted(self._arc, segment + share, "right") - 1
        piece = np.clip(piece, segment * _ARC_STEPS, segment * _ARC_STEPS + _ARC_STEPS - 1)
        width = self._width[piece]
        passed = np.clip((segment + share - self._arc[piece]) / np.maximum(width, 1e-300), 0, 1)
        step = np.full_like(passed, 1 / _ARC_STEPS)
        inside = hermite(np.zeros_like(step), step, self._before[piece] * width, self._after[piece] * width, passed)
        return np.clip(piece % _ARC_STEPS * step + inside, 0, 1)

    def _position(self, segment: Integers, share: Floats) -> Floats:
        """Positions (M, 3) on segments (M,) at values (M,) of the spline's parameter, 0 to 1."""
        return hermite(
            self._points[segment], self._points[segment + 1], self._start[segment], self._end[segment], share[:, None]
        )

    def at(self, times: Floats) -> Floats:
        first, last = self.times[0], self.times[-1]
        at = np.clip(times, first, last) if self._period is None else first + np.mod(times - first, self._period)
        segment = np.clip(np.searchsorted(self.times, at, "right") - 1, 0, len(self.times) - 2)
        moved, turned = self._moved.share(at, segment), self._turned.share(at, segment)
        arrived = (at >= self.times[segment + 1]).astype(np.float64)
        moved, turned = (np.where(self._holds[segment], arrived, share) for share in (moved, turned))
        points = self._position(segment, self._parameter(segment, moved))
        if self._arcs.any():
            on_arc = self._arcs[segment]
            points[on_arc] = self._screws.position(segment[on_arc], moved[on_arc])
        turns = slerp(self._turns[segment], self._turns[segment + 1], turned)
        targets, downs = (
            of[segment] + (of[segment + 1] - of[segment]) * moved[:, None] for of in (self._targets, self._downs)
        )
        return assembled(poses.quaternion_to_matrix(_facing(turns, points, targets, downs)), points)


@lru_cache(maxsize=32)
def _curve(path: CameraPath) -> _Curve:
    return _Curve(path)


def _tangents(points: Floats, easings: np.ndarray, screws: Screws, is_loop: bool) -> tuple[Floats, Floats]:
    """Derivatives (S, 3) at the start and the end of every segment, for a parameter from 0 to 1 on it.

    Centripetal Catmull-Rom: knots are apart by the square root of the distance. Where a neighbour is missing, at an
    end, a hold or two keys in one place, the segment itself is continued; next to a straight one or an arc, its
    direction is kept.
    """
    chords = np.diff(points, axis=0)
    lengths = np.linalg.norm(chords, axis=1)
    knots = np.sqrt(lengths)
    num = len(chords)
    here = np.arange(num)
    is_arc = easings == "arc"
    begins, ends = (np.where(is_arc[:, None], found, chords) for found in screws.directions())
    keeps = is_arc | (easings == "linear")
    sides = []
    for step, directions in ((-1, ends), (1, begins)):
        other = (here + step) % num
        known: NDArray[np.bool_] = np.array(is_loop) | (here + step == other)
        known &= (knots[other] > 0) & (easings[other] != "hold")
        chord = np.where(known[:, None], chords[other], chords)
        # A segment without length has no direction; what is divided by is then of no matter.
        own = np.where(knots > 0, knots, 1.0)[:, None]
        knot = np.where(known, knots[other], knots)[:, None]
        knot = np.where(knot > 0, knot, 1.0)
        tangent = own * (chord / knot - (chord + chords) / (knot + own) + chords / own)
        kept = directions[other]
        kept = kept / np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), 1e-300) * lengths[:, None]
        tangent = np.where((known & keeps[other])[:, None], kept, tangent)
        tangent = np.where((easings == "linear")[:, None], chords, tangent)
        sides.append(np.where(knots[:, None] > 0, tangent, 0.0))
    return sides[0], sides[1]


def _facing(turns: Floats, points: Floats, targets: Floats, downs: Floats) -> Floats:
    """Quaternions (N, 4) that face `targets` (N, 3) from `points`, down being as near as can be to `downs`.

    Where a target is not a number, or gives no direction, the quaternion stays as it is.
    """
    wanted: NDArray[np.bool_] = np.all(np.isfinite(targets), axis=1)
    if not wanted.any():
        return turns
    forward = np.where(wanted[:, None], targets, points) - points
    distance = np.linalg.norm(forward, axis=1)
    right = np.cross(downs, forward)
    width: Floats = np.linalg.norm(right, axis=1)
    wanted = wanted & (distance > _LOOK_AT_LIMIT) & (width > _LOOK_AT_LIMIT * distance)
    forward, right = forward[wanted] / distance[wanted, None], right[wanted] / width[wanted, None]
    out = turns.copy()
    out[wanted] = quaternions(np.stack([right, np.cross(forward, right), forward], axis=2))
    return out
