"""Camera files imported into a take and exported from it: recognition, reading, what is lost."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astra_studio.document.action_edits import set_actions
from astra_studio.document.actions import Actions, actions_of
from astra_studio.document.edits import Edit
from astra_studio.document.model import Take, TakeId
from astra_studio.document.path_edits import set_path
from astra_studio.document.paths import Drawn, poses_of_take, stored_path
from engine.actions.modality import ActionTrack, modality
from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.axes import Convention
from engine.trajectories.errors import CameraChoice, TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import CameraFile, Reading, write_trajectory
from engine.trajectories.formats.registry import FORMATS
from engine.trajectories.key_edits import from_start
from engine.trajectories.path import CameraPath, key_from_pose
from engine.trajectories.recording import Recording
from engine.trajectories.sampling import (
    SpeedGauge,
    gauge,
    num_ticks,
    record,
    recorded_actions,
    tick_poses,
)

CAMERA_SUFFIXES = (
    *(".json", ".txt", ".tum", ".kitti", ".csv", ".chan", ".gltf", ".glb", ".npy", ".npz"),
    *(".usd", ".usda", ".usdc", ".usdz"),
)
"""Of files that are taken for a camera's; a folder may hold COLMAP's text."""
SHOWN_AXES = ("opencv", "opengl", "unreal", "vehicle")
_MAX_PREVIEW = 240
"""Poses of a preview: as many as its pixels show."""
_MAX_KEYS = 400
_STILL = 1e-9
_LEAST_SCALE, _MOST_SCALE = 1e-6, 1e6


@dataclass(frozen=True, kw_only=True)
class ImportChoices:
    """How a file is to be read; None leaves it to the file, or to its format.

    Attributes:
        fits_speed: whether lengths are scaled so that the median tick that moves is as fast as the model was trained.
        begins_at_start: whether the whole is moved so that the first pose is that of the start picture.
    """

    format_name: str | None = None
    convention: Convention | None = None
    axes: str | None = None
    euler: str | None = None
    camera: str | None = None
    fps: float | None = None
    scale: float = 1.0
    fits_speed: bool = False
    begins_at_start: bool = True

    def overrides(self, scale: float) -> Overrides:
        return Overrides(
            convention=self.convention,
            axes=self.axes,
            euler=self.euler,
            camera=self.camera,
            fps=self.fps,
            scale=scale,
            align=self.begins_at_start,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """One way to read the file.

    Attributes:
        is_own: whether it is what the file or its format says.
        is_likely: whether it is the likeliest of all.
        c2w: some of its poses (N, 4, 4), to be drawn.
    """

    convention: Convention
    axes: str
    forwardness: float
    is_own: bool
    is_likely: bool
    c2w: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Imported:
    """A file as it is read.

    Attributes:
        scale: that was used, where it was fitted to the speed.
        candidates: all readings, by direction and then by axes.
        speed: of its ticks.
        keys: the keys that it holds, where it holds keys and no poses at every tick.
    """

    reading: Reading
    scale: float
    candidates: tuple[Candidate, ...]
    speed: SpeedGauge
    track: ActionTrack
    keys: CameraPath | None


@dataclass(frozen=True, kw_only=True)
class CameraQuestion:
    """A file that cannot be read before one of its cameras is chosen: what may be chosen, as in CameraChoice."""

    cameras: tuple[str, ...]


class CameraReader:
    """Reads one file again and again as wishes change; what is read of it is kept. Belongs to one thread at a time.

    Its ticks are those of `clock`, of the take that the file is for.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._known: tuple[tuple[str | None, ...], CameraFile] | None = None

    def read_or_ask(self, choices: ImportChoices) -> Imported | CameraQuestion:
        """The file as wished, or the question which of its cameras is. Raises TrajectoryError."""
        try:
            return self.read(choices)
        except CameraChoice as error:
            return CameraQuestion(cameras=error.cameras)

    def read(self, choices: ImportChoices) -> Imported:
        """The file as wished. Raises TrajectoryError, and its CameraChoice where one of several cameras must be."""
        file, clock = self._file(choices), self._clock
        scale = choices.scale
        if choices.fits_speed:
            scale = _fitted(file.read(choices.overrides(1.0)).recording, clock)
        said = choices.overrides(scale)
        reading = file.read(said)
        recording = reading.recording
        track = recorded_actions(recording, clock=clock)
        if not len(track):
            raise TrajectoryError(
                f"{file.name} lasts {recording.end_s - recording.start_s:.3g} s, less than a tick of "
                f"{clock.seconds_per_tick:g} s. Say how many poses it has a second"
            )
        return Imported(
            reading=reading,
            scale=scale,
            candidates=_candidates(file, said),
            speed=gauge(tick_poses(recording, clock=clock), clock=clock),
            track=track,
            keys=keys_of(recording, clock),
        )

    def _file(self, choices: ImportChoices) -> CameraFile:
        asked = (choices.format_name, choices.euler, choices.camera)
        if self._known is None or self._known[0] != asked:
            self._known = (
                asked,
                CameraFile(self._path, choices.overrides(1.0), choices.format_name, clock=self._clock),
            )
        return self._known[1]


def keys_of(recording: Recording, clock: Clock) -> CameraPath | None:
    """The poses of a recording as keys, where they are farther apart than ticks and the camera goes straight between.

    None where that would be another motion, or more keys than anybody edits.
    """
    is_sparse = float(np.median(np.diff(recording.times))) > clock.seconds_per_tick * 1.01
    if recording.track is not None or recording.curve is not None or not is_sparse or len(recording.times) > _MAX_KEYS:
        return None
    keys = (key_from_pose(time, pose, "linear") for time, pose in zip(recording.times, recording.c2w, strict=True))
    return from_start(CameraPath(keys=tuple(keys)))


def import_edit(take: TakeId, imported: Imported, *, with_keys: bool) -> Edit:
    """Ask for what the file asks for: by its keys, or by its rows as they are. Raises ValueError when it is done."""
    if with_keys and imported.keys is not None:
        return replace(set_path(take, Drawn(path=imported.keys)), label="Import path")
    return replace(set_actions(take, actions_of(imported.track)), label="Import path")


def imported_actions(imported: Imported) -> Actions:
    """Its rows, to be kept under a name."""
    return actions_of(imported.track)


def _fitted(recording: Recording, clock: Clock) -> float:
    """What lengths are multiplied by so that the median moving tick has the trained speed; 1 for one that stays."""
    moved = gauge(tick_poses(recording, clock=clock), clock=clock).moved
    moving = moved[moved > _STILL]
    if not len(moving):
        return 1.0
    return float(np.clip(clock.trained_speed / np.median(moving), _LEAST_SCALE, _MOST_SCALE))


def _candidates(file: CameraFile, said: Overrides) -> tuple[Candidate, ...]:
    # Seen from the first camera, whose forward is up in every preview.
    free = replace(said, convention=None, axes=None, align=True)
    found, own = file.candidates(free), file.read(free)
    likely = found[0]
    made = {}
    for reading in found:
        step = max(1, -(-len(reading.recording.c2w) // _MAX_PREVIEW))
        made[(reading.convention, reading.axes)] = Candidate(
            convention=reading.convention,
            axes=reading.axes,
            forwardness=reading.checks.forwardness,
            is_own=(reading.convention, reading.axes) == (own.convention, own.axes),
            is_likely=reading is likely and reading.checks.direction == "forward",
            c2w=reading.recording.c2w[::step],
        )
    return tuple(made[(way, axes)] for way in ("c2w", "w2c") for axes in SHOWN_AXES)


# ---------------------------------------------------------------------- out


def recording_of_take(take: Take, fps: float | None = None) -> Recording:
    """What a take asks for as poses, `fps` a second, None: one per frame of its own.

    They are of its keys where it has them, of its rows elsewhere. Raises TrajectoryError.
    """
    if not len(take.actions):
        raise TrajectoryError(f"{take.name} asks for nothing yet; draw a path, or type a pose line")
    drawn, clock = stored_path(take), take.clock
    rate = clock.fps if fps is None else fps
    ticks = poses_of_take(take)
    if (
        drawn is not None
        and modality(drawn.modality).poses_say_all
        and len(ticks) == num_ticks(drawn.path, clock=clock) + 1
    ):
        made = record(drawn.path, rate)
    else:
        whole = Recording(times=clock.tick_times(len(ticks) - 1), c2w=ticks, fps=clock.ticks_per_second)
        made = record(whole, rate)
    return replace(made, track=take.actions.track, tick_s=clock.seconds_per_tick)


def losses(take: Take, format_name: str, fps: float) -> tuple[str, ...]:
    """What a format does not hold of a take's path: it is written aside, and thrown away. Raises TrajectoryError."""
    with tempfile.TemporaryDirectory() as folder:
        return export_path(take, Path(folder) / f"path{FORMATS[format_name].suffix or '.txt'}", format_name, fps)


def export_path(take: Take, path: Path, format_name: str, fps: float) -> tuple[str, ...]:
    """Write a take's path; returns what of it the format does not hold. Raises TrajectoryError or OSError."""
    return write_trajectory(recording_of_take(take, fps), path, format_name, clock=take.clock)[1]
