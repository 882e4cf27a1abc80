"""Turns what a user names as a trajectory into an action track: a preset, a pose line, or a file."""

from __future__ import annotations

from pathlib import Path

from engine.actions.modality import ActionTrack
from engine.actions.pose_line import looks_like_pose_line, parse_pose_line
from engine.actions.presets import DEFAULT_TICKS, NAMED, RELEASED, preset, preset_names
from engine.trajectories.astra_json import TrajectoryError, read_astra_json


def resolve_trajectory(text: str, num_ticks: int | None = None) -> ActionTrack:
    """The action track that `text` names.

    Args:
        text: a preset's name, a pose line such as `w-8 left-8`, or the path of an Astra JSON file.
        num_ticks: stretch a preset to so many ticks; cut or rest-pad anything else. None lets the trajectory decide.

    Raises TrajectoryError, PoseLineError, or ValueError for fewer than 1 tick.
    """
    if num_ticks is not None and num_ticks < 1:
        raise ValueError(f"a trajectory needs at least 1 tick, got {num_ticks}")
    name = text.strip()
    if name in NAMED or name in RELEASED:
        return preset(name, DEFAULT_TICKS if num_ticks is None else num_ticks)
    if name.lower().endswith(".json") or _is_file(name):
        track = read_astra_json(_expanded(name))
    elif looks_like_pose_line(name) or len(name.split()) > 1:
        track = parse_pose_line(name)
    else:
        raise TrajectoryError(
            f"{text!r} is no trajectory: it is neither a preset ({', '.join(preset_names())}), nor a pose line such as "
            "'w-8 left-8', nor an Astra JSON file"
        )
    return track if num_ticks is None else track.padded(num_ticks)


def _is_file(name: str) -> bool:
    """Whether there is such a file; a name that no file can have (a pose line of any length) is none."""
    try:
        return bool(name) and _expanded(name).is_file()
    except (OSError, ValueError):
        return False


def _expanded(name: str) -> Path:
    """The path with ~ replaced, where that names somebody."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
