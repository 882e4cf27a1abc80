import numpy as np
import pytest

from engine.actions.modality import CAMERA
from engine.training.datasets.errors import ClipError
from engine.training.datasets.sekai import SekaiSource
from tests.engine.training.datasets.builders import walk, write_sekai, write_video


@pytest.fixture
def folder(tmp_path):
    write_sekai(tmp_path, num_clips=2, num_frames=9)
    return tmp_path


def first(folder):
    return next(SekaiSource(folder).entries())


def test_extrinsics_are_read_as_the_camera_to_world_poses_that_they_are(folder):
    clip = first(folder).open()
    assert clip.modality is CAMERA
    assert np.allclose(clip.track.poses, walk(np.arange(9) / 30), atol=1e-6)
    assert np.allclose(clip.track.times, np.arange(9) / 30)


def test_captions_come_from_the_table_of_the_clips(folder):
    assert first(folder).open().caption == "A path, in the woods."
    next(folder.rglob("*.csv")).unlink()
    assert first(folder).open().caption == ""


def test_trajectories_may_lie_in_a_folder_of_their_own(folder):
    (folder / "camera").mkdir()
    for path in sorted(folder.rglob("*.npz")):
        path.rename(folder / "camera" / path.name)
    assert len(first(folder).open().track.times) == 9


def test_a_video_without_a_trajectory_is_told(folder):
    next(iter(sorted(folder.rglob("*.npz")))).unlink()
    with pytest.raises(ClipError, match=r"no camera trajectory 00100100000_.*\.npz"):
        first(folder).open()


def test_one_pose_more_or_less_than_frames_is_cut_but_another_rate_is_refused(folder):
    path = sorted(folder.rglob("*.npz"))[0]
    np.savez(path, extrinsic=walk(np.arange(10) / 30))
    assert len(first(folder).open().track.times) == 9
    np.savez(path, extrinsic=walk(np.arange(4) / 15))
    with pytest.raises(ClipError, match=r"4 poses, 0\.1 s at 30 a second, for a video of 9 frames"):
        first(folder).open()


def test_poses_are_thirty_a_second_whatever_the_video_has(folder):
    """A video that was saved anew at half its rate: 9 frames, and the 17 poses of the same time."""
    path = sorted(folder.rglob("*.npz"))[0]
    np.savez(path, extrinsic=walk(np.arange(17) / 30))
    write_video(path.with_suffix(".mp4"), 9, 15)
    clip = first(folder).open()
    assert np.allclose(clip.footage.times, np.arange(9) / 15)
    assert np.allclose(clip.track.times, np.arange(17) / 30)
    assert np.allclose(clip.track.at(clip.footage.times), walk(np.arange(9) / 15), atol=1e-6)


def test_captions_that_are_no_table_are_told(folder):
    next(folder.rglob("*.csv")).write_text("videoFile,caption\n" + "x" * 200_000)
    with pytest.raises(ClipError, match="its captions in sekai-game-walking"):
        first(folder).open()
