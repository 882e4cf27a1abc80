"""USD, `.usd`, `.usda`, `.usdc` and `.usdz`: an animated camera, as Blender, Houdini, Maya and Unreal export it.

Camera-to-world is the prim's transform under all above it, by rows; the camera looks along -z, y up (OpenGL axes),
whatever axis of the stage is up; lengths times `metersPerUnit` are metres; time codes divided by `timeCodesPerSecond`
are seconds. Source: UsdGeomCamera and UsdGeomXformable in OpenUSD's documentation. Unreal's Sequencer exports a level
sequence so, with its USD Importer plugin, in centimetres and z up, its camera turned into USD's axes by the exporter.

It is read with OpenUSD (`usd-core`), which is not among what the program needs, in a process of its own (`usd_child`).
It is written as text, for which no library is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import CameraChoice, TrajectoryError
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, Recording
from engine.whole_files import write_whole

SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")
_BEGINNINGS = (b"#usda", b"#sdf", b"PXR-USDC")
_PACKAGE = b"PK\x03\x04"
_APERTURE_MM = 24.0
"""Height of the film that is written."""
_PATIENCE_S = 120.0
_LEAST_SCALE = 1e-12


class Usd:
    title: ClassVar[str] = "USD camera animation"
    suffix: ClassVar[str] = ".usda"
    layout: ClassVar[str] = "a USD stage with a camera that moves"

    def recognise(self, source: Source) -> str | None:
        if source.is_folder:
            return None
        if source.bytes.startswith(_BEGINNINGS):
            return "it begins as a USD file does"
        return f"its name ends in {source.suffix}" if source.suffix in SUFFIXES else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        # What is missing, empty, too large or something else is told before anything is started.
        if not source.bytes.startswith((*_BEGINNINGS, _PACKAGE)):
            raise TrajectoryError(f"{source.name} does not begin as a USD file does. Export it again")
        found = _found(source, overrides.camera)
        codes = np.array(found["codes"], np.float64)
        rate = found["rate"]
        if not (len(codes) and np.isfinite(codes).all() and 0 < rate < 1e6):
            raise TrajectoryError(f"{source.name} has {rate:g} time codes a second; expected more than 0. Say --fps")
        unit = found["unit"]
        if not 0 < unit < 1e6:
            raise TrajectoryError(f'"metersPerUnit" of {source.name} is {unit:g}; expected more than 0')
        places = tuple(f"frame {code:g}" for code in codes)
        up = "" if found["up"] == "Y" else f", {found['up'].lower()} up"
        return Stored(
            matrices=_rigid(source, np.array(found["matrices"], np.float64), places),
            axes="opengl",
            unit=unit,
            times=codes / rate,
            places=places,
            lens=_lens(found["lenses"]),
            notes=(f"its unit is {unit:g} m{up}", *found["notes"]),
            takes=("camera",) if found["cameras"] else (),
            cameras=tuple(found["cameras"]),
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        matrices = np.swapaxes(from_opencv(recording.c2w, "c2w", "opengl"), 1, 2)
        lens = lens_or_default(recording)
        codes = [f"{float(code)!r}" for code in np.round(recording.times * recording.fps, 9)]
        focal = _APERTURE_MM * lens.rows[:, 1]
        width = float(_APERTURE_MM * lens.rows[0, 1] / lens.rows[0, 0])
        lines = [
            "#usda 1.0",
            "(",
            '    defaultPrim = "camera"',
            "    metersPerUnit = 1",
            f"    startTimeCode = {codes[0]}",
            f"    endTimeCode = {codes[-1]}",
            f"    timeCodesPerSecond = {recording.fps!r}",
            f"    framesPerSecond = {recording.fps!r}",
            '    upAxis = "Y"',
            ")",
            "",
            'def Camera "camera"',
            "{",
            f"    float horizontalAperture = {width!r}",
            f"    float verticalAperture = {_APERTURE_MM!r}",
            "    float focalLength.timeSamples = {",
            *(f"        {code}: {float(length)!r}," for code, length in zip(codes, focal, strict=True)),
            "    }",
            "    matrix4d xformOp:transform.timeSamples = {",
            *(f"        {code}: {_text(matrix)}," for code, matrix in zip(codes, matrices, strict=True)),
            "    }",
            '    uniform token[] xformOpOrder = ["xformOp:transform"]',
            "}",
        ]
        write_whole(path, "\n".join(lines) + "\n")
        said: tuple[str, ...] = ()
        if recording.lens is not None and np.ptp(lens.rows[:, 1] / lens.rows[:, 0]) > 1e-6:
            said = ("the change of the picture's shape: it holds that of the first pose",)
        return (*said, *lens_notes(recording), *lost(recording))


def _text(matrix: Floats) -> str:
    return "( " + ", ".join(f"({', '.join(repr(float(number)) for number in row)})" for row in matrix) + " )"


def _found(source: Source, camera: str | None) -> dict[str, Any]:
    """What the process that reads USD says of a file. Raises TrajectoryError."""
    if getattr(sys, "frozen", False):  # which has no Python to start
        raise TrajectoryError(
            f"{source.name} is a USD file, which the packaged program does not read. Export the camera as glTF, or run "
            "Astra Studio from its source"
        )
    if find_spec("pxr") is None:
        raise TrajectoryError(
            f"{source.name} is a USD file, for which OpenUSD is needed: install it with pip install usd-core, into the "
            "Python that Astra Studio runs with. Or export the camera as glTF"
        )
    command = [sys.executable, "-P", "-m", "engine.trajectories.formats.usd_child", str(source.path.absolute())]
    try:
        done = subprocess.run(
            [*command, *([] if camera is None else [camera])],
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            stdin=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired as error:
        raise TrajectoryError(
            f"OpenUSD did not read {source.name} within {_PATIENCE_S:g} s. Export the camera alone"
        ) from error
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = f": {last[-1][:200]}" if last else ""
        raise TrajectoryError(f"OpenUSD failed to read {source.name}{why}. Export it again, or as glTF") from error
    if "refused" in found:
        if found["cameras"]:
            raise CameraChoice(source.name, tuple(found["cameras"]))
        raise TrajectoryError(f"{source.name} cannot be read as a camera path: {found['refused']}")
    return found


def _rigid(source: Source, by_rows: Floats, places: tuple[str, ...]) -> Floats:
    """Poses (N, 4, 4) of transforms by rows, without their scale: a camera has no use for it."""
    matrices = np.swapaxes(by_rows, 1, 2)
    lengths = np.linalg.norm(matrices[:, :3, :3], axis=1, keepdims=True)
    wrong = ~(np.isfinite(matrices).all((1, 2)) & (lengths > _LEAST_SCALE).all((1, 2)))
    if wrong.any():
        raise TrajectoryError(
            f"{places[int(np.argmax(wrong))]} of {source.name}: the camera is scaled to nothing, or its place is no "
            "number"
        )
    out = matrices.copy()
    out[:, :3, :3] /= lengths
    return out


def _lens(focals: list[list[float]] | None) -> Lens | None:
    """The lens of focal lengths in shares of the picture's width and height."""
    if focals is None:
        return None
    rows = np.array(focals, np.float64)
    return Lens(rows=np.column_stack([rows, np.full_like(rows, 0.5)]))
