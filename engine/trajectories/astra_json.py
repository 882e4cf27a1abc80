"""Astra JSON: our own trajectory file, with the convention written in its header.

```
{"format": "astra-trajectory", "version": 1,
 "convention": {"pose": "c2w", "axes": "opencv", "quaternion": "xyzw"},
 "modality": "camera", "seconds_per_tick": 0.2,
 "rows": [[12 numbers], ...]        one relative world-to-camera row per tick, or
 "c2w": [4 x 4, ...]}               camera-to-world poses at tick boundaries: one more than ticks
```
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from engine import poses
from engine.actions.modality import ActionTrack, modality

FORMAT, VERSION = "astra-trajectory", 1
SECONDS_PER_TICK = 0.2
CONVENTION = {"pose": "c2w", "axes": "opencv", "quaternion": "xyzw"}
MAX_BYTES = 200_000_000
MAX_SKEW = 1e-3
"""How far R^T R may be from the identity before a matrix is refused as no rotation."""


class TrajectoryError(ValueError):
    """A trajectory that cannot be read; names the place in the file and the remedy."""


def read_astra_json(path: Path) -> ActionTrack:
    """The action track in an Astra JSON file. Raises TrajectoryError."""
    content = _load(path)
    if content.get("format") != FORMAT:
        raise TrajectoryError(
            f'{path.name} is no Astra trajectory: expected "format": "{FORMAT}" at its top, found {content.get("format")!r}'
        )
    if content.get("version") != VERSION:
        raise TrajectoryError(
            f"{path.name} has version {content.get('version')!r}; this program reads version {VERSION}. Update the program, or "
            "export the file anew"
        )
    _check_header(content, path)
    try:
        kind = modality(str(content.get("modality", "camera")))
    except ValueError as error:
        raise TrajectoryError(f"{path.name}: {error}") from error
    if ("rows" in content) == ("c2w" in content):
        raise TrajectoryError(f'{path.name} must hold either "rows" or "c2w", and not both')
    if "rows" in content:
        numbers = _array(content["rows"], "rows", path)
        try:
            return ActionTrack(kind, numbers.astype(np.float32))
        except ValueError as error:
            raise TrajectoryError(f"{path.name}: {error}") from error
    if kind.name == "driving":
        raise TrajectoryError(f'{path.name} holds camera poses under "c2w"; driving actions need "rows"')
    c2w = _poses(_array(content["c2w"], "c2w", path), path)
    extrinsics = poses.inverse(c2w)
    return ActionTrack(kind, poses.to_row(poses.relative(extrinsics[:-1], extrinsics[1:])).astype(np.float32))


def write_astra_json(path: Path, track: ActionTrack) -> None:
    """Write a track's rows; the file appears whole or not at all."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "convention": CONVENTION,
        "modality": track.modality.name,
        "seconds_per_tick": SECONDS_PER_TICK,
        "columns": list(track.modality.columns),
        "rows": [[float(value) for value in row] for row in track.rows],
    }
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TrajectoryError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB, which no trajectory is")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise TrajectoryError(f"the trajectory file {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TrajectoryError(f"{path.name} is not a text file (byte {error.start} is not UTF-8)") from error
    except json.JSONDecodeError as error:
        raise TrajectoryError(
            f"{path.name} is not whole JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise TrajectoryError(f"{path.name} is nested too deeply to be a trajectory") from error
    if not isinstance(content, dict):
        raise TrajectoryError(f"{path.name} should hold one JSON object, it holds a {type(content).__name__}")
    return content


def _check_header(content: dict[str, Any], path: Path) -> None:
    convention = content.get("convention", CONVENTION)
    if not isinstance(convention, dict):
        raise TrajectoryError(f'"convention" in {path.name} should be an object such as {json.dumps(CONVENTION)}')
    for key, value in convention.items():
        if key in CONVENTION and value != CONVENTION[key]:
            raise TrajectoryError(f"{path.name} says {key} is {value!r}; Astra JSON is always {CONVENTION[key]!r}")
    seconds = content.get("seconds_per_tick", SECONDS_PER_TICK)
    if not isinstance(seconds, int | float) or abs(seconds - SECONDS_PER_TICK) > 1e-6:
        raise TrajectoryError(
            f"{path.name} has {seconds!r} seconds per tick; it must be {SECONDS_PER_TICK} (four frames at 20 per second)"
        )


def _array(value: Any, key: str, path: Path) -> np.ndarray:
    try:
        numbers = np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise TrajectoryError(f'"{key}" in {path.name} is not an even table of numbers: {error}') from error
    if not numbers.size:
        raise TrajectoryError(f'"{key}" in {path.name} is empty; a trajectory needs at least one tick')
    return numbers


def _poses(numbers: np.ndarray, path: Path) -> np.ndarray:
    """Check and return (n + 1, 4, 4) camera-to-world poses."""
    if numbers.ndim != 3 or numbers.shape[1:] not in ((4, 4), (3, 4)) or len(numbers) < 2:
        raise TrajectoryError(
            f'"c2w" in {path.name} needs at least two 4 x 4 (or 3 x 4) poses, got an array of shape {numbers.shape}'
        )
    if not np.all(np.isfinite(numbers)):
        bad = int(np.argwhere(~np.isfinite(numbers))[0][0])
        raise TrajectoryError(f'pose {bad} of "c2w" in {path.name} holds a number that is not finite')
    rotations = numbers[:, :3, :3]
    skew = np.abs(np.swapaxes(rotations, 1, 2) @ rotations - np.eye(3)).max((1, 2))
    wrong = (skew > MAX_SKEW) | (np.linalg.det(rotations) < 0)
    if wrong.any():
        bad = int(np.argmax(wrong))
        raise TrajectoryError(
            f'pose {bad} of "c2w" in {path.name} is no rotation (determinant {np.linalg.det(rotations[bad]):.3f}): a scaled, skewed '
            "or mirrored matrix. Check the axes and the order of the numbers"
        )
    return poses.from_row(numbers[:, :3].reshape(len(numbers), 12))
