"""Reader of TFRecord files of tf.train.Example messages, without TensorFlow.

A record is its length (uint64), the masked CRC-32C of those 8 bytes, the data, and the masked CRC-32C of the data, all
little-endian (tensorflow/core/lib/io/record_writer.h). An Example is the protocol buffer message of
tensorflow/core/example/{example,feature}.proto: `features` (field 1) with a map `feature` (field 1) from names to one
of `bytes_list` (1), `float_list` (2) and `int64_list` (3), each with a repeated `value` (1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from engine.training.datasets.errors import ClipError

Feature = list[bytes] | NDArray[np.float32] | NDArray[np.int64]

_HEADER = struct.Struct("<QI")
_CHECK = struct.Struct("<I")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
"""Wire types of protocol buffers. Groups, 3 and 4, are not used any more."""
_MAX_VARINT_BITS = 64


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum of TFRecord files: CRC-32C, rotated right by 15 bits, plus a constant."""
    crc = google_crc32c.value(bytes(data))
    return (crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8 & 0xFFFFFFFF


def record_places(path: Path) -> Iterator[tuple[int, int]]:
    """Where the data of each record begins in the file, and its length. Reads the headers only.

    Raises ClipError where a header is damaged: the records after it cannot be found any more.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at < size:
            file.seek(at)
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                raise ClipError(f"{path.name} is cut short after {at} bytes. Copy or download it again")
            length, check = _HEADER.unpack(header)
            if masked_crc32c(header[:8]) != check:
                raise ClipError(f"{path.name} is damaged at byte {at}, or is no TFRecord file. Download it again")
            yield at + _HEADER.size, length
            at += _HEADER.size + length + _CHECK.size


def read_example(path: Path, place: tuple[int, int]) -> dict[str, Feature]:
    """The features of one record by name. Raises ClipError for one that is cut short, damaged or no Example."""
    start, length = place
    if start + length + _CHECK.size > path.stat().st_size:
        raise ClipError(f"{path.name} is cut short within the record at byte {start}. Copy or download it again")
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(length)
        (check,) = _CHECK.unpack(file.read(_CHECK.size))
    if masked_crc32c(data) != check:
        raise ClipError(f"{path.name} is damaged in the record at byte {start}. Copy or download it again")
    try:
        return _features(memoryview(data))
    except (ValueError, IndexError) as error:
        raise ClipError(f"{path.name}: the record at byte {start} is no tf.train.Example: {error}") from error


def _features(example: memoryview) -> dict[str, Feature]:
    features: dict[str, Feature] = {}
    for _, message in _only(_fields(example), 1):
        for _, pair in _only(_fields(message), 1):
            entry = {number: value for number, value in _fields(pair) if isinstance(value, memoryview)}
            if 1 in entry:
                features[bytes(entry[1]).decode("utf-8")] = _feature(entry.get(2, memoryview(b"")))
    return features


def _feature(message: memoryview) -> Feature:
    for kind, values in _fields(message):
        if not isinstance(values, memoryview):
            continue
        if kind == 1:
            return [bytes(value) for _, value in _only(_fields(values), 1)]
        if kind == 2:
            # Packed into one field, as writers do, or one field of 4 bytes each: the bytes are the same.
            packed = b"".join(bytes(value) for _, value in _only(_fields(values), 1))
            return np.frombuffer(packed, "<f4").astype(np.float32)
        if kind == 3:
            return np.array(_integers(values), np.int64)
    return []


def _integers(values: memoryview) -> list[int]:
    found: list[int] = []
    for number, value in _fields(values):
        if number != 1:
            continue
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            found.append(one)
    # Negative numbers are written as their two's complement.
    return [value - (1 << 64) if value >> 63 else value for value in found]


def _only(fields: Iterator[tuple[int, memoryview | int]], wanted: int) -> Iterator[tuple[int, memoryview]]:
    for number, value in fields:
        if number == wanted and isinstance(value, memoryview):
            yield number, value


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Numbers and values of the fields of a message: integers of varints, the bytes of all others."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(message, at)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"field {number} has wire type {wire}, which it cannot have")
        if at + length > len(message):
            raise ValueError(f"field {number} is longer than what holds it")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at a place, and the place after it."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift >= _MAX_VARINT_BITS + 7:
            raise ValueError("a number in it does not end")
