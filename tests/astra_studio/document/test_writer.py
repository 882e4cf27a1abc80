"""The writer's thread: one transaction per chunk, told after, waiting when full, alive after a failure."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from astra_studio.document import edits
from astra_studio.document.chunk_files import ChunkFrames, decode_latents
from astra_studio.document.database import connect_to_read
from astra_studio.document.errors import ProjectDiskFull, ProjectReadOnly
from astra_studio.document.opening import open_store
from astra_studio.document.session import Session
from astra_studio.document.writer import ArtifactWriter
from tests.astra_studio.document.project_builders import line, new_studio

ROOT = Path(__file__).parents[3]

KILLED = """
import sys
from pathlib import Path
from astra_studio.document.writer import ArtifactWriter
from tests.astra_studio.document.project_builders import line, new_studio

studio = new_studio(Path(sys.argv[1]))
made = studio.finished(line("w-8"), 40)
writer = ArtifactWriter(studio.session.path, lambda stored: print(stored.chunk.id, flush=True), print)
for finished in made:
    writer.submit(finished)
"""


@pytest.fixture
def studio(tmp_path):
    made = new_studio(tmp_path / "walk.astra")
    yield made
    made.close()


def test_a_chunk_is_told_after_it_is_in_the_file(studio):
    found = []

    def look(stored):
        with closing(connect_to_read(studio.session.path)) as reader:
            found.append(reader.execute("SELECT id FROM chunks WHERE number = ?", (stored.number,)).fetchone()[0])

    writer = ArtifactWriter(studio.session.path, look, lambda _finished, error: found.append(error))
    made = studio.finished(line("w-8"), 3)
    for finished in made:
        writer.submit(finished)
    writer.close()
    assert found == [finished.id for finished in made]


def test_handing_over_waits_while_the_queue_is_full(studio):
    let_go = threading.Event()
    writer = ArtifactWriter(studio.session.path, lambda _stored: let_go.wait(10), print, capacity=1)
    first, second, third = studio.finished(line("w-8"), 3)
    writer.submit(first)
    writer.submit(second, timeout_s=10)  # as soon as the first is taken out
    with pytest.raises(queue.Full):
        writer.submit(third, timeout_s=0.05)
    let_go.set()
    writer.close()


def test_a_chunk_that_cannot_be_stored_comes_back_whole_and_the_next_is_stored(studio):
    (good,) = studio.finished(line("w-8"))
    bad = replace(good, start=replace(good.start, artifact="nowhere"))
    studio.writer.submit(bad)
    studio.writer.submit(good)
    studio.writer.close()
    ((returned, error),) = studio.failed
    assert returned is bad
    assert "FOREIGN KEY" in str(error)
    assert [stored.chunk.id for stored in studio.stored] == [good.id]
    studio.failed.clear()
    studio.tell()


def test_a_full_disk_leaves_nothing_of_the_chunk_and_it_can_be_handed_over_again(studio, monkeypatch):
    def small(path):
        connection = plain(path)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    plain = sys.modules["astra_studio.document.writer"].connect
    (finished,) = studio.finished(line("w-8"))
    monkeypatch.setattr("astra_studio.document.writer.connect", small)
    failed = []
    writer = ArtifactWriter(studio.session.path, print, lambda given, error: failed.append((given, error)))
    writer.submit(finished)
    writer.close()
    monkeypatch.undo()
    ((returned, error),) = failed
    assert isinstance(error, ProjectDiskFull)
    with closing(connect_to_read(studio.session.path)) as reader:
        assert reader.execute("SELECT count(*) FROM artifacts").fetchone() == (1,)
    studio.writer.submit(returned)
    assert [chunk.id for chunk in studio.tell()] == [finished.id]


def test_a_project_that_cannot_be_opened_is_told_with_every_chunk(studio, tmp_path):
    failed = []
    writer = ArtifactWriter(tmp_path / "no" / "walk.astra", print, lambda given, error: failed.append(error), 1)
    for finished in studio.finished(line("w-8"), 3):
        writer.submit(finished, timeout_s=10)
    writer.close()
    assert [type(error) for error in failed] == [ProjectReadOnly] * 3


def test_edits_and_chunks_are_written_at_the_same_time(studio):
    take = studio.session.project.current.id
    for finished in studio.finished(line("w-8"), 6):
        studio.writer.submit(finished)
        for number in range(10):
            studio.session.apply(edits.set_seed(take, number + 1, is_locked=False))
    assert len(studio.tell()) == 6
    assert len(studio.session.project.current.chunks) == 6


@pytest.mark.parametrize("num_told", [1, 7])
def test_a_process_killed_while_it_stores_chunks_leaves_every_chunk_it_told_of(tmp_path, num_told):
    path = tmp_path / "walk.astra"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )
    told = [process.stdout.readline().strip() for _ in range(num_told)]
    process.send_signal(signal.SIGKILL)
    told += process.communicate()[0].split()
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "walk.astra-wal").exists()
    with closing(Session(open_store(path))) as session:
        chunks = session.project.current.chunks
        assert [chunk.id for chunk in chunks][: len(told)] == told
        assert len(told) <= len(chunks) <= len(told) + 1 < 40
        for chunk in chunks:
            assert decode_latents(session.read(chunk.latents)).shape[1] == 8
            with ChunkFrames(session.read(chunk.frames)) as frames:
                assert frames.num_frames == chunk.num_frames
    assert [left.name for left in tmp_path.iterdir()] == ["walk.astra"]


@pytest.mark.logs("the log could not be moved")
def test_a_log_that_cannot_be_moved_into_the_file_fails_no_chunk(studio, monkeypatch):
    class Unmovable(sqlite3.Connection):
        def execute(self, sql, *given):
            if "wal_checkpoint" in sql:
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *given)

    def connect(path):
        connection = sqlite3.connect(path, isolation_level=None, factory=Unmovable)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    monkeypatch.setattr("astra_studio.document.writer.connect", connect)
    (finished,) = studio.finished(line("w-8"))
    stored, failed = [], []
    writer = ArtifactWriter(studio.session.path, stored.append, lambda given, error: failed.append(error))
    writer.submit(finished)
    writer.close()
    assert [one.chunk.id for one in stored] == [finished.id]
    assert failed == []


def test_a_program_killed_while_the_log_was_moved_leaves_a_project_that_opens(studio, tmp_path):
    """The head of the file may then say that it is longer than it is: the rest is in the log."""
    made = studio.finished(line("w-8"), 6)
    path = studio.session.path
    # Somebody who reads keeps the log from being moved.
    with closing(connect_to_read(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM chunks").fetchone()
        for finished in made:
            studio.writer.submit(finished)
        studio.tell()
        killed, moved = tmp_path / "killed.astra", tmp_path / "moved.astra"
        for copy in (killed, moved):
            shutil.copyfile(path, copy)
            shutil.copyfile(f"{path}-wal", f"{copy}-wal")
    with closing(sqlite3.connect(moved, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with killed.open("r+b") as file:
        file.write(moved.read_bytes()[:4096])
    assert killed.stat().st_size < moved.stat().st_size, "its head is of the longer file"
    session = Session(open_store(killed))
    assert [chunk.id for chunk in session.project.current.chunks] == [finished.id for finished in made]
    session.close()
