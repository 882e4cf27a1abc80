"""Resolution of a trajectory named by the user to an action track: a preset, a pose line, or a file."""

from __future__ import annotations

from pathlib import Path

from engine.actions.modality import ActionTrack
from engine.actions.pose_line import looks_like_pose_line, parse_pose_line
from engine.actions.presets import NAMED, RELEASED, preset
from engine.clock import Clock
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import read_trajectory
from engine.trajectories.formats.registry import FORMATS, is_camera_folder
from engine.trajectories.preset_paths import SMOOTH, preset_path, preset_path_names
from engine.trajectories.sampling import actions, recorded_actions

_SUFFIXES = {kind.suffix for kind in FORMATS.values() if kind.suffix} | {".gltf"}


def resolve_trajectory(
    text: str,
    num_ticks: int | None = None,
    overrides: Overrides | None = None,
    format_name: str | None = None,
    *,
    clock: Clock,
) -> ActionTrack:
    """The action track that `text` names.

    Args:
        text: a preset's name, a pose line such as `w-8 left-8`, or the path of a file in one of FORMATS.
        num_ticks: stretch a preset to so many ticks; cut or rest-pad anything else. None lets the trajectory decide.
        overrides, format_name: how a file is to be read; with either, `text` is a file.
        clock: of the world that is to follow it.

    Raises TrajectoryError, PoseLineError, or ValueError for fewer than 1 tick.
    """
    if num_ticks is not None and num_ticks < 1:
        raise ValueError(f"a trajectory needs at least 1 tick, got {num_ticks}")
    name = text.strip()
    if overrides is not None or format_name is not None:
        read = _from_file(_expanded(name), clock, overrides, format_name)
        return read if num_ticks is None else read.padded(num_ticks)
    if name in NAMED or name in RELEASED:
        return preset(name, num_ticks, clock=clock)
    if name in SMOOTH:
        return actions(preset_path(name, num_ticks, clock=clock), clock=clock)
    if _is_file(name) or (Path(name).suffix.lower() in _SUFFIXES and not looks_like_pose_line(name)):
        track = _from_file(_expanded(name), clock)
    elif looks_like_pose_line(name) or len(name.split()) > 1:
        track = parse_pose_line(name, clock=clock)
    else:
        raise TrajectoryError(
            f"{text!r} is no trajectory: it is neither a preset ({', '.join(preset_path_names())}), nor a pose line "
            "such as 'w-8 left-8', nor a trajectory file"
        )
    return track if num_ticks is None else track.padded(num_ticks)


def _from_file(
    path: Path, clock: Clock, overrides: Overrides | None = None, format_name: str | None = None
) -> ActionTrack:
    recording = read_trajectory(path, overrides, format_name, clock=clock).recording
    track = recorded_actions(recording, clock=clock)
    if not len(track):
        raise TrajectoryError(
            f"{path.name} lasts {recording.end_s - recording.start_s:.3g} s, less than a tick of "
            f"{clock.seconds_per_tick:g} s. Make it longer, or say how many poses it has a second: astra-studio "
            "trajectory convert --fps"
        )
    return track


def _is_file(name: str) -> bool:
    """Whether there is such a file, or a folder in a format that has folders.

    A name that none can have (a pose line of any length) is none.
    """
    try:
        path = _expanded(name)
        return bool(name) and (path.is_file() or (path.is_dir() and is_camera_folder(path)))
    except (OSError, ValueError):
        return False


def _expanded(name: str) -> Path:
    """The path with ~ replaced, where that names somebody."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
