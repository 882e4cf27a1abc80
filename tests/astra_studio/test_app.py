"""The program as it is started: quickly, without torch, and with a clear word where something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from astra_studio.settings import SETTINGS, Settings


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "astra_studio.cli", *arguments, "--quit-when-shown"],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        check=False,
    )


def test_the_window_is_shown_without_torch() -> None:
    done = started()
    assert done.returncode == 0, done.stderr
    assert "heavy modules: none" in done.stdout


def test_a_project_that_is_none_is_explained_and_the_window_opens_all_the_same(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.astra"
    wrong.write_text("rubbish")
    done = started(str(wrong))
    assert done.returncode == 0, done.stderr
    assert wrong.read_text() == "rubbish"


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
