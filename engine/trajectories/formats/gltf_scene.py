"""Part of a glTF scene that moves a camera: its parent nodes, and their animations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any

import numpy as np

from engine import poses
from engine.poses import Floats
from engine.rotations import assembled, slerp
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.gltf_document import Document
from engine.trajectories.formats.parts import MAX_LENGTH_ERROR
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Lens, are_fovs, lens_of_fov
from engine.trajectories.timing import hermite

_PATHS = {"translation": 3, "rotation": 4, "scale": 3}
_UNMOVING = ("weights", "pointer")
"""What else a channel may animate, which moves no node."""
_DEEPEST = 1000
"""Nodes above each other; rigs of characters have a hundred."""
_SINGLE = 1.2e-7
_NOTHING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class _Track:
    """One animated property of a node: keys (K,) and values (K, n), and for splines tangents (K, n) a second."""

    kind: str
    times: Floats
    values: Floats
    incoming: Floats
    outgoing: Floats

    def at(self, times: Floats, *, turns: bool) -> Floats:
        if len(self.times) == 1:
            return np.repeat(self.values, len(times), axis=0)
        at = np.clip(times, self.times[0], self.times[-1])
        if self.kind == "STEP":
            # A moment that single precision cannot tell from a key's is that key's.
            at = np.minimum(at + _SINGLE * np.abs(at), self.times[-1])
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
class Node:
    """A node on the way to the camera: its resting transform and what moves."""

    name: str
    number: int
    rest: dict[str, Floats]
    matrix: Floats | None
    tracks: dict[str, _Track]

    def local(self, times: Floats) -> Floats:
        """Transforms (M, 4, 4) from its own axes to its parent's."""
        if self.matrix is not None:
            return np.repeat(self.matrix[None], len(times), axis=0)
        parts = {}
        for path, rest in self.rest.items():
            track = self.tracks.get(path)
            parts[path] = (
                np.repeat(rest[None], len(times), axis=0)
                if track is None
                else track.at(times, turns=path == "rotation")
            )
        if (np.linalg.norm(parts["rotation"], axis=1) < _NOTHING).any():
            raise TrajectoryError(
                f"the spline of the rotation of {self.name!r} passes through nothing between opposite keys. "
                "Give its keys the same sign, or export it as LINEAR"
            )
        rotations = poses.quaternion_to_matrix(parts["rotation"]) * parts["scale"][:, None, :]
        return assembled(rotations, parts["translation"])


def global_poses(chain: list[Node], times: Floats) -> Floats:
    """Poses (M, 4, 4) of the last node of a chain, without its scale."""
    whole = np.repeat(np.eye(4)[None], len(times), axis=0)
    for node in chain:
        whole = whole @ node.local(times)
    lengths = np.linalg.norm(whole[:, :3, :3], axis=1, keepdims=True)
    if not (lengths > 1e-12).all():
        raise TrajectoryError(f"the node {chain[-1].name!r} is scaled to nothing, and has no direction")
    whole[:, :3, :3] /= lengths
    return whole


class Scene:
    """A glTF document, read as far as its cameras. Its methods raise TrajectoryError."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._document = Document(source)
        self.notes: list[str] = []
        self.cameras: tuple[str, ...] = ()
        """The names of its cameras, where it has several."""
        self.quaternion_error = 0.0
        self._nodes = self._document.records("nodes")
        self._parents: dict[int, int] = {}
        for number, node in enumerate(self._nodes):
            children = node.get("children", [])
            if not isinstance(children, list):
                raise TrajectoryError(f'"children" of {source.name} should be a list, got {short(children)}')
            for child in children:
                self._parents[self._document.index(child, self._nodes, "a child")] = number

    def camera_chain(self, wanted: str | None) -> list[Node]:
        """The nodes from a root to the camera: the one of that name, or the first that moves."""
        cameras = [number for number, node in enumerate(self._nodes) if "camera" in node]
        if not cameras:
            raise TrajectoryError(f"{self._source.name} holds no node with a camera. Export it with cameras")
        names = {number: self._name(number) for number in cameras}
        if wanted is not None:
            cameras = [number for number in cameras if names[number] == wanted]
            if not cameras:
                raise TrajectoryError(
                    f"{self._source.name} has no camera {wanted!r}; there are {', '.join(list(names.values())[:12])}"
                )
        tracks = self._tracks()
        moves: dict[int, bool] = {}
        chosen = self._chain(next((each for each in cameras if self._moves(each, tracks, moves)), cameras[0]), tracks)
        self.cameras = tuple(dict.fromkeys(names.values())) if len(names) > 1 else ()
        others = [name for number, name in names.items() if number != chosen[-1].number]
        if others and wanted is None:
            self.notes.append(f"the camera {chosen[-1].name} is read; it also holds {', '.join(others[:12])}")
        return chosen

    def lens(self, node: Node, count: int) -> Lens | None:
        cameras = self._document.records("cameras")
        camera = cameras[self._document.index(self._nodes[node.number]["camera"], cameras, "a camera")]
        perspective = camera.get("perspective")
        if not isinstance(perspective, dict) or "yfov" not in perspective:
            return None
        yfov = self._source.number(perspective["yfov"], '"yfov"')
        if not are_fovs(np.array(yfov)):
            raise TrajectoryError(f'"yfov" of {self._source.name} is {yfov:g} rad; expected more than 0, less than pi')
        aspect = perspective.get("aspectRatio")
        given = [] if not aspect else [self._source.number(aspect, '"aspectRatio"')]
        return lens_of_fov(np.full(count, yfov), *given)

    def _name(self, number: int) -> str:
        return str(self._nodes[number].get("name") or f"node {number}")

    def _moves(self, number: int, tracks: dict[int, dict[str, _Track]], known: dict[int, bool]) -> bool:
        """Whether a node or one above it is animated; what is found out of the nodes on the way is kept in `known`."""
        chain = []
        for each in self._upward(number):
            if each in known:
                break
            chain.append(each)
            if tracks.get(each):
                known[each] = True
                break
        found = known.get(each, False)
        known.update(dict.fromkeys(chain, found))
        return found

    def _chain(self, number: int, tracks: dict[int, dict[str, _Track]]) -> list[Node]:
        return [self._node(each, tracks.get(each, {})) for each in reversed(list(self._upward(number)))]

    def _upward(self, number: int) -> Iterator[int]:
        """The node and all above it, to the root."""
        seen = {number}
        yield number
        while (parent := self._parents.get(number)) is not None:
            if parent in seen:
                raise TrajectoryError(f"in {self._source.name} the node {self._name(parent)!r} is its own parent")
            if len(seen) == _DEEPEST:
                raise TrajectoryError(
                    f"the nodes of {self._source.name} are nested in each other more than {_DEEPEST:,} times, which no "
                    "scene's are. Export it again"
                )
            seen.add(parent)
            number = parent
            yield number

    def _node(self, number: int, tracks: dict[str, _Track]) -> Node:
        node, name = self._nodes[number], self._name(number)
        rest = {"translation": np.zeros(3), "rotation": np.array([0.0, 0, 0, 1]), "scale": np.ones(3)}
        for path, width in _PATHS.items():
            if path in node:
                rest[path] = self._source.numbers(node[path], (width,), f"{path} of {name}")
        matrix = None
        if "matrix" in node:  # by columns
            matrix = self._source.numbers(node["matrix"], (16,), f"the matrix of {name}").reshape(4, 4).T
            if tracks:
                raise TrajectoryError(
                    f"the node {name!r} of {self._source.name} is animated and has a matrix, which glTF forbids. "
                    "Export it with translation, rotation and scale"
                )
        self._check_turns(rest["rotation"][None], name)
        return Node(name=name, number=number, rest=rest, matrix=matrix, tracks=tracks)

    def _check_turns(self, turns: Floats, name: str) -> None:
        lengths = np.linalg.norm(turns, axis=1)
        errors = np.abs(lengths - 1)
        if errors.max() > MAX_LENGTH_ERROR:
            bad = int(np.argmax(errors > MAX_LENGTH_ERROR))
            raise TrajectoryError(
                f"key {bad} of the rotation of {name!r} in {self._source.name}: the quaternion has length "
                f"{lengths[bad]:.4g}, expected 1. Export it again"
            )
        self.quaternion_error = max(self.quaternion_error, float(errors.max()))

    def _tracks(self) -> dict[int, dict[str, _Track]]:
        """What moves, by the number of the node; where several animations move one thing, the first does."""
        tracks: dict[int, dict[str, _Track]] = {}
        animations = self._document.records("animations")
        if len(animations) > 1:
            self.notes.append(
                f"it holds {len(animations)} animations; where several move the same thing the first of them is read"
            )
        for animation in animations:
            samplers = self._document.records("samplers", animation)
            for channel in self._document.records("channels", animation):
                target = channel.get("target")
                if not isinstance(target, dict):
                    raise TrajectoryError(f"a channel of {self._source.name} has no target")
                number, path = target.get("node"), str(target.get("path"))
                if path not in _PATHS and path not in _UNMOVING:
                    raise TrajectoryError(
                        f"a channel of {self._source.name} has the path {short(path)}; expected {', '.join(_PATHS)} or "
                        f"{', '.join(_UNMOVING)}. Export it again"
                    )
                if number is None or path not in _PATHS:
                    continue
                own = tracks.setdefault(self._document.index(number, self._nodes, "a node"), {})
                sampler = samplers[self._document.index(channel.get("sampler"), samplers, "a sampler")]
                own.setdefault(path, self._track(sampler, path, self._name(number)))
        return tracks

    def _track(self, sampler: dict[str, Any], path: str, name: str) -> _Track:
        kind = str(sampler.get("interpolation", "LINEAR"))
        times, values = (
            self._document.accessor(sampler.get("input"))[:, 0],
            self._document.accessor(sampler.get("output")),
        )
        per_key = 3 if kind == "CUBICSPLINE" else 1
        if kind not in ("LINEAR", "STEP", "CUBICSPLINE"):
            raise TrajectoryError(f"{self._source.name} has an unknown interpolation {kind!r}")
        if values.shape != (per_key * len(times), _PATHS[path]):
            raise TrajectoryError(
                f"the {path} of {name!r} in {self._source.name} has {len(values)} values for {len(times)} keys"
            )
        late = np.flatnonzero(np.diff(times) <= 0)
        if len(late):
            bad = int(late[0]) + 1
            raise TrajectoryError(
                f"key {bad} of the {path} of {name!r} in {self._source.name}: its time, {times[bad]:g}, does not come "
                f"after {times[bad - 1]:g}. Sort the keys by time"
            )
        parts = values.reshape(len(times), per_key, -1)
        middle = parts[:, per_key // 2]
        if path == "rotation":
            self._check_turns(middle, name)
        return _Track(kind=kind, times=times, values=middle, incoming=parts[:, 0], outgoing=parts[:, -1])
