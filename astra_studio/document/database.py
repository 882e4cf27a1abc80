"""Connections to a project file: their settings, their transactions, and SQLite's errors as ours."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astra_studio.document.errors import ProjectDamaged, ProjectDiskFull, ProjectReadOnly
from engine.whole_files import PartFile

_WAIT_S = 30.0
"""How long one thread of ours waits for the other to write. A chunk takes tens of milliseconds."""
_PRIMARY = 0xFF
"""SQLite's extended error codes hold the plain one in their low byte."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes. It belongs to the thread that makes it. Raises what `translated` raises."""
    with translated(path):
        connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        # With the write-ahead log a killed process loses nothing that was committed; a power cut may lose the last
        # moments, but damages nothing.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # Moving the log into the file waits for the disk, which only the writer's thread may do.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write to the project file."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


def take_place(part: PartFile) -> None:
    """Give a finished database file its name, in place of any older one. Nobody may have either open."""
    # A log that a killed owner of an older file left would be taken for that of the new one.
    for rest in ("-wal", "-shm"):
        part.target.with_name(part.target.name + rest).unlink(missing_ok=True)
    part.commit()


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All of it or nothing. Raises what `translated` raises."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # SQLite itself rolls back where the disk is full.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ProjectDiskFull, ProjectReadOnly, ProjectDamaged, or OSError that names the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
        if code == sqlite3.SQLITE_FULL:
            raise ProjectDiskFull(
                f"there is no room for {path.name} to grow; it is as it was before. Make room and try again"
            ) from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise ProjectReadOnly(
                f"{path.name} cannot be written where it is ({error}); copy it to a folder of your own and open that"
            ) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise ProjectDamaged(
                f"{path.name} is damaged ({error}). Nothing was written to it; save what is whole into a new project"
            ) from error
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path)) from error
        raise
