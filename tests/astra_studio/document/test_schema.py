"""Older files become today's, wholly or not at all."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from astra_studio.document import schema
from astra_studio.document.encoding import encode_project
from astra_studio.document.errors import ProjectDamaged
from astra_studio.document.opening import create_store, open_reader, open_store
from tests.astra_studio.document.project_builders import project_of

VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE artifacts (id TEXT PRIMARY KEY, kind TEXT NOT NULL, hash TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE chunks (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    parent TEXT REFERENCES chunks (id), start TEXT NOT NULL REFERENCES artifacts (id),
    latents TEXT NOT NULL REFERENCES artifacts (id), frames TEXT NOT NULL REFERENCES artifacts (id),
    thumbnail TEXT NOT NULL REFERENCES artifacts (id), start_latents TEXT REFERENCES artifacts (id),
    record TEXT NOT NULL);
CREATE TABLE revisions (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL, seen INTEGER NOT NULL,
    value TEXT NOT NULL);
"""


def write_version_1(path, value: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.executescript(VERSION_1)
        connection.execute("INSERT INTO revisions (label, seen, value) VALUES ('', 0, ?)", (value,))
        connection.execute("INSERT INTO meta VALUES ('head', '1')")


@pytest.mark.parametrize("opened", [open_store, open_reader])
def test_a_project_of_version_1_opens_with_all_that_it_had(tmp_path, opened):
    project = project_of("w-8 left-4")
    value = json.loads(encode_project(project))
    del value["work_area"], value["takes"][0]["recipe"]["seed_is_locked"], value["paths"]
    del value["takes"][0]["keys"], value["takes"][0]["locked"]
    write_version_1(tmp_path / "old.astra", json.dumps(value))
    with closing(opened(tmp_path / "old.astra")) as store:
        assert store.current() == project
    with closing(sqlite3.connect(tmp_path / "old.astra")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert connection.execute("SELECT made_at FROM revisions").fetchall() == [("",)]


@pytest.mark.parametrize("value", ["{", '{"takes": [{}]}', '{"takes": 3}'])
def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path, value):
    write_version_1(tmp_path / "old.astra", value)
    with pytest.raises(ProjectDamaged, match="cannot be brought"):
        open_store(tmp_path / "old.astra")
    with closing(sqlite3.connect(tmp_path / "old.astra")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT * FROM revisions").fetchall() == [(1, "", 0, value)]


def test_every_older_version_has_its_way_up():
    assert set(schema._MIGRATIONS) == set(range(1, schema.VERSION))


def test_a_new_file_is_marked_as_ours(tmp_path):
    create_store(tmp_path / "new.astra", project_of()).close()
    with closing(sqlite3.connect(tmp_path / "new.astra")) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x41535452,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA page_size").fetchone() == (schema.PAGE_BYTES,)
