"""The lanes as they are painted, in both themes, for lanes and curves."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSize

from astra_studio.document import edits, take_edits
from astra_studio.document.model import new_id
from tests.ui.pictures import check_picture
from tests.ui.timeline.conftest import Hand, key


@pytest.fixture
def written(reading: Hand) -> Hand:
    """Keys of all kinds, a chosen one of each, a work area, markers, a branch."""
    reading.put_keys(
        key(2, 1.5),
        key(12, 2.0, "hold"),
        key(20, 2.5),
        key(0, 0.1, parameter="history_noise"),
        key(0, "a quiet lake at dusk", "hold", "prompt"),
        key(14, "first stars", "hold", "prompt"),
    )
    reading.studio.apply(take_edits.new_take(new_id()))
    reading.studio.apply(edits.set_work_area(33, 73))
    reading.studio.apply(edits.add_marker("m", 60, "turn"))
    reading.scene.choose({("camera", 1), ("guidance", 12), ("prompt", 14)})
    reading.canvas.setFixedSize(QSize(1000, 346))
    reading.canvas.fit()
    reading.studio.player.seek(44)
    return reading


@pytest.mark.parametrize("name", ["dark", "light"])
def test_lanes_look_as_they_were_drawn(written: Hand, tmp_path: Path, name: str) -> None:
    written.studio.theme.set_name(name)
    check_picture(written.canvas.grab().toImage(), f"lanes-{name}", tmp_path)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_curves_look_as_they_were_drawn(written: Hand, tmp_path: Path, name: str) -> None:
    written.studio.theme.set_name(name)
    written.canvas.show_graph(True)
    assert written.canvas.graph is not None
    written.canvas.graph.show_only({"x", "z", "yaw", "guidance"})
    check_picture(written.canvas.grab().toImage(), f"curves-{name}", tmp_path)
