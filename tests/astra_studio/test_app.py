"""The program as it is started: quickly, without torch, and with a clear word where something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from astra_studio.document.opening import open_reader
from astra_studio.paths import assets, user_data
from astra_studio.settings import SETTINGS, Settings

PICTURE = assets() / "pictures" / "meadow.jpg"


def started(*arguments: str, world: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "astra_studio.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "ASTRA_STUDIO_WORLD": world, **more},
        check=False,
    )


def test_the_window_is_shown_without_torch() -> None:
    done = started("--quit-when-shown")
    assert done.returncode == 0, done.stderr
    assert "heavy modules: none" in done.stdout


def test_a_project_that_is_none_is_explained_and_the_window_opens_all_the_same(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.astra"
    wrong.write_text("rubbish")
    done = started(str(wrong), "--quit-when-shown")
    assert done.returncode == 0, done.stderr
    assert wrong.read_text() == "rubbish"


def test_where_no_project_can_be_made_the_program_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    done = started("--quit-when-shown", ASTRA_STUDIO_HOME=str(tmp_path / "file"))
    assert done.returncode == 1
    assert "cannot be read or written" in " ".join(done.stderr.split())


def test_settings_are_kept_and_wrong_ones_count_as_not_set() -> None:
    settings = Settings()
    settings.set("theme", "light")
    assert Settings().get("theme") == "light"
    for setting in SETTINGS:
        assert type(Settings().get(setting.key)) is type(setting.default)
    heard: list[str] = []
    settings.subscribe(heard.append)
    settings.set("cache_mb", 256)
    assert heard == ["cache_mb"]
    with pytest.raises(ValueError, match="system, dark, light"):
        settings.set("theme", "pink")


def test_a_picture_on_the_command_line_is_where_the_walk_starts(tmp_path: Path) -> None:
    done = started(str(PICTURE), "--quit-when-generated", world="fake")
    assert done.returncode == 0, done.stderr
    assert "made 33 frames" in done.stdout
    with closing(open_reader(user_data() / "projects" / "Untitled 1.astra")) as reader:
        (chunk,) = reader.current().current.chunks
    assert chunk.request.start.name == PICTURE.name


def test_a_window_that_can_make_nothing_says_so_and_fails(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"rubbish")
    done = started(str(tmp_path / "broken.png"), "--quit-when-generated", world="fake")
    assert done.returncode == 1
    assert "start picture cannot be used" in done.stdout
