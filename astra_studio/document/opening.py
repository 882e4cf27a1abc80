"""Creating and opening .astra files: what is checked, locked and migrated before a store gets them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from astra_studio.document import schema
from astra_studio.document.database import connect, connect_to_read, take_place, translated
from astra_studio.document.errors import ProjectDamaged
from astra_studio.document.examining import check_place, examine, saveable
from astra_studio.document.lock import ProjectLock
from astra_studio.document.model import Project
from astra_studio.document.reader import ProjectReader
from astra_studio.document.store import Store
from engine.whole_files import PartFile


def create_store(path: Path, project: Project) -> Store:
    """A new .astra file with one value; it appears whole or not at all, in place of any older file.

    Raises ProjectInUse, OSError.
    """
    lock = ProjectLock(path)
    try:
        part = PartFile(path)
        with part.guarded(), translated(path), closing(sqlite3.connect(part.path, isolation_level=None)) as connection:
            schema.create(connection)
        take_place(part)
        store = Store(path, lock)
        store.append(None, "", project)
    except BaseException:
        lock.release()
        raise
    return store


def open_store(path: Path) -> Store:
    """Open an .astra file, bringing an older one to today's version.

    Raises NotAProject, ProjectNewer, ProjectDamaged, ProjectReadOnly; ProjectInUse where it is open already.
    """
    check_place(path)
    lock = ProjectLock(path)
    try:
        examine(path)
        with translated(path), closing(connect(path)) as connection:
            try:
                schema.migrate(connection)
            except (ValueError, KeyError, TypeError) as error:
                raise ProjectDamaged(f"{path.name} cannot be brought to today's form. {saveable(path)}") from error
        return Store(path, lock)
    except BaseException:
        lock.release()
        raise


def open_reader(path: Path) -> ProjectReader:
    """Look at an .astra file that another process may have open. Nothing is written, but that an older file is brought
    to today's version first.

    Not in a process that has it open itself, which reads through its session. Raises as `open_store`; ProjectInUse for
    an older file alone.
    """
    check_place(path)
    examine(path)
    with translated(path), closing(connect_to_read(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < schema.VERSION:
        open_store(path).close()
    return ProjectReader(path, connect_to_read(path))
