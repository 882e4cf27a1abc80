"""Processes beside the window: they yield to it, run our code alone, and end with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.serving import child_process
from engine.serving.child_process import CHILD_FLAG, ChildGone, ChildProcess, run_child
from engine.serving.messages import PARENT_MESSAGES, OpenWorld, WorldOpened, WorldOpening
from engine.worlds.location import WorldLocation

SAID = """
import os, sys
from engine.serving.child_process import lower_priority
assert "torch" not in sys.modules
before = os.nice(0) if hasattr(os, "nice") else 0
lower_priority()
print(os.environ["OMP_WAIT_POLICY"], (os.nice(0) if hasattr(os, "nice") else 1) > before)
"""


@pytest.mark.parametrize(("given", "expected"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_it_leaves_the_cores_to_the_window_unless_told_otherwise(given: dict[str, str], expected: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | given
    done = subprocess.run([sys.executable, "-c", SAID], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected, "True"]


def test_no_code_of_the_working_folder_runs_in_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("numpy.py", "psutil.py", "json.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nraise SystemExit(7)\n")
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # as `python -m` puts it there
    child = ChildProcess("engine.serving.engine_child", PARENT_MESSAGES)
    try:
        child.send(OpenWorld(request_id="w", world=WorldLocation(spec="fake")))
        kinds = [type(child.receive(30)) for _ in range(2)]
    finally:
        child.end(5)
    assert kinds == [WorldOpening, WorldOpened]
    assert not (tmp_path / "ran").exists()


def test_a_child_ends_by_itself_when_its_input_ends() -> None:
    child = ChildProcess("engine.serving.engine_child", PARENT_MESSAGES)
    child.send(OpenWorld(request_id="w", world=WorldLocation(spec="fake")))
    assert isinstance(child.receive(30), WorldOpening)
    assert child.end(10) == 0


def test_a_child_that_speaks_nonsense_is_gone_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = "import sys; sys.stdout.write('Traceback: nothing that is a message here'); sys.stdout.flush()"
    monkeypatch.setattr(child_process, "_command", lambda _module: [sys.executable, "-c", talk])
    child = ChildProcess("engine.serving.engine_child", PARENT_MESSAGES)
    try:
        with pytest.raises(ChildGone, match="not understood: a message begins with"):
            child.receive(30)
    finally:
        child.end(5)


def test_what_a_child_prints_does_not_disturb_its_messages(tmp_path: Path) -> None:
    code = """
import sys
from engine.serving.child_process import ParentLink
from engine.serving.messages import CHILD_MESSAGES, WorldOpening
link = ParentLink(CHILD_MESSAGES)
print("a library says hello")
sys.stdout.flush()
link.send(WorldOpening("fake"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, stdin=subprocess.DEVNULL)
    assert done.stdout.startswith(b"ASTW")
    assert b"hello" not in done.stdout
    assert b"hello" in done.stderr


def test_a_packaged_program_becomes_no_other_child_than_ours() -> None:
    assert not run_child(["render", "--image", "x"])
    with pytest.raises(ValueError, match=r"one of engine\.serving\.engine_child.*got os"):
        run_child([CHILD_FLAG, "os"])
