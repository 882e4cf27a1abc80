"""glTF 2.0, `.gltf` and `.glb`: an animated camera node.

Camera-to-world is the node's global transform; the camera looks along -z (OpenGL axes), y up; metres, seconds;
quaternions x y z w; `yfov` in radians, vertical. Samplers are LINEAR (slerp for rotations), STEP or CUBICSPLINE
(in-tangent, value, out-tangent a key, tangents per second). Source: the glTF 2.0 specification, sections 3.6, 3.10,
3.11 and appendix C. Scale, which a camera has no use for, is left out of its own pose but moves it within its parents.
"""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import quaternions
from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.gltf_document import BINARY_CHUNK, FLOAT, JSON_CHUNK, MAGIC
from engine.trajectories.formats.gltf_scene import Scene, global_poses
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, Recording
from engine.whole_files import write_whole


class Gltf:
    title: ClassVar[str] = "glTF camera animation"
    suffix: ClassVar[str] = ".glb"
    layout: ClassVar[str] = "glTF 2.0 with an animated node that has a camera"

    def recognise(self, source: Source) -> str | None:
        if source.is_folder:
            return None
        if source.bytes[:4] == MAGIC:
            return "it begins as a .glb file does"
        if source.suffix == ".glb":
            return None
        return 'it has "asset" and "nodes"' if {"asset", "nodes"} <= source.record.keys() else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        scene = Scene(source)
        chain = scene.camera_chain(overrides.camera)
        keys = [track.times for node in chain for track in node.tracks.values()]
        if not keys:
            raise TrajectoryError(
                f"the camera {chain[-1].name!r} of {source.name} is not animated; expected an animation of it, or of a "
                "node above it"
            )
        times: Floats = np.unique(np.concatenate(keys))

        def at(asked: Floats) -> Floats:
            return global_poses(chain, asked)

        moving = [node for node in chain if node.tracks]
        is_straight = len(moving) == 1 and all(track.kind == "LINEAR" for track in moving[0].tracks.values())
        return Stored(
            matrices=at(times),
            axes="opengl",
            times=times,
            places=tuple(f"the key at {time:g} s" for time in times),
            quaternion_error=scene.quaternion_error,
            lens=scene.lens(chain[-1], len(times)),
            curve=None if is_straight else at,
            notes=tuple(scene.notes),
            takes=("camera",),
            cameras=scene.cameras,
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        """A .glb, or for a name ending in .gltf one file of JSON with the numbers in it."""
        matrices = from_opencv(recording.c2w, "c2w", "opengl")
        times = recording.times.astype("<f4")
        starts_later = bool((np.diff(times) <= 0).any())
        if starts_later:  # a clock of days, of which float32 has too few digits
            times = (recording.times - recording.times[0]).astype("<f4")
        parts = [times, matrices[:, :3, 3].astype("<f4"), quaternions(matrices[:, :3, :3]).astype("<f4")]
        lens = lens_or_default(recording)
        as_text = path.suffix.lower() == ".gltf"
        content, binary = _document(parts, lens, as_text)
        text = json.dumps(content, indent=1 if as_text else None)
        write_whole(path, text + "\n" if as_text else _glb(text.encode(), binary))
        said = ["digits of its numbers: they are of single precision"]
        if starts_later:
            said.append(f"when it starts ({recording.times[0]:g} s): its times are counted from 0")
        if recording.lens is not None and np.ptp(lens.rows, axis=0).max() > 0:
            said.append("the change of the lens: it holds that of the first pose")
        return (*said, *lens_notes(recording), *lost(recording))


def _document(parts: list[np.ndarray], lens: Lens, as_text: bool) -> tuple[dict[str, Any], bytes]:
    """The JSON of an animated camera, and its numbers: times (N,), translations (N, 3) and rotations (N, 4)."""
    binary = b"".join(part.tobytes() for part in parts)
    views, accessors, at = [], [], 0
    for part, kind in zip(parts, ("SCALAR", "VEC3", "VEC4"), strict=True):
        views.append({"buffer": 0, "byteOffset": at, "byteLength": part.nbytes})
        accessors.append({"bufferView": len(views) - 1, "componentType": FLOAT, "count": len(part), "type": kind})
        at += part.nbytes
    accessors[0] |= {"min": [float(parts[0].min())], "max": [float(parts[0].max())]}
    buffer: dict[str, Any] = {"byteLength": len(binary)}
    if as_text:
        buffer["uri"] = "data:application/octet-stream;base64," + base64.b64encode(binary).decode()
    targets = [
        {"sampler": n, "target": {"node": 0, "path": path}} for n, path in enumerate(("translation", "rotation"))
    ]
    samplers = [{"input": 0, "output": n, "interpolation": "LINEAR"} for n in (1, 2)]
    perspective = {"yfov": float(lens.vertical_fov[0]), "aspectRatio": lens.aspect, "znear": 0.01}
    return {
        "asset": {"version": "2.0", "generator": "Astra Studio"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "camera", "camera": 0}],
        "cameras": [{"type": "perspective", "perspective": perspective}],
        "animations": [{"channels": targets, "samplers": samplers}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [buffer],
    }, binary


def _glb(text: bytes, binary: bytes) -> bytes:
    """The two chunks of a .glb, each filled up to a multiple of 4 bytes, and its header."""
    text, binary = text + b" " * (-len(text) % 4), binary + b"\0" * (-len(binary) % 4)
    body = struct.pack("<II", len(text), JSON_CHUNK) + text + struct.pack("<II", len(binary), BINARY_CHUNK) + binary
    return MAGIC + struct.pack("<II", 2, 12 + len(body)) + body
