"""glTF 2.0, `.gltf` and `.glb`: an animated camera node.

Camera-to-world is the node's global transform; the camera looks along -z (OpenGL axes), y up; metres, seconds;
quaternions x y z w; `yfov` in radians, vertical. Samplers are LINEAR (slerp for rotations), STEP or CUBICSPLINE
(in-tangent, value, out-tangent a key, tangents per second). Source: the glTF 2.0 specification, sections 3.6, 3.10,
3.11 and appendix C. Scale, which a camera has no use for, is left out of its own pose but moves it within its parents.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from reprlib import repr as short
from typing import Any, ClassVar
from urllib.parse import unquote

import numpy as np

from engine import poses
from engine.poses import Floats
from engine.trajectories.axes import from_opencv
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import MAX_LENGTH_ERROR, lens_notes, lens_or_default, lost
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import MAX_BYTES, Source, write_whole
from engine.trajectories.recording import Lens, Recording, lens_of_fov
from engine.trajectories.rotations import assembled, quaternions, slerp
from engine.trajectories.timing import hermite

MAGIC = b"glTF"
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_DTYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5126: np.float32}
_LARGEST = {5120: 127.0, 5121: 255.0, 5122: 32767.0, 5123: 65535.0}
"""What stands for 1 in whole numbers that are normalised."""
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
_PATHS = {"translation": 3, "rotation": 4, "scale": 3}
_FLOAT = 5126


class Gltf:
    title: ClassVar[str] = "glTF camera animation"
    suffix: ClassVar[str] = ".glb"
    layout: ClassVar[str] = "glTF 2.0 with an animated node that has a camera"

    def recognise(self, source: Source) -> str | None:
        if source.is_folder:
            return None
        if source.bytes[:4] == MAGIC:
            return "it begins as a .glb file does"
        return 'it has "asset" and "nodes"' if {"asset", "nodes"} <= source.record.keys() else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        scene = _Scene(source)
        chain = scene.camera_chain(overrides.camera)
        keys = [track.times for node in chain for track in node.tracks.values()]
        if not keys:
            raise TrajectoryError(
                f"the camera {chain[-1].name!r} of {source.name} is not animated; expected an animation of it, or of a "
                "node above it"
            )
        times: Floats = np.unique(np.concatenate(keys))

        def at(asked: Floats) -> Floats:
            return _global(chain, asked)

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
        )

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Track:
    """One animated property of a node: keys (K,) and values (K, n), and for splines tangents (K, n) a second."""

    kind: str
    times: Floats
    values: Floats
    incoming: Floats
    outgoing: Floats

    def at(self, asked: Floats, *, turns: bool) -> Floats:
        if len(self.times) == 1:
            return np.repeat(self.values, len(asked), axis=0)
        at = np.clip(asked, self.times[0], self.times[-1])
        before = np.clip(np.searchsorted(self.times, at, "right") - 1, 0, len(self.times) - 2)
        span = (self.times[before + 1] - self.times[before])[:, None]
        share = (at - self.times[before])[:, None] / span
        start, end = self.values[before], self.values[before + 1]
        if self.kind == "STEP":
            return np.where(share >= 1, end, start)
        if self.kind == "CUBICSPLINE":
            return hermite(start, end, self.outgoing[before] * span, self.incoming[before + 1] * span, share)
        return slerp(start, end, share[:, 0]) if turns else start + (end - start) * share


@dataclass(frozen=True, kw_only=True, eq=False)
class _Node:
    """A node on the way to the camera: its resting transform and what moves."""

    name: str
    number: int
    rest: dict[str, Floats]
    matrix: Floats | None
    tracks: dict[str, _Track]

    def local(self, times: Floats) -> Floats:
        """Transforms (M, 4, 4) from its own axes to its parent's."""
        if self.matrix is not None and not self.tracks:
            return np.repeat(self.matrix[None], len(times), axis=0)
        parts = {}
        for path, rest in self.rest.items():
            track = self.tracks.get(path)
            parts[path] = (
                np.repeat(rest[None], len(times), axis=0)
                if track is None
                else track.at(times, turns=path == "rotation")
            )
        rotations = poses.quaternion_to_matrix(parts["rotation"]) * parts["scale"][:, None, :]
        return assembled(rotations, parts["translation"])


def _global(chain: list[_Node], times: Floats) -> Floats:
    """Poses (M, 4, 4) of the last node of a chain, without its scale."""
    whole = np.repeat(np.eye(4)[None], len(times), axis=0)
    for node in chain:
        whole = whole @ node.local(times)
    lengths = np.linalg.norm(whole[:, :3, :3], axis=1, keepdims=True)
    if not (lengths > 1e-12).all():
        raise TrajectoryError(f"the node {chain[-1].name!r} is scaled to nothing, and has no direction")
    whole[:, :3, :3] /= lengths
    return whole


class _Scene:
    """A glTF document, read as far as its cameras."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._binary: bytes | None = None
        self._buffers: dict[int, bytes] = {}
        self.notes: list[str] = []
        self.quaternion_error = 0.0
        self._content = self._open()
        self._nodes = self._list("nodes")
        self._parents: dict[int, int] = {}
        for number, node in enumerate(self._nodes):
            children = node.get("children", [])
            if not isinstance(children, list):
                raise TrajectoryError(f'"children" of {source.name} should be a list, got {short(children)}')
            for child in children:
                self._parents[self._index(child, self._nodes, "a child")] = number

    def camera_chain(self, wanted: str | None) -> list[_Node]:
        """The nodes from a root to the camera: the one of that name, or the first that moves."""
        cameras = [number for number, node in enumerate(self._nodes) if "camera" in node]
        if not cameras:
            raise TrajectoryError(f"{self._source.name} holds no node with a camera. Export it with cameras")
        names = {number: self._name(number) for number in cameras}
        if wanted is not None:
            cameras = [number for number in cameras if names[number] == wanted]
            if not cameras:
                raise TrajectoryError(
                    f"{self._source.name} has no camera {wanted!r}; there are {', '.join(names.values())}"
                )
        tracks = self._tracks()
        chains = [self._chain(number, tracks) for number in cameras]
        chosen = next((chain for chain in chains if any(node.tracks for node in chain)), chains[0])
        others = [name for number, name in names.items() if number != chosen[-1].number]
        if others and wanted is None:
            self.notes.append(f"the camera {chosen[-1].name} is read; it also holds {', '.join(others)}")
        return chosen

    def lens(self, node: _Node, count: int) -> Lens | None:
        cameras = self._list("cameras")
        camera = cameras[self._index(self._nodes[node.number]["camera"], cameras, "a camera")]
        perspective = camera.get("perspective")
        if not isinstance(perspective, dict) or "yfov" not in perspective:
            return None
        yfov = self._source.number(perspective["yfov"], '"yfov"')
        if not 0 < yfov < np.pi:
            raise TrajectoryError(f'"yfov" of {self._source.name} is {yfov:g} rad; expected more than 0, less than pi')
        aspect = perspective.get("aspectRatio")
        given = [] if not aspect else [self._source.number(aspect, '"aspectRatio"')]
        return lens_of_fov(np.full(count, yfov), *given)

    def _open(self) -> dict[str, Any]:
        source = self._source
        if source.bytes[:4] != MAGIC:
            if not isinstance(source.content, dict):
                raise TrajectoryError(f"{source.name} should hold one JSON object")
            return source.content
        data = source.bytes
        if len(data) < 20 or struct.unpack_from("<I", data, 8)[0] > len(data):
            raise TrajectoryError(f"{source.name} is cut off: it is shorter than it says. Copy or export it again")
        version, length = struct.unpack_from("<II", data, 4)
        if version != 2:
            raise TrajectoryError(f"{source.name} is of version {version} of glTF; this program reads version 2")
        at, content = 12, None
        while at + 8 <= length:
            size, kind = struct.unpack_from("<II", data, at)
            if at + 8 + size > length:
                raise TrajectoryError(f"{source.name} is cut off in the middle of a chunk. Copy or export it again")
            chunk = data[at + 8 : at + 8 + size]
            if kind == _JSON_CHUNK and content is None:
                try:
                    content = json.loads(chunk)
                except (ValueError, RecursionError) as error:
                    raise TrajectoryError(f"the JSON in {source.name} is damaged: {error}") from error
            elif kind == _BINARY_CHUNK and self._binary is None:
                self._binary = chunk
            at += 8 + size
        if not isinstance(content, dict):
            raise TrajectoryError(f"{source.name} holds no JSON object")
        return content

    def _list(self, key: str, parent: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The objects under a key of the document, or of a part of it; none where there is no such key."""
        value = (self._content if parent is None else parent).get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise TrajectoryError(f'"{key}" of {self._source.name} should be a list of objects')
        return value

    def _count(self, part: dict[str, Any], key: str, default: int) -> int:
        """A whole number, not negative, under a key of a part of the document."""
        value = part.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_BYTES:
            raise TrajectoryError(f'"{key}" of {self._source.name} is {short(value)}; expected a whole number')
        return value

    def _index(self, value: Any, of: list[dict[str, Any]], what: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(of):
            raise TrajectoryError(f"{self._source.name} refers to {what} number {value!r}, and has {len(of)}")
        return value

    def _name(self, number: int) -> str:
        return str(self._nodes[number].get("name") or f"node {number}")

    def _chain(self, number: int, tracks: dict[int, dict[str, _Track]]) -> list[_Node]:
        numbers = [number]
        while (parent := self._parents.get(numbers[-1])) is not None:
            if parent in numbers:
                raise TrajectoryError(f"in {self._source.name} the node {self._name(parent)!r} is its own parent")
            numbers.append(parent)
        return [self._node(each, tracks.get(each, {})) for each in reversed(numbers)]

    def _node(self, number: int, tracks: dict[str, _Track]) -> _Node:
        node, name = self._nodes[number], self._name(number)
        rest = {"translation": np.zeros(3), "rotation": np.array([0.0, 0, 0, 1]), "scale": np.ones(3)}
        for path, width in _PATHS.items():
            if path in node:
                rest[path] = self._source.numbers(node[path], (width,), f"{path} of {name}")
        matrix = None
        if "matrix" in node:  # by columns
            matrix = self._source.numbers(node["matrix"], (16,), f"the matrix of {name}").reshape(4, 4).T
        self._check_turns(rest["rotation"][None], name)
        return _Node(name=name, number=number, rest=rest, matrix=matrix, tracks=tracks)

    def _check_turns(self, turns: Floats, name: str) -> None:
        error = float(np.abs(np.linalg.norm(turns, axis=1) - 1).max())
        if error > MAX_LENGTH_ERROR:
            raise TrajectoryError(f"a quaternion of {name!r} in {self._source.name} has not length 1")
        self.quaternion_error = max(self.quaternion_error, error)

    def _tracks(self) -> dict[int, dict[str, _Track]]:
        """What moves, by the number of the node; where several animations move one thing, the first does."""
        tracks: dict[int, dict[str, _Track]] = {}
        for animation in self._list("animations"):
            samplers = self._list("samplers", animation)
            for channel in self._list("channels", animation):
                target = channel.get("target")
                if not isinstance(target, dict):
                    raise TrajectoryError(f"a channel of {self._source.name} has no target")
                number, path = target.get("node"), str(target.get("path"))
                if number is None or path not in _PATHS:
                    continue
                own = tracks.setdefault(self._index(number, self._nodes, "a node"), {})
                sampler = samplers[self._index(channel.get("sampler"), samplers, "a sampler")]
                own.setdefault(path, self._track(sampler, path, self._name(number)))
        return tracks

    def _track(self, sampler: dict[str, Any], path: str, name: str) -> _Track:
        kind = str(sampler.get("interpolation", "LINEAR"))
        times, values = self._accessor(sampler.get("input"))[:, 0], self._accessor(sampler.get("output"))
        per_key = 3 if kind == "CUBICSPLINE" else 1
        if kind not in ("LINEAR", "STEP", "CUBICSPLINE"):
            raise TrajectoryError(f"{self._source.name} has an unknown interpolation {kind!r}")
        if values.shape != (per_key * len(times), _PATHS[path]):
            raise TrajectoryError(
                f"the {path} of {name!r} in {self._source.name} has {len(values)} values for {len(times)} keys"
            )
        if not (np.diff(times) > 0).all():
            raise TrajectoryError(f"the times of the {path} of {name!r} in {self._source.name} do not rise")
        parts = values.reshape(len(times), per_key, -1)
        middle = parts[:, per_key // 2]
        if path == "rotation":
            self._check_turns(middle, name)
        return _Track(kind=kind, times=times, values=middle, incoming=parts[:, 0], outgoing=parts[:, -1])

    def _accessor(self, number: Any) -> Floats:
        """The numbers (count, width) of an accessor; normalised whole numbers as the shares that they stand for."""
        source, accessors = self._source, self._list("accessors")
        accessor = accessors[self._index(number, accessors, "an accessor")]
        component, width = self._count(accessor, "componentType", 0), _WIDTHS.get(str(accessor.get("type")))
        dtype, count = _DTYPES.get(component), self._count(accessor, "count", 0)
        if dtype is None or width is None or not count or "sparse" in accessor:
            raise TrajectoryError(f"accessor {number} of {source.name} is of a kind that no camera animation has")
        views = self._list("bufferViews")
        view = views[self._index(accessor.get("bufferView"), views, "a buffer view")]
        data = self._buffer(view.get("buffer"))
        size = np.dtype(dtype).itemsize * width
        stride = self._count(view, "byteStride", size)
        start = self._count(view, "byteOffset", 0) + self._count(accessor, "byteOffset", 0)
        if stride < size:
            raise TrajectoryError(f"accessor {number} of {source.name} has a stride of {stride}, less than its numbers")
        if start + stride * (count - 1) + size > len(data):
            raise TrajectoryError(
                f"accessor {number} of {source.name} reaches past the end of its buffer. Is it whole?"
            )
        little = np.dtype(dtype).newbyteorder("<")
        array = np.ndarray((count, width), little, data, start, (stride, np.dtype(dtype).itemsize))
        values = source.floats(array, f"accessor {number}")
        if dtype is not np.float32 and accessor.get("normalized"):
            values = np.maximum(values / _LARGEST[component], -1.0)
        return values

    def _buffer(self, number: Any) -> bytes:
        source, buffers = self._source, self._list("buffers")
        index = self._index(number, buffers, "a buffer")
        if index not in self._buffers:
            uri = buffers[index].get("uri")
            if uri is None:
                if self._binary is None:
                    raise TrajectoryError(f"{source.name} has no numbers: its binary chunk is missing")
                self._buffers[index] = self._binary
            elif str(uri).startswith("data:"):
                try:
                    self._buffers[index] = base64.b64decode(str(uri).partition(",")[2], validate=True)
                except binascii.Error as error:
                    raise TrajectoryError(f"buffer {index} in {source.name} is damaged: {error}") from error
            else:
                self._buffers[index] = self._beside(str(uri))
        return self._buffers[index]

    def _beside(self, uri: str) -> bytes:
        """A buffer in a file of its own, beside the .gltf or below it, and nowhere else."""
        inner = PurePosixPath(unquote(uri))
        if ":" in uri or inner.is_absolute() or ".." in inner.parts:
            raise TrajectoryError(f"{self._source.name} refers to {uri!r}, which does not lie beside it")
        path = self._source.path.parent / inner
        try:
            return Source(path).bytes
        except TrajectoryError as error:
            raise TrajectoryError(f"{self._source.name} needs the file {short(uri)} beside it: {error}") from error


def _document(parts: list[np.ndarray], lens: Lens, as_text: bool) -> tuple[dict[str, Any], bytes]:
    """The JSON of an animated camera, and its numbers: times (N,), translations (N, 3) and rotations (N, 4)."""
    binary = b"".join(part.tobytes() for part in parts)
    views, accessors, at = [], [], 0
    for part, kind in zip(parts, ("SCALAR", "VEC3", "VEC4"), strict=True):
        views.append({"buffer": 0, "byteOffset": at, "byteLength": part.nbytes})
        accessors.append({"bufferView": len(views) - 1, "componentType": _FLOAT, "count": len(part), "type": kind})
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
    body = struct.pack("<II", len(text), _JSON_CHUNK) + text + struct.pack("<II", len(binary), _BINARY_CHUNK) + binary
    return MAGIC + struct.pack("<II", 2, 12 + len(body)) + body
