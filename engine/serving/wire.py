"""Messages as bytes: a JSON header of limited length, then arrays one after another. Nothing read is ever run.

A message is a frozen dataclass of plain values, numpy arrays, action modalities (by name), settings, and dataclasses of
the same. What comes in is checked against the types of its fields: a message that does not fit them is a `WireError`.

    prefix   4 bytes "ASTW", header length (uint32), body length (uint64), little-endian
    header   {"type": ..., "fields": {...}, "arrays": [[dtype, shape], ...]}; an array in `fields` is its number
    body     the arrays' bytes, C order, little-endian
"""

from __future__ import annotations

import json
import struct
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from engine.actions.modality import Modality, modality
from engine.settings import Settings

MAX_HEADER_BYTES = 4 * 2**20
MAX_BODY_BYTES = 2**30
"""A chunk of 64 latents at 480 x 832 has 310 MB of frames."""
MAX_ARRAYS = 64
PREFIX = struct.Struct("<4sIQ")
_MAGIC = b"ASTW"
_DTYPES = {
    name: np.dtype(name).newbyteorder("<") for name in ("uint8", "int32", "int64", "float16", "float32", "float64")
}
_SCALARS = (bool, int, float, str)


class WireError(ValueError):
    """Bytes that are no message of the kind that is expected here."""


def message_types(*kinds: type) -> dict[str, type]:
    """Messages that one end of a link takes, by name."""
    return {kind.__name__: kind for kind in kinds}


def encode(message: Any) -> Iterator[bytes | memoryview]:
    """The bytes of a message in pieces; arrays are not copied where they lie in order in memory."""
    arrays: list[np.ndarray] = []
    plain = _plain(message, arrays)
    described = [[array.dtype.name, list(array.shape)] for array in arrays]
    header = {"type": type(message).__name__, "fields": plain, "arrays": described}
    try:
        text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    except ValueError as error:
        raise WireError(f"a message has finite numbers outside its arrays: {error}") from error
    if len(text) > MAX_HEADER_BYTES:
        raise WireError(f"the header of a message has at most {MAX_HEADER_BYTES} bytes, got {len(text)}")
    yield PREFIX.pack(_MAGIC, len(text), sum(array.nbytes for array in arrays)) + text
    for array in arrays:
        if array.nbytes:
            yield array.reshape(-1).data.cast("B")


def read_message(read: Callable[[int], bytes | bytearray], kinds: Mapping[str, type]) -> Any:
    """The next message of a stream; its arrays are read-only.

    `read` gives exactly so many bytes, or raises EOFError. Raises WireError for bytes that are no message of `kinds`.
    """
    magic, header_bytes, body_bytes = PREFIX.unpack(read(PREFIX.size))
    if magic != _MAGIC:
        raise WireError(f"a message begins with {_MAGIC!r}, got {magic!r}")
    if header_bytes > MAX_HEADER_BYTES or body_bytes > MAX_BODY_BYTES:
        raise WireError(
            f"a message has at most {MAX_HEADER_BYTES} + {MAX_BODY_BYTES} bytes, got {header_bytes} + {body_bytes}"
        )
    try:
        header = json.loads(read(header_bytes), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the header of a message is no JSON: {error}") from error
    if not isinstance(header, dict) or set(header) != {"type", "fields", "arrays"}:
        raise WireError("the header of a message has a type, fields and arrays")
    kind = kinds.get(header["type"]) if isinstance(header["type"], str) else None
    if kind is None:
        raise WireError(f"a message here is one of {', '.join(kinds)}, got {header['type']!r}")
    arrays = _arrays(header["arrays"], body_bytes, read)
    return _structured(header["fields"], kind, kind.__name__, arrays)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no finite number")


# ---------------------------------------------------------------------- out


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    if value is None or type(value) in _SCALARS:
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.name not in _DTYPES or len(arrays) >= MAX_ARRAYS:
            raise WireError(f"a message has at most {MAX_ARRAYS} arrays of {', '.join(_DTYPES)}, got {value.dtype}")
        arrays.append(np.ascontiguousarray(value, _DTYPES[value.dtype.name]))
        return len(arrays) - 1
    if isinstance(value, Modality):
        return value.name
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(member, arrays) for name, member in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(member, arrays) for member in value]
    if is_dataclass(value):
        return {entry.name: _plain(getattr(value, entry.name), arrays) for entry in fields(value) if entry.init}
    if isinstance(value, _SCALARS):  # a subclass, such as a float of numpy's
        return next(scalar(value) for scalar in _SCALARS if isinstance(value, scalar))
    raise WireError(f"a message cannot hold a {type(value).__name__}")


# ---------------------------------------------------------------------- in


def _arrays(described: Any, body_bytes: int, read: Callable[[int], bytes | bytearray]) -> list[np.ndarray]:
    if not isinstance(described, list) or len(described) > MAX_ARRAYS:
        raise WireError(f"a message has at most {MAX_ARRAYS} arrays")
    shapes: list[tuple[np.dtype[Any], tuple[int, ...]]] = []
    for entry in described:
        is_entry = isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], list)
        if not is_entry or not isinstance(entry[0], str) or entry[0] not in _DTYPES or len(entry[1]) > 8:
            raise WireError(f"an array has a type of {', '.join(_DTYPES)} and a shape, got {str(entry)[:80]}")
        if not all(type(size) is int and 0 <= size <= MAX_BODY_BYTES for size in entry[1]):
            raise WireError(f"the shape of an array is whole numbers, got {str(entry[1])[:80]}")
        shapes.append((_DTYPES[entry[0]], tuple(entry[1])))
    needed = [dtype.itemsize * prod(shape) for dtype, shape in shapes]
    if sum(needed) != body_bytes:
        raise WireError(f"the arrays of a message need {sum(needed)} bytes, got {body_bytes}")
    found = []
    for (dtype, shape), size in zip(shapes, needed, strict=True):
        array = np.frombuffer(read(size), dtype).reshape(shape)
        array.flags.writeable = False
        found.append(array)
    return found


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _structured(value: Any, hint: Any, place: str, arrays: Sequence[np.ndarray]) -> Any:
    """The value that a JSON value stands for in a field of this type. Raises WireError."""
    if is_dataclass(hint) and hint is not Modality:
        return _dataclass(value, hint, place, arrays)  # type: ignore[arg-type]
    origin, args = get_origin(hint), get_args(hint)
    if hint is None or hint is type(None):
        return _checked(value, value is None, "nothing", place)
    if hint is Any:
        return _checked(value, value is None or isinstance(value, (*_SCALARS, list, dict)), "a plain value", place)
    if origin in (Union, types.UnionType):
        return _of_union(value, args, place, arrays)
    if origin is Literal:
        return _checked(value, value in args, f"one of {args}", place)
    if hint is float:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return _checked(value, is_number, "a number", place)
    if hint in (bool, int, str):
        return _checked(value, type(value) is hint, hint.__name__, place)
    if hint is Path:
        return Path(_checked(value, isinstance(value, str), "a path", place))
    if hint is Modality:
        return _made(lambda: modality(str(value)), place)
    if origin is np.ndarray:
        return _array(value, np.dtype(get_args(args[1])[0]) if get_args(args[1])[0] is not Any else None, place, arrays)
    if origin is tuple:
        return _tuple(value, args, place, arrays)
    if hint is Settings or (isinstance(origin, type) and issubclass(origin, Mapping)):
        _checked(value, isinstance(value, dict), "an object", place)
        if hint is Settings:
            return _made(lambda: Settings(value), place)
        return {name: _structured(member, args[1], f"{place}.{name}", arrays) for name, member in value.items()}
    raise AssertionError(f"{place} has a type that no message can hold: {hint}")


def _dataclass(value: Any, kind: type, place: str, arrays: Sequence[np.ndarray]) -> Any:
    _checked(value, isinstance(value, dict), "an object", place)
    hints = _hints(kind)
    names = {entry.name for entry in fields(kind) if entry.init}
    if set(value) != names:
        raise WireError(f"{place} has the fields {', '.join(sorted(names))}, got {', '.join(sorted(map(str, value)))}")
    given = {name: _structured(value[name], hints[name], f"{place}.{name}", arrays) for name in names}
    return _made(lambda: kind(**given), place)


def _of_union(value: Any, members: tuple[Any, ...], place: str, arrays: Sequence[np.ndarray]) -> Any:
    if value is None and type(None) in members:
        return None
    for member in members:
        if member is type(value):  # an int stays an int beside a float
            return value
    last: WireError | None = None
    for member in members:
        if member is not type(None):
            try:
                return _structured(value, member, place, arrays)
            except WireError as error:
                last = error
    raise last or WireError(f"{place} cannot be empty")


def _tuple(value: Any, args: tuple[Any, ...], place: str, arrays: Sequence[np.ndarray]) -> Any:
    _checked(value, isinstance(value, list), "a list", place)
    hints = [args[0]] * len(value) if len(args) == 2 and args[1] is Ellipsis else list(args)
    _checked(value, len(value) == len(hints), f"a list of {len(hints)}", place)
    pairs = enumerate(zip(value, hints, strict=True))
    return tuple(_structured(member, hint, f"{place}[{number}]", arrays) for number, (member, hint) in pairs)


def _array(value: Any, dtype: np.dtype[Any] | None, place: str, arrays: Sequence[np.ndarray]) -> np.ndarray:
    _checked(value, type(value) is int and 0 <= value < len(arrays), "the number of an array", place)
    found: np.ndarray = arrays[value]
    if dtype is not None and found.dtype != dtype:
        raise WireError(f"{place} is an array of {dtype}, got {found.dtype}")
    return found


def _checked(value: Any, is_right: bool, expected: str, place: str) -> Any:
    if not is_right:
        raise WireError(f"{place} is {expected}, got {str(value)[:80]!r}")
    return value


def _made(make: Callable[[], Any], place: str) -> Any:
    try:
        return make()
    except WireError:
        raise
    except (ValueError, TypeError) as error:
        raise WireError(f"{place} cannot be: {error}") from error
