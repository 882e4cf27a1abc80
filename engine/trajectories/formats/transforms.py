"""`transforms.json` of nerfstudio, NeRF and Stable Virtual Camera: the pictures of a scene and their cameras.

`{"fl_x", "fl_y", "cx", "cy", "w", "h" (or "camera_angle_x"), "frames": [{"file_path", "transform_matrix": 4 rows of
4}]}`: camera-to-world, OpenGL axes; intrinsics in pixels, for all frames or for each. Source: nerfstudio's
quickstart/data_conventions. The frames come in any order; that of their names is the one of the video, and the one in
which nerfstudio reads them. Their numbers are those of the video's frames, so one that is missing stays a gap in time.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import (
    check_last_row,
    lens_notes,
    lens_or_default,
    lost,
    of_rows,
    pixels,
)
from engine.trajectories.formats.picture_names import sorted_pictures
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, Recording
from engine.whole_files import write_whole

_HEIGHT_PX = 480
_CAMERA_KEYS = ("camera_id", "camera_name", "camera_label", "camera", "cam_id", "cam_name", "sensor_id", "view_id")
"""What programs call the camera of a frame. nerfstudio's own files have a lens instead."""
_LENS_KEYS = ("w", "h", "fl_x", "fl_y", "cx", "cy", "camera_angle_x", "camera_angle_y")


class Transforms:
    title: ClassVar[str] = "nerfstudio / NeRF transforms"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = 'JSON with "frames", a list of "transform_matrix" of 4 rows of 4, and "file_path"'

    def recognise(self, source: Source) -> str | None:
        frames = source.record.get("frames")
        if isinstance(frames, list) and any(isinstance(f, dict) and "transform_matrix" in f for f in frames):
            return 'it has "frames" with "transform_matrix"'
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        frames = source.objects(source.record.get("frames"), '"frames"')
        names = [frame.get("file_path") for frame in frames]
        are_names = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
        places = tuple(f"frame {n}" + (f" ({name})" if are_names else "") for n, name in enumerate(names))
        found = [
            _matrix(source, frame.get("transform_matrix"), place) for frame, place in zip(frames, places, strict=True)
        ]
        matrices = np.stack(found)
        # Without names, or with names that several cameras share, the order of the file is the only one.
        called = [str(name) if are_names else f"frame {n:09d}" for n, name in enumerate(names)]
        marks = list(map(_camera_mark, frames))
        pictures = sorted_pictures(source.name, called, marks, matrices, overrides.camera, "frames")
        order, notes = list(pictures.order), pictures.notes
        if not are_names:
            pictures, notes = replace(pictures, frames=None), ("its frames are taken in the order of the file",)
        applied = [key for key in ("applied_transform", "applied_scale") if source.record.get(key) is not None]
        if applied:
            notes += (f"its {' and '.join(applied)} is in its poses already, and is not undone",)
        check_last_row(source, matrices, places)
        return Stored(
            matrices=matrices[order],
            axes="opengl",
            places=tuple(places[index] for index in order),
            times=pictures.times,
            frames=pictures.frames,
            lens=_lens(source, source.record, [frames[index] for index in order]),
            notes=notes,
            takes=("camera",) if pictures.cameras else (),
            cameras=pictures.cameras,
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        lens = lens_or_default(recording)
        height = lens.height_px or _HEIGHT_PX
        width = lens.width_px or round(height * lens.aspect)
        in_pixels = lens.rows * [width, height, width, height]
        names = ("fl_x", "fl_y", "cx", "cy")
        has_one_lens = bool(np.ptp(in_pixels, axis=0).max() == 0)
        lenses = [dict(zip(names, map(float, row), strict=True)) for row in in_pixels]
        matrices = from_opencv(recording.c2w, "c2w", "opengl").tolist()
        content = {
            "camera_model": "OPENCV",
            "w": width,
            "h": height,
            **(lenses[0] if has_one_lens else {}),
            "frames": [
                {
                    "file_path": f"images/frame_{number:06d}.png",
                    "transform_matrix": matrix,
                    **({} if has_one_lens else own),
                }
                for number, (matrix, own) in enumerate(zip(matrices, lenses, strict=True))
            ],
        }
        write_whole(path, json.dumps(content, indent=1) + "\n")
        return (*lens_notes(recording), *lost(recording, times=True, start=True, reader_fps=clock.fps))


def _camera_mark(frame: dict[str, Any]) -> Hashable:
    """What a frame says of its camera: a name or number where it has one, or else its lens; None for neither."""
    named = next((frame[key] for key in _CAMERA_KEYS if isinstance(frame.get(key), int | str)), None)
    if named is not None:
        return str(named)
    lens = tuple(str(frame[key]) for key in _LENS_KEYS if key in frame)
    return lens or None


def _matrix(source: Source, value: Any, place: str) -> Floats:
    rows = 3 if isinstance(value, list) and len(value) == 3 else 4
    matrix = source.numbers(value, (rows, 4), place)
    return matrix if rows == 4 else of_rows(matrix[None])[0]


def _lens(source: Source, content: dict[str, Any], frames: list[dict[str, Any]]) -> Lens | None:
    """The lens of every frame, where all can be told."""
    rows = [_lens_row(source, {**content, **frame}) for frame in frames]
    told = [row for row in rows if row is not None]
    if len(told) < len(rows):
        return None
    width, height = (pixels(content.get(key, frames[0].get(key))) for key in ("w", "h"))
    return Lens(rows=np.array(told), width_px=width, height_px=height)


def _lens_row(source: Source, values: dict[str, Any]) -> list[float] | None:
    """fx fy cx cy in shares of the picture; None where a number that is needed is missing."""
    told = {key: source.number(values[key], f'"{key}"') for key in _LENS_KEYS if values.get(key) is not None}
    if any(told.get(key, 1) <= 0 for key in ("w", "h", "fl_x", "fl_y")):
        raise TrajectoryError(f"{source.name}: sizes and focal lengths must be above 0")
    width, height = told.get("w"), told.get("h")
    if width is None or height is None:
        return None
    focal_x = told.get("fl_x")
    if focal_x is None and 0 < told.get("camera_angle_x", 0) < np.pi:
        focal_x = width / 2 / float(np.tan(told["camera_angle_x"] / 2))
    focal_y = told.get("fl_y", focal_x)
    if focal_x is None:
        focal_x = focal_y
    if focal_x is None or focal_y is None:
        return None
    return [focal_x / width, focal_y / height, told.get("cx", width / 2) / width, told.get("cy", height / 2) / height]
