"""Lock that keeps a project open only once: a file beside it, released by the system when its owner dies."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from astra_studio.document.errors import ProjectInUse

_TRIES = 5
"""A lock file can vanish, with its last owner, between being opened and being locked."""


class ProjectLock:
    """Held from its making to `release`. May be released on any thread."""

    def __init__(self, project: Path) -> None:
        """Take the lock of `project`. Raises ProjectInUse where another has it, OSError where none can be made."""
        whole = project.resolve()
        self.path = whole.with_name(f".{whole.name[:200]}.lock")
        self._is_held = False
        for _ in range(_TRIES):
            if self._take(project):
                return
        raise ProjectInUse(f"{project.name} is being opened and closed by another program; try again")

    def release(self) -> None:
        """Release the lock. Does nothing the second time."""
        if not self._is_held:
            return
        self._is_held = False
        # While it is still held, so that the file that goes is ours. Windows keeps open files: there it goes after,
        # unless somebody else has opened it.
        if os.name != "nt":
            self.path.unlink(missing_ok=True)
        self._connection.close()
        if os.name == "nt":
            with suppress(OSError):
                self.path.unlink()

    def _take(self, project: Path) -> bool:
        # Never opened and closed here: that would let go, system-wide, of a lock that this process holds on it.
        self.path.touch()
        try:
            before = self.path.stat().st_ino
        except FileNotFoundError:
            return False
        # SQLite's own locks on an empty file: one way for every system, and a lock held here counts here, too.
        self._connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise ProjectInUse(
                f"{project.name} is open already, in this program or another one; close it there, or save a copy there "
                "and open that"
            ) from error
        with suppress(FileNotFoundError):
            if self.path.stat().st_ino == before:
                self._is_held = True
                return True
        self._connection.close()
        return False
