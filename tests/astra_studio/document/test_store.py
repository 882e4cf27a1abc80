"""The file of a project: artifacts, copies, compacting."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from astra_studio.document import edits, take_edits
from astra_studio.document.chunk_files import ChunkFrames, decode_latents
from astra_studio.document.errors import ArtifactDamaged, ProjectInUse
from astra_studio.document.model import new_id
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.session import Session
from tests.astra_studio.document.project_builders import line, new_studio, project_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def studio(tmp_path):
    made = new_studio(tmp_path / "walk.astra")
    yield made
    made.close()


def count(path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_the_same_bytes_are_stored_once(studio):
    first, second = studio.session.put("picture", b"x"), studio.session.put("picture", b"x")
    assert first == second
    assert studio.session.read(first) == b"x"


def test_a_chunk_reads_back_as_the_engine_made_it(studio):
    (finished,) = studio.finished(line("w-4 left-4"))
    studio.writer.submit(finished)
    (chunk,) = studio.tell()
    latents = decode_latents(studio.session.read(chunk.latents))
    assert hashlib.sha256(latents.tobytes()).hexdigest() == finished.result.latents_sha256 == chunk.latents_sha256
    assert decode_latents(studio.session.read(chunk.start_latents)).shape[1] == 1
    assert chunk.request.actions == line("w-4 left-4")
    assert chunk.first_latent == 1
    assert dict(chunk.seconds) == dict(finished.result.seconds)
    with ChunkFrames(studio.session.read(chunk.frames)) as frames:
        assert frames.num_frames == chunk.num_frames == 33
        shown = frames.frame(20).astype(int)
    assert abs(shown - finished.result.frames[20]).mean() < 6
    assert studio.session.read(chunk.thumbnail)[:2] == b"\xff\xd8"


def test_an_artifact_whose_bytes_changed_is_refused_and_the_rest_can_be_used(studio):
    chunks = studio.generate(num_chunks=2)
    path = studio.session.path
    with closing(sqlite3.connect(path, isolation_level=None)) as vandal:
        vandal.execute("DROP TRIGGER artifacts_are_written_once")
        vandal.execute("UPDATE artifacts SET bytes = x'00' WHERE id = ?", (chunks[0].frames,))
    with pytest.raises(ArtifactDamaged, match="not those that were written"):
        studio.session.read(chunks[0].frames)
    assert studio.session.read(chunks[1].frames)
    with pytest.raises(ArtifactDamaged, match="missing"):
        studio.session.read("frames-0")


def test_an_artifact_is_written_once(studio):
    (chunk,) = studio.generate()
    with closing(sqlite3.connect(studio.session.path)) as vandal, pytest.raises(sqlite3.IntegrityError, match="once"):
        vandal.execute("UPDATE artifacts SET bytes = x'00' WHERE id = ?", (chunk.frames,))


def test_save_as_copies_everything_and_tells_how_far_it_is(studio, tmp_path):
    chunks = studio.generate(num_chunks=2)
    heard = []
    studio.session.save_as(tmp_path / "copy.astra", heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy.astra"]
    with closing(Session(open_store(tmp_path / "copy.astra"))) as copy:
        assert copy.project == studio.session.project
        assert copy.read(chunks[1].frames) == studio.session.read(chunks[1].frames)
        assert copy.undo()
    assert studio.session.path.name == "walk.astra"


def test_a_copy_that_is_cancelled_leaves_the_older_file(studio, tmp_path):
    target = tmp_path / "copy.astra"
    target.write_bytes(b"older")

    def cancel(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        studio.session.save_as(target, cancel)
    assert target.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy.astra"]


def test_a_copy_does_not_take_the_log_of_the_file_that_it_replaces(studio, tmp_path):
    target = tmp_path / "copy.astra"
    create_store(target, project_of()).close()
    (tmp_path / "copy.astra-wal").write_bytes(b"a log that somebody left" * 100)
    studio.session.save_as(target)
    with closing(Session(open_store(target))) as copy:
        assert copy.project == studio.session.project


def test_nothing_is_copied_over_an_open_project(studio, tmp_path):
    with closing(create_store(tmp_path / "other.astra", project_of())), pytest.raises(ProjectInUse):
        studio.session.save_as(tmp_path / "other.astra")
    with pytest.raises(ProjectInUse):
        studio.session.save_as(studio.session.path)


def test_compacting_keeps_what_any_step_refers_to(studio):
    studio.generate(num_chunks=3)
    studio.session.apply(take_edits.delete_tail(studio.session.project.current.id, 1))
    studio.session.compact()
    assert len(studio.session.library) == 3
    studio.session.undo()
    assert len(studio.session.project.current.chunks) == 3


def test_compacting_without_history_removes_loose_chunks_and_gives_their_room_back(studio):
    studio.generate(num_chunks=3)
    studio.session.put("picture", b"never used" * 100_000)
    studio.session.apply(take_edits.delete_tail(studio.session.project.current.id, 1))
    kept = studio.session.project
    assert studio.session.compact(keep_history=False) > 900_000
    assert studio.session.undo_label is None
    assert not studio.session.loose()
    assert studio.session.project == kept
    path = studio.session.path
    assert (count(path, "chunks"), count(path, "revisions")) == (1, 1)
    assert count(path, "artifacts") == 5  # the start, its latents, and the chunk's three
    studio.session.apply(edits.add_marker(new_id(), 1))
    assert [chunk.id for chunk in studio.generate()] == [studio.session.project.current.chunks[1].id]


def test_a_project_can_be_read_while_it_is_open_elsewhere(studio):
    (chunk,) = studio.generate()
    code = (
        "import sys; from pathlib import Path; from astra_studio.document.opening import open_reader\n"
        "reader = open_reader(Path(sys.argv[1])); chunks = reader.current().current.chunks\n"
        "print([(chunk.id, len(reader.read(chunk.frames))) for chunk in chunks]); reader.close()"
    )
    told = subprocess.run([sys.executable, "-c", code, studio.session.path], capture_output=True, text=True, cwd=ROOT)
    assert told.stdout.strip() == str([(chunk.id, len(studio.session.read(chunk.frames)))])


def test_a_closed_project_is_one_file(studio, tmp_path):
    studio.generate()
    studio.writer.close()
    studio.session.close()
    assert [path.name for path in tmp_path.iterdir()] == ["walk.astra"]
    studio.__init__(Session(open_store(tmp_path / "walk.astra")))
