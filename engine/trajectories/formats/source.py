"""Owns the bytes of a file that is to be read as a trajectory: text, tables of numbers, JSON and arrays, safely."""

from __future__ import annotations

import io
import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from engine.poses import Floats
from engine.trajectories.errors import TrajectoryError

MAX_BYTES = 500_000_000
MAX_LINES = 1_000_000
"""Of a table with one pose a line: fourteen hours of video."""
COMMENT = "#"
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


class Source:
    """One file, or a folder that stands for one; what is read once is kept. Its methods raise TrajectoryError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.suffix = path.suffix.lower()
        try:
            self.is_folder = path.is_dir()
        except OSError:  # a name too long for any file
            self.is_folder = False

    @cached_property
    def bytes(self) -> bytes:
        try:
            if self.is_folder:
                raise TrajectoryError(f"{self.path} is a folder; give a file, or a folder with COLMAP's images.txt")
            if self.path.stat().st_size > MAX_BYTES:
                raise TrajectoryError(f"{self.name} is larger than {MAX_BYTES // 1_000_000} MB, which no trajectory is")
            content = self.path.read_bytes()
        except OSError as error:
            raise TrajectoryError(
                f"the trajectory file {self.path} cannot be read: {error.strerror or error}"
            ) from error
        except ValueError as error:
            if isinstance(error, TrajectoryError):
                raise
            raise TrajectoryError(f"the trajectory file {str(self.path)!r} cannot be read: {error}") from error
        if not content.strip():
            raise TrajectoryError(f"{self.name} is empty; expected poses in it. Copy or export it again")
        return content

    @cached_property
    def text(self) -> str:
        """As UTF-8, with or without a byte order mark, or as UTF-16 with one; lines may end in any way."""
        encoding = "utf-16" if self.bytes[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        try:
            text = self.bytes.decode(encoding)
        except UnicodeDecodeError as error:
            raise TrajectoryError(
                f"{self.name} is not a text file (byte {error.start} is not {encoding.upper()[:6].rstrip('-')})"
            ) from error
        if "\0" in text:
            raise TrajectoryError(f"{self.name} is not a text file: it holds zero bytes")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def is_text(self) -> bool:
        try:
            return bool(self.text)
        except TrajectoryError:
            return False

    @cached_property
    def is_json(self) -> bool:
        """Whether it begins as JSON does; it may still be damaged."""
        return not self.is_folder and self.is_text and self.text.lstrip()[:1] in ("{", "[")

    @cached_property
    def content(self) -> Any:
        """The JSON in it."""
        try:
            return json.loads(self.text)
        except json.JSONDecodeError as error:
            raise TrajectoryError(
                f"{self.name} is not whole JSON: {error.msg} at line {error.lineno}, column {error.colno}. "
                "Copy or export it again"
            ) from error
        except (ValueError, RecursionError) as error:
            raise TrajectoryError(f"{self.name} cannot be read as JSON: {error}") from error

    @cached_property
    def record(self) -> dict[str, Any]:
        """The JSON object in it, empty where it is none: for telling one format from another."""
        return self.content if self.is_json and isinstance(self.content, dict) else {}

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Number, from 1, and words of every line that is neither empty nor a comment."""
        if self.text.count("\n") > MAX_LINES:
            raise TrajectoryError(f"{self.name} has more than {MAX_LINES:,} lines; cut it to the part that is wanted")
        for number, line in enumerate(self.text.split("\n"), 1):
            words = line.split()
            if words and not words[0].startswith(COMMENT):
                yield number, words

    @cached_property
    def first_words(self) -> list[str]:
        """Of the first line that is neither empty nor a comment."""
        return next(self.lines(), (0, []))[1] if self.is_text else []

    def table(
        self, columns: Collection[int], meaning: str, lines: Iterator[tuple[int, list[str]]] | None = None
    ) -> Table:
        """The numbers of its lines, which must all have the same number of columns, one of `columns`."""
        rows: list[list[float]] = []
        numbers: list[int] = []
        for number, words in self.lines() if lines is None else lines:
            if len(words) not in columns or (rows and len(words) != len(rows[0])):
                wanted = str(len(rows[0])) if rows else " or ".join(map(str, sorted(columns)))
                raise TrajectoryError(
                    f"line {number} of {self.name} has {len(words)} columns, expected {wanted} ({meaning}). Is the "
                    "file whole, and of this format?"
                )
            rows.append([self.number(word, f"line {number}") for word in words])
            numbers.append(number)
        if not rows:
            raise TrajectoryError(f"{self.name} holds no line with numbers; expected {meaning}")
        return Table(np.array(rows), tuple(f"line {number}" for number in numbers))

    def number(self, value: Any, place: str) -> float:
        """A finite number, given as one or as text."""
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
                raise ValueError
            number = float(value)
        except (ValueError, OverflowError):
            raise TrajectoryError(f"{place} of {self.name}: expected a number, got {short(value)}") from None
        if not np.isfinite(number):
            raise TrajectoryError(f"{place} of {self.name} holds {value}; every number of a pose must be finite")
        return number

    def numbers(self, value: Any, shape: tuple[int, ...], place: str) -> Floats:
        """Finite numbers nested in lists as `shape` says."""
        if not isinstance(value, list) or len(value) != shape[0]:
            found = f"a list of {len(value)}" if isinstance(value, list) else short(value)
            raise TrajectoryError(f"{place} of {self.name}: expected a list of {shape[0]}, got {found}")
        if len(shape) == 1:
            return np.array([self.number(entry, place) for entry in value])
        return np.stack([self.numbers(entry, shape[1:], place) for entry in value])

    def objects(self, value: Any, place: str) -> list[dict[str, Any]]:
        """A list of JSON objects."""
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise TrajectoryError(f"{place} of {self.name} should be a list of objects, got {short(value)}")
        if not value:
            raise TrajectoryError(f"{place} of {self.name} is empty; a trajectory needs at least two poses")
        return value

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of an .npz file by name, or of an .npy file under "". Python objects in it are refused unread."""
        try:
            loaded = np.load(io.BytesIO(self.bytes), allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"": loaded}
            with loaded:
                return {name: loaded[name] for name in loaded.files}
        except _UNREADABLE as error:
            if "pickle" in str(error):
                raise TrajectoryError(
                    f"{self.name} holds Python objects, which may run a program when they are read; nothing in it was "
                    "run. Save it as a plain array of numbers"
                ) from error
            raise TrajectoryError(
                f"{self.name} is no whole array of numbers: {error}. Copy or save it again"
            ) from error

    @property
    def is_array(self) -> bool:
        """Whether it begins as an .npy or .npz file does."""
        return not self.is_folder and (self.bytes[:6] == b"\x93NUMPY" or self.bytes[:4] == b"PK\x03\x04")

    def floats(self, array: np.ndarray, name: str = "") -> Floats:
        """An array of real, finite numbers as float64."""
        called = f"the array {name!r} in {self.name}" if name else f"the array in {self.name}"
        if array.dtype.kind not in "fiu":
            raise TrajectoryError(f"{called} holds {array.dtype}; expected real numbers")
        if not array.size:
            raise TrajectoryError(f"{called} is empty; expected poses in it")
        with np.errstate(invalid="ignore"):  # what is not a number is told below
            values = array.astype(np.float64)
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            raise TrajectoryError(f"pose {bad[0][0]} of {called} holds a number that is not finite")
        return values


class Table:
    """Numbers (N, columns) and the place in the file of each row, for messages."""

    def __init__(self, rows: Floats, places: tuple[str, ...]) -> None:
        self.rows = rows
        self.places = places


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file that appears whole or not at all; text as UTF-8."""
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def line_of(numbers: Collection[float]) -> str:
    """Numbers as text that gives the same float64 back, blanks between."""
    return " ".join(repr(float(number)) for number in numbers)
