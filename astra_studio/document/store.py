"""Store of the .astra file: revisions, chunks and artifacts in one SQLite database, every change a transaction.

Two connections write to an open project: that of the store, on the session's thread, and that of the `ArtifactWriter`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from astra_studio.document.database import connect, take_place, transaction, translated
from astra_studio.document.encoding import encode_chunk, encode_project
from astra_studio.document.lock import ProjectLock
from astra_studio.document.model import ArtifactId, Chunk, Project
from astra_studio.document.reader import HEAD, ProjectReader
from engine.whole_files import PartFile

SUFFIX = ".astra"
MAX_STEPS = 200
"""Undo steps that a file keeps."""
_COPIED_PAGES = 64
"""Pages, of 16 KiB, between two words about the progress of a copy."""


class Store(ProjectReader):
    """An open .astra file. Belongs to the thread that opens it, and to one owner: `ProjectLock`."""

    def __init__(self, path: Path, lock: ProjectLock) -> None:
        """For `opening`, which has made sure of the file. Raises ProjectDamaged where a chunk's record is none."""
        super().__init__(path, connect(path))
        self._lock = lock

    # ------------------------------------------------------------------ values

    def append(self, after: int | None, label: str, project: Project) -> None:
        """Write a new value as the one that follows revision `after`; what followed it until now is forgotten.

        Raises ProjectDiskFull and the like; the file is then as it was.
        """
        with transaction(self._connection, self.path):
            if after is not None:
                self._connection.execute("DELETE FROM revisions WHERE id > ?", (after,))
            made = self._connection.execute(
                "INSERT INTO revisions (label, made_at, seen, value) VALUES (?, ?, ?, ?)",
                (label, datetime.now(UTC).isoformat(timespec="seconds"), self._seen, encode_project(project)),
            ).lastrowid
            assert made is not None
            oldest = "SELECT id FROM revisions ORDER BY id DESC LIMIT 1 OFFSET ?"
            self._connection.execute(f"DELETE FROM revisions WHERE id <= ({oldest})", (MAX_STEPS + 1,))
            self._set_head(made)

    def rewrite(self, revision: int, project: Project) -> None:
        """Write a value in place of that of a step: what is no step, or belongs to the same drag."""
        with transaction(self._connection, self.path):
            self._connection.execute(
                "UPDATE revisions SET value = ?, seen = ? WHERE id = ?", (encode_project(project), self._seen, revision)
            )

    def drop(self, revision: int, head: int) -> None:
        """Forget a step that came to nothing, and make `head` the current one."""
        with transaction(self._connection, self.path):
            self._set_head(head)
            self._connection.execute("DELETE FROM revisions WHERE id = ?", (revision,))

    def move_head(self, revision: int) -> None:
        """Make a step's value the current one."""
        with transaction(self._connection, self.path):
            self._set_head(revision)

    # ------------------------------------------------------------------ chunks and artifacts

    def put(self, kind: str, data: bytes) -> ArtifactId:
        """Store bytes and tell their id. The same bytes have the same id, and are stored once."""
        with transaction(self._connection, self.path):
            return put_artifact(self._connection, kind, data)

    # ------------------------------------------------------------------ the file

    def save_as(self, target: Path, progress: Callable[[float], None] = lambda _share: None) -> None:
        """Copy all of it to `target`, which appears whole or not at all. `progress` hears the share done, 0 to 1.

        An exception in `progress` cancels. Raises ProjectInUse where the target is open, OSError.
        """
        lock = ProjectLock(target)
        try:
            part = PartFile(target)
            with part.guarded():
                copy = sqlite3.connect(part.path, isolation_level=None)
                try:
                    with translated(target):
                        self._connection.backup(
                            copy,
                            pages=_COPIED_PAGES,
                            progress=lambda _status, left, whole: progress(1 - left / max(whole, 1)),
                        )
                finally:
                    copy.close()
            take_place(part)
        finally:
            lock.release()

    def compact(self, *, keep_history: bool = True) -> int:
        """Remove chunks and artifacts that no step refers to, and give their room back; tells the bytes won.

        The only thing that ever removes a chunk. With `keep_history` False all steps but the current one go first.
        """
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = self.path.stat().st_size
        with transaction(self._connection, self.path):
            steps, head = self.steps()
            if not keep_history:
                self._connection.execute("DELETE FROM revisions WHERE id <> ?", (steps[head].revision,))
                steps = (steps[head],)
            values = [self.read_value(step.revision) for step in steps]
            kept = {chunk.id for value in values for take in value.takes for chunk in take.chunks}
            starts = {value.start.artifact for value in values if value.start is not None}
            gone = [(chunk_id,) for chunk_id in reversed(self._library) if chunk_id not in kept]
            self._connection.executemany("DELETE FROM chunks WHERE id = ?", gone)
            used = " UNION ".join(
                f"SELECT {column} FROM chunks WHERE {column} IS NOT NULL"
                for column in ("start", "latents", "frames", "thumbnail", "start_latents", "soft_frames", "arrays")
            )
            marks = ", ".join("?" * len(starts))
            self._connection.execute(
                f"DELETE FROM artifacts WHERE id NOT IN ({used}) AND id NOT IN ({marks})", tuple(starts)
            )
        for (chunk_id,) in gone:
            del self._library[chunk_id], self._numbers[chunk_id]
        with translated(self.path):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before - self.path.stat().st_size

    def close(self) -> None:
        """Leave one whole file and let its lock go."""
        super().close()
        self._lock.release()

    def _set_head(self, revision: int) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (HEAD, str(revision)))


def store_artifact(path: Path, kind: str, data: bytes) -> ArtifactId:
    """Store bytes in a project that is open in this process, on another thread than its session's.

    An edit is to refer to them soon: what nothing refers to goes when the project is made smaller. Raises OSError.
    """
    with closing(connect(path)) as connection, transaction(connection, path):
        return put_artifact(connection, kind, data)


def put_artifact(connection: sqlite3.Connection, kind: str, data: bytes) -> ArtifactId:
    """Store bytes within a transaction of the caller's."""
    digest = hashlib.sha256(data).hexdigest()
    artifact = f"{kind}-{digest[:32]}"
    connection.execute(
        "INSERT OR IGNORE INTO artifacts (id, kind, hash, bytes) VALUES (?, ?, ?, ?)", (artifact, kind, digest, data)
    )
    return artifact


def put_chunk(connection: sqlite3.Connection, chunk: Chunk) -> int:
    """Store a chunk's record within a transaction of the caller's, after its artifacts; tells its number."""
    number = connection.execute(
        "INSERT INTO chunks (id, parent, start, latents, frames, thumbnail, start_latents, soft_frames, arrays, "
        "record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            chunk.id,
            chunk.parent,
            chunk.request.start.artifact,
            chunk.latents,
            chunk.frames,
            chunk.thumbnail,
            chunk.start_latents,
            chunk.soft_frames,
            chunk.arrays,
            encode_chunk(chunk),
        ),
    ).lastrowid
    assert number is not None
    return number
