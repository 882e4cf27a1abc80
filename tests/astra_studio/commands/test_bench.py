"""`astra-studio bench`: what it says where it cannot measure."""

from __future__ import annotations

import sys

import pytest

from astra_studio.cli import main


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_the_window_is_not_measured_without_a_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["bench", "--window", "--quick"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no screen" in said.err
    assert "QT_QPA_PLATFORM=offscreen" in " ".join(said.err.split())
