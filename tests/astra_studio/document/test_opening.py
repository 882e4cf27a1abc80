"""Files that are no whole project of this program: each is named, says what can be saved, and is left as it was."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from astra_studio.document import schema, take_edits
from astra_studio.document.errors import (
    NotAProject,
    ProjectDamaged,
    ProjectInUse,
    ProjectNewer,
    ProjectReadOnly,
)
from astra_studio.document.lock import ProjectLock
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.rescue import rescue
from astra_studio.document.session import Session
from astra_studio.problems import problem_of
from tests.astra_studio.document.project_builders import line, new_studio, project_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A closed project of three chunks."""
    studio = new_studio(tmp_path_factory.mktemp("whole") / "walk.astra")
    studio.generate(line("w-8"), num_chunks=3)
    studio.session.apply(take_edits.star(studio.session.project.current.id, True))
    studio.close()
    return studio.session.path


@pytest.fixture
def path(whole, tmp_path) -> Path:
    shutil.copyfile(whole, tmp_path / "walk.astra")
    return tmp_path / "walk.astra"


def refused(path: Path, kind: type[Exception]) -> str:
    """What opening says; the file must be as it was, and alone."""
    before = hashlib.sha256(path.read_bytes()).digest()
    with pytest.raises(kind) as caught:
        open_store(path)
    assert type(caught.value) is kind
    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert not [other for other in path.parent.iterdir() if other.name.endswith(".lock")]
    assert problem_of(caught.value).what != "Something went wrong inside Astra Studio"
    return str(caught.value)


def patched(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def page_of(path: Path, table: str) -> int:
    """Offset of the first page of a table."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return (page - 1) * schema.PAGE_BYTES


def test_a_file_of_another_kind_is_no_project(tmp_path):
    path = tmp_path / "walk.astra"
    path.write_bytes(b"GIF89a" * 100)
    assert "no Astra project" in refused(path, NotAProject)


def test_a_database_of_another_program_is_no_project(tmp_path):
    path = tmp_path / "walk.astra"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name)")
    assert "another program" in refused(path, NotAProject)


@pytest.mark.parametrize(("name", "words"), [("nothing.astra", "does not exist"), (".", "is a folder")])
def test_a_missing_file_and_a_folder_are_no_projects(tmp_path, name, words):
    with pytest.raises(NotAProject, match=words):
        open_store(tmp_path / name)


def test_an_empty_file_says_that_nothing_can_be_saved(tmp_path):
    path = tmp_path / "walk.astra"
    path.touch()
    assert "0 bytes" in refused(path, ProjectDamaged)


def test_a_newer_project_is_not_touched(path):
    patched(path, 60, struct.pack(">I", schema.VERSION + 1))
    assert f"version {schema.VERSION + 1}" in refused(path, ProjectNewer)


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.99])
def test_a_file_that_is_cut_short_is_told_with_what_can_be_saved(path, share):
    os.truncate(path, max(50, int(path.stat().st_size * share)))
    assert "cut short" in refused(path, ProjectDamaged)


def test_a_page_that_is_overwritten_is_found_when_the_project_is_opened(path):
    patched(path, page_of(path, "revisions"), b"\xff" * 2000)
    words = refused(path, ProjectDamaged)
    assert "can be saved" in words
    assert "Nothing was written" in words


def test_a_value_that_is_no_project_is_found_when_it_is_read(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE revisions SET value = replace(value, 'takes', 'cakes')")
    for _ in range(2):  # and the lock is let go
        with pytest.raises(ProjectDamaged, match="Of its 3 chunks"):
            Session(open_store(path))


def test_a_file_without_its_current_step_is_damaged(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE meta SET value = '99'")
    with pytest.raises(ProjectDamaged, match="current step is missing"):
        Session(open_store(path))


@pytest.mark.parametrize("record", ["{}", "[", '{"request": 3}'])
def test_a_chunk_that_is_none_is_found_when_the_project_is_opened(path, record):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE chunks SET record = ? WHERE number = 2", (record,))
    with pytest.raises(ProjectDamaged, match="can be saved"):
        open_store(path)


def test_a_folder_that_nobody_may_write_in_is_told():
    """As another user where the tests run as root, whom no folder refuses."""
    folder = Path(tempfile.mkdtemp())
    create_store(folder / "walk.astra", project_of()).close()
    (folder / "walk.astra").chmod(0o444)
    folder.chmod(0o555)
    was = os.geteuid()
    try:
        if was == 0:
            os.seteuid(65534)
        assert "copy it to a folder of your own" in refused(folder / "walk.astra", ProjectReadOnly)
    finally:
        os.seteuid(was)
        folder.chmod(stat.S_IRWXU)
        shutil.rmtree(folder)


# ---------------------------------------------------------------------- opened twice


def test_a_project_is_open_once(path):
    with closing(open_store(path)):
        with pytest.raises(ProjectInUse, match="open already"):
            open_store(path)
        with pytest.raises(ProjectInUse):
            create_store(path, project_of())
    open_store(path).close()


def test_being_refused_here_does_not_let_others_in(path):
    """A process that closes a file lets go of all its locks on it, unless care is taken."""
    code = (
        "import sys; from pathlib import Path; from astra_studio.document.opening import open_store\n"
        "open_store(Path(sys.argv[1]))"
    )
    with closing(open_store(path)):
        for refused_here in (open_store, lambda place: rescue(place, place.with_name("saved.astra"))):
            with pytest.raises(ProjectInUse):
                refused_here(path)
        other = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, cwd=ROOT)
    assert "ProjectInUse" in other.stderr


def test_nothing_of_the_document_imports_torch_or_qt():
    code = (
        "import pkgutil, sys, importlib, astra_studio.document as document\n"
        "for found in pkgutil.iter_modules(document.__path__):\n"
        "    importlib.import_module(f'astra_studio.document.{found.name}')\n"
        "print([name for name in ('torch', 'PySide6', 'diffusers') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert told.stdout.strip() == "[]"


def test_a_link_to_an_open_project_is_the_same_project(path, tmp_path):
    (tmp_path / "link.astra").symlink_to(path)
    with closing(open_store(path)), pytest.raises(ProjectInUse):
        open_store(tmp_path / "link.astra")


def test_releasing_a_lock_twice_leaves_the_next_owners_alone(path):
    first = ProjectLock(path)
    first.release()
    second = ProjectLock(path)
    first.release()
    with pytest.raises(ProjectInUse):
        ProjectLock(path)
    second.release()


def test_many_who_come_and_go_never_hold_it_together(path):
    owners, most = [], []

    def come_and_go():
        for _ in range(150):
            try:
                lock = ProjectLock(path)
            except ProjectInUse:
                continue
            owners.append(1)
            most.append(len(owners))
            owners.pop()
            lock.release()

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}


def test_a_project_that_cannot_be_made_leaves_no_lock(tmp_path):
    path = tmp_path / "walk.astra"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        create_store(path, project_of())
    assert [left.name for left in tmp_path.iterdir()] == ["walk.astra"]
    path.rmdir()
    create_store(path, project_of()).close()


def test_another_process_that_has_it_open_is_seen_and_its_death_too(path):
    code = (
        "import sys, time; from pathlib import Path; from astra_studio.document.opening import open_store\n"
        "store = open_store(Path(sys.argv[1])); print('open', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert owner.stdout.readline() == "open\n"
        with pytest.raises(ProjectInUse):
            open_store(path)
    finally:
        owner.kill()
        owner.communicate()
    open_store(path).close()


# ---------------------------------------------------------------------- rescue


def rescued(path: Path, tmp_path: Path):
    before = path.read_bytes()
    told = rescue(path, tmp_path / "saved.astra")
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(".rescue*"))
    return told, Session(open_store(tmp_path / "saved.astra"))


def test_a_rescue_leaves_out_the_chunk_that_is_damaged_and_what_follows_it(path, tmp_path):
    with closing(sqlite3.connect(path, isolation_level=None)) as vandal:
        vandal.execute("DROP TRIGGER artifacts_are_written_once")
        vandal.execute("UPDATE artifacts SET bytes = x'00' WHERE id = (SELECT frames FROM chunks WHERE number = 2)")
    told, session = rescued(path, tmp_path)
    with closing(session):
        assert (told.num_chunks, told.num_lost, told.has_value) == (1, 2, True)
        assert len(session.project.current.chunks) == 1
        assert session.read(session.project.start.artifact) == b"a picture"
        assert session.read(session.project.current.chunks[0].frames)


def test_a_rescue_makes_takes_of_the_chunks_where_no_step_can_be_read(path, tmp_path):
    patched(path, page_of(path, "revisions"), b"\xff" * 2000)
    told, session = rescued(path, tmp_path)
    with closing(session):
        assert (told.num_chunks, told.num_lost, told.has_value) == (3, 0, False)
        assert [len(take.chunks) for take in session.project.takes] == [0, 3]


def test_a_rescue_of_a_file_cut_short_saves_what_is_before_the_cut(tmp_path):
    path = tmp_path / "long.astra"
    studio = new_studio(path)
    studio.generate(line("w-8"), num_chunks=12)
    studio.close()
    os.truncate(path, int(path.stat().st_size * 0.7))
    told, session = rescued(path, tmp_path)
    with closing(session):
        assert 4 < told.num_chunks < 12
        assert told.num_chunks + told.num_lost == 12
        assert all(session.read(chunk.latents) for take in session.project.takes for chunk in take.chunks)


def test_a_rescue_without_the_record_of_the_last_chunk_keeps_those_before_it(path, tmp_path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE chunks SET record = '{' WHERE number = 3")
    told, session = rescued(path, tmp_path)
    with closing(session):
        assert told.num_chunks == 2
        assert [chunk.request.index for chunk in session.project.current.chunks] == [0, 1]


def test_a_rescue_of_nothing_says_so(tmp_path):
    path = tmp_path / "walk.astra"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(ProjectDamaged, match="nothing in"):
        rescue(path, tmp_path / "saved.astra")
    assert not (tmp_path / "saved.astra").exists()
