"""Examination of a file before it is opened as a project: nothing here writes to it."""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from astra_studio.document.database import connect_to_read
from astra_studio.document.errors import NotAProject, ProjectDamaged, ProjectNewer, ProjectReadOnly
from astra_studio.document.schema import APPLICATION_ID, VERSION

_MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100
_SMALL_TABLES = ("meta", "revisions", "chunks")
"""Checked wholly when a project is opened. The artifacts, which may be gigabytes, are checked as each is read."""


def check_place(path: Path) -> None:
    """Raise NotAProject unless `path` is a file, ProjectReadOnly unless it and its folder may be written."""
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise NotAProject(f"{path} {found}; an .astra file was expected")
    # SQLite cannot even read a database with a log where it may not write beside it.
    if not _may_write(path) or not _may_write(path.resolve().parent):
        raise ProjectReadOnly(
            f"{path.name} lies where you may not read and write; copy it to a folder of your own and open that"
        )


def examine(path: Path) -> None:
    """Raise unless the file `path` is a whole project of this program.

    Hold its lock: a process that closes a file lets go of every lock that SQLite has on it there. Raises NotAProject,
    ProjectNewer, or ProjectDamaged saying what can be saved.
    """
    _check_header(path)
    try:
        with closing(connect_to_read(path)) as connection:
            _check_version(path, *_numbers(connection))
            found = [
                line
                for table in _SMALL_TABLES
                for (line,) in connection.execute(f"PRAGMA quick_check('{table}')")
                if line != "ok"
            ]
    except sqlite3.DatabaseError as error:
        raise ProjectDamaged(f"{path.name} is damaged ({error}). {saveable(path)}") from error
    if found:
        raise ProjectDamaged(f"{path.name} is damaged ({found[0]}). {saveable(path)}")


def _may_write(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def saveable(path: Path) -> str:
    """What of a damaged project a rescue will find, as sentences."""
    try:
        with closing(connect_to_read(path)) as connection:
            (num_chunks,) = connection.execute("SELECT count(*) FROM chunks").fetchone()
            (num_steps,) = connection.execute("SELECT count(*) FROM revisions").fetchone()
    except sqlite3.Error:
        return "Nothing was written to it. What is still whole in it can be saved into a new project"
    counted = f"Of its {num_chunks} chunks and {num_steps} steps, those that are whole can be saved into a new project"
    return f"Nothing was written to it. {counted}"


def declared_bytes(header: bytes) -> int:
    """How long a database file says that it is, by its first 100 bytes. With a log beside it, it may be longer."""
    (page_bytes,) = struct.unpack_from(">H", header, 16)
    (num_pages,) = struct.unpack_from(">I", header, 28)
    return int(num_pages * (65536 if page_bytes == 1 else page_bytes))


def _check_header(path: Path) -> None:
    size = path.stat().st_size
    if not size:
        raise ProjectDamaged(f"{path.name} is empty (0 bytes). Nothing can be saved from it; open another copy of it")
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if not header.startswith(_MAGIC[: len(header)]):
        raise NotAProject(f"{path.name} is no Astra project; an .astra file was expected")
    if len(header) < HEADER_BYTES:
        raise ProjectDamaged(f"{path.name} is cut short after {size} bytes. Nothing can be saved from it")
    version, application = struct.unpack_from(">I", header, 60)[0], struct.unpack_from(">I", header, 68)[0]
    _check_version(path, application, version)
    expected = declared_bytes(header)
    # A program that was killed, or had no room, while it moved the log into the file left the rest in the log.
    if size < expected and not _has_log(path):
        raise ProjectDamaged(f"{path.name} is cut short: {size} of {expected} bytes are there. {saveable(path)}")


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.is_file() and log.stat().st_size > 0


def _numbers(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version


def _check_version(path: Path, application: int, version: int) -> None:
    if application != APPLICATION_ID:
        raise NotAProject(f"{path.name} is a database of another program; an .astra file was expected")
    if version > VERSION:
        raise ProjectNewer(
            f"{path.name} has version {version} of the project format; this program knows up to {VERSION}. It was not "
            "touched. Update the program to open it"
        )
