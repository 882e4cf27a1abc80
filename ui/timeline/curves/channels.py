"""Channels of the graph: one per number that changes over time, with its keys, its values, and edits of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from astra_studio.document import parameters
from astra_studio.document.model import Parameter, ParameterKey
from astra_studio.document.parameters import Keys
from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.handles import handle_sides, with_turn_speed, with_velocity
from engine.trajectories.key_edits import angles_of, angles_of_poses, with_angles
from engine.trajectories.path import CameraPath, Key
from ui.timeline import key_drags
from ui.timeline.curves.scales import Unit
from ui.timeline.scene import CAMERA, KeyId, Scene
from ui.timeline.translation import tr

POSITIONS = ("x", "y", "z")
ANGLES = ("yaw", "pitch", "roll")
_LABELS = {"x": "x", "y": "y", "z": "z", "yaw": "Yaw", "pitch": "Pitch", "roll": "Roll"}
_TOKENS = {"x": "axis_x", "y": "axis_y", "z": "axis_z", "pitch": "axis_x", "yaw": "axis_y", "roll": "axis_z"}
_NUMBER_TOKENS = ("text", "take_b", "take_a")
"""Colours of parameters, one after another."""

_SAMPLES_PER_FRAME, _MOST_SAMPLES = 2, 40_000
_STEP_S = 1e-5
_STILL = 1e-6
"""Degrees per second below which a channel does not turn, however fast the camera does."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A key on a channel.

    Attributes:
        is_fixed: its value is not its own, for it faces a point.
        slopes: how steeply the curve comes and goes, per frame; None where there is no handle to say so.
    """

    key: KeyId
    frame: float
    value: float
    is_fixed: bool = False
    is_held: bool = False
    slopes: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A number over time.

    Attributes:
        token: colour.
        label: what people call it.
        is_dashed: rotations, which share the colours of the axes they turn about.
        is_parameter: whether its keys are those of a parameter and not of the path.
        sample: values at frames (N,); not a number where there is none.
    """

    name: str
    unit: Unit
    token: str
    is_dashed: bool
    points: tuple[Point, ...]
    sample: Callable[[Floats], Floats]
    label: str
    is_parameter: bool = False


class ChannelBook:
    """The channels of the current take, worked out anew where path or keys are others."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known: tuple[object, ...] = ()
        self._channels: tuple[Channel, ...] = ()

    def channels(self, shown: tuple[Parameter, ...]) -> tuple[Channel, ...]:
        """Those of the path, and of these parameters."""
        scene = self._scene
        take, kept = scene.take, scene.kept
        known = (kept, take.clock, take.keys, take.recipe, scene.first_frame, shown, scene.studio.project.world)
        if known != self._known:
            self._known = known
            found = camera_channels(kept, scene.first_frame, scene.clock) if kept is not None else []
            self._channels = (*found, *(number_channel(scene, name, number) for number, name in enumerate(shown)))
        return self._channels


def camera_channels(path: CameraPath, first_frame: int, clock: Clock) -> list[Channel]:
    """Positions and angles of a path, sampled twice per frame; angles go on over half a turn."""
    times = path.key_times()
    count = min(max(round((path.end_s - path.start_s) * clock.fps * _SAMPLES_PER_FRAME), 1), _MOST_SAMPLES)
    fine = np.unique(np.concatenate([np.linspace(path.start_s, path.end_s, count + 1), times]))
    found = path.at(fine)
    turned = np.rad2deg(np.unwrap(np.deg2rad(angles_of_poses(found)), axis=0))
    values = np.concatenate([found[:, :3, 3], turned], axis=1)
    frames = first_frame - 1 + clock.fps * fine
    places = np.searchsorted(fine, times)
    slopes = slopes_at(path, times) / clock.fps
    return [
        _camera_channel(path, name, frames, values[:, column], places, slopes[:, :, column])
        for column, name in enumerate((*POSITIONS, *ANGLES))
    ]


def slopes_at(path: CameraPath, times: Floats) -> Floats:
    """Of x, y, z, yaw, pitch and roll just before and just after times (M,): (2, M, 6) units or degrees per second."""
    before, here, after = (path.at(times + step) for step in (-_STEP_S, 0.0, _STEP_S))
    steps = []
    for first, second in ((before, here), (here, after)):
        turned = angles_of_poses(second) - angles_of_poses(first)
        moved = second[:, :3, 3] - first[:, :3, 3]
        steps.append(np.concatenate([moved, (turned + 180) % 360 - 180], axis=1))
    return np.stack(steps) / _STEP_S


def _camera_channel(
    path: CameraPath, name: str, frames: Floats, values: Floats, places: np.ndarray, slopes: Floats
) -> Channel:
    is_angle = name in ANGLES

    def point(number: int, key: Key) -> Point:
        is_fixed = is_angle and key.look_at is not None
        before, after = handle_sides(path, number) if not is_fixed else (False, False)
        return Point(
            key=(CAMERA, number),
            frame=float(frames[places[number]]),
            value=float(values[places[number]]),
            is_fixed=is_fixed,
            is_held=key.easing == "hold" and number + 1 < len(path.keys),
            slopes=(
                float(slopes[0, number]) if before and number > 0 else None,
                float(slopes[1, number]) if after else None,
            ),
        )

    points = tuple(point(number, key) for number, key in enumerate(path.keys))

    def sample(at: Floats) -> Floats:
        found: Floats = np.interp(at, frames, values)
        return found

    return Channel(
        name=name,
        unit="°" if is_angle else "u",
        token=_TOKENS[name],
        is_dashed=is_angle,
        points=points,
        sample=sample,
        label=tr(_LABELS[name]),
    )


def number_channel(scene: Scene, name: Parameter, number: int = 0) -> Channel:
    """A parameter; `number` is its place among those that are shown."""
    clock = scene.clock
    first, keys = scene.first_frame, parameters.of(scene.take.keys, name)
    recipe = float(key_drags.recipe_value(scene, name))
    ticks = np.array([key.tick for key in keys], np.float64)
    values = np.array([float(key.value) for key in keys], np.float64)
    held = np.array([key.easing == "hold" for key in keys], bool)

    def sample(frames: Floats) -> Floats:
        if not len(ticks):
            return np.full(len(frames), recipe)
        at = (frames - first) / clock.frames_per_latent
        place = np.clip(np.searchsorted(ticks, at, "right") - 1, 0, len(ticks) - 1)
        found: Floats = np.where(held[place], values[place], np.interp(at, ticks, values))
        # Before tick 0 lies the start picture, which nothing was asked for.
        return np.where((at < ticks[0]) & (ticks[0] > 0), recipe, found)

    points = tuple(
        Point(
            key=(name, key.tick),
            frame=clock.frame_of_tick(key.tick, first),
            value=float(key.value),
            is_held=key.easing == "hold",
        )
        for key in keys
    )
    spec = scene.spec(name)
    return Channel(
        name=name,
        unit=spec.unit,
        token=_NUMBER_TOKENS[number % len(_NUMBER_TOKENS)],
        is_dashed=False,
        points=points,
        sample=sample,
        label=tr(spec.short),
        is_parameter=True,
    )


# ---------------------------------------------------------------------- edits


def with_camera_values(path: CameraPath, changes: Mapping[tuple[int, str], float]) -> CameraPath:
    """The path with numbers of keys changed by so much: {(number of the key, channel): by}."""
    keys = list(path.keys)
    for number in {number for number, _ in changes}:
        keys[number] = _changed(keys[number], {name: by for (key, name), by in changes.items() if key == number})
    return replace(path, keys=tuple(keys))


def with_slope(path: CameraPath, number: int, name: str, slope: float, *, is_after: bool) -> CameraPath:
    """The path with a channel going through a key at `slope` per second on one side, as far as it can.

    A position keeps the other two at the speeds that they have. An angle makes the camera turn faster or slower as a
    whole, for it turns the shortest way.
    """
    times, column = path.key_times()[[number]], (*POSITIONS, *ANGLES).index(name)
    if name in POSITIONS:
        velocity = slopes_at(path, times)[int(is_after), 0, :3]
        velocity[column] = slope
        return with_velocity(path, number, velocity)
    usual = float(path.slower_speeds()[1][number])
    at_usual = float(slopes_at(with_turn_speed(path, number, usual), times)[int(is_after), 0, column])
    return with_turn_speed(path, number, usual * slope / at_usual) if abs(at_usual) > _STILL else path


def _changed(key: Key, by: Mapping[str, float]) -> Key:
    x, y, z = (part + by.get(name, 0.0) for name, part in zip(POSITIONS, key.position, strict=True))
    moved = replace(key, position=(x, y, z))
    if key.look_at is not None or not any(name in by for name in ANGLES):
        return moved
    yaw, pitch, roll = (angle + by.get(name, 0.0) for name, angle in zip(ANGLES, angles_of(key), strict=True))
    return with_angles(moved, yaw, pitch, roll)


def with_number_values(
    keys: Keys, changes: Mapping[KeyId, float], limits: Callable[[Parameter], tuple[float, float]]
) -> Keys:
    """Keys of parameters with their values changed by so much, within what they can be."""

    def change(key: ParameterKey) -> ParameterKey:
        low, high = limits(key.parameter)
        value = round(min(max(float(key.value) + changes[key.parameter, key.tick], low), high), 4)
        return replace(key, value=round(value) if isinstance(key.value, int) else value)

    places = {(key.parameter, key.tick) for key in keys if (key.parameter, key.tick) in changes}
    return parameters.changed(keys, places, change)
