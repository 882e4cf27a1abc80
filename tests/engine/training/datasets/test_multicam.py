import json

import numpy as np
import pytest

from engine import poses
from engine.actions.modality import CAMERA
from engine.training.datasets.errors import ClipError
from engine.training.datasets.motion import PoseTrack, action_rows
from engine.training.datasets.multicam import MultiCamSource, read_track
from tests.engine.training.datasets.builders import unreal_matrix, walk, write_multicam


def row(before, after):
    """The camera row between two of Unreal's matrices."""
    track = read_track({"frame0": {"cam01": before}, "frame1": {"cam01": after}}, "cam01")
    return dict(zip(CAMERA.columns, action_rows(track, CAMERA, 2, "aligned")[1], strict=True))


def test_unreals_directions_become_those_of_camera_rows():
    start = unreal_matrix(0.7, [300.0, -40.0, 120.0])
    c, s = np.cos(0.7), np.sin(0.7)
    forward = row(start, unreal_matrix(0.7, [300 + 100 * c, -40 + 100 * s, 120]))
    right = row(start, unreal_matrix(0.7, [300 - 100 * s, -40 + 100 * c, 120]))
    up = row(start, unreal_matrix(0.7, [300, -40, 220]))
    turned_right = row(start, unreal_matrix(0.7 + 0.1, [300, -40, 120]))
    # Centimetres become metres; forward is tz < 0, right tx < 0, down ty < 0, and a turn to the left r02 > 0.
    assert forward["tz"] == pytest.approx(-1, abs=1e-5)
    assert right["tx"] == pytest.approx(-1, abs=1e-5)
    assert up["ty"] == pytest.approx(1, abs=1e-5)
    assert turned_right["r02"] == pytest.approx(-np.sin(0.1), abs=1e-5)
    assert [turned_right[name] for name in ("tx", "ty", "tz")] == pytest.approx([0, 0, 0], abs=1e-4)


def test_rows_are_those_of_the_published_conversion():
    """Transpose, reorder the columns, turn y round, metres: left-handed as it is, the relative poses are the same."""
    rng = np.random.default_rng(0)
    texts = [unreal_matrix(angle, list(place)) for angle, place in zip(rng.random(5), rng.random((5, 3)), strict=True)]
    content = {f"frame{n}": {"cam01": text} for n, text in enumerate(texts)}
    theirs = []
    for text in texts:
        matrix = np.array([float(number) for number in text.replace("[", "").replace("]", "").split()]).reshape(4, 4).T
        matrix = matrix[:, [1, 2, 0, 3]]
        matrix[:3, 1] *= -1
        matrix[:3, 3] /= 100
        theirs.append(np.linalg.inv(matrix))
    expected = poses.to_row(poses.relative(np.stack(theirs[:-1]), np.stack(theirs[1:])))
    assert np.allclose(action_rows(read_track(content, "cam01"), CAMERA, 5, "aligned")[1:], expected, atol=1e-6)


def test_every_camera_of_a_scene_is_a_clip(tmp_path):
    write_multicam(tmp_path, num_clips=2, num_frames=9)
    first, second = MultiCamSource(tmp_path).entries()
    assert [first.name, second.name] == [f"train/f24_aperture5/scene1/cam0{n}" for n in (1, 2)]
    clip = second.open()
    times = np.arange(9) / 15
    assert np.allclose(clip.track.times, times)
    # The same walk, in a world that lies otherwise.
    extrinsics, expected = poses.inverse(clip.track.poses), poses.inverse(walk(times))
    assert np.allclose(poses.relative(extrinsics[:-1], extrinsics[1:]), poses.relative(expected[:-1], expected[1:]))
    assert isinstance(clip.track, PoseTrack)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], 'should hold "frame0"'),
        ({"frame0": {"cam02": ""}}, "extrinsics of frame 0 lack the camera cam01"),
        ({"frame0": {"cam01": "[1 0 0]"}}, "16 numbers in brackets"),
        ({"frame0": {"cam01": "[a 0 0 0] " * 4}}, "16 numbers in brackets"),
    ],
)
def test_extrinsics_of_another_form_are_refused(tmp_path, content, words):
    write_multicam(tmp_path, num_clips=1, num_frames=3)
    next(tmp_path.rglob("camera_extrinsics.json")).write_text(json.dumps(content))
    with pytest.raises(ClipError, match=words):
        next(MultiCamSource(tmp_path).entries()).open()
