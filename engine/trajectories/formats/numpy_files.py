"""Reads numpy's .npy and .npz of strangers: no Python objects, nothing that is not asked for, nothing of a size that no
trajectory has, however small it lies in an archive."""

from __future__ import annotations

import io
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO

import numpy as np
from numpy.lib import format as npy

from engine.trajectories.errors import TrajectoryError

MAX_ARRAY_BYTES = 256_000_000
"""Unpacked: two million poses in double precision."""
_NPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# What numpy and the libraries below it raise for a damaged array: its header is an expression of Python, read as text.
_UNREADABLE = (
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    EOFError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def is_numpy(data: bytes) -> bool:
    """Whether it begins as an .npy or .npz file does."""
    return data.startswith((_NPY, _ZIP))


class Arrays(Mapping[str, np.ndarray]):
    """The arrays of an .npz file by name, or of an .npy file under "": each is unpacked when it is asked for.

    Raises TrajectoryError for a file or an array that cannot be read.
    """

    def __init__(self, data: bytes, file: str) -> None:
        self._file, self._data = file, data
        self._kept: dict[str, np.ndarray] = {}
        self._members: dict[str, zipfile.ZipInfo] | None = None
        if data.startswith(_ZIP):
            try:
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    self._members = {i.filename[:-4]: i for i in archive.infolist() if i.filename.endswith(".npy")}
            except _UNREADABLE as error:
                raise self._damaged(error) from error
        elif not data.startswith(_NPY):
            raise TrajectoryError(
                f"{file} does not begin as an .npy or .npz file does, and nothing in it was run. Save the poses with "
                "numpy.save as a plain array of numbers"
            )

    def __iter__(self) -> Iterator[str]:
        return iter([""] if self._members is None else self._members)

    def __len__(self) -> int:
        return 1 if self._members is None else len(self._members)

    def __contains__(self, name: object) -> bool:
        return name == "" if self._members is None else name in self._members

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self:
            raise KeyError(name)
        if name not in self._kept:
            try:
                with self._opened(name) as stream:
                    self._kept[name] = self._array(name, stream)
            except _UNREADABLE as error:
                raise self._damaged(error, name) from error
        return self._kept[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape that an array says it has, without unpacking it; a damaged one has none."""
        try:
            with self._opened(name) as stream:
                return _header(stream)[0]
        except _UNREADABLE:
            return ()

    def _opened(self, name: str) -> IO[bytes]:
        if self._members is None:
            return io.BytesIO(self._data)
        return zipfile.ZipFile(io.BytesIO(self._data)).open(self._members[name])

    def _array(self, name: str, stream: IO[bytes]) -> np.ndarray:
        shape, dtype = _header(stream)
        called = f"the array {name!r} in {self._file}" if name else self._file
        if dtype.hasobject:
            raise TrajectoryError(
                f"{called} holds Python objects, which may run a program when they are read; nothing in it was run. "
                "Save it as a plain array of numbers"
            )
        size = dtype.itemsize
        for length in shape:
            size *= length
        if size > MAX_ARRAY_BYTES:
            raise TrajectoryError(
                f"{called} says that it has the shape {shape}, more than the {MAX_ARRAY_BYTES // 1_000_000} MB that "
                "are read of a trajectory. Save the poses alone, or a part of them"
            )
        stream.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a header as Python 2 wrote it is as good as another
            return np.asarray(npy.read_array(stream, allow_pickle=False))

    def _damaged(self, error: BaseException, name: str = "") -> TrajectoryError:
        if isinstance(error, TrajectoryError):
            return error
        called = f"the array {name!r} in {self._file}" if name else self._file
        return TrajectoryError(f"{called} is no whole array of numbers: {error}. Copy or save it again")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"it is of version {version} of numpy's format, which plain numbers do not need")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        shape, _, dtype = _HEADERS[version](stream)
    return shape, dtype
