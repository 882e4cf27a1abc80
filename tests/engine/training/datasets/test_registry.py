import shutil

import pytest

from engine.training.datasets.errors import LayoutError
from engine.training.datasets.registry import LAYOUTS, detect, open_source
from tests.engine.training.datasets.builders import write_openx, write_spatialvid, write_video


def test_a_folder_of_something_else_is_refused_with_what_is_expected_and_what_is_there(tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    write_video(tmp_path / "walk.mp4", 2, 20)
    with pytest.raises(LayoutError) as caught:
        detect(tmp_path)
    message = str(caught.value)
    assert all(f"{name}: {layout.expects}" in message for name, layout in LAYOUTS.items())
    assert "Found: holiday/, notes.txt, walk.mp4" in message


def test_an_empty_or_missing_folder_is_told(tmp_path):
    with pytest.raises(LayoutError, match="Found: nothing"):
        detect(tmp_path)
    with pytest.raises(LayoutError, match="there is no folder"):
        open_source(tmp_path / "gone", "sekai")


def test_a_folder_of_two_layouts_asks_which(tmp_path):
    write_spatialvid(tmp_path, 1, 10)
    write_openx(tmp_path, 1, 2)
    with pytest.raises(LayoutError, match=r"several layouts: spatialvid, because .*; openx, because .*--layout"):
        open_source(tmp_path)
    assert open_source(tmp_path, "openx")[0] == "openx"


def test_a_layout_that_was_asked_for_and_is_not_there_is_told(tmp_path):
    write_spatialvid(tmp_path, 1, 10)
    with pytest.raises(
        LayoutError, match=r"not in the layout nuscenes: expected v1\.0-\*.*Found: annotations/, videos/"
    ):
        open_source(tmp_path, "nuscenes")
    with pytest.raises(LayoutError, match="unknown layout 'kitti'; there are auto, sekai"):
        open_source(tmp_path, "kitti")
    shutil.rmtree(tmp_path / "annotations")
