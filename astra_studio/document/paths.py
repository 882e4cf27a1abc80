"""Camera paths of keys as a project stores them: their text, and a take's path while part of it is plain rows.

The rows of a take are what is generated, the path is what its editor knows of them. Both are set together by
`path_edits.set_path`, through the engine's one sampler, so they agree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from astra_studio.document.actions import Actions, actions_of
from astra_studio.document.model import Authored, Take
from engine.actions.modality import CAMERA, modality
from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories import sampling
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.key_edits import from_start
from engine.trajectories.path import CameraPath, Key, Vector
from engine.trajectories.path_edits import join
from engine.trajectories.walking import path_of_track, walked

FORMAT, VERSION = "astra-path", 1
_ROUNDING = 5e-7
"""By how much numbers of a row may change and still be the same row: a path sampled again rounds otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Keys, and what it is that they move: the name of a modality. The path begins at 0 s."""

    path: CameraPath
    modality: str = CAMERA.name


def authored_of(drawn: Drawn) -> Authored:
    """As it is kept: compact JSON, from which every number comes back as it was."""
    path = drawn.path
    content: dict[str, Any] = {"modality": drawn.modality, "keys": [_key_text(key) for key in path.keys]}
    if path.closing_s is not None:
        content["closing_s"] = path.closing_s
    if path.constant_speed:
        content["constant_speed"] = True
    return Authored(format=FORMAT, version=VERSION, text=json.dumps(content, separators=(",", ":")))


@lru_cache(maxsize=32)
def drawn_of(authored: Authored) -> Drawn:
    """The keys of an authored text, of which views ask for the same one many times.

    Raises TrajectoryError for another format, a newer version, or damage.
    """
    if authored.format != FORMAT or authored.version != VERSION:
        raise TrajectoryError(
            f"the path is in the form {authored.format} {authored.version}; this program reads {FORMAT} {VERSION}"
        )
    try:
        content = json.loads(authored.text)
        path = CameraPath(
            keys=tuple(_key_of(key) for key in content["keys"]),
            closing_s=content.get("closing_s"),
            constant_speed=bool(content.get("constant_speed", False)),
        )
        return Drawn(path=from_start(path), modality=modality(str(content["modality"])).name)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise TrajectoryError(f"the path is not written as expected: {error}") from error


def actions_of_path(drawn: Drawn, *, clock: Clock) -> Actions:
    """What a path asks for: a row per whole tick of a clock."""
    return actions_of(sampling.actions(drawn.path, modality(drawn.modality), clock=clock))


def steadied(actions: Actions, known: Actions) -> Actions:
    """The actions, with the rows of `known` wherever they differ by rounding alone.

    So a chunk whose part of the path was not touched does not become stale by the last bit of a number.
    """
    count = min(len(actions), len(known))
    if actions.modality != known.modality or not count:
        return actions
    rows, before = actions.rows.copy(), known.rows[:count]
    same = np.abs(rows[:count] - before).max(axis=1) <= _ROUNDING
    rows[:count][same] = before[same]
    return Actions(actions.modality, rows.tobytes())


# ---------------------------------------------------------------------- the path of a take


def stored_path(take: Take) -> Drawn | None:
    """The keys that a take keeps; None where it has rows alone, or a path that this program cannot read."""
    if take.path is None:
        return None
    try:
        return drawn_of(take.path)
    except TrajectoryError:
        return None


def editable_path(take: Take) -> Drawn | None:
    """All of a take's way as keys: those it keeps, and keys made of the rows that have none.

    None where the take asks for nothing yet, or for what is no way of a camera.
    """
    kept, tail = stored_path(take), _tail(take)
    if kept is None:
        if not len(take.actions) or take.actions.kind.to_poses(take.actions.rows) is None:
            return None
        return Drawn(path=path_of_track(take.actions.track, clock=take.clock), modality=take.actions.modality)
    if tail is None:
        return kept
    return replace(kept, path=join(kept.path, path_of_track(tail.track, clock=take.clock)))


def has_rows_without_keys(take: Take) -> bool:
    """Whether a take asks for ticks that no key of it makes."""
    return (stored_path(take) is None and len(take.actions) > 0) or _tail(take) is not None


def poses_of_take(take: Take) -> Floats:
    """Camera-to-world poses (n + 1, 4, 4) at the ticks of what a take asks for; at least the first one."""
    kept, tail = stored_path(take), _tail(take)
    if kept is None:
        return walked(take.actions.track) if len(take.actions) else np.eye(4)[None]
    drawn = sampling.tick_poses(kept.path, clock=take.clock)
    if tail is None:
        return drawn
    return np.concatenate([drawn, drawn[-1] @ walked(tail.track)[1:]])


def _tail(take: Take) -> Actions | None:
    """The rows after a take's path, where they lead further: what was generated beyond it."""
    kept = stored_path(take)
    if kept is None or kept.path.closing_s is not None:
        return None
    end = sampling.num_ticks(kept.path, clock=take.clock)
    if len(take.actions) <= end:
        return None
    tail = take.actions.part(end, len(take.actions))
    return tail if tail.kind.goes_beyond(tail.rows) else None


# ---------------------------------------------------------------------- text

_HANDLES = ("tangent", "pace", "turn_pace")


def _key_text(key: Key) -> list[Any]:
    """Time, position, quaternion, easing; the point it looks at and its handles where it has them."""
    entries: list[Any] = [key.time_s, *key.position, *key.quaternion, key.easing, *(key.look_at or ())]
    handles = {name: value for name in _HANDLES if (value := getattr(key, name)) is not None}
    return [*entries, handles] if handles else entries


def _key_of(entries: list[Any]) -> Key:
    *numbers, last = entries
    handles = last if isinstance(last, dict) else {}
    numbers = numbers if handles else entries
    if len(numbers) not in (9, 12) or not set(handles) <= set(_HANDLES):
        raise ValueError(f"a key has 9 or 12 entries and perhaps handles, got {len(numbers)} and {list(handles)}")
    time, x, y, z, qx, qy, qz, qw = (float(number) for number in numbers[:8])
    look_at = None
    if len(numbers) == 12:
        look_at = _three(numbers[9:])
    tangent, *paces = (handles.get(name) for name in _HANDLES)
    pace, turn_pace = (None if value is None else float(value) for value in paces)
    return Key(
        time_s=time,
        position=(x, y, z),
        quaternion=(qx, qy, qz, qw),
        easing=numbers[8],
        look_at=look_at,
        tangent=None if tangent is None else _three(tangent),
        pace=pace,
        turn_pace=turn_pace,
    )


def _three(numbers: list[Any]) -> Vector:
    x, y, z = (float(number) for number in numbers)
    return x, y, z
