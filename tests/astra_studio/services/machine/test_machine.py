"""What the doctor sees of a machine, and what it says about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from astra_studio.cli import main
from astra_studio.services.machine import machine
from astra_studio.services.machine.machine import command_line, problems_of


def healthy(**changes: Any) -> dict[str, Any]:
    """A machine with nothing wrong, but for what is given."""
    return {
        "is_packaged": False,
        "memory": {"total_gb": 32.0, "free_gb": 20.0},
        "disk": {"folder": "/home/ada", "free_gb": 100.0, "is_writable": True},
        "driver": "",
        "torch": {"version": "2", "cuda": "", "threads": 2, "gpus": []},
        "qt": {"version": "6", "platform": "xcb", "screen": "1920 x 1080 at 1", "pictures": []},
        "encoders": {"libx264": True, "mjpeg": True},
    } | changes


def test_nothing_is_said_of_a_healthy_machine() -> None:
    assert problems_of(healthy()) == []


@pytest.mark.parametrize(
    ("changes", "what", "todo"),
    [
        ({"torch": {"problem": "No module named torch"}}, "No world can be opened", "go.py setup"),
        ({"torch": {"problem": "x"}, "is_packaged": True}, "No world can be opened", "Install Astra Studio again"),
        ({"encoders": {"libx264": False}}, "Chunks cannot be stored", "go.py setup"),
        ({"disk": {"folder": "/", "free_gb": 9.0, "is_writable": False}}, "Nothing can be kept", "ASTRA_STUDIO_HOME"),
        ({"disk": {"folder": "/", "free_gb": 0.2, "is_writable": True}}, "The disk is nearly full", "Make room"),
        ({"memory": {"total_gb": 8.0, "free_gb": 0.4}}, "Memory is short", "Close other programs"),
        ({"driver": "NVIDIA RTX 4090, 580.1"}, "The GPU is not used", "setup --cuda"),
    ],
)
def test_what_is_in_the_way_has_a_remedy(changes: dict[str, Any], what: str, todo: str) -> None:
    (problem,) = problems_of(healthy(**changes))
    assert what in problem.what
    assert todo in problem.todo


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a screen")
def test_a_machine_without_a_screen_is_told_from_one_without_libraries(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = healthy(qt={"problem": "xcb-cursor0 is needed"})
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    (problem,) = problems_of(broken)
    assert "no screen" in problem.why
    assert main([]) == 1
    assert "no screen" in capsys.readouterr().err
    monkeypatch.setenv("DISPLAY", ":0")
    (problem,) = problems_of(broken)
    assert "xcb-cursor0" in problem.why


def test_a_part_that_does_not_start_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "command_line", lambda *_words: [sys.executable, "-c", "raise SystemExit('no libGL')"])
    assert machine._probe("qt") == {"problem": "no libGL"}
    monkeypatch.setattr(machine, "command_line", lambda *_words: ["/nowhere/astra-studio"])
    assert "/nowhere/astra-studio" in machine._probe("torch")["problem"]


def test_a_packaged_program_starts_itself_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command_line("doctor")[1:] == ["-m", "astra_studio.cli", "doctor"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert [Path(command_line("doctor")[0]), *command_line("doctor")[1:]] == [Path(sys.executable), "doctor"]
