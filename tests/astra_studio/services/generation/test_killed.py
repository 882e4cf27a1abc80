"""A program killed in the middle of a rollout: every finished chunk is there, its engine is gone, the take goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from astra_studio.document import edits
from astra_studio.document.model import Start, new_project
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.session import Session
from astra_studio.services.generation.queue import Generation
from astra_studio.services.signals import Mailbox
from engine.serving.child_engine import ChildEngine
from engine.serving.in_process import InProcessEngine

ROOT = Path(__file__).parents[4]
DRIVER = Path(__file__).with_name("making_driver.py")


def new_file(path: Path, world: str) -> Path:
    session = Session(create_store(path, new_project(world)))
    artifact = session.put("picture", (ROOT / "assets/pictures/meadow.jpg").read_bytes())
    session.apply(edits.set_start(Start(artifact=artifact, width_px=832, height_px=480)))
    session.close()
    return path


def run_until_killed(path: Path, num_chunks: int) -> tuple[list[str], int]:
    """Hashes that the program told, and the id of its engine's process. It dies in a step of the chunk after."""
    program = subprocess.Popen(
        [sys.executable, str(DRIVER), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert program.stdout is not None
    told: list[str] = []
    engine = 0
    with program, program.stdout as lines:
        for line in lines:
            kind, word = line.split()
            if kind == "engine":
                engine = int(word)
            elif kind == "chunk":
                told.append(word)
            elif len(told) >= num_chunks:
                break
        program.send_signal(signal.SIGKILL)
    return told, engine


def continued(path: Path, num_chunks: int, *, in_process: bool = True) -> list[str]:
    """Hashes of the take after it was opened again and `num_chunks` were added."""
    mail, engine, session = (
        Mailbox(),
        InProcessEngine() if in_process else ChildEngine(),
        Session(open_store(path)),
    )
    generation = Generation(session, engine, mail.post)
    if num_chunks:
        generation.generate(session.project.current.id, num_chunks)
        mail.run_until(lambda: not generation.status.is_busy, 60)
    found = [chunk.latents_sha256 for chunk in session.project.current.chunks]
    generation.close()
    engine.close()
    session.close()
    return found


@pytest.mark.parametrize("world", ["fake:0.5", "small-astra"])
def test_a_program_killed_in_the_middle_of_a_rollout_loses_only_the_chunk_under_way(tmp_path: Path, world: str) -> None:
    path = new_file(tmp_path / "walk.astra", world)
    told, engine = run_until_killed(path, 2)
    assert len(told) == 2
    assert continued(path, 0) == told
    until = time.monotonic() + 10
    while psutil.pid_exists(engine) and psutil.Process(engine).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "the engine's process must end with the program that started it"
        time.sleep(0.05)
    # What is made after it equals a run that nothing has broken, bit for bit.
    whole = continued(new_file(tmp_path / "whole.astra", world), 4)
    assert continued(path, 2) == whole
    assert whole[:2] == told
