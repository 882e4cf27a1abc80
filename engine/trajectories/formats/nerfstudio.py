"""nerfstudio's `camera_path.json`, what its viewer saves and renders.

`{"keyframes": [{"matrix": 16 numbers, "fov", "aspect", "override_transition_enabled", "override_transition_sec"}],
"camera_path": [{"camera_to_world": 16 numbers, "fov", "aspect"}], "fps", "seconds", "default_transition_sec",
"render_width", "render_height", "is_cycle", ...}`: camera-to-world, row-major, OpenGL axes; the field of view in
degrees, vertical; one entry of `camera_path` a frame. Source: nerfstudio's viewer/render_panel.py. Files of its older
web viewer (viewer/app/src/modules/SidePanel/CameraPanel) hold the matrices of key frames by columns and as text, which
is JSON again, and when they are passed under "TIME" in "properties", in shares of the seconds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import (
    MAX_SKEW,
    check_last_row,
    lens_notes,
    lens_or_default,
    lost,
    numbered,
    pixels,
)
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, Recording, are_fovs, lens_of_fov
from engine.whole_files import write_whole

DEFAULT_TRANSITION_S = 2.0
_SAME_FRAMES = 1.0
"""By how many frames seconds and rate may disagree: the viewer rounds, and a loop's last frame is its first."""
_HEIGHT_PX = 480


class NerfstudioPath:
    title: ClassVar[str] = "nerfstudio camera path"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = 'JSON with "camera_path", a list of "camera_to_world" of 16 numbers, and "fps"'

    def recognise(self, source: Source) -> str | None:
        for key, inner in (("camera_path", "camera_to_world"), ("keyframes", "matrix")):
            entries = source.record.get(key)
            if isinstance(entries, list) and any(isinstance(entry, dict) and inner in entry for entry in entries):
                return f'it has "{key}" with "{inner}"'
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        content = source.record
        if content.get("camera_path"):
            entries, key, places = source.objects(content["camera_path"], '"camera_path"'), "camera_to_world", "frame"
        else:
            entries, key, places = source.objects(content.get("keyframes"), '"keyframes"'), "matrix", "key frame"
        called = numbered(len(entries), places)
        matrices = np.stack([_matrix(source, e.get(key), p) for e, p in zip(entries, called, strict=True)])
        matrices, notes = _by_rows(matrices, are_texts=isinstance(entries[0].get(key), str))
        check_last_row(source, matrices, called)
        is_path = key == "camera_to_world"
        rate, contradiction = _rate(source, content, len(entries)) if is_path else (None, ())
        return Stored(
            matrices=matrices,
            axes="opengl",
            fps=rate,
            times=None if is_path else _key_times(source, content, entries),
            places=called,
            lens=_lens(source, content, entries),
            notes=(*notes, *contradiction) if is_path else (*notes, *_key_notes(content)),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        matrices = from_opencv(recording.c2w, "c2w", "opengl").reshape(-1, 16)
        lens = lens_or_default(recording)
        height = lens.height_px or _HEIGHT_PX
        degrees = np.rad2deg(lens.vertical_fov)
        frames = [
            {"camera_to_world": [float(n) for n in row], "fov": float(fov), "aspect": lens.aspect}
            for row, fov in zip(matrices, degrees, strict=True)
        ]
        ends = [
            {
                "matrix": frames[number]["camera_to_world"],
                "fov": frames[number]["fov"],
                "aspect": lens.aspect,
                "override_transition_enabled": True,
                "override_transition_sec": seconds,
            }
            for number, seconds in ((0, 0.0), (-1, recording.end_s - recording.start_s))
        ]
        content = {
            "default_fov": float(degrees[0]),
            "default_transition_sec": DEFAULT_TRANSITION_S,
            "keyframes": ends,
            "camera_type": "perspective",
            "render_height": height,
            "render_width": lens.width_px or round(height * lens.aspect),
            "fps": recording.fps,
            "seconds": len(frames) / recording.fps,
            "is_cycle": False,
            "smoothness_value": 0.0,
            "camera_path": frames,
        }
        write_whole(path, json.dumps(content, indent=1) + "\n")
        return (*lens_notes(recording), *lost(recording, times=True, start=True))


def _matrix(source: Source, value: Any, place: str) -> Floats:
    """A 4 x 4 matrix, as 16 numbers or as 4 rows of 4, or either as text."""
    if isinstance(value, str):
        value = source.json_of(value, place)
    if isinstance(value, list) and len(value) == 4:
        return source.numbers(value, (4, 4), place)
    return source.numbers(value, (16,), place).reshape(4, 4)


def _by_rows(matrices: Floats, *, are_texts: bool) -> tuple[Floats, tuple[str, ...]]:
    """The matrices by rows: those by columns end with 0 0 0 1 in their last column, and may be texts."""
    ends = np.array([0.0, 0, 0, 1])
    by_rows, by_columns = (np.allclose(each, ends, atol=MAX_SKEW) for each in (matrices[:, 3], matrices[:, :, 3]))
    if by_columns and (are_texts or not by_rows):
        return np.swapaxes(matrices, 1, 2), ("its matrices are written by columns, as the older web viewer did",)
    return matrices, ()


def _rate(source: Source, content: dict[str, Any], count: int) -> tuple[float | None, tuple[str, ...]]:
    """Frames per second, and what to say where the file contradicts itself.

    `ns-render` spreads the frames over "seconds" and looks at no "fps" (nerfstudio's scripts/render.py, where the rate
    is the number of cameras divided by the seconds). Where both say the same but for a frame, "fps" is the exact one.
    """
    told: dict[str, float] = {}
    for key in ("fps", "seconds"):
        if content.get(key) is not None:
            told[key] = source.number(content[key], f'"{key}"')
            if told[key] <= 0:
                raise TrajectoryError(f'"{key}" of {source.name} is {told[key]:g}; expected more than 0')
    if "seconds" not in told:
        return told.get("fps"), ()
    seconds = told["seconds"]
    rate = told.get("fps")
    if rate is not None and abs(seconds * rate - count) <= _SAME_FRAMES:
        return rate, ()
    if rate is None:
        return count / seconds, ()
    return count / seconds, (
        f'its {count} frames last {seconds:g} s by its "seconds", and {count / rate:.4g} s by its "fps" of {rate:g}: '
        f"the seconds are taken, as ns-render does, so {count / seconds:.4g} a second (--fps)",
    )


def _key_notes(content: dict[str, Any]) -> tuple[str, ...]:
    said = "it holds key frames only; between them the camera moves straight"
    return (
        (said, "it is a loop, whose way back to its first key frame is left out")
        if content.get("is_cycle")
        else (said,)
    )


def _key_times(source: Source, content: dict[str, Any], keys: list[dict[str, Any]]) -> Floats:
    """When each key frame is reached: each has the seconds of the way to it from the one before.

    In files of the older viewer each has its share of all the seconds.
    """
    if content.get("seconds") is not None and all("properties" in key for key in keys):
        seconds = source.number(content["seconds"], '"seconds"')
        shares = [_property(source, key["properties"], "TIME", f"key frame {n}") for n, key in enumerate(keys)]
        if None not in shares:
            return seconds * np.array([source.number(share, f"key frame {n}") for n, share in enumerate(shares)])
    usual = content.get("default_transition_sec")
    usual = DEFAULT_TRANSITION_S if usual is None else usual
    own = [k.get("override_transition_sec") if k.get("override_transition_enabled") else usual for k in keys]
    steps = [source.number(usual if step is None else step, f"key frame {n}") for n, step in enumerate(own)]
    with np.errstate(over="ignore"):  # no end is told as too long
        return np.cumsum([0.0, *steps[1:]])


def _property(source: Source, properties: Any, name: str, place: str) -> Any:
    """A property of a key frame of the older viewer: pairs of names and values, as text."""
    pairs = source.json_of(properties, place) if isinstance(properties, str) else properties
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise TrajectoryError(f'{place} of {source.name}: "properties" should be pairs of a name and a value')
    return next((value for key, value in pairs if key == name), None)


def _lens(source: Source, content: dict[str, Any], entries: list[dict[str, Any]]) -> Lens | None:
    if any(entry.get("fov") is None for entry in entries):
        return None
    degrees = np.array([source.number(entry["fov"], f"the fov of entry {n}") for n, entry in enumerate(entries)])
    if not are_fovs(np.deg2rad(degrees)).all():
        return None
    width, height = pixels(content.get("render_width")), pixels(content.get("render_height"))
    aspect = entries[0].get("aspect") or (width / height if width and height else None)
    bare = lens_of_fov(np.deg2rad(degrees), *([] if aspect is None else [source.number(aspect, "the aspect")]))
    return Lens(rows=bare.rows, width_px=width, height_px=height)
