"""What is seen: the views as they were drawn, the ghost, the camera's own view, the narrow window, the same rows."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt

from astra_studio.app import App
from astra_studio.cli import main
from astra_studio.document import edits, take_edits
from astra_studio.document.model import new_id
from astra_studio.services.camera.files import export_path
from engine.trajectories.key_edits import with_angles
from engine.trajectories.path import CameraPath, Key
from tests.ui.path_editor.conftest import CONTROL, Hand
from tests.ui.pictures import check_picture

PLACES = ((0, 0, 0, 3), (0.1, 0, 0.4, -2), (-0.02, -0.1, 0.8, 0), (0.16, 0, 1.26, 24), (0.62, 0, 1.56, 5))
BOW = CameraPath(
    keys=tuple(
        with_angles(Key(time_s=2.8 * number, position=place[:3]), place[3], 0, 0) for number, place in enumerate(PLACES)
    )
)


@pytest.fixture
def app(fresh_app: App) -> App:
    """Its own, since the views keep where they are looked at from."""
    return fresh_app


@pytest.fixture
def bow(empty: Hand) -> Hand:
    """A bow of five keys, a part of it too fast, the playhead in its middle, a key chosen."""
    empty.editing.set_path(BOW, "Draw path")
    for view in empty.pane.all_views:
        view.setFixedSize(QSize(376, 337 if view is not empty.pane.space else 181))
        view.resize(view.minimumSize())
    empty.pane.fit()
    empty.editing.select([3])
    empty.studio.player.seek(112)
    return empty


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("view", ["top", "side", "space"])
def test_views_look_as_they_were_drawn(bow: Hand, tmp_path: Path, name: str, view: str) -> None:
    bow.studio.theme.set_name(name)
    check_picture(getattr(bow.pane, view).grab().toImage(), f"path-{view}-{name}", tmp_path)


def test_the_view_with_rings_and_the_empty_one_look_as_they_were_drawn(bow: Hand, tmp_path: Path) -> None:
    bow.driver.key(Qt.Key.Key_3)
    bow.pane.space.setFocus()
    check_picture(bow.pane.space.grab().toImage(), "path-rings-dark", tmp_path)
    bow.editing.clear()
    check_picture(bow.top.grab().toImage(), "path-empty-dark", tmp_path)


def test_fast_ticks_are_those_of_the_gauge_and_chunks_have_rings(bow: Hand) -> None:
    scene = bow.pane.scene
    assert scene.bounds == (0, 8, 16, 24, 32, 40, 48, 56)
    assert 0 < scene.fast.sum() < len(scene.fast)
    assert "faster than trained" in bow.top.accessibleDescription()


def test_a_compared_take_is_shown_as_a_ghost_from_the_same_start(bow: Hand) -> None:
    first = bow.studio.take.id
    bow.studio.apply(take_edits.new_take(new_id()))
    bow.studio.commands.trigger("path.mirror")
    bow.studio.apply(edits.select(compared=first))
    scene = bow.pane.scene
    assert scene.ghost_name == "Take 1"
    assert np.allclose(scene.ghost[0], scene.ticks[0])
    assert not np.allclose(scene.ghost[-1], scene.ticks[-1])
    before = bow.top.grab().toImage()
    bow.studio.apply(edits.select(compared=None))
    assert bow.top.grab().toImage() != before


def test_looking_through_the_camera_follows_the_playhead_and_sets_keys_from_the_free_view(bow: Hand) -> None:
    bow.driver.key(Qt.Key.Key_C)
    space = bow.pane.space
    assert np.allclose(space.eye, bow.pane.scene.pose_at(5.6))
    bow.studio.player.seek(56)
    assert np.allclose(space.eye, bow.pane.scene.pose_at(2.8))
    bow.driver.key(Qt.Key.Key_C)
    eye = space.eye
    bow.driver.key(Qt.Key.Key_0, CONTROL)
    assert np.allclose(bow.path.at(np.array([bow.path.keys[3].time_s]))[0], eye)
    bow.undo()
    bow.editing.select(())
    bow.studio.player.seek(20)
    bow.studio.commands.trigger("path.from_view")
    assert len(bow.path.keys) == 6
    assert np.allclose(bow.places[1], eye[:3, 3])


def test_through_the_camera_one_sees_the_start_and_then_nothing_that_is_not_made(bow: Hand) -> None:
    bow.driver.start_from()
    bow.driver.wait(lambda: bow.studio.generation.status.world_stage == "open")
    bow.studio.player.seek(0)
    bow.driver.wait(lambda: bow.studio.player.start_picture(bow.studio.project.start) is not None)
    bow.driver.key(Qt.Key.Key_C)
    picture = bow.pane.space.picture
    assert picture is not None
    assert picture.width() / picture.height() == pytest.approx(bow.studio.project.world.info.aspect, rel=0.02)
    bow.studio.player.seek(40)
    assert bow.pane.space.picture is None


def test_a_narrow_window_shows_path_or_viewer_in_one_place(bow: Hand) -> None:
    window = bow.driver.window
    assert window.path.isVisible()
    assert window.viewport.isVisible()
    window.resize(1280, 800)
    bow.driver.wait(lambda: not window.path.isVisible())
    window.middle.tabs["Viewer"]._pick(1)
    assert window.path.isVisible()
    assert not window.viewport.isVisible()
    assert window.middle.tabs["Path"].current == "Path"
    bow.driver.key(Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert window.viewport.isVisible()
    assert not window.path.isVisible()
    bow.driver.key(Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    window.resize(1600, 1000)
    bow.driver.wait(lambda: window.path.isVisible() and window.viewport.isVisible())


@pytest.mark.parametrize("name", ["walk.json", "walk.tum"])
def test_the_rows_of_the_project_are_those_that_show_prints_of_the_exported_path(
    bow: Hand, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    export_path(bow.studio.take, file, "astra" if name.endswith("json") else "tum", 20.0)
    printed = StringIO()
    with redirect_stdout(printed):
        assert main(["trajectory", "show", str(file), "--json"]) == 0
    rows = np.array(json.loads(printed.getvalue())["rows"])
    assert np.abs(rows - bow.studio.take.actions.rows).max() < 1e-6
