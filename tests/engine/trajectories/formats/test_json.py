"""JSON formats, from files written by hand after their published layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import poses
from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import natural
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import Reading, read_trajectory

HALF = float(np.sqrt(0.5))
FLIP = np.diag([1.0, -1, -1, 1])
LEFT_90 = poses.rotation_y(-np.pi / 2)


def read(folder: Path, name: str, content: Any, **overrides: Any) -> Reading:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_trajectory(path, Overrides(**overrides), clock=ASTRA_CLOCK)


# ---------------------------------------------------------------------- nerfstudio camera_path.json

UP = [1, 0, 0, 0.5, 0, 0, -1, -2, 0, 1, 0, 0.25, 0, 0, 0, 1]
"""OpenGL camera-to-world in a world whose z is up: it looks along +y and is 2 units behind the origin."""
UP_NEARER = [*UP[:7], -1.97, *UP[8:]]


def camera_path(**changes: Any) -> dict[str, Any]:
    frame = {"fov": 50, "aspect": 1.777}
    return {
        "keyframes": [{"matrix": UP, "fov": 50, "aspect": 1.777, "override_transition_enabled": False}],
        "camera_type": "perspective",
        "render_height": 1080,
        "render_width": 1920,
        "camera_path": [{"camera_to_world": m, **frame} for m in (UP, UP_NEARER, UP_NEARER)],
        "fps": 30,
        "seconds": 0.1,
        "smoothness_value": 0,
        "is_cycle": False,
        "crop": None,
        **changes,
    }


def test_nerfstudio_is_camera_to_world_in_opengl_axes_by_rows(tmp_path):
    reading = read(tmp_path, "camera_path.json", camera_path())
    recording = reading.recording
    assert (reading.format, reading.axes) == ("nerfstudio", "opengl")
    assert np.allclose(recording.c2w[0], np.reshape(UP, (4, 4)) @ FLIP)
    assert np.allclose(recording.c2w[0][:3, 2], [0, 1, 0])
    assert reading.checks.direction == "forward"
    assert np.allclose(recording.times, [0, 1 / 30, 2 / 30])
    lens = recording.lens
    assert lens is not None
    assert (lens.width_px, lens.height_px) == (1920, 1080)
    assert np.allclose(np.rad2deg(lens.vertical_fov), 50)


def test_nerfstudio_written_by_columns_is_told_by_its_last_row(tmp_path):
    by_columns = np.reshape(UP, (4, 4)).T.ravel().tolist()
    content = camera_path(camera_path=[{"camera_to_world": by_columns}] * 2)
    reading = read(tmp_path, "a.json", content)
    assert np.allclose(reading.recording.c2w[0], np.reshape(UP, (4, 4)) @ FLIP)
    assert any("columns" in note for note in reading.notes)
    assert reading.recording.lens is None


def test_the_entry_that_is_no_object_is_named(tmp_path):
    content = camera_path()
    content["camera_path"][1] = None
    with pytest.raises(TrajectoryError, match=r'"camera_path" of a\.json should be .* its entry 1 is None'):
        read(tmp_path, "a.json", content)


def test_nerfstudio_without_a_rate_has_its_seconds(tmp_path):
    content = camera_path(seconds=0.5)
    del content["fps"]
    assert read(tmp_path, "a.json", content).recording.fps == pytest.approx(6)


def test_nerfstudio_with_key_frames_alone_has_their_transitions(tmp_path):
    keys = [
        {"matrix": UP, "override_transition_enabled": True, "override_transition_sec": 9},
        {"matrix": UP_NEARER, "override_transition_enabled": False, "override_transition_sec": None},
        {"matrix": UP, "override_transition_enabled": True, "override_transition_sec": 0.5},
    ]
    content = camera_path(keyframes=keys, camera_path=[], default_transition_sec=3)
    assert read(tmp_path, "a.json", content).recording.times.tolist() == [0, 3, 3.5]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"camera_path": [{"camera_to_world": UP[:15]}] * 2},
            "frame 0 of a.json: expected a list of 16, got a list of 15",
        ),
        ({"camera_path": [{"camera_to_world": UP}, {}]}, "frame 1 of a.json: expected a list of 16, got None"),
        ({"camera_path": [{"camera_to_world": [*UP[:15], "x"]}] * 2}, "frame 0 of a.json: expected a number, got 'x'"),
        ({"camera_path": [{"camera_to_world": [*UP[:15], 7]}] * 2}, "does not end with the row 0 0 0 1"),
        ({"camera_path": [{"camera_to_world": UP}]}, "single pose"),
        ({"fps": 0}, '"fps" of a.json is 0'),
    ],
)
def test_nerfstudio_with_a_wrong_frame_is_named(tmp_path, changes, message):
    with pytest.raises(TrajectoryError, match=message):
        read(tmp_path, "a.json", camera_path(**changes))


def test_json_that_is_cut_off_is_told_with_its_line(tmp_path):
    with pytest.raises(TrajectoryError, match=r"a\.json is not whole JSON: .* at line 1, column"):
        read(tmp_path, "a.json", json.dumps(camera_path())[:200])


def test_json_nested_without_end_is_refused(tmp_path):
    with pytest.raises(TrajectoryError, match=r"a\.json"):
        read(tmp_path, "a.json", '{"path":' + "[" * 100_000)


# ---------------------------------------------------------------------- transforms.json


def transforms(**changes: Any) -> dict[str, Any]:
    frames = [
        {"file_path": f"images/frame_{n}.jpg", "transform_matrix": np.reshape(m, (4, 4)).tolist()}
        for n, m in ((10, UP), (2, UP_NEARER), (1, UP))
    ]
    size = {"w": 1920, "h": 1080, "fl_x": 1072.0, "fl_y": 1068.0, "cx": 950.0, "cy": 545.0}
    return {"camera_model": "OPENCV", **size, "k1": 0.03, "frames": frames, **changes}


def test_transforms_are_opengl_in_the_order_of_their_names(tmp_path):
    reading = read(
        tmp_path, "transforms.json", transforms(applied_transform=[[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0]])
    )
    recording = reading.recording
    assert (reading.format, reading.axes) == ("transforms", "opengl")
    expected = [np.reshape(m, (4, 4)) @ FLIP for m in (UP, UP_NEARER, UP)]
    assert np.allclose(recording.c2w, expected)
    assert any("applied_transform" in note for note in reading.notes)
    assert recording.lens is not None
    assert np.allclose(recording.lens.rows[0], [1072 / 1920, 1068 / 1080, 950 / 1920, 545 / 1080])


@pytest.mark.parametrize(
    "names",
    [
        ["9.5.png", "9.75.png", "10.png", "10.25.png"],
        ["rgb/1305031102.175304.png", "rgb/1305031102.2.png", "rgb/1305031103.0.png"],
        ["v1.2.png", "v1.10.png"],
        ["cam1/2.png", "cam1/10.png", "cam2/1.png"],
    ],
)
def test_names_are_sorted_as_people_do(names):
    assert sorted([*names[1:], names[0]], key=natural) == names
    assert natural("9" * 5000 + ".png") > natural("1.png")


def test_transforms_of_blender_have_an_angle(tmp_path):
    content = transforms(camera_angle_x=0.69)
    for key in ("fl_x", "fl_y", "cx", "cy"):
        del content[key]
    lens = read(tmp_path, "a.json", content).recording.lens
    assert lens is not None
    assert lens.rows[0, 0] == pytest.approx(0.5 / np.tan(0.345))
    assert lens.rows[0, 1] == pytest.approx(lens.rows[0, 0] * 1920 / 1080)
    bare = {"camera_angle_x": 0.69, "frames": content["frames"]}
    assert read(tmp_path, "b.json", bare).recording.lens is None


def test_transforms_may_have_a_lens_for_every_frame(tmp_path):
    content = transforms()
    for number, frame in enumerate(content["frames"]):
        frame["fl_x"] = 1000.0 + number
    lens = read(tmp_path, "a.json", content).recording.lens
    assert lens is not None
    assert np.allclose(lens.rows[:, 0] * 1920, [1002, 1001, 1000])


def test_a_frame_without_its_matrix_is_named(tmp_path):
    content = transforms()
    del content["frames"][1]["transform_matrix"]
    with pytest.raises(TrajectoryError, match=r"frame 1 \(images/frame_2\.jpg\) of a\.json"):
        read(tmp_path, "a.json", content)


# ---------------------------------------------------------------------- ReCamMaster


def recammaster() -> dict[str, Any]:
    """In centimetres and Unreal's axes: cam01 walks 3 cm a frame along +x, which is forward; cam02 has turned left."""
    still = "[1 0 0 0] [0 1 0 0] [0 0 1 0] "
    left = "[0 -1 0 0] [1 0 0 0] [0 0 1 0] "
    return {
        f"frame{n}": {"cam01": f"{still}[{3390 + 3 * n} 1380 240 1] ", "cam02": f"{left}[3390 {1380 - 3 * n} 240 1] "}
        for n in (0, 1, 2, 10, 11)
    }


def test_recammaster_is_of_row_vectors_in_centimetres_and_unreal_axes(tmp_path):
    reading = read(tmp_path, "camera_extrinsics.json", recammaster())
    recording = reading.recording
    assert (reading.format, reading.axes) == ("recammaster", "unreal")
    assert np.allclose(recording.c2w[:, :3, :3], np.eye(3))
    assert np.allclose(recording.c2w[0, :3, 3], [13.8, -2.4, 33.9])
    assert np.allclose(np.diff(recording.c2w[:2, :3, 3], axis=0), [[0, 0, 0.03]])
    assert recording.fps == 15
    assert np.allclose(recording.times, np.array([0, 1, 2, 10, 11]) / 15)


def test_recammaster_relative_poses_are_those_of_the_released_script(tmp_path):
    """Transpose, axes 1 2 0 of the camera with y turned round, centimetres to metres: inference_recammaster.py."""
    rng = np.random.default_rng(0)
    rows = {}
    expected = []
    for n in range(4):
        turn = poses.quaternion_to_matrix(rng.normal(size=4))
        place = rng.normal(size=3) * 100
        text = "".join(f"[{' '.join(map(str, [*row, 0]))}] " for row in turn.T.tolist())
        rows[f"frame{n}"] = {"cam01": f"{text}[{' '.join(map(str, [*place.tolist(), 1]))}] "}
        matrix = poses.from_parts(turn, place)[:, [1, 2, 0, 3]]
        matrix[:3, 1] *= -1
        matrix[:3, 3] /= 100
        expected.append(matrix)
    found = read(tmp_path, "camera_extrinsics.json", rows).recording.c2w
    assert np.allclose(np.linalg.det(found[:, :3, :3]), 1)
    wanted = np.linalg.inv(expected[0]) @ np.array(expected)
    assert np.allclose(poses.inverse(found[0]) @ found, wanted)


def test_recammaster_has_other_cameras(tmp_path):
    reading = read(tmp_path, "a.json", recammaster(), camera="cam02")
    assert np.allclose(reading.recording.c2w[0, :3, :3], LEFT_90)
    assert reading.checks.direction == "forward"
    assert any("cam02" in note for note in read(tmp_path, "a.json", recammaster()).notes)
    with pytest.raises(TrajectoryError, match="lacks the camera 'cam7'; there are cam01, cam02"):
        read(tmp_path, "a.json", recammaster(), camera="cam7")


@pytest.mark.parametrize("text", ["[1 0 0 0] [0 1 0 0] [0 0 1 0] ", "[1 0 0 0] [0 1 0 0] [0 0 1 0] [x 0 0 1]", "", 3])
def test_recammaster_with_a_wrong_matrix_is_named(tmp_path, text):
    with pytest.raises(TrajectoryError, match=r"frame1, cam01 of a\.json"):
        read(tmp_path, "a.json", recammaster() | {"frame1": {"cam01": text}})


# ---------------------------------------------------------------------- GEN3C


def gen3c(**changes: Any) -> dict[str, Any]:
    keys = [
        {"R": [0, 0, 0, 1], "T": [0, 0, 0], "fov": 60.0, "timestamp": 1.0},
        {"R": [0, 0, 0, 1], "T": [0, 0, 0.03], "fov": 60.0, "timestamp": 3.0},
        {"R": [0, -HALF, 0, HALF], "T": [0.5, -0.25, 2], "fov": 60.0, "timestamp": 6.0},
    ]
    return {"loop": False, "time": 0.0, "path": keys, "duration_seconds": 6.0, "spline_order": 3, **changes}


def test_gen3c_is_camera_to_world_with_timestamps_at_the_end_of_their_segments(tmp_path):
    reading = read(tmp_path, "path.json", gen3c())
    assert reading.format == "gen3c"
    assert np.allclose(reading.recording.c2w[2], poses.from_parts(LEFT_90, [0.5, -0.25, 2]))
    assert reading.recording.times.tolist() == [0, 1, 3]
    assert reading.recording.lens is not None
    assert np.allclose(np.rad2deg(reading.recording.lens.vertical_fov), 60)


def test_gen3c_without_timestamps_is_spread_evenly(tmp_path):
    content = gen3c()
    for key in content["path"]:
        del key["timestamp"]
    assert np.allclose(read(tmp_path, "a.json", content).recording.times, [0, 2, 4])
    del content["duration_seconds"]
    reading = read(tmp_path, "a.json", content)
    assert np.allclose(reading.recording.times, [0, 1, 2])
    assert any("evenly over 3 s" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"R": [0, 0, 0, 2], "T": [0, 0, 0]}, "key 0 of a.json: the quaternion has length 2"),
        ({"R": [0, 0, 1], "T": [0, 0, 0]}, "key 0 of a.json: expected a list of 4, got a list of 3"),
        ({"R": [0, 0, 0, 1], "T": None}, "key 0 of a.json: expected a list of 3, got None"),
        ({"R": [0, 0, 0, True], "T": [0, 0, 0]}, "key 0 of a.json: expected a number, got True"),
    ],
)
def test_gen3c_with_a_wrong_key_is_named(tmp_path, key, message):
    with pytest.raises(TrajectoryError, match=message):
        read(tmp_path, "a.json", gen3c(path=[key, *gen3c()["path"]]))


# ---------------------------------------------------------------------- nuScenes


def ego_poses() -> list[dict[str, Any]]:
    """Drives along the world's +y, which is forward for a car turned 90 degrees to the left about z (up)."""
    return [
        {
            "token": f"{n:032x}",
            "timestamp": 1532402927612460 + 500_000 * n,
            "rotation": [HALF, 0.0, 0.0, HALF],
            "translation": [411.3, 1180.9 + n, 0.0],
        }
        for n in (1, 0, 2)
    ]


def test_nuscenes_is_ego_to_global_with_the_scalar_first_in_the_order_of_time(tmp_path):
    reading = read(tmp_path, "ego_pose.json", ego_poses())
    recording = reading.recording
    assert (reading.format, reading.axes) == ("nuscenes", "vehicle")
    assert np.allclose(recording.times - recording.times[0], [0, 0.5, 1])
    assert np.allclose(recording.c2w[:, :3, 3], [[411.3, 1180.9 + n, 0] for n in range(3)])
    assert np.allclose(recording.c2w[0, :3, 2], [0, 1, 0])  # forward
    assert np.allclose(recording.c2w[0, :3, 0], [1, 0, 0])  # right
    assert np.allclose(recording.c2w[0, :3, 1], [0, 0, -1])  # down
    assert reading.checks.forwardness == pytest.approx(1)


def test_nuscenes_records_of_one_time_are_one(tmp_path):
    reading = read(tmp_path, "ego_pose.json", ego_poses() + ego_poses()[:1])
    assert len(reading.recording.times) == 3
    assert any("1 records" in note for note in reading.notes)


def test_nuscenes_without_times_has_the_order_of_the_file(tmp_path):
    records = [{key: value for key, value in r.items() if key != "timestamp"} for r in ego_poses()]
    assert read(tmp_path, "a.json", records).recording.c2w[0, 1, 3] == pytest.approx(1181.9)
    with pytest.raises(TrajectoryError, match=r"record 0 of a\.json has no timestamp"):
        read(tmp_path, "a.json", [records[0], *ego_poses()])


# ---------------------------------------------------------------------- Astra JSON


def test_astra_json_with_poses_keeps_where_they_are(tmp_path):
    c2w = [poses.from_parts(LEFT_90, [1, 2, 3 + 0.1 * n]).tolist() for n in range(3)]
    reading = read(tmp_path, "a.json", {"format": "astra-trajectory", "version": 1, "c2w": c2w})
    assert np.allclose(reading.recording.c2w, c2w)
    assert reading.recording.times.tolist() == [0, 0.2, 0.4]


@pytest.mark.parametrize("content", [{}, {"a": 1}, [], [1], {"frames": []}, {"path": 3}, "3", "null", "tru"])
def test_json_of_no_format_is_told_what_there_is(tmp_path, content):
    with pytest.raises(TrajectoryError, match=r"a\.json"):
        read(tmp_path, "a.json", content)


@pytest.mark.parametrize(
    "overrides",
    [{"scale": 0}, {"scale": float("nan")}, {"fps": -1}, {"axes": "maya"}, {"convention": "up"}, {"euler": "xyx"}],
)
def test_overrides_that_mean_nothing_are_refused(overrides):
    with pytest.raises(TrajectoryError, match=r"above 0|unknown"):
        Overrides(**overrides)
