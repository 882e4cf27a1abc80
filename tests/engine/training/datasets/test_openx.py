import numpy as np
import pytest
from tensorboardX.record_writer import RecordWriter

from engine import poses
from engine.actions.modality import ROBOT
from engine.training.datasets.errors import ClipError
from engine.training.datasets.openx import OpenXSource
from engine.training.datasets.tfrecord import record_places
from tests.engine.training.datasets.builders import example, picture, tool_vectors, write_openx


def entries(folder):
    return list(OpenXSource(folder).entries())


def test_the_tools_reached_poses_are_read_from_the_first_place_on(tmp_path):
    write_openx(tmp_path, num_steps=6)
    first, second = entries(tmp_path)
    assert first.name == "fractal20220817_data/0.1.0/fractal20220817_data-train.tfrecord-00000-of-00001/0"
    assert second.name.endswith("/1")
    clip = first.open()
    assert clip.modality is ROBOT
    assert not clip.is_timed
    assert clip.caption == "open drawer"
    reached = tool_vectors(6)
    assert np.allclose(clip.track.poses[:, :3, 3], reached[:, :3] - reached[0, :3], atol=1e-6)
    assert np.allclose(clip.track.poses[4, :3, :3], poses.rotation_z(0.2), atol=1e-6)
    shown = list(clip.footage.pictures(2))
    assert len(shown) == 4
    assert np.abs(shown[0].astype(int) - picture(2, 80, 64)).mean() < 4


def test_commands_stand_in_where_no_pose_is_told_each_leading_to_the_next_picture(tmp_path):
    write_openx(tmp_path, num_steps=6, reached=False)
    track = entries(tmp_path)[0].open().track.poses
    assert np.allclose(track[0], np.eye(4))
    assert np.allclose(track[1, :3, 3], [0.02, 0, -0.01])
    assert np.allclose(track[5, :3, 3], [0.1, 0, -0.05])
    assert np.allclose(track[5, :3, :3], poses.rotation_z(0.25))


def test_a_damaged_header_ends_its_file_but_not_the_ones_after_it(tmp_path):
    write_openx(tmp_path, num_clips=3, num_steps=3)
    path = next(tmp_path.rglob("*.tfrecord*"))
    (path.parent / "later.tfrecord-00000-of-00001").write_bytes(path.read_bytes())
    broken = bytearray(path.read_bytes())
    place = list(record_places(path))[1][0]
    broken[place - 12] ^= 1
    path.write_bytes(bytes(broken))
    found = entries(tmp_path)
    assert len(found) == 2 + 3
    assert found[0].open()
    with pytest.raises(ClipError, match="damaged at byte"):
        found[1].open()
    assert all(entry.open() for entry in found[2:])


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        ("steps/observation/image", "has no pictures: expected steps/observation/image"),
        ("steps/observation/base_pose_tool_reached", "does not say where the tool is"),
    ],
)
def test_an_episode_that_lacks_something_tells_what_it_has(tmp_path, left_out, words):
    features = {
        "steps/observation/image": [b"x", b"y"],
        "steps/observation/base_pose_tool_reached": [0.0] * 14,
        "steps/reward": [0.0, 1.0],
    }
    del features[left_out]
    write_records(tmp_path, features)
    with pytest.raises(ClipError, match=words) as caught:
        entries(tmp_path)[0].open()
    assert "steps/reward" in str(caught.value)


def test_poses_for_another_number_of_steps_are_refused(tmp_path):
    features = {"steps/observation/image": [b"x", b"y"], "steps/observation/base_pose_tool_reached": [0.0] * 13}
    write_records(tmp_path, features)
    with pytest.raises(ClipError, match="holds 13 numbers; expected 7 for each of 2 steps"):
        entries(tmp_path)[0].open()


def test_a_picture_that_is_none_breaks_the_clip_where_it_is(tmp_path):
    vectors = tool_vectors(2).ravel().tolist()
    images = [b"\xff\xd8\xff\xe0 cut short", b"no picture"]
    write_records(tmp_path, {"steps/observation/image": images, "steps/observation/base_pose_tool_reached": vectors})
    clip = entries(tmp_path)[0].open()
    for number in range(2):
        with pytest.raises(ClipError, match="a picture of the episode is damaged"):
            next(clip.footage.pictures(number))


def write_records(folder, *episodes):
    writer = RecordWriter(str(folder / "a.tfrecord-00000-of-00001"))
    for features in episodes:
        writer.write(example(features))
    writer.close()
