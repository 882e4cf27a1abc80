"""Rescue of the intact parts of a damaged project into a new one. The damaged file is never written to."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from astra_studio.document.database import connect, transaction
from astra_studio.document.encoding import decode_chunk, decode_project
from astra_studio.document.errors import ProjectDamaged
from astra_studio.document.examining import HEADER_BYTES, declared_bytes
from astra_studio.document.lock import ProjectLock
from astra_studio.document.model import ArtifactId, Chunk, ChunkId, Project, new_id, new_project
from astra_studio.document.opening import create_store
from astra_studio.document.store import put_artifact, put_chunk
from astra_studio.document.take_edits import chain_to, place, restore
from astra_studio.paths import BUNDLED_WORLD

_MAX_GUESSES = 20_000
"""Numbers that are tried where a table cannot tell its last one."""
_MAX_GROWTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescued:
    """What a rescue brought over.

    Attributes:
        num_chunks: those with all their artifacts whole, and all they follow.
        num_lost: other chunks that were found.
        has_value: whether the project itself could be read; if not, its chains of chunks are takes of a new one.
    """

    num_chunks: int
    num_lost: int
    has_value: bool


def rescue(damaged: Path, target: Path) -> Rescued:
    """Write what is whole of `damaged` to the new project `target`.

    Raises ProjectDamaged where nothing can be read at all, ProjectInUse where either is open, OSError.
    """
    with ExitStack() as held:
        with suppress(OSError):  # where nothing may be written, nobody has it open to write
            held.callback(ProjectLock(damaged).release)
        folder = held.enter_context(tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".rescue"))
        copy = Path(folder) / "damaged"
        shutil.copyfile(damaged, copy)
        log = damaged.with_name(f"{damaged.name}-wal")
        if log.exists():
            shutil.copyfile(log, Path(folder) / "damaged-wal")
        _fill_up(copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as source:
            return _rescued(source, damaged, target)


def _fill_up(copy: Path) -> None:
    """SQLite reads nothing at all of a file that is cut short; with zeros for what is missing it reads the rest."""
    with copy.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if len(header) == HEADER_BYTES:
        missing_from = copy.stat().st_size
        # A header that is nonsense may ask for any size; what is missing of a real file was there once.
        if missing_from < declared_bytes(header) < _MAX_GROWTH * missing_from:
            os.truncate(copy, declared_bytes(header))


def _rescued(source: sqlite3.Connection, damaged: Path, target: Path) -> Rescued:
    numbered = ((number, _chunk_or_none(text)) for number, text in _rows(source, "chunks", "number, record"))
    chunks = {number: chunk for number, chunk in numbered if chunk is not None}
    artifacts = _Artifacts(source)
    whole = _whole_chunks(artifacts, chunks.values())
    found = _newest_value(source, artifacts, chunks, whole)
    if found is None and not whole:
        raise ProjectDamaged(f"nothing in {damaged.name} can be read; open another copy of it")
    project = found or _from_chunks(whole)
    store = create_store(target, project)
    try:
        wanted = dict.fromkeys(artifact for chunk in whole.values() for artifact in _artifacts(chunk))
        if found is not None and found.start is not None:
            wanted[found.start.artifact] = None
        with closing(connect(target)) as connection, transaction(connection, target):
            for artifact in wanted:
                data = artifacts.read(artifact)
                if data is not None:
                    put_artifact(connection, artifact.partition("-")[0], data)
            for chunk in whole.values():
                put_chunk(connection, chunk)
        # Written again as a value that knows these chunks: those that its takes do not have stay loose.
        store.load_chunks()
        store.rewrite(store.steps()[0][0].revision, project)
    finally:
        store.close()
    return Rescued(num_chunks=len(whole), num_lost=len(chunks) - len(whole), has_value=found is not None)


def _whole_chunks(artifacts: _Artifacts, chunks: Iterable[Chunk]) -> dict[ChunkId, Chunk]:
    """Those of which everything is there, in order: a chunk comes after the one it follows."""
    whole: dict[ChunkId, Chunk] = {}
    for chunk in chunks:
        follows = chunk.parent is None or chunk.parent in whole
        if follows and all(artifacts.read(artifact) is not None for artifact in _artifacts(chunk)):
            whole[chunk.id] = chunk
    return whole


def _newest_value(
    source: sqlite3.Connection,
    artifacts: _Artifacts,
    chunks: Mapping[int, Chunk],
    whole: Mapping[ChunkId, Chunk],
) -> Project | None:
    """The newest value that can be read, its takes cut where a chunk is lost."""
    known = {chunk.id: chunk for chunk in chunks.values()}
    for seen, text in reversed(list(_rows(source, "revisions", "seen, value"))):
        with suppress(ValueError, TypeError, KeyError):
            readable = _without_lost_tips(text, known)
            project = decode_project(readable, known)
            for number, chunk in chunks.items():
                # A take that lost its end takes its chunks in again, in their order, as far as they go.
                if number > seen or readable != text:
                    project = place(project, chunk)
            takes = (
                replace(take, chunks=tuple(takewhile(lambda chunk: chunk.id in whole, take.chunks)))
                for take in project.takes
            )
            project = replace(project, takes=tuple(takes))
            if project.start is not None and artifacts.read(project.start.artifact) is None:
                project = replace(project, start=None)
            return project
    return None


def _without_lost_tips(text: str, known: Mapping[ChunkId, Chunk]) -> str:
    """The value with no chunks in takes that end with one whose record is lost: these cannot tell their chain."""
    content = json.loads(text)
    lost = [take for take in content["takes"] if not _has_chain(take["tip"], known)]
    for take in lost:
        take["tip"] = None
    return json.dumps(content) if lost else text


def _has_chain(tip: ChunkId | None, known: Mapping[ChunkId, Chunk]) -> bool:
    try:
        chain_to(tip, known)
    except ValueError:
        return False
    return True


def _from_chunks(whole: dict[ChunkId, Chunk]) -> Project:
    project = new_project(BUNDLED_WORLD)
    followed = {chunk.parent for chunk in whole.values()}
    for chunk_id in whole:
        if chunk_id not in followed:
            project = restore(chunk_id, whole, new_id()).change(project)
    return project


def _artifacts(chunk: Chunk) -> Iterator[ArtifactId]:
    yield from (chunk.request.start.artifact, chunk.latents, chunk.frames, chunk.thumbnail)
    yield from (part for part in (chunk.start_latents, chunk.soft_frames, chunk.arrays) if part is not None)


def _rows(source: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[int, str]]:
    """Two columns of every row that can be read, each looked up alone so that one bad page costs its own rows."""
    try:
        (last,) = source.execute(f"SELECT max(rowid) FROM {table}").fetchone()
    except sqlite3.DatabaseError:
        last = _MAX_GUESSES
    for number in range(1, (last or 0) + 1):
        with suppress(sqlite3.DatabaseError):
            row = source.execute(f"SELECT {columns} FROM {table} WHERE rowid = ?", (number,)).fetchone()
            if row is not None:
                yield row


class _Artifacts:
    """Reads artifacts by where they lie, not by the index of their ids, which may be what is damaged."""

    def __init__(self, source: sqlite3.Connection) -> None:
        self._source = source
        self._numbers = {artifact: number for number, artifact in _rows(source, "artifacts", "rowid, id")}

    def read(self, artifact: ArtifactId) -> bytes | None:
        """The bytes of an artifact, where they are those that were written."""
        with suppress(sqlite3.DatabaseError):
            where = (self._numbers.get(artifact),)
            found = self._source.execute("SELECT hash, bytes FROM artifacts WHERE rowid = ?", where).fetchone()
            if found is not None and hashlib.sha256(found[1]).hexdigest() == found[0]:
                return bytes(found[1])
        return None


def _chunk_or_none(text: str) -> Chunk | None:
    try:
        return decode_chunk(text)
    except (ValueError, TypeError):
        return None
