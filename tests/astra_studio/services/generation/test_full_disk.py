"""A disk that is really full, where this machine lets us mount a small one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
DRIVER = Path(__file__).with_name("full_disk_driver.py")
MOUNT = ["unshare", "--map-root-user", "--mount", "--"]


def can_mount(folder: Path) -> bool:
    """Whether we may mount something that only we see."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    command = [*MOUNT, "mount", "-t", "tmpfs", "none", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("megabytes", [3, 4])
def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(tmp_path: Path, megabytes: int) -> None:
    if not can_mount(tmp_path):
        pytest.skip("no small disk can be mounted here")
    mount = f"mount -t tmpfs -o size={megabytes}m none '{tmp_path}' && exec '{sys.executable}' '{DRIVER}' '{tmp_path}'"
    done = subprocess.run(
        [*MOUNT, "sh", "-c", mount],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "failure: The disk is full",
        "stored: True",
        "edit: there is no room for walk.astra to grow; it is as it was before. Make room and try again",
        "as it was: True",
        "goes on: True",
        "reopened whole: True",
    ]
