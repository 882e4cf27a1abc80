"""Camera files of every format, written here after their published layouts: no line of the readers or writers they test
is used. A `Walk` is a known camera; `SAMPLES` are files of it, with what must be read out of them."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray
FLIP = np.diag([1.0, -1.0, -1.0, 1.0])
"""OpenCV's camera axes in OpenGL's."""
UNREAL = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""OpenCV's axes in Unreal's: x forward, y right, z up, left-handed."""
CAR = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""OpenCV's axes in a car's: x forward, y left, z up."""


CAR_Q = np.array([-0.5, 0.5, -0.5, 0.5])
"""The same as a quaternion."""


def times_quaternion(a: Array, b: Array) -> Array:
    """The product of quaternions x y z w by Hamilton's rules."""
    v, w = a[:3], a[3]
    u, s = b[:3], b[3]
    return np.array([*(w * u + s * v + np.cross(v, u)), w * s - v @ u])


def about(axis: int, angle: float) -> tuple[Array, Array]:
    """A turn about one axis, as a matrix by Rodrigues' formula and as a quaternion by the half angle."""
    unit = np.eye(3)[axis]
    cross = np.array([[0, -unit[2], unit[1]], [unit[2], 0, -unit[0]], [-unit[1], unit[0], 0]])
    matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return matrix, np.array([*(np.sin(angle / 2) * unit), np.cos(angle / 2)])


@dataclass(frozen=True, eq=False)
class Walk:
    """A camera: `times` (N,) s, `points` (N, 3), `turns` (N, 4) x y z w and `matrices` (N, 3, 3), OpenCV axes."""

    times: Array
    points: Array
    turns: Array
    matrices: Array

    @property
    def c2w(self) -> Array:
        out = np.tile(np.eye(4), (len(self.points), 1, 1))
        out[:, :3, :3], out[:, :3, 3] = self.matrices, self.points
        return out

    @property
    def w2c(self) -> Array:
        """By transposing, for which a matrix has to be a rotation."""
        out = np.tile(np.eye(4), (len(self.points), 1, 1))
        back = np.transpose(self.matrices, (0, 2, 1))
        out[:, :3, :3], out[:, :3, 3] = back, -np.einsum("nij,nj->ni", back, self.points)
        return out

    @property
    def back_turns(self) -> Array:
        return self.turns * np.array([-1.0, -1, -1, 1])

    def part(self, chosen: Any) -> Walk:
        return Walk(self.times[chosen], self.points[chosen], self.turns[chosen], self.matrices[chosen])


def a_walk(num: int = 13, fps: float = 20.0) -> Walk:
    """Forward, turning left, looking a little down, rolling; not from the origin."""
    times = np.arange(num) / fps
    matrices, turns, points = [], [], [np.array([0.4, -0.3, 1.7])]
    for time in times:
        yaw, yaw_q = about(1, -0.35 - 0.5 * time)
        pitch, pitch_q = about(0, -0.1 + 0.2 * time)
        roll, roll_q = about(2, 0.15 * time)
        matrices.append(yaw @ pitch @ roll)
        turns.append(times_quaternion(yaw_q, times_quaternion(pitch_q, roll_q)))
    for matrix in matrices[:-1]:
        points.append(points[-1] + matrix[:, 2] * 0.15 / fps)
    return Walk(times, np.array(points), np.array(turns), np.array(matrices))


@dataclass(frozen=True)
class Sample:
    """Files that hold a walk.

    Attributes:
        format: what they must be taken for.
        name: what to give to the command, within their folder.
        files: content by name.
        options: of the command.
        is_relative: whether only how poses lie to the first one is in them.
        has_times: whether the times of the walk, counted from the first, are in them.
        atol: of numbers of single precision, or rounded ones.
        walk: what they hold, where that is not all of what was to be written.
    """

    format: str
    name: str
    files: dict[str, bytes]
    options: tuple[str, ...] = ()
    is_relative: bool = False
    has_times: bool = True
    atol: float = 1e-9
    walk: Walk | None = None

    def put(self, folder: Path) -> Path:
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder / self.name


FPS_20 = ("--fps", "20")
"""For formats that have another rate than the walk."""
Writer = Callable[[Walk], Sample]
SAMPLES: dict[str, Writer] = {}


def sample(writer: Writer) -> Writer:
    SAMPLES[writer.__name__] = writer
    return writer


def number(value: float) -> str:
    return f"{value:.17g}"


def row(values: Sequence[float] | Array, gap: str = " ") -> str:
    return gap.join(number(float(value)) for value in np.ravel(values))


def text(*lines: str, end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def dump(content: Any) -> bytes:
    return json.dumps(content).encode()


def nested(array: Array) -> Any:
    return np.asarray(array).tolist()


# ---------------------------------------------------------------------- Astra JSON

ASTRA = {"format": "astra-trajectory", "version": 1, "convention": {"pose": "c2w", "axes": "opencv"}}


@sample
def astra_poses(walk: Walk) -> Sample:
    ticks = walk.part(slice(None, None, 4))
    return Sample("astra", "walk.json", {"walk.json": dump({**ASTRA, "c2w": nested(ticks.c2w)})}, walk=ticks)


@sample
def astra_rows(walk: Walk) -> Sample:
    ticks = walk.part(slice(None, None, 4))
    extrinsics = ticks.w2c
    moves = [(after @ np.linalg.inv(before))[:3].ravel() for before, after in pairwise(extrinsics)]
    content = {**ASTRA, "modality": "camera", "seconds_per_tick": 0.2, "rows": nested(np.array(moves))}
    return Sample("astra", "walk.json", {"walk.json": dump(content)}, is_relative=True, atol=1e-6, walk=ticks)


# ---------------------------------------------------------------------- nerfstudio camera_path.json

NERFSTUDIO = {"camera_type": "perspective", "render_height": 480, "render_width": 832, "smoothness_value": 0.5}


def _frames(walk: Walk) -> list[dict[str, Any]]:
    return [{"camera_to_world": nested((m @ FLIP).ravel()), "fov": 50.0, "aspect": 832 / 480} for m in walk.c2w]


@sample
def nerfstudio_path(walk: Walk) -> Sample:
    content = {
        **NERFSTUDIO,
        "keyframes": [{"matrix": nested((walk.c2w[0] @ FLIP).ravel()), "fov": 50.0, "aspect": 1.73}],
        "camera_path": _frames(walk),
        "fps": 20,
        "seconds": len(walk.times) / 20,
        "is_cycle": True,
    }
    return Sample("nerfstudio", "camera_path.json", {"camera_path.json": dump(content)})


@sample
def nerfstudio_path_of_seconds(walk: Walk) -> Sample:
    content = {"camera_path": _frames(walk), "seconds": len(walk.times) / 20, "keyframes": []}
    return Sample("nerfstudio", "orbit.json", {"orbit.json": dump(content)})


@sample
def nerfstudio_older_keyframes(walk: Walk) -> Sample:
    """As the web viewer of 2022 and 2023 saved them: by columns, as text, the time a share of the seconds."""
    seconds = 2.0
    keys = [
        {
            "matrix": json.dumps(nested((m @ FLIP).T.ravel())),
            "fov": 50,
            "aspect": 1.5,
            "properties": json.dumps([["FOV", 50], ["NAME", f"Camera {n}"], ["TIME", float(t / seconds)]]),
        }
        for n, (m, t) in enumerate(zip(walk.c2w, walk.times, strict=True))
    ]
    content = {**NERFSTUDIO, "keyframes": keys, "fps": 24, "seconds": seconds, "is_cycle": False, "crop": None}
    return Sample("nerfstudio", "camera_path.json", {"camera_path.json": dump(content)})


@sample
def nerfstudio_older_keyframes_of_a_camera_that_stays(walk: Walk) -> Sample:
    """At the origin a matrix by columns ends as one by rows does; that it is text tells them apart."""
    still = replace(walk, points=np.zeros_like(walk.points))
    keys = [{"matrix": json.dumps(nested((m @ FLIP).T.ravel())), "fov": 50} for m in still.c2w]
    content = {"keyframes": keys, "camera_path": [], "default_transition_sec": 0.05}
    return Sample("nerfstudio", "a.json", {"a.json": dump(content)}, walk=still)


@sample
def nerfstudio_keyframes(walk: Walk) -> Sample:
    keys = [
        {
            "matrix": nested((m @ FLIP).ravel()),
            "fov": 60.0,
            "aspect": 1.7,
            "override_transition_enabled": n % 2 == 1,
            "override_transition_sec": 0.05 if n % 2 else None,
        }
        for n, m in enumerate(walk.c2w)
    ]
    content = {**NERFSTUDIO, "keyframes": keys, "default_transition_sec": 0.05, "is_cycle": True, "fps": 30}
    return Sample("nerfstudio", "camera_path.json", {"camera_path.json": dump(content)})


# ---------------------------------------------------------------------- transforms.json


def _transforms(walk: Walk, names: str = "images/frame_{:05d}.png", **more: Any) -> dict[str, Any]:
    frames = [{"file_path": names.format(n), "transform_matrix": nested(m @ FLIP)} for n, m in enumerate(walk.c2w)]
    return {"frames": frames, **more}


SIZES = {"w": 832, "h": 480, "fl_x": 700.0, "fl_y": 702.0, "cx": 415.0, "cy": 239.0}


@sample
def transforms(walk: Walk) -> Sample:
    content = _transforms(walk, camera_model="OPENCV", k1=0.01, k2=0, p1=0, p2=0, **SIZES)
    return Sample("transforms", "transforms.json", {"transforms.json": dump(content)})


@sample
def transforms_in_any_order_with_a_lens_each(walk: Walk) -> Sample:
    content = _transforms(walk, "./images/IMG_{}.jpg")
    for n, frame in enumerate(content["frames"]):
        frame |= {**SIZES, "fl_x": 700.0 + n}
    content["frames"] = content["frames"][5:] + content["frames"][:5]
    content["applied_transform"] = [[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0]]
    content["ply_file_path"] = "sparse_pc.ply"
    return Sample("transforms", "t.json", {"t.json": dump(content)})


@sample
def transforms_of_blender(walk: Walk) -> Sample:
    content = _transforms(walk, "./train/r_{}", camera_angle_x=0.6911112070083618)
    for frame in content["frames"]:
        frame["rotation"] = 0.012566370614359171
    return Sample("transforms", "transforms_train.json", {"transforms_train.json": dump(content)})


# ---------------------------------------------------------------------- RealEstate10K


def _realestate(walk: Walk, spare: str = "0 0", clock: float = 1e6, start: int = 138639000) -> list[str]:
    lines = []
    for time, matrix in zip(walk.times, walk.w2c, strict=True):
        stamp = round(start + time * clock)
        lines.append(f"{stamp} 0.474 0.844 0.5 0.5 {spare} {row(matrix[:3])}")
    return lines


@sample
def realestate(walk: Walk) -> Sample:
    lines = ["https://www.youtube.com/watch?v=Wx-Bt9WAfGs", *_realestate(walk)]
    return Sample("re10k", "000c3ab189999a83.txt", {"000c3ab189999a83.txt": text(*lines)})


@sample
def realestate_without_its_address(walk: Walk) -> Sample:
    return Sample("re10k", "clip.txt", {"clip.txt": text(*_realestate(walk, "0.000000000 0.000000000"))})


@sample
def realestate_of_comfyui(walk: Walk) -> Sample:
    """An empty first line, the size of the pose in columns 6 and 7."""
    return Sample("re10k", "pose.txt", {"pose.txt": text("", *_realestate(walk, "1280 720"))})


@sample
def realestate_that_counts_frames(walk: Walk) -> Sample:
    lines = ["camera control", *_realestate(walk, clock=20, start=0)]
    return Sample("re10k", "pose.txt", {"pose.txt": text(*lines)})


# ---------------------------------------------------------------------- TUM


def _tum(walk: Walk, gap: str = " ", start: float = 1305031102.25) -> list[str]:
    return [
        f"{number(start + t)}{gap}{row(p, gap)}{gap}{row(q, gap)}"
        for t, p, q in zip(walk.times, walk.points, walk.turns, strict=True)
    ]


@sample
def tum(walk: Walk) -> Sample:
    head = ["# ground truth trajectory", "# file: 'rgbd_dataset_freiburg1_xyz.bag'", "# timestamp tx ty tz qx qy qz qw"]
    return Sample("tum", "groundtruth.txt", {"groundtruth.txt": text(*head, *_tum(walk))}, atol=1e-6)


@sample
def tum_with_commas(walk: Walk) -> Sample:
    return Sample("tum", "a.csv", {"a.csv": text("#timestamp,tx,ty,tz,qx,qy,qz,qw", *_tum(walk, ",", 0.0))})


@sample
def tum_of_windows_with_tabs_and_a_mark(walk: Walk) -> Sample:
    content = b"\xef\xbb\xbf" + text(*_tum(walk, "\t", 0.0), "", end="\r\n")
    return Sample("tum", "a.tum", {"a.tum": content})


@sample
def tum_with_the_other_sign_of_quaternions(walk: Walk) -> Sample:
    signs = np.where(np.arange(len(walk.turns)) % 3 == 1, -1.0, 1.0)[:, None]
    return Sample("tum", "a.txt", {"a.txt": text(*_tum(replace(walk, turns=walk.turns * signs), start=0.0))})


@sample
def tum_rounded_to_four_digits(walk: Walk) -> Sample:
    rounded = replace(walk, turns=np.round(walk.turns, 4), points=np.round(walk.points, 4))
    return Sample("tum", "a.txt", {"a.txt": text(*_tum(rounded, start=0.0))}, atol=3e-4)


# ---------------------------------------------------------------------- KITTI


def _kitti(walk: Walk) -> bytes:
    return text(*(row(matrix[:3]) for matrix in walk.c2w))


@sample
def kitti(walk: Walk) -> Sample:
    return Sample("kitti", "00.txt", {"00.txt": _kitti(walk)}, FPS_20)


@sample
def kitti_with_times(walk: Walk) -> Sample:
    times = text(*(f"{t:.6e}" for t in walk.times))
    return Sample("kitti", "00.txt", {"00.txt": _kitti(walk), "times.txt": times})


# ---------------------------------------------------------------------- COLMAP

COLMAP_HEAD = [
    "# Image list with two lines of data per image:",
    "#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME",
    "#   POINTS2D[] as (X, Y, POINT3D_ID)",
    "# Number of images: 13, mean observations per image: 2",
]
COLMAP_CAMERAS = text(
    "# Camera list", "1 SIMPLE_RADIAL 832 480 700 416 240 0.01", "2 OPENCV 832 480 700 701 416 240 0 0 0 0"
)


def _colmap(walk: Walk, names: Sequence[str], ids: Sequence[int], points: str = "") -> list[str]:
    lines = []
    for n in np.argsort(ids):
        x, y, z, w = walk.back_turns[n]
        place = walk.w2c[n, :3, 3]
        lines += [f"{ids[n]} {row([w, x, y, z])} {row(place)} {1 + n % 2} {names[n]}", points]
    return lines


def _mixed(num: int) -> list[int]:
    return [1 + (7 * n + 3) % num for n in range(num)] if num % 7 else list(range(1, num + 1))


@sample
def colmap_folder(walk: Walk) -> Sample:
    names = [f"frame_{n:06d}.png" for n in range(len(walk.times))]
    lines = [*COLMAP_HEAD, *_colmap(walk, names, _mixed(len(names)), "812.5 40.25 -1 17.0 33.5 12")]
    files = {"sparse/0/images.txt": text(*lines), "sparse/0/cameras.txt": COLMAP_CAMERAS, "sparse/0/points3D.txt": b""}
    return Sample("colmap", "sparse/0", files)


@sample
def colmap_images(walk: Walk) -> Sample:
    """Names without leading zeros, second lines that are empty, and the files that newer versions add."""
    names = [f"walk/my frame {n}.jpg" for n in range(len(walk.times))]
    lines = [*COLMAP_HEAD, *_colmap(walk, names, _mixed(len(names)))]
    files = {
        "images.txt": text(*lines),
        "cameras.txt": COLMAP_CAMERAS,
        "rigs.txt": text("# Rig calib list with one line of data per calib:", "1 1 CAMERA 1"),
        "frames.txt": text("# Frame list with one line of data per frame:", "1 1 1 0 0 0 0 0 0 1 CAMERA 1 1"),
    }
    return Sample("colmap", "images.txt", files)


@sample
def colmap_images_alone_without_a_header(walk: Walk) -> Sample:
    names = [f"{n:04d}.png" for n in range(len(walk.times))]
    content = text(*_colmap(walk, names, _mixed(len(names))), end="\r\n").rstrip()
    return Sample("colmap", "my_images.txt", {"my_images.txt": content})


# ---------------------------------------------------------------------- .chan


def angles_of(matrix: Array, order: str) -> list[float]:
    """Degrees about x, y and z of turns about fixed axes in this order, found by searching, not by a formula."""
    first, second, third = ("xyz".index(axis) for axis in order)
    best = min(_candidates(matrix, first, second, third), key=lambda each: each[0])
    return np.rad2deg(best[1]).tolist()


def _candidates(matrix: Array, first: int, second: int, third: int) -> list[tuple[float, Array]]:
    found = []
    sine = matrix[third, first]
    for middle in (np.arcsin(np.clip(sine, -1, 1)), -np.arcsin(np.clip(sine, -1, 1))):
        rest = about(second, middle)[0]
        for last in _turns(matrix[:, first], rest[:, first], third):
            left = about(third, last)[0] @ rest
            inner = left.T @ matrix
            turn = _angle(inner, first)
            angles = np.zeros(3)
            angles[[first, second, third]] = turn, middle, last
            made = about(third, last)[0] @ about(second, middle)[0] @ about(first, turn)[0]
            found.append((float(np.abs(made - matrix).max()), angles))
    return found


def _turns(target: Array, start: Array, axis: int) -> list[float]:
    one, two = (axis + 1) % 3, (axis + 2) % 3
    return [float(np.arctan2(target[two], target[one]) - np.arctan2(start[two], start[one]))]


def _angle(matrix: Array, axis: int) -> float:
    one, two = (axis + 1) % 3, (axis + 2) % 3
    return float(np.arctan2(matrix[two, one], matrix[one, one]))


def _chan(walk: Walk, order: str, view: str) -> bytes:
    lines = ["# frame tx ty tz rx ry rz vfov"]
    for n, matrix in enumerate(walk.c2w):
        lines.append(
            f"{1001 + n}\t{row(matrix[:3, 3], chr(9))}\t{row(angles_of((matrix @ FLIP)[:3, :3], order), chr(9))}{view}"
        )
    return text(*lines)


@sample
def chan(walk: Walk) -> Sample:
    return Sample("chan", "shot.chan", {"shot.chan": _chan(walk, "zxy", "\t43.5")}, ("--euler", "ZXY", *FPS_20))


@sample
def chan_of_seven_columns(walk: Walk) -> Sample:
    return Sample("chan", "shot.chan", {"shot.chan": _chan(walk, "zxy", "")}, FPS_20)


@sample
def chan_under_another_name(walk: Walk) -> Sample:
    return Sample("chan", "shot.txt", {"shot.txt": _chan(walk, "zxy", " 43.5")}, FPS_20)


def _chan_of(order: str) -> Writer:
    def write(walk: Walk) -> Sample:
        return Sample("chan", "a.chan", {"a.chan": _chan(walk, order, "\t43.5")}, ("--euler", order, *FPS_20))

    write.__name__ = f"chan_{order}"
    return write


for _order in ("xyz", "xzy", "yxz", "yzx", "zyx"):
    sample(_chan_of(_order))


# ---------------------------------------------------------------------- glTF


@dataclass
class Gltf:
    """A document that is built part by part."""

    nodes: list[dict[str, Any]]
    binary: bytes = b""
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)
    samplers: list[dict[str, Any]] = field(default_factory=list)
    channels: list[dict[str, Any]] = field(default_factory=list)

    def view(self, data: bytes, **more: Any) -> int:
        self.views.append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data), **more})
        self.binary += data + b"\0" * (-len(data) % 4)
        return len(self.views) - 1

    def accessor(self, values: Array, kind: str, dtype: str = "<f4", component: int = 5126, **more: Any) -> int:
        held = {"bufferView": self.view(np.asarray(values, dtype).tobytes())}
        return self.add({**held, "componentType": component, "count": len(values), "type": kind, **more})

    def add(self, accessor: dict[str, Any]) -> int:
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def animate(self, node: int, path: str, input_: int, output: int, kind: str | None = "LINEAR") -> None:
        how = {} if kind is None else {"interpolation": kind}
        self.samplers.append({"input": input_, "output": output, **how})
        self.channels.append({"sampler": len(self.samplers) - 1, "target": {"node": node, "path": path}})

    def content(self, buffer: dict[str, Any]) -> dict[str, Any]:
        return {
            "asset": {"version": "2.0", "generator": "a test"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": self.nodes,
            "cameras": [{"type": "perspective", "perspective": {"yfov": 0.8, "aspectRatio": 1.733, "znear": 0.1}}],
            "animations": [{"samplers": self.samplers, "channels": self.channels}],
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": len(self.binary), **buffer}],
        }

    def text(self, kind: str = "application/octet-stream") -> bytes:
        return dump(self.content({"uri": f"data:{kind};base64,{base64.b64encode(self.binary).decode()}"}))

    def beside(self, name: str) -> tuple[bytes, bytes]:
        return dump(self.content({"uri": name})), self.binary

    def glb(self) -> bytes:
        inside = dump(self.content({}))
        inside += b" " * (-len(inside) % 4)
        chunks = struct.pack("<I4s", len(inside), b"JSON") + inside
        chunks += struct.pack("<I4s", len(self.binary), b"BIN\0") + self.binary
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


CAMERA_NODE = {"name": "Camera", "camera": 0}
_GL_TURN = np.array([1.0, 0, 0, 0])
"""Half a turn about x: OpenCV's axes in OpenGL's, as a quaternion."""


def _gl_turns(walk: Walk) -> Array:
    return np.array([times_quaternion(turn, _GL_TURN) for turn in walk.turns])


def _animated(walk: Walk, kind: str | None) -> Gltf:
    document = Gltf([dict(CAMERA_NODE)])
    when = document.accessor(walk.times, "SCALAR")
    document.animate(0, "translation", when, document.accessor(walk.points, "VEC3"), kind)
    document.animate(0, "rotation", when, document.accessor(_gl_turns(walk), "VEC4"), kind)
    return document


@sample
def gltf(walk: Walk) -> Sample:
    return Sample("gltf", "cam.gltf", {"cam.gltf": _animated(walk, None).text()}, atol=1e-6)


@sample
def gltf_binary(walk: Walk) -> Sample:
    return Sample("gltf", "cam.glb", {"cam.glb": _animated(walk, "LINEAR").glb()}, atol=1e-6)


@sample
def gltf_with_its_numbers_beside(walk: Walk) -> Sample:
    inside, binary = _animated(walk, "STEP").beside("the%20camera.bin")
    return Sample("gltf", "cam.gltf", {"cam.gltf": inside, "the camera.bin": binary}, atol=1e-6)


@sample
def gltf_with_splines(walk: Walk) -> Sample:
    """Three values a key: the tangent in, the value, the tangent out. The tangents are rubbish, and not at the keys."""
    document = Gltf([dict(CAMERA_NODE)])
    when = document.accessor(walk.times, "SCALAR")
    for path, values, kind in (("translation", walk.points, "VEC3"), ("rotation", _gl_turns(walk), "VEC4")):
        rubbish = np.full_like(values, 0.01)
        output = document.accessor(np.stack([rubbish, values, -rubbish], 1).reshape(-1, values.shape[1]), kind)
        document.animate(0, path, when, output, "CUBICSPLINE")
    return Sample("gltf", "cam.gltf", {"cam.gltf": document.text("application/gltf-buffer")}, atol=1e-6)


@sample
def gltf_under_nodes(walk: Walk) -> Sample:
    """The dolly above the camera is animated, its parent is scaled, moved and turned, the camera turned within it."""
    turn, _ = about(1, 0.7)
    root = np.eye(4)
    root[:3, :3], root[:3, 3] = 2 * turn, [1, 2, 3]
    inner, inner_q = about(0, np.pi / 2)
    mount = np.eye(4)
    mount[:3, :3], mount[:3, 3] = inner, [0.1, 0.2, 0.3]
    seen = walk.c2w @ FLIP
    # The camera's own place under a scaled root is scaled; its turn is not.
    rigid = root.copy()
    rigid[:3, :3] /= 2
    unscaled = np.linalg.inv(rigid) @ seen
    unscaled[:, :3, 3] /= 2
    dolly = unscaled @ np.linalg.inv(mount)
    document = Gltf(
        [
            {"name": "root", "children": [2], "matrix": nested(root.T.ravel())},
            {"name": "Cam", "camera": 0, "rotation": nested(inner_q), "translation": [0.1, 0.2, 0.3]},
            {"name": "dolly", "children": [1]},
        ]
    )
    when = document.accessor(walk.times, "SCALAR")
    turns = np.array([quaternion_of(m[:3, :3]) for m in dolly])
    document.animate(2, "translation", when, document.accessor(dolly[:, :3, 3], "VEC3"))
    document.animate(2, "rotation", when, document.accessor(turns, "VEC4"))
    return Sample("gltf", "cam.glb", {"cam.glb": document.glb()}, atol=2e-6)


@sample
def gltf_with_whole_numbers(walk: Walk) -> Sample:
    document = Gltf([dict(CAMERA_NODE)])
    when = document.accessor(walk.times, "SCALAR")
    whole = np.round(_gl_turns(walk) * 32767)
    turns = document.accessor(whole, "VEC4", "<i2", 5122, normalized=True)
    document.animate(0, "translation", when, document.accessor(walk.points, "VEC3"))
    document.animate(0, "rotation", when, turns)
    return Sample("gltf", "cam.gltf", {"cam.gltf": document.text()}, atol=2e-4)


@sample
def gltf_sparse_and_interleaved(walk: Walk) -> Sample:
    """Times and places lie in one view, one after the other; of the turns only those that differ are stored."""
    document = Gltf([dict(CAMERA_NODE)])
    count = len(walk.times)
    both = np.column_stack([walk.times, walk.points]).astype("<f4")
    view = document.view(both.tobytes(), byteStride=16)
    when = document.add({"bufferView": view, "componentType": 5126, "count": count, "type": "SCALAR"})
    where = document.add({"bufferView": view, "byteOffset": 4, "componentType": 5126, "count": count, "type": "VEC3"})
    if count < 2:
        raise ValueError("there is nothing to replace")
    chosen = np.arange(1, count)
    turns = _gl_turns(walk)
    base = np.tile(turns[0], (count, 1))
    sparse = {
        "count": len(chosen),
        "indices": {"bufferView": document.view(chosen.astype("<u2").tobytes()), "componentType": 5123},
        "values": {"bufferView": document.view(turns[chosen].astype("<f4").tobytes())},
    }
    document.animate(0, "translation", when, where)
    document.animate(0, "rotation", when, document.accessor(base, "VEC4", sparse=sparse))
    return Sample("gltf", "cam.gltf", {"cam.gltf": document.text()}, atol=1e-6)


@sample
def gltf_sparse_from_nothing(walk: Walk) -> Sample:
    """Without a view of its own an accessor is all zeros, but for what is replaced."""
    document = _animated(walk, "LINEAR")
    places = document.accessors[document.samplers[0]["output"]]
    view = places.pop("bufferView")
    indices = document.view(np.arange(len(walk.times)).astype("<u1").tobytes())
    places["sparse"] = {
        "count": len(walk.times),
        "indices": {"bufferView": indices, "componentType": 5121},
        "values": {"bufferView": view},
    }
    return Sample("gltf", "cam.gltf", {"cam.gltf": document.text()}, atol=1e-6)


def quaternion_of(matrix: Array) -> Array:
    """x y z w of a rotation, by its axis, which it leaves as it is, and its angle."""
    values, vectors = np.linalg.eig(matrix)
    axis = np.real(vectors[:, np.argmin(np.abs(values - 1))])
    angle = np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1, 1))
    twice_sine = np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]])
    if axis @ twice_sine < 0:
        axis = -axis
    return np.array([*(axis / np.linalg.norm(axis) * np.sin(angle / 2)), np.cos(angle / 2)])


# ---------------------------------------------------------------------- ReCamMaster


def _recammaster(walk: Walk, order: Sequence[int], cameras: Sequence[str] = ("cam01",)) -> bytes:
    content: dict[str, dict[str, str]] = {}
    for n in order:
        for turn, camera in enumerate(cameras):
            stored = UNREAL @ walk.c2w[n] @ UNREAL.T
            stored[:3, 3] *= 100
            stored[1, 3] += 500 * turn
            content.setdefault(f"frame{n}", {})[camera] = "".join(f"[{row(line)}] " for line in stored.T)
    return dump(content)


@sample
def recammaster(walk: Walk) -> Sample:
    """The frames in the order of an alphabet: frame0, frame1, frame10, frame11, ..., frame2."""
    order = sorted(range(len(walk.times)), key=str)
    content = _recammaster(walk, order, [f"cam{n:02d}" for n in range(1, 11)])
    name = "camera_extrinsics.json"
    return Sample("recammaster", name, {name: content}, ("--fps", "20"), is_relative=True)


@sample
def recammaster_other_camera(walk: Walk) -> Sample:
    content = _recammaster(walk, range(len(walk.times)), ["cam02", "cam10"])
    return Sample("recammaster", "e.json", {"e.json": content}, ("--camera", "cam10", "--fps", "20"), is_relative=True)


# ---------------------------------------------------------------------- GEN3C


@sample
def gen3c_path(walk: Walk) -> Sample:
    """The timestamp of a key is when the way from it to the next one ends."""
    ends = [*walk.times[1:], 2 * walk.times[-1] - walk.times[-2] if len(walk.times) > 1 else 1.0]
    keys = [
        {"R": nested(q), "T": nested(p), "fov": 50.0, "timestamp": float(end)}
        for q, p, end in zip(walk.turns, walk.points, ends, strict=True)
    ]
    content = {"loop": False, "time": 0.0, "duration_seconds": float(ends[-1]), "spline_order": 3, "path": keys}
    return Sample("gen3c", "path.json", {"path.json": dump(content)})


def _cameras(matrices: Array) -> bytes:
    cameras = [{"start": nested(m[:3]), "end": nested(m[:3])} for m in matrices]
    rest = {"resolution": [1280, 720], "duration_seconds": len(matrices) / 20, "fps": 20.0, "spp": 8, "quality": 10}
    return dump({"cameras": cameras, **rest, "shutter_fraction": 0.5})


@sample
def gen3c_cameras(walk: Walk) -> Sample:
    return Sample("gen3c", "cameras.json", {"cameras.json": _cameras(walk.c2w)})


@sample
def gen3c_cameras_of_the_other_direction(walk: Walk) -> Sample:
    return Sample("gen3c", "cameras.json", {"cameras.json": _cameras(walk.w2c)})


@sample
def gen3c_cameras_of_a_direction_that_is_said(walk: Walk) -> Sample:
    """It goes backward, so nothing but a word of the user's can tell."""
    back = replace(walk, points=walk.points[::-1].copy())
    content = _cameras(np.linalg.inv(back.c2w))
    return Sample("gen3c", "cameras.json", {"cameras.json": content}, ("--convention", "w2c"), walk=back)


# ---------------------------------------------------------------------- numpy


def saved(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def zipped(*, compressed: bool = False, **arrays: Array) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


@sample
def spatialvid(walk: Walk) -> Sample:
    array = np.column_stack([walk.w2c[:, :3, 3], walk.back_turns])
    lenses = np.tile([600.0, 601, 416, 240], (len(array), 1))
    files = {"poses.npy": saved(array), "intrinsics.npy": saved(lenses)}
    return Sample("spatialvid", "poses.npy", files, ("--fps", "20"))


@sample
def sekai(walk: Walk) -> Sample:
    inside = zipped(extrinsic=walk.c2w, intrinsic=np.array([[0.7, 0, 0.5], [0, 1.2, 0.5], [0, 0, 1]]))
    return Sample("sekai", "clip.npz", {"clip.npz": inside}, FPS_20)


@sample
def sekai_of_single_precision(walk: Walk) -> Sample:
    inside = zipped(compressed=True, extrinsic=walk.c2w.astype("<f4"), depth=np.zeros((4, 4)))
    return Sample("sekai", "clip.npz", {"clip.npz": inside}, FPS_20, atol=1e-6)


@sample
def sekai_as_its_name_says(walk: Walk) -> Sample:
    inside = zipped(extrinsic=walk.w2c)
    return Sample("sekai", "clip.npz", {"clip.npz": inside}, (*FPS_20, "--convention", "w2c"))


@sample
def sekai_bare(walk: Walk) -> Sample:
    return Sample("sekai", "clip.npz", {"clip.npz": saved(walk.c2w)}, FPS_20)


@sample
def sekai_saved_without_a_name(walk: Walk) -> Sample:
    return Sample("sekai", "clip.npz", {"clip.npz": zipped(arr_0=walk.c2w)}, FPS_20)


@sample
def spatialvid_folder(walk: Walk) -> Sample:
    """With the frames that have poses: every fifth one, of a clip of 100 frames a second."""
    array = np.column_stack([walk.w2c[:, :3, 3], walk.back_turns])
    indexes = text(*(f"{n} {5 * n}" for n in range(len(array))))
    files = {"clip/poses.npy": saved(array), "clip/indexes.txt": indexes}
    return Sample("spatialvid", "clip", files, FPS_20)


@sample
def vipe(walk: Walk) -> Sample:
    """Poses, their frames and the lens, as ViPE lays them out."""
    count = np.arange(len(walk.times))
    lenses = np.tile(np.array([600, 601, 416, 240], "<f4"), (len(count), 1))
    files = {
        "pose/clip.npz": zipped(data=walk.c2w.astype("<f4"), inds=count),
        "intrinsics/clip.npz": zipped(data=lenses, inds=count),
    }
    return Sample("vipe", "pose/clip.npz", files, atol=1e-6)


@sample
def megasam(walk: Walk) -> Sample:
    intrinsic = np.array([[600.0, 0, 416], [0, 600, 240], [0, 0, 1]])
    pictures = np.zeros((len(walk.times), 2, 2, 3), np.uint8)
    inside = zipped(compressed=True, images=pictures, intrinsic=intrinsic, cam_c2w=walk.c2w)
    return Sample("megasam", "clip_sgd_cvd_hr.npz", {"clip_sgd_cvd_hr.npz": inside})


@sample
def matrixgame(walk: Walk) -> Sample:
    lenses = np.tile([600.0, 601, 640, 352], (len(walk.times), 1))
    inside = zipped(extrinsics_c2w=walk.c2w, intrinsics=lenses)
    return Sample("matrixgame", "camera.npz", {"camera.npz": inside})


@sample
def lingbot(walk: Walk) -> Sample:
    lenses = np.tile([600.0, 601, 416, 240], (len(walk.times), 1))
    files = {"03/poses.npy": saved(walk.c2w), "03/intrinsics.npy": saved(lenses)}
    return Sample("lingbot", "03", files, FPS_20)


@sample
def lingbot_poses_alone(walk: Walk) -> Sample:
    lenses = np.tile([600.0, 601, 416, 240], (len(walk.times), 1))
    files = {"poses.npy": saved(walk.c2w), "intrinsics.npy": saved(lenses)}
    return Sample("lingbot", "poses.npy", files, FPS_20)


@sample
def npy(walk: Walk) -> Sample:
    return Sample("npy", "a.npy", {"a.npy": saved(walk.c2w)})


@sample
def npy_of_three_rows_by_columns(walk: Walk) -> Sample:
    return Sample("npy", "a.npy", {"a.npy": saved(np.asfortranarray(walk.c2w[:, :3].astype(">f8")))})


@sample
def npy_in_rows_of_sixteen(walk: Walk) -> Sample:
    return Sample("npy", "a.npy", {"a.npy": saved(walk.c2w.reshape(-1, 16).astype("<f4"))}, atol=1e-6)


@sample
def npy_of_opengl_extrinsics(walk: Walk) -> Sample:
    array = np.linalg.inv(walk.c2w @ FLIP)
    return Sample("npy", "a.npy", {"a.npy": saved(array)}, ("--convention", "w2c", "--axes", "opengl"))


@sample
def npy_of_unreal(walk: Walk) -> Sample:
    array = UNREAL @ walk.c2w @ UNREAL.T
    array[:, :3, 3] *= 100
    return Sample("npy", "a.npy", {"a.npy": saved(array)}, ("--axes", "unreal", "--scale", "0.01"))


# ---------------------------------------------------------------------- nuScenes


def token(*parts: object) -> str:
    return "-".join(map(str, parts))


def _records(walk: Walk, mount_q: Array, mount: Array, name: str = "ego") -> list[dict[str, Any]]:
    """Of the car that carries the camera; not in the order of time, as tables of a data base are not."""
    car = walk.c2w @ np.linalg.inv(mount)
    records = []
    for n in sorted(range(len(car)), key=lambda each: (each * 5) % 7):
        x, y, z, w = times_quaternion(walk.turns[n], mount_q * np.array([-1.0, -1, -1, 1]))
        record = {"token": token(name, n), "timestamp": 1532402927647951 + round(walk.times[n] * 1e6)}
        records.append({**record, "rotation": [w, x, y, z], "translation": nested(car[n][:3, 3])})
    return records


@sample
def nuscenes(walk: Walk) -> Sample:
    return Sample("nuscenes", "ego_pose.json", {"ego_pose.json": dump(_records(walk, CAR_Q, CAR))})


MOUNT_Q = times_quaternion(about(2, 0.1)[1], times_quaternion(about(1, 0.05)[1], CAR_Q))
MOUNT = np.eye(4)
MOUNT[:3, :3] = about(2, 0.1)[0] @ about(1, 0.05)[0] @ CAR[:3, :3]
MOUNT[:3, 3] = [1.7, 0.015, 1.51]


def _calibrated(name: str, mount_q: Array, intrinsic: Any) -> dict[str, Any]:
    x, y, z, w = mount_q
    return {
        "token": name,
        "sensor_token": f"sensor {name}",
        "rotation": [w, x, y, z],
        "translation": [1.7, 0.015, 1.51],
        "camera_intrinsic": intrinsic,
    }


INTRINSIC = [[1266.4, 0, 816.3], [0, 1266.4, 491.5], [0, 0, 1]]


@sample
def nuscenes_with_a_camera(walk: Walk) -> Sample:
    """The lidar has no intrinsics, and the camera to the back does not look ahead."""
    back = times_quaternion(about(2, np.pi)[1], MOUNT_Q)
    table = [
        _calibrated("lidar", MOUNT_Q, []),
        _calibrated("back", back, INTRINSIC),
        _calibrated("front", MOUNT_Q, INTRINSIC),
    ]
    files = {"ego_pose.json": dump(_records(walk, MOUNT_Q, MOUNT)), "calibrated_sensor.json": dump(table)}
    return Sample("nuscenes", "ego_pose.json", files)


@sample
def nuscenes_of_the_data_set(walk: Walk) -> Sample:
    """Poses of the car for every sensor; sample_data says which of them a picture of the front camera was taken at."""
    back = times_quaternion(about(2, np.pi)[1], MOUNT_Q)
    table = [_calibrated("back", back, INTRINSIC), _calibrated("front", MOUNT_Q, INTRINSIC)]
    sensors = [
        {"token": "sensor front", "channel": "CAM_FRONT", "modality": "camera"},
        {"token": "sensor back", "channel": "CAM_BACK", "modality": "camera"},
    ]
    shifted = replace(walk, times=walk.times + 0.01)
    records = [*_records(walk, MOUNT_Q, MOUNT), *_records(shifted, MOUNT_Q, MOUNT, "other")]
    pictures = [
        {"token": f"p{n}", "ego_pose_token": token(name, n), "calibrated_sensor_token": sensor}
        for name, sensor in (("ego", "front"), ("other", "back"))
        for n in range(len(walk.times))
    ]
    files = {
        "ego_pose.json": dump(records),
        "calibrated_sensor.json": dump(table),
        "sensor.json": dump(sensors),
        "sample_data.json": dump(pictures),
    }
    return Sample("nuscenes", "ego_pose.json", files)


@sample
def nuscenes_of_the_car_itself(walk: Walk) -> Sample:
    files = {
        "ego_pose.json": dump(_records(walk, CAR_Q, CAR)),
        "calibrated_sensor.json": dump([_calibrated("front", MOUNT_Q, INTRINSIC)]),
    }
    return Sample("nuscenes", "ego_pose.json", files, ("--camera", "ego"))
