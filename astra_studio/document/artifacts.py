"""Reading of artifacts, the large parts of an .astra file, by their ids."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from astra_studio.document.database import connect_to_read, translated
from astra_studio.document.errors import ArtifactDamaged
from astra_studio.document.model import ArtifactId


class ArtifactReader:
    """A connection that artifacts are read through. Belongs to the thread that made it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def read(self, artifact: ArtifactId) -> bytes:
        """The bytes of an artifact. Raises ArtifactDamaged where they are not those that were written."""
        with translated(self.path):
            row = self._connection.execute("SELECT hash, bytes FROM artifacts WHERE id = ?", (artifact,)).fetchone()
        if row is None:
            raise ArtifactDamaged(f"{artifact[:8]} is missing in {self.path.name}; make what needs it again")
        data: bytes = row[1]
        if hashlib.sha256(data).hexdigest() != row[0]:
            raise ArtifactDamaged(
                f"{artifact[:8]} in {self.path.name} is damaged: its bytes are not those that were written. The rest "
                "can be used; make what needs it again"
            )
        return data

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_artifacts(path: Path) -> ArtifactReader:
    """Read the artifacts of a project that is open in this process, on another thread than its session's."""
    return ArtifactReader(path, connect_to_read(path))
