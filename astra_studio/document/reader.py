"""Reader of an .astra file: its steps, the value of each, its chunks and artifacts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from astra_studio.document.artifacts import ArtifactReader
from astra_studio.document.database import translated
from astra_studio.document.encoding import decode_chunk, decode_project
from astra_studio.document.errors import ProjectDamaged
from astra_studio.document.examining import saveable
from astra_studio.document.model import Chunk, ChunkId, Project
from astra_studio.document.take_edits import place

HEAD = "head"
"""Key, in `meta`, of the current revision."""


@dataclass(frozen=True, slots=True)
class Step:
    """A value in the history: its revision, and what the edit that made it is called."""

    revision: int
    label: str


class ProjectReader(ArtifactReader):
    """A project file that is read. Belongs to the thread that made its connection."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """For `opening`. Takes the connection over; raises ProjectDamaged where a chunk's record is none."""
        super().__init__(path, connection)
        self._library: dict[ChunkId, Chunk] = {}
        self._seen = 0
        self._numbers: dict[ChunkId, int] = {}
        try:
            self.load_chunks()
        except BaseException:
            connection.close()
            raise

    @property
    def library(self) -> Mapping[ChunkId, Chunk]:
        """Every chunk that has arrived, in order, in a take or not."""
        return self._library

    def current(self) -> Project:
        """The value that is true now. Raises ProjectDamaged."""
        steps, head = self.steps()
        return self.read_value(steps[head].revision)

    def steps(self) -> tuple[tuple[Step, ...], int]:
        """The history, oldest first, and the place of the current value in it. Raises ProjectDamaged."""
        with translated(self.path):
            rows = self._connection.execute("SELECT id, label FROM revisions ORDER BY id").fetchall()
            head = self._connection.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?", (HEAD,)).fetchone()
        places = [row[:1] for row in rows]
        if head not in places:
            raise ProjectDamaged(f"{self.path.name} is damaged: its current step is missing. {saveable(self.path)}")
        return tuple(Step(*row) for row in rows), places.index(head)

    def read_value(self, revision: int) -> Project:
        """The value of a step, and in it every chunk that has arrived since it was written.

        Raises ProjectDamaged for one that cannot be read.
        """
        with translated(self.path):
            row = self._connection.execute("SELECT value, seen FROM revisions WHERE id = ?", (revision,)).fetchone()
        if row is None:
            raise ProjectDamaged(f"step {revision} of {self.path.name} is missing. {saveable(self.path)}")
        text, seen = row
        try:
            project = decode_project(text, self._library)
        except ValueError as error:
            raise ProjectDamaged(f"{self.path.name} is damaged: {error}. {saveable(self.path)}") from error
        for chunk_id, number in self._numbers.items():
            if number > seen:
                project = place(project, self._library[chunk_id])
        return project

    def load_chunks(self) -> None:
        """Read every chunk's record. Raises ProjectDamaged."""
        with translated(self.path):
            rows = self._connection.execute("SELECT number, record FROM chunks ORDER BY number").fetchall()
        for number, record in rows:
            try:
                self.learn(number, decode_chunk(record))
            except ValueError as error:
                raise ProjectDamaged(f"{self.path.name} is damaged: {error}. {saveable(self.path)}") from error

    def learn(self, number: int, chunk: Chunk) -> None:
        """Take note of a chunk that the writer has stored under `number`."""
        self._library[chunk.id] = chunk
        self._numbers[chunk.id] = number
        self._seen = max(self._seen, number)
