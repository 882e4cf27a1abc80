import numpy as np
import pytest

from engine.training.datasets.errors import ClipError
from engine.training.datasets.spatialvid import SpatialVidSource
from tests.engine.training.datasets.builders import walk, write_spatialvid


@pytest.fixture
def folder(tmp_path):
    write_spatialvid(tmp_path, num_clips=1, num_frames=20)
    return tmp_path


def clip(folder):
    return next(SpatialVidSource(folder).entries()).open()


def test_world_to_camera_vectors_become_poses_at_their_own_frames(folder):
    read = clip(folder)
    assert np.allclose(read.track.times, [0, 0.2, 0.4, 0.6])
    assert np.allclose(read.track.poses, walk(np.array([0, 0.2, 0.4, 0.6])), atol=1e-6)
    assert read.caption == "A street."


def test_without_indexes_every_fifth_of_a_second_has_a_pose(folder):
    told = clip(folder).track.times
    next(folder.rglob("indexes.txt")).unlink()
    assert np.array_equal(clip(folder).track.times, told)
    poses = next(folder.rglob("poses.npy"))
    np.save(poses, np.load(poses)[:-1])
    assert np.array_equal(clip(folder).track.times, told[:-1])


@pytest.mark.parametrize("change", ["too few", "frames past the end", "no numbers", "another count without indexes"])
def test_poses_of_unknown_frames_are_refused(folder, change):
    indexes, poses = next(folder.rglob("indexes.txt")), next(folder.rglob("poses.npy"))
    if change == "too few":
        np.save(poses, np.load(poses)[:2])
    elif change == "frames past the end":
        indexes.write_text("0 0\n1 6\n2 12\n3 20\n")
    elif change == "no numbers":
        indexes.write_text("0\n1\n")
    else:
        indexes.unlink()
        np.save(poses, np.load(poses)[:2])
    with pytest.raises(ClipError, match=r"which of its 20 frames|lines of a number and a frame"):
        clip(folder)


def test_a_long_caption_stands_in_for_a_missing_short_one(folder):
    path = next(folder.rglob("caption.json"))
    path.write_text('{"SceneDescription": "A long street."}')
    assert clip(folder).caption == "A long street."
    path.unlink()
    assert clip(folder).caption == ""
