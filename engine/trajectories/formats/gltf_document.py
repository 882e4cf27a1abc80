"""A glTF document as stored in a file: JSON, binary chunk, buffers, and the numbers of accessors."""

from __future__ import annotations

import base64
import struct
from pathlib import PurePosixPath
from reprlib import repr as short
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import numpy as np

from engine.poses import Floats
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.source import MAX_BYTES, MAX_LINES, Source
from engine.trajectories.json_text import parsed

MAGIC = b"glTF"
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942
FLOAT = 5126
_DTYPES: dict[int, type[np.generic]] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    FLOAT: np.float32,
}
_LARGEST = {5120: 127.0, 5121: 255.0, 5122: 32767.0, 5123: 65535.0, 5125: 4294967295.0}
"""What stands for 1 in whole numbers that are normalised."""
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}


class Document:
    """A glTF document. Its methods raise TrajectoryError for what is not as glTF has it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._binary: bytes | None = None
        self._buffers: dict[int, bytes] = {}
        self._content = self._open()

    def _open(self) -> dict[str, Any]:
        source = self.source
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
            if kind == JSON_CHUNK and content is None:
                try:
                    text = chunk.decode("utf-8-sig")
                except UnicodeDecodeError as error:
                    raise TrajectoryError(
                        f"the JSON in {source.name} is damaged: byte {error.start} of it is not UTF-8. Copy or export "
                        "it again"
                    ) from error
                content = parsed(text, f"the JSON in {source.name}")
            elif kind == BINARY_CHUNK and self._binary is None:
                self._binary = chunk
            at += 8 + size
        if not isinstance(content, dict):
            raise TrajectoryError(f"{source.name} holds no JSON object")
        return content

    def records(self, key: str, parent: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The objects under a key of the document, or of a part of it; none where there is no such key."""
        value = (self._content if parent is None else parent).get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise TrajectoryError(f'"{key}" of {self.source.name} should be a list of objects')
        return value

    def _count(self, part: dict[str, Any], key: str, default: int) -> int:
        """A whole number, not negative, under a key of a part of the document."""
        value = part.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_BYTES:
            raise TrajectoryError(f'"{key}" of {self.source.name} is {short(value)}; expected a whole number')
        return value

    def index(self, value: Any, of: list[dict[str, Any]], what: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(of):
            raise TrajectoryError(f"{self.source.name} refers to {what} number {value!r}, and has {len(of)}")
        return value

    def accessor(self, number: Any) -> Floats:
        """The numbers (count, width) of an accessor; normalised whole numbers as the shares that they stand for."""
        source, accessors = self.source, self.records("accessors")
        accessor = accessors[self.index(number, accessors, "an accessor")]
        component, width = self._count(accessor, "componentType", 0), _WIDTHS.get(str(accessor.get("type")))
        dtype, count = _DTYPES.get(component), self._count(accessor, "count", 0)
        called = f"accessor {number}"
        if dtype is None or width is None or not count:
            raise TrajectoryError(f"{called} of {source.name} is of a kind that no camera animation has")
        if count > 3 * MAX_LINES:
            raise TrajectoryError(
                f"{called} of {source.name} has {count:,} keys, more than are read of a trajectory. Export fewer"
            )
        if "bufferView" in accessor or "sparse" not in accessor:
            values = self._values(accessor, dtype, (count, width), called)
        else:
            values = np.zeros((count, width))
        if "sparse" in accessor:
            values = self._replaced(values, accessor["sparse"], dtype, called)
        if dtype is not np.float32 and accessor.get("normalized"):
            values = np.maximum(values / _LARGEST[component], -1.0)
        return values

    def _replaced(self, values: Floats, sparse: Any, dtype: type[np.generic], called: str) -> Floats:
        """Values (count, width) of which some are replaced, as a sparse accessor says."""
        if not isinstance(sparse, dict) or not all(isinstance(sparse.get(key), dict) for key in ("indices", "values")):
            raise TrajectoryError(f'"sparse" of {called} of {self.source.name} should have "indices" and "values"')
        places, replacing = sparse["indices"], sparse["values"]
        count = self._count(sparse, "count", 0)
        kind = _DTYPES.get(self._count(places, "componentType", 0))
        if kind not in (np.uint8, np.uint16, np.uint32) or not 0 < count <= len(values):
            raise TrajectoryError(
                f'"sparse" of {called} of {self.source.name} replaces {count} of {len(values)} as glTF does not'
            )
        where = self._values(places, kind, (count, 1), called)[:, 0].astype(np.int64)
        if where.max() >= len(values):
            raise TrajectoryError(
                f'"sparse" of {called} of {self.source.name} replaces number {where.max()}, and there are {len(values)}'
            )
        out = values.copy()
        out[where] = self._values(replacing, dtype, (count, values.shape[1]), called)
        return out

    def _values(self, part: dict[str, Any], dtype: type[np.generic], shape: tuple[int, int], called: str) -> Floats:
        """Numbers of this shape where a part of the document says that they lie."""
        count, width = shape
        views = self.records("bufferViews")
        view = views[self.index(part.get("bufferView"), views, "a buffer view")]
        if view.get("extensions"):
            raise TrajectoryError(
                f"{called} of {self.source.name} is compressed ({short(view['extensions'])}). Export it uncompressed"
            )
        data = self._buffer(view.get("buffer"))
        size = np.dtype(dtype).itemsize * width
        stride = self._count(view, "byteStride", size)
        start = self._count(view, "byteOffset", 0) + self._count(part, "byteOffset", 0)
        if stride < size:
            raise TrajectoryError(f"{called} of {self.source.name} has a stride of {stride}, less than its numbers")
        if start + stride * (count - 1) + size > len(data):
            raise TrajectoryError(f"{called} of {self.source.name} reaches past the end of its buffer. Is it whole?")
        little = np.dtype(dtype).newbyteorder("<")
        array = np.ndarray((count, width), little, data, start, (stride, np.dtype(dtype).itemsize))
        return self.source.floats(array, called, "key")

    def _buffer(self, number: Any) -> bytes:
        source, buffers = self.source, self.records("buffers")
        index = self.index(number, buffers, "a buffer")
        if index not in self._buffers:
            uri = buffers[index].get("uri")
            if uri is None:
                if self._binary is None:
                    raise TrajectoryError(f"{source.name} has no numbers: its binary chunk is missing")
                self._buffers[index] = self._binary
            elif str(uri).startswith("data:"):
                header, _, inside = str(uri).partition(",")
                try:
                    is_base64 = header.endswith(";base64")
                    self._buffers[index] = (
                        base64.b64decode(inside, validate=True) if is_base64 else unquote_to_bytes(inside)
                    )
                except ValueError as error:
                    raise TrajectoryError(f"buffer {index} in {source.name} is damaged: {error}") from error
            else:
                self._buffers[index] = self._beside(str(uri))
        return self._buffers[index]

    def _beside(self, uri: str) -> bytes:
        """A buffer in a file of its own, beside the .gltf or below it, and nowhere else."""
        # Unescaped first: C%3A is a drive, %5C%5Cserver a share. No uri has a backslash, but Windows takes one as /.
        name = unquote(uri, errors="replace").replace("\\", "/")
        inner = PurePosixPath(name)
        if ":" in name or "\0" in name or inner.is_absolute() or ".." in inner.parts:
            raise TrajectoryError(
                f"{self.source.name} refers to {short(uri)}, which does not lie beside it. Put the file there, or "
                "export with the numbers in it"
            )
        path = self.source.path.parent / inner
        try:
            return Source(path).bytes
        except TrajectoryError as error:
            raise TrajectoryError(f"{self.source.name} needs the file {short(uri)} beside it: {error}") from error
