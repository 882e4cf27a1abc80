"""glTF and numpy files, built here after their specifications."""

from __future__ import annotations

import base64
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import poses
from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import read_trajectory, write_trajectory

FLIP = np.diag([1.0, -1, -1, 1])
HALF = float(np.sqrt(0.5))


class Document:
    """A glTF document that is built part by part."""

    def __init__(self) -> None:
        self.binary = b""
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "nodes": [{"name": "dolly", "children": [1]}, {"name": "cam", "camera": 0}],
            "cameras": [{"type": "perspective", "perspective": {"yfov": 0.8, "znear": 0.1}}],
            "animations": [{"channels": [], "samplers": []}],
            "accessors": [],
            "bufferViews": [],
        }

    def accessor(self, values: Any, kind: str, dtype: str = "<f4", component: int = 5126, **more: Any) -> int:
        data = np.asarray(values, dtype).tobytes()
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)})
        self.binary += data + b"\0" * (-len(data) % 4)
        count = len(values)
        view = len(self.json["bufferViews"]) - 1
        self.json["accessors"].append(
            {"bufferView": view, "componentType": component, "count": count, "type": kind, **more}
        )
        return len(self.json["accessors"]) - 1

    def animate(self, node: int, path: str, times: Any, values: Any, kind: str | None = None, **more: Any) -> None:
        animation = self.json["animations"][0]
        shape = "VEC4" if path == "rotation" else "VEC3"
        sampler = {"input": self.accessor(times, "SCALAR"), "output": self.accessor(values, shape, **more)}
        animation["samplers"].append(sampler if kind is None else {**sampler, "interpolation": kind})
        target = {"node": node, "path": path}
        animation["channels"].append({"sampler": len(animation["samplers"]) - 1, "target": target})

    def text(self, uri: str | None = None) -> str:
        inside = "data:application/octet-stream;base64," + base64.b64encode(self.binary).decode()
        return json.dumps({**self.json, "buffers": [{"byteLength": len(self.binary), "uri": uri or inside}]})

    def glb(self) -> bytes:
        text = json.dumps({**self.json, "buffers": [{"byteLength": len(self.binary)}]}).encode()
        text += b" " * (-len(text) % 4)
        body = (
            struct.pack("<I4s", len(text), b"JSON")
            + text
            + struct.pack("<I4s", len(self.binary), b"BIN\0")
            + self.binary
        )
        return b"glTF" + struct.pack("<II", 2, 12 + len(body)) + body


def walk() -> Document:
    document = Document()
    document.animate(1, "translation", [0, 0.5, 1], [[0, 0, 0], [0, 0, -1], [1, 0, -1]])
    document.animate(1, "rotation", [0, 1], [[0, 0, 0, 1], [0, HALF, 0, HALF]])
    return document


@pytest.mark.parametrize("form", ["gltf", "glb", "beside"])
def test_gltf_is_camera_to_world_that_looks_along_minus_z(tmp_path, form):
    path = tmp_path / ("a.glb" if form == "glb" else "a.gltf")
    if form == "beside":
        (tmp_path / "my data.bin").write_bytes(walk().binary)
        path.write_text(walk().text("my%20data.bin"))
    else:
        path.write_bytes(walk().glb() if form == "glb" else walk().text().encode())
    reading = read_trajectory(path, clock=ASTRA_CLOCK)
    recording = reading.recording
    assert (reading.format, reading.axes) == ("gltf", "opengl")
    assert recording.times.tolist() == [0, 0.5, 1]
    assert np.allclose(recording.c2w[0], FLIP)
    assert np.allclose(recording.c2w[1], poses.from_parts(poses.rotation_y(np.pi / 4), [0, 0, -1]) @ FLIP, atol=1e-6)
    assert np.allclose(recording.c2w[2], poses.from_parts(poses.rotation_y(np.pi / 2), [1, 0, -1]) @ FLIP, atol=1e-6)
    assert recording.lens is not None
    assert np.allclose(recording.lens.vertical_fov, 0.8)


def test_gltf_parents_move_turn_and_scale_the_camera(tmp_path):
    document = walk()
    document.json["nodes"][0] |= {"translation": [0, 5, 0], "rotation": [0, HALF, 0, HALF], "scale": [2, 2, 2]}
    (tmp_path / "a.gltf").write_text(document.text())
    found = read_trajectory(tmp_path / "a.gltf", clock=ASTRA_CLOCK).recording.c2w
    assert np.allclose(found[1, :3, 3], [-2, 5, 0], atol=1e-6)
    assert np.allclose(np.linalg.det(found[:, :3, :3]), 1)


def test_gltf_nodes_may_have_a_matrix_by_columns(tmp_path):
    document = walk()
    document.json["nodes"][0]["matrix"] = poses.from_parts(poses.rotation_x(0.3), [1, 2, 3]).T.ravel().tolist()
    (tmp_path / "a.gltf").write_text(document.text())
    expected = poses.from_parts(poses.rotation_x(0.3), [1, 2, 3]) @ FLIP
    assert np.allclose(read_trajectory(tmp_path / "a.gltf", clock=ASTRA_CLOCK).recording.c2w[0], expected)


def test_gltf_cubic_splines_have_their_tangents(tmp_path):
    """Value 0 to 1 in 2 s, leaving at 3 a second and arriving at rest: at half time 0.5 + 3 * 2 / 8."""
    document = Document()
    zero, up = [0, 0, 0], [0, 3, 0]
    document.animate(1, "translation", [0, 2], [zero, zero, up, zero, [0, 1, 0], zero], "CUBICSPLINE")
    (tmp_path / "a.gltf").write_text(document.text())
    recording = read_trajectory(tmp_path / "a.gltf", clock=ASTRA_CLOCK).recording
    assert np.allclose(recording.c2w[:, 1, 3], [0, 1])
    assert recording.at(np.array([1.0]))[0, 1, 3] == pytest.approx(0.5 + 0.75)
    said = read_trajectory(tmp_path / "a.gltf", Overrides(fps=5, scale=2, align=True), clock=ASTRA_CLOCK).recording
    assert abs(said.at(np.array([0.1]))[0, 1, 3]) == pytest.approx(2.5)
    assert any("curve" in what for what in write_trajectory(recording, tmp_path / "a.tum", clock=ASTRA_CLOCK)[1])


def test_gltf_steps_hold_until_the_next_key(tmp_path):
    document = Document()
    document.animate(1, "translation", [0, 1, 2], [[0, 0, 0], [0, 0, 1], [0, 0, 2]], "STEP")
    (tmp_path / "a.gltf").write_text(document.text())
    recording = read_trajectory(tmp_path / "a.gltf", clock=ASTRA_CLOCK).recording
    assert recording.at(np.array([0.9, 1.0, 1.9, 2.0]))[:, 2, 3].tolist() == [0, 1, 1, 2]


def test_gltf_rotations_may_be_normalised_whole_numbers(tmp_path):
    document = Document()
    values = np.round(np.array([[0, 0, 0, 1], [0, HALF, 0, HALF]]) * 32767)
    document.animate(1, "rotation", [0, 1], values, dtype="<i2", component=5122, normalized=True)
    (tmp_path / "a.glb").write_bytes(document.glb())
    found = read_trajectory(tmp_path / "a.glb", clock=ASTRA_CLOCK).recording.c2w
    assert np.allclose(found[1], poses.from_parts(poses.rotation_y(np.pi / 2)) @ FLIP, atol=1e-4)


def test_gltf_may_hold_several_cameras(tmp_path):
    document = walk()
    document.json["nodes"].append({"name": "still", "camera": 0})
    (tmp_path / "a.gltf").write_text(document.text())
    assert any("still" in note for note in read_trajectory(tmp_path / "a.gltf", clock=ASTRA_CLOCK).notes)
    with pytest.raises(TrajectoryError, match=r"the camera 'still' of a\.gltf is not animated"):
        read_trajectory(tmp_path / "a.gltf", Overrides(camera="still"), clock=ASTRA_CLOCK)
    with pytest.raises(TrajectoryError, match="no camera 'x'; there are cam, still"):
        read_trajectory(tmp_path / "a.gltf", Overrides(camera="x"), clock=ASTRA_CLOCK)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["nodes"][1].pop("camera"), "no node with a camera"),
        (lambda d: d.pop("animations"), "is not animated"),
        (lambda d: d["nodes"][1].update(children=[0]), "its own parent"),
        (lambda d: d["nodes"][0].update(children=[7]), "refers to a child number 7, and has 2"),
        (lambda d: d["accessors"][1].update(count=900), "reaches past the end"),
        (lambda d: d["accessors"][1].update(componentType=5126, type="MAT4"), "of a kind that no camera animation has"),
        (lambda d: d["accessors"][1].update(bufferView=-1), "refers to a buffer view number -1"),
        (lambda d: d["bufferViews"][0].update(byteOffset=-4), "byteOffset. of a.gltf is -4"),
        (lambda d: d["accessors"][1].update(count=2), "2 values for 3 keys"),
        (lambda d: d["animations"][0]["samplers"][0].update(interpolation="MAGIC"), "unknown interpolation"),
        (lambda d: d["animations"][0]["channels"][0]["target"].update(path="place"), "has the path 'place'"),
        (lambda d: d["nodes"][0].update(scale=[0, 0, 0]), "scaled to nothing"),
        (lambda d: d["nodes"][0].update(scale=[-1, 1, 1]), "a reflection"),
        (lambda d: d["nodes"][0].update(rotation=[0, 0, 0, 3]), "key 0 of the rotation of .* has length 3"),
        (lambda d: d["cameras"][0]["perspective"].update(yfov=4), "yfov"),
    ],
)
def test_gltf_with_a_wrong_part_is_named(tmp_path, change, message):
    document = walk()
    change(document.json)
    (tmp_path / "a.gltf").write_text(document.text())
    with pytest.raises(TrajectoryError, match=message):
        read_trajectory(tmp_path / "a.gltf", clock=ASTRA_CLOCK)


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.bin",
        "/etc/passwd",
        "http://example.com/a.bin",
        "a/%2e%2e/%2e%2e/b.bin",
        "..\\secret.bin",
        "a\\..\\..\\secret.bin",
        "\\\\server\\share\\a.bin",
        "%5C%5Cserver%5Cshare%5Ca.bin",
        "//server/share/a.bin",
        "C:\\a.bin",
        "C%3A/a.bin",
        "C%3a%5Ca.bin",
        "a.bin%00.txt",
    ],
)
def test_gltf_reads_no_file_that_does_not_lie_beside_it(tmp_path, uri):
    (tmp_path / "a.gltf").write_text(walk().text(uri))
    with pytest.raises(TrajectoryError, match="does not lie beside it"):
        read_trajectory(tmp_path / "a.gltf", clock=ASTRA_CLOCK)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("has_cameras", [False, True])
def test_gltf_nodes_nested_without_end_are_refused_at_once(tmp_path, has_cameras):
    count = 200_000
    nodes = [{"children": [number + 1], **({"camera": 0} if has_cameras else {})} for number in range(count)]
    content = json.loads(walk().text()) | {"nodes": [*nodes, {"camera": 0}]}
    for channel in content["animations"][0]["channels"]:
        channel["target"]["node"] = count
    (tmp_path / "a.gltf").write_text(json.dumps(content))
    with pytest.raises(TrajectoryError, match="nested in each other more than 1,000 times"):
        read_trajectory(tmp_path / "a.gltf", clock=ASTRA_CLOCK)


def test_glb_that_is_cut_off_is_told_anywhere(tmp_path):
    whole = walk().glb()
    for size in (4, 11, 19, 30, len(whole) // 2, len(whole) - 1):
        (tmp_path / "a.glb").write_bytes(whole[:size])
        with pytest.raises(TrajectoryError, match=r"a\.glb is cut off"):
            read_trajectory(tmp_path / "a.glb", clock=ASTRA_CLOCK)


# ---------------------------------------------------------------------- numpy


def forward(num: int = 9) -> np.ndarray:
    c2w = np.tile(np.eye(4), (num, 1, 1))
    c2w[:, :3, :3] = poses.rotation_y(-0.4)
    c2w[:, :3, 3] = 0.03 * np.arange(num)[:, None] * c2w[0, :3, 2] + [1, 0, 0]
    return c2w


@pytest.mark.parametrize(
    "array",
    [forward(), forward()[:, :3], forward().reshape(9, 16), forward()[:, :3].reshape(9, 12), forward().astype("f4")],
)
def test_matrices_are_taken_for_opencv_camera_to_world(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    reading = read_trajectory(tmp_path / "a.npy", clock=ASTRA_CLOCK)
    assert reading.format == "npy"
    assert np.allclose(reading.recording.c2w, forward(), atol=1e-6)
    assert any("convention" in note for note in reading.notes)


def test_matrices_in_opengl_axes_are_read_when_that_is_said(tmp_path):
    np.save(tmp_path / "a.npy", poses.inverse(forward() @ FLIP))
    said = Overrides(convention="w2c", axes="opengl")
    assert np.allclose(read_trajectory(tmp_path / "a.npy", said, clock=ASTRA_CLOCK).recording.c2w, forward())


@pytest.mark.parametrize("bare", [False, True])
def test_sekai_is_camera_to_world_at_thirty_a_second(tmp_path, bare):
    path = tmp_path / "clip.npz"
    if bare:
        with path.open("wb") as file:
            np.save(file, forward())
    else:
        np.savez(path, extrinsic=forward(), intrinsic=np.array([[0.5, 0, 0.5], [0, 0.9, 0.5], [0, 0, 1]]))
    reading = read_trajectory(path, clock=ASTRA_CLOCK)
    assert (reading.format, reading.convention, reading.recording.fps) == ("sekai", "c2w", 30)
    assert np.allclose(reading.recording.c2w, forward())
    assert (reading.recording.lens is None) == bare
    said = read_trajectory(path, Overrides(convention="w2c"), clock=ASTRA_CLOCK)
    assert np.allclose(said.recording.c2w, poses.inverse(forward()))


def test_sekai_that_would_walk_forward_the_other_way_round_says_so(tmp_path):
    np.savez(tmp_path / "clip.npz", extrinsic=poses.inverse(forward()))
    reading = read_trajectory(tmp_path / "clip.npz", clock=ASTRA_CLOCK)
    assert reading.convention == "c2w"
    assert any("--convention w2c" in note for note in reading.notes)


def test_spatialvid_is_world_to_camera_one_pose_a_tick(tmp_path):
    turn = np.array([0, np.sin(0.2), 0, np.cos(0.2)])
    w2c = poses.from_parts(poses.quaternion_to_matrix(turn), [0.1, 0.2, -0.3])
    np.save(tmp_path / "poses.npy", np.array([[0, 0, 0, 0, 0, 0, 1], [0.1, 0.2, -0.3, *turn]]))
    np.save(tmp_path / "intrinsics.npy", np.array([[400.0, 410, 320, 180]] * 2))
    reading = read_trajectory(tmp_path / "poses.npy", clock=ASTRA_CLOCK)
    assert (reading.format, reading.convention) == ("spatialvid", "w2c")
    assert np.allclose(reading.recording.c2w[1], np.linalg.inv(w2c))
    assert reading.recording.times.tolist() == [0, 0.2]
    assert reading.recording.lens is not None
    assert np.allclose(reading.recording.lens.rows[0], [400 / 640, 410 / 360, 0.5, 0.5])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 5)), r"numpy arrays: one array \(5, 5\)"),
        (np.zeros((0, 4, 4)), "is empty"),
        (np.full((3, 4, 4), np.nan), "pose 0 of the array in a.npy holds a number that is not finite"),
        (np.eye(4)[None], "single pose"),
        (np.eye(4), r"in none of the formats"),
        (np.tile(np.diag([1.0, 1, -1, 1]), (3, 1, 1)), "reflection"),
        (np.swapaxes(forward(), 1, 2), "does not end with the row 0 0 0 1"),
        (forward().astype(complex), "expected real numbers"),
        (np.array([["a"] * 12] * 3), "expected real numbers"),
        (np.zeros((3, 7)), "the quaternion has length 0"),
    ],
)
def test_arrays_that_are_no_poses_are_told(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(TrajectoryError, match=message):
        read_trajectory(tmp_path / "a.npy", clock=ASTRA_CLOCK)


class _Run:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("was_run"),))


def test_objects_in_arrays_are_refused_unrun(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "a.npy", np.array([_Run()] * 2, dtype=object), allow_pickle=True)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(_Run()))
    for name in ("a.npy", "b.npy"):
        with pytest.raises(TrajectoryError, match=name):
            read_trajectory(tmp_path / name, clock=ASTRA_CLOCK)
    assert not (tmp_path / "was_run").exists()


def test_an_archive_without_poses_is_told_what_it_holds(tmp_path):
    np.savez(tmp_path / "a.npz", depth=np.zeros((2, 2)))
    with pytest.raises(TrajectoryError, match=r"numpy arrays: depth \(2, 2\)"):
        read_trajectory(tmp_path / "a.npz", clock=ASTRA_CLOCK)
    with pytest.raises(TrajectoryError, match="holds depth; expected an array named extrinsic"):
        read_trajectory(tmp_path / "a.npz", format_name="sekai", clock=ASTRA_CLOCK)
