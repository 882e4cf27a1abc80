"""Bytes of a file to be read as a trajectory: as text, tables of numbers, JSON or arrays, safely."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from engine.poses import Floats
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.numpy_files import Arrays, is_numpy
from engine.trajectories.json_text import parsed

MAX_BYTES = 500_000_000
MAX_LINES = 1_000_000
"""Of a table with one pose a line: fourteen hours of video."""
MAX_LINE = 100_000
"""Characters of a line of a table; a pose has some hundreds."""
COMMENT = "#"
_BLOCK = 8192
"""Lines that are turned into numbers at once."""
_SAMPLED = 50
"""Lines by which a table is told from another."""


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
                raise TrajectoryError(f"{self.path} is a folder; give a file, or a folder with images.txt or poses.npy")
            about = self.path.stat()
            if not stat.S_ISREG(about.st_mode):
                raise TrajectoryError(f"{self.path} is a pipe or a device; copy what it gives into a file first")
            if about.st_size > MAX_BYTES:
                raise TrajectoryError(
                    f"{self.name} is larger than {MAX_BYTES // 1_000_000} MB, which no trajectory is. Cut it to the "
                    "part that is wanted"
                )
            with self.path.open("rb") as file:
                content = file.read(about.st_size)
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
        is_wide = self.bytes[:2] in (b"\xff\xfe", b"\xfe\xff")
        called = "UTF-16" if is_wide else "UTF-8"
        try:
            text = self.bytes.decode("utf-16" if is_wide else "utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.bytes.count(b"\n", 0, error.start) + 1
            raise TrajectoryError(
                f"{self.name} is not a text file: byte {error.start}, in line {line}, is not {called}. Where it is "
                "text, save it as UTF-8"
            ) from error
        if "\0" in text:
            raise TrajectoryError(
                f"{self.name} is not a text file: it holds zero bytes. Where it is text, save it as UTF-8"
            )
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def text_error(self) -> str:
        """Why it is no text, or nothing where it is."""
        try:
            return "" if self.text else "it is empty"
        except TrajectoryError as error:
            return str(error)

    @property
    def is_text(self) -> bool:
        return not self.text_error

    @cached_property
    def is_json(self) -> bool:
        """Whether it begins as JSON does; it may still be damaged."""
        return not self.is_folder and self.is_text and self.text.lstrip()[:1] in ("{", "[")

    @cached_property
    def content(self) -> Any:
        """The JSON in it."""
        return self.json_of(self.text)

    def json_of(self, text: str, place: str = "") -> Any:
        """What JSON text, all of the file or at a place in it, stands for."""
        return parsed(text, f"{place} of {self.name}" if place else self.name)

    @cached_property
    def record(self) -> dict[str, Any]:
        """The JSON object in it, empty where it is none: for telling one format from another."""
        return self.content if self.is_json and isinstance(self.content, dict) else {}

    def lines(self, *, whole: bool = True) -> Iterator[tuple[int, list[str]]]:
        """Number, from 1, and words of every line that is neither empty nor a comment; commas are blanks, too.

        A line longer than any table's is told, or where not the `whole` file is wanted, the last.
        """
        for number, line in self.raw_lines():
            if not whole and len(line) > MAX_LINE:
                return
            self.check_line(number, line, MAX_LINE)
            fields = line.replace(",", " ").split()
            if fields and not fields[0].startswith(COMMENT):
                yield number, fields

    def check_line(self, number: int, line: str, longest: int) -> None:
        """Raise TrajectoryError for a line that would take gigabytes as words, and is none of a trajectory's."""
        if len(line) > longest:
            raise TrajectoryError(
                f"line {number} of {self.name} has {len(line):,} characters, which no line of a trajectory has. Is the "
                "file whole, and of this format?"
            )

    def raw_lines(self, most: int = MAX_LINES) -> Iterator[tuple[int, str]]:
        """Number, from 1, and text of every line, of which there may be so many."""
        # In the bytes first, which need not be decoded for it.
        if self.bytes.count(b"\n") > most or self.text.count("\n") > most:
            raise TrajectoryError(f"{self.name} has more than {most:,} lines; cut it to the part that is wanted")
        text, start, number = self.text, 0, 0
        while start <= len(text):
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            number += 1
            yield number, text[start:end]
            start = end + 1

    @cached_property
    def sample(self) -> list[list[float]]:
        """Of its first lines those with the commonest number of columns, as numbers: what tells one table from another.

        A wrong line among them is told when the whole is read. Empty where it is no table.
        """
        if self.is_folder or self.is_json or not self.is_text:
            return []
        first = islice(self.lines(whole=False), _SAMPLED)
        rows = [row for _, fields in first if (row := _as_numbers(fields))]
        if not rows:
            return []
        width = Counter(map(len, rows)).most_common(1)[0][0]
        return [row for row in rows if len(row) == width]

    @property
    def num_columns(self) -> int:
        """Of the table in it; 0 where it is none."""
        return len(self.sample[0]) if self.sample else 0

    def table(
        self, columns: Collection[int], meaning: str, lines: Iterator[tuple[int, list[str]]] | None = None
    ) -> Table:
        """The numbers of its lines, which must all have the same number of columns, one of `columns`."""
        blocks: list[Floats] = []
        rows: list[list[float]] = []
        numbers: list[int] = []
        width = 0
        for number, fields in self.lines() if lines is None else lines:
            if not numbers and not any(map(is_number, fields)):
                raise TrajectoryError(
                    f"line {number} of {self.name} holds no number, expected {meaning}. Begin it with {COMMENT} if it "
                    "is a heading, and its columns are in this order"
                )
            if len(fields) not in columns or (width and len(fields) != width):
                wanted = str(width) if width else " or ".join(map(str, sorted(columns)))
                raise TrajectoryError(
                    f"line {number} of {self.name} has {len(fields)} columns, expected {wanted} ({meaning}). Is the "
                    "file whole, and of this format?"
                )
            width = len(fields)
            rows.append(_as_numbers(fields) or [self.number(word, f"line {number}") for word in fields])
            numbers.append(number)
            if len(rows) == _BLOCK:
                blocks.append(np.array(rows))
                rows = []
        if not numbers:
            raise TrajectoryError(f"{self.name} holds no line with numbers; expected {meaning}")
        whole = np.concatenate([*blocks, np.array(rows).reshape(-1, width)])
        bad = np.argwhere(~np.isfinite(whole))
        if len(bad):
            row, column = bad[0]
            raise TrajectoryError(
                f"line {numbers[row]} of {self.name} holds {whole[row, column]}; every number of a pose must be finite"
            )
        return Table(whole, tuple(f"line {number}" for number in numbers))

    def number(self, value: Any, place: str) -> float:
        """A finite number, given as one or as text."""
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
                raise ValueError
            number = float(value)
        except (ValueError, OverflowError):
            raise TrajectoryError(f"{place} of {self.name}: expected a number, got {short(value)}") from None
        if not np.isfinite(number):
            raise TrajectoryError(f"{place} of {self.name} holds {short(value)}; every number of a pose must be finite")
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
        if not isinstance(value, list):
            raise TrajectoryError(f"{place} of {self.name} should be a list of objects, got {short(value)}")
        for number, entry in enumerate(value):
            if not isinstance(entry, dict):
                raise TrajectoryError(
                    f"{place} of {self.name} should be a list of objects, but its entry {number} is {short(entry)}"
                )
        if not value:
            raise TrajectoryError(f"{place} of {self.name} is empty; a trajectory needs at least two poses")
        return value

    @cached_property
    def arrays(self) -> Arrays:
        """The arrays of an .npz file by name, or of an .npy file under ""."""
        return Arrays(self.bytes, self.name)

    @property
    def is_array(self) -> bool:
        """Whether it begins as an .npy or .npz file does."""
        return not self.is_folder and is_numpy(self.bytes)

    def floats(self, array: np.ndarray, name: str = "", each: str = "pose") -> Floats:
        """An array of real, finite numbers as float64; `each` is what lies along its first axis."""
        called = f"{name} in {self.name}" if name else f"the array in {self.name}"
        if array.dtype.kind not in "fiu":
            raise TrajectoryError(f"{called} holds {array.dtype}; expected real numbers")
        if not array.size:
            raise TrajectoryError(f"{called} is empty; expected poses in it")
        with np.errstate(invalid="ignore"):  # what is not a number is told below
            values = array.astype(np.float64)
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            raise TrajectoryError(
                f"{each} {bad[0][0]} of {called} holds a number that is not finite. Export it again without gaps"
            )
        return values


def _as_numbers(fields: list[str]) -> list[float] | None:
    """The numbers of a line, finite or not, or None where a word is none."""
    try:
        numbers = list(map(float, fields))
    except ValueError:
        return None
    # Python reads 1_000 as a number, and nobody else does.
    return None if "_" in "".join(fields) else numbers


def is_number(word: str) -> bool:
    """Whether a word is a number, finite or not."""
    return _as_numbers([word]) is not None


class Table:
    """Numbers (N, columns) and the place in the file of each row, for messages."""

    def __init__(self, rows: Floats, places: tuple[str, ...]) -> None:
        self.rows = rows
        self.places = places


def line_of(numbers: Collection[float]) -> str:
    """Numbers as text that gives the same float64 back, blanks between."""
    return " ".join(repr(float(number)) for number in numbers)
