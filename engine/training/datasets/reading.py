"""Reader of the small files of data sets, arrays and JSON, that never runs code from them."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.training.datasets.errors import ClipError, DataSetError

_CHUNK_CHARACTERS = 1 << 20
_MAX_RECORD_CHARACTERS = 1 << 24


def read_array(path: Path, key: str | None = None) -> NDArray[np.float64]:
    """The array in an .npy file, or the one of that key in an .npz file, as float64.

    Raises ClipError for a file that is missing, damaged, lacks the key, or holds anything but numbers: Python objects
    in it would run code when read, and are refused unread.
    """
    if not path.is_file():
        raise ClipError(f"there is no {path.name} in {path.parent.name}/")
    try:
        # Opened here, because numpy leaves a damaged archive open.
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            return np.asarray(loaded if key is None else _named(loaded, key, path), np.float64)
    except ClipError:
        raise
    except (ValueError, TypeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        if "pickle" in str(error):
            raise ClipError(
                f"{path.name} holds Python objects, which may run a program when they are read; nothing in it was run"
            ) from error
        raise ClipError(f"{path.name} is no whole array of numbers: {error}. Copy or download it again") from error


def _named(loaded: Any, key: str, path: Path) -> Any:
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise ClipError(f"{path.name} is no .npz archive of named arrays")
    if key not in loaded:
        raise ClipError(f"{path.name} holds no array {key!r}, only {', '.join(loaded) or 'nothing'}")
    return loaded[key]


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises ClipError for one that is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ClipError(f"there is no {path.name} in {path.parent.name}/") from error
    except (ValueError, OSError, RecursionError) as error:
        raise ClipError(f"{path.name} is not readable as JSON: {error}") from error


def iterate_records(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON file that holds a list of objects, one at a time: some such files are larger than memory.

    Raises DataSetError where the file is missing or something in it is not of that form.
    """
    decoder = json.JSONDecoder()
    try:
        with path.open(encoding="utf-8") as file:
            text, at = file.read(_CHUNK_CHARACTERS).lstrip(), 1
            if not text.startswith("["):
                raise DataSetError(f"{path.name} should hold a list of records, it starts with {text[:20]!r}")
            while True:
                at = _skip_blanks(text, at)
                try:
                    if text[at] == "]":
                        return
                    record, end = decoder.raw_decode(text, at)
                    if end == len(text):
                        raise IndexError  # only what follows a record tells that it was whole
                except (ValueError, IndexError):
                    more = file.read(_CHUNK_CHARACTERS)
                    if not more or len(text) - at > _MAX_RECORD_CHARACTERS:
                        raise DataSetError(f"{path.name} is damaged or cut short near {text[at : at + 40]!r}") from None
                    text, at = text[at:] + more, 0
                    continue
                if not isinstance(record, dict):
                    raise DataSetError(f"{path.name} should hold records, it holds a {type(record).__name__}")
                at = end
                yield record
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise DataSetError(f"{path.name} cannot be read: {error}") from error


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at
