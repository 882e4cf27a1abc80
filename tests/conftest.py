"""Fixtures that several test files share."""

from __future__ import annotations

import os

# Before torch is imported. Threads that wait by spinning bring a busy machine to a halt.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers have a core each, and so have the processes that they start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.worlds.registry import find_kinds
from tests import leaks
from tests.builders import TINY_SIZE, write_original_world
from tests.pipelines import write_sana_wm, write_wan
from tests.plugin_package import install_package, write_pebble


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the folders of whoever runs it."""
    monkeypatch.setenv("ASTRA_STUDIO_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test ends its threads and child processes, and logs no warning but those that its mark `logs` expects."""
    expected = [pattern for mark in request.node.iter_markers("logs") for pattern in mark.args]
    unexpected = leaks.UnexpectedLines(expected)
    threads, processes = leaks.threads(), leaks.child_processes()
    logging.getLogger().addHandler(unexpected)
    try:
        yield
        left = [f"thread {thread}" for thread in leaks.left_over(leaks.threads, threads)]
        left += [f"process {pid}: {leaks.command_of(pid)}" for pid in leaks.left_over(leaks.child_processes, processes)]
    finally:
        logging.getLogger().removeHandler(unexpected)
    left += [f"log line {line}" for line in unexpected.lines]
    if left:
        pytest.fail("the test left behind:\n" + "\n".join(left), pytrace=False)


@pytest.fixture(scope="session")
def original_world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny world in the released layout, without text."""
    return write_original_world(tmp_path_factory.mktemp("worlds") / "tiny")


@pytest.fixture(scope="session")
def wan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Wan pipeline that starts from a picture."""
    return write_wan(tmp_path_factory.mktemp("pipelines") / "wan", from_picture=True)


@pytest.fixture(scope="session")
def wan_text_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Wan pipeline that starts from text alone."""
    return write_wan(tmp_path_factory.mktemp("pipelines") / "wan-text", from_picture=False)


@pytest.fixture(scope="session")
def sana_wm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny SANA-WM pipeline."""
    return write_sana_wm(tmp_path_factory.mktemp("pipelines") / "sana-wm")


@pytest.fixture(scope="module")
def installed_world_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A world of a kind that another package brings, which is installed as long as the module's tests run."""
    site = install_package(tmp_path_factory.mktemp("installed") / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        find_kinds.cache_clear()
        yield write_pebble(site.parent / "shore")
    find_kinds.cache_clear()


@pytest.fixture(scope="session")
def start_frames() -> np.ndarray:
    """One start frame (1, H, W, 3) of the tiny world: a colour ramp with a dark square."""
    width, height = TINY_SIZE
    y, x = np.mgrid[:height, :width]
    picture = np.stack([x * 255 // width, y * 255 // height, 255 - x * 255 // width], axis=-1).astype(np.uint8)
    picture[8:16, 20:30] = 20
    return picture[None]
