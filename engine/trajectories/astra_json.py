"""Astra JSON: our own trajectory file, with the convention written in its header.

```
{"format": "astra-trajectory", "version": 1,
 "convention": {"pose": "c2w", "axes": "opencv", "quaternion": "xyzw"},
 "modality": "camera", "seconds_per_tick": 0.2,     of the clock that it was made with
 "rows": [[12 numbers], ...]        one relative world-to-camera row per tick, or
 "c2w": [4 x 4, ...]}               camera-to-world poses at tick boundaries: one more than ticks
```
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from engine import poses
from engine.actions.modality import CAMERA, ActionTrack, Modality, modality
from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.json_text import parsed
from engine.whole_files import write_whole

FORMAT, VERSION = "astra-trajectory", 1
CONVENTION = {"pose": "c2w", "axes": "opencv", "quaternion": "xyzw"}
MAX_BYTES = 200_000_000
MAX_TICK_S = 60.0
"""No world looks away for longer."""
MAX_DEPTH = 3
"""Of the tables in it: a list of matrices."""
MAX_SKEW = 1e-3
"""How far R^T R may be from the identity before a matrix is refused as no rotation."""
MAX_ROW_SKEW = 2e-2
"""The same for rows, which may have been rounded to bfloat16."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AstraFile:
    """What an Astra JSON file holds.

    Attributes:
        track: its action rows, or those that its poses make.
        c2w: its camera-to-world poses (n + 1, 4, 4), where it holds poses.
        tick_s: seconds per row.
    """

    track: ActionTrack
    c2w: np.ndarray | None
    tick_s: float


def read_astra_json(path: Path) -> AstraFile:
    """The content of an Astra JSON file. Raises TrajectoryError."""
    content = _load(path)
    if content.get("format") != FORMAT:
        raise TrajectoryError(
            f'{path.name} is no Astra trajectory: expected "format": "{FORMAT}" at its top, found '
            f"{short(content.get('format'))}"
        )
    if content.get("version") != VERSION:
        raise TrajectoryError(
            f"{path.name} has version {short(content.get('version'))}; this program reads version {VERSION}. Update "
            "the program, or export the file anew"
        )
    tick_s = _checked_header(content, path)
    with _named(path):
        kind = modality(str(content.get("modality", "camera"))[:40])
    if ("rows" in content) == ("c2w" in content):
        raise TrajectoryError(f'{path.name} must hold either "rows" or "c2w", and not both')
    if "rows" in content:
        numbers = _array(content["rows"], "rows", path)
        with _named(path):
            track = ActionTrack(kind, numbers)
        rotations = kind.step_rotations(track.rows)
        if rotations is not None:
            _check_rotations(rotations, MAX_ROW_SKEW, 'row {} of "rows"', path)
        return AstraFile(track=track, c2w=None, tick_s=tick_s)
    if kind.step_rotations(kind.resting(1)) is None:
        raise TrajectoryError(f'{path.name} holds camera poses under "c2w"; {kind.name} actions need "rows"')
    c2w = _poses(_array(content["c2w"], "c2w", path), path)
    extrinsics = poses.inverse(c2w)
    moves: np.ndarray = poses.to_row(poses.relative(extrinsics[:-1], extrinsics[1:]))
    with _named(path):
        return AstraFile(track=ActionTrack(kind, moves), c2w=c2w, tick_s=tick_s)


def write_astra_json(path: Path, track: ActionTrack, *, tick_s: float) -> None:
    """Write a track's rows, each of `tick_s` seconds; the file appears whole or not at all."""
    _write(path, track.modality, tick_s, {"columns": list(track.modality.columns), "rows": track.rows.tolist()})


def write_astra_poses(path: Path, c2w: np.ndarray, *, tick_s: float) -> None:
    """Write camera-to-world poses (n + 1, 4, 4) at the boundaries of n ticks of `tick_s` seconds.

    The file appears whole or not at all.
    """
    _write(path, CAMERA, tick_s, {"c2w": c2w.tolist()})


def _write(path: Path, kind: Modality, tick_s: float, held: dict[str, Any]) -> None:
    content = {
        "format": FORMAT,
        "version": VERSION,
        "convention": CONVENTION,
        "modality": kind.name,
        "seconds_per_tick": tick_s,
        **held,
    }
    write_whole(path, json.dumps(content, indent=1) + "\n")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Adds the file's name to what the parts below say is wrong."""
    try:
        yield
    except ValueError as error:
        raise TrajectoryError(f"{path.name}: {error}") from error


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TrajectoryError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB, which no trajectory is")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TrajectoryError(f"the trajectory file {path} cannot be read: {error.strerror or error}") from error
    except TrajectoryError:
        raise
    except UnicodeDecodeError as error:
        raise TrajectoryError(f"{path.name} is not a text file (byte {error.start} is not UTF-8)") from error
    except ValueError as error:
        raise TrajectoryError(f"{path.name} cannot be read: {error}") from error
    content = parsed(text, path.name)
    if not isinstance(content, dict):
        raise TrajectoryError(f"{path.name} should hold one JSON object, it holds a {type(content).__name__}")
    return content


def _checked_header(content: dict[str, Any], path: Path) -> float:
    """The seconds per tick. Raises TrajectoryError for a convention that is not ours."""
    convention = content.get("convention", CONVENTION)
    if not isinstance(convention, dict):
        raise TrajectoryError(f'"convention" in {path.name} should be an object such as {json.dumps(CONVENTION)}')
    for key, value in convention.items():
        if key in CONVENTION and value != CONVENTION[key]:
            raise TrajectoryError(f"{path.name} says {key} is {short(value)}; Astra JSON is always {CONVENTION[key]!r}")
    seconds = content.get("seconds_per_tick", ASTRA_CLOCK.seconds_per_tick)
    # Comparisons alone: they hold for NaN, and for whole numbers that no float can hold.
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= MAX_TICK_S:
        raise TrajectoryError(
            f"{path.name} has {short(seconds)} seconds per tick; it must be a number above 0, up to {MAX_TICK_S:g}"
        )
    return float(seconds)


def _array(value: Any, key: str, path: Path) -> np.ndarray:
    table = np.array(value, dtype=object)
    if not table.size:
        raise TrajectoryError(f'"{key}" in {path.name} is empty; a trajectory needs at least one tick')
    if table.ndim > MAX_DEPTH:
        raise TrajectoryError(f'"{key}" in {path.name} is nested too deeply to be a table of numbers')
    odd = next(((place, entry) for place, entry in np.ndenumerate(table) if type(entry) not in (int, float)), None)
    if odd is not None:
        place, entry = _shorter_or_longer(table, odd[1]) or odd
        where = "".join(f"[{i}]" for i in place)
        raise TrajectoryError(
            f'"{key}" in {path.name} is not an even table of numbers: {key}{where} is {short(entry)}, {_kind(entry)}'
        )
    try:
        return table.astype(np.float64)
    except OverflowError as error:
        raise TrajectoryError(f'"{key}" in {path.name} holds a whole number too large for any trajectory') from error


def _shorter_or_longer(table: np.ndarray, first: Any) -> tuple[tuple[int, ...], Any] | None:
    """The place and entry that keeps a table of lists from being even; None where its `first` entry is no list."""
    if not isinstance(first, list):
        return None
    return next((e for e in np.ndenumerate(table) if not isinstance(e[1], list) or len(e[1]) != len(first)), None)


def _kind(entry: Any) -> str:
    if isinstance(entry, list):
        return f"a list of {len(entry)}"
    names = {bool: "a boolean", str: "a string", dict: "an object", type(None): "null"}
    return names.get(type(entry), "a number")


def _poses(numbers: np.ndarray, path: Path) -> np.ndarray:
    """Check and return (n + 1, 4, 4) camera-to-world poses."""
    if numbers.ndim != 3 or numbers.shape[1:] not in ((4, 4), (3, 4)) or len(numbers) < 2:
        raise TrajectoryError(
            f'"c2w" in {path.name} needs at least two 4 x 4 (or 3 x 4) poses, got an array of shape {numbers.shape}'
        )
    if not np.all(np.isfinite(numbers)):
        bad = int(np.argwhere(~np.isfinite(numbers))[0][0])
        raise TrajectoryError(f'pose {bad} of "c2w" in {path.name} holds a number that is not finite')
    _check_rotations(numbers[:, :3, :3], MAX_SKEW, 'pose {} of "c2w"', path)
    below = np.abs(numbers[:, 3:] - [0, 0, 0, 1]).max((1, 2), initial=0) > MAX_SKEW
    if below.any():
        raise TrajectoryError(
            f'pose {int(np.argmax(below))} of "c2w" in {path.name} does not end with the row 0 0 0 1. Are the rows and '
            "columns swapped?"
        )
    return poses.from_row(numbers[:, :3].reshape(len(numbers), 12))


def _check_rotations(rotations: np.ndarray, max_skew: float, name: str, path: Path) -> None:
    """Raise TrajectoryError unless all (n, 3, 3) are rotations; `name` is what to call the number {} of them."""
    with np.errstate(over="ignore", invalid="ignore"):
        skew = np.abs(np.swapaxes(rotations, 1, 2) @ rotations - np.eye(3)).max((1, 2))
        determinants = np.linalg.det(rotations)
    wrong = ~(skew <= max_skew) | ~(determinants > 0)
    if wrong.any():
        bad = int(np.argmax(wrong))
        raise TrajectoryError(
            f"{name.format(bad)} in {path.name} is no rotation (determinant {determinants[bad]:.3g}): a scaled, "
            "skewed or mirrored matrix. Check the axes and the order of the numbers"
        )
