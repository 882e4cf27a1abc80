import json

import numpy as np
import pytest

from engine.actions.modality import DRIVING
from engine.training.datasets.errors import ClipError, DataSetError
from engine.training.datasets.nuscenes import NuScenesSource
from tests.engine.training.datasets.builders import drive, picture, write_nuscenes


@pytest.fixture
def folder(tmp_path):
    write_nuscenes(tmp_path, num_clips=2, num_frames=8)
    return tmp_path


def change(folder, name, edit):
    path = folder / "v1.0-mini" / name
    records = json.loads(path.read_text())
    for record in records:
        edit(record)
    path.write_text(json.dumps(records))


def test_the_front_camera_is_followed_through_samples_and_sweeps_with_a_pose_each(folder):
    entries = list(NuScenesSource(folder).entries())
    assert [entry.name for entry in entries] == ["v1.0-mini/scene-0001", "v1.0-mini/scene-0002"]
    clip = entries[1].open()
    times = np.arange(8) * 0.083333
    assert clip.modality is DRIVING
    assert np.allclose(clip.footage.times, times)
    assert np.allclose(clip.track.poses, drive(times), atol=1e-9)
    assert clip.caption == "Turning left, rain"
    shown = list(clip.footage.pictures(0))
    assert len(shown) == 8
    assert all(np.abs(shown[n].astype(int) - picture(n, 80, 45)).mean() < 4 for n in range(8))


def test_a_missing_picture_breaks_the_clip_where_it_is(folder):
    sorted((folder / "sweeps" / "CAM_FRONT").iterdir())[2].unlink()
    pictures = next(NuScenesSource(folder).entries()).open().footage.pictures(0)
    assert [next(pictures).shape for _ in range(3)] == [(45, 80, 3)] * 3
    with pytest.raises(ValueError, match=r"There is no file 'n008__CAM_FRONT__"):
        next(pictures)


def test_a_path_out_of_the_data_set_is_refused(folder):
    def outside(record):
        record["filename"] = "samples/CAM_FRONT/../../../secret.jpg"

    change(folder, "sample_data.json", outside)
    with pytest.raises(ClipError, match="points outside the data set"):
        next(NuScenesSource(folder).entries()).open()


def test_a_pose_that_is_missing_is_told_with_its_picture(folder):
    def renamed(record):
        record["token"] = record["token"].replace("0-pose-3", "lost")

    change(folder, "ego_pose.json", renamed)
    first, second = NuScenesSource(folder).entries()
    with pytest.raises(ClipError, match=r"no pose for sweeps/CAM_FRONT/"):
        first.open()
    assert second.open()


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("sample_data.json", "ego_pose_token", "a record of sample_data.json lacks ego_pose_token"),
        ("sample.json", "scene_token", "a record of sample.json lacks scene_token"),
        ("ego_pose.json", "rotation", "an ego pose lacks its rotation"),
    ],
)
def test_another_schema_is_told_by_the_column_it_lacks(folder, table, column, words):
    change(folder, table, lambda record: record.pop(column, None))
    with pytest.raises(DataSetError, match=words):
        list(NuScenesSource(folder).entries())


def test_a_scene_without_pictures_is_told(folder):
    change(folder, "sample_data.json", lambda record: record.update(sample_token="elsewhere"))
    with pytest.raises(ClipError, match="0 pictures of CAM_FRONT"):
        next(NuScenesSource(folder).entries()).open()
