"""Tables of an .astra file, their version, and the migration from older versions.

One version for both: the tables, and the JSON in them (`encoding`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from astra_studio.document.older import raised, raised_keys, world_of_version_4

APPLICATION_ID = 0x41535452
"""ASTR; bytes 68 to 71 of the file."""
VERSION = 6
PAGE_BYTES = 16384
"""Frames are megabytes in one piece: larger pages are fewer steps to the middle of one."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Heavy things, written once. `bytes` comes last, so that the rest is read without it.
CREATE TABLE artifacts (id TEXT PRIMARY KEY, kind TEXT NOT NULL, hash TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE TRIGGER artifacts_are_written_once BEFORE UPDATE ON artifacts
BEGIN SELECT RAISE(ABORT, 'an artifact is written once'); END;

-- Finished chunks in the order in which they arrived.
CREATE TABLE chunks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    parent TEXT REFERENCES chunks (id),
    start TEXT NOT NULL REFERENCES artifacts (id),
    latents TEXT NOT NULL REFERENCES artifacts (id),
    frames TEXT NOT NULL REFERENCES artifacts (id),
    thumbnail TEXT NOT NULL REFERENCES artifacts (id),
    start_latents TEXT REFERENCES artifacts (id),
    soft_frames TEXT REFERENCES artifacts (id),
    arrays TEXT REFERENCES artifacts (id),
    record TEXT NOT NULL
);

-- Values of the project, oldest first; meta 'head' names the current one. A value knows the chunks up to number `seen`.
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT NOT NULL,
    made_at TEXT NOT NULL,
    seen INTEGER NOT NULL,
    value TEXT NOT NULL
);
"""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file."""
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.executescript(_TABLES)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an older file to this version, wholly or not at all. Raises ValueError for values that are none."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for older in range(version, VERSION):
            _MIGRATIONS[older](connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _from_1(connection: sqlite3.Connection) -> None:
    """Version 1 had no times of revisions, and no work area and no lock of the seed in its values."""
    connection.execute("ALTER TABLE revisions ADD COLUMN made_at TEXT NOT NULL DEFAULT ''")
    for number, text in connection.execute("SELECT id, value FROM revisions").fetchall():
        value = json.loads(text)
        value.setdefault("work_area", {"start": None, "stop": None})
        for take in value["takes"]:
            take["recipe"].setdefault("seed_is_locked", False)
        connection.execute("UPDATE revisions SET value = ? WHERE id = ?", (json.dumps(value), number))


def _from_2(connection: sqlite3.Connection) -> None:
    """Version 2 kept no paths under a name, and had no keys of parameters and no locked chunks."""
    for number, text in connection.execute("SELECT id, value FROM revisions").fetchall():
        value = json.loads(text)
        value.setdefault("paths", [])
        for take in value["takes"]:
            take.setdefault("keys", [])
            take.setdefault("locked", [])
        connection.execute("UPDATE revisions SET value = ? WHERE id = ?", (json.dumps(value), number))


def _from_3(connection: sqlite3.Connection) -> None:
    """Version 3 knew of clocks only the frame rate and the usual length of a chunk."""
    for number, text in connection.execute("SELECT id, value FROM revisions").fetchall():
        value = json.loads(text)
        info = value["world"]["info"]
        if info is not None and "clock" not in info:
            info["clock"] = {name: info.pop(name) for name in ("fps", "latents_per_chunk")}
        connection.execute("UPDATE revisions SET value = ? WHERE id = ?", (json.dumps(value), number))


def _from_4(connection: sqlite3.Connection) -> None:
    """Version 4 stored no specs of settings, and took a guidance scale below 1 for 1."""
    for number, text in connection.execute("SELECT id, value FROM revisions").fetchall():
        value = json.loads(text)
        value["world"] = world_of_version_4(value["world"])
        for take in value["takes"]:
            take["recipe"]["changes"] = raised(take["recipe"]["changes"])
            take["keys"] = raised_keys(take["keys"])
        for preset in value["presets"]:
            preset["changes"] = raised(preset["changes"])
        connection.execute("UPDATE revisions SET value = ? WHERE id = ?", (json.dumps(value), number))
    for number, text in connection.execute("SELECT number, record FROM chunks").fetchall():
        record = json.loads(text)
        settings = record["request"]["settings"]
        if raised(settings) != settings:
            record["request"]["settings"] = raised(settings)
            connection.execute("UPDATE chunks SET record = ? WHERE number = ?", (json.dumps(record), number))


def _from_5(connection: sqlite3.Connection) -> None:
    """Version 5 knew no detail: its frames are as the world decoded them."""
    for column in ("soft_frames", "arrays"):
        connection.execute(f"ALTER TABLE chunks ADD COLUMN {column} TEXT REFERENCES artifacts (id)")


_MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _from_1,
    2: _from_2,
    3: _from_3,
    4: _from_4,
    5: _from_5,
}
"""From each version to the next one."""
