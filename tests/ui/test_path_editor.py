"""The path editor as a user drives it: keys, mouse, numbers, undo."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from astra_studio.document.paths import stored_path
from engine.trajectories.path import CameraPath
from engine.trajectories.sampling import actions
from tests.ui.conftest import Driver
from ui.path_editor.view import PathView

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def path_of(driver: Driver) -> CameraPath:
    """The keys that the project holds; the rows beside them are theirs."""
    found = stored_path(driver.studio.take)
    assert found is not None
    asked = driver.studio.take.actions
    assert np.abs(actions(found.path, asked.kind).rows - asked.rows).max(initial=0) < 1e-6
    return found.path


def places(driver: Driver) -> np.ndarray:
    return np.array([key.position for key in path_of(driver).keys])


def pixel(view: PathView, number: int) -> QPoint:
    """Where a key is seen."""
    x, y = view.projection.project(view.scene.keys[number : number + 1, :3, 3])[0][0]
    return QPoint(round(x), round(y))


@pytest.fixture
def walk(driver: Driver) -> Driver:
    """Four keys straight ahead, none chosen; snapping off."""
    for _ in range(4):
        driver.key(Qt.Key.Key_Return)
    driver.studio.is_snapping = False
    driver.window.path_editing.select(())
    driver.window.path.fit()
    return driver


def test_return_adds_keys_and_undo_takes_them_back(driver: Driver) -> None:
    assert driver.window.path.scene.is_empty
    for _ in range(3):
        driver.key(Qt.Key.Key_Return)
    assert np.allclose(places(driver)[:, 2], [0, 0.24, 0.48])
    assert [key.time_s for key in path_of(driver).keys] == pytest.approx([0, 1.6, 3.2])
    assert len(driver.window.path.scene.keys) == 3
    assert driver.studio.player.frame == 64
    for left in (2, 1):
        driver.key(Qt.Key.Key_Z, CONTROL)
        assert len(path_of(driver).keys) == left
    driver.key(Qt.Key.Key_Z, CONTROL)
    assert stored_path(driver.studio.take) is None
    assert driver.window.path.scene.is_empty


def test_a_key_is_chosen_by_a_click_and_dragged_as_one_undo_step(walk: Driver) -> None:
    view = walk.window.path.top
    before = walk.studio.project
    walk.click(view, pixel(view, 2))
    assert walk.window.path_editing.selected == {2}
    assert walk.studio.player.frame == 64
    begin = pixel(view, 2)
    walk.drag(view, begin, begin + QPoint(40, -20))
    moved = places(walk)
    scale = view.projection.scale
    assert moved[2] == pytest.approx([40 / scale, 0, 0.48 + 20 / scale])
    assert np.allclose(moved[[0, 1, 3]], [[0, 0, 0], [0, 0, 0.24], [0, 0, 0.72]])
    walk.key(Qt.Key.Key_Z, CONTROL)
    assert walk.studio.take == before.current
    QTest.qWait(0)
